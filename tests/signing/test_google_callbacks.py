import json
from base64 import b64decode, b64encode
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from signing.google_callbacks import Callback, Event
from tests.signing.google_signing import (
    BODY,
    GOOD,
    HOUR,
    INTERMEDIATE,
    ISSUER,
    MILLISECOND,
    NOW,
    PROTOCOL,
    STRANGER,
    callback,
    changed,
    compact,
    intermediate,
    key_text,
    key_value,
    message,
    refusal,
    root_keys,
    served,
    sign,
    signed_key,
    since_1970,
    verified,
)
from tests.signing.throwaway import ec_key, rsa_key

ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def test_what_google_signed_for_us_is_believed_in_all_it_says() -> None:
    assert verified(BODY) == Callback(
        class_id=f"{ISSUER}.coffee",
        object_id=f"{ISSUER}.6b4cbd15-0de7-4fe8-95f6-995a51b4595e",
        event=Event.SAVE,
        expires=NOW + HOUR,
        count=1,
        nonce="1a9e3df0-ec10-4a17-8b39-89d2d7f48e3b",
    )


def test_a_deletion_is_told_apart_from_a_save() -> None:
    assert verified(callback(message(eventType="del"))).event is Event.DELETE


def test_the_signed_bytes_are_those_written_down() -> None:
    """Lengths as the pages give them, put down by hand."""
    text = message()
    before = b"\x0f\0\0\0GooglePayPasses\x13\0\0\x003388000000012345678\x0f\0\0\0ECv2SigningOnly"
    signed = before + len(text).to_bytes(2, "little") + b"\0\0" + text.encode()
    assert verified(changed(signature=b64encode(INTERMEDIATE.sign(signed, ec.ECDSA(SHA256()))).decode()))


def test_lengths_count_bytes_and_not_characters() -> None:
    text = message(shop="Café Glück ☕")
    assert verified(callback(text)).nonce
    assert refusal(callback(text, length=lambda part: len(part).to_bytes(4, "little"))) == "message_signature"


def test_lengths_are_little_endian() -> None:
    assert refusal(callback(length=lambda part: len(part.encode()).to_bytes(4, "big"))) == "key_signature"


def test_the_order_of_the_envelope_does_not_matter() -> None:
    assert verified(dict(reversed(GOOD.items())))


def test_keys_that_google_may_add_to_message_and_key_are_overlooked() -> None:
    assert verified(callback(message(later="more"), key_text=key_text(later="more")))


def test_a_message_may_say_no_count() -> None:
    assert verified(callback(message(count=...))).count is None


def test_one_good_signature_of_several_is_enough() -> None:
    good = GOOD["intermediateSigningKey"]["signatures"][0]
    assert verified(intermediate(signatures=[sign(STRANGER, "x"), "not base64", GOOD["signature"], good]))


def test_one_good_root_of_several_is_enough() -> None:
    others = [served(STRANGER), served(ec_key("older root"), until=NOW - HOUR), served(protocolVersion="ECv1")]
    assert verified(GOOD, roots=root_keys(*others, served()))


def test_the_twin_of_a_signature_is_the_same_event_so_only_the_nonce_tells_repeats() -> None:
    r, s = decode_dss_signature(b64decode(GOOD["signature"]))
    twin = b64encode(encode_dss_signature(r, ORDER_OF_P256 - s)).decode()
    assert twin != GOOD["signature"]
    assert verified(changed(signature=twin)) == verified(GOOD)


# 1: the body


@pytest.mark.parametrize("key", ["protocolVersion", "signature", "intermediateSigningKey", "signedMessage"])
def test_a_body_without_one_of_its_four_keys_is_refused(key: str) -> None:
    assert refusal(changed(**{key: ...})) == "envelope"


def test_a_fifth_key_is_refused() -> None:
    assert refusal(changed(extra="")) == "envelope"


@pytest.mark.parametrize("key", ["signedKey", "signatures"])
def test_an_intermediate_key_without_one_of_its_two_keys_is_refused(key: str) -> None:
    assert refusal(intermediate(**{key: ...})) == "envelope"


def test_an_intermediate_key_with_a_third_key_is_refused() -> None:
    assert refusal(intermediate(extra="")) == "envelope"


