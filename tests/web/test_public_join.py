"""The join page: light, right for the phone that opens it, one tap, and no data unless somebody likes to give it."""

import html
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import zxingcpp
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from PIL import Image, ImageDraw
from sqlalchemy import Engine, delete, func, select

from issuer import customers
from issuer.customers import NOTHING, Known
from issuer.database import transaction
from issuer.keys import Keys
from issuer.schema import Card, CardKey, Certificate, Event, IdempotencyKey
from signing.tokens import digest
from tests.conftest import Cafe
from tests.web.conftest import CSRF, Travel
from tests.web.phones import PKPASS

HEAVIEST = 60_000
LOADED = re.compile(r'<(?:link|script|img|video|source)[^>]+(?:href|src)="([^"]+)"')
FIELD = re.compile(r'name="join_id" value="([^"]+)"')
JOIN = "/join/cafe"

SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.5 Mobile/15E148 Safari/604.1"
)
INSTAGRAM = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
    " Instagram 340.0.0.22.109 (iPhone15,3; iOS 18_5; de_DE)"
)
SOME_APP = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
)
LINE = f"{SAFARI} Line/14.1.0"
CHROME = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
)
FACEBOOK = CHROME.replace("Pixel 9)", "Pixel 9; wv)") + " [FB_IAB/FB4A;FBAV/480.0;]"
WEB_VIEW = CHROME.replace("Pixel 9)", "Pixel 9; wv)")
DESK = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
IPAD = SAFARI.replace("iPhone; CPU iPhone OS", "iPad; CPU OS")
EVERYBODY = (SAFARI, INSTAGRAM, CHROME, FACEBOOK, DESK, IPAD, "", "curl/8")


def _page(client: FlaskClient, agent: str = DESK, path: str = JOIN) -> str:
    answer = client.get(path, headers={"User-Agent": agent})
    assert answer.status_code == 200
    return answer.text


def _submit(client: FlaskClient, path: str = JOIN, page: str | None = None, **fields: str) -> Any:
    text = page or _page(client, path=path)
    token, join_id = CSRF.search(text), FIELD.search(text)
    assert token is not None
    assert join_id is not None
    return client.post(path, data={"csrf_token": token[1], "join_id": join_id[1], "way": "web"} | fields)


def _known(engine: Engine, keys: Keys, cafe: Cafe, location: str) -> Known:
    """What is stored of the owner of the card that somebody was led to."""
    key = location.split("/")[2].partition("?")[0]
    with transaction(engine, cafe.merchant_id) as session:
        card = session.get_one(Card, session.get_one(CardKey, digest(key)).card_id)
        known = customers.known(session, keys, card.customer_id)
        session.expunge_all()
    return known


def _cards(engine: Engine, cafe: Cafe) -> int:
    with transaction(engine, cafe.merchant_id) as session:
        return session.scalar(select(func.count(Card.id))) or 0


def _source(engine: Engine, cafe: Cafe) -> str | None:
    with transaction(engine, cafe.merchant_id) as session:
        joined = select(Event.data["source"].astext).where(Event.kind == "joined").order_by(Event.number.desc())
        return session.scalars(joined).first()


@pytest.fixture
def no_certificate(engine: Engine) -> Iterator[None]:
    """The platform's certificate is not there for a while."""
    with transaction(engine) as session:
        kept = [
            {c.key: getattr(row, c.key) for c in Certificate.__table__.columns}
            for row in session.scalars(select(Certificate))
        ]
        session.execute(delete(Certificate))
    yield
    with transaction(engine) as session:
        session.add_all(Certificate(**values) for values in kept)


@pytest.mark.parametrize("agent", EVERYBODY)
def test_the_page_with_all_its_files_weighs_less_than_60_kb(client: FlaskClient, agent: str) -> None:
    page = _page(client, agent)
    files = {urljoin(JOIN, html.unescape(found)) for found in LOADED.findall(page)}
    assert len(files) >= 4, "the page loads styles and pictures"
    answers = [client.get(path) for path in files]
    assert {answer.status_code for answer in answers} == {200}
    assert len(page.encode()) + sum(len(answer.data) for answer in answers) < HEAVIEST


