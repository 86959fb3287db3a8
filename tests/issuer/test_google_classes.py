"""Which body of a class Google has, and whose turn it is to send another."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from issuer.google_classes import (
    ClassTurn,
    class_missing,
    class_refused,
    class_sent,
    class_turn,
    class_unsent,
    refused_class,
)
from issuer.google_passes import LOYALTY, OFFER
from issuer.google_relaying import GoogleClaim
from issuer.schema import GoogleClass
from tests.issuer.counting import Till
from tests.issuer.gifting import give_voucher
from tests.issuer.google import LEASE, TERMS, Android, class_made, rename, voucher_pass


@pytest.fixture
def android(own_till: Till) -> Android:
    return Android(own_till)


@pytest.fixture
def claimed(android: Android) -> GoogleClaim:
    android.ask(android.till.join())
    android.number()
    return android.claim()[0]


def _turn(android: Android, claimed: GoogleClaim) -> ClassTurn:
    with android.till.work() as session:
        return class_turn(session, claimed, TERMS, android.till.now, LEASE)


def _sent(android: Android, turn: ClassTurn) -> None:
    with android.till.work() as session:
        class_sent(session, turn, android.till.now)


def test_the_first_worker_sends_the_class_and_nobody_beside_it(android: Android, claimed: GoogleClaim) -> None:
    first, second = _turn(android, claimed), _turn(android, claimed)
    assert first.body == class_made(android.till)
    assert (first.known, second.known, second.body) == (False, False, None)


def test_once_sent_a_class_is_not_sent_again(android: Android, claimed: GoogleClaim) -> None:
    _sent(android, _turn(android, claimed))
    android.till.stamped(claimed.card_id)
    after = _turn(android.later(3600), claimed)
    assert (after.known, after.body) == (True, None)


def test_a_changed_class_is_sent_once_while_objects_of_the_old_go_on(android: Android, claimed: GoogleClaim) -> None:
    _sent(android, _turn(android, claimed))
    rename(android.till, "Zehnerkarte")
    first, second = _turn(android, claimed), _turn(android, claimed)
    assert (first.body or {})["programName"] == "Zehnerkarte"
    assert (second.known, second.body) == (True, None)


def test_a_class_that_changes_while_it_is_sent_is_sent_again(android: Android, claimed: GoogleClaim) -> None:
    first = _turn(android, claimed)
    rename(android.till, "Zehnerkarte")
    _sent(android, first)
    assert (_turn(android, claimed).body or {})["programName"] == "Zehnerkarte"


def test_a_class_that_did_not_reach_google_is_sent_again_at_once(android: Android, claimed: GoogleClaim) -> None:
    with android.till.work() as session:
        class_unsent(session, class_turn(session, claimed, TERMS, android.till.now, LEASE))
    again = _turn(android, claimed)
    assert (again.known, again.body) == (False, class_made(android.till))


def test_a_class_that_google_does_not_take_rests_a_while_and_says_why_until_it_does(
    android: Android, claimed: GoogleClaim
) -> None:
    with android.till.work() as session:
        turn = class_turn(session, claimed, TERMS, android.till.now, LEASE)
        class_refused(session, turn, "400 invalid", android.later(600).till.now)
    assert _turn(android.later(599), claimed).body is None
    again = _turn(android.later(600), claimed)
    with android.till.work() as session:
        assert refused_class(session, claimed.merchant_id) == "400 invalid"
        assert refused_class(session, uuid4()) is None
    _sent(android, again)
    with android.till.work() as session:
        assert refused_class(session, claimed.merchant_id) is None


def test_a_dead_workers_class_is_sent_by_another(android: Android, claimed: GoogleClaim) -> None:
    _turn(android, claimed)
    assert _turn(android.later(19.9), claimed).body is None
    assert _turn(android.later(20), claimed).body is not None


def test_a_late_worker_does_not_say_what_google_has(android: Android, claimed: GoogleClaim) -> None:
    late = _turn(android, claimed)
    rename(android.till, "Zehnerkarte")
    other = _turn(android.later(20), claimed)
    _sent(android.later(21), late)
    assert _turn(android.later(21), claimed).body is None, "the other is about it"
    _sent(android.later(22), other)
    assert _turn(android.later(22), claimed).known


def test_a_class_that_google_lost_is_sent_again(android: Android, claimed: GoogleClaim) -> None:
    _sent(android, _turn(android, claimed))
    with android.till.work() as session:
        class_missing(session, claimed)
    again = _turn(android, claimed)
    assert (again.known, again.body) == (False, class_made(android.till))


def test_there_is_one_class_a_program_and_one_for_its_vouchers(android: Android, claimed: GoogleClaim) -> None:
    give_voucher(android.till, claimed.card_id)
    voucher_pass(android.till, claimed.card_id)
    android.number()
    (offer,) = android.claim()
    for one in (claimed, offer, claimed, offer):
        _sent(android, _turn(android, one))
    with android.till.work() as session:
        assert sorted(session.scalars(select(GoogleClass.kind))) == [LOYALTY, OFFER]
