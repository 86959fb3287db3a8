"""From rows to a face: what the card shows, in the customer's language."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.amounts import end_said
from issuer.brands import Worn, worn_by
from issuer.cards import CardView
from issuer.design import Design
from issuer.ends import told_ends
from issuer.language import translator
from issuer.offer_lines import beside, front_offer, offer_lines, with_places
from issuer.offer_places import places_of
from issuer.rules.wording import Wording
from issuer.schema import Card, Image, Merchant, Pass
from issuer.sorts import balance_of, ends_at, is_used_up, large_lines, sort_of
from issuer.telling import Fact, Telling, tell
from passes.extras import NO_EXTRAS, Place
from passes.face import Detector, Face, Line, StampLook, Stamps
from passes.fitting import Front, fitted_primary, fitted_row, shortened
from passes.typed import Moment

CONTACT = ("shop", "address", "phone", "mail", "website")
"""Lines of the back that name the shop."""

TO_TAP: Mapping[str, tuple[Detector, ...]] = {
    "shop": (),
    "address": ("Address",),
    "phone": ("PhoneNumber",),
    "mail": ("Link",),
    "website": ("Link",),
}
"""What a phone is to look for in them. Elsewhere it would call a card number, and put a promise into the calendar."""

LONGEST_HEADER = 16
"""Signs of a thing's name that stand beside the shop's; a wallet would cut the shop's name for more."""

MOST_FACTS = 3
"""Beside the status, so that the row below the strip has its four."""


@dataclass(frozen=True)
class Look:
    """A brand version, or the draft of one, with its pictures."""

    design: Design
    icon: bytes
    logo: bytes
    stamp: bytes


def current_pass(session: Session, card: Card) -> Pass:
    """The live one; that of a card which has ended was its last."""
    found = select(Pass).where(Pass.card_id == card.id, Pass.voucher_id.is_(None))
    return session.scalars(found.order_by(Pass.revoked_at.is_not(None), Pass.created_at.desc()).limit(1)).one()


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
        primary=(),
        extras=NO_EXTRAS,
    )


def hushed(face: Face) -> Face:
    """The same, with no line that a phone would show a note of when it changes."""
    header, primary, secondary, auxiliary, back = (
        tuple(replace(line, change_message=None) for line in lines)
        for lines in (face.header, face.primary, face.secondary, face.auxiliary, face.back)
    )
    return replace(face, header=header, primary=primary, secondary=secondary, auxiliary=auxiliary, back=back)


def face_of(
    session: Session, shown: CardView, merchant: Merchant, look: Look, public_url: str, *, offers: bool = True
) -> Face:
    """What one version of a card shows: a function of rows alone.

    :param offers: False where they stand elsewhere than in its lines, with the vouchers that they brought
    """
    places = places_of(session, shown) if offers else ()
    return dressed(shown, merchant, look, public_url, told_ends(session, shown), places, offers)


def dressed(
    shown: CardView,
    merchant: Merchant,
    look: Look,
    public_url: str,
    ends: Sequence[str] = (),
    places: Sequence[Place] = (),
    offers: bool = True,
) -> Face:
    """The face of a card, or of a sample of one, in a look; ``offers`` as in `face_of`.

    :param ends: sentences about what lasts how long
    :param places: of offers near shops
    """
    told = tell(shown) if offers else replace(tell(shown), offers=(), news=None)
    design, sort = look.design, sort_of(shown)
    (status, *others), news = _front(told, shown.language)
    return Face(
        language=shown.language,
        organization=merchant.name,
        description=design.texts[shown.language],
        logo_text=merchant.name if design.show_name else "",
        colours=design.colours,
        header=(_header(shown, told),),
        secondary=(status,),
        auxiliary=tuple(others),
        back=(*news, *_lasting(ends, shown.language), *_back(shown, merchant, design, public_url)),
        icon=look.icon,
        logo=look.logo,
        look=StampLook(design.colours, look.stamp, design.shape),
        stamps=Stamps(shown.needed, shown.shown) if shown.needed else None,
        code=shown.code,
        short_code=shown.short_code,
        voided=is_used_up(shown),
        expires_at=ends_at(shown),
        sort=sort,
        # As much of it as fits: other lines say it in full.
        primary=tuple(fitted_primary(line, sort) for line in large_lines(shown)),
        extras=with_places(design.wallet, places),
    )


def whole_front(shown: CardView, merchant: Merchant, design: Design, logo_points: float) -> Front:
    """What the front of the card would say had it all the room, to be measured by `passes.fitting.cuts`."""
    told = tell(shown)
    return Front(
        sort=sort_of(shown),
        name=merchant.name if design.show_name else "",
        logo_points=logo_points,
        header=str(_header(shown, told).value),
        large=next((str(line.value) for line in large_lines(shown)), ""),
        rows=(_row(told, shown.language),),
    )


