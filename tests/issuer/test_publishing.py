"""What a card shows has a version; each posting raises it once, and the publication says when to push it."""

from contextlib import suppress
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from issuer.publishing import AT_THE_TILL, CAMPAIGN, FETCHED_WITHIN, ask_again, end, publish
from issuer.schema import Card, Pass, Publication
from tests.issuer.counting import Till, booked, locked
from tests.issuer.elapsing import at_rest
from tests.issuer.phones import FOLD, Phone, download, number, the_pass


def test_a_new_card_is_at_version_one_and_nothing_is_due(own_till: Till) -> None:
    wish = own_till.publication(own_till.join())
    assert (wish.wanted_version, wish.due_at, wish.push_at, wish.tag) == (1, None, None, None)


def test_each_posting_raises_the_version_once(till: Till) -> None:
    card_id = till.join()
    versions = []
    for _ in range(3):
        posted = till.stamped(card_id, 10)
        versions.append((posted.posting.version, till.view(card_id).version))
    redeemed = booked(till.redeem(card_id)).posting.version
    assert versions == [(2, 2), (3, 3), (4, 4)]
    assert (redeemed, till.view(card_id).version) == (5, 5)


def test_the_publication_wants_the_cards_version(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id)
    till.stamped(card_id)
    assert till.publication(card_id).wanted_version == till.view(card_id).version == 3


def test_there_is_one_publication_however_often_a_card_changes(till: Till) -> None:
    card_id = till.join()
    for _ in range(4):
        till.stamped(card_id)
    with till.work() as session:
        count = select(func.count()).select_from(Publication).join(Pass, Pass.id == Publication.pass_id)
        assert session.scalar(count.where(Pass.card_id == card_id)) == 1


def test_the_first_change_goes_at_once(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id)
    assert till.publication(card_id).due_at == till.now


def test_a_second_change_waits_for_the_fold(own_till: Till) -> None:
    card_id = own_till.join()
    own_till.stamped(card_id)
    assert number(own_till) == 1
    own_till.later(1).stamped(card_id)
    wish = own_till.publication(card_id)
    assert wish.due_at == wish.not_before == own_till.now + FOLD
    assert number(own_till, own_till.later(2).now) == 0
    assert number(own_till, own_till.later(3).now) == 1


def test_a_third_change_does_not_push_the_second_back(own_till: Till) -> None:
    card_id = own_till.join()
    own_till.stamped(card_id)
    number(own_till)
    own_till.later(1).stamped(card_id)
    due = own_till.publication(card_id).due_at
    own_till.later(2.5).stamped(card_id)
    wish = own_till.publication(card_id)
    assert (wish.due_at, wish.wanted_version) == (due, 4)


def test_a_change_that_nobody_numbered_yet_stays_due_when_it_was(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id)
    till.later(60).stamped(card_id)
    assert till.publication(card_id).due_at == till.now


def test_many_changes_within_the_fold_become_one_number(own_till: Till) -> None:
    card_id = own_till.join()
    own_till.stamped(card_id)
    number(own_till)
    for tenth in range(1, 10):
        own_till.later(tenth / 10).stamped(card_id)
    assert number(own_till, own_till.later(3).now) == 1
    wish = own_till.publication(card_id)
    assert (wish.tagged_version, wish.wanted_version) == (11, 11)


def test_after_the_fold_a_change_goes_at_once_again(own_till: Till) -> None:
    card_id = own_till.join()
    own_till.stamped(card_id)
    number(own_till)
    own_till.later(10).stamped(card_id)
    assert own_till.publication(card_id).due_at == own_till.later(10).now


def test_a_phone_that_registers_late_is_not_made_to_wait_for_the_fold(own_till: Till) -> None:
    card_id = own_till.join()
    own_till.stamped(card_id)
    number(own_till)
    with own_till.work() as session:
        ask_again(session, the_pass(session, card_id), own_till.later(1).now)
    assert own_till.publication(card_id).due_at == own_till.later(1).now


def test_many_cards_are_published_at_once_each_one_version_further(till: Till) -> None:
    ids = [till.join() for _ in range(3)]
    till.stamped(ids[0])
    with till.work() as session:
        cards = session.scalars(select(Card).where(Card.id.in_(ids))).all()
        publish(session, cards, "brand", CAMPAIGN, till.now)
    assert [till.view(card_id).version for card_id in ids] == [3, 2, 2]
    assert [till.publication(card_id).wanted_version for card_id in ids] == [3, 2, 2]


