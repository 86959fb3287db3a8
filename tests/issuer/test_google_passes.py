"""What Google is told of cards: valid by its schema, the same of the same rows, nothing of a pass that is over."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import NoResultFound

from issuer.brands import worn_by
from issuer.customers import Profile
from issuer.drawings import hero_png
from issuer.google_passes import LOYALTY, OBJECTS, OFFER, class_id, class_of, digest_of, object_id, object_of
from issuer.moving import retire
from issuer.schema import Merchant
from passes.google_parts import Body
from passes.google_patches import patch_of
from tests.issuer.counting import Till, locked
from tests.issuer.gifting import give_voucher, use_voucher
from tests.issuer.google import TERMS, class_made, live_pass, made, rename, sound, voucher_pass
from tests.issuer.redesigning import DARK, redesign
from tests.issuer.rules.cases import EXPIRY, LUNCH, MAIN_ONES, TIERS, Document
from tests.passes.google_cards import unnulled

PLACES = replace(TERMS, places=True)
NAME = "Erika Muster"
STAMPS, LUNCHES = {**MAIN_ONES[0], "reward_id": "R"}, {**LUNCH, "reward_id": "R"}
KINDS = (STAMPS, *MAIN_ONES[1:])


def object_made(till: Till, pass_id: UUID, kind: str = OFFER, terms: Any = TERMS) -> Body:
    with till.work() as session:
        return sound(OBJECTS[kind], object_of(session, pass_id, terms, till.now))


def _named(parts: tuple[Document, ...]) -> str:
    return " ".join(part["kind"] for part in parts)


@pytest.mark.parametrize("parts", [*((one,) for one in KINDS), (STAMPS, LUNCHES, TIERS, EXPIRY)], ids=_named)
def test_cards_of_every_kind_aresound(till: Till, parts: tuple[Document, ...]) -> None:
    till.set_rules(*parts)
    card_id = till.join()
    assert class_made(till)["id"] == made(till, card_id)["classId"]
    class_made(till, OFFER)
    till.buy(card_id, 1200)
    made(till, card_id)


def test_ids_are_the_issuers_with_serial_and_program(till: Till) -> None:
    card_id = till.join()
    body = made(till, card_id)
    assert body["id"] == object_id(TERMS.issuer_id, till.view(card_id).serial)
    assert body["classId"] == class_id(TERMS.issuer_id, till.shop.program_id, LOYALTY)
    assert class_made(till, OFFER)["id"] == f"{body['classId']}-voucher"


def test_the_face_says_stamps_and_rewards(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 3)
    three = made(till, card_id)
    till.stamped(card_id, 7)
    full = made(till, card_id)
    balances = [(body["loyaltyPoints"], body["secondaryLoyaltyPoints"]) for body in (three, full)]
    assert [(points["balance"]["string"], waiting["balance"]["string"]) for points, waiting in balances] == [
        ("3/10", "0"),
        ("10/10", "1"),
    ]


def test_the_same_rows_make_the_same_body(till: Till) -> None:
    card_id = till.join()
    assert digest_of(made(till, card_id)) == digest_of(made(till.later(3600), card_id))
    assert digest_of(class_made(till)) == digest_of(class_made(till.later(3600)))


def test_both_languages_go_out_and_the_cards_own_is_what_all_others_see(till: Till) -> None:
    card_id = till.join()
    german = made(till, card_id)
    with till.work() as session:
        locked(session, card_id).language = "en"
    english = made(till, card_id)
    said = [body["loyaltyPoints"]["localizedLabel"] for body in (german, english)]
    assert [one["defaultValue"]["language"] for one in said] == ["de", "en"]
    assert said[0]["defaultValue"] == said[1]["translatedValues"][0]
    assert said[0]["defaultValue"]["value"] != said[1]["defaultValue"]["value"]


def test_a_class_is_the_same_whatever_its_cards_hold_and_speak(till: Till) -> None:
    before = class_made(till)
    card_id = till.join(Profile(NAME))
    till.stamped(card_id, 10)
    with till.work() as session:
        locked(session, card_id).language = "en"
    assert class_made(till) == before
    assert NAME not in json.dumps(before)


def test_a_new_design_makes_another_class_and_moves_its_pictures(till: Till) -> None:
    card_id = till.join()
    before, card = class_made(till), made(till, card_id)
    redesign(till, DARK)
    after = class_made(till)
    assert before["hexBackgroundColor"] != DARK.background
    assert after["hexBackgroundColor"] == DARK.background
    assert before["programLogo"]["sourceUri"] != after["programLogo"]["sourceUri"]
    assert made(till, card_id)["heroImage"]["sourceUri"] != card["heroImage"]["sourceUri"]


def test_another_name_makes_another_class(till: Till) -> None:
    before = class_made(till)
    rename(till, "Zehnerkarte")
    assert (before["programName"], class_made(till)["programName"]) == ("Zehn Stempel, ein Kaffee", "Zehnerkarte")


def test_the_picture_is_to_be_had_under_its_address_and_differs_by_stamps(till: Till) -> None:
    card_id, addresses = till.join(), set()
    for _ in range(3):
        address = made(till, card_id)["heroImage"]["sourceUri"]["uri"]
        addresses.add(address)
        with till.work() as session:
            worn = worn_by(session, till.shop.program_id)
            digest = address.rpartition("-")[2].removesuffix(".png")
            assert (hero_png(session, worn, digest) or b"").startswith(b"\x89PNG")
        till.stamped(card_id)
    assert len(addresses) == 3
    assert made(till, till.join())["heroImage"]["sourceUri"]["uri"] in addresses


def test_nothing_of_a_customer_is_told_but_their_card(till: Till) -> None:
    card_id = till.join(Profile(NAME, "erika@example.org"))
    body = json.dumps(made(till, card_id))
    assert not [word for word in (NAME, "Erika", "erika@example.org") if word in body]
    assert till.view(card_id).code in body


def test_what_the_shop_wrote_can_be_tapped_as_far_as_it_leads_anywhere(till: Till) -> None:
    contact = {"phone": "+49 30 1234", "mail": "nobody", "website": "ask us", "address": "Lindenstraße 3"}
    with till.work() as session:
        session.get_one(Merchant, till.shop.merchant_id).contact = contact
    card_id = till.join()
    links = {link["id"]: link["uri"] for link in made(till, card_id)["linksModuleData"]["uris"]}
    page = f"https://karten.example/card/{till.view(card_id).web_key}"
    assert links == {"web": page, "wishes": f"{page}/wishes", "phone": "tel:+49301234"}


def test_the_phone_is_called_only_when_it_is_to_be(till: Till) -> None:
    card_id = till.join()
    assert "notifyPreference" not in made(till, card_id)
    assert made(till, card_id, notify=True)["notifyPreference"] == "NOTIFY_ON_UPDATE"


def test_places_are_told_to_google_only_where_it_takes_them(till: Till) -> None:
    with till.work() as session:
        worn = worn_by(session, till.shop.program_id)
        wallet = {"places": [{"latitude": 52.5, "longitude": 13.4, "text": "Lindenstraße"}]}
        worn.design = {**worn.design, "wallet": wallet}
    assert "merchantLocations" not in class_made(till)
    assert class_made(till, terms=PLACES)["merchantLocations"] == [{"latitude": 52.5, "longitude": 13.4}]


def test_a_revoked_pass_keeps_nothing_of_anybody(till: Till) -> None:
    card_id = till.join(Profile(NAME))
    till.stamped(card_id, 3)
    before, shown = made(till, card_id), till.view(card_id)
    with till.work() as session:
        issue = live_pass(session, card_id)
        retire(session, issue, till.now)
        body = object_of(session, issue.id, TERMS, till.now)
    assert unnulled(body) == {"id": before["id"], "classId": before["classId"], "state": "INACTIVE"}
    assert {key for key, value in body.items() if value is None} >= before.keys() - {"id", "classId", "state"}
    assert not [word for word in (shown.code, shown.short_code, shown.web_key) if word in json.dumps(body)]
    assert patch_of(OBJECTS[LOYALTY], body) == body, "it is a PATCH already"


def test_a_voucher_is_an_offer_beside_the_card(till: Till) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id)
    body = object_made(till, voucher_pass(till, card_id))
    assert (body["state"], body["barcode"]["value"]) == ("ACTIVE", voucher.code)
    assert body["classId"] == class_made(till, OFFER)["id"]
    assert body["textModulesData"][0]["id"] == "offer"


def test_a_used_voucher_is_completed_and_shows_no_code(till: Till) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id)
    pass_id = voucher_pass(till, card_id)
    use_voucher(till, card_id, voucher.code)
    body = object_made(till, pass_id)
    assert (body["state"], "barcode" in body) == ("COMPLETED", False)


def test_a_voucher_says_what_it_is_worth_in_both_languages(till: Till) -> None:
    card_id = till.join()
    give_voucher(till, card_id)
    worth = object_made(till, voucher_pass(till, card_id))["textModulesData"][0]["localizedBody"]
    said = {one["language"]: one["value"] for one in (worth["defaultValue"], *worth["translatedValues"])}
    assert said["de"] != said["en"]


def test_a_pass_that_nobody_asked_for_on_google_has_no_object(till: Till) -> None:
    card_id = till.join()
    with till.work() as session, pytest.raises(NoResultFound):
        object_of(session, live_pass(session, card_id).id, TERMS, till.now)


def test_a_class_of_no_program_is_not_made(till: Till, other_till: Till) -> None:
    for stranger in (uuid4(), other_till.shop.program_id):
        with till.work() as session, pytest.raises(LookupError):
            class_of(session, stranger, LOYALTY, TERMS)
