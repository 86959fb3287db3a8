"""A published design reaches every card of its brand once, at the pace that was asked for."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from issuer import brands, relaying, rollouts
from issuer.branding import load_branding
from issuer.cards import locked_card
from issuer.database import transaction
from issuer.joining import Joining, join
from issuer.program_changes import create_stamp_program
from issuer.publishing import AT_THE_TILL, CAMPAIGN
from issuer.rollouts import Reach
from issuer.schema import GoogleObject, Merchant, Pass, Program
from tests.issuer.counting import Till, found
from tests.issuer.google import Android
from tests.issuer.phones import number
from tests.issuer.redesigning import (
    DARK,
    FAST,
    LIGHT,
    advance,
    finish,
    now_worn,
    on_phone,
    redesign,
    told,
    versions,
    waiting,
)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """How many cards a step takes along at most."""
    return lambda most: monkeypatch.setattr(rollouts, "AT_ONCE", most)


@pytest.mark.parametrize("most", [1, 2, 3, 7, 200])
@pytest.mark.parametrize("rate", [1, 20])
def test_every_card_is_told_once_in_steps_of_any_size(
    own_till: Till, at_once: Callable[[int], None], most: int, rate: int
) -> None:
    at_once(most)
    cards = [own_till.join() for _ in range(7)]
    for card_id in cards[::3]:
        on_phone(own_till, card_id)
    redesign(own_till.later(1), DARK)
    finish(own_till.later(1), rate)
    assert versions(own_till) == dict.fromkeys(cards, 2)
    for card_id in cards:
        wish = own_till.publication(card_id)
        assert (wish.wanted_version, wish.reason, wish.priority) == (2, "design", CAMPAIGN)
        assert wish.due_at is not None
    assert now_worn(own_till) == Reach(phones=3, have=0, cards=7, told=7, over=True)


def test_a_brand_without_cards_is_done_at_once(own_till: Till) -> None:
    redesign(own_till, DARK)
    assert advance(own_till)
    assert not advance(own_till.later(60))
    assert now_worn(own_till) == Reach(phones=0, have=0, cards=0, told=0, over=True)


def test_without_a_publication_there_is_nothing_to_do(own_till: Till) -> None:
    own_till.join()
    assert not advance(own_till)
    assert told(own_till) == 0


def test_a_step_that_is_killed_was_never_made(own_till: Till, at_once: Callable[[int], None]) -> None:
    at_once(2)
    cards = [own_till.join() for _ in range(5)]
    redesign(own_till, DARK)
    for so_far in (0, 2, 4):
        with suppress(ZeroDivisionError), transaction(own_till.engine) as session:
            assert rollouts.advance(session, own_till.now, FAST)
            raise ZeroDivisionError
        assert told(own_till) == so_far
        assert advance(own_till)
    assert versions(own_till) == dict.fromkeys(cards, 2)
    assert not advance(own_till.later(1))


def test_two_relays_at_once_tell_every_card_once(own_till: Till, at_once: Callable[[int], None]) -> None:
    at_once(3)
    cards = [own_till.join() for _ in range(40)]
    redesign(own_till, DARK)

    def relay() -> None:
        while waiting(own_till):
            advance(own_till)

    with ThreadPoolExecutor(3) as pool:
        for run in [pool.submit(relay) for _ in range(3)]:
            run.result(60)
    assert versions(own_till) == dict.fromkeys(cards, 2)
    assert now_worn(own_till).told == 40


def test_a_second_relay_does_not_wait_for_the_first_and_finds_nothing_to_do(own_till: Till) -> None:
    own_till.join()
    redesign(own_till, DARK)
    with transaction(own_till.engine) as session:
        assert rollouts.advance(session, own_till.now, FAST)
        assert not advance(own_till)
    assert told(own_till) == 1


def test_cards_that_join_meanwhile_are_told_once_at_most_and_no_older_one_is_left_out(
    own_till: Till, at_once: Callable[[int], None]
) -> None:
    at_once(2)
    before = [own_till.join() for _ in range(6)]
    redesign(own_till, DARK)
    later = []
    for _ in range(3):
        advance(own_till)
        later += [own_till.join() for _ in range(4)]
    finish(own_till)
    found_versions = versions(own_till)
    assert [found_versions[card_id] for card_id in before] == [2] * 6
    assert {found_versions[card_id] for card_id in later} <= {1, 2}


def test_a_card_that_is_being_made_while_the_rollout_passes_was_never_seen_in_the_old_look(own_till: Till) -> None:
    """Its maker commits late: nobody could download it before, so it needs not be told."""
    redesign(own_till, DARK)
    with own_till.work() as session:
        program = session.get_one(Program, own_till.shop.program_id)
        card_id = join(session, own_till.keys, program, Joining("de", "api"), own_till.now).id
        finish(own_till)
    on_phone(own_till, card_id)
    assert own_till.publication(card_id).due_at is None
    assert now_worn(own_till).have == 1


@pytest.mark.parametrize("rate", [1, 3, 7, 20])
def test_phones_are_told_at_the_pace_and_no_faster(own_till: Till, rate: int) -> None:
    for _ in range(2 * rate + 2):
        on_phone(own_till, own_till.join())
    redesign(own_till, DARK)
    counts, at = [0], own_till
    while counts[-1] < 2 * rate + 2:
        advance(at, rate)
        counts.append(told(at))
        at = at.later(0.05)
        assert len(counts) < 200
    rises = [later - earlier for earlier, later in pairwise(counts)]
    assert max(sum(rises[start : start + 20]) for start in range(len(rises))) <= rate
    assert 2.0 <= (at.now - own_till.now).total_seconds() < 4.5


def test_many_relays_keep_the_pace_of_one(own_till: Till) -> None:
    for _ in range(12):
        on_phone(own_till, own_till.join())
    redesign(own_till, DARK)
    for _ in range(30):
        advance(own_till, rate=10)
    assert told(own_till) == 2
    for _ in range(30):
        advance(own_till.later(0.2), rate=10)
    assert told(own_till) == 4


def test_cards_on_no_phone_take_no_time(own_till: Till, at_once: Callable[[int], None]) -> None:
    at_once(5)
    for _ in range(21):
        own_till.join()
    redesign(own_till, DARK)
    while advance(own_till, rate=1):
        pass
    assert told(own_till) == 21


def test_cards_on_no_phone_do_not_slow_the_others(own_till: Till, at_once: Callable[[int], None]) -> None:
    at_once(5)
    cards = [own_till.join() for _ in range(30)]
    for card_id in cards[::10]:
        on_phone(own_till, card_id)
    redesign(own_till, DARK)
    for tick in range(0, 5):
        while advance(own_till.later(tick / 2), rate=2):
            pass
    assert told(own_till) == 30


def test_a_card_on_many_phones_counts_as_one_and_one_that_moved_away_as_none(own_till: Till) -> None:
    shared, moved, plain = (own_till.join() for _ in range(3))
    on_phone(own_till, shared), on_phone(own_till, shared), on_phone(own_till, moved)
    with own_till.work() as session:
        session.execute(update(Pass).where(Pass.card_id == moved).values(revoked_at=own_till.now))
    redesign(own_till, DARK)
    advance(own_till, rate=5)
    assert versions(own_till) == dict.fromkeys((shared, moved, plain), 2)
    assert now_worn(own_till).phones == 2


def test_a_card_that_a_till_is_at_work_with_is_not_waited_for_and_told_later(own_till: Till) -> None:
    cards = sorted(own_till.join() for _ in range(4))
    redesign(own_till, DARK)
    with own_till.work() as session:
        locked_card(session, cards[2])
        for _ in range(3):
            assert advance(own_till)
        assert [versions(own_till)[card_id] for card_id in cards] == [2, 2, 1, 1]
        assert not now_worn(own_till).over
    finish(own_till)
    assert versions(own_till) == dict.fromkeys(cards, 2)


def test_a_second_design_takes_the_place_of_the_first_and_leaves_no_card_untold(
    own_till: Till, at_once: Callable[[int], None]
) -> None:
    at_once(2)
    cards = [own_till.join() for _ in range(6)]
    redesign(own_till, DARK)
    advance(own_till)
    before = versions(own_till)
    redesign(own_till, LIGHT)
    assert finish(own_till) == 4
    assert versions(own_till) == {card_id: version + 1 for card_id, version in before.items()}
    assert sorted(before.values()) == [1, 1, 1, 1, 2, 2]
    assert now_worn(own_till) == Reach(phones=0, have=0, cards=len(cards), told=6, over=True)


def test_a_second_design_that_meets_a_step_of_the_first_waits_for_it_and_ends_it(
    own_till: Till, at_once: Callable[[int], None]
) -> None:
    at_once(2)
    cards = [own_till.join() for _ in range(4)]
    redesign(own_till, DARK)
    with ThreadPoolExecutor(1) as pool:
        with transaction(own_till.engine) as session:
            assert rollouts.advance(session, own_till.now, FAST)
            second = pool.submit(redesign, own_till, LIGHT)
        second.result(20)
    assert waiting(own_till) == 1
    before = versions(own_till)
    finish(own_till)
    assert versions(own_till) == {card_id: version + 1 for card_id, version in before.items()}
    assert len(before) == len(cards)


def test_a_stamp_goes_before_the_campaign(own_till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = [own_till.join() for _ in range(5)]
    redesign(own_till, DARK)
    finish(own_till)
    own_till.later(1).stamped(cards[3])
    assert own_till.publication(cards[3]).priority == AT_THE_TILL
    monkeypatch.setattr(relaying, "AT_ONCE", 1)
    assert number(own_till, own_till.later(1).now) == 1
    assert own_till.publication(cards[3]).tagged_version == 3


def test_every_program_of_the_brand_is_told_and_no_other_brand_or_merchant(own_till: Till) -> None:
    program_id = own_till.open_program()
    other_brand = _second_brand(own_till)
    stranger = found(own_till.engine, own_till.keys, own_till.now)
    first, second, not_ours = own_till.join(), _join(own_till, program_id), _join(own_till, other_brand)
    theirs = stranger.join()
    redesign(own_till, DARK)
    finish(own_till)
    assert versions(own_till) == {first: 2, second: 2, not_ours: 1}
    assert versions(stranger) == {theirs: 1}
    assert now_worn(own_till).cards == 2
    assert now_worn(stranger) == Reach(phones=0, have=0, cards=1, told=0, over=True)


def _second_brand(till: Till) -> UUID:
    """A program in a look of its own; whether it is the merchant's second brand is told by its time."""
    later = till.later(60).now
    with till.work() as session:
        merchant = session.get_one(Merchant, till.shop.merchant_id)
        brand = brands.create_brand(session, merchant, load_branding("cafe"), later)
        return create_stamp_program(session, brand, load_branding("cafe"), uuid4().hex, later).id


