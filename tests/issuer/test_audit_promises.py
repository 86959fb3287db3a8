"""The audit also asks after what was promised: debts, refunds, vouchers, tiers, ends."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from issuer import vouchers
from issuer.audit import first_breach
from issuer.database import transaction
from issuer.ledger import post
from issuer.publishing import AT_THE_TILL, publish
from issuer.rules.movement import Movement
from issuer.rules.vouchers import Worth
from issuer.schema import Account, Card
from tests.conftest import plain
from tests.issuer.counting import Till, booked, locked
from tests.issuer.elapsing import NOON, at, look, look_at_tier

POINTS = {"kind": "points", "prices": [{"reward_id": "R", "price": 100}]}
TIERS = {
    "kind": "tiers",
    "tiers": [{"key": "gold", "names": {"de": "Gold", "en": "Gold"}, "threshold": 10_000}],
}
ENDS = {"kind": "expiry", "what": "points", "months": 12}
CARD = "Card [0-9a-f-]{36}"


@pytest.fixture
def now() -> Any:
    return NOON


@pytest.fixture
def busy(own_till: Till) -> Till:
    """A shop through two years, with tiers and points that end; one of its cards is still in full use."""
    own_till.set_rules(POINTS, TIERS, ENDS)
    cards = [own_till.join() for _ in range(3)]
    for card_id in cards:
        own_till.bought(card_id, 20_000, reference=str(card_id))
    booked(at(own_till, "2026-03-01 12:00").redeem(cards[0]))
    for moment in ("2027-01-05 12:00", "2027-01-30 12:00", "2027-12-05 12:00", "2028-01-01 00:00"):
        for card_id in cards:
            look(at(own_till, moment), card_id)
            look_at_tier(at(own_till, moment), card_id)
    at(own_till, "2028-02-01 12:00").bought(cards[2], 15_000, reference="new")
    return own_till


@pytest.fixture
def tamper(busy: Till, database_url: str) -> Iterator[Any]:
    """A superuser for whom no trigger fires."""
    with psycopg.connect(plain(database_url), autocommit=True) as mighty:
        mighty.execute("SET session_replication_role = replica")
        yield mighty.execute


def breach(till: Till) -> str:
    with transaction(till.engine) as session:
        return first_breach(session) or ""


def test_a_shop_whose_points_and_tiers_ended_holds(busy: Till) -> None:
    assert breach(busy) == ""


def test_points_whose_end_nobody_looks_after_are_a_breach(busy: Till, tamper: Any) -> None:
    tamper("DELETE FROM due WHERE what = 'expiry'")
    assert re.fullmatch(f"{CARD} has points that end, but nothing looks after their end.", breach(busy))


def test_points_that_were_earned_without_a_rule_need_no_look(busy: Till, tamper: Any) -> None:
    later = at(busy, "2028-03-01 12:00")
    later.change_rules(POINTS, TIERS)
    card_id = later.join()
    at(busy, "2028-03-02 12:00").bought(card_id, 500)
    assert breach(busy) == ""


def test_a_tier_whose_end_nobody_looks_after_is_a_breach(busy: Till, tamper: Any) -> None:
    tamper("DELETE FROM due WHERE what = 'tier'")
    assert re.fullmatch(f"{CARD} has tier gold, but nothing looks after its end.", breach(busy))


@pytest.mark.parametrize(
    "change",
    ["UPDATE card SET tier_until = NULL WHERE tier IS NOT NULL", "UPDATE card SET tier = NULL WHERE tier IS NOT NULL"],
)
def test_a_tier_without_an_end_and_an_end_without_a_tier_are_breaches(busy: Till, tamper: Any, change: str) -> None:
    tamper(change)
    assert re.fullmatch(f"{CARD} has tier (gold|none) until .*", breach(busy))


def test_a_debt_beside_what_could_pay_it_is_a_breach(busy: Till) -> None:
    with busy.work() as session:
        owner = select(Account.card_id).where(Account.unit == "points", Account.balance > 0)
        card = locked(session, session.scalars(owner).one())
        post(session, card, [Movement("owed:points", 5, "issued", "refund")], busy.visit().deed("refund"))
        publish(session, [card], "refund", AT_THE_TILL, busy.now)
    assert re.fullmatch(rf"{CARD} owes 5 points, but has \d+\.", breach(busy))


def test_a_debt_beside_what_a_till_had_set_aside_is_none(busy: Till) -> None:
    with busy.work() as session:
        owner = select(Account.card_id).where(Account.unit == "points", Account.balance > 0)
        card_id = session.scalars(owner).one()
    at(busy, "2028-02-02 12:00").cancel(at(busy, "2028-02-02 12:00").held(card_id))
    with busy.work() as session:
        card = locked(session, card_id)
        post(session, card, [Movement("owed:points", 5, "issued", "refund")], busy.visit().deed("refund"))
        publish(session, [card], "refund", AT_THE_TILL, busy.now)
    assert breach(busy) == ""


def test_a_refund_of_more_than_was_bought_is_a_breach(busy: Till, tamper: Any) -> None:
    tamper(
        "INSERT INTO refund (id, merchant_id, purchase_id, total, recorded_at)"
        " SELECT gen_random_uuid(), merchant_id, id, 10000, now() FROM purchase, generate_series(1, 2)"
        " WHERE reference = 'new'"
    )
    pattern = "Purchase [0-9a-f-]{36} was of 15000, but 20000 were refunded."
    assert re.fullmatch(pattern, breach(busy))


def test_a_voucher_with_more_uses_than_it_was_given_is_a_breach(busy: Till, tamper: Any) -> None:
    with busy.work() as session:
        card = locked(session, session.scalars(select(Card.id).limit(1)).one())
        wanted = vouchers.Wanted({"de": "x", "en": "x"}, Worth(cents=500), uses=2)
        vouchers.issue(session, card, wanted, busy.visit(), "console")
    assert breach(busy) == ""
    tamper("UPDATE voucher SET uses = 1")
    assert re.fullmatch("Voucher [0-9a-f-]{36} has 2 uses left of 1.", breach(busy))
