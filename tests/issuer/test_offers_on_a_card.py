"""Why an offer is on a card, or not: what the merchant reads on the card's page."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from issuer.database import transaction
from issuer.offer_results import OnCard, on_card
from tests.conftest import Cafe
from tests.issuer.bearing import bear, live, offer
from tests.issuer.counting import Till

HELD = {"state": "held", "shown_at": None}


def found(till: Till, card_id: UUID, limit: int = 20) -> list[OnCard]:
    with till.work() as session:
        return on_card(session, card_id, till.now, limit)


def said(till: Till, card_id: UUID) -> list[tuple[str, str | None]]:
    return [(one.offer_name, one.reason) for one in found(till, card_id)]


def test_what_it_shows_stands_before_what_was_held_back_newest_first(till: Till) -> None:
    card_id = till.join()
    for hours, name in enumerate(("Cake", "Coffee", "Bread", "Rolls")):
        at = till.now - timedelta(hours=hours)
        state: dict[str, Any] = {"shown_at": at} if hours % 2 else {**HELD, "reason": "quiet"}
        bear(till, card_id, live(till, offer(name)), decided_at=at, **state)
    assert said(till, card_id) == [("Coffee", None), ("Rolls", None), ("Cake", "quiet"), ("Bread", "quiet")]


def test_it_says_since_when_and_until_when(till: Till) -> None:
    card_id, offer_id, ends = till.join(), live(till, offer("Cake")), till.now + timedelta(days=2)
    since = till.now - timedelta(hours=3)
    bear(till, card_id, offer_id, closes_at=ends, shown_at=since)
    assert found(till, card_id) == [OnCard(offer_id, "Cake", None, since, ends)]


def test_what_stays_until_it_is_ended_has_no_end(till: Till) -> None:
    card_id = till.join()
    bear(till, card_id, live(till, offer("Cake")), **HELD, reason="unwanted")
    (one,) = found(till, card_id)
    assert (one.at, one.until) == (till.now, None)


def test_of_an_offer_that_was_held_back_often_the_last_time_counts(till: Till) -> None:
    card_id, offer_id = till.join(), live(till, offer("Cake"))
    for days, reason in ((2, "quiet"), (0, "weekly"), (1, "pause")):
        at = till.now - timedelta(days=days)
        bear(till, card_id, offer_id, **HELD, turn=reason, reason=reason, decided_at=at)
    assert said(till, card_id) == [("Cake", "weekly")]


def test_what_it_shows_now_is_not_said_to_be_held_back(till: Till) -> None:
    card_id, offer_id = till.join(), live(till, offer("Cake"))
    bear(till, card_id, offer_id, turn="1", decided_at=till.now - timedelta(days=1))
    bear(till, card_id, offer_id, **HELD, turn="2", reason="per_person")
    assert said(till, card_id) == [("Cake", None)]


@pytest.mark.parametrize(
    "facts",
    [{"state": "over"}, {"state": "out", "arm": "out", "shown_at": None}, {"closes_at": timedelta(0)}],
    ids=["over", "held out", "closed"],
)
def test_what_is_over_and_who_is_only_compared_with_is_not_listed(till: Till, facts: dict[str, Any]) -> None:
    card_id = till.join()
    closes = {"closes_at": till.now - facts["closes_at"]} if "closes_at" in facts else {}
    bear(till, card_id, live(till, offer("Cake")), **facts | closes)
    assert found(till, card_id) == []


def test_other_cards_offers_and_more_than_the_limit_are_not_listed(till: Till) -> None:
    card_id, other = till.join(), till.join()
    bear(till, other, live(till, offer("Theirs")))
    for name in ("Cake", "Bread"):
        bear(till, card_id, live(till, offer(name)))
    assert len(found(till, card_id, limit=1)) == 1
    assert {name for name, _ in said(till, card_id)} == {"Cake", "Bread"}


def test_another_shop_reads_nothing_of_it(till: Till, other_cafe: Cafe) -> None:
    card_id = till.join()
    bear(till, card_id, live(till, offer("Cake")))
    with transaction(till.engine, other_cafe.merchant_id) as session:
        assert on_card(session, card_id, till.now, 20) == []
