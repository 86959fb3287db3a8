"""Birthdays and anniversaries each hour, donations each day: once, however many schedulers there are."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from issuer.database import transaction
from issuer.program_changes import Plan, correct_program
from issuer.rules import Rules
from issuer.schema import JobRun, Posting, Program, Rollout
from tests.conftest import Cafe
from tests.worker.scene import Scene
from worker import by_calendar
from worker.by_calendar import celebrate, refresh_donations
from worker.office import Office

JOINED = datetime(2026, 3, 10, 11, tzinfo=UTC)
A_YEAR_LATER = datetime(2027, 3, 10, 9, tzinfo=UTC)
STAMPS = {"kind": "stamps", "stamps_needed": 10}
ANNIVERSARY = {"kind": "occasion", "key": "year", "occasion": "anniversary", "grant": {"amount": 1}}
DONATION = {"kind": "donation", "stamps_needed": 2, "cents": 300, "to": {"de": "Tierheim", "en": "Animal shelter"}}


class Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = JOINED

    def now(self) -> datetime:
        return self.at


class Pause(Event):
    """Nobody waits for a second here; how often somebody would have."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 0

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002
        self.waits += 1
        return False


@pytest.fixture
def hands(office: Office) -> Hands:
    hands = Hands()
    office.__dict__["clock"] = hands
    return hands


def set_rules(scene: Scene, *parts: Mapping[str, Any]) -> None:
    with transaction(scene.office.engine, scene.cafe.merchant_id) as session:
        program = session.get_one(Program, scene.cafe.program_id)
        reward = {"reward_id": str(scene.cafe.reward_id)}
        stored = [part | reward if part["kind"] == "stamps" else dict(part) for part in parts]
        correct_program(session, program, Plan({"de": "x", "en": "x"}, Rules.read({"parts": stored})), JOINED)


@pytest.fixture
def shop(scene: Scene, hands: Hands) -> Scene:
    """It gives a stamp on the anniversary of a card."""
    set_rules(scene, STAMPS, ANNIVERSARY)
    return scene


def gifts(shop: Scene) -> int:
    with transaction(shop.office.engine, shop.cafe.merchant_id) as session:
        return session.scalar(select(func.count()).where(Posting.note == "anniversary")) or 0


def slots(office: Office, name: str) -> int:
    with transaction(office.engine) as session:
        return session.scalar(select(func.count()).where(JobRun.name == name)) or 0


def test_an_anniversary_is_celebrated_once(shop: Scene, office: Office, hands: Hands) -> None:
    shop.card()
    hands.at = A_YEAR_LATER
    for _ in range(3):
        celebrate(office, Pause())
        hands.at += timedelta(hours=2)
    assert gifts(shop) == 1


def test_two_schedulers_and_a_restart_give_nothing_twice(shop: Scene, office: Office, hands: Hands) -> None:
    shop.card()
    hands.at = A_YEAR_LATER
    assert [celebrate(office, Pause()) for _ in range(3)] == [1, 0, 0]
    assert slots(office, f"celebrate {shop.cafe.merchant_id}") == 1


def test_a_merchant_is_looked_at_once_an_hour(shop: Scene, office: Office, hands: Hands) -> None:
    hands.at = A_YEAR_LATER
    celebrate(office, Pause())
    shop_card(shop, hands)
    assert celebrate(office, Pause()) == 0
    hands.at += timedelta(hours=1)
    assert celebrate(office, Pause()) == 1


def shop_card(shop: Scene, hands: Hands) -> UUID:
    """A card that turns out to have been made a year ago."""
    now, hands.at = hands.at, JOINED
    card_id = shop.card()
    hands.at = now
    return card_id


def test_gifts_come_at_the_pace_of_a_campaign_until_all_are_given(shop: Scene, office: Office, hands: Hands) -> None:
    for _ in range(5):
        shop.card()
    slow, pause = Office(replace(office.settings, campaign_rate=2)), Pause()
    slow.__dict__["clock"] = hands
    hands.at = A_YEAR_LATER
    assert celebrate(slow, pause) == 5
    assert pause.waits == 2


def test_a_turn_that_is_ended_leaves_the_rest_to_the_next(shop: Scene, office: Office, hands: Hands) -> None:
    for _ in range(3):
        shop.card()
    hands.at, pause = A_YEAR_LATER, Pause()
    pause.set()
    assert celebrate(office, pause) == 0
    assert celebrate(office, Pause()) == 3


def test_one_merchants_trouble_keeps_nobody_elses_guests_waiting(
    shop: Scene, other_cafe: Cafe, office: Office, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.card()
    hands.at = A_YEAR_LATER
    real = by_calendar.occasions.celebrate

    def stumbling(session: Any, keys: Any, merchant_id: UUID, *more: Any) -> int:
        if merchant_id == other_cafe.merchant_id:
            raise RuntimeError("broken")
        return real(session, keys, merchant_id, *more)

    monkeypatch.setattr(by_calendar.occasions, "celebrate", stumbling)
    assert celebrate(office, Pause()) == 1


def test_what_cards_gave_together_is_shown_once_a_day(scene: Scene, office: Office, hands: Hands) -> None:
    set_rules(scene, DONATION)
    card_id = scene.card()
    for _ in range(2):
        scene.stamp(card_id)
    assert [refresh_donations(office) for _ in range(3)] == [1, 0, 0]
    with transaction(office.engine, scene.cafe.merchant_id) as session:
        assert session.get_one(Program, scene.cafe.program_id).donated == 300
        assert session.scalar(select(func.count(Rollout.id))) == 1
    hands.at += timedelta(days=1)
    assert refresh_donations(office) == 0
    assert slots(office, f"donated {scene.cafe.program_id}") == 2
