"""Shops, tills and the people at the counter in the console."""

import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import unquote
from uuid import UUID, uuid4

import pytest
import zxingcpp
from flask_openapi3 import OpenAPI
from markupsafe import escape
from PIL import Image
from sqlalchemy import Engine

from issuer import tills
from issuer.database import transaction
from issuer.merchants import NewMerchant, create_location, create_merchant
from issuer.schema import Location, Staff
from issuer.tills import ENROL_WITHIN
from passes.qr import qr_png, qr_svg
from tests.conftest import PIN, TILL_LINK
from tests.web.conftest import Browser, Travel
from tests.web.members import Member, member

SHOPS = "/console/shops"


@pytest.fixture
def manager(app: OpenAPI, engine: Engine, now: datetime) -> Member:
    """Of a merchant of their own, with one shop."""
    with transaction(engine) as session:
        merchant = create_merchant(session, NewMerchant("Eisdiele Venezia"), now)
        create_location(session, merchant, "Am Brunnen", now)
    return member(app, now, (merchant.id, "manager"))


@pytest.fixture
def shop_id(engine: Engine, manager: Member) -> UUID:
    with transaction(engine, manager.merchant_id) as session:
        return session.query(Location).one().id


@pytest.fixture
def mia(engine: Engine, manager: Member, now: datetime) -> UUID:
    assert manager.merchant_id is not None
    with transaction(engine, manager.merchant_id) as session:
        return tills.hire(session, manager.merchant_id, "Mia", PIN, now).id


def _link(manager: Member, shop_id: UUID) -> str:
    """The path that the page of a new till shows."""
    answer = manager.browser.submit(f"{SHOPS}/{shop_id}/till")
    assert answer.status_code == 201
    found = re.search(r'id="link" value="http://127.0.0.1:8000(/till/enrol/[^"]+)" readonly', answer.text)
    assert found is not None
    return found[1]


def _become(app: OpenAPI, path: str) -> Browser:
    device = Browser(app.test_client(), path)
    assert device.submit(path).status_code == 303
    device.page = "/till"
    return device


@pytest.fixture
def device(app: OpenAPI, manager: Member, shop_id: UUID, mia: UUID) -> Browser:
    """A till that Mia has opened."""
    device = _become(app, _link(manager, shop_id))
    assert device.submit("/till/sign-in", staff_id=str(mia), pin=PIN).status_code == 303
    return device


def _till_form(manager: Member, deed: str) -> str:
    (path,) = re.findall(rf'action="(/console/tills/[^"]+/{deed})"', manager.get(SHOPS))
    return path


def _works(device: Browser) -> bool:
    return device.send("/till/lookup", {"code": "x"}).status_code == 422


def test_the_page_of_a_new_till_shows_a_code_that_a_reader_reads(manager: Member, shop_id: UUID) -> None:
    page = manager.browser.submit(f"{SHOPS}/{shop_id}/till").text
    found = re.search(r'id="link" value="([^"]+)"', page)
    assert found is not None
    assert unquote(page.split('src="data:image/svg+xml,')[1].split('"')[0]) == qr_svg(found[1])
    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(qr_png(found[1], 4))).convert("L"))
    assert read.text == found[1]


def test_opening_the_link_asks_first_and_uses_nothing_up(app: OpenAPI, manager: Member, shop_id: UUID) -> None:
    path = _link(manager, shop_id)
    for _ in range(2):
        answer = app.test_client().get(path)
        assert "Am Brunnen" in answer.text
        assert "treuepass_till" not in str(answer.headers)
    assert 'name="pin"' in _become(app, path).client.get("/till").text


def test_the_link_works_once(app: OpenAPI, manager: Member, shop_id: UUID) -> None:
    path = _link(manager, shop_id)
    late = Browser(app.test_client(), path)
    token = late.token
    _become(app, path)
    answer = late.client.post(path, data={"csrf_token": token})
    assert (answer.status_code, "treuepass_till" in str(answer.headers)) == (404, False)
    assert app.test_client().get(path).status_code == 404


def test_the_link_is_over_after_half_an_hour(app: OpenAPI, manager: Member, shop_id: UUID, travel: Travel) -> None:
    path = _link(manager, shop_id)
    travel(ENROL_WITHIN + timedelta(seconds=1))
    assert app.test_client().get(path).status_code == 404


