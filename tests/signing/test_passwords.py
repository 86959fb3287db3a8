import importlib.util

import pytest

from signing import passwords
from signing.passwords import WrongPassword, check_password, hash_password

PASSWORD = "Kännchen Kaffee, bitte"


@pytest.fixture(scope="module")
def hashed() -> str:
    return hash_password(PASSWORD)


def test_the_right_password_is_let_in(hashed: str) -> None:
    check_password(hashed, PASSWORD)


def test_an_umlaut_written_in_two_signs_is_the_same_password(hashed: str) -> None:
    check_password(hashed, PASSWORD.replace("ä", "a\u0308"))


@pytest.mark.parametrize("given", ["", PASSWORD.lower(), PASSWORD + " ", "1234", "\ud800", PASSWORD[:-1]])
def test_any_other_password_is_refused(hashed: str, given: str) -> None:
    with pytest.raises(WrongPassword):
        check_password(hashed, given)


@pytest.mark.parametrize("stored", ["", PASSWORD, "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=1"])
def test_a_stored_value_that_is_no_hash_lets_nobody_in(stored: str) -> None:
    with pytest.raises(WrongPassword):
        check_password(stored, PASSWORD)


def test_a_hash_with_one_letter_changed_lets_nobody_in(hashed: str) -> None:
    changed = hashed[:-3] + ("A" if hashed[-3] != "A" else "B") + hashed[-2:]
    with pytest.raises(WrongPassword):
        check_password(changed, PASSWORD)


def test_a_guess_costs_what_rfc_9106_recommends() -> None:
    """Read anew, because the other tests hash with less work."""
    hasher = importlib.util.module_from_spec(passwords.__spec__)
    passwords.__spec__.loader.exec_module(hasher)
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in hasher.hash_password(PASSWORD)


def test_two_hashes_of_one_password_differ_and_hold_argon2id(hashed: str) -> None:
    assert hash_password(PASSWORD) != hashed
    assert hashed.startswith("$argon2id$v=19$")


def test_an_empty_password_is_not_hashed() -> None:
    with pytest.raises(ValueError, match="may not be empty"):
        hash_password("")
