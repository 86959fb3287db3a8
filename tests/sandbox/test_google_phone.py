"""The Android phone shows what stands in class and object, and nothing else."""

import threading
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.authority import Authority
from sandbox.google_nearby import is_near, shops_of
from sandbox.google_resource import Resource
from sandbox.google_view import AndroidCard, android_card, card_name, colours, has_ended
from sandbox.server import running
from tests.sandbox.google_parts import Client, Clock, Pictures, class_body, image, object_body
from tests.sandbox.making import png
from tests.sandbox.parts import until

NOTIFY = {"message": {"header": "Neu im Café", "body": "Kaffee", "messageType": "TEXT_AND_NOTIFY"}}


def _both(german: str, english: str) -> dict[str, Any]:
    return {
        "defaultValue": {"language": "de", "value": german},
        "translatedValues": [{"language": "en", "value": english}],
    }


def _row(*paths: str) -> dict[str, Any]:
    items = [{"firstValue": {"fields": [{"fieldPath": path}]}} for path in paths]
    names = {1: ("item",), 2: ("startItem", "endItem"), 3: ("startItem", "middleItem", "endItem")}[len(items)]
    kind = {1: "oneItem", 2: "twoItems", 3: "threeItems"}[len(items)]
    return {kind: dict(zip(names, items, strict=True))}


def _seen(object_: dict[str, Any], class_: dict[str, Any], *, language: str = "de") -> AndroidCard:
    resource = Resource("LoyaltyObject", object_body("1.p", **object_), updated_at="2026-11-22T09:00:00+00:00")
    return android_card(resource, class_body(**class_), language=language, now=Clock().now())


def _values(card: AndroidCard) -> list[list[tuple[str, str]]]:
    return [[(item.label, item.value) for item in row] for row in card.rows]


def _template(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"classTemplateInfo": {"cardTemplateOverride": {"cardRowTemplateInfos": list(rows)}}}


def _save(wallet: Client, card: str) -> str:
    """Returns the address of its front."""
    return requests.post(wallet.link(card), headers={"Accept-Language": "de"}, timeout=5).url


def test_the_rows_of_the_front_are_those_of_the_template() -> None:
    texts = [{"id": "status", "header": "Status", "body": "Noch 7"}]
    template = _template(
        _row("object.loyaltyPoints.balance", "object.secondaryLoyaltyPoints.balance"),
        _row("object.textModulesData['status']"),
    )
    waiting = {"label": "Prämien", "balance": {"string": "1"}}
    card = _seen({"textModulesData": texts, "secondaryLoyaltyPoints": waiting}, template)
    assert _values(card) == [[("Stempel", "3/10"), ("Prämien", "1")], [("Status", "Noch 7")]]


def test_a_row_whose_fields_have_nothing_to_show_is_left_out() -> None:
    template = _template(
        _row("object.loyaltyPoints.balance", "object.secondaryLoyaltyPoints.balance"),
        _row("object.textModulesData['nothing']", "object.nothing", "nonsense"),
    )
    assert _values(_seen({}, template)) == [[("Stempel", "3/10")]]


def test_of_several_fields_the_first_with_a_value_is_shown() -> None:
    item = {"firstValue": {"fields": [{"fieldPath": "object.accountName"}, {"fieldPath": "class.programName"}]}}
    template = _template({"oneItem": {"item": item}})
    assert _values(_seen({}, template)) == [[("", "Zehn Stempel")]]


def test_without_a_template_points_stand_on_the_front() -> None:
    assert _values(_seen({}, {})) == [[("Stempel", "3/10")]]


@pytest.mark.parametrize(
    ("balance", "shown"),
    [
        ({"string": "3/10"}, "3/10"),
        ({"int": 7}, "7"),
        ({"double": 1.5}, "1.5"),
        ({"money": {"micros": "12400000", "currencyCode": "EUR"}}, "12.40 EUR"),
        ({"int": 3, "string": "4/10"}, "3"),
    ],
    ids=str,
)
def test_a_balance_is_shown_in_each_of_its_forms_the_old_number_first(balance: dict[str, Any], shown: str) -> None:
    assert _values(_seen({"loyaltyPoints": {"balance": balance}}, {})) == [[("", shown)]]


def test_texts_come_in_the_language_of_the_phone() -> None:
    object_ = {"textModulesData": [{"id": "a", "header": "Adresse", "localizedHeader": _both("Adresse", "Address")}]}
    class_ = {"localizedProgramName": _both("Zehn Stempel", "Ten stamps")}
    german, english = (_seen(object_, class_, language=language) for language in ("de", "en"))
    assert (german.title, english.title) == ("Zehn Stempel", "Ten stamps")
    assert (german.details[0].label, english.details[0].label) == ("Adresse", "Address")


