"""The environment is read once; what is wrong with it is said at once, and no secret is ever said."""

import base64
import json
import logging
import traceback
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from issuer.clock import Clock
from issuer.keys import keys_of
from issuer.settings import SETTINGS, Settings, SettingsRefused, describe, load_settings

KEY = "dHJldWVwYXNzIHRlc3RzOiAzMiBieXRlcyBvZiBrZXk="
GOOD = {
    "DATABASE_URL": "postgresql://shop:hidden-one@db/treuepass",
    "REDIS_URL": "redis://:hidden-two@cache/0",
    "PUBLIC_URL": "https://cards.example.com",
    "SECRET_KEY": "hidden-three, which is long enough to pass",
    "KEY_ENCRYPTION_KEY": KEY,
}
HIDDEN = ("hidden-one", "hidden-two", "hidden-three", KEY)


def load(**changes: str | None) -> Settings:
    environ = GOOD | {name: value for name, value in changes.items() if value is not None}
    return load_settings({n: v for n, v in environ.items() if changes.get(n, "") is not None}, {})


def problems(**changes: str | None) -> list[str]:
    with pytest.raises(SettingsRefused) as caught:
        load(**changes)
    return caught.value.problems


def test_the_least_that_is_needed_is_enough() -> None:
    settings = load()
    assert settings.mode == "production"
    assert settings.database_url == "postgresql+psycopg://shop:hidden-one@db/treuepass"
    assert settings.database_owner_url == settings.database_url
    assert settings.apns_url == "https://api.push.apple.com"
    assert (settings.clock_offset, settings.sandbox_url, settings.apns_ca_file) == (timedelta(), None, None)
    assert settings.key_encryption_key == b"treuepass tests: 32 bytes of key"


@pytest.mark.parametrize("name", GOOD)
def test_what_is_missing_is_named_with_a_remedy(name: str) -> None:
    (problem,) = problems(**{name: None})
    assert problem.startswith(f"{name} is not set: ")
    assert len(problem) > len(f"{name} is not set: ") + 10