def test_the_link_needs_the_token_of_its_page(app: OpenAPI, manager: Member, shop_id: UUID) -> None:
    path = _link(manager, shop_id)
    assert app.test_client().post(path).status_code == 400
    _become(app, path)


def test_a_till_that_opens_the_link_stays_the_one_it_is_and_leaves_it_to_others(
    app: OpenAPI, manager: Member, shop_id: UUID, device: Browser
) -> None:
    path = _link(manager, shop_id)
    assert device.client.get(path).status_code == 303
    assert device.submit(path).status_code == 303
    assert _works(device)
    _become(app, path)


def test_the_demos_link_makes_every_browser_a_till_at_once(app: OpenAPI) -> None:
    for _ in range(2):
        answer = app.test_client().get(f"/till/enrol/{TILL_LINK}")
        assert (answer.status_code, "treuepass_till" in str(answer.headers)) == (303, True)


def test_a_till_is_shown_with_who_is_on_shift_and_when_it_was_seen(
    manager: Member, device: Browser, travel: Travel
) -> None:
    page = manager.get(SHOPS)
    assert "Kasse 1" in page
    assert "offen: Mia" in page
    assert "gerade eben" in page
    travel(timedelta(hours=2))
    assert "vor 2 Stunden" in manager.get(SHOPS)


def test_a_till_that_is_shut_out_is_refused_at_its_next_call_and_let_in_again(manager: Member, device: Browser) -> None:
    assert _works(device)
    manager.browser.submit(_till_form(manager, "revoke"))
    assert device.send("/till/lookup", {"code": "x"}).status_code == 401
    assert 'name="pin"' not in device.client.get("/till").text
    manager.browser.submit(_till_form(manager, "restore"))
    assert 'name="pin"' in device.client.get("/till").text, "it asks for a PIN"


def test_a_till_is_renamed_and_the_page_says_so(manager: Member, device: Browser) -> None:
    assert manager.browser.submit(_till_form(manager, "name"), name="Theke <b>").status_code == 303
    page = manager.get(SHOPS)
    assert "Theke &lt;b&gt;" in page
    assert 'class="banner banner-good done"' in page


def test_a_name_that_cannot_be_taken_is_shown_again_with_the_reason(manager: Member, device: Browser) -> None:
    answer = manager.browser.submit(_till_form(manager, "name"), name="x" * 41)
    assert answer.status_code == 422
    assert f'value="{"x" * 41}"' in answer.text
    assert 'role="alert"' in answer.text
    assert re.search(r"<details[^>]* open>", answer.text)


def test_a_shop_is_added_and_changed(manager: Member) -> None:
    manager.browser.submit(SHOPS, name="Am Hafen", address="Kai 7")
    page = manager.get(SHOPS)
    assert "Am Hafen" in page
    assert "Kai 7" in page
    path = re.findall(r'action="(/console/shops/[^"/]+)"', page)[-1]
    manager.browser.submit(path, name="Am alten Hafen", address="")
    page = manager.get(SHOPS)
    assert "Am alten Hafen" in page
    assert "Kai 7" not in page


@pytest.mark.parametrize(("typed", "latitude", "longitude", "shown"), [
    ("52.51628, 13.37771", 52.51628, 13.37771, "52.51628, 13.37771"),
    (" -33.9°  18.4° ", -33.9, 18.4, "-33.9, 18.4"),
    ("52,52; 13,405", 52.52, 13.405, "52.52, 13.405"),
    ("0,0", 0, 0, "0.0, 0.0"),
    ("", None, None, ""),
])  # fmt: skip
def test_a_shop_has_the_coordinates_that_a_map_gives(
    engine: Engine, manager: Member, shop_id: UUID, typed: str, latitude: float, longitude: float, shown: str
) -> None:
    manager.browser.submit(f"{SHOPS}/{shop_id}", name="Am Brunnen", at="1, 1")
    assert manager.browser.submit(f"{SHOPS}/{shop_id}", name="Am Brunnen", at=typed).status_code == 303
    with transaction(engine, manager.merchant_id) as session:
        place = session.get_one(Location, shop_id)
    assert (place.latitude, place.longitude) == (latitude, longitude)
    assert f'id="shop-{shop_id}-at" name="at" value="{shown}"' in manager.get(SHOPS)


