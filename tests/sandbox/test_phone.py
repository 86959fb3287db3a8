from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Response

from sandbox.authority import Authority
from sandbox.fields import shown_value
from sandbox.phone import Phone
from sandbox.phones import NoSuchPhone, Phones
from sandbox.refusal import PassRefused
from tests.sandbox.issuer_double import Issuer
from tests.sandbox.making import make_pass, pass_json
from tests.sandbox.parts import PASS_TYPE, machine_now, until

QUICK = (0.02, 0.04, 0.08, 0.16, 0.32, 0.64)


@pytest.fixture
def issuer(authority: Authority) -> Iterator[Issuer]:
    made = Issuer(authority)
    yield made
    made.go_down()


@pytest.fixture
def make_phone(authority: Authority) -> Iterator[Callable[..., Phone]]:
    made: list[Phone] = []

    def make(name: str = "a", folder: Path | None = None) -> Phone:
        root = authority.root.read_bytes()
        phone = Phone(f"device-{name}", name * 64, root, machine_now, folder=folder, waits=QUICK)
        made.append(phone)
        phone.start()
        return phone

    yield make
    for phone in made:
        phone.stop()


@pytest.fixture
def phone(make_phone: Callable[..., Phone], issuer: Issuer) -> Phone:
    """A phone that holds the card and is registered."""
    made = make_phone()
    made.add(issuer.card())
    until(lambda: _did(made, "registered"))
    return made


def _did(phone: Phone, what: str) -> list[str]:
    return [happening.line for happening in phone.look().happenings if happening.what == what]


def _stamps(phone: Phone, serial: str = "CARD0001") -> str:
    held = phone.look().passes[PASS_TYPE, serial]
    return str(held.opened.content["storeCard"]["headerFields"][0]["value"])


def test_adding_a_pass_registers_the_phone_with_its_push_token(phone: Phone, issuer: Issuer) -> None:
    assert issuer.registered == {("device-a", "CARD0001"): "a" * 64}
    assert _did(phone, "registered") == [
        "POST /apple/v1/devices/device-a/registrations/pass.org.example.card/CARD0001 → 201"
    ]
    assert phone.look().passes[PASS_TYPE, "CARD0001"].registered


def test_a_pass_without_a_web_service_stays_as_it_is(make_phone: Callable[..., Phone], authority: Authority) -> None:
    phone = make_phone()
    phone.add(make_pass(authority))
    assert phone.look().owed == []


def test_a_pass_that_wallet_would_refuse_is_not_taken(phone: Phone, foreign_authority: Authority) -> None:
    with pytest.raises(PassRefused):
        phone.add(make_pass(foreign_authority, pass_json(serial="CARD0002")))
    assert list(phone.look().passes) == [(PASS_TYPE, "CARD0001")]


def test_a_push_makes_the_phone_fetch_what_changed_and_say_so(phone: Phone, issuer: Issuer) -> None:
    issuer.stamp()
    phone.on_push(PASS_TYPE)
    until(lambda: _stamps(phone) == "4 / 10")
    (notice,) = phone.look().notices
    assert (notice.title, notice.field["value"]) == ("Café Morgenrot", "4 / 10")
    assert notice.field["changeMessage"] == "You have %@ stamps now."


def test_the_second_question_carries_the_tag_of_the_first_answer(phone: Phone, issuer: Issuer) -> None:
    issuer.stamp()
    phone.on_push(PASS_TYPE)
    until(lambda: _did(phone, "fetched"))
    phone.on_push(PASS_TYPE)
    until(lambda: _did(phone, "nothing_new"))
    asked = issuer.said("GET /apple/v1/devices/")
    assert [call.split("?")[1:] for call in asked] == [[], ["passesUpdatedSince=2"]]


def test_the_second_fetch_carries_the_date_of_the_first_and_304_changes_nothing(phone: Phone, issuer: Issuer) -> None:
    phone.refresh("CARD0001")
    until(lambda: _did(phone, "fetched"))
    phone.refresh("CARD0001")
    until(lambda: _did(phone, "unchanged"))
    assert _did(phone, "unchanged")[0].endswith("→ 304")
    assert phone.look().notices == []


