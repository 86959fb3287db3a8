"""Signatures in BER, as Apple's own tool and Java's write them."""

from time import process_time

import pytest

from signing.der import INTEGER, OCTETS, OID, SEQUENCE, SET, der
from signing.inspection_ber import Ber, BerBroken, in_der, inside, octets, read_ber
from signing.inspection_signature import read_signature
from tests.signing.inspecting import codes, pack, sealed
from tests.signing.throwaway import Authority

CONSTRUCTED, CONTEXT = 0x20, 0xA0


def _loose(value: Ber, certificates: Ber) -> bytes:
    """The value without lengths wherever it is made of others, its certificates as they are."""
    if not value.tag & CONSTRUCTED:
        return value.raw
    parts = inside(value)
    body = b"".join(part.raw if value.raw == certificates.raw else _loose(part, certificates) for part in parts)
    return bytes((value.tag, 0x80)) + body + b"\0\0"


def test_a_signature_without_lengths_is_read_like_any(authority: Authority) -> None:
    whole = sealed(authority)
    value = read_ber(whole["signature"])
    certificates = inside(inside(inside(value)[1])[0])[3]
    assert certificates.tag == CONTEXT
    loose = _loose(value, certificates)
    assert loose[:2] == bytes((SEQUENCE, 0x80))
    assert codes(pack({**whole, "signature": loose}), authority) == []
    assert in_der(read_ber(loose)) == whole["signature"]


def test_octets_in_several_pieces_are_one() -> None:
    assert octets(read_ber(bytes.fromhex("24800402aabb0401cc0000"))) == b"\xaa\xbb\xcc"


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 70_000])
def test_what_is_laid_down_is_read_back(size: int) -> None:
    laid = der(0x04, b"x" * size)
    assert read_ber(laid) == Ber(0x04, b"x" * size, laid)


@pytest.mark.parametrize(
    "hexadecimal", ["", "30", "3080", "300500", "0480aa0000", "1f8101", "308201", "3085ffffffffff", "020101ff"]
)
def test_what_is_no_ber_is_refused(hexadecimal: str) -> None:
    with pytest.raises(BerBroken):
        read_ber(bytes.fromhex(hexadecimal))


def test_what_nests_without_end_is_refused() -> None:
    with pytest.raises(BerBroken, match="too deeply"):
        read_ber(b"\x30\x80" * 10_000)
    nested = b"\x02\x01\x01"
    for _ in range(100):
        nested = der(SEQUENCE, nested)
    with pytest.raises(BerBroken, match="too deeply"):
        in_der(read_ber(nested))


def _claiming_a_name(name: bytes, certificates: bytes) -> bytes:
    sid = der(SEQUENCE, name, der(INTEGER, b"\1"))
    signer = der(SEQUENCE, b"\2\1\1", sid, der(SEQUENCE, der(OID, b"\x2a")), der(SEQUENCE), der(OCTETS))
    data, signed_data = (der(OID, bytes.fromhex(f"2a864886f70d01070{number}")) for number in (1, 2))
    content = (der(SET), der(SEQUENCE, data), der(CONTEXT, certificates), der(SET, signer))
    return der(SEQUENCE, signed_data, der(CONTEXT, der(SEQUENCE, b"\2\1\1", *content)))


def test_a_long_name_of_the_signer_is_written_out_once_whatever_certificates_there_are(authority: Authority) -> None:
    name, took = b"\2\1\1" * 8000, []
    for _ in range(20):
        name = bytes((SEQUENCE, 0x80)) + name + b"\0\0"
    for count in (1, 30):
        whole, began = _claiming_a_name(name, authority.intermediate.der * count), process_time()
        assert read_signature(whole, b"{}").faults[0].code == "signer-missing"
        took.append(process_time() - began)
    assert took[1] < 4 * took[0]
