"""Vouchers in Apple Wallet: the coupon that a card can be, and the pass that a card's voucher can have beside it."""

import io
import re
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine

from issuer import history, vouchers
from issuer.audit import breach_of
from issuer.keys import Keys
from issuer.moving import move
from issuer.rules.vouchers import Worth
from issuer.schema import Publication
from issuer.vouchers import Wanted
from sandbox.authority import Authority
from sandbox.wallet import OpenedPass, open_pass
from tests.conftest import PASS_TYPE
from tests.issuer.bearing import ALL_DAY, NEAR, bear, live, offer, opened
from tests.issuer.counting import Shop, Till, locked
from tests.issuer.rules.cases import named
from tests.web.designing import Desk, open_desk
from tests.web.phones import Held

PKPASSES = "application/vnd.apple.pkpasses"
STAMPS: dict[str, Any] = {"kind": "stamps", "stamps_needed": 10, "reward_id": "R"}
VOUCHER: dict[str, Any] = {
    "kind": "voucher", "names": named("Hello", "Hallo"), "worth": {"percent": "15"}, "valid_days": 30,
}  # fmt: skip


class Shopper:
    """A customer of a program with a page of their own, and a phone."""

    def __init__(self, desk: Desk, till: Till, authority: Authority) -> None:
        self.desk, self.till, self.authority = desk, till, authority
        self.card_id = till.join()

    @property
    def page(self) -> str:
        return f"/card/{self.till.view(self.card_id).web_key}"

    def bundle(self) -> list[OpenedPass]:
        answer = self.desk.get(f"{self.page}/apple.pkpasses")
        assert (answer.status_code, answer.content_type) == (200, PKPASSES)
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            return [self._opened(archive.read(name)) for name in archive.namelist()]

    def card(self) -> OpenedPass:
        return self._opened(self.desk.get(f"{self.page}/apple.pkpass").data)

    def _opened(self, data: bytes) -> OpenedPass:
        return open_pass(data, self.authority.root.read_bytes(), datetime.now(UTC))

    def fetched(self, held: OpenedPass) -> OpenedPass:
        phone = Held(self.desk.api.client, "phone", held.serial, held.content["authenticationToken"])
        return self._opened(phone.fetch().data)

    def use(self) -> None:
        (voucher,) = self.till.view(self.card_id).vouchers
        with self.till.work() as session:
            vouchers.redeem(session, locked(session, self.card_id), voucher.code, self.till.visit())

    def give(self, count: int = 1) -> None:
        wanted = Wanted({"de": "Kuchen", "en": "Cake"}, Worth(cents=500))
        with self.till.work() as session:
            for _ in range(count):
                vouchers.issue(session, locked(session, self.card_id), wanted, self.till.visit(), "console")


@pytest.fixture
def shopper(app: OpenAPI, engine: Engine, keys: Keys, now: datetime, authority: Authority) -> Any:
    def of(*parts: dict[str, Any]) -> Shopper:
        desk = open_desk(app, engine, now)
        shop = Shop(
            desk.cafe.merchant_id, desk.cafe.location_id, desk.cafe.program_id, desk.cafe.reward_id, uuid4(), ""
        )
        till = Till(engine, keys, shop, now)
        till.set_rules(*parts)
        return Shopper(desk, till, authority)

    return of


def test_a_card_of_a_voucher_program_is_a_coupon_that_ends_with_its_voucher(shopper: Any, now: datetime) -> None:
    content = shopper(VOUCHER).card().content
    assert content["coupon"]["primaryFields"] == [{"key": "vouchers", "label": "Hallo", "value": "15\xa0% Rabatt"}]
    assert abs(datetime.fromisoformat(content["expirationDate"]) - now - timedelta(days=30)) < timedelta(days=2)
    assert "voided" not in content
    assert content["barcodes"]


def test_once_used_up_it_is_voided_and_shows_no_code(shopper: Any) -> None:
    one = shopper(VOUCHER)
    before = one.card()
    one.use()
    after = one.fetched(before).content
    assert after["voided"] is True
    assert not {"barcodes", "expirationDate"} & after.keys()


def test_a_new_voucher_brings_it_back(shopper: Any) -> None:
    one = shopper(VOUCHER)
    one.use()
    one.give()
    assert "voided" not in one.card().content


def test_a_voucher_card_that_also_collects_is_never_voided(shopper: Any) -> None:
    one = shopper(VOUCHER, STAMPS)
    one.use()
    content = one.card().content
    assert not {"voided", "expirationDate"} & content.keys()
    assert "primaryFields" not in content["coupon"]


