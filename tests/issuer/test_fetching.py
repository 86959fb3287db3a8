"""Which phone now holds which version. Apple's protocol does not name the phone that fetches."""

from uuid import UUID

from sqlalchemy import select

from issuer.schema import Event
from tests.issuer.counting import Till
from tests.issuer.phones import Phone, download, number


def _two_phones(till: Till) -> tuple[UUID, Phone, Phone]:
    """A card on two phones, both at version 1, then stamped and numbered."""
    card_id, first, second = till.join(), Phone(till), Phone(till)
    download(till, card_id)
    for phone in (first, second):
        phone.register(card_id)
        phone.holds = 1
    till.stamped(card_id)
    number(till)
    return card_id, first, second


def test_a_single_phone_is_whoever_fetches(own_till: Till) -> None:
    card_id, phone = own_till.join(), Phone(own_till)
    phone.register(card_id)
    own_till.stamped(card_id)
    phone.fetch(card_id)
    assert (phone.row(card_id).fetched_version, phone.row(card_id).fetched_at) == (2, own_till.now)


def test_a_fetch_before_any_registration_is_only_an_event(own_till: Till) -> None:
    card_id = own_till.join()
    Phone(own_till).fetch(card_id)
    with own_till.work() as session:
        event = session.scalars(select(Event).where(Event.kind == "fetched")).one()
    assert (event.card_id, event.data) == (card_id, {"version": 1})


def test_of_two_phones_the_one_that_just_asked_is_the_one_that_fetches(own_till: Till) -> None:
    card_id, first, second = _two_phones(own_till)
    second.ask()
    second.fetch(card_id)
    assert second.row(card_id).fetched_version == 2
    assert first.row(card_id).fetched_version == 1


def test_of_two_phones_that_asked_the_earlier_is_taken_to_fetch_first(own_till: Till) -> None:
    card_id, first, second = _two_phones(own_till)
    for version, (quick, slow) in enumerate([(first, second), (second, first)], 2):
        quick.till = own_till.later(version)
        quick.ask()
        slow.till = own_till.later(version + 1)
        slow.ask()
        quick.fetch(card_id)
        assert (quick.row(card_id).fetched_version, slow.row(card_id).fetched_version) == (version, version - 1)
        slow.fetch(card_id)
        assert (quick.row(card_id).fetched_version, slow.row(card_id).fetched_version) == (version, version)
        own_till.later(60 * version).stamped(card_id)
        number(own_till, own_till.later(60 * version).now)


def test_what_a_phone_says_it_holds_tells_it_from_the_other(own_till: Till) -> None:
    card_id, first, second = _two_phones(own_till)
    first.ask()
    first.fetch(card_id)
    own_till.later(9).stamped(card_id)
    number(own_till, own_till.later(9).now)
    first.ask()
    second.ask()
    second.fetch(card_id)
    assert (first.row(card_id).fetched_version, second.row(card_id).fetched_version) == (2, 3)


def test_when_nobody_can_tell_nobody_is_credited(own_till: Till) -> None:
    card_id, first, second = _two_phones(own_till)
    first.fetch(card_id)
    assert (first.row(card_id).fetched_version, second.row(card_id).fetched_version) == (1, 1)


def test_a_phone_is_never_said_to_hold_less_than_before(own_till: Till) -> None:
    card_id, first, second = _two_phones(own_till)
    for phone in (first, second):
        phone.ask()
        phone.fetch(card_id)
    first.fetch(card_id)
    assert (first.row(card_id).fetched_version, second.row(card_id).fetched_version) == (2, 2)


def test_once_all_phones_hold_the_newest_the_next_change_need_not_wait(own_till: Till) -> None:
    card_id, first, second = _two_phones(own_till)
    for phone in (first, second):
        phone.ask()
        phone.fetch(card_id)
    own_till.later(1).stamped(card_id)
    assert own_till.publication(card_id).due_at == own_till.later(1).now


def test_a_phone_that_fetched_at_once_gets_the_next_change_at_once(own_till: Till) -> None:
    card_id, phone = own_till.join(), Phone(own_till)
    phone.register(card_id)
    own_till.stamped(card_id)
    number(own_till)
    phone.fetch(card_id)
    own_till.later(1).stamped(card_id)
    assert own_till.publication(card_id).due_at == own_till.later(1).now


def test_while_one_phone_is_behind_the_fold_stays(own_till: Till) -> None:
    card_id, first, _ = _two_phones(own_till)
    first.ask()
    first.fetch(card_id)
    own_till.later(1).stamped(card_id)
    assert own_till.publication(card_id).due_at == own_till.later(3).now
