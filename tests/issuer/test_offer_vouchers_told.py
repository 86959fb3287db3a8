"""A voucher that an offer brought: one present, told once on every face, and by its name in the history."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from issuer import history
from issuer.cards import CardView
from issuer.offers.shown import ShownOffer
from issuer.telling import tell
from issuer.vouchers import shown_code
from passes.face import Line
from tests.issuer.bearing import CLOSES, NEAR, offer, shown
from tests.issuer.counting import Till
from tests.issuer.gifting import give_voucher, revoke, use_voucher, voucher_code
from tests.issuer.google import made
from tests.issuer.promoting import VOUCHER, Stage
from tests.issuer.rules.cases import STAMPS, named
from tests.issuer.telling_cards import card, face, voucher
from tests.issuer.unlocking import THING, bears

EVENING = datetime(2026, 3, 8, 17, tzinfo=UTC)
"""18:00 in Berlin."""
WITHIN_HOURS = {"start": "07:00", "end": "10:00", "weekdays": [0, 1, 2, 3, 4]}


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 6, 1, 10, tzinfo=UTC)


def _id(number: int) -> UUID:
    return UUID(int=number << 96)


def _bearing(*offers: ShownOffer, vouchers: int = 1, **facts: Any) -> CardView:
    """A card with these offers, and as many vouchers."""
    given = tuple(voucher(**{"id": _id(number), **facts}) for number in range(1, vouchers + 1))
    return replace(card(STAMPS), offers=offers, vouchers=given)


def _brought(number: int = 1, **facts: Any) -> ShownOffer:
    """An offer that brought the voucher of this number."""
    return shown(offer("Coffee", back="One a day."), voucher_id=_id(number), **facts)


def _told(shown_card: CardView) -> list[Line]:
    return [line for line in face(shown_card).back if line.key.startswith(("offer-", "voucher-"))]


# Until when


@pytest.mark.parametrize(("language", "said"), [
    ("en", "until 8 Mar 2026, 18:00"), ("de", "bis 8. März 2026, 18:00"),
])  # fmt: skip
def test_a_voucher_says_the_hour_at_which_it_ends_within_a_day_as_its_offer_does(language: str, said: str) -> None:
    alone = tell(_bearing(valid_until=EVENING), language)
    brought = tell(_bearing(_brought(closes_at=EVENING), valid_until=EVENING), language)
    assert [one.days for one in alone.vouchers] == [said]
    assert brought.offers[0].details[-1] == said
    assert [one.days for one in brought.all_vouchers] == [said]


def test_one_that_begins_later_says_the_hour_of_its_end_too() -> None:
    (told,) = tell(_bearing(valid_until=EVENING + timedelta(days=300), starts_later=True)).vouchers
    assert told.days == "from 1 Dec 2026 to 2 Jan 2027, 18:00"


# Once


def test_a_voucher_is_told_with_its_offer_in_one_entry_and_nowhere_else() -> None:
    (line,) = _told(_bearing(_brought(closes_at=EVENING), valid_until=EVENING))
    assert (line.label, line.change_message) == ("Offer", None)
    assert str(line.value).split("\n") == [
        "Coffee", "Voucher: Welcome, 15% off", "ABCD-EFGH", "One a day.", "until 8 Mar 2026, 18:00",
    ]  # fmt: skip


def test_a_voucher_is_not_called_what_was_said_already() -> None:
    thing = {"worth": {"thing": named("Welcome", "Willkommen")}, "uses": 2}
    assert tell(_bearing(_brought(), **thing)).offers[0].brings == "Voucher: 2 × Welcome"
    same = replace(_brought(), offer=offer("Welcome"))
    assert tell(_bearing(same)).offers[0].brings == "Voucher: 15% off"


def test_vouchers_that_no_offer_on_the_card_tells_of_stand_by_themselves() -> None:
    first, later = _brought(1, turn="1"), _brought(2, turn="2", closes_at=CLOSES + timedelta(days=1))
    told = tell(_bearing(first, replace(later, offer_id=first.offer_id), vouchers=3))
    assert [one.voucher.key for one in told.offers if one.voucher] == ["voucher-00000002"]
    assert len(told.vouchers) == 2, "that of the other window, and one that no offer brought"
    assert len(told.all_vouchers) == 3


def test_an_offer_whose_voucher_is_used_up_says_no_code() -> None:
    (told,) = tell(_bearing(_brought(number=7), vouchers=0)).offers
    assert (told.voucher, told.brings, told.lines) == (None, "", told.details)


def test_google_has_it_in_the_offers_message_alone(till: Till) -> None:
    card_id = till.join()
    plain = made(till, card_id)
    bears(till, card_id, unlocks=THING)
    code, body = voucher_code(till, card_id), made(till, card_id)
    (message,) = body["messages"]
    assert message["body"].split("\n")[:3] == [
        "Kaffee und Croissant 3,90", "Gutschein: Ein Stück Kuchen", shown_code(code)
    ]  # fmt: skip
    assert body["textModulesData"] == plain["textModulesData"]


# When it counts


@pytest.mark.parametrize(("trigger", "said"), [
    ({**NEAR, "stays": True, "hours": WITHIN_HOURS}, ["counts Monday to Friday from 7:00 to 10:00"]),
    ({**NEAR, "stays": True}, []),
    ({**NEAR, "hours": WITHIN_HOURS}, []),
])  # fmt: skip
def test_an_offer_that_stays_on_the_card_says_at_which_hours_it_counts(trigger: Any, said: list[str]) -> None:
    (told,) = tell(_bearing(shown(offer("Coffee", trigger)))).offers
    assert [*told.details] == [*said, "until 8 Mar 2026"]


# In the history


def _vouchers(till: Till, card_id: UUID) -> list[tuple[str, str, bool]]:
    """Cause, name and whether it was withdrawn, of what happened to vouchers; oldest first."""
    with till.work() as session:
        found = history.entries(session, card_id, limit=40)
    return [(one.cause, one.voucher["en"], one.withdrawn) for one in reversed(found) if one.voucher]


def test_a_voucher_has_its_own_name_in_the_history(till: Till) -> None:
    card_id = till.join()
    use_voucher(till, card_id, give_voucher(till, card_id).code)
    revoke(till, give_voucher(till, card_id))
    assert _vouchers(till, card_id) == [
        (cause, "Five euros", False) for cause in ("bonus", "redemption", "bonus", "adjustment")
    ]


@pytest.mark.parametrize("verb", ["pause", "end"])
def test_what_went_because_its_offer_was_paused_or_ended_was_withdrawn(stage: Stage, verb: str) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(unlocks=VOUCHER)
    stage.look()
    stage.become(offer_id, verb)
    stage.look(stage.now + timedelta(minutes=1))
    assert _vouchers(stage.till, card_id)[1] == ("expiry", "Cake", True)


def test_what_went_because_its_offer_promises_something_else_was_withdrawn(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(unlocks=VOUCHER)
    stage.look()
    stage.rewrite(offer_id, unlocks=VOUCHER | {"worth": {"cents": 100}})
    stage.look(stage.now + timedelta(minutes=1))
    assert ("expiry", "Cake", True) in _vouchers(stage.till, card_id)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=1)])
def test_what_went_when_its_time_was_over_lapsed(stage: Stage, late: timedelta) -> None:
    card_id = stage.till.join()
    stage.live(unlocks=VOUCHER, trigger={"kind": "time", "hours": {"start": "00:00", "end": "23:00"}})
    stage.look()
    (row,) = stage.rows(card_id)
    stage.look(row.closes_at + late)
    assert _vouchers(stage.till, card_id)[1] == ("expiry", "Cake", False)


def test_what_went_because_the_customer_wants_no_offers_was_not_withdrawn(stage: Stage) -> None:
    card_id = stage.till.join()
    stage.live(unlocks=VOUCHER)
    stage.look()
    stage.wish(card_id, "none")
    stage.plan(card_id)
    stage.look(stage.now + timedelta(minutes=1))
    assert _vouchers(stage.till, card_id)[1] == ("expiry", "Cake", False)
