"""Google's publications on their way: wished for once, written by one worker at a time, in order, quietly enough."""

from threading import Barrier, Thread
from uuid import UUID

import pytest
from sqlalchemy import func, select

from issuer import google_relaying
from issuer.cards import locked_card
from issuer.merging import locked_two, merge
from issuer.moving import move, retire
from issuer.publishing import APPLE, AT_THE_TILL, CAMPAIGN, ENDED, GOOGLE, JOINED, publish
from issuer.relaying import waiting_pass_types
from issuer.schema import Card, Event, GoogleObject, Pass, Publication
from tests.issuer.counting import Till, locked
from tests.issuer.google import LEASE, Android, live_pass

DAY = 24 * 3600


@pytest.fixture
def android(own_till: Till) -> Android:
    return Android(own_till)


@pytest.fixture
def card_id(android: Android) -> UUID:
    """A card that Google has."""
    return android.saved()


def _channels(till: Till, card_id: UUID) -> list[str]:
    with till.work() as session:
        query = select(Publication.channel).join(Pass, Pass.id == Publication.pass_id).where(Pass.card_id == card_id)
        return sorted(session.scalars(query))


def test_nobody_asked_so_google_has_nothing_to_do(android: Android) -> None:
    card_id = android.till.join()
    android.till.stamped(card_id)
    android.number()
    assert _channels(android.till, card_id) == [APPLE]
    assert not android.waits()
    assert android.claim() == []


def test_who_asks_first_has_to_wait_for_the_object(android: Android) -> None:
    card_id = android.till.join()
    assert android.ask(card_id) is False
    android.push()
    assert android.ask(card_id) is True


def test_a_card_asked_for_is_due_at_once_with_all_that_is_on_it(android: Android) -> None:
    card_id = android.till.join()
    android.till.stamped(card_id, 3)
    android.ask(card_id)
    android.number()
    (claimed,) = android.claim()
    assert (claimed.card_id, claimed.version, claimed.kind, claimed.inserted) == (card_id, 2, "loyalty", False)
    assert (claimed.priority, claimed.program_id) == (AT_THE_TILL, android.till.shop.program_id)


def test_asking_twice_changes_nothing(android: Android, card_id: UUID) -> None:
    assert android.later(5).ask(card_id) is True
    assert android.later(5).push() == []


def test_asking_again_while_it_is_on_its_way_changes_nothing(android: Android) -> None:
    card_id = android.till.join()
    for _ in range(2):
        android.ask(card_id)
    android.number()
    (claimed,) = android.claim()
    android.ask(card_id)
    assert android.number() == 0
    assert android.publication(claimed.pass_id).leased_until == claimed.leased_until


def test_what_google_never_took_is_tried_again_for_who_asks_again(android: Android) -> None:
    card_id = android.till.join()
    android.ask(card_id)
    android.number()
    android.settle(*android.claim(), sent=False, again_in=3600, answer="503 backendError")
    assert android.later(5).ask(card_id) is False
    assert android.later(5).ask(card_id) is False
    assert android.later(9).push_claimed() == []
    assert [one.version for one in android.later(10).push_claimed()] == [1]


def test_what_google_has_keeps_its_pause_whoever_asks(android: Android, card_id: UUID) -> None:
    after = android.changed(card_id)
    after.settle(*after.claim(), sent=False, again_in=3600, answer="503 backendError")
    assert after.ask(card_id) is True
    assert after.later(10).push_claimed() == []


