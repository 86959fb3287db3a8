"""A voucher as a pass of its own, beside the card that it belongs to."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.cards import CardView, VoucherView, locked_card, view
from issuer.issuing import CONTACT, current_pass, until_lines
from issuer.joining import new_pass
from issuer.keys import Keys
from issuer.language import translator
from issuer.publishing import announce_new, ask_again
from issuer.rules.vouchers import Worth
from issuer.schema import Card, Pass, Voucher
from issuer.sorts import sort_of
from issuer.statuses import voucher_worth
from issuer.vouchers import shown_code
from passes.face import Face, Line, Sort
from passes.fitting import fitted_primary
from signing.pkpasses import MOST_PASSES

MOST = MOST_PASSES - 1
"""Beside the card, so that Wallet takes all of them at once."""


def has_some(shown: CardView) -> bool:
    """Whether a card has vouchers to hold besides. One of a program of vouchers is a voucher itself."""
    return bool(shown.vouchers) and sort_of(shown) is not Sort.VOUCHER


def passes_of(session: Session, keys: Keys, card: Card, now: datetime) -> list[Pass]:
    """The live pass of a card, then those of its vouchers, which are issued when they are first asked for."""
    # Two that ask at once get the same passes.
    locked_card(session, card.id)
    shown, found = view(session, card), [current_pass(session, card)]
    if has_some(shown) and found[0].revoked_at is None:
        found += [_pass_of(session, keys, card, voucher, now) for voucher in shown.vouchers[:MOST]]
    return found


def _pass_of(session: Session, keys: Keys, card: Card, voucher: VoucherView, now: datetime) -> Pass:
    live = select(Pass).where(Pass.voucher_id == voucher.id, Pass.revoked_at.is_(None))
    issue = session.scalar(live)
    if issue is None:
        issue = new_pass(session, keys, card, now, voucher_id=voucher.id)
        announce_new(session, card, issue, now)
        session.flush()
        # It is born at a later version than a card's: that is numbered like any other.
        ask_again(session, issue, now)
    return issue


def as_voucher(session: Session, issue: Pass, shown: CardView, face: Face) -> Face:
    """What the pass of a voucher shows, in the look of the card; one that is used up, over or revoked is voided."""
    row = session.get_one(Voucher, issue.voucher_id)
    held = next((one for one in shown.vouchers if one.id == row.id), None)
    worth, _ = voucher_worth(held or _as_given(row), shown.words()), translator(face.language).gettext
    name, code = row.names[face.language], shown_code(row.code)
    end = row.valid_until.astimezone(ZoneInfo(shown.zone)) if row.valid_until else None
    return replace(
        face,
        sort=Sort.VOUCHER,
        description=f"{_('Voucher')}: {worth}",
        header=tuple(until_lines(end, shown.words(face.language))),
        primary=(fitted_primary(Line("offer", name, worth), Sort.VOUCHER),),
        secondary=() if held else (Line("status", name, _("Used up or over"), "%@"),),
        auxiliary=(),
        back=(
            Line("voucher", name, worth, detect=()),
            *(line for line in face.back if line.key in ("web", *CONTACT)),
        ),
        stamps=None,
        code=row.code,
        short_code=code,
        voided=held is None,
        expires_at=end,
    )


def _as_given(row: Voucher) -> VoucherView:
    worth = Worth.model_validate(row.worth)
    return VoucherView(row.id, row.code, row.names, worth, row.uses, row.valid_from, row.valid_until)