def test_a_push_for_a_type_that_is_not_here_asks_nobody(phone: Phone, issuer: Issuer) -> None:
    before = len(issuer.calls)
    phone.on_push("pass.org.example.other")
    assert phone.look().owed == []
    assert len(issuer.calls) == before


def test_several_pushes_at_once_are_answered_together(phone: Phone, issuer: Issuer) -> None:
    phone.stop()
    for _ in range(5):
        phone.on_push(PASS_TYPE)
    assert [job.kind for job in phone.look().owed] == ["list"]


def test_two_phones_with_one_pass_are_two_registrations_and_both_learn(
    phone: Phone, make_phone: Callable[..., Phone], issuer: Issuer
) -> None:
    other = make_phone("b")
    other.add(issuer.card())
    until(lambda: len(issuer.registered) == 2)
    issuer.stamp()
    for each in (phone, other):
        each.on_push(PASS_TYPE)
    until(lambda: _stamps(phone) == _stamps(other) == "4 / 10")


def test_two_passes_of_one_type_need_one_question(phone: Phone, issuer: Issuer) -> None:
    issuer.stamps["CARD0002"], issuer.tags["CARD0002"] = 7, 2
    phone.add(issuer.card("CARD0002"))
    until(lambda: len(issuer.registered) == 2)
    issuer.stamp("CARD0001")
    issuer.stamp("CARD0002")
    phone.on_push(PASS_TYPE)
    until(lambda: (_stamps(phone), _stamps(phone, "CARD0002")) == ("4 / 10", "8 / 10"))
    assert len(issuer.said("GET /apple/v1/devices/")) == 1


def test_the_same_pass_added_again_overwrites_and_registers_again(phone: Phone, issuer: Issuer) -> None:
    issuer.stamp()
    phone.add(issuer.card())
    until(lambda: len(_did(phone, "registered")) == 2)
    assert _did(phone, "registered")[1].endswith("→ 200")
    assert list(phone.look().passes) == [(PASS_TYPE, "CARD0001")]
    assert _stamps(phone) == "4 / 10"
    assert phone.look().notices == []


def test_removing_a_pass_tells_its_server(phone: Phone, issuer: Issuer) -> None:
    phone.remove("CARD0001")
    until(lambda: _did(phone, "unregistered"))
    assert not issuer.registered
    assert _did(phone, "unregistered")[0].startswith("DELETE ")
    assert phone.look().passes == {}


def test_removing_what_is_not_there_is_no_error(phone: Phone, issuer: Issuer) -> None:
    before = len(issuer.calls)
    phone.remove("CARD9999")
    assert len(issuer.calls) == before


def test_a_server_that_was_down_is_asked_again_with_growing_waits(phone: Phone, issuer: Issuer) -> None:
    issuer.go_down()
    issuer.stamp()
    phone.on_push(PASS_TYPE)
    until(lambda: len(_did(phone, "try_later")) >= 2)
    issuer.come_up()
    until(lambda: _stamps(phone) == "4 / 10")
    waited = [one.values["seconds"] for one in phone.look().happenings if one.what == "try_later"]
    assert waited[:2] == ["0.02", "0.04"]


def test_a_phone_gives_up_after_the_last_wait_until_the_next_push(phone: Phone, issuer: Issuer) -> None:
    issuer.broken = Response(status=503)
    issuer.stamp()
    phone.on_push(PASS_TYPE)
    until(lambda: _did(phone, "gave_up"))
    issuer.broken = None
    assert _stamps(phone) == "3 / 10"
    phone.on_push(PASS_TYPE)
    until(lambda: _stamps(phone) == "4 / 10")


def test_a_401_is_not_tried_again_but_complained_of(make_phone: Callable[..., Phone], issuer: Issuer) -> None:
    phone = make_phone()
    content = issuer.content("CARD0001") | {"authenticationToken": "another-token-000000"}
    phone.add(make_pass(issuer.authority, content))
    until(lambda: issuer.logs)
    assert len(issuer.said("POST /apple/v1/devices/")) == 1
    assert "→ 401" in issuer.logs[0]
    assert not phone.look().passes[PASS_TYPE, "CARD0001"].registered