def test_two_who_ask_at_once_get_one_object(android: Android) -> None:
    card_id, both = android.till.join(), Barrier(2)

    def ask() -> None:
        both.wait()
        android.ask(card_id)

    threads = [Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(android.push()) == 1


def test_a_stamp_that_is_under_way_while_somebody_asks_is_not_lost(android: Android) -> None:
    card_id = android.till.join()
    asking = Thread(target=android.ask, args=(card_id,))
    with android.till.work() as session:
        publish(session, [locked(session, card_id)], "test", CAMPAIGN, android.till.now)
        asking.start()
        asking.join(0.2)
        assert asking.is_alive(), "it waits for the card"
    asking.join()
    android.number()
    assert [one.version for one in android.claim()] == [2]


def test_a_revoked_pass_is_not_put_on_google_any_more(android: Android) -> None:
    card_id = android.till.join()
    with android.till.work() as session:
        issue = live_pass(session, card_id)
        retire(session, issue, android.till.now)
        assert google_relaying.wish(session, issue, session.get_one(Card, card_id), android.till.now) is False
    assert _channels(android.till, card_id) == [APPLE]


def test_each_change_wishes_for_both_wallets(android: Android, card_id: UUID) -> None:
    android.till.stamped(card_id)
    with android.till.work() as session:
        rows = session.execute(select(Publication.channel, Publication.wanted_version, Publication.reason)).all()
    assert sorted(tuple(row) for row in rows) == [(APPLE, 2, "stamp"), (GOOGLE, 2, "stamp")]


def test_a_change_asks_google_only_for_cards_that_are_there(android: Android, card_id: UUID) -> None:
    other = android.till.join()
    with android.till.work() as session:
        cards = session.scalars(select(Card).order_by(Card.id).with_for_update()).all()
        publish(session, cards, "design", CAMPAIGN, android.later(5).till.now)
    assert _channels(android.till, other) == [APPLE]
    assert [one.card_id for one in android.later(5).numbered()] == [card_id]


def test_what_google_is_to_have_is_no_business_of_apples_workers(android: Android, card_id: UUID) -> None:
    android.changed(card_id)
    with android.till.work() as session:
        assert waiting_pass_types(session, android.later(9).till.now) == []
    assert android.later(9).waits()


def test_a_claimed_object_is_nobody_elses(android: Android, card_id: UUID) -> None:
    after = android.changed(card_id)
    assert [(one.card_id, one.version, one.attempts, one.inserted) for one in after.claim()] == [(card_id, 2, 1, True)]
    assert after.claim() == []
    assert not after.waits()


def test_two_workers_at_once_share_the_work_without_waiting(android: Android) -> None:
    cards = [android.till.join() for _ in range(4)]
    for card_id in cards:
        android.ask(card_id)
    android.number()
    now = android.till.now
    with android.till.work() as one, android.till.work() as other:
        first = google_relaying.claim(one, now, LEASE, 2)
        second = google_relaying.claim(other, now, LEASE, 4)
    assert (len(first), len(second)) == (2, 2)
    assert {claimed.card_id for claimed in first + second} == set(cards)


def test_the_till_goes_before_a_campaign(android: Android) -> None:
    campaign, at_the_till = android.saved(), android.saved()
    after = android.later(5)
    with after.till.work() as session:
        publish(session, [locked(session, campaign)], "design", CAMPAIGN, android.later(4).till.now)
    after.till.stamped(at_the_till)
    after.number()
    assert [one.card_id for _ in range(2) for one in after.claim(1)] == [at_the_till, campaign]


def test_in_one_claim_the_tills_come_first(android: Android) -> None:
    campaign, at_the_till = android.saved(), android.saved()
    after = android.later(5)
    with after.till.work() as session:
        publish(session, [locked(session, campaign)], "design", CAMPAIGN, android.later(4).till.now)
    after.till.stamped(at_the_till)
    assert [one.card_id for one in after.numbered()] == [at_the_till, campaign]


def test_a_worker_may_leave_campaigns_to_others(android: Android, card_id: UUID) -> None:
    after = android.later(5)
    with after.till.work() as session:
        publish(session, [locked(session, card_id)], "design", CAMPAIGN, after.till.now)
    after.number()
    with after.till.work() as session:
        assert google_relaying.claim(session, after.till.now, LEASE, least=AT_THE_TILL) == []
        assert [one.card_id for one in google_relaying.claim(session, after.till.now, LEASE)] == [card_id]


def test_what_may_have_arrived_late_is_sent_once_more(android: Android, card_id: UUID) -> None:
    after = android.changed(card_id)
    claims = after.push_claimed()
    with after.till.work() as session:
        google_relaying.ask_again(session, claims, after.till.now)
    assert [one.version for one in after.push()] == [2]


def test_a_settled_object_is_at_rest(android: Android, card_id: UUID) -> None:
    wish = android.publication(android.pass_id(card_id))
    assert (wish.push_at, wish.leased_until, wish.pushed_version, wish.pushed_at) == (None, None, 1, android.till.now)
    assert android.row(wish.pass_id).inserted_at == android.till.now
    assert android.later(3600).claim() == []


def test_what_was_not_sent_comes_again_when_it_was_told_to(android: Android, card_id: UUID) -> None:
    after = android.changed(card_id)
    after.settle(*after.claim(), sent=False, again_in=30, answer="503 backendError")
    wish = android.publication(android.pass_id(card_id))
    assert (wish.pushed_version, wish.leased_until) == (1, None)
    assert android.row(wish.pass_id).answer == "503 backendError"
    assert after.later(29).claim() == []
    assert [one.attempts for one in after.later(30).claim()] == [2]


def test_what_is_given_up_rests_until_the_next_change(android: Android, card_id: UUID) -> None:
    after = android.changed(card_id)
    after.settle(*after.claim(), sent=False, answer="400 invalidResource")
    assert after.later(DAY).claim() == []
    assert android.row(android.pass_id(card_id)).answer == "400 invalidResource"
    assert [one.version for one in after.changed(card_id).push_claimed()] == [3]
    assert android.row(android.pass_id(card_id)).answer is None


def test_the_work_of_a_dead_worker_is_free_when_its_lease_is_over(android: Android, card_id: UUID) -> None:
    after = android.changed(card_id)
    after.claim()
    assert after.later(19.9).claim() == []
    assert [one.attempts for one in after.later(20).claim()] == [2]


def test_a_change_numbered_during_a_request_keeps_its_own(android: Android, card_id: UUID) -> None:
    after = android.changed(card_id)
    claims = after.claim()
    later = after.changed(card_id)
    assert later.claim() == [], "nobody writes it while the older one is under way"
    later.settle(*claims)
    assert [one.version for one in later.claim()] == [3]


def test_a_change_numbered_during_a_request_does_not_wait_for_the_older_ones_pause(
    android: Android, card_id: UUID
) -> None:
    after = android.changed(card_id)
    claims = after.claim()
    later = after.changed(card_id)
    later.settle(*claims, sent=False, again_in=600)
    assert [(one.version, one.attempts) for one in later.claim()] == [(3, 1)]


def test_a_late_worker_does_not_give_up_what_another_one_holds(android: Android, card_id: UUID) -> None:
    after = android.changed(card_id)
    late = after.claim()
    taken = after.later(20).claim()
    after.later(21).settle(*late)
    wish = android.publication(android.pass_id(card_id))
    assert wish.leased_until == taken[0].leased_until
    assert after.later(21).claim() == []


def test_a_late_worker_never_lowers_what_google_has(android: Android, card_id: UUID) -> None:
    after = android.changed(card_id)
    late = after.claim()
    other = after.changed(card_id, 20)
    other.settle(*other.claim())
    other.later(1).settle(*late)
    wish = android.publication(android.pass_id(card_id))
    assert (wish.pushed_version, wish.push_at) == (3, None)


def test_what_was_not_begun_goes_back_as_if_it_never_had_been_taken(android: Android, card_id: UUID) -> None:
    after = android.changed(card_id)
    with after.till.work() as session:
        google_relaying.release(session, google_relaying.claim(session, after.till.now, LEASE), after.till.now)
    (claimed,) = after.claim()
    assert (claimed.attempts, claimed.notify, android.row(claimed.pass_id).notices) == (1, True, [after.till.now])


def test_what_was_sent_is_history_of_the_card(android: Android, card_id: UUID) -> None:
    with android.till.work() as session:
        event = session.scalars(select(Event).where(Event.kind == "pushed")).one()
    assert (event.card_id, event.data) == (card_id, {"version": 1, "wallet": "google"})


def test_what_was_not_sent_is_no_history(android: Android, card_id: UUID) -> None:
    after = android.changed(card_id)
    after.settle(*after.claim(), sent=False, again_in=1)
    with android.till.work() as session:
        assert session.scalar(select(func.count()).where(Event.kind == "pushed")) == 1


def test_a_pass_that_ends_is_due_once_more_and_calls_nobody(android: Android, card_id: UUID) -> None:
    pass_id, after = android.pass_id(card_id), android.later(5)
    with after.till.work() as session:
        retire(session, session.get_one(Pass, pass_id), after.till.now)
    (claimed,) = after.numbered()
    assert (claimed.version, claimed.reason, claimed.notify, claimed.inserted) == (2, ENDED, False, True)
    after.settle(claimed)
    after.later(5).till.stamped(card_id)
    assert after.later(5).numbered() == [], "nothing that becomes of the card is told to it"


def test_retiring_twice_ends_once(android: Android, card_id: UUID) -> None:
    pass_id, after = android.pass_id(card_id), android.later(5)
    for _ in range(2):
        with after.till.work() as session:
            retire(session, session.get_one(Pass, pass_id), after.till.now)
    assert [one.version for one in after.numbered()] == [2]


def test_what_google_never_had_is_told_to_be_over_before_it_began(android: Android) -> None:
    card_id = android.till.join()
    android.ask(card_id)
    pass_id = android.pass_id(card_id)
    with android.till.work() as session:
        retire(session, session.get_one(Pass, pass_id), android.till.now)
    (claimed,) = android.numbered()
    assert (claimed.reason, claimed.inserted) == (ENDED, False)


def test_a_moved_card_ends_on_the_old_phone_and_is_asked_for_anew_on_the_next(android: Android, card_id: UUID) -> None:
    old, after = android.pass_id(card_id), android.later(5)
    with after.till.work() as session:
        move(session, after.till.keys, locked(session, card_id), after.till.visit())
    assert [(one.pass_id, one.reason) for one in after.numbered()] == [(old, ENDED)]
    assert after.ask(card_id) is False
    (claimed,) = after.numbered()
    assert (claimed.pass_id, claimed.reason, claimed.version) == (android.pass_id(card_id), JOINED, 2)


def test_a_card_that_went_into_another_ends_and_the_other_changes(android: Android, card_id: UUID) -> None:
    other, after = android.saved(), android.later(5)
    gone = android.pass_id(card_id)
    after.till.stamped(card_id, 2)
    with after.till.work() as session:
        into, from_ = locked_two(session, other, card_id)
        assert into is not None
        assert from_ is not None
        merge(session, after.till.keys, into, from_, after.till.visit())
    ended = {one.pass_id: one.reason == ENDED for one in after.numbered()}
    assert ended == {gone: True, android.pass_id(other): False}


def test_a_wish_waits_for_whoever_has_the_card(android: Android) -> None:
    """And so takes the card before its publication, in the order of everybody."""
    card_id = android.till.join()
    with android.till.work() as session:
        google_relaying.wish(session, live_pass(session, card_id), session.get_one(Card, card_id), android.till.now)
        free = select(Card.id).where(Card.id == card_id).with_for_update(skip_locked=True)
        with android.till.work() as other:
            assert other.scalar(free) is None
        assert locked_card(session, card_id) is not None


def test_many_workers_write_each_object_in_order_and_once_a_version(android: Android) -> None:
    """Nothing sent twice, nothing older after something newer, all at the version of their card in the end."""
    cards = [android.saved() for _ in range(6)]
    written: dict[UUID, list[int]] = {card_id: [] for card_id in cards}
    for turn in range(1, 5):
        after = android.later(10 * turn)
        for card_id in cards:
            after.till.stamped(card_id)
        after.number()
        workers = [Thread(target=_work, args=(after, written)) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert set(map(tuple, written.values())) == {(2, 3, 4, 5)}
    with android.till.work() as session:
        assert set(session.scalars(select(Publication.pushed_version).where(Publication.channel == GOOGLE))) == {5}
        assert session.scalar(select(func.count()).select_from(GoogleObject)) == len(cards)


def _work(android: Android, written: dict[UUID, list[int]]) -> None:
    while claims := android.claim(2):
        for claimed in claims:
            written[claimed.card_id].append(claimed.version)
        android.settle(*claims)
