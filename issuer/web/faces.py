"""A card as the templates and their scripts want it: finished texts, addresses, counts."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from flask import url_for
from sqlalchemy.orm import Session

from issuer.amounts import OFFER, VOUCHER, money_of, unit_said
from issuer.brands import worn_by
from issuer.cards import CardView
from issuer.design import Design
from issuer.ends import told_ends
from issuer.history import EntryView, Saving
from issuer.programs import ProgramView
from issuer.rules.movement import STAMPS, is_counter, is_internal, is_offer, is_owed, is_reward, is_voucher
from issuer.rules.wording import Wording
from issuer.sample import sample_of
from issuer.schema import Merchant
from issuer.telling import tell
from issuer.web import pictures
from issuer.web.wording import CAUSES, REASONS, said, when

Line = TypeVar("Line")
SAY_STAMPS = ("stamp", "import", "round", "reversal")
"""Causes that say by themselves that stamps are meant, the card's main ones."""


def front_of(shown: CardView, organization: str) -> dict[str, Any]:
    """What every front says, in the card's own language; address and look are added by whoever shows it."""
    told = tell(shown)
    return {
        "organization": organization,
        "header_label": told.header.label,
        "header_value": told.header.value,
        "stamps": shown.shown,
        "needed": shown.needed,
        "status": told.status,
        "worth": told.worth,
        "rewards": [{"name": r.names[shown.language], "count": r.count} for r in shown.rewards],
        "facts": [asdict(fact) for fact in (*told.facts, *told.leftovers)],
        "notices": [sentence for _, sentence in (*told.notices, *told.owed)],
    }


def theirs_of(shown: CardView) -> dict[str, Any]:
    """What a customer reads below the card: offers, vouchers, what points can be spent on, every promise."""
    told = tell(shown)
    return {
        "offers": told.offers,
        "choices": told.choices,
        "vouchers": told.vouchers,
        "donated": told.donated,
        "promises": told.promises,
    }


def card_face(session: Session, shown: CardView, merchant_name: str, slug: str) -> dict[str, Any]:
    """What `templates/card/_front.html` draws."""
    return {
        **_lasting_front(session, shown, merchant_name),
        "short_code": shown.short_code,
        "qr_url": url_for("public.qr_svg", key=shown.web_key),
        "version": shown.version,
        **_worn(session, shown.program_id, slug, merchant_name),
    }


def _lasting_front(session: Session, shown: CardView, merchant_name: str) -> dict[str, Any]:
    front = front_of(shown, merchant_name)
    return front | {"lasting": told_ends(session, shown)}


def sample_face(session: Session, program: ProgramView, merchant: Merchant, language: str) -> dict[str, Any]:
    """The card that a join page promises: empty, without a code."""
    return sample_front(session, program, merchant, sample_of(merchant, program, language))


def sample_front(session: Session, program: ProgramView, merchant: Merchant, shown: CardView) -> dict[str, Any]:
    """The front of a sample of a program's cards."""
    return {
        **front_of(shown, merchant.name),
        **_worn(session, program.program.id, program.program.slug, merchant.name),
    }


def _worn(session: Session, program_id: UUID, slug: str, merchant_name: str) -> dict[str, Any]:
    """What the brand gives to a card of a program: addresses of its files, shape of the stamps, the name."""
    version = worn_by(session, program_id)
    design = Design.read(version.design)
    return {
        "logo_text": merchant_name if design.show_name else "",
        "shape": design.shape,
        **pictures.urls(slug, version.number),
    }


def entry_words(entry: EntryView, shown: CardView, words: Wording) -> str:
    """One line of history for people: "Stamped", "Redeemed: Coffee", "Purchase: Points"."""
    cause = _cause(entry)
    if is_offer(entry.unit):
        return _offer_words(entry, cause, words)
    if is_voucher(entry.unit):
        return _voucher_words(entry, cause, words)
    if entry.unit == STAMPS and entry.cause in SAY_STAMPS:
        return cause
    name = unit_said(entry.unit.removeprefix("owed:"), shown.rules, words)
    if is_owed(entry.unit):
        name = said("%(what)s, owed") % {"what": name}
    if entry.reward_id and entry.reward_id in shown.reward_names and not is_reward(entry.unit):
        name = f"{words.reward(entry.reward_id)} ({name})"
    return f"{cause}: {name}"