def test_an_update_without_last_modified_is_complained_of(phone: Phone, issuer: Issuer) -> None:
    issuer.without_date = True
    phone.refresh("CARD0001")
    until(lambda: issuer.logs)
    assert "missing the Last-Modified header" in issuer.logs[0]


@pytest.mark.parametrize("fault", ["mime", "broken", "other"])
def test_an_update_that_wallet_would_refuse_leaves_the_old_pass(phone: Phone, issuer: Issuer, fault: str) -> None:
    issuer.stamps["CARD0002"] = 9
    issuer.sends = {
        "mime": {"mime": "application/zip"},
        "broken": {"data": b"PK"},
        "other": {"data": issuer.card("CARD0002")},
    }[fault]
    phone.refresh("CARD0001")
    until(lambda: issuer.logs)
    assert _did(phone, "refused")
    assert _stamps(phone) == "3 / 10"


def test_a_restart_finds_passes_tags_and_what_was_owed(
    make_phone: Callable[..., Phone], issuer: Issuer, tmp_path: Path
) -> None:
    first = make_phone(folder=tmp_path)
    first.add(issuer.card())
    until(lambda: _did(first, "registered"))
    first.stop()
    issuer.stamp()
    first.on_push(PASS_TYPE)
    second = make_phone(folder=tmp_path)
    until(lambda: _stamps(second) == "4 / 10")
    assert list(second.look().tags.values()) == ["2"]
    assert len(list(tmp_path.glob("*.pkpass"))) == 1


def test_a_field_that_says_nothing_on_change_makes_no_notification(phone: Phone, issuer: Issuer) -> None:
    issuer.stamp()
    phone.on_push(PASS_TYPE)
    until(lambda: _did(phone, "fetched"))
    assert [notice.field["key"] for notice in phone.look().notices] == ["stamps"]


def test_a_push_finds_its_phone_by_token(authority: Authority, issuer: Issuer, tmp_path: Path) -> None:
    phones = Phones(tmp_path, authority.root.read_bytes(), machine_now, waits=QUICK)
    one, two = phones.get("1"), phones.get("2")
    two.add(issuer.card())
    until(lambda: issuer.registered)
    issuer.stamp()
    phones.deliver(two.push_token, PASS_TYPE)
    phones.deliver("cd" * 32, PASS_TYPE)
    until(lambda: _stamps(two) == "4 / 10")
    assert one.look().happenings == []
    phones.stop()


def test_a_phone_keeps_its_identity_over_a_restart(authority: Authority, tmp_path: Path) -> None:
    root = authority.root.read_bytes()
    first = Phones(tmp_path, root, machine_now)
    token = first.get("kitchen").push_token
    first.stop()
    second = Phones(tmp_path, root, machine_now)
    assert second.names() == ["kitchen"]
    assert second.get("kitchen").push_token == token
    second.stop()


@pytest.mark.parametrize("name", ["", "..", "A", "a/b", "x" * 21])
def test_a_name_that_cannot_be_a_folder_is_no_phone(authority: Authority, tmp_path: Path, name: str) -> None:
    with pytest.raises(NoSuchPhone):
        Phones(tmp_path, authority.root.read_bytes(), machine_now).get(name)


@pytest.mark.parametrize(
    ("field", "german", "english"),
    [
        ({"value": "4 / 10"}, "4 / 10", "4 / 10"),
        ({"value": 0}, "0", "0"),
        ({"value": 12.4, "currencyCode": "EUR"}, "12,40\xa0€", "€12.40"),
        (
            {"value": "2026-11-21T12:30:00+01:00", "dateStyle": "PKDateStyleShort"},
            "21.11.2026",
            "21 Nov 2026",
        ),
        ({"value": "soon", "dateStyle": "PKDateStyleShort"}, "soon", "soon"),
    ],
)
def test_a_value_is_printed_by_its_style(field: dict[str, object], german: str, english: str) -> None:
    assert (shown_value(field, "de"), shown_value(field, "en")) == (german, english)
