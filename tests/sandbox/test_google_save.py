"""A save link puts a pass on the phone, tells the issuer, and is refused with a reason for everything else."""

from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sandbox.google_parts import Client, Listening, name, save_claims, token
from tests.sandbox.parts import until


@pytest.fixture
def listening(issuer_listening: Listening) -> Listening:
    issuer_listening.came.clear()
    issuer_listening.answers.clear()
    issuer_listening.robots = None
    return issuer_listening


def _open(address: str, lang: str = "de") -> requests.Response:
    return requests.get(address, headers={"Accept-Language": lang}, timeout=5)


def _save(wallet: Client, *cards: str) -> requests.Response:
    return requests.post(wallet.link(*cards), timeout=5)


def _remove(wallet: Client, card: str) -> None:
    held = wallet.held(card)
    assert held
    assert requests.post(f"{wallet.root}/phone/pass/{held['name']}/remove", timeout=5).status_code == 200


def _happened(wallet: Client, after: int) -> list[str]:
    return [one["what"] for one in wallet.phone()["happenings"] if one["n"] > after]


def _told_card(wallet: Client, listening: Listening) -> str:
    return wallet.card(classId=wallet.program(callbackOptions={"url": listening.url}))


def test_a_link_shows_the_pass_and_saves_it_only_when_told(wallet: Client) -> None:
    card = wallet.card()
    offered = _open(wallet.link(card))
    assert offered.status_code == 200
    assert "Café Morgenrot" in offered.text
    assert "Hinzufügen" in offered.text
    assert wallet.held(card) is None
    assert _save(wallet, card).status_code == 200
    assert wallet.held(card)


def test_a_saved_object_has_users_and_a_removed_one_has_none(wallet: Client) -> None:
    card = wallet.card()
    _save(wallet, card)
    assert wallet.call("GET", f"loyaltyObject/{card}").json()["hasUsers"] is True
    _remove(wallet, card)
    assert wallet.call("GET", f"loyaltyObject/{card}").json()["hasUsers"] is False
    assert wallet.held(card) is None


def test_a_card_saved_removed_and_saved_again_keeps_its_history(wallet: Client) -> None:
    card = wallet.card()
    _save(wallet, card)
    wallet.call("PATCH", f"loyaltyObject/{card}", {"loyaltyPoints": {"balance": {"string": "4/10"}}})
    _remove(wallet, card)
    _save(wallet, card)
    held = wallet.held(card)
    assert held
    assert held["fields"]["loyaltyPoints"] == "4/10"
    assert len(wallet.state()["objects"][card]["seen"]) == 2


def test_what_is_linked_to_a_saved_card_comes_along(wallet: Client) -> None:
    voucher, card = wallet.card(), wallet.card()
    _save(wallet, card)
    wallet.call("PATCH", f"loyaltyObject/{card}", {"linkedObjectIds": [voucher]})
    assert wallet.held(voucher)
    _remove(wallet, card)
    assert wallet.held(voucher) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iss": "somebody@else.iam.gserviceaccount.com"}, "iss = somebody@else"),
        ({"iss": None}, "iss = None"),
        ({"aud": "googel"}, "aud = googel"),
        ({"aud": None}, "aud = None"),
        ({"typ": "savetoandroidpay"}, "typ = savetoandroidpay"),
        ({"typ": None}, "typ = None"),
        ({"iat": None}, "(iat)"),
        ({"iat": "now"}, "(iat)"),
        ({"iat": 4_000_000_000}, "(iat)"),
        ({"payload": None}, "nennt keine Karte"),
        ({"payload": {}}, "nennt keine Karte"),
        ({"payload": {"loyaltyObjects": []}}, "nennt keine Karte"),
        ({"payload": {"loyaltyClasses": [{"id": "3388000000099999999.x"}]}}, "nennt keine Karte"),
        ({"payload": {"loyaltyObjects": [{}]}}, "kein JSON Web Token"),
        ({"payload": {"loyaltyObjects": "3388000000099999999.x"}}, "kein JSON Web Token"),
        ({"payload": {"loyaltyObjects": [{"id": "3388000000099999999.never"}]}}, "vorher angelegt"),
        ({"payload": {"offerObjects": [{"id": "3388000000099999999.never"}]}}, "vorher angelegt"),
        ({"payload": {"loyaltyObjects": [{"id": "1.other"}]}}, "vorher angelegt"),
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_says_the_wrong_thing_is_refused_with_the_reason(
    wallet: Client, method: str, changes: dict[str, Any], why: str
) -> None:
    address = f"{wallet.root}/save/{token(wallet, save_claims(**changes))}?lang=de"
    answer = requests.request(method, address, timeout=5)
    assert answer.status_code == 422
    assert why in answer.text


def test_one_unknown_card_keeps_all_of_the_link_off_the_phone(wallet: Client) -> None:
    card = wallet.card()
    assert _save(wallet, card, name()).status_code == 422
    assert wallet.held(card) is None


