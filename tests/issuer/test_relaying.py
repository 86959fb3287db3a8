"""Publications on their way: numbered, claimed under a lease, told to phones, settled."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from issuer import relaying
from issuer.publishing import CAMPAIGN, publish
from issuer.relaying import (
    Claim,
    Ended,
    Told,
    claim,
    forget_device,
    note_answers,
    settle,
    waiting_pass_types,
    wishes,
)
from issuer.schema import Card, Device, Event, Pass, Publication, Registration
from tests.issuer.counting import Till
from tests.issuer.phones import PASS_TYPE, Phone, download, number, the_pass

LEASE = timedelta(seconds=20)
TOKEN = "aa" * 32


def _claim(till: Till) -> list[Claim]:
    with till.work() as session:
        return claim(session, PASS_TYPE, till.now, LEASE)


def _settle(till: Till, claimed: Claim, again_in: float | None = None, told: int = 1) -> None:
    again_at = None if again_in is None else till.later(again_in).now
    with till.work() as session:
        settle(session, [Ended(claimed, again_at, told)], till.now)


def _wishes(till: Till, claims: list[Claim]) -> list[str]:
    with till.work() as session:
        return [wish.push_token for wish in wishes(session, claims)]


def _waiting(till: Till) -> list[str]:
    with till.work() as session:
        return waiting_pass_types(session, till.now)


@pytest.fixture
def phone(own_till: Till) -> Phone:
    return Phone(own_till)


@pytest.fixture
def card_id(own_till: Till, phone: Phone) -> UUID:
    """A card on one phone, stamped and numbered."""
    card_id = own_till.join()
    phone.register(card_id, "aa" * 32)
    own_till.stamped(card_id)
    number(own_till)
    return card_id


def test_nothing_waits_where_nothing_changed(own_till: Till) -> None:
    own_till.join()
    assert number(own_till) == 0
    assert _waiting(own_till) == []
    assert _claim(own_till) == []


def test_a_numbered_change_waits_for_a_worker_of_its_pass_type(own_till: Till, card_id: UUID) -> None:
    assert _waiting(own_till) == [PASS_TYPE]
    with own_till.work() as session:
        assert claim(session, "pass.example.other", own_till.now, LEASE) == []


def test_a_pass_without_a_type_is_numbered_but_nobody_is_sent(own_till: Till) -> None:
    card_id = own_till.join()
    own_till.stamped(card_id)
    assert number(own_till) == 1
    assert _waiting(own_till) == []


def test_a_claimed_publication_is_nobody_elses(own_till: Till, card_id: UUID) -> None:
    claimed = _claim(own_till)
    assert [(c.card_id, c.version, c.attempts) for c in claimed] == [(card_id, 2, 1)]
    assert _claim(own_till) == []
    assert _waiting(own_till) == []


def test_two_workers_at_once_share_the_work_without_waiting(own_till: Till, card_id: UUID, phone: Phone) -> None:
    second = own_till.join()
    phone.register(second)
    own_till.stamped(second)
    number(own_till)
    with own_till.work() as session, own_till.work() as other:
        session.execute(
            update(Publication).where(Publication.pass_id == the_pass(session, second).id).values(attempts=0)
        )
        assert [c.card_id for c in claim(other, PASS_TYPE, own_till.now, LEASE)] == [card_id]


def test_the_work_of_a_dead_worker_is_free_when_its_lease_is_over(own_till: Till, card_id: UUID) -> None:
    _claim(own_till)
    assert _claim(own_till.later(19)) == []
    again = _claim(own_till.later(20))
    assert [c.attempts for c in again] == [2]


def test_a_settled_publication_is_at_rest(own_till: Till, card_id: UUID) -> None:
    (claimed,) = _claim(own_till)
    _settle(own_till, claimed)
    wish = own_till.publication(card_id)
    assert (wish.push_at, wish.leased_until, wish.pushed_version) == (None, None, 2)
    assert _claim(own_till.later(3600)) == []


def test_a_failed_push_comes_again_when_it_was_told_to(own_till: Till, card_id: UUID) -> None:
    (claimed,) = _claim(own_till)
    _settle(own_till, claimed, again_in=30, told=0)
    assert own_till.publication(card_id).pushed_version is None
    assert _claim(own_till.later(29)) == []
    assert [c.attempts for c in _claim(own_till.later(30))] == [2]


def test_a_change_numbered_during_the_push_keeps_its_own_push(own_till: Till, card_id: UUID) -> None:
    (claimed,) = _claim(own_till)
    own_till.later(5).stamped(card_id)
    number(own_till, own_till.later(5).now)
    _settle(own_till.later(6), claimed)
    assert [c.version for c in _claim(own_till.later(6))] == [3]


def test_a_new_number_begins_a_new_count_of_attempts(own_till: Till, card_id: UUID) -> None:
    (claimed,) = _claim(own_till)
    _settle(own_till, claimed, again_in=1, told=0)
    own_till.later(5).stamped(card_id)
    number(own_till, own_till.later(5).now)
    assert [c.attempts for c in _claim(own_till.later(5))] == [1]


def test_each_phone_of_a_card_is_told(own_till: Till, card_id: UUID) -> None:
    Phone(own_till).register(card_id, "bb" * 32)
    assert sorted(_wishes(own_till, _claim(own_till))) == ["aa" * 32, "bb" * 32]


def test_a_phone_that_was_told_is_left_in_peace_when_another_is_tried_again(own_till: Till, card_id: UUID) -> None:
    Phone(own_till).register(card_id, "bb" * 32)
    claims = _claim(own_till)
    with own_till.work() as session:
        told = next(wish for wish in wishes(session, claims) if wish.push_token == "aa" * 32)
        note_answers(session, [Told(claims[0], told.device_id, "200", accepted=True)], own_till.now)
    assert _wishes(own_till, claims) == ["bb" * 32]


def test_a_refused_push_is_written_down_and_does_not_count_as_told(own_till: Till, card_id: UUID, phone: Phone) -> None:
    claims = _claim(own_till)
    with own_till.work() as session:
        refused = Told(claims[0], phone.row(card_id).device_id, "503", accepted=False)
        note_answers(session, [refused], own_till.now)
    row = phone.row(card_id)
    assert (row.push_answer, row.pushed_version, row.pushed_at) == ("503", None, None)
    assert _wishes(own_till, claims) == ["aa" * 32]


def test_an_accepted_push_is_history_of_the_card(own_till: Till, card_id: UUID) -> None:
    (claimed,) = _claim(own_till)
    _settle(own_till, claimed, told=2)
    with own_till.work() as session:
        event = session.scalars(select(Event).where(Event.kind == "pushed")).one()
    assert (event.card_id, event.data) == (card_id, {"version": 2, "phones": 2})


def test_a_card_on_no_phone_is_settled_without_history(own_till: Till, card_id: UUID, phone: Phone) -> None:
    phone.unregister(card_id)
    (claimed,) = _claim(own_till)
    assert _wishes(own_till, [claimed]) == []
    _settle(own_till, claimed, told=0)
    with own_till.work() as session:
        assert session.scalar(select(func.count()).where(Event.kind == "pushed")) == 0


def test_the_till_goes_before_a_campaign(own_till: Till, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "AT_ONCE", 1)
    campaign, at_the_till = own_till.join(), own_till.join()
    for card_id in (campaign, at_the_till):
        download(own_till, card_id)
        phone.register(card_id)
    with own_till.work() as session:
        publish(session, [session.get_one(Card, campaign)], "brand", CAMPAIGN, own_till.later(-60).now)
    own_till.stamped(at_the_till)
    assert number(own_till) == 1
    assert (own_till.publication(at_the_till).tag, own_till.publication(campaign).tag) == (1, None)
    assert number(own_till) == 1
    assert [c.card_id for _ in range(2) for c in _claim(own_till)] == [at_the_till, campaign]


def test_a_dead_phone_is_forgotten_with_all_its_cards(own_till: Till, card_id: UUID, phone: Phone) -> None:
    phone.register(own_till.join(), "aa" * 32)
    with own_till.work() as session:
        device_id = session.scalars(select(Device.id)).one()
        assert forget_device(session, device_id, TOKEN, own_till.now) is True
        assert session.scalar(select(func.count()).select_from(Registration)) == 0
        assert session.scalar(select(func.count()).select_from(Device)) == 0


def test_a_phone_that_came_back_after_it_was_said_to_be_gone_is_kept(
    own_till: Till, card_id: UUID, phone: Phone
) -> None:
    with own_till.work() as session:
        device_id = session.scalars(select(Device.id)).one()
        assert forget_device(session, device_id, TOKEN, own_till.now - timedelta(seconds=1)) is False
    assert phone.row(card_id).device_id == device_id


@pytest.mark.parametrize("late", [None, timedelta(seconds=1)])
def test_a_phone_that_changed_its_token_while_the_old_one_was_pushed_is_kept(
    own_till: Till, card_id: UUID, phone: Phone, late: timedelta | None
) -> None:
    phone.register(card_id, "bb" * 32)
    with own_till.work() as session:
        device_id = session.scalars(select(Device.id)).one()
        assert forget_device(session, device_id, TOKEN, late and own_till.now + late) is False
    assert phone.row(card_id).device_id == device_id


def test_forgetting_a_phone_twice_is_harmless(own_till: Till, card_id: UUID) -> None:
    with own_till.work() as session:
        device_id = session.scalars(select(Device.id)).one()
        forget_device(session, device_id, TOKEN, None)
        assert forget_device(session, device_id, TOKEN, None) is True


def test_a_revoked_pass_is_still_on_its_phone_and_is_told_once_more(own_till: Till, card_id: UUID) -> None:
    with own_till.work() as session:
        session.execute(update(Pass).values(revoked_at=own_till.now))
    assert [c.card_id for c in _claim(own_till)] == [card_id]
