"""From the draft to the customers: what will change, on how many phones; then how many have it. And the way back."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import abort, g, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from issuer import brands
from issuer.brands import Worn, revision_of
from issuer.database import transaction
from issuer.design import ALIGNMENT_NAMES, CHANGES, SHAPE_NAMES, Change
from issuer.design_publishing import publish_draft
from issuer.issuing import Look, look_from
from issuer.programs import program_views
from issuer.refusals import N_, Refusal
from issuer.rehearsing import MOST_PROGRAMS, refuse_design
from issuer.rollouts import reach
from issuer.sample import every_stage, plan_of
from issuer.schema import BrandVersion, Merchant, User
from issuer.web.console.drawings import kept_privately, stamped
from issuer.web.console.frame import blueprint, frame
from issuer.web.console.previews import contrast_rows, cut_warnings, logo_warnings, logo_width
from issuer.web.console.promise import promise_of
from issuer.web.context import house, now, page_language
from issuer.web.guards import console_role
from issuer.web.wording import said, when

SHOWN = {"True": N_("shown"), "False": N_("left out")}
WORDS: Mapping[str, Mapping[str, str]] = {
    "name": SHOWN,
    "sharing": SHOWN,
    "shape": SHAPE_NAMES,
    "align": ALIGNMENT_NAMES,
    "phone_formats": {"True": N_("yes"), "False": N_("no")},
}
"""What stands for a value that is no text of the merchant's."""


@blueprint.get("/design/publish")
@console_role("owner", "manager")
def review() -> Response:
    """What publishing would do, said before it is done."""
    return _review(None, 200)


@blueprint.post("/design/publish")
@console_role("owner", "manager")
def publish_design() -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        brand = brands.brand_of_merchant(session)
        done = publish_draft(session, brand, g.user_id, request.form.get("revision", 0, type=int), now())
    if isinstance(done, Refusal):
        return _review(done.sentence(page_language()), 409)
    return redirect(url_for("console.design_version", number=done.brand_version), 303)


@blueprint.get("/design/versions")
@console_role("owner", "manager")
def design_versions() -> str:
    with transaction(house().engine, g.merchant_id) as session:
        brand = brands.brand_of_merchant(session)
        found = brands.versions(session, brand)
        around = frame(session)
        rows = [_row(session, version, brand.current_version, around["merchant"].zone) for version in found]
    return render_template("console/versions.html", versions=rows, **around)


@blueprint.get("/design/versions/<int:number>")
@console_role("owner", "manager")
def design_version(number: int) -> str:
    """One version beside what customers see now; for the one they see, how many phones have it."""
    with transaction(house().engine, g.merchant_id) as session:
        brand = brands.brand_of_merchant(session)
        version = brands.version_of(session, brand, number)
        if version is None:
            abort(404)
        current = brands.worn_now(session, brand)
        around = frame(session)
        is_current = number == brand.current_version
        return render_template(
            "console/version.html",
            version=_row(session, version, brand.current_version, around["merchant"].zone),
            changes=changed(brands.changes(current, version)),
            reach=reach(session, version) if is_current else None,
            current=_row(session, current, brand.current_version, around["merchant"].zone),
            drafted=brands.draft_of(session, brand) is not None,
            **around,
        )


@blueprint.post("/design/versions/<int:number>/bring-back")
@console_role("owner", "manager")
def bring_back(number: int) -> Response:
    """An earlier version becomes the draft; publishing it is a step of its own."""
    with transaction(house().engine, g.merchant_id) as session:
        draft = brands.bring_back(session, brands.brand_of_merchant(session), number, now())
    if draft is None:
        abort(404)
    return redirect(url_for("console.review"), 303)


@blueprint.get("/design/versions/<int:number>/strip.png")
@console_role("owner", "manager")
def version_strip(number: int) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        version = brands.version_of(session, brands.brand_of_merchant(session), number)
        if version is None:
            abort(404)
        return kept_privately(_strip(session, version))


@blueprint.get("/design/draft/<int:revision>/strip.png")
@console_role("owner", "manager")
def draft_strip(revision: int) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        return kept_privately(_strip(session, brands.in_work(session, brands.brand_of_merchant(session))))


def _strip(session: Session, worn: Worn) -> bytes:
    merchant = session.get_one(Merchant, g.merchant_id)
    shown = promise_of(session, merchant).samples(merchant, page_language())["half"]
    return stamped(look_from(session, worn), shown)


def _review(error: str | None, status: int) -> Response:
    with transaction(house().engine, g.merchant_id) as session:
        brand = brands.brand_of_merchant(session)
        draft, current = brands.draft_of(session, brand), brands.worn_now(session, brand)
        around = frame(session)
        worn = draft or current
        found, look = brands.changes(current, worn), look_from(session, worn)
        refused = refuse_design(session, brand, worn) if found else None
        page = render_template(
            "console/publish.html",
            error=error or (refused.sentence(page_language()) if refused else None),
            refused=refused is not None,
            warnings=[*_cut(session, around["merchant"], look), *logo_warnings(look)] if found else [],
            changes=changed(found),
            too_faint=[row for row in contrast_rows(look.design) if not row["enough"]],
            reach=reach(session, current),
            revision=revision_of(worn),
            before_url=url_for("console.version_strip", number=current.number),
            after_url=url_for("console.draft_strip", revision=revision_of(worn)),
            **around,
        )
    return make_response(page, status)


def _cut(session: Session, merchant: Merchant, look: Look) -> list[str]:
    """What an iPhone cuts off, with the programs on whose cards it does, unless it does so on all of them."""
    plans, logo = [plan_of(view) for view in program_views(session, limit=MOST_PROGRAMS)], logo_width(look)
    found: dict[str, list[str]] = {}
    for plan in plans:
        for warning in cut_warnings(merchant, look.design, logo, every_stage(merchant, plan)):
            found.setdefault(warning, []).append(plan.names[page_language()])
    return [text if len(names) == len(plans) else f"{', '.join(names)}: {text}" for text, names in found.items()]


def changed(found: list[Change]) -> list[dict[str, Any]]:
    """Differences as people read them."""
    return [{"what": said(CHANGES[one.what]), "kind": one.what, **_told(one)} for one in found]


def _told(one: Change) -> dict[str, str]:
    words = WORDS.get(one.what, {})
    return {"before": _worded(words, one.before), "after": _worded(words, one.after)}


def _worded(words: Mapping[str, str], value: str) -> str:
    return said(words[value]) if value in words else value


def _row(session: Session, version: BrandVersion, current: int, zone: str) -> dict[str, Any]:
    return {
        "number": version.number,
        "when": when(version.created_at, zone),
        "by": _name(session, version.published_by),
        "current": version.number == current,
        "url": url_for("console.design_version", number=version.number),
        "strip_url": url_for("console.version_strip", number=version.number),
        "bring_back_url": url_for("console.bring_back", number=version.number),
    }


def _name(session: Session, user_id: UUID | None) -> str | None:
    user = session.get(User, user_id) if user_id else None
    return user.email if user else None