@pytest.mark.parametrize("path", ["", "/{shop_id}"], ids=["added", "changed"])
@pytest.mark.parametrize(("typed", "why"), [
    ("at the market", "ist kein Ort"), ("52.5", "ist kein Ort"), ("52.5 N, 13.4 E", "ist kein Ort"),
    ("<b>, 2", "&lt;b&gt;, 2"), ("95, 13", "liegt nirgends"), ("13.4, 181", "liegt nirgends"),
])  # fmt: skip
def test_what_is_no_place_is_named_and_kept_and_changes_nothing(
    engine: Engine, manager: Member, shop_id: UUID, path: str, typed: str, why: str
) -> None:
    answer = manager.browser.submit(SHOPS + path.format(shop_id=shop_id), name="Am Hafen", at=typed)
    form = f"shop-{shop_id}" if path else "shop-new"
    assert answer.status_code == 422
    assert why in answer.text
    assert re.search(
        rf'id="{form}-at"[^>]*value="{re.escape(str(escape(typed)))}"[^>]*aria-invalid="true"', answer.text
    )
    with transaction(engine, manager.merchant_id) as session:
        assert [(one.name, one.latitude) for one in session.query(Location)] == [("Am Brunnen", None)]


def test_a_shop_where_clocks_differ_says_so(manager: Member, shop_id: UUID) -> None:
    address = f"{SHOPS}/{shop_id}"
    assert manager.browser.submit(address, name="Am Brunnen", zone="Atlantic/Canary").status_code == 303
    assert re.search(rf'id="shop-{shop_id}-zone" [^>]*value="Atlantic/Canary"', manager.get(SHOPS))
    answer = manager.browser.submit(address, name="Am Brunnen", zone="Spanien")
    assert answer.status_code == 422
    assert "„Spanien“ ist keine Zeitzone" in answer.text
    assert re.search(r'value="Spanien"[^>]*aria-invalid="true"', answer.text)
    assert re.search(rf'id="shop-{shop_id}-zone" [^>]*value="Atlantic/Canary"', manager.get(SHOPS))


@pytest.mark.parametrize(("name", "address"), [("", "Kai 7"), ("x" * 61, "Kai 7"), ("Am Hafen", "x" * 201)])
def test_a_shop_that_cannot_be_taken_keeps_what_was_typed(manager: Member, name: str, address: str) -> None:
    answer = manager.browser.submit(SHOPS, name=name, address=address)
    assert answer.status_code == 422
    assert 'id="shop-new-error"' in answer.text
    assert f'value="{address}"' in answer.text


def test_without_tills_and_staff_the_page_says_what_to_do_first(manager: Member) -> None:
    page = manager.get(SHOPS)
    assert 'id="no-staff"' in page
    assert "Noch keine Kasse." in page


def test_a_drawn_pin_is_shown_once_and_opens_a_till(app: OpenAPI, manager: Member, shop_id: UUID) -> None:
    answer = manager.browser.submit("/console/staff", name="Ben", pin="")
    assert answer.status_code == 201
    (pin,) = re.findall(r'id="pin">(\d{6})<', answer.text)
    page = manager.get(SHOPS)
    assert pin not in page
    (staff_id,) = re.findall(r'action="/console/staff/([^"/]+)/leave"', page)
    device = _become(app, _link(manager, shop_id))
    assert device.submit("/till/sign-in", staff_id=staff_id, pin=pin).status_code == 303


def test_a_chosen_pin_is_never_shown(manager: Member) -> None:
    answer = manager.browser.submit("/console/staff", name="Ben", pin="8025")
    assert answer.status_code == 303
    assert "8025" not in manager.get(SHOPS)


@pytest.mark.parametrize("pin", ["0000", "1234", "987654", "12", "abcd", "123456789"])
def test_a_pin_that_will_not_do_is_refused_and_the_name_kept(manager: Member, pin: str) -> None:
    answer = manager.browser.submit("/console/staff", name="Ben", pin=pin)
    assert answer.status_code == 422
    assert 'id="staff-new-error"' in answer.text
    assert 'value="Ben"' in answer.text
    assert f'value="{pin}"' not in answer.text
    assert 'id="no-staff"' in answer.text


def test_a_name_that_is_there_already_is_refused(manager: Member, mia: UUID) -> None:
    answer = manager.browser.submit("/console/staff", name=" mia", pin="8025")
    assert answer.status_code == 422
    assert "gibt es schon" in answer.text


