"""The phone's pages over real HTTP, without a browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Response

from sandbox.authority import Authority
from sandbox.server import Running, running
from tests.sandbox.issuer_double import TOKEN, Issuer
from tests.sandbox.making import make_pass, pass_json
from tests.sandbox.parts import PASS_TYPE, machine_now, until


@pytest.fixture
def sandbox(authority: Authority, tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path, phone_port=0, apns_port=0, authority=authority, now=machine_now) as made:
        yield made


@pytest.fixture
def issuer(authority: Authority) -> Iterator[Issuer]:
    made = Issuer(authority)
    made.app.add_url_rule("/card.pkpass", view_func=lambda: _download(made))
    yield made
    made.go_down()


def _download(issuer: Issuer) -> Response:
    issuer.calls.append("download")
    return Response(issuer.card(), mimetype=issuer.sends.get("mime", "application/vnd.apple.pkpass"))


@pytest.fixture
def browser(sandbox: Running) -> requests.Session:
    session = requests.Session()
    session.headers["Accept-Language"] = "de-DE,de;q=0.9"
    return session


def _add(browser: requests.Session, sandbox: Running, issuer: Issuer) -> str:
    """Add the card by its link; returns the address of its front."""
    link = f"http://127.0.0.1:{issuer.port}/card.pkpass"
    offer = browser.get(f"{sandbox.phone_url}/add", params={"pass": link})
    assert offer.status_code == 200, offer.text
    front = browser.post(f"{offer.url}/answer", data={"answer": "add"})
    until(lambda: issuer.registered)
    return front.url


def _state(browser: requests.Session, sandbox: Running, phone: str = "1") -> dict[str, Any]:
    found: dict[str, Any] = browser.get(f"{sandbox.phone_url}/phone/{phone}/state.json").json()
    return found


def test_the_root_leads_to_the_first_phone(browser: requests.Session, sandbox: Running) -> None:
    page = browser.get(sandbox.phone_url)
    assert page.url.endswith("/phone/1/")
    assert "Noch kein Pass" in page.text


@pytest.mark.parametrize(("asked", "title"), [("?lang=en", "No pass yet"), ("?lang=de", "Noch kein Pass")])
def test_the_language_can_be_chosen_and_stays(sandbox: Running, asked: str, title: str) -> None:
    browser = requests.Session()
    assert title in browser.get(f"{sandbox.phone_url}/phone/1/{asked}").text
    assert title in browser.get(f"{sandbox.phone_url}/phone/1/").text


def test_no_page_may_run_or_style_anything_from_elsewhere(browser: requests.Session, sandbox: Running) -> None:
    page = browser.get(f"{sandbox.phone_url}/phone/1/")
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert " style=" not in page.text
    assert "<style" not in page.text
    assert "onclick" not in page.text


def test_a_link_to_a_pass_shows_it_and_adds_it_only_when_told(
    browser: requests.Session, sandbox: Running, issuer: Issuer
) -> None:
    link = f"http://127.0.0.1:{issuer.port}/card.pkpass"
    offer = browser.get(f"{sandbox.phone_url}/phone/1/add", params={"pass": link})
    assert "Café Morgenrot" in offer.text
    assert _state(browser, sandbox)["passes"] == []
    browser.post(f"{offer.url}/answer", data={"answer": "cancel"})
    assert _state(browser, sandbox)["passes"] == []
    assert issuer.registered == {}


def test_an_added_pass_is_shown_with_its_fields_and_can_be_read_by_programs(
    browser: requests.Session, sandbox: Running, issuer: Issuer
) -> None:
    front = browser.get(_add(browser, sandbox, issuer)).text
    assert "3 / 10" in front
    assert "K7QM-3FX" in front
    (card,) = _state(browser, sandbox)["passes"]
    assert (card["serial"], card["pass_type"], card["registered"]) == ("CARD0001", PASS_TYPE, True)
    assert card["fields"]["stamps"] == "3 / 10"
    assert card["code"] == "T1" + "A" * 34
    assert TOKEN not in front + str(_state(browser, sandbox))


def test_the_colours_of_the_pass_come_as_a_stylesheet(
    browser: requests.Session, sandbox: Running, issuer: Issuer
) -> None:
    _add(browser, sandbox, issuer)
    sheet = browser.get(f"{sandbox.phone_url}/phone/1/colours.css")
    assert sheet.headers["Content-Type"].startswith("text/css")
    assert "--pass-background:rgb(47, 93, 80)" in sheet.text


def test_the_back_has_the_back_fields_and_links_in_them(
    browser: requests.Session, sandbox: Running, issuer: Issuer
) -> None:
    back = browser.get(_add(browser, sandbox, issuer) + "/back").text
    assert '<a href="mailto:hello@example.org"' in back
    assert "Automatische Updates" in back


def test_a_removed_pass_is_gone_here_and_at_the_issuer(
    browser: requests.Session, sandbox: Running, issuer: Issuer
) -> None:
    front = _add(browser, sandbox, issuer)
    assert "Noch kein Pass" in browser.post(f"{front}/remove").text
    until(lambda: not issuer.registered)
    assert browser.get(front).status_code == 404


def test_the_state_is_sent_once_a_version(browser: requests.Session, sandbox: Running, issuer: Issuer) -> None:
    _add(browser, sandbox, issuer)
    until(lambda: _state(browser, sandbox)["passes"][0]["registered"])
    version = _state(browser, sandbox)["version"]
    again = browser.get(f"{sandbox.phone_url}/phone/1/state.json?version={version}")
    assert (again.status_code, again.content) == (204, b"")


def test_a_refresh_fetches_without_a_push(browser: requests.Session, sandbox: Running, issuer: Issuer) -> None:
    front = _add(browser, sandbox, issuer)
    issuer.stamp()
    browser.post(f"{front}/refresh")
    until(lambda: _state(browser, sandbox)["passes"][0]["fields"]["stamps"] == "4 / 10")
    (notice,) = _state(browser, sandbox)["notices"]
    assert notice["text"] == "You have 4 / 10 stamps now."


def test_a_pass_in_a_file_is_offered_too(browser: requests.Session, sandbox: Running, authority: Authority) -> None:
    sent = {"pass": ("card.pkpass", make_pass(authority), "application/vnd.apple.pkpass")}
    offer = browser.post(f"{sandbox.phone_url}/phone/1/file", files=sent)
    assert offer.status_code == 200
    assert "/offer/" in offer.url


@pytest.mark.parametrize("lang", ["de", "en"])
def test_a_refused_pass_says_what_wallet_would_do_and_why(
    browser: requests.Session, sandbox: Running, authority: Authority, lang: str
) -> None:
    wrong = make_pass(authority, pass_json(teamIdentifier="OTHERTEAM1"))
    answer = browser.post(f"{sandbox.phone_url}/phone/1/file?lang={lang}", files={"pass": ("x.pkpass", wrong)})
    assert answer.status_code == 422
    assert {"de": "Wallet täte jetzt nichts", "en": "Wallet would do nothing now"}[lang] in answer.text
    assert "OTHERTEAM1" in answer.text


def test_a_link_whose_answer_is_no_pass_is_refused(browser: requests.Session, sandbox: Running, issuer: Issuer) -> None:
    issuer.sends["mime"] = "application/octet-stream"
    link = f"http://127.0.0.1:{issuer.port}/card.pkpass"
    answer = browser.get(f"{sandbox.phone_url}/add", params={"pass": link})
    assert answer.status_code == 422
    assert "application/octet-stream" in answer.text


@pytest.mark.parametrize("link", ["", "file:///etc/passwd", "http://127.0.0.1:1/x.pkpass", "nonsense"])
def test_a_link_that_leads_nowhere_is_refused(browser: requests.Session, sandbox: Running, link: str) -> None:
    answer = browser.get(f"{sandbox.phone_url}/add", params={"pass": link})
    assert answer.status_code == 422
    assert "kam kein Pass" in answer.text


def test_another_site_cannot_put_a_pass_on_the_phone(browser: requests.Session, sandbox: Running) -> None:
    answer = browser.post(f"{sandbox.phone_url}/phone/1/file", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_a_phone_with_an_impossible_name_is_refused_in_a_sentence(browser: requests.Session, sandbox: Running) -> None:
    answer = browser.get(f"{sandbox.phone_url}/phone/Küche!/")
    assert answer.status_code == 404
    assert "Dieses Handy gibt es nicht" in answer.text


def test_two_phones_hold_their_passes_apart(browser: requests.Session, sandbox: Running, issuer: Issuer) -> None:
    _add(browser, sandbox, issuer)
    assert _state(browser, sandbox, "2")["passes"] == []
    assert "Handy 2" in browser.get(f"{sandbox.phone_url}/phone/1/").text


def test_the_log_shows_each_request_as_it_went(browser: requests.Session, sandbox: Running, issuer: Issuer) -> None:
    _add(browser, sandbox, issuer)
    until(lambda: _state(browser, sandbox)["passes"][0]["registered"])
    done = _state(browser, sandbox)["happenings"]
    assert [one["what"] for one in done] == ["added", "registered"]
    assert done[1]["line"].startswith("POST /apple/v1/devices/")
    assert done[1]["line"].endswith("/CARD0001 → 201")