@pytest.mark.parametrize(("first", "second"), [(CAMPAIGN, AT_THE_TILL), (AT_THE_TILL, CAMPAIGN)])
def test_a_change_at_the_till_is_never_held_up_by_a_campaign(till: Till, first: int, second: int) -> None:
    card_id = till.join()
    for priority in (first, second):
        with till.work() as session:
            publish(session, [session.get_one(Card, card_id)], "test", priority, till.now)
    assert till.publication(card_id).priority == AT_THE_TILL


def test_a_campaign_is_a_campaign_even_for_a_card_that_was_stamped_before(own_till: Till) -> None:
    card_id = own_till.join()
    own_till.stamped(card_id)
    number(own_till)
    with own_till.work() as session:
        session.get_one(Publication, (the_pass(session, card_id).id, "apple")).push_at = None
    with own_till.work() as session:
        publish(session, [session.get_one(Card, card_id)], "brand", CAMPAIGN, own_till.later(9).now)
    assert own_till.publication(card_id).priority == CAMPAIGN


def test_a_revoked_pass_is_not_published_any_more(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        session.execute(update(Pass).where(Pass.card_id == card_id).values(revoked_at=till.now))
    till.stamped(card_id)
    wish = till.publication(card_id)
    assert (wish.wanted_version, wish.due_at) == (1, None)


def test_what_was_rolled_back_was_never_published(till: Till) -> None:
    card_id = till.join()
    with suppress(ZeroDivisionError), till.work() as session:
        publish(session, [session.get_one(Card, card_id)], "test", AT_THE_TILL, till.now)
        raise ZeroDivisionError
    assert till.publication(card_id).due_at is None
    assert till.view(card_id).version == 1


def campaign(till: Till, card_id: UUID, *, loud: bool | None = None) -> bool:
    """Something that nobody did at the till; whether what waits is loud now."""
    with till.work() as session:
        publish(session, [locked(session, card_id)], "test", CAMPAIGN, till.now, loud=loud)
    return till.publication(card_id).loud


def test_what_happens_at_the_till_is_loud_and_a_campaign_is_not_unless_it_says_so(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id)
    assert till.publication(card_id).loud
    at_rest(till, card_id)
    assert not campaign(till, card_id)
    assert campaign(till, card_id, loud=True)


def test_what_happens_at_the_till_may_be_silent(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        publish(session, [locked(session, card_id)], "test", AT_THE_TILL, till.now, loud=False)
    assert not till.publication(card_id).loud


def test_a_stamp_that_is_not_pushed_yet_stays_loud_whatever_comes_behind_it(own_till: Till) -> None:
    card_id = own_till.join()
    own_till.stamped(card_id)
    assert campaign(own_till, card_id)
    number(own_till)
    assert campaign(own_till.later(1), card_id)


def test_a_stamp_behind_something_silent_is_loud(till: Till) -> None:
    card_id = till.join()
    assert not campaign(till, card_id)
    till.stamped(card_id)
    assert till.publication(card_id).loud


def stamped_and_pushed(till: Till) -> tuple[UUID, Phone]:
    """A card with a stamp that a phone was told of and has not fetched."""
    card_id = till.join()
    download(till, card_id)
    phone = Phone(till)
    phone.register(card_id)
    phone.holds = 1
    till.stamped(card_id)
    number(till)
    at_rest(till, card_id)
    return card_id, phone


def test_a_stamp_that_a_phone_is_about_to_fetch_stays_loud(own_till: Till) -> None:
    card_id, _ = stamped_and_pushed(own_till)
    assert campaign(own_till.later(2), card_id)


def test_a_phone_that_does_not_come_for_long_is_told_nothing_loud_later(own_till: Till) -> None:
    card_id, _ = stamped_and_pushed(own_till)
    assert not campaign(own_till.later(FETCHED_WITHIN.total_seconds() + 1), card_id)


def test_once_the_phone_has_the_stamp_what_comes_next_is_silent(own_till: Till) -> None:
    card_id, phone = stamped_and_pushed(own_till)
    phone.fetch(card_id)
    assert not campaign(own_till.later(2), card_id)


def test_the_end_of_a_pass_is_loud(till: Till) -> None:
    card_id = till.join()
    campaign(till, card_id)
    with till.work() as session:
        end(session, the_pass(session, card_id), till.now)
    assert till.publication(card_id).loud
