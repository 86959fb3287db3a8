"""Changes that commit in the "wrong" order, on real connections: none is lost to a phone that asks with its tag."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from threading import Event
from time import monotonic
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from issuer import counter
from issuer.database import send
from issuer.relaying import number_due
from issuer.schema import Publication
from tests.conftest import plain
from tests.issuer.counting import Till, booked, locked
from tests.issuer.phones import FOLD, Phone, download, number, serial

Deed = Callable[[Session], object]


@pytest.fixture
def phone(own_till: Till) -> Phone:
    """A program's very first stamp opens its accounts; that one is given, so that stamps are as on any other day."""
    own_till.stamped(own_till.join())
    number(own_till)
    return Phone(own_till)


def _registered(till: Till, phone: Phone) -> UUID:
    card_id = till.join()
    download(till, card_id)
    phone.register(card_id)
    return card_id


@contextmanager
def _under_way(till: Till, deed: Deed) -> Iterator[Callable[[], None]]:
    """A transaction on a connection of its own that has done everything but commit; call to let it."""
    done, commit = Event(), Event()

    def run() -> None:
        with till.work() as session:
            deed(session)
            # What was sent ahead would wait for the commit.
            send(session, "SELECT 1", {})
            done.set()
            commit.wait(60)

    with ThreadPoolExecutor(1) as other:
        running = other.submit(run)
        assert done.wait(60)

        def finish() -> None:
            commit.set()
            running.result(60)

        try:
            yield finish
        finally:
            finish()


def _stamping(till: Till, card_id: UUID) -> AbstractContextManager[Callable[[], None]]:
    return _under_way(till, lambda s: booked(counter.stamp(s, locked(s, card_id), 1, till.visit())))


def _until_somebody_waits_for_a_lock(url: str) -> None:
    deadline = monotonic() + 30
    with psycopg.connect(plain(url), autocommit=True) as looking:
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not looking.execute(query).fetchone()[0]:
            assert monotonic() < deadline, "nobody waits"


def test_a_change_that_commits_after_a_later_one_was_numbered_is_still_told(own_till: Till, phone: Phone) -> None:
    slow, quick = _registered(own_till, phone), _registered(own_till, phone)
    phone.ask()
    with _stamping(own_till, slow) as commit:
        own_till.stamped(quick)
        assert number(own_till) == 1
        assert phone.ask().serials == (serial(own_till, quick),)
        commit()
    assert number(own_till) == 1
    assert phone.ask().serials == (serial(own_till, slow),)


def test_a_change_under_way_is_neither_numbered_nor_waited_for(own_till: Till, phone: Phone) -> None:
    card_id = _registered(own_till, phone)
    own_till.stamped(card_id)
    with _stamping(own_till.later(1), card_id):
        assert number(own_till) == 0
    assert number(own_till) == 1
    assert own_till.publication(card_id).tagged_version == 3


def test_a_second_numbering_waits_until_the_first_has_committed(
    own_till: Till, phone: Phone, database_url: str
) -> None:
    first, second = _registered(own_till, phone), _registered(own_till, phone)
    own_till.stamped(first)
    with _under_way(own_till, lambda s: number_due(s, own_till.now, FOLD)) as commit, ThreadPoolExecutor(1) as other:
        own_till.stamped(second)
        later = other.submit(number, own_till)
        _until_somebody_waits_for_a_lock(database_url)
        assert not later.done()
        assert phone.ask().tag == 0
        commit()
        assert later.result(30) == 1
    assert own_till.publication(first).tag < own_till.publication(second).tag


def test_a_numbering_that_died_leaves_everything_due(own_till: Till, phone: Phone) -> None:
    card_id = _registered(own_till, phone)
    own_till.stamped(card_id)
    with own_till.work() as session:
        assert number_due(session, own_till.now, FOLD) == 1
        session.rollback()
    assert number(own_till) == 1


def test_a_change_during_the_numbering_is_due_again_afterwards(own_till: Till, phone: Phone, database_url: str) -> None:
    card_id = _registered(own_till, phone)
    own_till.stamped(card_id)
    with _under_way(own_till, lambda s: number_due(s, own_till.now, FOLD)) as commit, ThreadPoolExecutor(1) as other:
        stamp = other.submit(own_till.later(1).stamped, card_id)
        _until_somebody_waits_for_a_lock(database_url)
        commit()
        stamp.result(30)
    wish = own_till.publication(card_id)
    assert (wish.tagged_version, wish.wanted_version) == (2, 3)
    assert wish.due_at == own_till.now + FOLD


def test_a_phone_that_registers_while_a_stamp_is_under_way_is_asked_to_come(
    own_till: Till, phone: Phone, database_url: str
) -> None:
    card_id = own_till.join()
    download(own_till, card_id)
    with _stamping(own_till, card_id) as commit, ThreadPoolExecutor(1) as other:
        registering = other.submit(phone.register, card_id)
        _until_somebody_waits_for_a_lock(database_url)
        commit()
        assert registering.result(30) is True
    assert number(own_till) == 1
    assert phone.ask().serials == (serial(own_till, card_id),)


def test_a_phone_that_registers_before_the_stamp_touches_the_publication_is_pushed_to(
    own_till: Till, phone: Phone
) -> None:
    card_id = own_till.join()
    download(own_till, card_id)
    with _under_way(own_till, lambda s: locked(s, card_id)):
        assert phone.register(card_id) is True
    own_till.stamped(card_id)
    number(own_till)
    assert phone.ask().serials == (serial(own_till, card_id),)


def test_stamps_of_two_cards_do_not_wait_for_each_other(own_till: Till) -> None:
    first, second = own_till.join(), own_till.join()
    for card_id in (first, second):
        own_till.stamped(card_id)
    with _stamping(own_till, first):
        with own_till.work() as session:
            session.execute(text("SET LOCAL lock_timeout = '1ms'"))
            booked(counter.stamp(session, locked(session, second), 1, own_till.visit()))
        assert own_till.balances(second) == (2, 0)


def test_tags_rise_over_many_changes_and_are_never_given_twice(own_till: Till, phone: Phone) -> None:
    cards = [_registered(own_till, phone) for _ in range(3)]
    seen = []
    for turn in range(4):
        at = own_till.later(turn * 10)
        for card_id in cards[turn % 2 :]:
            at.stamped(card_id)
        number(own_till, at.now)
        with own_till.work() as session:
            low = select(func.min(Publication.tag)).where(Publication.tagged_at == at.now)
            high = select(func.max(Publication.tag))
            seen.append((session.scalar(low), session.scalar(high)))
    assert all(before[1] < after[0] for before, after in pairwise(seen))
