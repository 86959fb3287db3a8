"""The merchant's console: who gets in, what they find, and how a session ends."""

import html
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, text

from issuer import people
from issuer.cards import view
from issuer.database import transaction
from issuer.joining import Joining, join
from issuer.keys import Keys
from issuer.schema import Program
from issuer.web.console.cards import PAGE
from tests.conftest import EMAIL, PASSWORD, PIN, Cafe
from tests.web.asking import Api
from tests.web.conftest import Browser, Travel, cookie_of, signed_in
from tests.web.phones import Held

SIGN_IN = "/console/sign-in"


def _door(app: OpenAPI) -> Browser:
    return Browser(app.test_client(), SIGN_IN)


def test_nobody_sees_the_console_without_signing_in(app: OpenAPI, card: dict[str, Any]) -> None:
    for path in ("/console", f"/console/cards/{card['id']}", "/console?q=x"):
        answer = app.test_client().get(path)
        assert answer.status_code == 303
        assert urlsplit(answer.location).path == SIGN_IN


def test_signing_in_leads_back_to_where_one_was(app: OpenAPI, card: dict[str, Any]) -> None:
    door, wanted = _door(app), f"/console/cards/{card['id']}"
    sent = door.client.get(wanted).location
    answer = door.submit(sent, email=EMAIL, password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, wanted)
    assert door.client.get(wanted).status_code == 200


def test_an_address_is_taken_in_any_case_and_with_blanks(app: OpenAPI) -> None:
    assert _door(app).submit(SIGN_IN, email=f"  {EMAIL.upper()} ", password=PASSWORD).status_code == 303


@pytest.mark.parametrize(("email", "password"), [
    (EMAIL, "wrong"), (EMAIL, ""), ("nobody@cafe.example", PASSWORD), ("", ""), ("\x00", PASSWORD),
    (EMAIL, "\x00"), (EMAIL, PASSWORD + "\x00"), ("x" * 5000, PASSWORD), (EMAIL, "é" * 5000), ("' OR 1=1 --", PASSWORD),
])  # fmt: skip
def test_who_gets_it_wrong_is_told_one_thing_only(app: OpenAPI, email: str, password: str) -> None:
    door = _door(app)
    answer = door.submit(SIGN_IN, email=email, password=password)
    assert answer.status_code == 403
    assert 'id="sign-in-error"' in answer.text
    assert "treuepass_console" not in str(answer.headers)
    assert door.client.get("/console").status_code == 303


def test_ten_wrong_passwords_lock_the_account_for_a_while(
    app: OpenAPI, engine: Engine, cafe: Cafe, now: Any, travel: Travel
) -> None:
    with transaction(engine) as session:
        user = people.create_user(session, "locked@cafe.example", PASSWORD, now)
        people.add_member(session, user, cafe.merchant_id, "owner", now)
        user.failures = people.MOST_FAILURES - 1
    door = _door(app)
    assert door.submit(SIGN_IN, email="locked@cafe.example", password="wrong").status_code == 403
    assert door.submit(SIGN_IN, email="locked@cafe.example", password=PASSWORD).status_code == 403
    travel(people.LOCKED + timedelta(seconds=1))
    assert door.submit(SIGN_IN, email="locked@cafe.example", password=PASSWORD).status_code == 303


def test_forms_without_the_pages_token_are_refused(console: Browser) -> None:
    for path, fields in ((SIGN_IN, {"email": EMAIL, "password": PASSWORD}), ("/console/sign-out", {})):
        for token in ({}, {"csrf_token": "made up"}):
            answer = console.client.post(path, data=fields | token)
            assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert console.client.get("/console").status_code == 200, "still signed in"


def test_a_token_of_another_browser_is_refused(app: OpenAPI, console: Browser) -> None:
    answer = console.client.post("/console/sign-out", data={"csrf_token": _door(app).token})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "https:/console", "/console\\@evil.example",
     "javascript:alert(1)", "/consolé\r\nX: y", "", "/till", "/console/../..//evil.example", "\t//evil.example"],
)  # fmt: skip
def test_signing_in_never_leads_to_another_site(app: OpenAPI, target: str) -> None:
    door = _door(app)
    token = door.token
    fields = {"csrf_token": token, "email": EMAIL, "password": PASSWORD}
    answer = door.client.post(SIGN_IN, query_string={"next": target}, data=fields)
    assert answer.status_code == 303
    parts = urlsplit(answer.location)
    assert (parts.scheme, parts.netloc) == ("", "")
    assert parts.path.startswith("/console")


def test_the_list_shows_each_card_with_what_is_on_it(console: Browser, api: Api, card: dict[str, Any]) -> None:
    api.made(f"/cards/{card['id']}/stamps", {"count": 13})
    page = console.client.get("/console", query_string={"q": card["short_code"]}).text
    assert card["short_code"] in page
    assert f'href="/console/cards/{card["id"]}"' in page
    assert "3&thinsp;/&thinsp;10" in page


@pytest.mark.parametrize("typed", ["{short_code}", "{short}", "{compact}", "{low}", "{serial}", "Adelheid", "delhei"])
def test_a_card_is_found_by_code_serial_and_name(console: Browser, api: Api, cafe: Cafe, typed: str) -> None:
    made = api.made("/cards", {"program_id": str(cafe.program_id), "customer": {"name": "Adelheid"}})
    short = made["short_code"]
    query = typed.format(**made, short=short[:4], compact=short.replace("-", ""), low=short.lower())
    assert short in console.client.get("/console", query_string={"q": query}).text


