"""The worker shows what is due: once, at a campaign's pace, whatever else stumbles; relay and scheduler ask for it."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from issuer import customers, offering
from issuer.cards import locked_card
from issuer.customers import Profile, Told
from issuer.database import transaction
from issuer.offering import Through
from issuer.schema import Agenda, Card, JobRun, OfferVersion, Showing
from issuer.schema import Offer as Row
from tests.conftest import PASS_TYPE, Cafe, open_cafe
from tests.issuer.promoting import VOUCHER, promote
from tests.worker.scene import Hands, PushService, Scene, hands_of, token_of
from worker import offers
from worker.apple_push import push_waiting
from worker.lines import Lines
from worker.offers import note_birthdays, show_offers
from worker.office import Office

AT = datetime(2026, 6, 1, 10, tzinfo=UTC)
MORNING = {"kind": "time", "hours": {"start": "07:00", "end": "10:00"}}
SEVEN = datetime(2026, 6, 2, 5, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """The day on which the café was founded, certificates included: they last for years."""
    return datetime.now(UTC)


@pytest.fixture
def hands(office: Office) -> Hands:
    return hands_of(office, AT)


@pytest.fixture
def shop(scene: Scene, hands: Hands) -> Scene:
    return scene


def live(shop: Scene, cafe: Cafe | None = None, **parts: Any) -> UUID:
    merchant_id = (cafe or shop.cafe).merchant_id
    return promote(shop.office.engine, merchant_id, shop.office.clock.now(), **parts)


def slow(office: Office, rate: int) -> None:
    office.__dict__["settings"] = replace(office.settings, campaign_rate=rate)


def seconds(office: Office, hands: Hands, count: int) -> list[int]:
    """What changes in each of the next seconds."""
    found = []
    for _ in range(count):
        hands.at += timedelta(seconds=1)
        found.append(show_offers(office))
    return found


def shown(shop: Scene, cafe: Cafe | None = None) -> list[UUID]:
    """Cards that show something, one for each showing."""
    with transaction(shop.office.engine, (cafe or shop.cafe).merchant_id) as session:
        return list(session.scalars(select(Showing.card_id).where(Showing.state == "shown")))


def rows(shop: Scene) -> dict[UUID, Agenda]:
    with transaction(shop.office.engine) as session:
        return {row.card_id: row for row in session.scalars(select(Agenda))}


def test_a_live_offer_comes_to_the_phone_with_a_push(
    shop: Scene, office: Office, hands: Hands, service: PushService, lines: Lines
) -> None:
    card_id = shop.card(1)
    live(shop)
    assert show_offers(office) == 1
    assert shown(shop) == [card_id]
    shop.number()
    shop.due(card_id)
    hands.at += timedelta(seconds=60)
    push_waiting(office, lines, PASS_TYPE)
    assert service.accepted() == [token_of(1)]


def test_nothing_due_is_nothing_done(shop: Scene, office: Office, hands: Hands) -> None:
    shop.card(1)
    assert seconds(office, hands, 2) == [0, 0]


def test_a_window_opens_and_closes_by_the_clock_alone(shop: Scene, office: Office, hands: Hands) -> None:
    card_id = shop.card()
    live(shop, trigger=MORNING)
    show_offers(office)
    for at, wanted in ((SEVEN - timedelta(seconds=2), []), (SEVEN, [card_id]), (SEVEN + timedelta(hours=3), [])):
        hands.at = at
        show_offers(office)
        assert shown(shop) == wanted, at


def test_cards_on_phones_change_at_the_campaigns_pace_and_the_rest_waits(
    shop: Scene, office: Office, hands: Hands
) -> None:
    cards = [shop.card(number) for number in range(7)]
    slow(office, 3)
    live(shop)
    assert seconds(office, hands, 5) == [3, 3, 1, 0, 0]
    assert sorted(shown(shop)) == sorted(cards)


def test_cards_on_no_phone_are_not_slowed_down(shop: Scene, office: Office, hands: Hands) -> None:
    for _ in range(60):
        shop.card()
    slow(office, 2)
    live(shop)
    assert seconds(office, hands, 2) == [60, 0]


def test_whoever_was_at_the_till_just_now_does_not_wait_for_a_campaign(
    shop: Scene, office: Office, hands: Hands
) -> None:
    cards = [shop.card(number) for number in range(80)]
    slow(office, 2)
    live(shop)
    seconds(office, hands, 1)
    waits = [card_id for card_id in cards if card_id not in shown(shop)]
    late = sorted(waits)[40]
    hands.at += timedelta(seconds=0.5)
    shop.stamp(late)
    seconds(office, hands, 1)
    assert late in shown(shop)
    assert len(shown(shop)) == 4


def test_each_merchant_gets_a_share_of_the_pace(shop: Scene, other_cafe: Cafe, office: Office, hands: Hands) -> None:
    other = Scene(office, other_cafe)
    for number in range(10):
        shop.card(number)
        other.card(100 + number)
    slow(office, 4)
    live(shop)
    live(shop, other_cafe)
    assert seconds(office, hands, 2) == [4, 4]
    assert (len(shown(shop)), len(shown(shop, other_cafe))) == (4, 4)


def test_what_one_merchant_leaves_of_the_pace_the_other_gets(
    shop: Scene, other_cafe: Cafe, office: Office, hands: Hands
) -> None:
    other = Scene(office, other_cafe)
    shop.card(1)
    for number in range(10):
        other.card(100 + number)
    slow(office, 6)
    live(shop)
    live(shop, other_cafe)
    assert sum(seconds(office, hands, 2)) == 11


def test_with_more_merchants_than_the_pace_allows_each_gets_its_turn(
    shop: Scene, office: Office, hands: Hands, now: datetime
) -> None:
    cafes = [open_cafe(office.engine, now, slug=f"c{number}", suffix=f"-{number}") for number in range(3)]
    for number, cafe in enumerate(cafes):
        scene = Scene(office, cafe)
        for phone in range(5):
            scene.card(100 * number + phone)
        live(shop, cafe)
    slow(office, 1)
    assert seconds(office, hands, 6) == [1] * 6
    assert all(shown(shop, cafe) for cafe in cafes)


def test_however_many_workers_are_told_one_works_in_each_second(shop: Scene, office: Office, hands: Hands) -> None:
    for number in range(6):
        shop.card(number)
    slow(office, 2)
    live(shop)
    assert [show_offers(office) for _ in range(3)] == [2, 0, 0]


def test_two_workers_in_seconds_of_their_own_show_each_card_once(shop: Scene, office: Office) -> None:
    """So that nothing but the rows' locks keeps them apart."""
    cards = [shop.card() for _ in range(30)]
    offer_id = live(shop, unlocks=VOUCHER)
    together = threading.Barrier(4)

    def work(number: int) -> int:
        own = Office(office.settings)
        hands = hands_of(own, AT + timedelta(seconds=number))
        together.wait()
        found = sum(show_offers(own) for hands.at in [AT + timedelta(seconds=number + 4 * turn) for turn in range(4)])
        own.engine.dispose()
        return found

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 30
    assert sorted(shown(shop)) == sorted(cards)
    with transaction(office.engine, shop.cafe.merchant_id) as session:
        row = session.get_one(Row, offer_id)
        assert (row.reached, row.value) == (30, 9000)
        assert set(session.scalars(select(Card.version))) == {2}


