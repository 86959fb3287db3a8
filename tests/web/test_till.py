"""At the counter: become a till, open it with a PIN, read a code, stamp, redeem, undo."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, update

from issuer import tills
from issuer.database import transaction
from issuer.schema import Card, Staff, TillEnrolment
from tests.conftest import PIN, TILL_LINK, Cafe
from tests.web.asking import Api
from tests.web.conftest import Browser, Travel, enrolled, opened

SUMMARY = {
    "id", "short_code", "name", "headline", "label", "sentence", "stamps", "needed", "facts", "notices", "rewards",
    "last_at", "offers", "actions",
}  # fmt: skip
EVERY_CALL = [
    "/till/lookup", "/till/stamps", "/till/redemptions", "/till/undo", "/till/quote", "/till/purchases",
    "/till/prepaid", "/till/prepaid/uses", "/till/vouchers", "/till/offers", "/till/goodwill", "/till/bonuses",
]  # fmt: skip
BOOKED = {"headline", "sentence", "entry_id", "undo_until", "undo_seconds", "reward", "card"}


def _stamp(till: Browser, card: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = till.send("/till/stamps", {"card_id": card["id"]} | more)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def _problem(answer: Any, status: int, code: str) -> str:
    """The sentence that staff read."""
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text[:200]
    assert answer.get_json()["code"] == code
    return answer.get_json()["detail"]


def test_a_browser_that_is_no_till_is_told_how_to_become_one(app: OpenAPI) -> None:
    page = app.test_client().get("/till")
    assert page.status_code == 200
    assert 'name="pin"' not in page.text


@pytest.mark.parametrize("token", ["wrong", "%00", "é", "x" * 1000])
def test_a_link_that_is_none_makes_no_till(app: OpenAPI, token: str) -> None:
    answer = app.test_client().get(f"/till/enrol/{token}")
    assert answer.status_code == 404
    assert "treuepass_till" not in str(answer.headers)


def test_a_link_that_is_over_makes_no_till(app: OpenAPI, engine: Engine, cafe: Cafe, now: datetime) -> None:
    with transaction(engine) as session:
        tills.invite_till(session, cafe.location_id, cafe.merchant_id, "old", now, expires_at=now)
    assert app.test_client().get("/till/enrol/old").status_code == 404


def test_the_link_makes_this_browser_a_till_of_its_shop(app: OpenAPI) -> None:
    till = enrolled(app)
    assert 'name="pin"' in till.client.get("/till").text


def test_a_till_that_opens_the_link_again_stays_the_one_it_is(till: Browser, engine: Engine) -> None:
    def count() -> int:
        with transaction(engine) as session:
            return session.query(tills.Till).count()

    before = count()
    assert till.client.get(f"/till/enrol/{TILL_LINK}").status_code == 303
    assert count() == before
    assert 'id="scan"' in till.client.get("/till").text, "nor is it signed out"


def test_a_wrong_pin_says_how_many_tries_are_left(app: OpenAPI, cafe: Cafe) -> None:
    till = enrolled(app)
    try:
        for left in (4, 3):
            answer = till.submit("/till/sign-in", staff_id=str(cafe.staff_id), pin="0000")
            assert answer.status_code == 403
            assert f"{left}" in answer.text
    finally:
        opened(till, cafe)


def test_five_wrong_pins_lock_this_person_for_a_minute(
    app: OpenAPI, engine: Engine, cafe: Cafe, now: datetime, travel: Travel
) -> None:
    with transaction(engine, cafe.merchant_id) as session:
        ben = tills.hire(session, cafe.merchant_id, "Ben", "1234", now)
    till = enrolled(app)
    for _ in range(5):
        assert till.submit("/till/sign-in", staff_id=str(ben.id), pin="0000").status_code == 403
    assert till.submit("/till/sign-in", staff_id=str(ben.id), pin="1234").status_code == 403, "even with the right one"
    assert till.send("/till/lookup", {"code": "x"}).status_code == 401
    opened(till, cafe)
    travel(timedelta(seconds=61))
    assert till.submit("/till/sign-in", staff_id=str(ben.id), pin="1234").status_code == 303


def test_whoever_cannot_be_known_is_not_let_in(app: OpenAPI, engine: Engine, cafe: Cafe, now: datetime) -> None:
    with transaction(engine, cafe.merchant_id) as session:
        ida = tills.hire(session, cafe.merchant_id, "Ida", PIN, now)
    till = enrolled(app)
    right = {"staff_id": str(ida.id), "pin": PIN}
    people = [{"staff_id": odd} for odd in ("", "x", "00000000-0000-4000-8000-000000000000", "\x00")]
    pins = [{"pin": odd} for odd in ("", "\x00", "é" * 5000, f"{PIN}0")]
    for wrong in people + pins:
        assert till.submit("/till/sign-in", **(right | wrong)).status_code in (200, 403), wrong
        assert till.send("/till/lookup", {"code": "x"}).status_code == 401
    assert till.submit("/till/sign-in", **right).status_code == 303


def test_staff_of_another_merchant_do_not_open_this_till(app: OpenAPI, cafe: Cafe, other_cafe: Cafe) -> None:
    till = enrolled(app)
    assert till.submit("/till/sign-in", staff_id=str(other_cafe.staff_id), pin=PIN).status_code == 403


def test_staff_who_left_are_not_on_shift_any_more(
    app: OpenAPI, engine: Engine, cafe: Cafe, now: datetime, card: dict[str, Any]
) -> None:
    with transaction(engine, cafe.merchant_id) as session:
        eva = tills.hire(session, cafe.merchant_id, "Eva", "2222", now)
    till = enrolled(app)
    assert till.submit("/till/sign-in", staff_id=str(eva.id), pin="2222").status_code == 303
    _stamp(till, card)
    with transaction(engine, cafe.merchant_id) as session:
        session.execute(update(Staff).where(Staff.id == eva.id).values(disabled_at=now))
    _problem(till.send("/till/stamps", {"card_id": card["id"]}), 401, "unauthorized")


def test_a_shift_ends_and_so_does_signing_out(app: OpenAPI, cafe: Cafe, card: dict[str, Any], travel: Travel) -> None:
    till = opened(enrolled(app), cafe)
    travel(timedelta(hours=15))
    _problem(till.send("/till/lookup", {"code": card["code"]}), 401, "unauthorized")
    travel(timedelta())
    assert till.send("/till/lookup", {"code": card["code"]}).status_code == 200
    assert till.submit("/till/sign-out").status_code == 303
    _problem(till.send("/till/lookup", {"code": card["code"]}), 401, "unauthorized")


@pytest.mark.parametrize("path", EVERY_CALL)
def test_without_an_open_till_or_its_pages_token_nothing_is_done(
    app: OpenAPI, till: Browser, card: dict[str, Any], path: str
) -> None:
    body = {"card_id": card["id"], "code": card["code"], "total": 100}
    assert app.test_client().post(path, json=body).status_code in (400, 401)
    refused = till.client.post(path, json=body, headers={"Idempotency-Key": "k"})
    assert _problem(refused, 400, "csrf")


def test_a_code_is_read_scanned_and_typed(till: Browser, card: dict[str, Any]) -> None:
    for code in (card["code"], card["code"].lower(), card["short_code"], card["short_code"].lower().replace("-", " ")):
        body = till.send("/till/lookup", {"code": code}).get_json()
        assert set(body) == {"card", "sentence", "note", "chosen"}
        assert set(body["card"]) == SUMMARY
        assert (body["card"]["id"], body["card"]["stamps"], body["card"]["needed"]) == (card["id"], 0, 10)


def test_a_mistyped_short_code_is_noticed(till: Browser, card: dict[str, Any]) -> None:
    right = card["short_code"]
    for place in (0, 2, 4, 6, 7):
        if right[place] == "-":
            continue
        wrong = right[:place] + ("2" if right[place] != "2" else "3") + right[place + 1 :]
        sentence = _problem(till.send("/till/lookup", {"code": wrong}), 422, "not_our_code")
        assert "Fehler" in sentence, sentence


@pytest.mark.parametrize(
    "code", ["", "https://example.com/menu", "4006381333931", "T1" + "A" * 34, "\x00", "🎫", None, 7, [], {}]
)
def test_a_code_that_is_not_ours_is_refused_in_a_sentence(till: Browser, code: object) -> None:
    answer = till.send("/till/lookup", {"code": code})
    assert _problem(answer, 422, "not_our_code").endswith(".")


def test_another_merchants_card_is_not_found(till: Browser, other_api: Api, other_cafe: Cafe) -> None:
    theirs = other_api.made("/cards", {"program_id": str(other_cafe.program_id)})
    for code in (theirs["code"], theirs["short_code"]):
        _problem(till.send("/till/lookup", {"code": code}), 404, "not_found")
    reward = {"card_id": theirs["id"], "reward_id": str(other_cafe.reward_id)}
    _problem(till.send("/till/stamps", {"card_id": theirs["id"]}), 404, "not_found")
    _problem(till.send("/till/redemptions", reward), 404, "not_found")
    entry = other_api.made(f"/cards/{theirs['id']}/stamps", {})["entries"][0]["id"]
    _problem(till.send("/till/undo", {"entry_id": entry}), 404, "not_found")


def test_a_card_that_is_not_active_is_not_stamped(
    till: Browser, card: dict[str, Any], engine: Engine, cafe: Cafe
) -> None:
    with transaction(engine, cafe.merchant_id) as session:
        session.execute(update(Card).where(Card.id == card["id"]).values(state="blocked"))
    assert till.send("/till/lookup", {"code": card["code"]}).status_code in (404, 409)
    _problem(till.send("/till/stamps", {"card_id": card["id"]}), 409, "card_blocked")


def test_a_stamp_answers_what_the_screen_shows(till: Browser, card: dict[str, Any]) -> None:
    body = _stamp(till, card)
    assert set(body) >= BOOKED
    assert (body["headline"], body["reward"], body["card"]["stamps"]) == ("1 / 10", False, 1)
    assert datetime.fromisoformat(body["undo_until"]).utcoffset() is not None
    assert _stamp(till, card, count=9)["reward"] is True


def test_the_same_key_stamps_once(till: Browser, api: Api, card: dict[str, Any]) -> None:
    first, again = (till.send("/till/stamps", {"card_id": card["id"]}, key="double") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.get_json(), again.headers["Idempotency-Replayed"]) == (again.get_json(), "true")
    assert api.found(f"/cards/{card['id']}")["balances"] == {"stamps": 1}


def test_two_tills_may_make_the_same_key(
    app: OpenAPI, till: Browser, api: Api, card: dict[str, Any], cafe: Cafe
) -> None:
    for one in (till, opened(enrolled(app), cafe)):
        assert one.send("/till/stamps", {"card_id": card["id"]}, key="1").status_code == 201
    assert api.found(f"/cards/{card['id']}")["balances"] == {"stamps": 2}


def test_a_till_without_a_key_books_nothing(till: Browser, api: Api, card: dict[str, Any]) -> None:
    answer = till.send("/till/stamps", {"card_id": card["id"]}, key="")
    _problem(answer, 400, "idempotency_key_required")
    assert api.found(f"/cards/{card['id']}")["version"] == 1


@pytest.mark.parametrize("count", [0, -1, 101, "1", 1.5, True, None, [], 10**30])
def test_a_count_that_makes_no_sense_is_refused(till: Browser, card: dict[str, Any], count: object) -> None:
    assert _problem(till.send("/till/stamps", {"card_id": card["id"], "count": count}), 422, "invalid_body")


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"x"', b"[" * 100_000, b"\xff"])
def test_a_body_that_is_none_is_refused(till: Browser, raw: bytes) -> None:
    token = till.token
    for path in EVERY_CALL:
        answer = till.client.post(
            path, data=raw, headers={"X-CSRFToken": token, "Idempotency-Key": "k"}, content_type="application/json"
        )
        assert _problem(answer, 400, "malformed_json")


def test_a_reward_is_handed_over_in_one_tap(till: Browser, api: Api, full_card: dict[str, Any], cafe: Cafe) -> None:
    body = {"card_id": full_card["id"], "reward_id": str(cafe.reward_id)}
    summary = till.send("/till/lookup", {"code": full_card["code"]}).get_json()["card"]
    assert [(reward["reward_id"], reward["count"]) for reward in summary["rewards"]] == [(str(cafe.reward_id), 1)]
    done = till.send("/till/redemptions", body, key="hand over")
    assert (done.status_code, done.get_json()["card"]["rewards"]) == (201, [])
    _problem(till.send("/till/redemptions", body, key="once more"), 409, "nothing_to_redeem")
    assert api.found(f"/cards/{full_card['id']}")["rewards"] == []


@pytest.mark.parametrize("reward_id", ["", "x", None, [], "00000000-0000-4000-8000-000000000000"])
def test_a_reward_that_nobody_knows_is_refused(till: Browser, full_card: dict[str, Any], reward_id: object) -> None:
    answer = till.send("/till/redemptions", {"card_id": full_card["id"], "reward_id": reward_id})
    assert answer.status_code in (409, 422)


def test_what_this_till_booked_is_undone_within_a_minute(till: Browser, card: dict[str, Any]) -> None:
    stamped = _stamp(till, card, count=2)
    undone = till.send("/till/undo", {"entry_id": stamped["entry_id"]})
    assert (undone.status_code, undone.get_json()["headline"]) == (201, "0 / 10")
    again = till.send("/till/undo", {"entry_id": stamped["entry_id"]})
    _problem(again, 409, "already_reversed")


def test_a_redemption_is_undone_too(till: Browser, full_card: dict[str, Any], cafe: Cafe) -> None:
    body = {"card_id": full_card["id"], "reward_id": str(cafe.reward_id)}
    entry = till.send("/till/redemptions", body).get_json()["entry_id"]
    undone = till.send("/till/undo", {"entry_id": entry})
    assert undone.get_json()["card"]["rewards"][0]["count"] == 1


def test_after_a_minute_it_is_too_late_to_undo(till: Browser, card: dict[str, Any], travel: Travel) -> None:
    stamped = _stamp(till, card)
    travel(timedelta(seconds=61))
    _problem(till.send("/till/undo", {"entry_id": stamped["entry_id"]}), 409, "too_late_to_undo")


def test_another_till_does_not_undo(app: OpenAPI, till: Browser, card: dict[str, Any], cafe: Cafe) -> None:
    stamped = _stamp(till, card)
    other = opened(enrolled(app), cafe)
    _problem(other.send("/till/undo", {"entry_id": stamped["entry_id"]}), 409, "too_late_to_undo")


@pytest.mark.parametrize("entry_id", ["", "x", None, [], "00000000-0000-4000-8000-000000000000", "\x00"])
def test_an_entry_that_is_none_is_not_undone(till: Browser, entry_id: object) -> None:
    _problem(till.send("/till/undo", {"entry_id": entry_id}), 404, "not_found")


def test_a_till_that_was_revoked_is_none(app: OpenAPI, engine: Engine, cafe: Cafe, now: datetime) -> None:
    with transaction(engine) as session:
        tills.invite_till(session, cafe.location_id, cafe.merchant_id, "lost", now, expires_at=None)
    till = opened(enrolled(app, "lost"), cafe)
    with transaction(engine) as session:
        newest = session.query(tills.Till).order_by(tills.Till.enrolled_at.desc()).first()
        assert newest is not None
        newest.revoked_at = now
        session.delete(session.get_one(TillEnrolment, tills.digest("lost")))
    assert 'name="pin"' not in till.client.get("/till").text
    _problem(till.send("/till/lookup", {"code": "x"}), 401, "unauthorized")
