"""How often Google notifies, how fast it may be called, and what is counted of both."""

from typing import Any

import pytest

from sandbox.google_calls import Calls
from sandbox.google_settings import GoogleSettings, changed
from tests.sandbox.google_parts import Client, Clock, reason
from tests.sandbox.parts import machine_now

NOTIFY = {"message": {"header": "Neu", "body": "Kaffee", "messageType": "TEXT_AND_NOTIFY"}}
QUIET = {"message": {"header": "Neu", "body": "Kaffee", "messageType": "TEXT"}}


def _tell(wallet: Client, card: str, sent: dict[str, Any] = NOTIFY, kind: str = "loyaltyObject") -> tuple[int, str]:
    answer = wallet.call("POST", f"{kind}/{card}/addMessage", sent)
    return reason(answer) if answer.status_code != 200 else (200, "")


def _stamp(wallet: Client, card: str, points: str, **more: str) -> tuple[int, str]:
    sent = {"loyaltyPoints": {"balance": {"string": points}}, **more}
    answer = wallet.call("PATCH", f"loyaltyObject/{card}", sent)
    return reason(answer) if answer.status_code != 200 else (200, "")


def test_the_fourth_notifying_message_within_a_day_is_refused_and_not_kept(wallet: Client) -> None:
    card = wallet.card()
    assert [_tell(wallet, card)[0] for _ in range(3)] == [200, 200, 200]
    answer = wallet.call("POST", f"loyaltyObject/{card}/addMessage", NOTIFY)
    assert reason(answer) == (403, "quotaExceeded")
    error = answer.json()["error"]["errors"][0]
    assert error["domain"] == "walletobjects"
    assert error["message"].startswith("Quota exceeded for issuer 3388000000099999999 when adding TEXT_AND_NOTIFY")
    assert len(wallet.call("GET", f"loyaltyObject/{card}").json()["messages"]) == 3


def test_a_silent_message_goes_through_when_the_budget_is_spent(wallet: Client) -> None:
    card = wallet.card()
    assert [_tell(wallet, card)[0] for _ in range(4)] == [200, 200, 200, 403]
    assert _tell(wallet, card, QUIET) == (200, "")


def test_updates_that_notify_share_the_budget_and_the_fourth_changes_nothing(wallet: Client) -> None:
    card = wallet.card()
    notify = {"notifyPreference": "NOTIFY_ON_UPDATE"}
    assert _tell(wallet, card) == (200, "")
    assert [_stamp(wallet, card, f"{number}/10", **notify)[0] for number in (4, 5)] == [200, 200]
    assert _stamp(wallet, card, "6/10", **notify) == (403, "quotaExceeded")
    assert wallet.call("GET", f"loyaltyObject/{card}").json()["loyaltyPoints"]["balance"] == {"string": "5/10"}
    assert _stamp(wallet, card, "6/10") == (200, "")


def test_the_budget_is_of_each_pass(wallet: Client) -> None:
    first, second = wallet.card(), wallet.card()
    assert [_tell(wallet, first)[0] for _ in range(3)] == [200, 200, 200]
    assert _tell(wallet, second) == (200, "")


def test_a_class_has_a_budget_of_its_own(wallet: Client) -> None:
    program = wallet.program()
    card = wallet.card(classId=program)
    assert [_tell(wallet, program, kind="loyaltyClass")[0] for _ in range(4)] == [200, 200, 200, 403]
    assert _tell(wallet, card) == (200, "")


def test_the_budget_comes_back_a_day_after_it_was_spent(wallet: Client, clock: Clock) -> None:
    card = wallet.card()
    _tell(wallet, card)
    clock.pass_by(hours=12)
    assert [_tell(wallet, card)[0] for _ in range(3)] == [200, 200, 403]
    clock.pass_by(hours=11, minutes=59, seconds=59)
    assert _tell(wallet, card) == (403, "quotaExceeded")
    clock.pass_by(seconds=1)
    assert [_tell(wallet, card)[0] for _ in range(2)] == [200, 403]


def test_a_refused_body_spends_nothing(wallet: Client) -> None:
    card = wallet.card()
    for _ in range(3):
        assert _stamp(wallet, card, "4/10", notifyPreference="NOTIFY_ON_UPDATE", stamps="4")[0] == 400
    assert _tell(wallet, card) == (200, "")