@pytest.mark.parametrize("query", ["ZZZZ-ZZZ", "%", "_", "\\", "\x00", "'; --", "x" * 5000, "🎫", "<script>"])
def test_a_search_for_nothing_finds_nothing_and_breaks_nothing(console: Browser, query: str) -> None:
    answer = console.client.get("/console", query_string={"q": query})
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    if query != "\x00":
        assert 'id="nothing-found"' in answer.text


@pytest.mark.parametrize("after", ["x", "\x00", "", "Zm9v", "é"])
def test_a_place_that_is_none_begins_anew(console: Browser, card: dict[str, Any], after: str) -> None:
    answer = console.client.get("/console", query_string={"after": after})
    assert (answer.status_code, card["short_code"] in answer.text) == (200, True)


def test_more_cards_than_a_page_are_reached_by_its_link(
    console: Browser, engine: Engine, keys: Keys, cafe: Cafe, now: datetime
) -> None:
    with transaction(engine, cafe.merchant_id) as session:
        program = session.get_one(Program, cafe.program_id)
        tomorrow = now + timedelta(days=1)
        made = [
            view(session, join(session, keys, program, Joining("de", "api"), tomorrow + timedelta(seconds=second)))
            for second in range(2 * PAGE)
        ]
    codes = [one.short_code for one in made]
    first = console.client.get("/console").text
    link = html.unescape(first.split('id="next"')[1].split('href="')[1].split('"')[0])
    second = console.client.get(link).text
    assert _codes(first) == list(reversed(codes[PAGE:])), "newest first"
    assert _codes(second) == list(reversed(codes[:PAGE]))


def test_a_cards_page_tells_its_entries_and_that_no_phone_has_it(
    console: Browser, api: Api, card: dict[str, Any]
) -> None:
    empty = console.client.get(f"/console/cards/{card['id']}").text
    assert 'id="no-entries"' in empty
    assert 'id="no-phone"' in empty
    api.made(f"/cards/{card['id']}/stamps", {"count": 1, "reference": "bon 77"})
    assert "bon 77" in console.client.get(f"/console/cards/{card['id']}").text


def test_a_cards_page_says_why_a_phone_did_not_change(console: Browser, phone: Held) -> None:
    path = f"/console/cards/{phone.card['id']}"
    phone.register()
    assert phone.device[-6:] in console.client.get(path).text
    assert "label-good" in console.client.get(path).text
    phone.stamp()
    assert "label-good" not in console.client.get(path).text
    phone.fetch()
    assert "label-good" in console.client.get(path).text


@pytest.mark.parametrize("card_id", ["x", "%00", "00000000-0000-4000-8000-000000000000", "é"])
def test_a_card_that_is_none_is_not_found(console: Browser, card_id: str) -> None:
    assert console.client.get(f"/console/cards/{card_id}").status_code == 404


def test_another_merchants_card_is_not_found(console: Browser, other_api: Api, other_cafe: Cafe) -> None:
    theirs = other_api.made(
        "/cards", {"program_id": str(other_cafe.program_id), "customer": {"name": "Somebody Elses"}}
    )
    assert console.client.get(f"/console/cards/{theirs['id']}").status_code == 404
    for query in (theirs["short_code"], theirs["serial"], "Somebody Elses", ""):
        assert theirs["short_code"] not in console.client.get("/console", query_string={"q": query}).text.replace(
            f"<q>{query}</q>", ""
        ).replace(f'value="{query}"', "")


def test_what_a_customer_is_called_is_shown_as_text(console: Browser, api: Api, cafe: Cafe) -> None:
    name = "<img src=x onerror=alert(1)>"
    api.made("/cards", {"program_id": str(cafe.program_id), "customer": {"name": name}})
    assert name not in console.client.get("/console").text


def test_signing_out_ends_the_session_and_not_only_the_cookie(app: OpenAPI) -> None:
    console, copied = signed_in(app), app.test_client()
    copied.set_cookie("treuepass_console", cookie_of(console, "treuepass_console", "/console"), path="/console")
    assert copied.get("/console").status_code == 200
    assert console.submit("/console/sign-out").status_code == 303
    assert console.client.get("/console").status_code == 303
    assert copied.get("/console").status_code == 303


@pytest.mark.parametrize("span", [people.IDLE, people.LONGEST])
def test_a_session_that_was_left_alone_is_over(console: Browser, travel: Travel, span: timedelta) -> None:
    travel(span + timedelta(minutes=1))
    assert console.client.get("/console").status_code == 303


@pytest.mark.parametrize("cookie", ["", "made-up", "é", "x" * 5000])
def test_a_cookie_that_is_none_opens_nothing(app: OpenAPI, cookie: str) -> None:
    headers = {"Cookie": f"treuepass_console={cookie}".encode().decode("latin-1")}
    assert app.test_client().get("/console", headers=headers).status_code == 303


def test_a_till_is_no_console_and_a_console_no_till(console: Browser, till: Browser) -> None:
    assert till.client.get("/console").status_code == 303
    assert 'name="pin"' not in console.client.get("/till").text
    assert PIN not in console.client.get("/console").text


def test_no_secret_stands_in_the_database_as_it_is(console_cookie: str, engine: Engine) -> None:
    with transaction(engine) as session:
        rows = session.execute(text("SELECT encode(token_hash, 'escape') FROM login_session")).scalars().all()
    assert rows
    assert console_cookie not in rows


def _codes(page: str) -> list[str]:
    return re.findall(r'<span class="code">([^<]+)</span>', page)