def _join(till: Till, program_id: UUID) -> UUID:
    with till.work() as session:
        program = session.get_one(Program, program_id)
        return join(session, till.keys, program, Joining("de", "api"), till.now).id


def test_designs_of_two_merchants_go_forward_in_turn(own_till: Till, at_once: Callable[[int], None]) -> None:
    at_once(1)
    tills = [own_till, found(own_till.engine, own_till.keys, own_till.now)]
    for till in tills:
        for _ in range(3):
            till.join()
        redesign(till, DARK)
    for tick in range(4):
        advance(own_till.later(tick / 10))
    assert all(1 <= told(till) < 4 for till in tills)
    finish(own_till.later(1))
    assert [told(till) for till in tills] == [3, 3]


def test_cards_that_google_has_keep_the_pace_too_and_count_once_they_are_saved(own_till: Till) -> None:
    android = Android(own_till)
    cards = [android.saved() for _ in range(7)]
    redesign(own_till.later(1), DARK)
    advance(own_till.later(1), 5)
    assert told(own_till) == 1
    finish(own_till.later(2), 5)
    with own_till.work() as session:
        session.execute(update(GoogleObject).values(has_users=True))
    assert now_worn(own_till) == Reach(phones=7, have=0, cards=7, told=7, over=True)
    assert {one.card_id for one in android.later(9).push()} == set(cards)
    assert now_worn(own_till).have == 7
