"""Rows and views as the contract writes them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy.orm import Session

from issuer.cards import CardView
from issuer.history import EntryView, PhoneView, entries
from issuer.ledger import Booked
from issuer.programs import ProgramView
from issuer.rules.movement import is_reward
from issuer.schema import Hold
from issuer.web.context import absolute


def card(shown: CardView) -> dict[str, Any]:
    key = shown.web_key
    return {
        "id": str(shown.id),
        "serial": shown.serial,
        "program_id": str(shown.program_id),
        "state": shown.state,
        "version": shown.version,
        "language": shown.language,
        "code": shown.code,
        "short_code": shown.short_code,
        "balances": {unit: n for unit, n in shown.balances.items() if not is_reward(unit)},
        "rewards": [{"reward_id": str(r.reward_id), "count": r.count} for r in shown.rewards],
        "links": {
            "web": absolute(url_for("public.card", key=key)),
            "apple": absolute(url_for("public.apple", key=key)),
            "google": None,
            "qr": absolute(url_for("public.qr_svg", key=key)),
        },
    }


def entry(one: EntryView) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "unit": one.unit,
        "amount": one.amount,
        "cause": one.cause,
        "reference": one.reference,
        "occurred_at": instant(one.occurred_at),
        "recorded_at": instant(one.recorded_at),
        "by": one.who or one.actor,
    }


def booked(session: Session, card_id: UUID, done: Booked) -> list[dict[str, Any]]:
    """The lines of one posting, in the order they were booked."""
    lines = entries(session, card_id, limit=len(done.entries), posting_id=done.posting.id)
    return [entry(line) for line in reversed(lines)]


def redemption(row: Hold) -> dict[str, Any]:
    return {"id": str(row.id), "state": row.state, "expires_at": instant(row.expires_at)}


def wallet(phone: PhoneView) -> dict[str, Any]:
    return {
        "wallet": "apple",
        "device": phone.device,
        "pushed_version": phone.pushed_version,
        "pushed_at": instant(phone.pushed_at),
        "fetched_version": phone.fetched_version,
        "fetched_at": instant(phone.fetched_at),
    }


def program(view: ProgramView) -> dict[str, Any]:
    return {
        "id": str(view.program.id),
        "name": view.name("de"),
        "kind": view.program.kind,
        "version": view.version.number,
        "sentence": {language: view.sentence(language) for language in ("de", "en")},
        "pause_seconds": view.program.pause_seconds,
        "rule": {"stamps_needed": view.rule.stamps_needed},
        "rewards": [{"id": str(reward.id), "name": dict(reward.names)} for reward in view.rewards],
    }


def instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