def test_a_language_nobody_translated_to_gets_the_default() -> None:
    only = {"defaultValue": {"language": "fr", "value": "Dix tampons"}}
    assert _seen({}, {"localizedProgramName": only}, language="en").title == "Dix tampons"


def test_the_details_have_account_texts_and_links_but_ten_texts_at_most() -> None:
    texts = [{"id": f"t{number}", "header": "H", "body": str(number)} for number in range(12)]
    links = {"uris": [{"id": "web", "uri": "https://example.org", "description": "Seite"}]}
    object_ = {"accountName": "Ada", "textModulesData": texts, "linksModuleData": links}
    card = _seen(object_, {"accountNameLabel": "Name", "textModulesData": texts[:1]})
    assert [(item.label, item.value) for item in card.details[:2]] == [("Name", "Ada"), ("H", "0")]
    assert [item.key for item in card.details[1:]] == [*(f"t{number}" for number in range(10)), "t0"]
    assert [(item.label, item.href) for item in card.links] == [("Seite", "https://example.org")]


def test_a_message_is_shown_within_its_time_newest_first() -> None:
    messages = [
        {"id": "always"},
        {"id": "early", "displayInterval": {"start": {"date": "2026-11-22T09:00:01Z"}}},
        {"id": "late", "displayInterval": {"end": {"date": "2026-11-22T09:00:00Z"}}},
        {"id": "now", "displayInterval": {"start": {"date": "2026-11-22T09:00:00Z"}}},
    ]
    assert [item.key for item in _seen({"messages": messages}, {}).messages] == ["now", "always"]


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({}, False),
        ({"state": "active"}, False),
        ({"state": "INACTIVE"}, True),
        ({"state": "COMPLETED"}, True),
        ({"state": "EXPIRED"}, True),
        ({"validTimeInterval": {"end": {"date": "2026-11-22T08:59:59Z"}}}, True),
        ({"validTimeInterval": {"end": {"date": "2026-11-22T09:00:01Z"}}}, False),
    ],
    ids=str,
)
def test_a_pass_ends_by_its_state_or_its_time(changes: dict[str, Any], ended: bool) -> None:
    assert has_ended(object_body("1.p", **changes), Clock().now()) is ended


@pytest.mark.parametrize(
    ("ground", "ink"),
    [("#ffffff", "#000"), ("#fff", "#000"), ("#2f5d50", "#fff"), ("#000", "#fff"), ("#767676", "#000")],
)
def test_the_ink_is_black_or_white_whichever_contrasts_more(ground: str, ink: str) -> None:
    assert f"--pass-foreground:{ink};" in colours("x", {"hexBackgroundColor": ground})


def test_a_changed_object_changes_the_phone_at_once(wallet: Client) -> None:
    card = wallet.card()
    _save(wallet, card)
    version = wallet.phone()["version"]
    wallet.call("PATCH", f"loyaltyObject/{card}", {"loyaltyPoints": {"balance": {"string": "4/10"}}})
    held = wallet.held(card)
    assert held
    assert held["fields"]["loyaltyPoints"] == "4/10"
    assert wallet.phone()["version"] > version


def test_an_object_that_is_on_no_phone_changes_no_phone(wallet: Client) -> None:
    version = wallet.phone()["version"]
    wallet.call("PATCH", f"loyaltyObject/{wallet.card()}", {"loyaltyPoints": {"balance": {"string": "4/10"}}})
    again = requests.get(f"{wallet.root}/phone/state.json", params={"version": version}, timeout=5)
    assert (again.status_code, again.content) == (204, b"")


def test_a_changed_class_changes_all_its_passes(wallet: Client) -> None:
    program = wallet.program()
    cards = [wallet.card(classId=program) for _ in range(2)]
    for card in cards:
        _save(wallet, card)
    sent = {"programName": "Elf Stempel", "reviewStatus": "UNDER_REVIEW"}
    wallet.call("PATCH", f"loyaltyClass/{program}", sent)
    assert [held["title"] for card in cards if (held := wallet.held(card))] == ["Elf Stempel", "Elf Stempel"]


def test_front_and_details_can_be_opened_and_the_code_is_drawn(wallet: Client) -> None:
    front = _save(wallet, wallet.card(accountName="Ada Lovelace"))
    page = requests.get(front, timeout=5)
    assert "3/10" in page.text
    assert "K7QM-3FX" in page.text
    assert "Ada Lovelace" not in page.text
    assert "Ada Lovelace" in requests.get(f"{front}/details", timeout=5).text
    assert requests.get(f"{front}/qr.svg", timeout=5).headers["Content-Type"].startswith("image/svg+xml")