@pytest.mark.parametrize("name", GOOD)
def test_an_empty_value_is_a_missing_one(name: str) -> None:
    assert problems(**{name: ""})[0].startswith(f"{name} is not set")


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(SettingsRefused) as caught:
        load_settings({}, {})
    heading, *named = caught.value.problems
    assert heading.startswith("No demo runs in var (DATA_DIR)")
    assert {problem.partition(" ")[0] for problem in named} == set(GOOD)
    assert str(caught.value).splitlines() == caught.value.problems


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://shop@db/treuepass"),
        ("DATABASE_URL", "treuepass"),
        ("DATABASE_OWNER_URL", "sqlite:///x"),
        ("REDIS_URL", "http://cache"),
        ("PUBLIC_URL", "cards.example.com"),
        ("PUBLIC_URL", "ftp://cards.example.com"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://[cards"),
        ("SECRET_KEY", "short"),
        ("KEY_ENCRYPTION_KEY", "c2hvcnQ="),
        ("KEY_ENCRYPTION_KEY", "not base64 at all!"),
        ("KEY_ENCRYPTION_KEY", KEY + "AAAA"),
        ("APNS_URL", "api.push.apple.com"),
        ("TREUEPASS_MODE", "Production"),
        ("TREUEPASS_FOLD_SECONDS", "soon"),
        ("TREUEPASS_FOLD_SECONDS", "-1"),
        ("TREUEPASS_FOLD_SECONDS", "nan"),
        ("TREUEPASS_LEASE_SECONDS", "inf"),
        ("TREUEPASS_LEASE_SECONDS", "3601"),
        ("TREUEPASS_REDELIVERY_SECONDS", "1.5"),
        ("TREUEPASS_PROXIES", "-1"),
        ("TREUEPASS_CAMPAIGN_RATE", "fast"),
        ("TREUEPASS_GOOGLE_RATE", "10001"),
        ("TREUEPASS_GOOGLE_PLACES", "maybe"),
        ("GOOGLE_WALLET_URL", "walletobjects.googleapis.com"),
        ("GOOGLE_SAVE_URL", "ftp://pay.google.com"),
        ("GOOGLE_CALLBACK_KEYS_URL", "https://"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_it_must_be(name: str, value: str) -> None:
    (problem,) = problems(**{name: value})
    assert problem.startswith(f"{name} is ")
    assert ": it must be " in problem


@pytest.mark.parametrize("value", ["338800000002214177x", "٣٣٨٨", "1" * 21])
def test_an_issuer_is_a_number(value: str) -> None:
    (problem,) = problems(GOOGLE_ISSUER_ID=value, GOOGLE_SERVICE_ACCOUNT_FILE="key.json")
    assert problem.startswith(f"GOOGLE_ISSUER_ID is {value!r}: it must be ")


@pytest.mark.parametrize("name", ["GOOGLE_ISSUER_ID", "GOOGLE_SERVICE_ACCOUNT_FILE"])
def test_google_wallet_needs_both_an_issuer_and_an_account(name: str) -> None:
    both = {"GOOGLE_ISSUER_ID": "3388", "GOOGLE_SERVICE_ACCOUNT_FILE": "key.json"}
    (problem,) = problems(**both | {name: None})
    assert problem.startswith(f"{name} is not set: ")


def test_without_an_issuer_there_is_no_google_wallet() -> None:
    assert load().google is None


def test_with_both_google_is_where_google_says() -> None:
    google = load(GOOGLE_ISSUER_ID="3388", GOOGLE_SERVICE_ACCOUNT_FILE="key.json").google
    assert google is not None
    assert (google.issuer_id, google.service_account_file, google.places) == ("3388", Path("key.json"), False)
    assert google.wallet_url == "https://walletobjects.googleapis.com"
    assert google.save_url == "https://pay.google.com/gp/v/save"
    assert google.callback_keys_url == "https://pay.google.com/gp/m/issuer/keys"


def test_all_problems_are_told_at_once() -> None:
    told = problems(PUBLIC_URL="nowhere", SECRET_KEY=None, TREUEPASS_PROXIES="many", TREUEPASS_COLOUR="green")
    assert {problem.partition(" ")[0] for problem in told} == {
        "PUBLIC_URL",
        "SECRET_KEY",
        "TREUEPASS_PROXIES",
        "TREUEPASS_COLOUR",
    }


@pytest.mark.parametrize("name", ["TREUEPASS_COLOUR", "TREUEPASS_FOLD_SECOND", "TREUEPASS_"])
def test_an_unknown_name_of_ours_is_refused(name: str) -> None:
    (problem,) = problems(**{name: "1"})
    assert problem.startswith(f"{name} is no setting of treuepass")


def test_names_that_are_not_ours_are_left_alone() -> None:
    load(PATH="/usr/bin", TREUE="1", treuepass_mode="production")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TREUEPASS_CLOCK", "2026-12-24T09:00:00+01:00"),
        ("TREUEPASS_CLOCK_SET_AT", "2026-12-24T09:00:00+01:00"),
        ("TREUEPASS_SANDBOX_URL", "http://127.0.0.1:8002"),
    ],
)
def test_what_belongs_to_a_demo_is_refused_in_production(name: str, value: str) -> None:
    assert f"{name} is for demo and test only" in problems(**{name: value})
    assert load(**{name: value, "TREUEPASS_MODE": "demo"}).mode == "demo"


def test_a_demo_running_nearby_cannot_set_productions_clock() -> None:
    with pytest.raises(SettingsRefused, match="TREUEPASS_CLOCK is for demo and test only"):
        load_settings(GOOD, {"TREUEPASS_CLOCK": "2026-12-24T09:00:00+01:00"})


def test_a_clock_that_was_set_runs_on_from_there() -> None:
    offset = load(
        TREUEPASS_MODE="test",
        TREUEPASS_CLOCK="2027-01-01T10:00:00+01:00",
        TREUEPASS_CLOCK_SET_AT="2026-11-22T09:00:00+00:00",
    ).clock_offset
    assert offset == timedelta(days=40)
    assert Clock(offset).now() - datetime.now(UTC) - offset < timedelta(seconds=5)
    assert Clock().now().tzinfo is UTC


@pytest.mark.parametrize("value", ["tomorrow", "2026-12-24", "2026-12-24T09:00:00", "09:00"])
def test_a_clock_without_an_instant_and_offset_is_refused(value: str) -> None:
    (problem,) = problems(TREUEPASS_MODE="demo", TREUEPASS_CLOCK=value)
    assert problem.startswith(f"TREUEPASS_CLOCK is {value!r}: it must be an RFC 3339 instant")


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS if setting.secret])
def test_no_secret_is_shown_when_it_is_refused(name: str) -> None:
    for problem in problems(**{name: "hidden-one"}):
        assert "hidden-one" not in problem


def test_no_secret_is_in_the_traceback_of_a_refusal() -> None:
    with pytest.raises(SettingsRefused) as caught:
        load(DATABASE_URL=f"mysql://shop:{HIDDEN[0]}@db", PUBLIC_URL="nowhere")
    text = "".join(traceback.format_exception(caught.value))
    assert not [secret for secret in HIDDEN if secret in text]