def test_a_card_without_stamps_does_not_load_the_stamps_picture(client: FlaskClient) -> None:
    assert "stamp.png" not in _page(client)


@pytest.mark.parametrize("agent", EVERYBODY)
def test_the_page_needs_no_script_and_asks_nobody_else(client: FlaskClient, agent: str) -> None:
    page = _page(client, agent)
    assert "<script" not in page
    assert [found for found in LOADED.findall(page) if "//" in found] == []


def test_an_iphone_is_offered_apple_wallet_first_and_the_web_page_second(client: FlaskClient) -> None:
    page = _page(client, SAFARI)
    assert page.index('id="join-apple"') < page.index('id="join"') < page.index("<details")


@pytest.mark.parametrize("agent", [CHROME, DESK, IPAD, "", "curl/8"])
def test_who_has_no_apple_wallet_is_offered_none(client: FlaskClient, agent: str) -> None:
    page = _page(client, agent)
    assert 'value="apple"' not in page
    assert page.index('id="join"') < page.index("<details")


def test_a_desk_shows_the_pages_code_for_the_phone_at_once_and_a_phone_one_tap_away(client: FlaskClient) -> None:
    assert 'id="other-ways"' not in _page(client, DESK)
    assert "/join/cafe/qr.svg" in _page(client, DESK)
    for agent in (SAFARI, CHROME):
        page = _page(client, agent)
        assert page.index('id="other-ways"') < page.index("/join/cafe/qr.svg")


@pytest.mark.parametrize("agent", [INSTAGRAM, SOME_APP, LINE])
def test_inside_an_app_of_an_iphone_the_way_to_safari_is_told_without_script(client: FlaskClient, agent: str) -> None:
    page = _page(client, agent, f"{JOIN}?source=poster")
    assert page.index('id="leave-app"') < page.index('id="join"')
    assert "Safari" in page
    assert 'value="http://127.0.0.1:8000/join/cafe?source=poster"' in page, "the address to copy"
    for dead in ("intent://", 'value="apple"'):
        assert dead not in page


@pytest.mark.parametrize("agent", [FACEBOOK, WEB_VIEW, f"{CHROME} Instagram 340.0", f"{CHROME} musical_ly_2023 TikTok"])
def test_inside_an_app_of_android_a_link_opens_chrome(client: FlaskClient, agent: str) -> None:
    page = _page(client, agent, f"{JOIN}?source=till")
    link = html.unescape(re.search(r'id="open-chrome"[^>]* href="([^"]+)"', page)[1])  # type: ignore[index]
    assert link.startswith(
        "intent://127.0.0.1:8000/join/cafe?source=till#Intent;scheme=http;package=com.android.chrome;"
    )
    assert "S.browser_fallback_url=http%3A%2F%2F127.0.0.1%3A8000%2Fjoin%2Fcafe%3Fsource%3Dtill;end" in link
    assert page.index('id="leave-app"') < page.index('id="join"')


@pytest.mark.parametrize("agent", [SAFARI, CHROME, DESK, IPAD, f"{SAFARI} CriOS/130.0", "", "x" * 5000, "Instagräm"])
def test_a_browser_of_its_own_is_not_sent_anywhere_else(client: FlaskClient, agent: str) -> None:
    headers = {"User-Agent": agent.encode().decode("latin-1")}
    assert 'id="leave-app"' not in client.get(JOIN, headers=headers).text


def test_the_way_to_apples_wallet_is_one_tap_from_page_to_file(client: FlaskClient) -> None:
    answer = _submit(client, page=_page(client, SAFARI), way="apple")
    assert answer.status_code == 303
    assert answer.location.endswith("/apple.pkpass")
    assert client.get(answer.location).content_type == PKPASS
    card = answer.location.removesuffix("/apple.pkpass")
    assert f'href="{card}"' in _page(client, SAFARI), "whoever comes back finds their card"


@pytest.mark.usefixtures("no_certificate")
def test_without_a_certificate_the_web_card_opens_and_says_why(client: FlaskClient) -> None:
    answer = _submit(client, way="apple")
    assert answer.status_code == 303
    page = client.get(answer.location)
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert 'id="wallet-missing"' in page.text