@pytest.mark.parametrize("version", ["ECv1", "ECv2", "ecv2signingonly", "ECv2SigningOnly ", "", None, 2, [PROTOCOL]])
def test_another_protocol_is_refused(version: object) -> None:
    assert refusal(changed(protocolVersion=version)) == "protocol"


@pytest.mark.parametrize("value", [None, True, 7, 1.5, [], {}], ids=repr)
@pytest.mark.parametrize("key", ["signature", "intermediateSigningKey", "signedMessage"])
def test_a_value_of_another_type_is_refused(key: str, value: object) -> None:
    assert refusal(changed(**{key: value})) == "envelope"


@pytest.mark.parametrize("value", [None, True, 7, {}, "text", [None], [["x"]], ["x", 1]], ids=repr)
def test_signatures_that_are_no_list_of_texts_are_refused(value: object) -> None:
    assert refusal(intermediate(signatures=value)) == "envelope"


@pytest.mark.parametrize("value", [None, True, 7, [], {"keyValue": ""}], ids=repr)
def test_a_signed_key_that_is_no_text_is_refused(value: object) -> None:
    assert refusal(intermediate(signedKey=value)) == "envelope"


@pytest.mark.parametrize("key", ["signature", "protocolVersion", "signedMessage"])
def test_a_key_that_stands_twice_is_refused_whichever_is_good(key: str) -> None:
    again = compact({key: GOOD[key]}).encode()[1:-1]
    assert refusal(b"{" + again + b"," + BODY[1:]) == "envelope"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b"not json",
        BODY[:-1],
        BODY + b"x",
        b"\xef\xbb\xbf" + BODY,
        BODY.decode().encode("utf-16"),
        BODY.replace(b"coffee", b"coff\xe9e"),
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"a":' + b"9" * 60_000 + b"}",
        BODY[:-1] + b',"n":NaN}',
    ],
    ids=range(15),
)
def test_what_is_no_callback_at_all_is_refused(body: bytes) -> None:
    assert refusal(body) == "envelope"


def test_a_body_over_64_kib_is_not_even_read() -> None:
    assert verified(BODY + b" " * (65_536 - len(BODY)))
    assert refusal(BODY + b" " * (65_537 - len(BODY))) == "envelope"


def test_more_than_eight_signatures_are_not_tried() -> None:
    good = GOOD["intermediateSigningKey"]["signatures"]
    assert verified(intermediate(signatures=good * 8))
    assert refusal(intermediate(signatures=good * 9)) == "envelope"


@pytest.mark.parametrize(
    "body",
    [
        changed(signature="A" * 129),
        intermediate(signatures=["A" * 129]),
        callback(message(more="x" * 8192)),
        callback(key_text=key_text(more="x" * 2048)),
    ],
    ids=["signature", "signatures", "signedMessage", "signedKey"],
)
def test_parts_of_a_length_that_google_never_sends_are_refused(body: dict[str, Any]) -> None:
    assert refusal(body) == "envelope"


def test_half_a_character_is_refused_and_breaks_nothing() -> None:
    assert refusal(changed(signedMessage="\ud800")) == "envelope"
    assert refusal(intermediate(signedKey="\udc00")) == "envelope"
    assert refusal(changed(signature="\ud800")) == "message_signature"
    assert refusal(intermediate(signatures=["\ud800"])) == "key_signature"


# 2 to 4: root keys, and what they signed


@pytest.mark.parametrize("late", [timedelta(0), MILLISECOND, 24 * HOUR])
def test_a_root_key_is_not_believed_from_its_expiration_on(late: timedelta) -> None:
    assert refusal(GOOD, roots=root_keys(served(until=NOW - late))) == "no_root_key"
    assert verified(GOOD, roots=root_keys(served(until=NOW + MILLISECOND)))


def test_without_a_root_key_nothing_is_believed() -> None:
    assert refusal(GOOD, roots=()) == "no_root_key"


def test_a_chain_that_somebody_made_for_themselves_is_refused() -> None:
    assert refusal(callback(root=STRANGER)) == "key_signature"


def test_a_root_key_that_signed_nothing_here_is_no_help() -> None:
    assert refusal(GOOD, roots=root_keys(served(STRANGER))) == "key_signature"


