"""The audit finds nothing in a busy shop, and one clear line for each thing that can be wrong."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import update

from issuer.audit import counted, first_breach
from issuer.database import transaction
from issuer.schema import Card
from tests.conftest import plain
from tests.issuer.counting import Till, found
from tests.issuer.google import Android
from tests.issuer.phones import Phone, number


def _breach(till: Till) -> str | None:
    with transaction(till.engine) as session:
        return first_breach(session)


@pytest.fixture
def busy(own_till: Till) -> Till:
    """A shop after a long day: rounds, redemptions, holds, corrections, phones."""
    cards = [own_till.join() for _ in range(3)]
    for count, card_id in enumerate(cards, 9):
        own_till.stamped(card_id, count, reference=f"bill {count}")
        posted = own_till.stamped(card_id)
        own_till.reverse(posted.posting.id)
        Phone(own_till).register(card_id)
    redeemed = own_till.redeem(cards[1])
    own_till.reverse(redeemed.posting.id)
    own_till.cancel(own_till.held(cards[1]))
    own_till.confirm(own_till.held(cards[2]))
    own_till.redeem(cards[0])  # refused
    number(own_till)
    own_till.later(1).stamped(cards[0])
    return own_till


@pytest.fixture
def tamper(busy: Till, database_url: str) -> Iterator[Any]:
    """A superuser for whom no trigger fires."""
    with psycopg.connect(plain(database_url), autocommit=True) as mighty:
        mighty.execute("SET session_replication_role = replica")
        yield mighty.execute


def _one(tamper: Any, query: str) -> Any:
    return tamper(query).fetchone()[0]


def test_an_empty_installation_holds(engine: Any) -> None:
    with transaction(engine) as session:
        assert first_breach(session) is None
        assert counted(session) == {"merchants": 0, "cards": 0, "entries": 0}


def test_a_busy_shop_holds(busy: Till) -> None:
    assert _breach(busy) is None


def test_what_was_looked_at_is_counted(busy: Till, tamper: Any) -> None:
    with transaction(busy.engine) as session:
        looked = counted(session)
    assert looked == {"merchants": 1, "cards": 3, "entries": _one(tamper, "SELECT count(*) FROM entry")}


def test_a_unit_that_does_not_sum_to_zero_is_a_breach(busy: Till, tamper: Any) -> None:
    tamper("UPDATE entry SET amount = amount + 5 WHERE number = (SELECT min(number) FROM entry)")
    assert _breach(busy) == "The entries of unit stamps sum to 5, not to zero."


def test_a_posting_that_makes_something_out_of_nothing_is_a_breach(busy: Till, tamper: Any) -> None:
    """Two wrongs that cancel out over the unit, so that only the postings show them."""
    first, second = (row[0] for row in tamper("SELECT id FROM entry WHERE card_id IS NULL AND unit = 'stamps' LIMIT 2"))
    tamper("UPDATE entry SET amount = amount + 2 WHERE id = %s", (first,))
    tamper("UPDATE entry SET amount = amount - 2 WHERE id = %s", (second,))
    assert re.fullmatch(r"Posting [0-9a-f-]{36} creates -?2 stamps out of nothing\.", _breach(busy) or "")


def test_a_balance_that_its_entries_do_not_make_is_a_breach(busy: Till, tamper: Any) -> None:
    account = _one(tamper, "SELECT id FROM account WHERE role = 'card' LIMIT 1")
    tamper("UPDATE account SET balance = balance + 1 WHERE id = %s", (account,))
    pattern = r"Card [0-9a-f-]{36} stores \d+ (stamps|reward:[0-9a-f-]{36}), but its entries sum to \d+\."
    assert re.fullmatch(pattern, _breach(busy) or "")


def test_a_balance_below_zero_is_a_breach_even_where_its_entries_agree(busy: Till, tamper: Any) -> None:
    card_id = _one(
        tamper, "SELECT card_id FROM account WHERE role = 'card' AND unit = 'stamps' AND balance > 0 LIMIT 1"
    )
    tamper("ALTER TABLE account DROP CONSTRAINT account_balance_check")
    tamper(
        "INSERT INTO entry (id, merchant_id, posting_id, account_id, card_id, unit, amount, cause)"
        " SELECT gen_random_uuid(), e.merchant_id, posting_id, account_id, e.card_id, e.unit, sign(amount) * -100, 'x'"
        " FROM entry e WHERE posting_id = (SELECT posting_id FROM entry JOIN posting p ON p.id = posting_id"
        " WHERE entry.card_id = %s AND p.cause = 'stamp' AND entry.unit = 'stamps' AND entry.cause = 'stamp' LIMIT 1)"
        " AND e.cause = 'stamp'",
        (card_id,),
    )
    tamper("UPDATE account SET balance = balance - 100 WHERE card_id = %s AND unit = 'stamps'", (card_id,))
    assert re.fullmatch(rf"Card {card_id} is below zero: -\d+ stamps\.", _breach(busy) or "")


def test_an_entry_in_a_strangers_name_is_a_breach(busy: Till, tamper: Any) -> None:
    stranger = uuid4()
    entry = _one(tamper, "SELECT id FROM entry WHERE card_id IS NOT NULL LIMIT 1")
    tamper("UPDATE entry SET card_id = %s WHERE id = %s", (stranger, entry))
    pattern = rf"Entry {entry} names card {stranger}, its account card [0-9a-f-]{{36}}\."
    assert re.fullmatch(pattern, _breach(busy) or "")


def test_an_entry_of_another_unit_than_its_account_is_a_breach(busy: Till, tamper: Any) -> None:
    posting = _one(tamper, "SELECT id FROM posting WHERE cause = 'stamp' LIMIT 1")
    tamper("UPDATE entry SET unit = 'points' WHERE posting_id = %s AND unit = 'stamps'", (posting,))
    assert re.match(r"Entry [0-9a-f-]{36} ", _breach(busy) or "")


def test_a_posting_whose_version_the_card_never_reached_is_a_breach(busy: Till, tamper: Any) -> None:
    card_id = _one(tamper, "SELECT id FROM card LIMIT 1")
    tamper("UPDATE card SET version = 1 WHERE id = %s", (card_id,))
    pattern = rf"Posting [0-9a-f-]{{36}} made version \d+ of card {card_id}, but the card is at version 1\."
    assert re.fullmatch(pattern, _breach(busy) or "")


def test_a_version_that_no_pass_is_to_show_is_a_breach(busy: Till) -> None:
    with busy.work() as session:
        session.execute(update(Card).values(version=Card.version + 1))
    pattern = r"Card [0-9a-f-]{36} is at version \d+, but its pass [0-9a-f]{32} is to show version \d+ on apple\."
    assert re.fullmatch(pattern, _breach(busy) or "")


def test_a_pass_without_a_publication_is_a_breach(busy: Till, tamper: Any) -> None:
    tamper("DELETE FROM publication")
    assert (_breach(busy) or "").endswith("is to show version 0 on apple.")


def test_a_card_asked_for_on_google_is_to_show_its_version_there_too(busy: Till, tamper: Any) -> None:
    Android(busy).ask(busy.join())
    assert _breach(busy) is None
    for deed, shown in (("UPDATE publication SET wanted_version = 0", 0), ("DELETE FROM publication", 0)):
        tamper(f"{deed} WHERE channel = 'google'")
        assert (_breach(busy) or "").endswith(f"is to show version {shown} on google.")


def test_a_change_that_nothing_will_push_is_a_breach(busy: Till, tamper: Any) -> None:
    tamper("UPDATE publication SET due_at = NULL")
    pattern = r"Card [0-9a-f-]{36} shows version (\d+), but nothing will push it: it was last numbered at version \d+\."
    assert re.fullmatch(pattern, _breach(busy) or "")


def test_a_change_that_was_never_numbered_and_is_not_due_is_a_breach(busy: Till, tamper: Any) -> None:
    tamper("UPDATE publication SET due_at = NULL, tag = NULL, tagged_version = NULL")
    assert (_breach(busy) or "").endswith("nothing will push it: it was last numbered at version 0.")


def test_every_breach_is_one_line(busy: Till, tamper: Any) -> None:
    tamper("UPDATE entry SET amount = amount + 5 WHERE number = (SELECT min(number) FROM entry)")
    tamper("DELETE FROM publication")
    assert "\n" not in (_breach(busy) or "\n")


def test_a_breach_at_another_merchant_is_found_too(busy: Till, tamper: Any) -> None:
    other = found(busy.engine, busy.keys, busy.now)
    other.stamped(other.join())
    assert _breach(busy) is None
    tamper("UPDATE account SET balance = 99 WHERE role = 'card' AND merchant_id = %s", (other.shop.merchant_id,))
    assert "stores 99 stamps" in (_breach(busy) or "")
