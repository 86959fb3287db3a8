"""Signs and paper cards: what is printed can be read, leads where it should, and belongs to one merchant."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, func, select

from issuer.branding import load_branding
from issuer.brands import create_brand
from issuer.database import transaction
from issuer.joining import source_of
from issuer.merchants import NewMerchant, create_location, create_merchant
from issuer.program_changes import create_stamp_program
from issuer.schema import Card, CardCode, PaperBatch, Program
from tests.passes import paper_reading
from tests.web.conftest import CSRF, Browser, Travel
from tests.web.members import Member, member

PRINT = "/console/print"
# Every sign, with the source that its code names and how many codes are on its page at the least.
SIGNS = {
    "poster-A4.pdf": ("poster", 1),
    "poster-A5.pdf": ("poster", 1),
    "tent.pdf": ("tent", 2),
    "stickers-round.pdf": ("sticker", 4),
    "stickers-square.pdf": ("sticker", 4),
}
A_BATCH = "11111111-1111-4111-8111-111111111111"
GETS = ["", *(f"/{name}" for name in SIGNS), f"/cards/{A_BATCH}.pdf"]
POSTS = ["/cards", f"/cards/{A_BATCH}/withdraw"]


@pytest.fixture
def manager(app: OpenAPI, engine: Engine, now: datetime) -> Member:
    """Of a merchant of their own whose cards can be joined."""
    branding, slug = load_branding("cafe"), uuid4().hex
    with transaction(engine) as session:
        merchant = create_merchant(session, NewMerchant("Café Morgenrot"), now)
        create_location(session, merchant, "Lindenstraße", now)
        create_stamp_program(session, create_brand(session, merchant, branding, now), branding, slug, now)
    return member(app, now, (merchant.id, "manager"))


def join_path(engine: Engine, who: Member) -> str:
    with transaction(engine, who.merchant_id) as session:
        return f"/join/{session.scalars(select(Program)).one().slug}"


def page(who: Member, language: str = "en") -> str:
    got = who.browser.client.get(PRINT, headers={"Accept-Language": language})
    assert got.status_code == 200
    return html.unescape(got.text)


def pdf(who: Member, path: str) -> bytes:
    got = who.browser.client.get(path)
    assert (got.status_code, got.mimetype) == (200, "application/pdf")
    return bytes(got.data)


def made(who: Member, count: int, language: str = "de") -> str:
    """The path of the sheets of a new batch."""
    got = who.browser.submit(f"{PRINT}/cards", count=str(count), language=language)
    assert got.status_code == 303, got.text
    return str(re.findall(rf'href="({PRINT}/cards/[^"]+\.pdf)"', page(who))[0])


def batch_id(sheets: str) -> UUID:
    return UUID(sheets.rpartition("/")[2].removesuffix(".pdf"))


def printed(pdf: bytes) -> list[str]:
    return [one.text for number in range(paper_reading.pages(pdf)) for one in paper_reading.codes(pdf, 200, number)]


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("sign", SIGNS)
def test_every_code_on_a_sign_leads_to_the_join_page_and_names_the_sign(
    engine: Engine, manager: Member, sign: str, language: str
) -> None:
    source, least = SIGNS[sign]
    found = printed(pdf(manager, f"{PRINT}/{sign}?language={language}"))
    assert len(found) >= least
    assert set(found) == {f"http://127.0.0.1:8000{join_path(engine, manager)}?source={source}"}


@pytest.mark.parametrize("sign", ["poster-A5.pdf", "tent.pdf", "stickers-square.pdf"])
def test_a_sign_speaks_the_language_that_was_chosen(manager: Member, sign: str) -> None:
    german, english = (paper_reading.words(pdf(manager, f"{PRINT}/{sign}?language={one}")) for one in ("de", "en"))
    assert german != english
    assert "Stempel" in german
    assert "tamp" in english
    assert "Stempel" not in english


@pytest.mark.parametrize(
    ("sign", "size"), [("poster-A4.pdf", (210, 297)), ("poster-A5.pdf", (148, 210)), ("tent.pdf", (210, 297))]
)
def test_a_sign_has_the_size_of_its_paper(manager: Member, sign: str, size: tuple[float, float]) -> None:
    assert paper_reading.size(pdf(manager, f"{PRINT}/{sign}")) == pytest.approx(size, abs=0.5)


@pytest.mark.parametrize("source", ["poster", "tent", "sticker"])
def test_who_joins_by_a_sign_is_known_to_have_come_by_it(
    app: OpenAPI, engine: Engine, manager: Member, source: str
) -> None:
    (url,) = set(printed(pdf(manager, f"{PRINT}/{next(name for name, one in SIGNS.items() if one[0] == source)}")))
    path, customer = f"{urlsplit(url).path}?{urlsplit(url).query}", app.test_client()
    token = CSRF.search(customer.get(path).text)
    assert token is not None
    assert customer.post(path, data={"csrf_token": token[1]}).status_code == 303
    with transaction(engine, manager.merchant_id) as session:
        assert source_of(session, session.scalars(select(Card.id)).one()) == source


def test_the_page_offers_every_sign_and_the_plain_link(engine: Engine, manager: Member) -> None:
    shown = page(manager)
    for sign in SIGNS:
        assert f'href="{PRINT}/{sign}?language=en"' in shown
    assert f'value="http://127.0.0.1:8000{join_path(engine, manager)}"' in shown
    assert "No paper cards yet." in shown


@pytest.mark.parametrize(
    "path",
    ["poster-A3.pdf", "poster-a4.pdf", "poster-.pdf", "stickers-oval.pdf", "cards/x.pdf", f"cards/{A_BATCH}.pdf"],
)
def test_what_is_not_printed_is_not_found(manager: Member, path: str) -> None:
    assert manager.browser.client.get(f"{PRINT}/{path}").status_code == 404


@pytest.mark.parametrize("language", ["", "fr", "\x00", "de-AT"])
def test_an_unknown_language_is_the_pages(manager: Member, language: str) -> None:
    got = manager.browser.client.get(
        f"{PRINT}/stickers-round.pdf", query_string={"language": language}, headers={"Accept-Language": "en"}
    )
    assert "tamp" in paper_reading.words(got.data)


def test_new_cards_are_printed_each_with_its_own_code_ten_on_a_page(engine: Engine, manager: Member) -> None:
    data = pdf(manager, made(manager, 12))
    assert paper_reading.pages(data) == 2
    found = printed(data)
    with transaction(engine, manager.merchant_id) as session:
        rows = session.scalars(
            select(CardCode.code).where(CardCode.merchant_id == manager.merchant_id).order_by(CardCode.code)
        ).all()
    assert (found, len(set(found))) == (list(rows), 12)


def test_sheets_fetched_again_are_the_same(manager: Member) -> None:
    sheets = made(manager, 3)
    assert pdf(manager, sheets) == pdf(manager, sheets)


def test_cards_are_printed_in_the_language_that_was_chosen(engine: Engine, manager: Member) -> None:
    sheets = made(manager, 1, "en")
    assert "Show this card at the till." in paper_reading.words(pdf(manager, sheets))
    with transaction(engine, manager.merchant_id) as session:
        assert session.get_one(PaperBatch, batch_id(sheets)).language == "en"


@pytest.mark.parametrize("count", ["", "0", "201", "-5", "abc", "１０", "2.5", "9" * 5000, '"><b>'])
def test_a_count_that_cannot_be_is_refused_in_a_sentence_and_kept(engine: Engine, manager: Member, count: str) -> None:
    got = manager.browser.submit(f"{PRINT}/cards", count=count, language="en")
    shown = html.unescape(got.text)
    assert got.status_code == 422
    assert re.search(r'<p class="error" id="cards-error" role="alert">[^<]*200\.?', got.text)
    assert f"{count[:10]}“ Papierkarten" in shown
    assert f'value="{html.escape(count)}"'.replace("&quot;", "&#34;") in got.text
    assert 'aria-invalid="true"' in got.text
    assert 'name="language" value="en"' in got.text
    with transaction(engine, manager.merchant_id) as session:
        assert session.scalar(select(func.count()).select_from(PaperBatch)) == 0


def test_the_list_tells_how_many_are_in_use_and_which_were_withdrawn(manager: Member, travel: Travel) -> None:
    made(manager, 4)
    travel(timedelta(minutes=1))
    sheets = made(manager, 2)
    assert manager.browser.submit(f"{sheets.removesuffix('.pdf')}/withdraw").status_code == 303
    rows = re.findall(r"<tr>(.*?)</tr>", page(manager), re.DOTALL)[1:]
    assert ["withdrawn" in row for row in rows] == [True, False]
    assert [re.findall(r'data-label="(?:Cards|In use)">(\d+)<', row) for row in rows] == [["2", "0"], ["4", "0"]]
    assert sheets not in rows[0]


def test_withdrawn_sheets_are_not_printed_again(manager: Member) -> None:
    sheets = made(manager, 1)
    manager.browser.submit(f"{sheets.removesuffix('.pdf')}/withdraw")
    assert manager.browser.client.get(sheets).status_code == 404
    assert manager.browser.submit(f"{sheets.removesuffix('.pdf')}/withdraw").status_code == 303


def test_another_merchants_batch_is_not_found(engine: Engine, manager: Member, console: Browser) -> None:
    sheets = made(manager, 1)
    assert console.client.get(sheets).status_code == 404
    assert console.submit(f"{sheets.removesuffix('.pdf')}/withdraw").status_code == 404
    with transaction(engine, manager.merchant_id) as session:
        assert session.get_one(PaperBatch, batch_id(sheets)).revoked_at is None
    assert sheets not in console.client.get(PRINT).text


@pytest.mark.parametrize("path", GETS)
def test_staff_print_nothing(app: OpenAPI, now: datetime, manager: Member, path: str) -> None:
    assert manager.merchant_id is not None
    clerk = member(app, now, (manager.merchant_id, "staff"))
    assert clerk.browser.client.get(PRINT + path).status_code == 403


@pytest.mark.parametrize("path", POSTS)
def test_staff_make_and_withdraw_nothing(
    app: OpenAPI, engine: Engine, now: datetime, manager: Member, path: str
) -> None:
    assert manager.merchant_id is not None
    clerk = member(app, now, (manager.merchant_id, "staff"))
    assert clerk.browser.submit(PRINT + path, count="5").status_code == 403
    with transaction(engine, manager.merchant_id) as session:
        assert session.scalar(select(func.count()).select_from(PaperBatch)) == 0


@pytest.mark.parametrize("path", POSTS)
def test_a_form_without_the_pages_token_prints_nothing(manager: Member, path: str) -> None:
    assert manager.browser.client.post(PRINT + path, data={"count": "5"}).status_code == 400
    assert "No paper cards yet." in page(manager)


def _by_get(client: Any, path: str) -> Any:
    return client.get(PRINT + path)


def _by_post(client: Any, path: str) -> Any:
    return Browser(client, "/console/sign-in").submit(PRINT + path, count="5")


@pytest.mark.parametrize(("call", "path"), [*((_by_get, path) for path in GETS), *((_by_post, path) for path in POSTS)])
def test_strangers_are_sent_to_sign_in(app: OpenAPI, call: Callable[[Any, str], Any], path: str) -> None:
    assert "/console/sign-in" in call(app.test_client(), path).location


def test_an_address_too_long_for_a_readable_code_is_said_in_one_sentence(
    app: OpenAPI, manager: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = app.extensions["treuepass"]
    far = replace(known.settings, public_url=f"http://{'sub.' * 60}example.com")
    monkeypatch.setitem(app.extensions, "treuepass", replace(known, settings=far))
    got = manager.browser.client.get(f"{PRINT}/tent.pdf", headers={"Accept-Language": "de"})
    assert got.status_code == 422
    assert "So lässt sich das nicht zeichnen." in got.text
