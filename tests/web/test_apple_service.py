"""Apple's web service, call by call.

Source: Apple, "Register a Pass for Update Notifications", "Get the List of Updatable Passes", "Send an Updated
Pass", "Unregister a Pass for Update Notifications", "Log a Message"; archive, "Updating a Pass".
"""

import logging
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from sqlalchemy import Engine, func, select

from issuer.database import transaction
from issuer.relaying import number_due
from issuer.schema import Device, Event, Registration
from sandbox.authority import Authority
from sandbox.wallet import open_pass
from tests.conftest import PASS_TYPE
from tests.web.phones import PKPASS, Held, held, pass_json


def _number(engine: Engine) -> None:
    """What the relay does five times a second."""
    with transaction(engine) as session:
        number_due(session, datetime.now(UTC), timedelta())


def test_a_registration_is_201_the_first_time_and_200_after(phone: Held) -> None:
    first, again = phone.register(), phone.register()
    assert (first.status_code, first.data) == (201, b"")
    assert (again.status_code, again.data) == (200, b"")


def test_a_known_phone_that_registers_again_has_its_new_push_token_kept(phone: Held, engine: Engine) -> None:
    phone.register("aa" * 32)
    phone.register("bb" * 32)
    with transaction(engine) as session:
        tokens = session.scalars(select(Device.push_token).where(Device.library_id == phone.device)).all()
    assert tokens == ["bb" * 32]


def test_two_phones_may_hold_one_pass(phone: Held) -> None:
    second = Held(phone.client, "second" + phone.device, phone.serial, phone.token)
    assert [one.register().status_code for one in (phone, second)] == [201, 201]
    assert phone.unregister().status_code == 200
    assert second.listed().get_json()["serialNumbers"] == [phone.serial]
    assert phone.listed().status_code == 204


def test_one_phone_may_hold_two_passes_and_its_last_goodbye_forgets_it(
    phone: Held, second_phone: Held, engine: Engine
) -> None:
    other = Held(phone.client, phone.device, second_phone.serial, second_phone.token)
    phone.register()
    other.register()
    assert set(phone.listed().get_json()["serialNumbers"]) == {phone.serial, other.serial}
    assert _devices(engine, phone) == 1
    phone.unregister()
    assert (phone.listed().get_json()["serialNumbers"], _devices(engine, phone)) == ([other.serial], 1)
    other.unregister()
    assert (phone.listed().status_code, _devices(engine, phone)) == (204, 0)


def test_unregistering_is_200_even_when_there_was_nothing(phone: Held) -> None:
    for _ in range(2):
        assert (phone.unregister().status_code, phone.unregister().data) == (200, b"")
    phone.register()
    assert [phone.unregister().status_code for _ in range(2)] == [200, 200]


def test_the_list_needs_no_authorization_and_has_strings_only(phone: Held, engine: Engine) -> None:
    phone.register()
    answer = phone.listed()
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    body = answer.get_json()
    assert set(body) == {"serialNumbers", "lastUpdated"}
    assert body["serialNumbers"] == [phone.serial]
    assert isinstance(body["lastUpdated"], str)
    assert int(body["lastUpdated"]) >= 0, "a tag travels in an address: digits only"


def test_with_the_newest_tag_there_is_nothing_to_say(phone: Held, engine: Engine) -> None:
    phone.register()
    _number(engine)
    tag = phone.listed().get_json()["lastUpdated"]
    answer = phone.listed(tag)
    assert (answer.status_code, answer.data) == (204, b"")


def test_each_change_is_listed_under_a_larger_tag(phone: Held, engine: Engine) -> None:
    phone.register()
    _number(engine)
    tags = [int(phone.listed().get_json()["lastUpdated"])]
    for _ in range(3):
        phone.stamp()
        assert phone.listed(tags[-1]).status_code == 204, "a change without a number is told to nobody yet"
        _number(engine)
        body = phone.listed(tags[-1]).get_json()
        assert body["serialNumbers"] == [phone.serial]
        tags.append(int(body["lastUpdated"]))
    assert tags == sorted(set(tags))


def test_only_the_passes_that_changed_are_listed(phone: Held, second_phone: Held, engine: Engine) -> None:
    other = Held(
        phone.client, phone.device, second_phone.serial, second_phone.token, second_phone.api, second_phone.card
    )
    phone.register()
    other.register()
    _number(engine)
    tag = phone.listed().get_json()["lastUpdated"]
    other.stamp()
    _number(engine)
    assert phone.listed(tag).get_json()["serialNumbers"] == [other.serial]


def test_a_phone_that_registers_after_a_change_is_called_back(phone: Held, engine: Engine) -> None:
    phone.download()
    phone.stamp()
    _number(engine)
    phone.register()
    before = int(phone.listed().get_json()["lastUpdated"])
    _number(engine)
    assert phone.listed(str(before)).get_json()["serialNumbers"] == [phone.serial]


@pytest.mark.parametrize("tag", ["9" * 18, "9" * 30, "9" * 5000, str(2**63), str(2**63 - 1)])
def test_a_tag_from_far_ahead_hears_of_nothing(phone: Held, tag: str) -> None:
    phone.register()
    assert phone.listed(tag).status_code in (200, 204)


@pytest.mark.parametrize("tag", ["", "-1", "-" + "9" * 30, "x", "1.5", "\x00", "é", "2026-01-01T00:00:00+01:00", "0x1"])
def test_a_tag_that_is_none_of_ours_gets_the_whole_list(phone: Held, tag: str) -> None:
    phone.register()
    assert phone.listed(tag).get_json()["serialNumbers"] == [phone.serial]


