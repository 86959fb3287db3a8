"""Whether Apple Wallet would take the cards of a design or of a program, asked before anybody holds one.

What it would not take is refused here, as when a pass is signed: a phone would say nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy.orm import Session

from issuer import certificates
from issuer.brands import Worn, worn_now
from issuer.cards import CardView
from issuer.certificates import CertificateMissing
from issuer.issuing import Look, dressed, look_from
from issuer.program_changes import Plan
from issuer.programs import program_views
from issuer.refusals import Refusal
from issuer.sample import every_stage, plan_of
from issuer.schema import Brand, Merchant
from passes.apple import apple_content, brand_pictures, own_picture
from passes.face import FaceRefused, Issue, Sort, StampLook, Stamps
from passes.lint.keys import Certified
from passes.lint.whole import refuse_content_faults, refuse_file_faults

NOBODY = Certified("pass.com.example.card", "AAAAAAAAAA")
"""Who signs as long as there is no certificate."""

MOST_PROGRAMS = 1000
_SERVER = "https://example.com"
_SERIAL, _TOKEN = "0" * 26, "0" * 32
_A_GRID = Stamps(2, 1)


@dataclass(frozen=True)
class _Cast:
    """Whose cards are rehearsed, in which look, and who would sign them."""

    merchant: Merchant
    look: Look
    certified: Certified


def refuse_design(session: Session, brand: Brand, worn: Worn) -> Refusal | None:
    """Against a version or a draft in which a phone would refuse cards of a program that wears the brand."""
    views = [view for view in program_views(session, limit=MOST_PROGRAMS) if view.program.brand_id == brand.id]
    return _refuse(_cast(session, brand.merchant_id, worn), map(plan_of, views))


def refuse_program(session: Session, brand: Brand, plan: Plan) -> Refusal | None:
    """Against a program whose cards a phone would refuse, as the brand looks now."""
    return _refuse(_cast(session, brand.merchant_id, worn_now(session, brand)), [plan])


def _cast(session: Session, merchant_id: UUID, worn: Worn) -> _Cast:
    merchant = session.get_one(Merchant, merchant_id)
    return _Cast(merchant, look_from(session, worn), _certified(session, merchant_id))


def _certified(session: Session, merchant_id: UUID) -> Certified:
    try:
        found = certificates.newest(session, certificates.pass_type_for(session, merchant_id))
    except CertificateMissing:
        return NOBODY
    return Certified(found.pass_type, found.team_id)


def _refuse(cast: _Cast, plans: Iterable[Plan]) -> Refusal | None:
    for plan in plans:
        for shown in every_stage(cast.merchant, plan):
            try:
                _rehearse(cast, shown)
            except FaceRefused as refused:
                return Refusal("no_pass_of_it", {"program": plan.names[shown.language], "why": str(refused)})
    return None


def _rehearse(cast: _Cast, shown: CardView) -> None:
    """:raises FaceRefused: where Wallet would say nothing"""
    face, certified = dressed(shown, cast.merchant, cast.look, _SERVER), cast.certified
    issue = Issue(certified.pass_type, certified.team_id, _SERIAL, _TOKEN, f"{_SERVER}/apple")
    refuse_content_faults(apple_content(face, issue), certified)
    _rehearse_pictures(face.icon, face.logo, face.look, face.stamps is not None, face.sort)


@lru_cache(maxsize=64)
def _rehearse_pictures(icon: bytes, logo: bytes, look: StampLook, stamped: bool, sort: Sort) -> None:
    """In the smallest scale: other scales and counts show the same picture larger, or more often."""
    own = own_picture(look, _A_GRID if stamped else None, 1, sort)
    refuse_file_faults({**brand_pictures(icon, logo), "strip.png": own})