def test_a_new_pin_replaces_the_old_one(manager: Member, mia: UUID, device: Browser) -> None:
    answer = manager.browser.submit(f"/console/staff/{mia}/pin", pin="")
    (pin,) = re.findall(r'id="pin">(\d{6})<', answer.text)
    assert not _works(device), "it is asked for at once"
    assert device.submit("/till/sign-in", staff_id=str(mia), pin=PIN).status_code == 403
    assert device.submit("/till/sign-in", staff_id=str(mia), pin=pin).status_code == 303


def test_who_left_is_off_shift_at_once_and_comes_back_with_the_old_pin(
    manager: Member, mia: UUID, device: Browser
) -> None:
    manager.browser.submit(f"/console/staff/{mia}/leave")
    assert not _works(device)
    assert device.submit("/till/sign-in", staff_id=str(mia), pin=PIN).status_code == 403
    manager.browser.submit(f"/console/staff/{mia}/return")
    assert device.submit("/till/sign-in", staff_id=str(mia), pin=PIN).status_code == 303


def test_who_comes_back_when_the_name_is_taken_is_told_so(manager: Member, mia: UUID) -> None:
    manager.browser.submit(f"/console/staff/{mia}/leave")
    manager.browser.submit("/console/staff", name="Mia", pin="8025")
    answer = manager.browser.submit(f"/console/staff/{mia}/return")
    assert answer.status_code == 422
    assert f'id="staff-{mia}-error"' in answer.text


def test_somebody_is_renamed(engine: Engine, manager: Member, mia: UUID) -> None:
    manager.browser.submit(f"/console/staff/{mia}/name", name="Mia 🧁 مها")
    with transaction(engine, manager.merchant_id) as session:
        assert session.get_one(Staff, mia).name == "Mia 🧁 مها"
    assert "Mia 🧁 مها" in manager.get(SHOPS)


POSTS: dict[str, Callable[[UUID], str]] = {
    "shop": lambda meant: f"{SHOPS}/{meant}",
    "enrol": lambda meant: f"{SHOPS}/{meant}/till",
    **{
        f"till {deed}": lambda meant, deed=deed: f"/console/tills/{meant}/{deed}"
        for deed in ("name", "revoke", "restore")
    },
    **{
        f"staff {deed}": lambda meant, deed=deed: f"/console/staff/{meant}/{deed}"
        for deed in ("name", "pin", "leave", "return")
    },
}


@pytest.mark.parametrize("post", POSTS)
def test_what_another_merchant_has_is_not_found(
    manager: Member, console: Browser, shop_id: UUID, mia: UUID, device: Browser, post: str
) -> None:
    (till_id,) = re.findall(r'action="/console/tills/([^"/]+)/revoke"', manager.get(SHOPS))
    theirs = {"shop": shop_id, "enrol": shop_id, "staff": mia, "till": UUID(till_id)}[post.partition(" ")[0]]
    assert console.submit(POSTS[post](theirs), name="Mine", pin="8025").status_code == 404
    assert _works(device)
    assert "Mine" not in manager.get(SHOPS)


@pytest.mark.parametrize("post", POSTS)
def test_what_nobody_has_is_not_found(manager: Member, post: str) -> None:
    assert manager.browser.submit(POSTS[post](uuid4()), name="Mine", pin="8025").status_code == 404


@pytest.mark.parametrize("post", POSTS)
def test_staff_of_the_console_change_nothing(
    app: OpenAPI, manager: Member, now: datetime, shop_id: UUID, mia: UUID, post: str
) -> None:
    assert manager.merchant_id is not None
    clerk = member(app, now, (manager.merchant_id, "staff"))
    meant = mia if post.startswith("staff") else shop_id
    assert clerk.browser.submit(POSTS[post](meant), name="Mine", pin="8025").status_code == 403
    assert "Mine" not in manager.get(SHOPS)


@pytest.mark.parametrize("path", [SHOPS, "/console/staff"])
def test_staff_of_the_console_add_nothing(app: OpenAPI, manager: Member, now: datetime, path: str) -> None:
    assert manager.merchant_id is not None
    clerk = member(app, now, (manager.merchant_id, "staff"))
    assert clerk.browser.submit(path, name="Mine").status_code == 403


@pytest.mark.parametrize("post", POSTS)
def test_a_form_without_the_pages_token_changes_nothing(manager: Member, shop_id: UUID, mia: UUID, post: str) -> None:
    meant = mia if post.startswith("staff") else shop_id
    assert manager.browser.client.post(POSTS[post](meant), data={"name": "Mine"}).status_code == 400
    assert "Mine" not in manager.get(SHOPS)
