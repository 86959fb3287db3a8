"""Passwords and PINs, by Argon2id with the parameters of RFC 9106, section 4 (second recommended option)."""

import unicodedata

import argon2
from argon2.exceptions import VerificationError

HASHER = argon2.PasswordHasher()


class WrongPassword(Exception):
    """Ask again; the password does not fit (or its stored hash is unreadable)."""


def hash_password(text: str) -> str:
    """The PHC string to store, about 100 ASCII characters. Raises ValueError for an empty password."""
    if not text:
        raise ValueError("A password may not be empty; choose one.")
    return HASHER.hash(_plain(text))


def check_password(hashed: str, given: str) -> None:
    """Raises WrongPassword unless `given` is what `hashed` was made from."""
    try:
        HASHER.verify(hashed, _plain(given))
    except (VerificationError, ValueError) as error:
        raise WrongPassword("The password is wrong.") from error


def _plain(text: str) -> bytes:
    # NIST SP 800-63B, 5.1.1.2: keyboards write "ü" in one sign or in two; both are the same password.
    return unicodedata.normalize("NFKC", text).encode("utf-8", "surrogatepass")