def test_an_expired_root_key_is_no_help_beside_a_valid_one_that_did_not_sign() -> None:
    assert refusal(GOOD, roots=root_keys(served(STRANGER), served(until=NOW))) == "key_signature"


def test_an_intermediate_key_that_nobody_signed_is_refused() -> None:
    assert refusal(intermediate(signatures=[])) == "key_signature"


def test_an_intermediate_key_may_not_sign_itself_nor_its_sisters() -> None:
    other = ec_key("google's other intermediate")
    assert refusal(callback(root=INTERMEDIATE)) == "key_signature"
    assert refusal(callback(key=other, root=INTERMEDIATE, key_text=signed_key(other))) == "key_signature"


def test_a_signed_key_that_was_written_again_is_refused() -> None:
    unescaped = GOOD["intermediateSigningKey"]["signedKey"].replace("\\u003d", "=")
    assert json.loads(unescaped) == json.loads(GOOD["intermediateSigningKey"]["signedKey"])
    assert refusal(intermediate(signedKey=unescaped)) == "key_signature"


def test_a_signed_key_whose_life_was_lengthened_is_refused() -> None:
    assert refusal(intermediate(signedKey=signed_key(until=NOW + 48 * HOUR))) == "key_signature"


@pytest.mark.parametrize("sender", ["GoogleWalletPasses", "Google", "", "googlepaypasses"])
def test_another_sender_in_the_signed_bytes_is_refused(sender: str) -> None:
    assert refusal(callback(sender=sender)) == "key_signature"
    assert refusal(changed(signature=callback(sender=sender)["signature"])) == "message_signature"


@pytest.mark.parametrize("protocol", ["ECv2", "ECv1", ""])
def test_another_protocol_in_the_signed_bytes_is_refused(protocol: str) -> None:
    assert refusal(callback(protocol=protocol)) == "key_signature"
    assert refusal(changed(signature=callback(protocol=protocol)["signature"])) == "message_signature"


# 5: the intermediate key


@pytest.mark.parametrize("late", [timedelta(0), MILLISECOND, 24 * HOUR])
def test_an_intermediate_key_is_not_believed_from_its_expiration_on(late: timedelta) -> None:
    assert refusal(callback(key_text=signed_key(until=NOW - late))) == "key_expired"
    assert verified(callback(key_text=signed_key(until=NOW + MILLISECOND)))


@pytest.mark.parametrize(
    "expiration",
    [..., None, "", "soon", "-1", "1e15", " 1", "²", "9" * 15, "9" * 16, True, since_1970(NOW + HOUR)],
    ids=repr,
)
def test_an_intermediate_key_must_say_when_it_expires(expiration: object) -> None:
    assert refusal(callback(key_text=key_text(keyExpiration=expiration))) == "key"


@pytest.mark.parametrize(
    "value",
    [..., None, 7, "", "no base64!", "AAAA", key_value(ec_key("x"))[:-8], key_value(ec_key("x")) + "\n", "A" * 300],
    ids=["missing", "null", "7", "empty", "no base64", "no key", "cut off", "line end", "long"],
)
def test_an_intermediate_key_must_hold_a_key(value: object) -> None:
    assert refusal(callback(key_text=key_text(keyValue=value))) == "key"


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP256K1(), ec.SECP224R1()], ids=lambda curve: str(curve.name))
def test_a_key_on_another_curve_is_refused(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    assert refusal(callback(key_text=key_text(keyValue=key_value(key)))) == "key"


def test_a_key_of_another_kind_is_refused() -> None:
    keys: list[rsa.RSAPrivateKey] = [rsa_key("small", 1024), rsa_key("leaf")]
    for key in keys:
        assert refusal(callback(key_text=key_text(keyValue=key_value(key)))) == "key"


@pytest.mark.parametrize("text", ["", "null", "[]", "x", "{", '{"keyValue":"","keyValue":""}'])
def test_a_signed_key_that_is_no_object_is_refused(text: str) -> None:
    assert refusal(callback(key_text=text)) == "key"


def test_a_signed_key_with_a_key_twice_is_refused() -> None:
    assert refusal(callback(key_text='{"keyExpiration":"9999999999999",' + signed_key()[1:])) == "key"
