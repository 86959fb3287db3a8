"""Double entry, append-only, never below zero: said by the database, whoever asks."""

from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from issuer.ledger import Actor, Deed, Overdrawn, post
from issuer.rules.movement import Movement
from issuer.schema import Account, Entry, Posting
from tests.conftest import plain
from tests.issuer.counting import Till, locked

APPEND_ONLY = ["posting", "entry", "event", "consent"]
CHANGES = {
    "update": "UPDATE {table} SET merchant_id = merchant_id",
    "delete": "DELETE FROM {table}",
    "truncate": "TRUNCATE {table} CASCADE",
}


def _deed(till: Till) -> Deed:
    return Deed("adjustment", Actor("system"), till.now, till.now)


def _sums(session: Session, *by: object) -> set[int]:
    return set(session.scalars(select(func.sum(Entry.amount)).group_by(*by)))


def test_every_movement_has_two_ends_that_sum_to_zero(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 23)
    till.redeem(card_id)
    with till.work() as session:
        assert _sums(session, Entry.unit) == {0}
        assert _sums(session, Entry.posting_id, Entry.unit) == {0}
        assert session.scalar(select(func.count()).where(Entry.card_id.is_(None))) == 4
        assert session.scalar(select(func.count()).where(Entry.card_id == card_id)) == 4


def test_stamps_come_out_of_issued_and_rounds_go_into_exchanged(till: Till) -> None:
    till.stamped(till.join(), 10)
    query = (
        select(Account.unit, Account.role, func.sum(Entry.amount))
        .join(Entry, Entry.account_id == Account.id)
        .group_by(Account.unit, Account.role)
    )
    with till.work() as session:
        found = {(unit.partition(":")[0], role): total for unit, role, total in session.execute(query)}
    assert found == {
        ("stamps", "card"): 0,
        ("stamps", "issued"): -10,
        ("stamps", "exchanged"): 10,
        ("reward", "card"): 1,
        ("reward", "issued"): -1,
    }


def test_only_a_cards_account_stores_a_balance(till: Till) -> None:
    till.stamped(till.join(), 10)
    with till.work() as session:
        roles = {(account.role == "card", account.balance is not None) for account in session.scalars(select(Account))}
    assert roles == {(True, True), (False, False)}


def test_two_cards_of_a_program_share_the_programs_accounts(till: Till) -> None:
    till.stamped(till.join())
    till.stamped(till.join())
    with till.work() as session:
        stamps = select(func.count()).where(Account.unit == "stamps")
        assert session.scalar(stamps.where(Account.role == "issued")) == 1
        assert session.scalar(stamps.where(Account.role == "card")) == 2


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", CHANGES)
def test_the_application_may_not_change_history(till: Till, table: str, change: str) -> None:
    with pytest.raises(Exception, match="permission denied") as caught, till.work() as session:
        session.execute(text(CHANGES[change].format(table=table)))
    assert isinstance(caught.value.orig, errors.InsufficientPrivilege)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", CHANGES)
def test_not_even_the_owner_may_change_history(shared_url: str, table: str, change: str) -> None:
    with psycopg.connect(plain(shared_url)) as owner, pytest.raises(errors.RestrictViolation, match="append-only"):
        owner.execute(CHANGES[change].format(table=table))


def test_a_booking_that_would_fall_below_zero_is_refused(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 3)
    with pytest.raises(Overdrawn), till.work() as session:
        post(session, locked(session, card_id), [Movement("stamps", -4, "exchanged", "adjustment")], _deed(till))
    assert till.balances(card_id) == (3, 0)
    assert till.lines(card_id) == [("stamps", 3, "stamp")]


def test_a_unit_that_a_card_never_had_cannot_be_taken_from_it(till: Till) -> None:
    card_id = till.join()
    with pytest.raises(Overdrawn), till.work() as session:
        post(session, locked(session, card_id), [Movement("points", -1, "redeemed", "adjustment")], _deed(till))


def test_lines_that_cancel_out_may_pass_below_zero_on_the_way(till: Till) -> None:
    card_id = till.join()
    movements = [Movement("stamps", -5, "exchanged", "adjustment"), Movement("stamps", 6, "issued", "adjustment")]
    with till.work() as session:
        post(session, locked(session, card_id), movements, _deed(till))
    assert till.balances(card_id) == (1, 0)


def test_the_database_itself_keeps_a_balance_from_falling_below_zero(till: Till) -> None:
    till.stamped(till.join())
    with pytest.raises(IntegrityError, match="account_balance_check"), till.work() as session:
        session.execute(text("UPDATE account SET balance = balance - 2 WHERE role = 'card'"))


def test_the_owner_cannot_bring_a_balance_below_zero_either(till: Till, shared_url: str) -> None:
    till.stamped(till.join())
    with psycopg.connect(plain(shared_url)) as owner, pytest.raises(errors.CheckViolation):
        owner.execute("UPDATE account SET balance = -1 WHERE role = 'card'")


def _a_card_without_balance(session: Session) -> None:
    session.execute(text("UPDATE account SET balance = NULL WHERE role = 'card'"))


def _a_program_with_balance(session: Session) -> None:
    session.execute(text("UPDATE account SET balance = 0 WHERE role = 'issued'"))


def _an_account_twice(session: Session) -> None:
    session.execute(
        text(
            "INSERT INTO account (id, merchant_id, program_id, card_id, unit, role, balance)"
            " SELECT gen_random_uuid(), merchant_id, program_id, card_id, unit, role, balance FROM account"
        )
    )


def _an_entry_of_nothing(session: Session) -> None:
    session.execute(
        text(
            "INSERT INTO entry (id, merchant_id, posting_id, account_id, card_id, unit, amount, cause)"
            " SELECT gen_random_uuid(), merchant_id, posting_id, account_id, card_id, unit, 0, cause FROM entry"
        )
    )


def _two_postings_at_one_version(session: Session) -> None:
    first = session.scalars(select(Posting)).one()
    session.execute(
        text(
            "INSERT INTO posting (id, merchant_id, card_id, version, cause, actor, occurred_at, recorded_at)"
            " SELECT :id, merchant_id, card_id, version, cause, actor, occurred_at, recorded_at FROM posting"
            " WHERE id = :first"
        ),
        {"id": uuid4(), "first": first.id},
    )


@pytest.mark.parametrize(
    "wrong",
    [
        _a_card_without_balance,
        _a_program_with_balance,
        _an_account_twice,
        _an_entry_of_nothing,
        _two_postings_at_one_version,
    ],
)
def test_the_database_refuses_rows_that_no_ledger_has(till: Till, wrong: Callable[[Session], None]) -> None:
    till.stamped(till.join())
    with pytest.raises(IntegrityError), till.work() as session:
        wrong(session)


def test_a_posting_is_reversed_once_says_the_database_too(till: Till) -> None:
    posting = till.stamped(till.join()).posting
    copy = text(
        "INSERT INTO posting (id, merchant_id, card_id, version, program_version, cause, actor, reverses_id,"
        " occurred_at, recorded_at) SELECT gen_random_uuid(), merchant_id, card_id, version + :up, program_version,"
        " 'reversal', actor, id, occurred_at, recorded_at FROM posting WHERE id = :first"
    )
    with till.work() as session:
        session.execute(copy, {"up": 1, "first": posting.id})
    with pytest.raises(IntegrityError, match="posting_reverses_id_key"), till.work() as session:
        session.execute(copy, {"up": 2, "first": posting.id})