def test_notifications_are_counted_in_the_state(wallet: Client) -> None:
    before = wallet.state()["over_budget_refused"]
    card = wallet.card()
    for _ in range(5):
        _tell(wallet, card)
    found = wallet.state()
    assert found["objects"][card]["notifications"] == {"within_a_day": 3, "most": 3, "refused": 2}
    assert (found["over_budget_refused"] - before, found["most_notifications_a_day"]) == (2, 3)


def test_the_order_of_what_an_object_showed_can_be_read(wallet: Client) -> None:
    card = wallet.card()
    for points in ("4/10", "6/10", "5/10"):
        _stamp(wallet, card, points)
    seen = wallet.state()["objects"][card]["seen"]
    assert [one["points"] for one in seen] == ["3/10", "4/10", "6/10", "5/10"]
    assert [one["method"] for one in seen] == ["POST", "PATCH", "PATCH", "PATCH"]


def test_a_call_over_the_rate_is_refused_and_does_nothing(wallet: Client) -> None:
    card = wallet.card()
    wallet.tell("settings", {"rate": 2})
    answers = [_stamp(wallet, card, f"{number}/10") for number in range(4, 9)]
    wallet.tell("settings", {"rate": 100_000})
    assert (429, "rateLimitExceeded") in answers
    done = [f"{number}/10" for number, answer in zip(range(4, 9), answers, strict=True) if answer[0] == 200]
    assert [one["points"] for one in wallet.state()["objects"][card]["seen"]] == ["3/10", *done]


def _calls(times: list[float]) -> Calls:
    return Calls(machine_now, lambda: times.pop(0))


def test_twenty_calls_a_second_are_let_in_and_no_more() -> None:
    calls = _calls([number / 1000 for number in range(30)])
    assert [calls.admit(20) for _ in range(30)] == [True] * 20 + [False] * 10


def test_a_second_is_any_second_and_not_the_clocks() -> None:
    calls = _calls([0.9] * 20 + [1.1, 1.95, 1.96])
    assert [calls.admit(20) for _ in range(23)] == [True] * 20 + [False, True, True]


def test_who_goes_on_calling_is_let_in_as_often_as_who_waits() -> None:
    calls = _calls([number / 100 for number in range(1000)])
    assert sum(calls.admit(20) for _ in range(1000)) == 200


def test_the_highest_rate_counts_those_refused_as_well() -> None:
    calls = _calls([0.0] * 5 + [5.0 + number / 100 for number in range(25)] + [9.0])
    for _ in range(31):
        calls.admit(20)
    assert calls.summary()["highest_rate"] == 25


def test_every_call_is_in_the_list_with_its_answer(wallet: Client) -> None:
    card = wallet.card()
    first = wallet.session.get(f"{wallet.root}/calls", timeout=5).json()["calls"][-1]["n"]
    _stamp(wallet, card, "4/10")
    _stamp(wallet, card, "5/10", notifyPreference="NOTIFY_ON_UPDATE")
    wallet.call("GET", "loyaltyObject/3388000000099999999.nobody")
    calls = wallet.session.get(f"{wallet.root}/calls", params={"since": first}, timeout=5).json()["calls"]
    assert [(one["method"], one["status"], one["reason"], one["points"], one["notify"]) for one in calls] == [
        ("PATCH", 200, None, "4/10", False),
        ("PATCH", 200, None, "5/10", True),
        ("GET", 404, "resourceNotFound", None, False),
    ]


def test_answers_are_counted_by_status_and_reason(wallet: Client) -> None:
    wallet.tell("forget", None)
    wallet.card()
    wallet.call("GET", "loyaltyObject/3388000000099999999.nobody")
    assert wallet.state()["answers"] == {"200": 2, "404 resourceNotFound": 1}
    assert wallet.state()["calls"] == 3


@pytest.mark.parametrize(
    "wanted", [None, [], {"speed": 3}, {"rate": "20"}, {"rate": -1}, {"merchant_locations": 1}, {"rate": True}], ids=str
)
def test_a_setting_without_sense_is_refused_with_a_sentence(wallet: Client, wanted: object) -> None:
    answer = wallet.tell("settings", wanted)
    assert answer.status_code == 422 if wanted is not None else 400
    if wanted is not None:
        assert answer.json()["detail"].endswith(".")


def test_settings_change_one_by_one() -> None:
    assert changed(GoogleSettings(), {"notifications": 1}) == GoogleSettings(notifications=1)
