"""From rows to the bodies of Google's classes and objects: what stands there now, in every language.

A class is made from a sample card of the program, never from a customer's, so that all of its cards make the same.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from issuer.brands import worn_by
from issuer.cards import CardView, view
from issuer.drawings import hero_of, hero_url
from issuer.issuing import dressed, face_of, look_from
from issuer.language import LANGUAGES, translator
from issuer.offer_places import places_of
from issuer.offers.shown import standing
from issuer.programs import program_view
from issuer.refusals import N_
from issuer.registrations import card_of
from issuer.sample import plan_of, staged
from issuer.schema import BrandVersion, GoogleObject, Merchant, Pass, Voucher
from issuer.telling import tell
from issuer.voucher_passes import as_voucher
from passes.face import Face
from passes.google import loyalty_class, loyalty_object
from passes.google_face import (
    Ended,
    GoogleCard,
    GoogleOffers,
    GoogleProgram,
    GoogleVoucher,
    Link,
    Message,
    Texts,
    Waiting,
)
from passes.google_offers import offer_class, offer_object
from passes.google_parts import Body, Faces
from passes.google_patches import blanked

LOYALTY, OFFER = "loyalty", "offer"
CLASSES: Mapping[str, str] = {LOYALTY: "LoyaltyClass", OFFER: "OfferClass"}
OBJECTS: Mapping[str, str] = {LOYALTY: "LoyaltyObject", OFFER: "OfferObject"}
"""Google's names, by kind; `passes.google_patches.patch_of` asks for them."""

MOST_TO_SHOW = "full"
"""The stage of a sample that fills most places: what a card lacks, Google leaves free."""
LABELS = {
    "web": N_("Open the card"),
    "wishes": N_("Choose what you hear"),
    "phone": N_("Phone"),
    "mail": N_("Mail"),
    "website": N_("Website"),
}
_NOWHERE = "https://example.com/picture.png"
_DIALLED = re.compile(r"[^+0-9]")
_LEADS = re.compile(r"https?://[!-~]+|tel:[+0-9]{3,}|mailto:[!-~]+@[!-~]+")


@dataclass(frozen=True)
class Terms:
    """Whose passes they are and what Google may be told. ``public_url``: without a slash at the end.

    ``places``: Google takes places from this issuer.
    """

    issuer_id: str
    public_url: str
    places: bool = False


def object_id(issuer_id: str, serial: str) -> str:
    return f"{issuer_id}.{serial}"


def class_id(issuer_id: str, program_id: UUID, kind: str) -> str:
    return f"{issuer_id}.{program_id}" + ("-voucher" if kind == OFFER else "")


def kind_of(issue: Pass) -> str:
    return LOYALTY if issue.voucher_id is None else OFFER


def digest_of(body: Body) -> bytes:
    """The same for the same body."""
    return sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).digest()


def class_of(session: Session, program_id: UUID, kind: str, terms: Terms) -> Body:
    """The class of a program's cards, or of its vouchers, whole. The transaction is the merchant's.

    :raises LookupError: the merchant has no such program
    :raises passes.face.FaceRefused: for what Google would refuse
    """
    program = program_view(session, program_id)
    if program is None:
        raise LookupError(program_id)
    merchant, worn = session.get_one(Merchant, program.program.merchant_id), worn_by(session, program_id)
    plan, look = plan_of(program), look_from(session, worn)
    first, *others = (
        dressed(staged(merchant, plan, MOST_TO_SHOW, language), merchant, look, terms.public_url)
        for language in LANGUAGES
    )
    shared: dict[str, Any] = {
        "class_id": class_id(terms.issuer_id, program_id, kind),
        "logo_url": f"{terms.public_url}/brand/{program_id}/{worn.number}/round.png",
        "callback_url": f"{terms.public_url}/google/callback/{terms.issuer_id}",
        "places": first.extras.places,
    }
    if kind == OFFER:
        offers = GoogleOffers(name=_in_all(N_("Voucher")), **shared)
        return offer_class(first, offers, *others, places_allowed=terms.places)
    return loyalty_class(first, GoogleProgram(name=plan.names, **shared), *others, places_allowed=terms.places)


