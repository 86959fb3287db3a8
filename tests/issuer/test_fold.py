"""A change that was made while the phones fetched the one before."""

from datetime import timedelta

from issuer.registrations import note_fetch
from tests.issuer.counting import Till
from tests.issuer.phones import Phone, number, the_pass


def test_a_change_made_while_the_phone_fetched_the_last_one_does_not_wait_for_the_fold(own_till: Till) -> None:
    card_id, phone = own_till.join(), Phone(own_till)
    phone.register(card_id)
    own_till.stamped(card_id)
    number(own_till)
    own_till.later(1).stamped(card_id)
    assert own_till.publication(card_id).due_at == own_till.later(3).now
    with own_till.work() as session:
        note_fetch(session, the_pass(session, card_id), held=1, version=2, now=own_till.later(1).now)
    assert own_till.publication(card_id).due_at == own_till.now + timedelta(seconds=0.5)


def test_a_fetch_makes_nothing_due(own_till: Till) -> None:
    card_id, phone = own_till.join(), Phone(own_till)
    phone.register(card_id)
    own_till.stamped(card_id)
    number(own_till)
    phone.fetch(card_id)
    assert own_till.publication(card_id).due_at is None
