"""A design as each wallet will show it, before anybody holds it: with nothing, half and all of it on the card."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy.orm import Session

from issuer.brands import Worn, revision_of
from issuer.cards import CardView
from issuer.design import Design
from issuer.issuing import Look, dressed, look_from, whole_front
from issuer.refusals import N_
from issuer.rules.wording import Wording
from issuer.sample import SHORT_CODE
from issuer.sample import STAGES as STATES
from issuer.schema import Merchant
from issuer.sorts import sort_of
from issuer.web.console.google_preview import google_bodies, google_ink, google_shown, google_warnings
from issuer.web.console.promise import promise_of
from issuer.web.context import house
from issuer.web.faces import front_of
from issuer.web.pictures import disc_of
from issuer.web.wording import said
from passes.contrast import ENOUGH, contrast, pairs, repaired
from passes.face import Face, Sort
from passes.fitting import Spot, cuts, logo_points, row_is_crowded
from passes.images import read_png
from passes.palettes import visible_on

CUT_BELOW_STAMPS = N_("The sentence below the stamps is cut on an iPhone. A shorter name for the reward helps.")
CUT_LARGE = {
    Sort.VOUCHER: N_("What the voucher is worth is cut on an iPhone, where it stands large. A shorter name helps."),
    Sort.MEMBERSHIP: N_("The name of the program is cut on an iPhone, where it stands large. A shorter one helps."),
}
CUT_BELOW_BAND = N_("What stands below the picture is cut on an iPhone. Shorter names help.")
PAIRS = {"values": N_("Text on the background"), "labels": N_("Labels on the background")}
INKS = {"values": "foreground", "labels": "label"}


def preview(
    session: Session, merchant: Merchant, worn: Worn, language: str, program_id: UUID | None = None
) -> dict[str, Any]:
    """What `templates/console/preview/_all.html` draws: a card of the program, the merchant's first unless told.

    :raises issuer.editing.Gone: the merchant has no such program
    """
    look, promise = look_from(session, worn), promise_of(session, merchant, program_id)
    samples = promise.samples(merchant, language)
    faces = {state: dressed(shown, merchant, look, house().settings.public_url) for state, shown in samples.items()}
    bodies = {state: google_bodies(faces[state], samples[state], promise) for state in STATES}
    files = file_urls(revision_of(worn))
    return {
        "colours": look.design.colours,
        "disc": disc_of(look),
        "shape": look.design.shape,
        "language": language,
        "faces": [
            _shown(faces[state], samples[state], look, files)
            | _strips(state, revision_of(worn), program_id)
            | {"google": google_shown(bodies[state], faces[state], language)}
            for state in STATES
        ],
        "back": faces["half"].back,
        "pairs": contrast_rows(look.design),
        "google_ink": google_ink(look.design.colours.background),
        "warnings": [*front_warnings(merchant, look, samples.values()), *google_warnings(bodies["half"], language)],
        "organization": merchant.name,
        "program_name": promise.plan.names[language],
        "promise": promise.plan.rules.sentence(Wording(language, promise.plan.rewards, merchant.currency)),
        "needed": promise.needed,
        "short_code": SHORT_CODE,
        **files,
    }


def file_urls(revision: int) -> dict[str, str]:
    """Addresses of the pictures of a draft."""
    names = ("logo", "stamp", "icon", "round")
    urls = {f"{name}_url": url_for("console.design_picture", revision=revision, name=f"{name}.png") for name in names}
    return {**urls, "qr_url": url_for("console.sample_qr")}


def _strips(state: str, revision: int, program_id: UUID | None) -> dict[str, str]:
    """The pictures that differ from program to program and with what is on the card."""
    of: dict[str, Any] = {"revision": revision, "program": program_id}
    names = {f"{kind}_url": f"{kind}-{state}.png" for kind in ("strip", "hero")}
    return {"state": state} | {url: url_for("console.design_picture", name=name, **of) for url, name in names.items()}


def iphone_front(face: Face) -> dict[str, Any]:
    """What `templates/console/preview/_apple.html` reads of a face, but its pictures and the name beside the logo."""
    row = face.secondary + face.auxiliary
    return {
        "sort": str(face.sort),
        "header": face.header,
        "primary": face.primary,
        "row": row,
        "crowded": row_is_crowded(row),
    }


def _shown(face: Face, shown: CardView, look: Look, files: Mapping[str, str]) -> dict[str, Any]:
    return iphone_front(face) | {
        "card": {
            **front_of(shown, face.organization),
            "logo_text": face.logo_text,
            "shape": look.design.shape,
            "logo_url": files["logo_url"],
            "stamp_url": files["stamp_url"],
        },
    }


def contrast_rows(design: Design) -> list[dict[str, Any]]:
    """Every pair of text and ground with its contrast, and the repaired colour where it falls short."""
    better = repaired(design.colours)
    return [
        {
            "name": said(PAIRS[pair.name]),
            "ink": pair.ink,
            "ground": pair.ground,
            "ratio": f"{_down(pair.ratio):.1f}",
            "enough": pair.ratio >= ENOUGH,
            "repaired": getattr(better, INKS[pair.name]),
            "repaired_ratio": f"{_down(contrast(getattr(better, INKS[pair.name]), pair.ground)):.1f}",
        }
        for pair in pairs(design.colours)
    ]


def _down(ratio: float) -> float:
    """One digit, never rounded up: 4.49 is not enough and must not look like it."""
    return int(ratio * 10) / 10


def front_warnings(merchant: Merchant, look: Look, samples: Iterable[CardView]) -> list[str]:
    """What an iPhone cuts off of these cards or cannot show, a sentence each."""
    return [*cut_warnings(merchant, look.design, logo_width(look), samples), *logo_warnings(look)]


def cut_warnings(merchant: Merchant, design: Design, logo: float, samples: Iterable[CardView]) -> list[str]:
    """What of the texts is cut off. ``logo``: as `logo_width` gives it."""
    fronts = ((shown, whole_front(shown, merchant, design, logo)) for shown in samples)
    found = dict.fromkeys(_cut_said(cut.spot, shown) for shown, front in fronts for cut in cuts(front))
    return [said(sentence) for sentence in found]


def logo_width(look: Look) -> float:
    """Points that the logo takes beside the name."""
    logo = read_png(look.logo)
    return logo_points(logo.width, logo.height)


def logo_warnings(look: Look) -> list[str]:
    if visible_on(look.logo, look.design.colours.background):
        return []
    text = N_("The logo can hardly be seen on this background. Choose another background or another logo.")
    return [said(text)]


def _cut_said(spot: Spot, shown: CardView) -> str:
    if spot is Spot.NAME:
        return N_("The name is cut beside the logo on an iPhone. If the logo says it already, leave the name out.")
    if spot is Spot.LARGE:
        return CUT_LARGE[sort_of(shown)]
    return CUT_BELOW_STAMPS if shown.needed else CUT_BELOW_BAND