def object_of(session: Session, pass_id: UUID, terms: Terms, now: datetime, *, notify: bool = False) -> Body:
    """All that Google is to have of a pass that somebody asked for there; of a revoked one only that it is over.

    The transaction is the merchant's from now on. Commit before the body is sent: until then its picture is not to be
    had.

    :param notify: the phone is to show a note of this update
    :raises passes.face.FaceRefused: for what Google would refuse
    """
    issue, asked = session.get_one(Pass, pass_id), session.get_one(GoogleObject, pass_id)
    kind = kind_of(issue)
    ids = (object_id(terms.issuer_id, issue.serial), class_id(terms.issuer_id, asked.program_id, kind))
    if issue.revoked_at is not None:
        return blanked(OBJECTS[kind], *ids, places_allowed=terms.places)
    card = card_of(session, issue)
    shown, worn = view(session, card), worn_by(session, card.program_id)
    merchant = session.get_one(Merchant, card.merchant_id)
    first, *others = _faces(session, issue, shown, merchant, worn, terms)
    hero = hero_url(terms.public_url, str(card.program_id), worn.number, hero_of(session, worn, first, now))
    links, options = _links(shown, merchant, terms.public_url), {"notify": notify, "places_allowed": terms.places}
    if kind == OFFER:
        voucher = GoogleVoucher(*ids, hero, links, **_span(session, issue, shown))
        return offer_object(first, voucher, *others, **options)
    card_body = replace(_card(shown, ids, hero, links), **_of_offers(session, shown, terms))
    return loyalty_object(first, card_body, *others, **options)


def sample_bodies(faces: Faces, shown: CardView, names: Texts) -> tuple[Body, Body]:
    """Class and object of a card of nobody's, to look at. Its pictures are nowhere to be had.

    :param names: of the program
    """
    first, *others = faces
    program = GoogleProgram(class_id="1.class", name=names, logo_url=_NOWHERE)
    card = _card(shown, ("1.object", program.class_id), _NOWHERE, ())
    return loyalty_class(first, program, *others), loyalty_object(first, card, *others)


def _faces(
    session: Session, issue: Pass, shown: CardView, merchant: Merchant, worn: BrandVersion, terms: Terms
) -> Iterator[Face]:
    """The card's own language first: a phone that speaks none of them shows it in that."""
    look = look_from(session, worn)
    for language in (shown.language, *(one for one in LANGUAGES if one != shown.language)):
        spoken = replace(shown, language=language)
        # What stands in lines of an Apple pass are messages here: the rows of the front are the class's.
        face = face_of(session, spoken, merchant, look, terms.public_url, offers=False)
        yield as_voucher(session, issue, spoken, face) if issue.voucher_id else face


def _card(shown: CardView, ids: tuple[str, str], hero: str, links: tuple[Link, ...]) -> GoogleCard:
    waiting = Waiting(sum(reward.count for reward in shown.rewards), _in_all(N_("Rewards")))
    return GoogleCard(*ids, hero, links, ended=Ended.USED, waiting=waiting)


def _of_offers(session: Session, shown: CardView, terms: Terms) -> dict[str, Any]:
    """The card's offers among its details, and the shops that Google shows the card near, if it does that for us."""
    places = places_of(session, shown) if terms.places else ()
    return {"messages": tuple(_messages(shown)), "places": places}


def _messages(shown: CardView) -> Iterator[Message]:
    told = {language: tell(shown, language).offers for language in LANGUAGES}
    for number, one in enumerate(standing(shown.offers)):
        said = {language: offers[number] for language, offers in told.items()}
        body = {language: "\n".join((offer.text, *offer.lines)) for language, offer in said.items()}
        yield Message(said[shown.language].key, one.shown_at, _in_all(N_("Offer")), body, one.ends_at)


def _span(session: Session, issue: Pass, shown: CardView) -> dict[str, Any]:
    """From when on a voucher counts, if that is later than it was given, and why it is over if it is."""
    row = session.get_one(Voucher, issue.voucher_id)
    held = next((one for one in shown.vouchers if one.id == row.id and one.starts_later), None)
    start = held.valid_from.astimezone(ZoneInfo(shown.zone)) if held else None
    return {"starts_at": start, "ended": Ended.USED if row.revoked_at is None else Ended.REVOKED}


def _links(shown: CardView, merchant: Merchant, public_url: str) -> tuple[Link, ...]:
    """Where to tap: the card's page, and the shop, as far as what the merchant wrote leads anywhere."""
    contact = {key: str(said).strip() for key, said in merchant.contact.items() if said}
    found = {
        "web": f"{public_url}/card/{shown.web_key}",
        "wishes": f"{public_url}/card/{shown.web_key}/wishes",
        "phone": f"tel:{_DIALLED.sub('', contact.get('phone', ''))}",
        "mail": f"mailto:{contact.get('mail', '')}",
        "website": contact.get("website", ""),
    }
    return tuple(Link(key, uri, _in_all(LABELS[key])) for key, uri in found.items() if _LEADS.fullmatch(uri))


def _in_all(msgid: str) -> Texts:
    return {language: translator(language).gettext(msgid) for language in LANGUAGES}
