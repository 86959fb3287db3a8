"""The code on the card, long for the camera and short for fingers.

A code names a card and proves nothing else. The long one is kept inside QR's alphanumeric mode (ISO/IEC
18004, 7.4.4) so that 36 characters fit version 2 at level M; the short one is Crockford's base 32 with a
check symbol.
"""

import base64
import binascii
import hashlib
import hmac

MARK = "T1"
IDENT_BYTES = 16
CHECK_BYTES = 5
CODE_LENGTH = 36

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SHORT_BYTES = 4
SHORT_LENGTH = 7
_MISREAD = str.maketrans("OIL", "011")
# Keyboards of phones turn a hyphen into one of its relatives.
_DASHES = dict.fromkeys(map(ord, "-\u2010\u2011\u2012\u2013\u2014\u2212"))


class NotOurCode(ValueError):
    """Show the sentence and ask for the right card; the text read is no code made with this key."""


class MistypedCode(ValueError):
    """Ask to type it again; the text cannot be a short code of any card."""


def new_code(key: bytes, ident: bytes) -> str:
    """The 36 characters of a card's QR code: "T1", 26 of ident, 8 of the start of its HMAC-SHA256 (RFC 2104).

    `ident` is 16 random bytes, `key` any length but empty; base 32 is RFC 4648, section 6, without padding.
    Raises ValueError when a length is wrong.
    """
    if len(ident) != IDENT_BYTES:
        raise ValueError(f"A code is made from {IDENT_BYTES} random bytes, not {len(ident)}.")
    if not key:
        raise ValueError("The key for codes is empty; derive one from SECRET_KEY.")
    check = hmac.digest(key, MARK.encode() + ident, hashlib.sha256)[:CHECK_BYTES]
    return MARK + _base32(ident) + _base32(check)


def read_code(key: bytes, text: str) -> str:
    """The canonical form of a scanned or pasted code; blanks and lower case are forgiven.

    Raises NotOurCode, whose text is one sentence for the person at the till.
    """
    code = _without_blanks(text)
    if not code.startswith(MARK):
        raise NotOurCode(f"“{_excerpt(text)}” is not the code of a card; scan the QR code on the customer's card.")
    if len(code) != CODE_LENGTH:
        raise NotOurCode(f"The code has {len(code)} characters instead of {CODE_LENGTH}; scan the whole QR code again.")
    ident = _ident(code)
    # Made anew rather than compared in parts: the last character of ident has four spellings, one is ours.
    if ident is None or not hmac.compare_digest(new_code(key, ident), code):
        raise NotOurCode("The code is damaged or was not issued here; scan it again or type the short code.")
    return code


def new_short_code(ident: bytes) -> str:
    """The code for typing, as it is shown: `K7QM-3FX`, from 4 random bytes, of which 30 bits are used.

    Six symbols and a check symbol over GF(32): every single wrong symbol and every swap of two is noticed.
    Not every draw is unique: the caller keeps it in a unique column and draws again. Raises ValueError.
    """
    if len(ident) != SHORT_BYTES:
        raise ValueError(f"A short code is made from {SHORT_BYTES} random bytes, not {len(ident)}.")
    number = int.from_bytes(ident, "big") >> 2
    values = [number >> shift & 31 for shift in range(25, -1, -5)]
    values.append(_syndrome([*values, 0]))
    return _shown("".join(SYMBOLS[value] for value in values))


def read_short_code(text: str) -> str:
    """The canonical `K7QM-3FX` of what was typed; case, blanks, dashes, O for 0, I and L for 1 are forgiven.

    Source: Douglas Crockford, "Base 32". Raises MistypedCode, whose text is one sentence.
    """
    typed = _without_blanks(text).translate(_DASHES).translate(_MISREAD)
    if len(typed) != SHORT_LENGTH:
        raise MistypedCode(f"“{_excerpt(text)}” has {len(typed)} characters; the short code on the card has 7.")
    strange = next((symbol for symbol in typed if symbol not in SYMBOLS), None)
    if strange is not None:
        raise MistypedCode(f"“{_excerpt(strange)}” occurs in no short code; compare “{_excerpt(text)}” with the card.")
    if _syndrome([SYMBOLS.index(symbol) for symbol in typed]):
        raise MistypedCode(f"“{_excerpt(text)}” has a slip in it; compare it with the card and type it again.")
    return _shown(typed)


def looks_short(text: str) -> bool:
    """Whether a text was meant as a short code: 1 to 8 ASCII letters or digits, blanks and dashes aside.

    A symbol too few or too many still counts, so that the answer speaks of a slip, not of a foreign code.
    """
    typed = _without_blanks(text).translate(_DASHES)
    return typed.isascii() and typed.isalnum() and len(typed) <= SHORT_LENGTH + 1


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=")


def _ident(code: str) -> bytes | None:
    part = code[len(MARK) : -8]
    try:
        return base64.b32decode(part + "=" * (-len(part) % 8))
    except (binascii.Error, ValueError):
        return None


def _without_blanks(text: str) -> str:
    # Only ASCII may change case: "ſ" and "ı" have upper-case forms inside the alphabet.
    return "".join(sign.upper() if sign.isascii() else sign for sign in text if not sign.isspace())


def _excerpt(text: str) -> str:
    plain = "".join(sign if sign.isprintable() else "?" for sign in text.strip())
    return plain if len(plain) <= 24 else plain[:23] + "…"


def _shown(symbols: str) -> str:
    return f"{symbols[:4]}-{symbols[4:]}"


def _syndrome(values: list[int]) -> int:
    """Horner's rule at x, a generator of GF(32) modulo x^5 + x^2 + 1: seven different weights, the last 1."""
    total = 0
    for value in values:
        total = _times_x(total) ^ value
    return total


def _times_x(value: int) -> int:
    doubled = value << 1
    return doubled ^ 0b100101 if doubled & 32 else doubled