def _header(shown: CardView, told: Telling) -> Line:
    value = shortened(told.header.value, LONGEST_HEADER)
    return Line(told.header.key, told.header.label, value, typed=balance_of(shown))


def _row(told: Telling, language: str) -> tuple[Line, ...]:
    """What stands below the strip: the status, and the facts there is room for."""
    _ = translator(language).gettext
    return (
        Line("status", _("Your card"), told.status, "%@"),
        *(_fact(fact) for fact in told.facts[:MOST_FACTS]),
    )


def _fact(fact: Fact) -> Line:
    return Line(fact.key, fact.label, fact.value, f"{fact.label}: %@")


def _front(told: Telling, language: str) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """What stands below the strip, as it fits there, and on the back what it had no room for and what else is new."""
    whole, offer = _row(told, language), front_offer(told.offers, language)
    row = tuple(_quiet_if_cut(line, full) for line, full in zip(fitted_row(whole), whole, strict=True))
    front = beside(row, offer) if offer else row
    more = (*_told_on_the_back(told, front, language), *offer_lines(told.offers, told.news, language))
    return front, (*_in_full(row, whole), *more)


def _quiet_if_cut(line: Line, full: Line) -> Line:
    """Wallet announces a value as it stands there, so one that was cut is announced by the back."""
    return line if line.value == full.value else replace(line, change_message=None)


def _in_full(row: Sequence[Line], whole: Sequence[Line]) -> Iterator[Line]:
    """What the row had to be cut for. Whether it was depends on the language, whether this stands here must not."""
    status, *others = whole
    if others:
        text = "\n".join([str(status.value), *(f"{line.label}: {line.value}" for line in others)])
        yield Line("in-full", status.label, text, "%@" if row[0].value != status.value else None)


def _told_on_the_back(told: Telling, front: Sequence[Line], language: str) -> Iterator[Line]:
    """What a card bears for a while, most urgent first; it is announced when it comes."""
    _ = translator(language).gettext
    for key, sentence in told.notices:
        yield Line(key, _("Good to know now"), sentence, "%@")
    for key, sentence in told.owed:
        yield Line(key, _("From a refund"), sentence, "%@")
    for voucher in told.vouchers:
        text = "\n".join(part for part in (voucher.sentence, voucher.code) if part)
        yield Line(voucher.key, voucher.name, text, f"{voucher.name}: %@")
    # What an offer took the place of is announced all the same.
    yield from (_fact(fact) for fact in told.facts[:MOST_FACTS] if fact.key not in {line.key for line in front})
    for fact in (*told.facts[MOST_FACTS:], *told.leftovers):
        yield Line(fact.key, fact.label, fact.value)
    if told.worth:
        yield Line("worth", _("Worth"), told.worth)
    if told.donated:
        yield Line("donated", _("Given together"), told.donated)


def _lasting(ends: Sequence[str], language: str) -> Iterator[Line]:
    """It changes with every visit, so it is not announced."""
    if ends:
        yield Line("lasting", translator(language).gettext("How long it lasts"), "\n".join(ends))


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
        Line("program", shown.program_names[shown.language], promise, detect=()),
        *([Line("promises", _("What you get besides"), "\n".join(others), detect=())] if others else []),
        *([Line("about", _("Good to know"), own_words)] if own_words else []),
        *until_lines(ends_at(shown), shown.words()),
        Line("web", _("This card on the web"), f"{public_url}/card/{shown.web_key}", link=_("Open the card")),
        Line(
            "wishes",
            _("What you hear from us"),
            f"{public_url}/card/{shown.web_key}/wishes",
            link=_("Choose what you hear"),
        ),
        Line("code", _("Card number"), shown.short_code, detect=()),
        Line("shop", _("Shop"), merchant.name, detect=TO_TAP["shop"]),
        *(
            Line(key, label, contact[key], detect=TO_TAP[key])
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


def until_lines(end: datetime | None, words: Wording) -> Iterator[Line]:
    """The last day, as a moment of it: the first one after it is another day; within a day the moment itself.

    ``end`` by the shop's clock.
    """
    if end is None:
        return
    within_a_day = end.time() != time(0)
    moment = end if within_a_day else end - timedelta(seconds=1)
    typed = Moment(moment, time="Short" if within_a_day else "None", own_zone=True)
    said = end_said(end, str(end.tzinfo), words)
    yield Line("until", translator(words.language).gettext("Valid until"), said, typed=typed, detect=())