def test_a_card_and_its_welcome_voucher_are_added_with_one_tap(shopper: Any) -> None:
    one = shopper(STAMPS, VOUCHER)
    card, voucher = one.bundle()
    assert (card.serial, card.style, voucher.style) == (one.till.view(one.card_id).serial, "storeCard", "coupon")
    (held,) = one.till.view(one.card_id).vouchers
    assert voucher.content["barcodes"][0]["message"] == held.code
    assert voucher.content["coupon"]["primaryFields"][0]["value"] == "15\xa0% Rabatt"
    assert voucher.content["authenticationToken"] != card.content["authenticationToken"]
    assert voucher.content["passTypeIdentifier"] == PASS_TYPE


def test_a_voucher_keeps_its_pass_however_often_it_is_asked_for(shopper: Any) -> None:
    one = shopper(STAMPS, VOUCHER)
    assert [held.serial for held in one.bundle()] == [held.serial for held in one.bundle()]


def test_the_button_offers_both_as_long_as_there_is_a_voucher(shopper: Any) -> None:
    one = shopper(STAMPS, VOUCHER)

    def offered() -> str:
        found = re.search(r'id="add-apple"[^>]+href="([^"]+)"', one.desk.page(one.page))
        assert found is not None
        return urlsplit(found[1]).path.rpartition("/")[2]

    assert offered() == "apple.pkpasses"
    one.use()
    assert offered() == "apple.pkpass"


def test_a_used_voucher_ends_on_the_phone_and_the_card_goes_on(shopper: Any) -> None:
    one = shopper(STAMPS, VOUCHER)
    card, voucher = one.bundle()
    one.use()
    assert one.fetched(voucher).content["voided"] is True
    assert "barcodes" not in one.fetched(voucher).content
    assert "voided" not in one.fetched(card).content
    assert [held.serial for held in one.bundle()] == [card.serial]


def test_an_offer_stands_on_the_pass_of_the_card_and_not_on_that_of_its_voucher(shopper: Any) -> None:
    one = shopper(STAMPS, VOUCHER)
    opened(one.till, (52.5, 13.4))
    for trigger in (ALL_DAY, NEAR):
        bear(one.till, one.card_id, live(one.till, offer("Tea", trigger)))
    card, voucher = one.bundle()
    assert card.content["storeCard"]["auxiliaryFields"][0]["value"] == "D Tea"
    assert card.content["locations"] == [{"latitude": 52.5, "longitude": 13.4, "relevantText": "D Tea"}]
    assert "locations" not in voucher.content
    assert "Tea" not in repr(voucher.content)


def test_a_card_with_many_vouchers_brings_no_more_than_wallet_takes(shopper: Any) -> None:
    one = shopper(STAMPS)
    one.give(11)
    assert [held.style for held in one.bundle()] == ["storeCard"] + ["coupon"] * 9


def test_a_card_without_vouchers_comes_alone(shopper: Any) -> None:
    assert [held.style for held in shopper(STAMPS).bundle()] == ["storeCard"]


def test_a_voucher_program_has_no_second_pass_for_what_the_card_is(shopper: Any) -> None:
    assert [held.style for held in shopper(VOUCHER).bundle()] == ["coupon"]


def test_when_the_card_moves_the_passes_of_its_vouchers_end_and_are_issued_anew(shopper: Any, keys: Keys) -> None:
    one = shopper(STAMPS, VOUCHER)
    card, voucher = one.bundle()
    with one.till.work() as session:
        move(session, keys, locked(session, one.card_id), one.till.visit())
    for old in (card, voucher):
        assert one.fetched(old).content["voided"] is True
        assert "barcodes" not in one.fetched(old).content
    moved = one.bundle()
    assert {held.serial for held in moved} & {card.serial, voucher.serial} == set()
    assert len(moved) == 2


def test_a_phone_that_holds_both_is_one_phone(shopper: Any) -> None:
    one = shopper(STAMPS, VOUCHER)
    for held in one.bundle():
        phone = Held(one.desk.api.client, "one", held.serial, held.content["authenticationToken"])
        assert phone.register().status_code == 201
    with one.till.work() as session:
        card = locked(session, one.card_id)
        assert len(history.phones(session, card)) == 1
        assert history.phone_counts(session, [one.card_id]) == {one.card_id: 1}


def test_a_pass_of_a_voucher_is_numbered_so_that_the_books_agree(shopper: Any) -> None:
    one = shopper(STAMPS, VOUCHER)
    one.bundle()
    with one.till.work() as session:
        waiting = session.query(Publication).filter(Publication.due_at.is_not(None)).count()
        assert waiting >= 1
        assert breach_of(session, one.till.shop.merchant_id) is None


@pytest.mark.parametrize("key", ["nobody", str(UUID(int=0)), "%00", "../x"])
def test_a_page_that_is_nobodys_gives_no_bundle(app: OpenAPI, engine: Engine, now: datetime, key: str) -> None:
    desk = open_desk(app, engine, now)
    assert desk.get(f"/card/{key}/apple.pkpasses").status_code == 404
