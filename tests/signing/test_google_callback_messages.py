import json
import string
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.google_callbacks import CallbackNotVerified, Step
from tests.signing.google_signing import (
    BODY,
    GOOD,
    HOUR,
    ISSUER,
    MESSAGE,
    MILLISECOND,
    NOW,
    ROOT,
    STRANGER,
    callback,
    changed,
    compact,
    intermediate,
    message,
    refusal,
    sign,
    signed_key,
    since_1970,
    verified,
)
from tests.signing.throwaway import ec_key

FOREIGN = "3388000000099999999"
_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"

# 6: the message's signature


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "1a9e3df0-ec10-4a17-8b39-89d2d7f48e3c"},
        {"eventType": "del"},
        {"expTimeMillis": since_1970(NOW + 1000 * HOUR)},
        {"objectId": f"{ISSUER}.another"},
        {"classId": f"{ISSUER}.another"},
        {"count": 2},
        {"more": 1},
        {"count": ...},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_message_with_another_value_than_was_signed_is_refused(change: dict[str, object]) -> None:
    assert refusal(changed(signedMessage=message(**change))) == "message_signature"


def test_a_message_that_was_parsed_and_written_again_is_refused() -> None:
    assert refusal(changed(signedMessage=json.dumps(MESSAGE))) == "message_signature"


def test_a_genuine_callback_for_another_issuer_is_refused() -> None:
    theirs = callback(message(classId=f"{FOREIGN}.coffee", objectId=f"{FOREIGN}.card"), recipient=FOREIGN)
    assert verified(theirs, issuer_id=FOREIGN)
    assert refusal(theirs) == "message_signature"


def test_a_callback_of_ours_is_refused_under_another_issuer() -> None:
    assert refusal(GOOD, issuer_id=FOREIGN) == "message_signature"


def test_a_message_for_another_issuer_that_names_our_ids_is_refused() -> None:
    assert refusal(callback(recipient=FOREIGN)) == "message_signature"


def test_a_message_that_the_root_key_signed_itself_is_refused() -> None:
    assert refusal(callback(key=ROOT)) == "message_signature"


def test_a_message_that_a_stranger_signed_is_refused() -> None:
    assert refusal(callback(key=STRANGER)) == "message_signature"


def test_the_signature_of_another_message_is_refused() -> None:
    other = callback(message(nonce="another"))
    assert refusal(changed(signature=other["signature"])) == "message_signature"


def test_a_genuine_intermediate_key_that_signed_another_message_is_refused() -> None:
    sister = ec_key("google's next intermediate")
    theirs = callback(key=sister, key_text=signed_key(sister))
    assert verified(theirs)
    assert refusal(changed(intermediateSigningKey=theirs["intermediateSigningKey"])) == "message_signature"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:0],
        lambda text: text[:-4],
        lambda text: text[:-1],
        lambda text: text + "=",
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text + "AAAA",
        lambda text: text.replace("M", "-", 1),
    ],
    ids=["empty", "short", "shorter", "padded", "line end", "blank", "longer", "url-safe"],
)
def test_a_signature_that_is_cut_off_or_spelt_otherwise_is_refused(spoil: Callable[[str], str]) -> None:
    by_root = GOOD["intermediateSigningKey"]["signatures"][0]
    assert refusal(changed(signature=spoil(GOOD["signature"]))) == "message_signature"
    assert refusal(intermediate(signatures=[spoil(by_root)])) == "key_signature"


def test_spare_bits_of_base64_are_no_second_spelling_of_a_signature() -> None:
    padded = next(one for one in (callback() for _ in range(200)) if one["signature"].endswith("="))
    text = padded["signature"].rstrip("=")
    twin = text[:-1] + _ALPHABET[_ALPHABET.index(text[-1]) + 1]
    spelt = twin + padded["signature"][len(text) :]
    assert b64decode(spelt) == b64decode(padded["signature"])
    assert refusal({**padded, "signature": spelt}) == "message_signature"


def _spans() -> list[int]:
    """Where in the body the signed texts and their signatures stand."""
    inner = GOOD["intermediateSigningKey"]
    texts = [GOOD["signedMessage"], GOOD["signature"], inner["signedKey"], inner["signatures"][0]]
    found: list[int] = []
    for text in texts:
        written = json.dumps(text)[1:-1].encode()
        found += range(BODY.index(written), BODY.index(written) + len(written))
    return found


@given(st.sampled_from(_spans()), st.integers(1, 255))
def test_any_byte_that_is_changed_in_what_is_signed_or_signs_is_refused(place: int, difference: int) -> None:
    refusal(BODY[:place] + bytes([BODY[place] ^ difference]) + BODY[place + 1 :])


