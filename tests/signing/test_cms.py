"""The signature laid by hand, byte for byte against the library's own; `test_pkpass` asks openssl."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from signing.certificates import PassCertificate, read_pass_certificate
from signing.cms import CertificateOutOfDate, Signer
from tests.signing.throwaway import DAY, NOW, PASS_TYPE, Authority, rsa_key

SIGNING_TIME = bytes.fromhex("06092a864886f70d010905")
OPTIONS = [PKCS7Options.DetachedSignature, PKCS7Options.Binary, PKCS7Options.NoCapabilities]
SECOND, YEAR, CENTURY = timedelta(seconds=1), 365 * DAY, 36500 * DAY
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
def test_a_year_is_told_from_the_one_a_century_before(authority: Authority, year: int) -> None:
    signed_at = datetime(year, 12, 31, 23, 59, 58, tzinfo=UTC)
    found = attributes(Signer(dated(authority, NOW, CENTURY, NOW + CENTURY)).sign(MANIFEST, signed_at))
    assert found["signing_time"] == signed_at


@pytest.mark.parametrize(
    ("since", "until", "intermediate_until"),
    [
        (NOW - 2 * YEAR, -SECOND, NOW + YEAR),
        (NOW + SECOND, YEAR, NOW + 2 * YEAR),
        (NOW - YEAR, YEAR, NOW - SECOND),
    ],
    ids=["ended", "not begun", "intermediate ended"],
)
def test_nothing_is_signed_outside_the_dates_of_certificate_and_intermediate(
    authority: Authority, since: datetime, until: timedelta, intermediate_until: datetime
) -> None:
    signer = Signer(dated(authority, since, until, intermediate_until))
    with pytest.raises(CertificateOutOfDate) as refused:
        signer.sign(MANIFEST, NOW)
    last = min(NOW + until, intermediate_until)
    for part in (PASS_TYPE, f"{last:%Y-%m-%d %H:%M}", f"{NOW:%Y-%m-%d %H:%M}", "treuepass certificate import", "clock"):
        assert part in str(refused.value)


def test_the_first_and_the_last_second_sign(authority: Authority) -> None:
    signer = Signer(dated(authority, NOW, YEAR, NOW + 2 * YEAR))
    for moment in (NOW, NOW + YEAR):
        assert attributes(signer.sign(MANIFEST, moment))["signing_time"] == moment
    for moment in (NOW - SECOND, NOW + YEAR + SECOND):
        with pytest.raises(CertificateOutOfDate):
            signer.sign(MANIFEST, moment)


def test_a_clock_in_another_zone_is_the_same_clock(authority: Authority) -> None:
    signer, zone = Signer(dated(authority, NOW, YEAR, NOW + YEAR)), timezone(timedelta(hours=-11))
    assert signer.sign(MANIFEST, (NOW + YEAR).astimezone(zone))
    with pytest.raises(CertificateOutOfDate):
        signer.sign(MANIFEST, (NOW + YEAR + SECOND).astimezone(zone))


def dated(authority: Authority, since: datetime, until: timedelta, intermediate_until: datetime) -> PassCertificate:
    """``until``: counted from now."""
    leaf = authority.issue(since=since, until=NOW + until)
    intermediate = authority.intermediate_again(until=intermediate_until)
    return PassCertificate(leaf.certificate, rsa_key("leaf"), intermediate.certificate)


def attributes(signature: bytes) -> dict[str, object]:
    """The signed attributes, read by a parser that takes DER only."""
    (info,) = cms.ContentInfo.load(signature, strict=True)["content"]["signer_infos"]
    return {one["type"].native: one["values"][0].native for one in info["signed_attrs"]}
