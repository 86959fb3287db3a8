"""A paper card at the till: nothing before its first stamp, a card like any other after it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, func, select

from issuer import paper
from issuer.database import transaction
from issuer.editing import Author
from issuer.keys import Keys
from issuer.schema import Card, CardCode, Customer, Event, Pass, Program
from tests.conftest import Cafe
from tests.web.asking import Api
from tests.web.conftest import Browser, enrolled, opened

NEW = "Eine neue Papierkarte: Sie beginnt mit dem ersten Stempel."
Print = Callable[..., Sequence[CardCode]]


@pytest.fixture
def printed(engine: Engine, keys: Keys, cafe: Cafe, now: datetime) -> Print:
    """Prints a batch of the café, or of another."""

    def batch(count: int = 1, language: str = "de", of: Cafe = cafe) -> Sequence[CardCode]:
        author = Author(uuid4(), of.merchant_id, now)
        with transaction(engine, of.merchant_id) as session:
            program = session.get_one(Program, of.program_id)
            made = paper.print_batch(session, keys, author, program, count, language)
            return paper.unused_codes(session, made.id)[1]

    return batch


@pytest.fixture
def code(printed: Print) -> CardCode:
    return printed()[0]


@pytest.fixture
def withdrawn(engine: Engine, cafe: Cafe, code: CardCode, now: datetime) -> CardCode:
    assert code.batch_id is not None
    with transaction(engine, cafe.merchant_id) as session:
        paper.withdraw(session, Author(uuid4(), cafe.merchant_id, now), code.batch_id)
    return code


def _counts(engine: Engine, cafe: Cafe) -> list[int]:
    """Cards, customers, passes and events of the café."""
    with transaction(engine, cafe.merchant_id) as session:
        return [
            session.scalars(select(func.count()).select_from(table).where(table.merchant_id == cafe.merchant_id)).one()
            for table in (Card, Customer, Pass, Event)
        ]


def _seen(till: Browser, text: str) -> dict[str, Any]:
    answer = till.send("/till/lookup", {"code": text})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def _stamp(till: Browser, text: str, key: str | None = None) -> Any:
    return till.send("/till/stamps", {"card_id": text}, key=key)


def _found(api: Api, code: CardCode) -> list[dict[str, Any]]:
    return list(api.found("/cards", code=code.code)["items"])


def _problem(answer: Any, status: int, code: str) -> str:
    assert (answer.status_code, answer.get_json()["code"]) == (status, code), answer.text
    return str(answer.get_json()["detail"])


def test_a_new_paper_card_is_shown_and_nothing_is_made(
    till: Browser, api: Api, engine: Engine, cafe: Cafe, code: CardCode
) -> None:
    before = _counts(engine, cafe)
    for text in (code.code, code.code.lower(), code.short_code, code.short_code.replace("-", " ").lower()):
        seen = _seen(till, text)
        assert seen["sentence"] == NEW
        card = seen["card"]
        assert (card["id"], card["short_code"], card["name"]) == (code.code, code.short_code, None)
        assert (card["stamps"], card["needed"], card["rewards"], card["last_at"]) == (0, 10, [], None)
    assert _counts(engine, cafe) == before
    assert _found(api, code) == []


def test_the_first_stamp_makes_the_card_by_the_id_that_the_lookup_gave(till: Browser, api: Api, code: CardCode) -> None:
    answer = _stamp(till, _seen(till, code.short_code)["card"]["id"])
    assert (answer.status_code, answer.get_json()["headline"]) == (201, "1 / 10")
    (card,) = _found(api, code)
    assert answer.get_json()["card"]["id"] == card["id"] == _seen(till, code.code)["card"]["id"]
    assert (card["code"], card["short_code"], card["language"]) == (code.code, code.short_code, "de")
    assert (card["state"], card["balances"]) == ("active", {"stamps": 1})


def test_the_card_speaks_the_language_of_its_batch_and_not_of_the_till(till: Browser, api: Api, printed: Print) -> None:
    (code,) = printed(language="en")
    assert _stamp(till, code.code).status_code == 201
    assert _found(api, code)[0]["language"] == "en"


def test_several_stamps_at_once_may_be_the_first(till: Browser, api: Api, code: CardCode) -> None:
    answer = till.send("/till/stamps", {"card_id": code.code, "count": 10})
    assert answer.get_json()["reward"] is True
    assert _found(api, code)[0]["rewards"][0]["count"] == 1


def test_a_lost_answer_asked_for_again_stamps_once(till: Browser, api: Api, code: CardCode) -> None:
    first, again = (_stamp(till, code.code, key="lost") for _ in range(2))
    assert (first.get_json(), again.headers["Idempotency-Replayed"]) == (again.get_json(), "true")
    assert _found(api, code)[0]["balances"] == {"stamps": 1}


def test_another_stamp_by_the_code_finds_the_card_that_began(till: Browser, api: Api, code: CardCode) -> None:
    assert [_stamp(till, code.code).get_json()["headline"] for _ in range(2)] == ["1 / 10", "2 / 10"]
    assert len(_found(api, code)) == 1


def test_two_tills_at_the_same_moment_make_one_card_and_book_both(
    app: OpenAPI, till: Browser, api: Api, engine: Engine, cafe: Cafe, code: CardCode
) -> None:
    tills, start, headlines = [till, opened(enrolled(app), cafe)], Barrier(2), []
    tokens, before = [one.token for one in tills], _counts(engine, cafe)

    def tap(one: Browser, token: str) -> None:
        headers = {"X-CSRFToken": token, "Idempotency-Key": str(uuid4())}
        start.wait(timeout=10)
        answer = one.client.post("/till/stamps", json={"card_id": code.code}, headers=headers)
        headlines.append(answer.get_json()["headline"])

    taps = [Thread(target=tap, args=pair) for pair in zip(tills, tokens, strict=True)]
    for thread in taps:
        thread.start()
    for thread in taps:
        thread.join(timeout=30)
    assert sorted(headlines) == ["1 / 10", "2 / 10"]
    assert _counts(engine, cafe) == [was + 1 for was in before]
    assert _found(api, code)[0]["balances"] == {"stamps": 2}


def test_undoing_the_first_stamp_leaves_an_active_card_without_stamps(till: Browser, api: Api, code: CardCode) -> None:
    booked = _stamp(till, code.code).get_json()
    assert till.send("/till/undo", {"entry_id": booked["entry_id"]}).get_json()["headline"] == "0 / 10"
    (card,) = _found(api, code)
    assert (card["state"], card["balances"]) == ("active", {"stamps": 0})
    assert _seen(till, code.code)["sentence"] != NEW


def test_nothing_is_redeemed_on_paper_that_is_no_card_yet_and_none_is_made(
    till: Browser, engine: Engine, cafe: Cafe, code: CardCode
) -> None:
    before = _counts(engine, cafe)
    body = {"card_id": code.code, "reward_id": str(cafe.reward_id)}
    assert till.send("/till/redemptions", body).status_code == 404
    assert _counts(engine, cafe) == before


@pytest.mark.parametrize("count", [0, -1, 101, "1", None])
def test_a_count_that_makes_no_sense_begins_no_card(till: Browser, api: Api, code: CardCode, count: object) -> None:
    _problem(till.send("/till/stamps", {"card_id": code.code, "count": count}), 422, "invalid_body")
    assert _found(api, code) == []


def test_a_stamp_without_a_key_begins_no_card(till: Browser, api: Api, code: CardCode) -> None:
    _problem(_stamp(till, code.code, key=""), 400, "idempotency_key_required")
    assert _found(api, code) == []


def test_withdrawn_paper_is_refused_in_a_sentence_of_its_own(till: Browser, api: Api, withdrawn: CardCode) -> None:
    for text in (withdrawn.code, withdrawn.short_code):
        for answer in (till.send("/till/lookup", {"code": text}), _stamp(till, text)):
            assert "zurückgezogen" in _problem(answer, 404, "not_found")
    assert _found(api, withdrawn) == []


def test_a_card_in_use_goes_on_though_its_batch_was_withdrawn(
    till: Browser, engine: Engine, cafe: Cafe, code: CardCode, now: datetime
) -> None:
    _stamp(till, code.code)
    assert code.batch_id is not None
    with transaction(engine, cafe.merchant_id) as session:
        paper.withdraw(session, Author(uuid4(), cafe.merchant_id, now), code.batch_id)
    assert _seen(till, code.code)["card"]["stamps"] == 1
    assert _stamp(till, code.code).get_json()["headline"] == "2 / 10"


def test_another_merchants_paper_is_not_of_this_shop(
    till: Browser, other_api: Api, printed: Print, other_cafe: Cafe
) -> None:
    (theirs,) = printed(of=other_cafe)
    for text in (theirs.code, theirs.short_code):
        for answer in (till.send("/till/lookup", {"code": text}), _stamp(till, text)):
            assert "zurückgezogen" not in _problem(answer, 404, "not_found")
    assert _found(other_api, theirs) == []


@pytest.mark.parametrize("text", ["", "x", "https://example.com/menu", "T1" + "A" * 34, "\x00", None, 7, [], {}])
def test_what_is_neither_card_nor_code_is_not_stamped(till: Browser, text: object) -> None:
    _problem(till.send("/till/stamps", {"card_id": text}), 422, "not_our_code")


def test_paper_of_a_mistyped_code_begins_no_card(till: Browser, api: Api, code: CardCode) -> None:
    wrong = code.short_code[:-1] + ("0" if code.short_code[-1] != "0" else "1")
    for answer in (till.send("/till/lookup", {"code": wrong}), _stamp(till, wrong)):
        _problem(answer, 422, "not_our_code")
    assert _found(api, code) == []


def test_paper_that_began_is_found_in_the_console_with_where_it_came_from(
    till: Browser, api: Api, console: Browser, code: CardCode
) -> None:
    assert (
        code.short_code
        not in console.client.get("/console", query_string={"q": code.short_code}).text.partition("<tbody")[2]
    )
    _stamp(till, code.code)
    (card,) = _found(api, code)
    shown = console.client.get(f"/console/cards/{card['id']}", headers={"Accept-Language": "en"}).text
    assert "Paper card" in shown
