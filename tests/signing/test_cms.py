"""The signature laid by hand, byte for byte against the library's own; `test_pkpass` asks openssl."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from signing.certificates import PassCertificate, read_pass_certificate
from signing.cms import Signer
from tests.signing.throwaway import NOW, Authority, rsa_key

SIGNING_TIME = bytes.fromhex("06092a864886f70d010905")
OPTIONS = [PKCS7Options.DetachedSignature, PKCS7Options.Binary, PKCS7Options.NoCapabilities]
MANIFEST = b'{"icon.png":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}'


def by_library(content: bytes, certificate: PassCertificate) -> tuple[bytes, datetime]:
    """A signature and the time that it bears: the library looks at its own clock."""
    builder = PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(certificate.certificate, certificate.key, SHA256())
    signature = builder.add_certificate(certificate.intermediate).sign(Encoding.DER, OPTIONS)
    found = re.search(re.escape(SIGNING_TIME) + rb"\x31\x0f\x17\x0d(\d{12})Z", signature)
    assert found is not None
    return signature, datetime.strptime(f"{found[1].decode()}+0000", "%y%m%d%H%M%S%z")


@pytest.mark.parametrize("content", [MANIFEST, b"", b"{\n}\r\n", bytes(range(256)) * 400], ids=len)
def test_a_signature_is_the_librarys_to_the_last_byte(certificate: PassCertificate, content: bytes) -> None:
    expected, signed_at = by_library(content, certificate)
    assert Signer(certificate).sign(content, signed_at) == expected


@pytest.mark.parametrize("bits", [3072, 4096])
def test_a_larger_key_signs_likewise(authority: Authority, bits: int) -> None:
    leaf = authority.issue(key=rsa_key(f"leaf of {bits}", bits))
    given = read_pass_certificate([leaf.pem, leaf.key_file(), authority.intermediate.pem], password=None, now=NOW)
    expected, signed_at = by_library(MANIFEST, given)
    assert Signer(given).sign(MANIFEST, signed_at) == expected


def test_the_certificates_stand_in_the_order_of_der_whichever_is_longer(
    certificate: PassCertificate, authority: Authority
) -> None:
    turned = replace(certificate, intermediate=authority.root.certificate)
    expected, signed_at = by_library(MANIFEST, turned)
    assert Signer(turned).sign(MANIFEST, signed_at) == expected


def test_one_signer_signs_one_content_after_another(certificate: PassCertificate) -> None:
    signer = Signer(certificate)
    digests = [attributes(signer.sign(content, NOW))["message_digest"] for content in (b"one", b"other")]
    assert digests == [hashlib.sha256(b"one").digest(), hashlib.sha256(b"other").digest()]


@pytest.mark.parametrize("year", [2049, 2050, 2099])
def test_a_year_is_told_from_the_one_a_century_before(certificate: PassCertificate, year: int) -> None:
    signed_at = datetime(year, 12, 31, 23, 59, 58, tzinfo=UTC)
    found = attributes(Signer(certificate).sign(MANIFEST, signed_at))
    assert found["signing_time"] == signed_at


def attributes(signature: bytes) -> dict[str, object]:
    """The signed attributes, read by a parser that takes DER only."""
    (info,) = cms.ContentInfo.load(signature, strict=True)["content"]["signer_infos"]
    return {one["type"].native: one["values"][0].native for one in info["signed_attrs"]}