def test_no_secret_is_shown_by_printing_settings_or_keys(caplog: pytest.LogCaptureFixture) -> None:
    settings = load(DATABASE_OWNER_URL="postgresql://owner:hidden-one@db/treuepass")
    logging.getLogger("test").warning("%s %r %s", settings, settings, keys_of(settings))
    text = caplog.text
    assert not [
        secret for secret in (*HIDDEN, repr(settings.secret_key), repr(settings.key_encryption_key)) if secret in text
    ]


def test_the_settings_table_shows_every_setting_and_no_secret(tmp_path: Path) -> None:
    rows = describe(GOOD | {"DATA_DIR": str(tmp_path)})
    assert [name for name, _, _ in rows] == [setting.name for setting in SETTINGS]
    shown = {name: (value, source) for name, value, source in rows}
    assert shown["PUBLIC_URL"] == ("https://cards.example.com", "environment")
    assert shown["SECRET_KEY"] == ("(hidden)", "environment")
    assert shown["TREUEPASS_FOLD_SECONDS"] == ("3", "default")
    assert shown["DATABASE_OWNER_URL"] == ("", "not set")
    assert not [secret for secret in HIDDEN if secret in repr(rows)]


def test_what_a_running_demo_wrote_stands_below_the_environment(tmp_path: Path) -> None:
    running = GOOD | {"PUBLIC_URL": "http://127.0.0.1:8000", "REDIS_URL": "unix:///of/the/demo"}
    (tmp_path / "running.json").write_text(json.dumps(running))
    environ = {"DATA_DIR": str(tmp_path), "PUBLIC_URL": "https://mine.example.com"}
    settings = load_settings(environ)
    assert (settings.public_url, settings.redis_url) == ("https://mine.example.com", "unix:///of/the/demo")
    sources = {name: source for name, _, source in describe(environ)}
    assert (sources["PUBLIC_URL"], sources["REDIS_URL"]) == ("environment", "running demo")


def test_without_a_demo_nearby_nothing_is_made_up(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused):
        load_settings({"DATA_DIR": str(tmp_path / "none")})


def test_a_slash_at_the_end_of_the_public_address_does_not_double_those_in_paths() -> None:
    assert load(PUBLIC_URL="https://cards.example.com/").public_url == "https://cards.example.com"


@pytest.mark.parametrize(("url", "secure"), [("https://cards.example.com", True), ("http://127.0.0.1:8000", False)])
def test_cookies_insist_on_https_where_it_is_spoken(url: str, secure: bool) -> None:
    assert load(PUBLIC_URL=url).secure is secure


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_database_address_is_taken_as_operators_paste_it(scheme: str) -> None:
    assert load(DATABASE_URL=f"{scheme}://shop@db/treuepass").database_url == "postgresql+psycopg://shop@db/treuepass"


def test_settings_do_not_change_while_the_service_runs() -> None:
    with pytest.raises(FrozenInstanceError):
        load().mode = "demo"  # type: ignore[misc]


def test_two_secrets_make_two_sets_of_keys() -> None:
    first, second = keys_of(load()), keys_of(load(SECRET_KEY="another secret, which is long enough too"))
    assert first.codes != second.codes
    assert first.codes != load().secret_key


OLD_KEY = base64.b64encode(b"o" * 32).decode()


def test_the_first_of_several_encryption_keys_seals_and_the_others_open() -> None:
    settings = load(KEY_ENCRYPTION_KEY=f"{KEY}, {OLD_KEY}")
    assert settings.key_encryption_key == b"treuepass tests: 32 bytes of key"
    assert settings.older_encryption_keys == (b"o" * 32,)
    assert load().older_encryption_keys == ()


@pytest.mark.parametrize("value", [f"{KEY},", f",{KEY}", f"{KEY},short", f"{KEY};{OLD_KEY}", f"{KEY} {OLD_KEY}"])
def test_several_encryption_keys_of_which_one_is_none_are_refused_without_being_shown(value: str) -> None:
    (problem,) = problems(KEY_ENCRYPTION_KEY=value)
    assert problem == "KEY_ENCRYPTION_KEY is (secret): it must be 32 bytes in base64"


def test_an_older_encryption_key_is_not_printed() -> None:
    shown = repr(load(KEY_ENCRYPTION_KEY=f"{KEY},{OLD_KEY}"))
    assert OLD_KEY not in shown
    assert repr(b"o" * 32) not in shown
