"""The worker looks after what is due: once, at a campaign's pace, whatever else stumbles."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from celery import Celery
from sqlalchemy import func, insert, select, update

from issuer import due, vouchers
from issuer.cards import locked_card
from issuer.database import transaction
from issuer.ledger import Actor
from issuer.program_changes import Plan, correct_program
from issuer.rules import Rules
from issuer.rules.vouchers import Worth
from issuer.schema import Card, Due, Entry, JobRun, Posting, Program, Voucher
from issuer.settings import Settings
from issuer.visits import Visit
from tests.conftest import PASS_TYPE, Cafe
from tests.worker.scene import Hands, PushService, Scene, hands_of, token_of
from worker import looking_after
from worker.app import make_celery
from worker.apple_push import push_waiting
from worker.lines import Lines
from worker.looking_after import look_after
from worker.office import Office
from worker.relay import Relay

JOINED = datetime(2026, 1, 15, 11, tzinfo=UTC)
OVER = datetime(2027, 2, 1, 9, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """The day on which the café was founded, certificates included: they last for years."""
    return datetime.now(UTC)


@pytest.fixture
def hands(office: Office) -> Hands:
    return hands_of(office, JOINED)


@pytest.fixture
def shop(scene: Scene, hands: Hands, cafe: Cafe) -> Scene:
    """Its stamps last a year and a week."""
    with transaction(scene.office.engine, cafe.merchant_id) as session:
        program = session.get_one(Program, cafe.program_id)
        stamps = {"kind": "stamps", "stamps_needed": 10, "reward_id": str(cafe.reward_id)}
        rules = Rules.read({"parts": [stamps, {"kind": "expiry", "what": "stamps", "months": 12}]})
        correct_program(session, program, Plan({"de": "x", "en": "x"}, rules), JOINED)
    return scene


def stamped(shop: Scene, *phones: int) -> UUID:
    card_id = shop.card(*phones)
    shop.stamp(card_id)
    return card_id


def expiries(shop: Scene) -> int:
    with transaction(shop.office.engine, shop.cafe.merchant_id) as session:
        return session.scalar(select(func.count()).where(Posting.cause == "expiry")) or 0


def waiting(shop: Scene) -> int:
    with transaction(shop.office.engine) as session:
        return len(due.waiting(session, shop.office.clock.now(), 10_000))


def turns(office: Office, hands: Hands, seconds: int) -> list[int]:
    """What is done in each of the next seconds."""
    done = []
    for _ in range(seconds):
        hands.at += timedelta(seconds=1)
        done.append(look_after(office))
    return done


def test_what_is_over_is_booked_and_pushed_to_the_phone(
    shop: Scene, office: Office, hands: Hands, service: PushService, lines: Lines
) -> None:
    card_id = stamped(shop, 1)
    hands.at = OVER
    assert look_after(office) == 1
    assert expiries(shop) == 1
    shop.number()
    shop.due(card_id)
    hands.at += timedelta(seconds=60)
    push_waiting(office, lines, PASS_TYPE)
    assert service.accepted() == [token_of(1)]


def test_nothing_due_is_nothing_done(shop: Scene, office: Office, hands: Hands) -> None:
    stamped(shop)
    assert look_after(office) == 0
    assert waiting(shop) == 0


def test_what_was_looked_after_is_not_due_again_until_something_is(shop: Scene, office: Office, hands: Hands) -> None:
    stamped(shop)
    hands.at = OVER
    assert turns(office, hands, 3) == [1, 0, 0]


def test_two_workers_at_once_book_once(shop: Scene, office: Office, hands: Hands) -> None:
    """Each in a second of its own, so that nothing but the cards' locks keeps them apart."""
    for _ in range(10):
        stamped(shop)
    together = threading.Barrier(2)

    def work(number: int) -> int:
        own = Office(office.settings)
        hands_of(own, OVER + timedelta(seconds=number))
        together.wait()
        done = look_after(own)
        own.engine.dispose()
        return done

    with ThreadPoolExecutor(2) as pool:
        done = sum(pool.map(work, range(2)))
    hands.at = OVER + timedelta(seconds=10)
    done += look_after(office)
    assert (done, expiries(shop)) == (10, 10)


def test_of_the_workers_that_are_told_in_one_second_one_works(shop: Scene, office: Office, hands: Hands) -> None:
    stamped(shop)
    hands.at = OVER
    assert look_after(office) == 1
    stamped_late = Due(
        card_id=uuid4(), merchant_id=shop.cafe.merchant_id, what="tier", key="", due_at=OVER - timedelta(hours=1)
    )
    with transaction(office.engine) as session:
        session.add(stamped_late)
    assert look_after(office) == 0
    assert waiting(shop) == 1