@pytest.mark.parametrize("way", ["web", "", "google", "\x00", "Apple"])
def test_every_other_way_leads_to_the_web_card(client: FlaskClient, way: str) -> None:
    answer = _submit(client, way=way)
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert 'class="pass-code"' in page
    assert 'id="wallet-missing"' not in page


def test_two_taps_on_different_buttons_make_one_card(client: FlaskClient, engine: Engine, cafe: Cafe) -> None:
    before, page = _cards(engine, cafe), _page(client)
    first, second = _submit(client, page=page, way="apple"), _submit(client, page=page, way="web")
    assert first.location == f"{second.location}/apple.pkpass"
    assert _cards(engine, cafe) == before + 1


@pytest.mark.parametrize("source", ["poster", "link", "till", "tent", "sticker", "paper"])
def test_the_sign_that_led_here_is_kept(client: FlaskClient, engine: Engine, cafe: Cafe, source: str) -> None:
    assert _submit(client, f"{JOIN}?source={source}").status_code == 303
    assert _source(engine, cafe) == source


@pytest.mark.parametrize("source", ["", "api", "import", "%00", "x" * 500, "%F0%9F%8E%AB", "POSTER", "poster&source=x"])
def test_any_other_source_is_a_link(client: FlaskClient, engine: Engine, cafe: Cafe, source: str) -> None:
    expected = "poster" if source.startswith("poster") else "link"
    assert _submit(client, f"{JOIN}?source={source}").status_code == 303
    assert _source(engine, cafe) == expected


@pytest.mark.parametrize(("query", "address"), [
    ("", "http://127.0.0.1:8000/join/cafe"), ("?source=tent", "http://127.0.0.1:8000/join/cafe?source=tent"),
    ("?source=evil&x=1", "http://127.0.0.1:8000/join/cafe"),
])  # fmt: skip
def test_the_pages_code_is_read_by_an_independent_reader(client: FlaskClient, query: str, address: str) -> None:
    answer = client.get(f"{JOIN}/qr.svg{query}")
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    (found,) = zxingcpp.read_barcodes(_drawn(answer.text))
    assert found.text == address


@pytest.mark.parametrize("slug", ["nothing", "%00", "é"])
def test_a_page_that_is_none_has_no_code(client: FlaskClient, slug: str) -> None:
    assert client.get(f"/join/{slug}/qr.svg").status_code == 404


def test_a_tap_without_a_word_stores_nothing_about_anybody(
    client: FlaskClient, engine: Engine, keys: Keys, cafe: Cafe
) -> None:
    for fields in ({}, {"name": "", "mail": " ", "birthday": "\t"}):
        known = _known(engine, keys, cafe, _submit(client, **fields).location)
        assert known == Known(NOTHING, [])


def test_what_is_told_is_stored_with_the_sentence_that_was_read(
    app: OpenAPI, engine: Engine, keys: Keys, cafe: Cafe
) -> None:
    client, path = app.test_client(), f"{JOIN}?source=poster&lang=en"
    page = _page(client, path=path)
    answer = _submit(client, path, page, name=" Erika ", birthday="12.8.1964", mail="erika@example.org")
    known = _known(engine, keys, cafe, answer.location)
    assert (known.profile.name, known.profile.mail) == ("Erika", "erika@example.org")
    assert str(known.profile.birthday) == "1964-08-12"
    assert {(one.purpose, one.given, one.source) for one in known.decisions} == {
        (what, True, "poster") for what in ("name", "birthday", "mail")
    }
    for one in known.decisions:
        assert (one.wording or "?") in html.unescape(page), "what was agreed to stood on the page"


def test_one_datum_alone_is_one_consent(client: FlaskClient, engine: Engine, keys: Keys, cafe: Cafe) -> None:
    known = _known(engine, keys, cafe, _submit(client, name="Erika").location)
    assert [one.purpose for one in known.decisions] == ["name"]