def test_an_ended_pass_says_so_and_shows_no_code(wallet: Client) -> None:
    card = wallet.card()
    front = _save(wallet, card)
    wallet.call("PATCH", f"loyaltyObject/{card}", {"state": "INACTIVE"})
    page = requests.get(front, headers={"Accept-Language": "de"}, timeout=5).text
    assert "Abgelaufen" in page
    assert "qr.svg" not in page


@pytest.mark.parametrize("page", ["", "/details", "/qr.svg"])
def test_a_pass_that_is_not_on_the_phone_is_not_shown(wallet: Client, page: str) -> None:
    card = wallet.card() if page != "/qr.svg" else "3388000000099999999.nobody"
    assert requests.get(f"{wallet.root}/phone/pass/{card_name(card)}{page}", timeout=5).status_code == 404


def test_no_page_may_run_or_style_anything_from_elsewhere(wallet: Client) -> None:
    page = requests.get(_save(wallet, wallet.card()), timeout=5)
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in page.headers["Content-Security-Policy"]
    assert " style=" not in page.text


def test_what_stands_in_an_object_is_text_and_no_markup(wallet: Client) -> None:
    texts = [{"id": "a", "header": "<b>A</b>", "body": "<script>alert(1)</script>"}]
    front = _save(wallet, wallet.card(textModulesData=texts))
    assert "<script>alert" not in requests.get(f"{front}/details", timeout=5).text


def test_a_notifying_message_is_a_notification_and_a_silent_one_is_not(wallet: Client) -> None:
    card = wallet.card()
    _save(wallet, card)
    silent = {"message": {"header": "Still", "body": "x", "messageType": "TEXT"}}
    for sent in (NOTIFY, silent):
        wallet.call("POST", f"loyaltyObject/{card}/addMessage", sent)
    notices = [one for one in wallet.phone()["notices"] if one["id"] == card]
    assert [(one["what"], one["title"]) for one in notices] == [("message", "Café Morgenrot")]
    assert notices[0]["text"] == "Neue Nachricht zu deiner Karte „Zehn Stempel“: Neu im Café"
    held = wallet.held(card)
    assert held
    assert [one["header"] for one in held["messages"]] == ["Still", "Neu im Café"]


def test_a_message_to_a_class_reaches_all_its_passes(wallet: Client) -> None:
    program = wallet.program()
    cards = [wallet.card(classId=program) for _ in range(2)]
    for card in cards:
        _save(wallet, card)
    wallet.call("POST", f"loyaltyClass/{program}/addMessage", NOTIFY)
    assert [one["id"] for one in wallet.phone()["notices"] if one["id"] in cards] == cards


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"loyaltyPoints": {"balance": {"string": "4/10"}}, "notifyPreference": "NOTIFY_ON_UPDATE"}, 1),
        ({"loyaltyPoints": {"balance": {"string": "4/10"}}}, 0),
        ({"loyaltyPoints": {"balance": {"string": "3/10"}}, "notifyPreference": "NOTIFY_ON_UPDATE"}, 0),
        ({"accountName": "Ada", "notifyPreference": "NOTIFY_ON_UPDATE"}, 0),
    ],
    ids=["asked", "not asked", "same points", "another field"],
)
def test_an_update_notifies_when_asked_and_the_points_changed(wallet: Client, sent: dict[str, Any], told: int) -> None:
    card = wallet.card()
    _save(wallet, card)
    wallet.call("PATCH", f"loyaltyObject/{card}", sent)
    assert len([one for one in wallet.phone()["notices"] if one["id"] == card]) == told


def test_nobody_is_notified_of_a_pass_on_no_phone(wallet: Client) -> None:
    card = wallet.card()
    wallet.call("POST", f"loyaltyObject/{card}/addMessage", NOTIFY)
    assert [one for one in wallet.phone()["notices"] if one["id"] == card] == []


def _hero(page: str) -> str:
    return page.split('class="android-hero" src="')[1].split('"', maxsplit=1)[0]


def test_a_picture_is_fetched_by_google_once_and_stays_under_its_address(wallet: Client, pictures: Pictures) -> None:
    pictures.served["/hero.png"] = png()
    front = _save(wallet, wallet.card(heroImage=image(f"{pictures.url}/hero.png")))
    address = wallet.root.removesuffix("/google") + _hero(requests.get(front, timeout=5).text)
    first = requests.get(address, timeout=5)
    assert (first.content, first.headers["Content-Type"]) == (png(), "image/png")
    pictures.served["/hero.png"] = png(9, 9)
    assert requests.get(address, timeout=5).content == first.content


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"GIF89a", b"text"])
def test_what_is_no_png_or_jpeg_is_no_picture(wallet: Client, pictures: Pictures, data: bytes) -> None:
    # A path of its own: Google keeps what it once had under an address.
    path = f"/{len(data)}.png"
    pictures.served[path] = data
    front = _save(wallet, wallet.card(heroImage=image(f"{pictures.url}{path}")))
    address = wallet.root.removesuffix("/google") + _hero(requests.get(front, timeout=5).text)
    assert requests.get(address, timeout=5).status_code == 404