def test_a_worker_killed_between_claim_and_commit_loses_nothing(
    shop: Scene, office: Office, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamped(shop)
    hands.at = OVER

    class Killed(BaseException):
        pass

    def killed(*_anything: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(looking_after, "_is_on_phones", killed)
        with pytest.raises(Killed):
            look_after(office)
    assert (expiries(shop), waiting(shop)) == (0, 1)
    assert turns(office, hands, 1) == [1]
    assert expiries(shop) == 1


def test_phones_are_told_at_the_pace_of_a_campaign(shop: Scene, office: Office, hands: Hands) -> None:
    for phone in range(7):
        stamped(shop, phone)
    slow = Office(replace(office.settings, campaign_rate=3))
    slow.__dict__["clock"] = hands
    hands.at = OVER
    assert turns(slow, hands, 4) == [3, 3, 1, 0]


def test_a_thousand_cards_due_at_one_moment_are_paced_and_none_is_forgotten(
    shop: Scene, office: Office, hands: Hands
) -> None:
    """Only some are on phones; nobody waits for the others."""
    with_phone = [stamped(shop, phone) for phone in range(4)]
    _strangers(shop, 996)
    quick = Office(replace(office.settings, campaign_rate=2))
    quick.__dict__["clock"] = hands
    hands.at = OVER
    assert waiting(shop) == 1000
    done = turns(quick, hands, 6)
    assert max(done) <= looking_after.AT_ONCE
    assert sum(done) >= len(with_phone)
    assert (waiting(shop), expiries(shop)) == (0, 4)


def _strangers(shop: Scene, count: int) -> None:
    """Duties of cards that are not there any more: cheaper than cards, and due all the same."""
    rows = [
        {"card_id": uuid4(), "merchant_id": shop.cafe.merchant_id, "what": "expiry", "key": "", "due_at": OVER}
        for _ in range(count)
    ]
    with transaction(shop.office.engine) as session:
        session.execute(insert(Due).values(rows))


def test_what_stumbles_keeps_nothing_else_waiting_and_is_said_once(
    shop: Scene, office: Office, hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = stamped(shop), stamped(shop)
    with transaction(office.engine, shop.cafe.merchant_id) as session:
        session.execute(
            update(Due).where(Due.card_id == broken).values(what="nobody's work", due_at=OVER - timedelta(days=1))
        )
    hands.at = OVER
    caplog.set_level(logging.ERROR)
    assert look_after(office) == 1
    for _ in range(3):
        hands.at += timedelta(hours=1)
        assert look_after(office) == 0
    said = [record.getMessage() for record in caplog.records if record.name == looking_after.__name__]
    assert len(said) == 1
    assert str(broken) in said[0]
    assert str(sound) not in said[0]
    with transaction(office.engine) as session:
        assert session.scalars(select(Due.attempts).where(Due.card_id == broken)).one() == 4


def test_a_card_at_the_till_is_left_for_the_next_look(shop: Scene, office: Office, hands: Hands) -> None:
    card_id = stamped(shop)
    hands.at = OVER
    with transaction(office.engine, shop.cafe.merchant_id) as session:
        locked_card(session, card_id)
        assert look_after(office) == 0
    assert turns(office, hands, 1) == [1]


def test_a_voucher_that_was_not_used_goes_at_its_end(shop: Scene, office: Office, hands: Hands) -> None:
    card_id = shop.card()
    wanted = vouchers.Wanted({"de": "x", "en": "x"}, Worth(cents=500), uses=2, valid_until=OVER)
    with transaction(office.engine, shop.cafe.merchant_id) as session:
        card = locked_card(session, card_id)
        assert card is not None
        vouchers.issue(session, card, wanted, Visit(Actor("api"), hands.at), "console")
    hands.at = OVER - timedelta(seconds=1)
    assert look_after(office) == 0
    hands.at = OVER
    assert look_after(office) == 1
    with transaction(office.engine, shop.cafe.merchant_id) as session:
        voucher = session.scalars(select(Voucher)).one()
        gone = session.scalars(select(Entry.amount).where(Entry.cause == "expiry", Entry.card_id == card_id)).one()
    assert (voucher.uses, gone) == (2, -2)


def test_the_seconds_that_were_worked_in_are_forgotten_after_a_minute(
    shop: Scene, office: Office, hands: Hands
) -> None:
    turns(office, hands, 3)
    hands.at += timedelta(minutes=2)
    turns(office, hands, 1)
    with transaction(office.engine) as session:
        assert session.scalar(select(func.count()).where(JobRun.name == looking_after.SLOT)) == 1


@pytest.fixture
def hints() -> list[str]:
    return []


@pytest.fixture
def relay(office: Office, hints: list[str]) -> Relay:
    return Relay(office, lambda _pass_type: None, lambda: hints.append("look"))


def test_the_relay_hints_when_something_is_due_and_again_every_second(
    shop: Scene, relay: Relay, hands: Hands, hints: list[str]
) -> None:
    stamped(shop)
    relay.turn()
    assert hints == []
    hands.at = OVER
    for seconds, wanted in ((0.0, 1), (0.2, 1), (0.7, 1), (0.1, 2), (0.2, 2), (0.8, 3)):
        hands.at += timedelta(seconds=seconds)
        relay.turn()
        assert len(hints) == wanted


def test_the_relay_hints_no_more_when_all_is_done(
    shop: Scene, relay: Relay, office: Office, hands: Hands, hints: list[str]
) -> None:
    stamped(shop)
    hands.at = OVER
    relay.turn()
    look_after(office)
    hands.at += timedelta(seconds=5)
    relay.turn()
    assert len(hints) == 1


@pytest.fixture
def celery(settings: Settings) -> Celery:
    return make_celery(settings)


def test_the_tasks_that_relay_and_scheduler_name_are_there(celery: Celery) -> None:
    named = {entry["task"] for entry in celery.conf.beat_schedule.values()} | {"look_after", "push_apple"}
    assert named <= set(celery.tasks)


def test_the_task_may_run_twice(celery: Celery, shop: Scene) -> None:
    card_id = stamped(shop)
    for _ in range(2):
        celery.tasks["look_after"]()
    with transaction(shop.office.engine, shop.cafe.merchant_id) as session:
        assert session.get_one(Card, card_id).version >= 2
    assert expiries(shop) <= 1
