"""What the phone suggests near a shop: what Wallet would, at the places that passes name, and nobody is told."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.authority import Authority
from sandbox.lock_screen import metres, point_of, spots_of, suggestions
from sandbox.phone_view import pass_name
from sandbox.server import Running, running
from sandbox.wallet import OpenedPass
from tests.sandbox.issuer_double import Issuer
from tests.sandbox.making import make_pass, pass_json
from tests.sandbox.parts import PASS_TYPE, machine_now, until

HERE, FAR = (52.5, 13.4), (52.502, 13.4)
SPOT = {"latitude": 52.5, "longitude": 13.4, "relevantText": "Coffee and croissant 3.90"}
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
MORNING = {"startDate": "2026-03-02T07:00:00+00:00", "endDate": "2026-03-02T10:00:00+00:00"}


def _pass(serial: str = "CARD0001", *, style: str = "storeCard", **changes: Any) -> OpenedPass:
    content = pass_json(serial=serial, locations=[SPOT], **changes)
    content[style] = content.pop("storeCard")
    return OpenedPass(PASS_TYPE, serial, "TEAM", None, None, content, {})


def _texts(*passes: OpenedPass, here: tuple[float, float] = HERE, now: datetime = AT) -> list[str]:
    return [one.text for one in suggestions(passes, here, now)]


def test_near_its_place_a_pass_says_what_it_has_to_say_there() -> None:
    (one,) = suggestions([_pass()], HERE, AT)
    assert (one.name, one.title, one.text) == (pass_name(_pass()), "Café Morgenrot", SPOT["relevantText"])


@pytest.mark.parametrize(("here", "metres_away"), [(HERE, 0), ((52.5008, 13.4), 89), ((52.501, 13.4), 111)])
def test_a_card_comes_up_within_about_a_hundred_metres(here: tuple[float, float], metres_away: int) -> None:
    assert metres(HERE, here) == metres_away
    assert bool(_texts(_pass(), here=here)) == (metres_away <= 100)


@pytest.mark.parametrize(("said", "far", "comes"), [(50, (52.5008, 13.4), False), (5000, FAR, False), (50, HERE, True)])
def test_a_pass_may_shrink_that_and_not_widen_it(said: int, far: tuple[float, float], comes: bool) -> None:
    assert bool(_texts(_pass(maxDistance=said), here=far)) == comes


def test_a_ticket_comes_up_from_further_away() -> None:
    assert _texts(_pass(style="eventTicket"), here=FAR)
    assert not _texts(_pass(style="coupon"), here=FAR)


def test_of_several_places_the_nearest_speaks() -> None:
    other = {**SPOT, "latitude": 52.5005, "relevantText": "The other one"}
    both = _pass()
    content = {**both.content, "locations": [SPOT, other]}
    two = OpenedPass(both.pass_type, both.serial, both.team_id, None, None, content, {})
    assert _texts(two, here=(52.5004, 13.4)) == ["The other one"]
    assert _texts(two, here=(52.5001, 13.4)) == [SPOT["relevantText"]]


@pytest.mark.parametrize(("style", "now", "comes"), [
    ("storeCard", datetime(2026, 3, 2, 12, tzinfo=UTC), True), ("coupon", datetime(2026, 3, 2, 12, tzinfo=UTC), True),
    ("generic", datetime(2026, 3, 2, 12, tzinfo=UTC), False), ("generic", AT, True),
])  # fmt: skip
def test_a_time_counts_for_passes_of_which_wallet_looks_at_it(style: str, now: datetime, comes: bool) -> None:
    assert bool(_texts(_pass(style=style, relevantDates=[MORNING]), now=now)) == comes


def test_a_pass_that_is_over_or_names_no_place_comes_up_nowhere() -> None:
    assert not _texts(_pass(voided=True))
    nowhere = _pass()
    assert not _texts(OpenedPass(PASS_TYPE, "x", "TEAM", None, None, pass_json(locations=[]), {}))
    assert not _texts(OpenedPass(PASS_TYPE, "x", "TEAM", None, None, pass_json(), {}))
    assert spots_of([nowhere, nowhere])[0].at == "52.5,13.4"
    assert len(spots_of([nowhere, nowhere])) == 1


@pytest.mark.parametrize("typed", ["", "here", "52.5", "91, 0", "0, 181", "1,2,3", "52.5; x", "nan, 1", "1e3, 1"])
def test_what_is_no_place_is_none(typed: str) -> None:
    assert point_of(typed) is None


@pytest.mark.parametrize("typed", ["52.5,13.4", " 52.5 13.4 ", "52.5; 13.4", "+52.5, 13.4"])
def test_coordinates_are_taken_as_maps_give_them(typed: str) -> None:
    assert point_of(typed) == HERE


# On the page


@pytest.fixture
def sandbox(authority: Authority, tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path, phone_port=0, apns_port=0, authority=authority, now=machine_now) as made:
        yield made


@pytest.fixture
def issuer(authority: Authority) -> Iterator[Issuer]:
    made = Issuer(authority)
    yield made
    made.go_down()


@pytest.fixture
def browser(sandbox: Running, authority: Authority) -> requests.Session:
    """Beside a phone with a pass that names a place."""
    session = requests.Session()
    session.headers["Accept-Language"] = "en"
    spots = [SPOT, {**SPOT, "latitude": 48.1, "relevantText": "<b>Munich</b>"}]
    sent = make_pass(authority, pass_json(locations=spots))
    offer = session.post(f"{sandbox.phone_url}/phone/1/file", files={"pass": sent})
    session.post(f"{offer.url}/answer", data={"answer": "add"})
    return session


def _suggested(page: str) -> list[str]:
    return re.findall(r'class="suggestion-text">([^<]*)<', page)


def test_the_places_of_a_pass_can_be_gone_to_and_the_lock_screen_shows_the_text(
    browser: requests.Session, sandbox: Running
) -> None:
    home = browser.get(f"{sandbox.phone_url}/phone/1/").text
    first, second = re.findall(r'data-place="([^"]+)" href="([^"]+)"', home)
    assert (first[0], second[0]) == ("52.5,13.4", "48.1,13.4")
    assert "<b>Munich" not in home
    page = browser.get(f"{sandbox.phone_url}{first[1]}")
    assert (page.status_code, _suggested(page.text)) == (200, [SPOT["relevantText"]])
    assert _suggested(browser.get(f"{sandbox.phone_url}{second[1]}").text) == ["&lt;b&gt;Munich&lt;/b&gt;"]


def test_coordinates_can_be_typed(browser: requests.Session, sandbox: Running) -> None:
    near = f"{sandbox.phone_url}/phone/1/near"
    assert _suggested(browser.get(near, params={"at": "52.5001, 13.4"}).text) == [SPOT["relevantText"]]
    nowhere = browser.get(near, params={"at": "0, 0"})
    assert (nowhere.status_code, _suggested(nowhere.text)) == (200, [])
    assert 'data-suggestion=""' in nowhere.text


@pytest.mark.parametrize(("language", "sentence"), [("en", "is no place"), ("de", "ist kein Ort")])
def test_what_is_no_place_is_named_and_kept(
    browser: requests.Session, sandbox: Running, language: str, sentence: str
) -> None:
    page = browser.get(f"{sandbox.phone_url}/phone/1/near", params={"at": 'x"<b>', "lang": language})
    assert page.status_code == 422
    assert sentence in page.text
    assert 'value="x&#34;&lt;b&gt;"' in page.text


def test_a_phone_that_does_not_exist_stands_nowhere(sandbox: Running) -> None:
    assert requests.get(f"{sandbox.phone_url}/phone/_/near?at=1,1", timeout=10).status_code == 404


def test_a_pass_without_places_offers_none_to_go_to(sandbox: Running) -> None:
    page = requests.get(f"{sandbox.phone_url}/phone/1/", timeout=10).text
    assert "data-place" not in page
    assert 'id="near-at"' in page


def test_nothing_is_told_to_the_issuer_and_nothing_is_noted_on_the_phone(
    sandbox: Running, issuer: Issuer, authority: Authority
) -> None:
    phone = f"{sandbox.phone_url}/phone/1"
    sent = make_pass(authority, {**issuer.content("CARD0001"), "locations": [SPOT]})
    offer = requests.post(f"{phone}/file", files={"pass": sent}, timeout=10)
    requests.post(f"{offer.url}/answer", data={"answer": "add"}, timeout=10)
    until(lambda: requests.get(f"{phone}/state.json", timeout=10).json()["passes"][0]["registered"])
    before, calls = requests.get(f"{phone}/state.json", timeout=10).json(), list(issuer.calls)
    assert _suggested(requests.get(f"{phone}/near?at=52.5,13.4", timeout=10).text) == [SPOT["relevantText"]]
    assert requests.get(f"{phone}/state.json", timeout=10).json() == before
    assert issuer.calls == calls
