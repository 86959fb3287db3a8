"""From rows to a finished pass: what the card shows, in the customer's language, sealed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import certificates
from issuer.brands import Worn, worn_by
from issuer.cards import CardView, RewardCount, view
from issuer.design import Design
from issuer.keys import Keys
from issuer.language import translator
from issuer.registrations import last_modified, pass_token
from issuer.schema import Card, Certificate, Image, Merchant, Pass
from passes.apple import apple_files
from passes.face import Face, Issue, Line, StampLook, Stamps
from signing.certificates import PassCertificate
from signing.pkpass import seal_pass


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
    return (
        session.scalars(
            select(Pass).where(Pass.card_id == card.id, Pass.revoked_at.is_(None)).order_by(Pass.created_at.desc())
        ).first()
        or session.scalars(select(Pass).where(Pass.card_id == card.id)).one()
    )


def seal_for(session: Session, keys: Keys, issue: Pass, card: Card, public_url: str) -> SealedPass:
    """The Apple pass of a card as it is now.

    :param public_url: without a slash at the end
    :raises issuer.certificates.CertificateMissing: nothing to sign with
    """
    if issue.pass_type is None:
        issue.pass_type = certificates.pass_type_for(session, card.merchant_id)
    row = certificates.newest(session, issue.pass_type)
    face = face_of(session, card, public_url)
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
    return SealedPass(data, card.version, last_modified(issue, card.version))


def face_of(session: Session, card: Card, public_url: str) -> Face:
    """What one version of a card shows: a function of rows alone."""
    merchant = session.scalars(select(Merchant)).one()
    return dressed(view(session, card), merchant, look_of(session, card.program_id), public_url)


def dressed(shown: CardView, merchant: Merchant, look: Look, public_url: str) -> Face:
    """The face of a card, or of a sample of one, in a look."""
    design, _ = look.design, translator(shown.language).gettext
    return Face(
        language=shown.language,
        organization=merchant.name,
        description=design.texts[shown.language],
        logo_text=merchant.name if design.show_name else "",
        colours=design.colours,
        header=(Line("stamps", _("Stamps"), count_text(shown)),),
        secondary=(Line("status", _("Your card"), status_text(shown), "%@"),),
        auxiliary=(),
        back=_back(shown, merchant, design, public_url),
        icon=look.icon,
        logo=look.logo,
        look=StampLook(design.colours, look.stamp, design.shape),
        stamps=Stamps(shown.needed, shown.shown),
        code=shown.code,
        short_code=shown.short_code,
    )


def count_text(shown: CardView) -> str:
    return f"{shown.shown} / {shown.needed}"


def status_text(shown: CardView, language: str | None = None) -> str:
    """The one sentence of a card: what is theirs now, else how far it is. The card's language unless told."""
    spoken = language or shown.language
    words = translator(spoken)
    if shown.rewards:
        return words.gettext("Yours now: %(reward)s") % {"reward": rewards_text(shown, spoken)}
    left = shown.needed - shown.shown
    return stamps_left(left, shown.reward_names[spoken], spoken)


def rewards_text(shown: CardView, language: str) -> str:
    """What waits on a card: "Coffee, 2 × Cake"."""
    return ", ".join(map(_waiting(language), shown.rewards))


def stamps_left(left: int, reward: str, language: str) -> str:
    sentence = translator(language).ngettext(
        "%(num)s more stamp for: %(reward)s", "%(num)s more stamps for: %(reward)s", left
    )
    return sentence % {"num": left, "reward": reward}


def _waiting(language: str) -> Callable[[RewardCount], str]:
    def words(reward: RewardCount) -> str:
        name = reward.names[language]
        return name if reward.count == 1 else f"{reward.count} × {name}"

    return words


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
    promise = shown.rule.sentence(shown.language, shown.reward_names[shown.language])
    contact = merchant.contact
    own_words = design.back.get(shown.language, "")
    lines = [
        Line("program", shown.program_names[shown.language], promise),
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
