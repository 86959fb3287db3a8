"""From rows to a finished pass: what the card shows, in the customer's language, sealed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import certificates
from issuer.brands import Worn, worn_by
from issuer.cards import CardView, view
from issuer.design import Design
from issuer.keys import Keys
from issuer.language import translator
from issuer.registrations import last_modified, pass_token, shown_version
from issuer.schema import Card, Certificate, Image, Merchant, Pass
from issuer.telling import Telling, tell
from passes.apple import apple_files
from passes.face import Face, Issue, Line, StampLook, Stamps
from passes.fitting import fitted_row
from signing.certificates import PassCertificate
from signing.pkpass import seal_pass

CONTACT = ("shop", "address", "phone", "mail", "website")
"""Lines of the back that name the shop."""

MOST_FACTS = 3
"""Beside the status, so that the row below the strip has its four."""


@dataclass(frozen=True)
class Look:
    """A brand version, or the draft of one, with its pictures."""

    design: Design
    icon: bytes
    logo: bytes
    stamp: bytes


@dataclass(frozen=True)
class SealedPass:
    """A .pkpass, the version it shows and that version as an HTTP date."""

    data: bytes
    version: int
    modified: datetime


def current_pass(session: Session, card: Card) -> Pass:
    """The live one; that of a card which has ended was its last."""
    found = select(Pass).where(Pass.card_id == card.id)
    return session.scalars(found.order_by(Pass.revoked_at.is_not(None), Pass.created_at.desc()).limit(1)).one()


def seal_for(session: Session, keys: Keys, issue: Pass, card: Card, public_url: str) -> SealedPass:
    """The Apple pass of a card as it is now. One that was revoked says so, and nothing of what the card became.

    :param public_url: without a slash at the end
    :raises issuer.certificates.CertificateMissing: nothing to sign with
    """
    if issue.pass_type is None:
        issue.pass_type = certificates.pass_type_for(session, card.merchant_id)
    row = certificates.newest(session, issue.pass_type)
    shown = face_of(session, card, public_url)
    face = ended(shown) if issue.revoked_at else shown
    files = apple_files(
        face,
        Issue(
            pass_type=row.pass_type,
            team_id=row.team_id,
            serial=issue.serial,
            token=pass_token(issue, keys),
            web_service_url=f"{public_url}/apple",
        ),
    )
    data = seal_pass(files, _opened(_Row(row), keys))
    version = shown_version(session, issue, card)
    return SealedPass(data, version, last_modified(issue, version))


def ended(face: Face) -> Face:
    """What a revoked pass shows: whose it was, and that it is over. No code, no balance, no link to the card."""
    _ = translator(face.language).gettext
    told = _("Nothing is booked on this card any more. Its balance is on your new card: show that one.")
    return replace(
        face,
        header=(),
        secondary=(Line("status", _("Your card"), _("No longer valid"), "%@"),),
        auxiliary=(),
        back=(Line("program", _("Your card"), told), *(line for line in face.back if line.key in CONTACT)),
        stamps=None,
        code="",
        short_code="",
        voided=True,
        expires_at=None,
    )


def face_of(session: Session, card: Card, public_url: str) -> Face:
    """What one version of a card shows: a function of rows alone."""
    merchant = session.scalars(select(Merchant)).one()
    return dressed(view(session, card), merchant, look_of(session, card.program_id), public_url)


def dressed(shown: CardView, merchant: Merchant, look: Look, public_url: str) -> Face:
    """The face of a card, or of a sample of one, in a look."""
    design, told = look.design, tell(shown)
    whole = _row(told, shown.language)
    status, *others = row = fitted_row(whole)
    return Face(
        language=shown.language,
        organization=merchant.name,
        description=design.texts[shown.language],
        logo_text=merchant.name if design.show_name else "",
        colours=design.colours,
        header=(Line(told.header.key, told.header.label, told.header.value),),
        secondary=(_quiet_if_cut(status, whole[0]),),
        auxiliary=tuple(_quiet_if_cut(line, full) for line, full in zip(others, whole[1:], strict=True)),
        back=(
            *_in_full(row, whole),
            *_told_on_the_back(told, shown.language),
            *_back(shown, merchant, design, public_url),
        ),
        icon=look.icon,
        logo=look.logo,
        look=StampLook(design.colours, look.stamp, design.shape),
        stamps=Stamps(shown.needed, shown.shown) if shown.needed else None,
        code=shown.code,
        short_code=shown.short_code,
    )


def _row(told: Telling, language: str) -> tuple[Line, ...]:
    """What stands below the strip: the status, and the facts there is room for."""
    _ = translator(language).gettext
    return (
        Line("status", _("Your card"), told.status, "%@"),
        *(Line(fact.key, fact.label, fact.value, f"{fact.label}: %@") for fact in told.facts[:MOST_FACTS]),
    )


def _quiet_if_cut(line: Line, full: Line) -> Line:
    """Wallet announces a value as it stands there, so one that was cut is announced by the back."""
    return line if line.value == full.value else replace(line, change_message=None)


def _in_full(row: Sequence[Line], whole: Sequence[Line]) -> Iterator[Line]:
    """What the row had to be cut for. Whether it was depends on the language, whether this stands here must not."""
    status, *others = whole
    if others:
        text = "\n".join([str(status.value), *(f"{line.label}: {line.value}" for line in others)])
        yield Line("in-full", status.label, text, "%@" if row[0].value != status.value else None)


def _told_on_the_back(told: Telling, language: str) -> Iterator[Line]:
    """What a card bears for a while, most urgent first; it is announced when it comes."""
    _ = translator(language).gettext
    for key, sentence in told.notices:
        yield Line(key, _("Good to know now"), sentence, "%@")
    for key, sentence in told.owed:
        yield Line(key, _("From a refund"), sentence, "%@")
    for voucher in told.vouchers:
        text = "\n".join(part for part in (voucher.sentence, voucher.code) if part)
        yield Line(voucher.key, voucher.name, text, f"{voucher.name}: %@")
    for fact in (*told.facts[MOST_FACTS:], *told.leftovers):
        yield Line(fact.key, fact.label, fact.value)
    if told.worth:
        yield Line("worth", _("Worth"), told.worth)
    if told.donated:
        yield Line("donated", _("Given together"), told.donated)


def look_of(session: Session, program_id: UUID) -> Look:
    """The current version of the brand of a program."""
    return look_from(session, worn_by(session, program_id))


def look_from(session: Session, worn: Worn) -> Look:
    """A version or a draft with its pictures."""
    ids = (worn.icon_id, worn.logo_id, worn.stamp_id)
    pictures = {image.id: image.png for image in session.scalars(select(Image).where(Image.id.in_(ids)))}
    return Look(
        design=Design.read(worn.design),
        icon=pictures[worn.icon_id],
        logo=pictures[worn.logo_id],
        stamp=pictures[worn.stamp_id],
    )


def _back(shown: CardView, merchant: Merchant, design: Design, public_url: str) -> tuple[Line, ...]:
    """Apple wants contact data of whoever signed (App Review Guidelines 1.5)."""
    _ = translator(shown.language).gettext
    promise, *others = shown.rules.promises(shown.words())
    contact = merchant.contact
    own_words = design.back.get(shown.language, "")
    lines = [
        Line("program", shown.program_names[shown.language], promise),
        *([Line("promises", _("What you get besides"), "\n".join(others))] if others else []),
        *([Line("about", _("Good to know"), own_words)] if own_words else []),
        Line("web", _("This card on the web"), f"{public_url}/card/{shown.web_key}"),
        Line("code", _("Card number"), shown.short_code),
        Line("shop", _("Shop"), merchant.name),
        *(
            Line(key, label, contact[key])
            for key, label in (
                ("address", _("Address")),
                ("phone", _("Phone")),
                ("mail", _("Mail")),
                ("website", _("Website")),
            )
            if contact.get(key)
        ),
    ]
    return tuple(lines)


class _Row:
    """A certificate row that compares by id, so that opened keys can be remembered by it."""

    def __init__(self, row: Certificate) -> None:
        self.row = row

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Row) and other.row.id == self.row.id

    def __hash__(self) -> int:
        return hash(self.row.id)


@lru_cache(maxsize=64)
def _opened(row: _Row, keys: Keys) -> PassCertificate:
    """Loading an RSA key costs as much as a hundred signatures, so it is done once a process."""
    return certificates.opened(row.row, keys)