def test_only_pictures_that_google_was_given_are_fetched(wallet: Client) -> None:
    assert requests.get(f"{wallet.root}/phone/picture/{'0' * 24}", timeout=5).status_code == 404


def test_after_a_restart_google_has_everything_it_had(authority: Authority, tmp_path: Path, clock: Clock) -> None:
    def start() -> Any:
        return running(tmp_path, phone_port=0, apns_port=0, authority=authority, now=clock.now)

    with start() as first:
        before = Client(first)
        before.tell("settings", {"rate": 50})
        card = before.card()
        _save(before, card)
        for _ in range(3):
            before.call("POST", f"loyaltyObject/{card}/addMessage", NOTIFY)
        key, state = first.google.account.key_id, before.state()["objects"]
        phone, keys = before.phone(), requests.get(f"{before.root}/keys", timeout=5).text
    with start() as second:
        after = Client(second)
        assert second.google.account.key_id == key
        assert after.state()["objects"] == state
        assert after.state()["settings"]["rate"] == 50
        assert [one["id"] for one in after.phone()["passes"]] == [one["id"] for one in phone["passes"]] == [card]
        assert len(after.phone()["notices"]) == 3
        assert requests.get(f"{after.root}/keys", timeout=5).text == keys
        assert after.call("POST", f"loyaltyObject/{card}/addMessage", NOTIFY).status_code == 403
        assert after.call("POST", "loyaltyObject", object_body("x", id=card)).status_code == 409


def test_two_phones_of_the_sandbox_lead_to_each_other(wallet: Client) -> None:
    apple = requests.get(f"{wallet.root.removesuffix('/google')}/phone/1/", timeout=5).text
    assert '/google/phone/"' in apple
    assert 'href="/"' in requests.get(f"{wallet.root}/phone/", timeout=5).text


def test_writes_at_once_from_many_threads_are_all_kept_in_some_order(wallet: Client) -> None:
    card = wallet.card()

    def write(number: int) -> None:
        for step in range(10):
            points = f"{number}-{step}"
            wallet.google.store.patch("LoyaltyObject", card, {"loyaltyPoints": {"balance": {"string": points}}})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: not any(thread.is_alive() for thread in threads))
    seen = [one["points"] for one in wallet.state()["objects"][card]["seen"]]
    assert len(seen) == 41
    for number in range(4):
        of_one = [points for points in seen if points.startswith(f"{number}-")]
        assert of_one == [f"{number}-{step}" for step in range(10)]


SHOP = {"latitude": 52.5, "longitude": 13.4}


def test_near_a_shop_of_object_or_class_the_pass_comes_up_until_it_is_over() -> None:
    now, body = Clock().now(), object_body("1.p", merchantLocations=[SHOP])
    class_ = class_body(merchantLocations=[SHOP, {**SHOP, "latitude": 48.1}])
    assert [spot.at for spot in shops_of(body, class_)] == ["52.5,13.4", "48.1,13.4"]
    assert is_near(body, class_body(), (52.501, 13.4), now)
    assert is_near(object_body("1.p"), class_, (48.1, 13.4), now)
    assert not is_near(body, class_body(), (52.502, 13.4), now)
    assert not is_near(object_body("1.p"), class_body(), (52.5, 13.4), now)
    assert not is_near({**body, "state": "COMPLETED"}, class_, (52.5, 13.4), now)


def test_on_the_page_one_can_stand_near_a_shop_and_nothing_is_noted(wallet: Client) -> None:
    wallet.tell("settings", {"merchant_locations": True})
    card = wallet.card(merchantLocations=[{**SHOP, "latitude": 10.0}])
    wallet.tell("settings", {"merchant_locations": False})
    front, phone = _save(wallet, card), f"{wallet.root}/phone"
    before = requests.get(f"{phone}/state.json", timeout=5).json()
    assert 'data-place="10.0,13.4"' in requests.get(front, timeout=5).text
    near = requests.get(f"{phone}/near?at=10.0,13.4", headers={"Accept-Language": "en"}, timeout=5).text
    assert f'data-suggestion="{card_name(card)}"' in near
    assert 'class="suggestion-text">Your pass' in near
    assert 'data-suggestion=""' in requests.get(f"{phone}/near?at=11,13.4", timeout=5).text
    assert requests.get(f"{phone}/near?at=nowhere", timeout=5).status_code == 422
    assert requests.get(f"{phone}/state.json", timeout=5).json() == before
