"""How many phones show the design that was published: those that fetched it, not those that were told."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from issuer.rollouts import Reach
from issuer.schema import Publication
from tests.issuer.counting import Till
from tests.issuer.phones import Phone, download, number
from tests.issuer.redesigning import DARK, finish, now_worn, on_phone, redesign


def test_before_publishing_it_is_known_on_how_many_phones_cards_are(own_till: Till) -> None:
    cards = [own_till.join() for _ in range(4)]
    on_phone(own_till, cards[0], cards[1])
    on_phone(own_till, cards[1])
    download(own_till, cards[2])
    assert now_worn(own_till) == Reach(phones=2, have=2, cards=4, told=0, over=True)


def test_reach_counts_phones_that_fetched_since_and_none_that_fetched_before_or_hold_no_card(own_till: Till) -> None:
    quick, slow, unregistered, removed = (own_till.join() for _ in range(4))
    phone, _ = on_phone(own_till, quick), on_phone(own_till, slow)
    download(own_till, unregistered)
    on_phone(own_till, removed).unregister(removed)
    later = own_till.later(10)
    redesign(later, DARK)
    assert now_worn(own_till) == Reach(phones=2, have=0, cards=4, told=0, over=False)
    finish(later)
    phone.till = later.later(1)
    phone.fetch(quick)
    state = now_worn(own_till)
    assert state == Reach(phones=2, have=1, cards=4, told=4, over=True)
    assert state.missing == 1


def test_a_phone_has_the_design_when_all_its_cards_have_it(own_till: Till) -> None:
    cards = [own_till.join() for _ in range(2)]
    phone = on_phone(own_till, *cards)
    redesign(own_till.later(1), DARK)
    finish(own_till.later(1))
    phone.till = own_till.later(2)
    for card_id, have in zip(cards, (0, 1), strict=True):
        phone.fetch(card_id)
        state = now_worn(own_till)
        assert (state.phones, state.have) == (1, have)


def test_a_phone_that_was_told_of_nothing_new_before_the_rollout_came_by_does_not_have_the_design(
    own_till: Till,
) -> None:
    """Its card has a version behind it that looked otherwise, so it was answered 304."""
    card_id = own_till.join()
    phone = on_phone(own_till, card_id)
    with _between_publishing_and_telling(own_till, phone):
        phone.holds = 1
        phone.fetch(card_id)
        assert now_worn(own_till).have == 0
    assert now_worn(own_till).have == 0
    phone.fetch(card_id)
    assert now_worn(own_till).have == 1


def test_a_phone_that_fetched_while_publishing_was_not_yet_committed_does_not_count(own_till: Till) -> None:
    """The clock of publishing is read before its commit; in between the old look goes out under a later time."""
    card_id = own_till.join()
    phone = on_phone(own_till, card_id)
    own_till.stamped(card_id)
    with _between_publishing_and_telling(own_till, phone):
        phone.fetch(card_id)
    assert now_worn(own_till).have == 0
    phone.till = own_till.later(3)
    phone.fetch(card_id)
    assert now_worn(own_till).have == 1


@contextmanager
def _between_publishing_and_telling(till: Till, phone: Phone) -> Iterator[None]:
    redesign(till.later(1), DARK)
    phone.till = till.later(1.1)
    yield
    finish(till.later(1.2))
    phone.till = till.later(2)


def test_a_pass_downloaded_before_and_registered_after_the_rollout_is_asked_to_come(own_till: Till) -> None:
    card_id = own_till.join()
    download(own_till, card_id)
    redesign(own_till.later(1), DARK)
    finish(own_till.later(1))
    number(own_till, own_till.later(2).now)
    assert own_till.publication(card_id).due_at is None
    phone = Phone(own_till.later(60))
    phone.register(card_id)
    assert own_till.publication(card_id).due_at == own_till.later(60).now
    assert now_worn(own_till).missing == 1


def test_a_pass_downloaded_after_publishing_and_before_the_rollout_came_by_is_told_once_more(own_till: Till) -> None:
    card_id = own_till.join()
    redesign(own_till, DARK)
    phone = on_phone(own_till, card_id)
    finish(own_till)
    number(own_till)
    assert len(phone.ask().serials) == 1
    with own_till.work() as session:
        wanted = session.scalars(select(Publication.wanted_version)).one()
    assert wanted == 2