def test_what_a_second_tap_adds_is_not_lost(client: FlaskClient, engine: Engine, keys: Keys, cafe: Cafe) -> None:
    page = _page(client)
    first = _submit(client, page=page)
    second = _submit(client, page=page, name="Erika")
    assert second.location == first.location
    assert _known(engine, keys, cafe, first.location).profile.name == "Erika"


@pytest.mark.parametrize(("what", "typed"), [
    ("mail", "erika"), ("mail", "erika@example"), ("mail", "<script>@x"), ("birthday", "31.2.1990"),
    ("birthday", "1.1.2999"), ("birthday", "1.1.1850"), ("birthday", "soon"), ("name", "M" * 81),
])  # fmt: skip
def test_what_cannot_be_is_refused_beside_its_field_and_everything_typed_stays(
    client: FlaskClient, engine: Engine, cafe: Cafe, what: str, typed: str
) -> None:
    before, page = _cards(engine, cafe), _page(client)
    fields = {"name": "Erika <3", "birthday": "12.8.1964", "mail": "erika@example.org"} | {what: typed}
    answer = _submit(client, page=page, **fields)
    assert answer.status_code == 422
    assert f'id="told-{what}-wrong"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 1
    assert '<details class="fold" id="tell" open>' in answer.text
    for value in fields.values():
        assert f'value="{html.escape(value)}"' in answer.text
    assert _cards(engine, cafe) == before


def test_a_form_that_was_corrected_is_still_the_same_form(client: FlaskClient, engine: Engine, cafe: Cafe) -> None:
    before = _cards(engine, cafe)
    page = _submit(client, mail="erika").text
    answers = [_submit(client, page=page, mail="erika@example.org") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert _cards(engine, cafe) == before + 1


def test_a_birthday_is_measured_by_the_shops_calendar(client: FlaskClient, travel: Travel, now: datetime) -> None:
    late = now.replace(hour=23, minute=30)
    travel(late - now)
    berlin = (late + timedelta(days=1)).date()
    assert _submit(client, birthday=f"{berlin:%d.%m.%Y}").status_code == 303
    assert _submit(client, birthday=f"{berlin + timedelta(days=1):%d.%m.%Y}").status_code == 422


@pytest.mark.parametrize("name", ["M" * 40, "عبد الرحمن بن محمد", "👩\u200d🍳🥐", "<img src=x onerror=alert(1)>"])
def test_a_name_of_any_writing_joins_and_is_shown_as_text(
    client: FlaskClient, engine: Engine, keys: Keys, cafe: Cafe, name: str
) -> None:
    location = _submit(client, name=name).location
    assert _known(engine, keys, cafe, location).profile.name == name
    page = client.get(f"{location}/data").text
    assert f'value="{html.escape(name)}"' in page
    assert "<img src=x" not in page


def test_nothing_that_was_told_stands_in_the_answer_kept_for_a_second_tap(
    client: FlaskClient, engine: Engine, cafe: Cafe
) -> None:
    _submit(client, name="Xaverine", mail="xaverine@example.org")
    with transaction(engine, cafe.merchant_id) as session:
        kept = session.scalars(select(IdempotencyKey)).all()
        assert kept
        assert not [row for row in kept if "xaverine" in f"{row.key} {row.body}".lower()]


def test_a_card_that_was_revoked_meanwhile_is_not_written_to(client: FlaskClient, engine: Engine) -> None:
    page = _page(client)
    first = _submit(client, page=page)
    with transaction(engine) as session:
        session.execute(delete(CardKey).where(CardKey.key_hash == digest(urlsplit(first.location).path.split("/")[2])))
    assert _submit(client, page=page, name="Erika").status_code == 303


def _drawn(svg: str) -> Image.Image:
    """The dark modules of our own SVG as a picture."""
    side = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])  # type: ignore[index]
    picture = Image.new("L", (side, side), 255)
    draw = ImageDraw.Draw(picture)
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1", svg):
        draw.line((int(x), int(y), int(x) + int(length) - 1, int(y)), fill=0)
    out = BytesIO()
    picture.resize((side * 4, side * 4), Image.Resampling.NEAREST).save(out, "PNG")
    return Image.open(out)