def _offer_words(entry: EntryView, cause: str, words: Wording) -> str:
    """ "Offer used: Coffee and croissant 3.90"."""
    what = entry.offer[words.language] if entry.offer else words.say(OFFER)
    return said("Offer used: %(what)s") % {"what": what} if entry.cause == "redemption" else f"{cause}: {what}"


def _voucher_words(entry: EntryView, cause: str, words: Wording) -> str:
    """ "Voucher received: A slice of cake", "Redeemed: A slice of cake"; what was given for a cause says that."""
    what = entry.voucher[words.language] if entry.voucher else words.say(VOUCHER)
    if entry.reason != "voucher":
        return f"{cause}: {what}"
    if entry.cause == "bonus":
        return said("Voucher received: %(what)s") % {"what": what}
    if entry.cause == "adjustment" and entry.amount > 0:
        return said("On the card again: %(what)s") % {"what": what}
    if entry.cause == "adjustment" or entry.withdrawn:
        return said("Withdrawn by the shop: %(what)s") % {"what": what}
    return f"{said(CAUSES[entry.cause])}: {what}"


def _cause(entry: EntryView) -> str:
    """ "Present for a survey"; staff's own words are not said here."""
    cause = said(CAUSES.get(entry.cause, CAUSES["adjustment"]))
    return f"{cause} {said(REASONS[entry.reason])}" if entry.reason in REASONS else cause


def entry_amount(entry: EntryView, words: Wording) -> str:
    """ "+1", "−80", "+€2.50"."""
    number = abs(entry.amount)
    sign = "+" if entry.amount > 0 else "−" if entry.amount else ""
    return sign + (words.money(number) if money_of(entry.unit) else words.number(number))


def told_entries(
    entries: Sequence[EntryView], savings: Sequence[Saving], shown: CardView, most: int
) -> list[dict[str, str | None]]:
    """The history as the customer sees it: what they got, gave and saved, without the ledger's lines in between."""
    words = shown.words()
    booked = (
        (entry.recorded_at, {"what": _told(entry, shown, words), "when": when(entry.occurred_at, shown.zone)})
        for entry in entries
        if not is_internal(entry.unit) and not entry.is_silent and not _swaps_stamps(entry)
    )
    saved = (
        (one.recorded_at, {"what": saving_words(one, words), "when": when(one.occurred_at, shown.zone)})
        for one in savings
    )
    return woven(most, booked, saved)


def woven(most: int, *lists: Iterable[tuple[datetime, Line]]) -> list[Line]:
    """The newest lines of several lists, each newest first with the instant it was recorded at."""
    return [line for _, line in islice(merge(*lists, key=lambda pair: pair[0], reverse=True), most)]


def saving_words(saving: Saving, words: Wording) -> str:
    """ "Purchase: €40.00, you saved €6.00"."""
    values = {"total": words.money(saving.total), "saved": words.money(saving.saved)}
    return said("Purchase: %(total)s, you saved %(saved)s") % values


def _told(entry: EntryView, shown: CardView, words: Wording) -> str:
    """ "Stamped × 2" of what is counted on fingers, "Purchase: +12 points" of what is not."""
    what = entry_words(entry, shown, words)
    is_thing = is_reward(entry.unit) or is_offer(entry.unit) or entry.unit.startswith("voucher:")
    if is_thing or is_counter(entry.unit):
        return what if abs(entry.amount) == 1 else f"{what} × {abs(entry.amount)}"
    return f"{what} {entry_amount(entry, words)}"


def _swaps_stamps(entry: EntryView) -> bool:
    """Whether stamps went into a reward, or came back out of one that was taken back."""
    taken_back = entry.cause == "reversal" and entry.amount > 0
    return is_counter(entry.unit) and (entry.cause == "round" or taken_back)
