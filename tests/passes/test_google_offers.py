"""A voucher in Google Wallet: one class for all of a program, one object for each."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from passes.face import Face, FaceRefused, Line, Sort
from passes.google_face import Ended, GoogleOffers, GoogleVoucher, Link
from passes.google_front import cuts
from passes.google_offers import offer_class, offer_object
from sandbox.google_schema import violations

OFFERS = GoogleOffers(
    class_id="3388.vouchers-7",
    name={"de": "Gutschein", "en": "Voucher"},
    logo_url="https://karten.example/logo.png",
    fine_print={"de": "Nicht mit Rabatten.", "en": "Not with discounts."},
)
VOUCHER = GoogleVoucher("3388.01voucher", "3388.vouchers-7", "https://karten.example/band.png")
END = datetime(2027, 3, 31, tzinfo=UTC)


@pytest.fixture(scope="module")
def voucher(face: Face) -> Face:
    return replace(
        face,
        sort=Sort.VOUCHER,
        description="Gutschein: 15 % Rabatt",
        header=(Line("until", "Gültig bis", "30. März 2027"),),
        primary=(Line("offer", "Zum Geburtstag", "15 % Rabatt"),),
        secondary=(),
        auxiliary=(),
        back=(Line("voucher", "Zum Geburtstag", "15 % Rabatt"), Line("web", "Im Web", "https://karten.example/card/3")),
        stamps=None,
        code="7K2M9QXW4HTRB3CVNDPJF6GYZA",
        short_code="7K2M 9QXW",
        expires_at=END,
    )


def english(voucher: Face) -> Face:
    return replace(
        voucher,
        language="en",
        header=(Line("until", "Valid until", "30 Mar 2027"),),
        primary=(Line("offer", "For your birthday", "15% off"),),
    )


def refused(build: Any, *given: Any) -> str:
    with pytest.raises(FaceRefused) as caught:
        build(*given)
    said = str(caught.value)
    assert said.endswith(".")
    return said


def test_the_class_says_what_all_vouchers_of_the_program_share(voucher: Face) -> None:
    body = offer_class(voucher, OFFERS, english(voucher))
    assert violations("OfferClass", body) == []
    assert (body["title"], body["provider"], body["issuerName"]) == ("Gutschein", "Café Morgenrot", "Café Morgenrot")
    assert body["redemptionChannel"] == "INSTORE"
    assert body["reviewStatus"] == "UNDER_REVIEW"
    assert body["localizedTitle"]["translatedValues"] == [{"language": "en", "value": "Voucher"}]
    assert body["finePrint"] == "Nicht mit Rabatten."
    assert body["titleImage"]["sourceUri"] == {"uri": OFFERS.logo_url}


def test_the_class_is_the_same_whatever_voucher_it_is_made_from(face: Face, voucher: Face) -> None:
    used = replace(voucher, voided=True, expires_at=None, header=(), primary=(Line("offer", "Danke", "Ein Kaffee"),))
    assert offer_class(used, OFFERS) == offer_class(voucher, OFFERS) == offer_class(face, OFFERS)


def test_the_front_shows_what_it_is_worth_and_until_when(voucher: Face) -> None:
    template = offer_class(voucher, OFFERS)["classTemplateInfo"]["cardTemplateOverride"]["cardRowTemplateInfos"]
    assert [json.dumps(row).count("fieldPath") for row in template] == [1, 1]
    texts = {text["id"]: text["body"] for text in offer_object(voucher, VOUCHER)["textModulesData"]}
    for key, text in (("offer", "15 % Rabatt"), ("until", "30. März 2027")):
        assert f"object.textModulesData['{key}']" in json.dumps(template)
        assert texts[key] == text


def test_the_object_says_what_this_one_is_worth_in_both_languages(voucher: Face) -> None:
    body = offer_object(voucher, VOUCHER, english(voucher))
    assert violations("OfferObject", body) == []
    assert body["textModulesData"][0]["localizedBody"] == {
        "defaultValue": {"language": "de", "value": "15 % Rabatt"},
        "translatedValues": [{"language": "en", "value": "15% off"}],
    }
    assert body["barcode"] == {"type": "QR_CODE", "value": voucher.code, "alternateText": "7K2M 9QXW"}
    assert body["heroImage"]["contentDescription"]["defaultValue"]["value"] == "Gutschein: 15 % Rabatt"


def test_a_voucher_counts_between_its_days(voucher: Face) -> None:
    start = datetime(2027, 3, 1, tzinfo=UTC)
    both = offer_object(voucher, replace(VOUCHER, starts_at=start))["validTimeInterval"]
    assert both == {"start": {"date": "2027-03-01T00:00:00+00:00"}, "end": {"date": "2027-03-31T00:00:00+00:00"}}
    assert "validTimeInterval" not in offer_object(replace(voucher, expires_at=None), VOUCHER)


@pytest.mark.parametrize(
    ("ended", "state"), [(Ended.USED, "COMPLETED"), (Ended.OVER, "EXPIRED"), (Ended.REVOKED, "INACTIVE")]
)
def test_a_voucher_that_has_ended_says_how_and_shows_no_code(voucher: Face, ended: Ended, state: str) -> None:
    body = offer_object(replace(voucher, voided=True), replace(VOUCHER, ended=ended))
    assert (body["state"], "barcode" in body) == (state, False)
    assert offer_object(voucher, replace(VOUCHER, ended=ended))["state"] == "ACTIVE"


def test_what_a_link_says_is_not_said_as_text_again(voucher: Face) -> None:
    linked = replace(VOUCHER, links=(Link("web", "https://karten.example/card/3", {"de": "Karte"}),))
    assert [text["id"] for text in offer_object(voucher, linked)["textModulesData"]] == ["offer", "until", "voucher"]


def test_a_title_too_long_for_a_small_phone_is_told(voucher: Face) -> None:
    long = replace(OFFERS, name={"de": "G" * 61}, short_name={"de": "G" * 21})
    assert [cut.place for cut in cuts(offer_class(voucher, long))] == ["title", "shortTitle", "provider"]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("class_id", "vouchers", "class id 'vouchers'"),
        ("name", {"en": "Voucher"}, "title is empty in 'de'"),
        ("short_name", {}, "short title is empty in 'de'"),
        ("details", {"de": " "}, "details is empty in 'de'"),
        ("fine_print", {"de": ""}, "fine print is empty in 'de'"),
        ("logo_url", "http://karten.example/logo.png", "logo is not https"),
        ("wide_logo_url", "", "wide logo cannot be read"),
        ("rows", (), "rows of [] lines"),
        ("rows", (("a", "b", "c", "d"),), "rows of [4] lines"),
        ("rows", (("a",), ()), "rows of [1, 0] lines"),
        ("rows", (("a",),) * 4, "rows of [1, 1, 1, 1] lines"),
        ("rows", (("a.b",),), "'a.b'"),
    ],
)
def test_offers_that_google_would_not_take_are_refused(voucher: Face, field: str, value: Any, says: str) -> None:
    assert says in refused(offer_class, voucher, replace(OFFERS, **{field: value}))


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("object_id", "3388.a b", "object id '3388.a b'"),
        ("class_id", "4499.vouchers-7", "two issuers"),
        ("hero_url", "", "hero image cannot be read"),
        ("starts_at", END.replace(tzinfo=None), "beginning 2027-03-31 00:00:00 has no offset"),
        ("starts_at", END, "before it begins"),
    ],
)
def test_a_voucher_that_google_would_not_take_is_refused(voucher: Face, field: str, value: Any, says: str) -> None:
    assert says in refused(offer_object, voucher, replace(VOUCHER, **{field: value}))


def test_a_stamp_card_is_no_offer(face: Face) -> None:
    assert "'loyalty' is no offer" in refused(offer_object, face, VOUCHER)


def test_a_voucher_says_first_what_it_is_worth_and_until_when(voucher: Face) -> None:
    crowded = replace(voucher, back=tuple(Line(f"b{n}", "Label", n) for n in range(10)))
    texts = [text["id"] for text in offer_object(crowded, VOUCHER)["textModulesData"]]
    assert texts == ["offer", "until", *(f"b{n}" for n in range(8))]
