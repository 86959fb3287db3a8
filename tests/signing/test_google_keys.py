from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from signing.google_keys import RootKey, RootKeysRefused, read_root_keys
from tests.signing.google_signing import HOUR, NOW, ROOT, STRANGER, compact, key_value, served
from tests.signing.throwaway import ec_key, rsa_key

DOCUMENT = compact({"keys": [served()]}).encode()


def document(*entries: object, **more: object) -> bytes:
    return compact({"keys": entries, **more}).encode()


def refusal(data: bytes) -> str:
    with pytest.raises(RootKeysRefused) as refused:
        read_root_keys(data)
    return str(refused.value)


def test_root_keys_are_read_as_google_serves_them() -> None:
    assert read_root_keys(DOCUMENT) == (RootKey(ROOT.public_key(), NOW + 24 * HOUR),)


def test_expirations_are_milliseconds_since_1970() -> None:
    (key,) = read_root_keys(document(served(keyExpiration="2154841200001")))
    assert key.expiration == datetime(2038, 4, 14, 7, 0, 0, 1000, tzinfo=UTC)


def test_several_root_keys_keep_their_order_and_expired_ones_stay() -> None:
    keys = read_root_keys(document(served(STRANGER), served(until=NOW - HOUR)))
    assert [key.expiration for key in keys] == [NOW + 24 * HOUR, NOW - HOUR]


def test_keys_that_google_may_add_are_overlooked() -> None:
    assert read_root_keys(document(served(later="more"), later="more"))


@pytest.mark.parametrize(
    "foreign",
    [
        served(protocolVersion="ECv1", keyExpiration=...),
        served(protocolVersion="ECv2"),
        served(protocolVersion="ECv3", keyValue={"of": "another kind"}, keyExpiration="never"),
        served(protocolVersion="ECv3", keyValue="no key"),
        served(keyExpiration=...),
    ],
    ids=["ECv1", "ECv2", "a later one", "no key at all", "no expiration"],
)
def test_keys_of_other_protocols_and_without_expiration_are_left_out(foreign: dict[str, object]) -> None:
    assert len(read_root_keys(document(foreign, served()))) == 1
    assert "hold none for ECv2SigningOnly" in refusal(document(foreign))


def test_a_document_without_any_key_is_refused() -> None:
    assert "hold none" in refusal(document())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"<html>not found</html>",
        DOCUMENT[:-1],
        b"\xff" + DOCUMENT,
        b"[" * 60_000,
        b'{"keys":null}',
        b'{"keys":{}}',
        b'{"keys":"all"}',
        b'{"keys":[],' + DOCUMENT[1:],
        document(None),
        document([]),
        document("key"),
        document({}),
        document(served(), served(protocolVersion=...)),
        document(served(protocolVersion=2)),
    ],
    ids=range(18),
)
def test_what_is_no_document_of_keys_is_refused(data: bytes) -> None:
    assert "cannot be read" in refusal(data)


@pytest.mark.parametrize(
    "value", [None, True, 2154841200001, "", "soon", "-1", "1.5", "٣", "9" * 15, "9" * 16], ids=ascii
)
def test_an_expiration_that_is_none_is_refused_and_not_left_out(value: object) -> None:
    assert "cannot be read" in refusal(document(served(), served(keyExpiration=value)))


@pytest.mark.parametrize(
    "value",
    [..., None, 7, "", "AAAA", "***", key_value(ec_key("x"))[:-4], " " + key_value(ec_key("x")), "A" * 257],
    ids=["missing", "null", "7", "empty", "no key", "no base64", "cut off", "blank", "long"],
)
def test_a_key_that_is_none_is_refused(value: object) -> None:
    assert "cannot be read" in refusal(document(served(), served(keyValue=value)))


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), rsa_key("small", 1024)], ids=["P-384", "RSA"])
def test_a_key_that_is_not_on_p_256_is_refused(key: Any) -> None:
    assert "no key on P-256" in refusal(document(served(key)))


def test_a_long_value_is_not_even_decoded() -> None:
    assert "no short base64" in refusal(document(served(rsa_key("leaf"))))


def test_too_many_keys_and_too_many_bytes_are_refused() -> None:
    assert len(read_root_keys(document(*[served()] * 16))) == 16
    assert "at most 16" in refusal(document(*[served()] * 17))
    assert read_root_keys(DOCUMENT + b" " * (65_536 - len(DOCUMENT)))
    assert "65537 bytes" in refusal(DOCUMENT + b" " * (65_537 - len(DOCUMENT)))


@given(st.binary(max_size=200))
def test_no_bytes_at_all_break_the_reader(data: bytes) -> None:
    refusal(data)