@pytest.mark.parametrize("bit", [1, 2, 0x20, 0x80])
def test_no_byte_of_the_whole_body_may_have_a_bit_flipped(bit: int) -> None:
    for place in range(len(BODY)):
        refusal(BODY[:place] + bytes([BODY[place] ^ bit]) + BODY[place + 1 :])


# 7: what the message says


@pytest.mark.parametrize("late", [timedelta(0), MILLISECOND, 24 * HOUR])
def test_a_message_is_not_believed_from_its_expiration_on(late: timedelta) -> None:
    assert refusal(callback(message(expTimeMillis=since_1970(NOW - late)))) == "message_expired"
    assert verified(callback(message(expTimeMillis=since_1970(NOW + MILLISECOND))))


@pytest.mark.parametrize(
    ("now", "code"),
    [(NOW + HOUR, "message_expired"), (NOW + 23 * HOUR, "message_expired"), (NOW + 24 * HOUR, "no_root_key")],
)
def test_what_was_good_once_is_refused_later(now: datetime, code: str) -> None:
    assert verified(GOOD, now=NOW + HOUR - MILLISECOND)
    assert refusal(GOOD, now=now) == code


@pytest.mark.parametrize(
    "expiration",
    [..., None, True, "", str(since_1970(NOW + HOUR)), since_1970(NOW + HOUR) + 0.5, 9e12, -1, 10**15, 10**30, [], {}],
    ids=repr,
)
def test_a_message_must_say_when_it_expires(expiration: object) -> None:
    assert refusal(callback(message(expTimeMillis=expiration))) == "message"


@pytest.mark.parametrize("key", ["classId", "objectId", "nonce"])
@pytest.mark.parametrize(
    "value",
    [..., None, True, 7, [], "", "x" * 256, f"{ISSUER}.a b", f"{ISSUER}.\x00", f"{ISSUER}.ä", f"{ISSUER}.\n"],
    ids=repr,
)
def test_ids_and_nonce_must_be_short_visible_texts(key: str, value: object) -> None:
    assert refusal(callback(message(**{key: value}))) == "message"


@pytest.mark.parametrize(
    "value", [f"{FOREIGN}.coffee", ISSUER, f"{ISSUER}0.coffee", f"x{ISSUER}.coffee", ".coffee", "x"]
)
@pytest.mark.parametrize("key", ["classId", "objectId"])
def test_a_class_or_object_of_another_issuer_is_refused_though_it_is_signed(key: str, value: str) -> None:
    assert refusal(callback(message(**{key: value}))) == "foreign"


@pytest.mark.parametrize("event", ["SAVE", "delete", "update", "", " save"])
def test_an_event_that_is_neither_save_nor_deletion_is_refused(event: str) -> None:
    assert refusal(callback(message(eventType=event))) == "event_type"


@pytest.mark.parametrize("event", [..., None, True, 1, ["save"]], ids=repr)
def test_an_event_must_be_a_text(event: object) -> None:
    assert refusal(callback(message(eventType=event))) == "message"


@pytest.mark.parametrize("count", [None, True, False, "1", 1.0, []], ids=repr)
def test_a_count_that_is_there_must_be_a_whole_number(count: object) -> None:
    assert refusal(callback(message(count=count))) == "message"


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "text", "{", "[" * 8000, message()[:-1] + ',"x":Infinity}'], ids=len
)
def test_a_signed_message_that_is_no_object_is_refused(text: str) -> None:
    assert refusal(callback(text)) == "message"


@pytest.mark.parametrize("key", list(MESSAGE))
def test_a_signed_message_with_a_key_twice_is_refused(key: str) -> None:
    assert refusal(callback("{" + compact({key: MESSAGE[key]})[1:-1] + "," + message()[1:])) == "message"


# What is said of it


def test_a_refusal_is_one_sentence_that_quotes_nothing_of_the_body() -> None:
    bodies: list[Any] = [b"secret", changed(secret="secret"), changed(signature="secret"), callback("secret")]
    bodies += [
        callback(message(nonce="se cret")),
        callback(message(eventType="secret")),
        intermediate(signedKey="secret"),
    ]
    for body in bodies:
        with pytest.raises(CallbackNotVerified) as refused:
            verified(body)
        assert str(refused.value).endswith(".")
        assert "cret" not in str(refused.value)


def test_every_code_has_a_sentence_of_its_own() -> None:
    said = {str(CallbackNotVerified(code)) for code in get_args(Step)}
    assert len(said) == len(get_args(Step)) == 11


def test_a_deeper_cause_is_not_shown_beside_the_refusal() -> None:
    with pytest.raises(CallbackNotVerified) as refused:
        verified(changed(signature=sign(STRANGER, "x")))
    assert refused.value.__cause__ is None