def test_a_card_that_cannot_be_looked_at_keeps_nobody_waiting(
    shop: Scene, office: Office, hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    """Its program's rules are none that anybody could read, and an offer asks for them."""
    good = [shop.card() for _ in range(3)]
    bad = shop.card()
    live(shop)
    live(shop, trigger="nearly")
    with transaction(office.engine, shop.cafe.merchant_id) as session:
        # No version of the program has such a number.
        session.execute(text('UPDATE card SET pins = \'{"lunch": "x"}\' WHERE id = :id'), {"id": bad})
    with caplog.at_level(logging.ERROR):
        assert seconds(office, hands, 1) == [3]
    assert sorted(shown(shop)) == sorted(good)
    (row,) = rows(shop).values()
    assert (row.card_id, row.attempts, row.due_at) == (bad, 1, hands.at + timedelta(minutes=1))
    assert str(bad) in caplog.text


def test_what_failed_is_shown_when_it_can_be_and_said_once(
    shop: Scene, office: Office, hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    bad = shop.card()
    live(shop)
    live(shop, trigger="nearly")
    with transaction(office.engine, shop.cafe.merchant_id) as session:
        session.execute(text('UPDATE card SET pins = \'{"lunch": "x"}\' WHERE id = :id'), {"id": bad})
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            seconds(office, hands, 1)
            hands.at += timedelta(minutes=5)
    assert len([one for one in caplog.records if str(bad) in one.getMessage()]) == 1
    with transaction(office.engine, shop.cafe.merchant_id) as session:
        session.execute(update(Card).where(Card.id == bad).values(pins={}))
    hands.at += timedelta(hours=1)
    show_offers(office)
    assert shown(shop) == [bad]


def test_a_merchant_whose_offer_cannot_be_read_keeps_no_other_waiting(
    shop: Scene, other_cafe: Cafe, office: Office, hands: Hands
) -> None:
    other = Scene(office, other_cafe)
    shop.card()
    theirs = other.card()
    live(shop)
    live(shop, other_cafe)
    with transaction(office.engine, shop.cafe.merchant_id) as session:
        session.execute(update(OfferVersion).values(content={"kind": "none"}))
    seconds(office, hands, 2)
    assert (shown(shop), shown(shop, other_cafe)) == ([], [theirs])


def test_a_card_that_a_till_is_at_work_with_comes_in_the_next_second(shop: Scene, office: Office, hands: Hands) -> None:
    busy, free = shop.card(), shop.card()
    live(shop)
    with transaction(office.engine, shop.cafe.merchant_id) as session:
        assert locked_card(session, busy) is not None
        assert seconds(office, hands, 1) == [1]
    assert shown(shop) == [free]
    assert seconds(office, hands, 1) == [1]


def test_after_an_hour_without_workers_all_is_caught_up_at_the_pace_and_what_is_over_is_not(
    shop: Scene, office: Office, hands: Hands
) -> None:
    for number in range(6):
        shop.card(number)
    slow(office, 20)
    live(shop, trigger=MORNING)
    live(shop, trigger={"kind": "time", "hours": {"start": "07:00", "end": "07:30"}})
    seconds(office, hands, 1)
    slow(office, 2)
    hands.at = SEVEN + timedelta(hours=1)
    assert seconds(office, hands, 5) == [2, 2, 2, 0, 0]
    assert len(shown(shop)) == 6


def test_a_clock_that_is_set_back_repeats_nothing(shop: Scene, office: Office, hands: Hands) -> None:
    card_id = shop.card(1)
    live(shop, trigger=MORNING)
    for at in (
        AT,
        SEVEN,
        SEVEN + timedelta(hours=3),
        SEVEN + timedelta(minutes=5),
        SEVEN + timedelta(hours=3, minutes=5),
    ):
        hands.at = at
        show_offers(office)
    with transaction(office.engine, shop.cafe.merchant_id) as session:
        assert session.scalar(select(func.count()).select_from(Showing)) == 1
        assert session.get_one(Card, card_id).version == 3


def test_the_seconds_that_were_worked_in_are_forgotten_after_a_minute(
    shop: Scene, office: Office, hands: Hands
) -> None:
    seconds(office, hands, 3)
    hands.at += timedelta(minutes=2)
    seconds(office, hands, 1)
    with transaction(office.engine) as session:
        assert session.scalar(select(func.count()).where(JobRun.name == offers.SLOT)) == 1


def test_an_offer_that_ends_is_off_all_cards_soon(shop: Scene, office: Office, hands: Hands) -> None:
    for _ in range(3):
        shop.card()
    offer_id = live(shop)
    seconds(office, hands, 1)
    with transaction(office.engine, shop.cafe.merchant_id) as session:
        offering.end(session, offer_id, Through(shop.cafe.merchant_id, hands.at))
    assert seconds(office, hands, 1) == [3]
    assert (shown(shop), rows(shop)) == ([], {})


def test_birthdays_are_looked_up_once_an_hour(shop: Scene, office: Office, hands: Hands) -> None:
    card_id = shop.card()
    live(shop, trigger="birthday")
    seconds(office, hands, 1)
    with transaction(office.engine, shop.cafe.merchant_id) as session:
        customer_id = session.get_one(Card, card_id).customer_id
        told = Profile(birthday=date(1980, 6, 1))
        customers.remember(session, office.keys, customer_id, told, Told("page"), hands.at)
    found = []
    for minutes in (0, 30, 30):
        hands.at += timedelta(minutes=minutes)
        found.append(note_birthdays(office))
    assert found == [1, 0, 1]
    seconds(office, hands, 1)
    assert shown(shop) == [card_id]
    hands.at += timedelta(hours=1)
    assert note_birthdays(office) == 0