def test_an_unknown_phone_or_type_has_nothing_to_update(phone: Held) -> None:
    phone.register()
    assert Held(phone.client, "stranger", phone.serial, phone.token).listed().status_code == 204
    assert phone.client.get(f"/apple/v1/devices/{phone.device}/registrations/pass.other").status_code == 204


def test_the_pass_is_sent_as_wallet_wants_it(phone: Held, authority: Authority) -> None:
    answer = phone.fetch()
    assert (answer.status_code, answer.content_type) == (200, PKPASS)
    assert answer.headers["Cache-Control"] == "no-store, no-transform"
    assert parsedate_to_datetime(answer.headers["Last-Modified"]).tzinfo is not None
    opened = open_pass(answer.data, authority.root.read_bytes(), datetime.now(UTC))
    assert (opened.pass_type, opened.serial, opened.token) == (PASS_TYPE, phone.serial, phone.token)
    assert opened.web_service_url == "http://127.0.0.1:8000/apple"


def test_head_answers_like_get_without_the_pass(phone: Held) -> None:
    get, head = phone.fetch(), phone.fetch(method="HEAD")
    assert (head.status_code, head.data) == (200, b"")
    for name in ("Content-Type", "Last-Modified", "Cache-Control"):
        assert head.headers[name] == get.headers[name]


def test_head_is_no_fetch(phone: Held, engine: Engine) -> None:
    phone.fetch(method="HEAD")
    assert _events(engine, phone, "fetched") == 0
    phone.fetch()
    assert _events(engine, phone, "fetched") == 1


def test_an_unchanged_pass_is_304_and_a_changed_one_200(phone: Held) -> None:
    first = phone.fetch()
    unchanged = phone.fetch(since=first.headers["Last-Modified"])
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert phone.fetch(method="HEAD", since=first.headers["Last-Modified"]).status_code == 304
    phone.stamp()
    changed = phone.fetch(since=first.headers["Last-Modified"])
    assert changed.status_code == 200
    assert changed.headers["Last-Modified"] > first.headers["Last-Modified"]


def test_two_changes_in_one_second_have_two_dates(phone: Held) -> None:
    dates = []
    for _ in range(3):
        phone.stamp()
        dates.append(parsedate_to_datetime(phone.fetch().headers["Last-Modified"]))
    assert dates == sorted(set(dates))
    assert dates[-1] < datetime.now(UTC)


@pytest.mark.parametrize(
    "since",
    ["", "yesterday", "1763770000", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
     "Mon, 01 Jan 0001 00:00:00 GMT", "2026-01-01T00:00:00Z", "Sun, 22 Nov 2026 02:00:00 +9999",
     "Mon, 01 Jan 99999999999 00:00:00 GMT"],
)  # fmt: skip
def test_a_date_that_names_no_version_gets_the_pass(phone: Held, since: str) -> None:
    assert phone.fetch(since=since).status_code == 200


def test_the_console_learns_which_version_a_phone_holds(phone: Held, engine: Engine) -> None:
    phone.register()
    phone.stamp()
    phone.fetch()
    with transaction(engine) as session:
        held_version = session.scalar(
            select(Registration.fetched_version)
            .join(Device, Device.id == Registration.device_id)
            .where(Device.library_id == phone.device)
        )
    assert held_version == 2


def test_the_log_is_taken_from_anybody_and_kept_short(phone: Held, caplog: pytest.LogCaptureFixture) -> None:
    lines = [f"line {number} " + "x" * 3_000 + "\nforged" for number in range(40)]
    with caplog.at_level(logging.WARNING):
        answer = phone.client.post("/apple/v1/log", json={"logs": lines}, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert (answer.status_code, answer.data) == (200, b"")
    taken = [record.getMessage() for record in caplog.records if "a phone says" in record.getMessage()]
    assert len(taken) == 20
    assert max(map(len, taken)) < 2100
    assert all("\n" not in line for line in taken), "a phone cannot forge a line of ours"


def test_a_log_too_large_for_a_phones_is_not_read(phone: Held, caplog: pytest.LogCaptureFixture) -> None:
    answer = phone.client.post("/apple/v1/log", json={"logs": ["x" * 200_000]})
    assert answer.status_code == 413
    assert "a phone says" not in caplog.text


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"logs": 7}', b'{"logs": [null, 1, {}]}', b"[" * 100_000]
)
def test_a_log_of_any_shape_is_200(phone: Held, body: bytes) -> None:
    assert phone.client.post("/apple/v1/log", data=body).status_code == 200


def test_every_registration_and_goodbye_is_an_event(phone: Held, engine: Engine) -> None:
    phone.register()
    phone.register()
    phone.unregister()
    assert [_events(engine, phone, kind) for kind in ("wallet_added", "wallet_removed")] == [1, 1]


def test_another_phone_is_another_phone(phone: Held) -> None:
    assert held(phone.api, phone.cafe).serial != phone.serial


def _devices(engine: Engine, phone: Held) -> int:
    with transaction(engine) as session:
        return session.scalar(select(func.count()).where(Device.library_id == phone.device)) or 0


def _events(engine: Engine, phone: Held, kind: str) -> int:
    with transaction(engine, phone.merchant_id) as session:
        mine = (Event.card_id == phone.card["id"], Event.kind == kind)
        return session.scalar(select(func.count(Event.number)).where(*mine)) or 0


def test_a_pass_keeps_its_token_for_ever(phone: Held) -> None:
    """Copies with the old one live on: whatever changes, the token that a phone has is the one that is sent."""
    tokens = {phone.token}
    for _ in range(3):
        phone.stamp()
        phone.register()
        tokens |= {pass_json(phone.fetch().data)["authenticationToken"]}
        tokens |= {pass_json(phone.download().data)["authenticationToken"]}
        phone.unregister()
    assert tokens == {phone.token}
