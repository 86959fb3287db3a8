"""Rows and views as the contract writes them."""

from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from issuer.cards import CardView
from issuer.google_history import GoogleView
from issuer.history import EntryView, PhoneView, just_booked
from issuer.language import LANGUAGES
from issuer.ledger import Booked
from issuer.offers.bounds import FOREVER
from issuer.offers.shown import ShownOffer
from issuer.programs import ProgramView
from issuer.purchases import Quote
from issuer.rules.movement import is_internal, is_offer, is_reward
from issuer.schema import Hold, Purchase, Voucher
from issuer.vouchers import shown_code
from issuer.web.context import absolute, house


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
        "balances": {unit: n for unit, n in shown.balances.items() if _told(unit)},
        "rewards": [{"reward_id": str(r.reward_id), "count": r.count} for r in shown.rewards],
        **({"offers": [offer(one) for one in shown.offers]} if shown.offers else {}),
        "links": {
            "web": absolute(url_for("public.card", key=key)),
            "apple": absolute(url_for("public.apple", key=key)),
            "google": absolute(url_for("public.google", key=key)) if house().settings.google else None,
            "qr": absolute(url_for("public.qr_svg", key=key)),
        },
    }


def _told(unit: str) -> bool:
    """Rewards, vouchers and offers are told by themselves, and the rules' own reckoning to nobody."""
    return not (is_reward(unit) or is_internal(unit) or is_offer(unit) or unit.startswith("voucher:"))


def offer(one: ShownOffer) -> dict[str, Any]:
    """As a card bears it."""
    return {
        "id": str(one.offer_id),
        "text": {language: one.content.in_(language).card for language in LANGUAGES},
        "until": instant(one.closes_at) if one.closes_at < FOREVER else None,
    }


def entry(one: EntryView) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "unit": one.unit,
        "amount": one.amount,
        "cause": one.cause,
        "reason": one.reason,
        "reference": one.reference,
        "occurred_at": instant(one.occurred_at),
        "recorded_at": instant(one.recorded_at),
        "by": one.who or one.actor,
    }


def booked(session: Session, done: Booked) -> list[dict[str, Any]]:
    """The lines of one posting, in the order they were booked."""
    return [entry(line) for line in just_booked(session, done)]


def redemption(row: Hold) -> dict[str, Any]:
    return {"id": str(row.id), "state": row.state, "expires_at": instant(row.expires_at)}


def money(cents: int, currency: str) -> dict[str, str]:
    return {"amount": f"{cents // 100}.{cents % 100:02}", "currency": currency}


def quote(found: Quote, currency: str) -> dict[str, Any]:
    amounts = {
        "total": found.total,
        "discount": found.discount,
        "voucher": found.voucher,
        "credit": found.credit,
        "to_pay": found.to_pay,
    }
    return {name: money(cents, currency) for name, cents in amounts.items()}


def purchase(row: Purchase, refunded: int) -> dict[str, Any]:
    """:param refunded: cents so far. A stamp that was given for a bill has no amounts"""
    amounts: dict[str, Any] = dict.fromkeys(("total", "discount", "credit", "to_pay", "refunded"))
    if row.total is not None and row.currency is not None:
        left = row.total - row.discount - row.credit
        known = {"total": row.total, "discount": row.discount, "credit": row.credit, "to_pay": left}
        amounts = {name: money(cents, row.currency) for name, cents in (known | {"refunded": refunded}).items()}
    return {
        "id": str(row.id),
        "card_id": str(row.card_id),
        **amounts,
        "reference": row.reference,
        "occurred_at": instant(row.occurred_at),
        "recorded_at": instant(row.recorded_at),
    }


def voucher(row: Voucher, left: int) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "card_id": str(row.card_id),
        "code": shown_code(row.code),
        "name": dict(row.names),
        "worth": {name: value for name, value in row.worth.items() if value is not None},
        "uses": row.uses,
        "left": left,
        "valid_from": instant(row.valid_from),
        "valid_until": instant(row.valid_until),
        "revoked": row.revoked_at is not None,
    }


def wallet(phone: PhoneView) -> dict[str, Any]:
    return {
        "wallet": "apple",
        "device": phone.device,
        "pushed_version": phone.pushed_version,
        "pushed_at": instant(phone.pushed_at),
        "fetched_version": phone.fetched_version,
        "fetched_at": instant(phone.fetched_at),
    }


def google_wallet(view: GoogleView) -> dict[str, Any]:
    """Google brings it to the phones, and tells neither which nor when."""
    return {
        "wallet": "google",
        "device": None,
        "pushed_version": view.pushed_version,
        "pushed_at": instant(view.pushed_at),
        "fetched_version": None,
        "fetched_at": None,
    }


def program(view: ProgramView) -> dict[str, Any]:
    main, *extras = view.rules.parts
    shown = {"kind", "reward_id"} if view.rules.kind == "stamps" else {"kind"}
    return {
        "id": str(view.program.id),
        "name": view.name("de"),
        "kind": view.program.kind,
        "version": view.version.number,
        "sentence": {language: view.sentence(language) for language in ("de", "en")},
        "sentences": {language: list(view.sentences(language)) for language in ("de", "en")},
        "pause_seconds": view.program.pause_seconds,
        "rule": main.model_dump(mode="json", exclude_defaults=True, exclude=shown),
        "rewards": [{"id": str(reward.id), "name": dict(reward.names)} for reward in view.offered],
        "extras": [{"kind": part.kind, **part.model_dump(mode="json", exclude_defaults=True)} for part in extras],
        "join": absolute(url_for("public.join_page", slug=view.program.slug)),
        "closed": view.program.closed_at is not None,
    }


def instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
