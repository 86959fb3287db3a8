"""A card as the templates and their scripts want it: finished texts, addresses, counts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy.orm import Session

from issuer.brands import worn_by
from issuer.cards import CardView
from issuer.design import Design
from issuer.history import EntryView
from issuer.issuing import count_text, status_text
from issuer.language import translator
from issuer.programs import ProgramView
from issuer.rules.movement import STAMPS
from issuer.sample import sample_of
from issuer.schema import Merchant
from issuer.web import pictures
from issuer.web.wording import CAUSES, said, when


def front_of(shown: CardView, organization: str) -> dict[str, Any]:
    """What every front says, in the card's own language; address and look are added by whoever shows it."""
    return {
        "organization": organization,
        "header_label": translator(shown.language).gettext("Stamps"),
        "header_value": count_text(shown),
        "stamps": shown.shown,
        "needed": shown.needed,
        "status": status_text(shown),
        "rewards": [{"name": r.names[shown.language], "count": r.count} for r in shown.rewards],
    }


def card_face(session: Session, shown: CardView, merchant_name: str, slug: str) -> dict[str, Any]:
    """What `templates/card/_front.html` draws."""
    return {
        **front_of(shown, merchant_name),
        "short_code": shown.short_code,
        "qr_url": url_for("public.qr_svg", key=shown.web_key),
        "version": shown.version,
        **_worn(session, shown.program_id, slug, merchant_name),
    }


def sample_face(session: Session, program: ProgramView, merchant: Merchant, language: str) -> dict[str, Any]:
    """The card that a join page promises: empty, without a code."""
    return {
        **front_of(sample_of(merchant, program, language), merchant.name),
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


def entry_words(entry: EntryView, reward_names: dict[str, str]) -> str:
    """One line of history for people: "Stamp", "Redeemed: Coffee"."""
    cause = said(CAUSES.get(entry.cause, entry.cause))
    if entry.unit == STAMPS:
        return cause
    return f"{cause}: {reward_names.get(entry.unit, entry.unit)}"


def told_entries(entries: Sequence[EntryView], reward_names: dict[str, str], zone: str) -> list[dict[str, str | None]]:
    """The history as the customer sees it: what they got and gave, without the ledger's lines in between."""
    return [
        {"what": _counted(entry_words(entry, reward_names), abs(entry.amount)), "when": when(entry.occurred_at, zone)}
        for entry in entries
        if not _swaps_stamps(entry)
    ]


def _swaps_stamps(entry: EntryView) -> bool:
    """Whether stamps went into a reward, or came back out of one that was taken back."""
    taken_back = entry.cause == "reversal" and entry.amount > 0
    return entry.unit == STAMPS and (entry.cause == "round" or taken_back)


def _counted(words: str, number: int) -> str:
    return words if number == 1 else f"{words} × {number}"