def test_an_object_named_with_another_class_is_refused(wallet: Client) -> None:
    card, other = wallet.card(), wallet.program()
    payload = {"loyaltyObjects": [{"id": card, "classId": other}]}
    answer = _open(f"{wallet.root}/save/{token(wallet, save_claims(payload=payload))}")
    assert answer.status_code == 422
    assert other in answer.text


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {}, {"alg": "RS256", "kid": "another"}])
def test_a_link_with_another_algorithm_or_key_is_refused(wallet: Client, header: dict[str, str]) -> None:
    answer = _open(f"{wallet.root}/save/{token(wallet, save_claims(wallet.card()), header=header)}")
    assert answer.status_code == 422


def test_a_link_signed_by_a_foreign_key_is_refused(wallet: Client) -> None:
    foreign = rsa.generate_private_key(65537, 2048)
    answer = _open(f"{wallet.root}/save/{token(wallet, save_claims(wallet.card()), key=foreign)}")
    assert answer.status_code == 422
    assert "Unterschrift" in answer.text


def test_a_changed_link_is_refused(wallet: Client) -> None:
    first, second = wallet.link(wallet.card()).split("."), wallet.link(wallet.card()).split(".")
    mixed = ".".join([*first[:-2], second[-2], first[-1]])
    assert _open(mixed).status_code == 422


@pytest.mark.parametrize("text", ["x", "a.b.c", "e30.e30", "e30.e30.e30.e30", "%20"])
def test_what_is_no_token_is_refused(wallet: Client, text: str) -> None:
    assert _open(f"{wallet.root}/save/{text}").status_code == 422


def test_a_link_over_1800_signs_is_refused_and_its_length_told(wallet: Client) -> None:
    card = wallet.card()
    spare = 1800 - len(wallet.link(card))
    claims = save_claims(card)
    fits = f"{wallet.root}/save/{token(wallet, {**claims, 'x': 'y' * (spare * 3 // 4 - 12)})}"
    assert 1780 < len(fits) <= 1800
    assert _open(fits).status_code == 200
    long = f"{wallet.root}/save/{token(wallet, {**claims, 'x': 'y' * (spare * 3 // 4 + 12)})}"
    answer = _open(long)
    assert answer.status_code == 422
    assert f"{len(long)} Zeichen" in answer.text


def test_the_reason_is_told_in_english_too(wallet: Client) -> None:
    answer = _open(f"{wallet.root}/save/{token(wallet, save_claims(name()))}", "en")
    assert "Google would not save this" in answer.text
    assert "inserted first" in answer.text


def test_another_site_cannot_save_a_pass(wallet: Client) -> None:
    answer = requests.post(wallet.link(wallet.card()), headers={"Sec-Fetch-Site": "cross-site"}, timeout=5)
    assert answer.status_code == 403


def test_saving_and_removing_are_called_back(wallet: Client, listening: Listening) -> None:
    card = _told_card(wallet, listening)
    _save(wallet, card)
    _remove(wallet, card)
    until(lambda: len(listening.came) == 2)
    assert listening.events() == [("save", card), ("del", card)]
    headers, body = listening.came[0]
    assert headers["User-Agent"] == "Googlebot"
    assert headers["Content-Type"] == "application/json"
    assert b'"protocolVersion":"ECv2SigningOnly"' in body
    until(lambda: "google_callback_sent" in [one["what"] for one in wallet.phone()["happenings"]])


def test_without_an_address_nobody_is_told(wallet: Client, listening: Listening) -> None:
    before = wallet.phone()["version"]
    _save(wallet, wallet.card())
    assert "google_no_callback" in _happened(wallet, before)
    assert listening.came == []


def test_a_callback_that_was_not_taken_comes_again_the_same(wallet: Client, listening: Listening) -> None:
    listening.answers = [503]
    _save(wallet, _told_card(wallet, listening))
    until(lambda: len(listening.came) == 2)
    assert listening.came[0][1] == listening.came[1][1]


def test_callbacks_can_be_doubled_and_silenced(wallet: Client, listening: Listening) -> None:
    wallet.tell("settings", {"callbacks": 0})
    _save(wallet, _told_card(wallet, listening))
    wallet.tell("settings", {"callbacks": 2})
    card = _told_card(wallet, listening)
    _save(wallet, card)
    wallet.tell("settings", {"callbacks": 1})
    until(lambda: len(listening.came) == 2)
    assert listening.events() == [("save", card), ("save", card)]
    assert listening.came[0][1] == listening.came[1][1]


@pytest.mark.parametrize("agent", ["*", "Googlebot"])
def test_robots_txt_that_keeps_googlebot_out_keeps_callbacks_out(
    wallet: Client, listening: Listening, agent: str
) -> None:
    listening.robots = f"User-agent: {agent}\nDisallow: /google\n"
    before = wallet.phone()["version"]
    _save(wallet, _told_card(wallet, listening))
    until(lambda: "google_callback_robots" in _happened(wallet, before))
    assert listening.came == []


def test_the_root_keys_are_served(wallet: Client) -> None:
    (key,) = requests.get(f"{wallet.root}/keys", timeout=5).json()["keys"]
    assert key.keys() == {"keyValue", "protocolVersion", "keyExpiration"}
