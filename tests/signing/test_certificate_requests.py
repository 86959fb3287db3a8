"""Requests for Apple's portal, with openssl as second opinion; and Apple's intermediate that comes along."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from signing.apple_intermediates import apple_intermediates
from signing.certificate_requests import SigningRequest, new_request, requested_key
from signing.certificates import public_key_of, read_pass_certificate
from tests.signing.throwaway import NOW, Authority


@pytest.fixture(scope="module")
def made() -> SigningRequest:
    return new_request("treuepass")


def test_openssl_finds_a_signed_request_with_2048_bits_of_rsa(
    made: SigningRequest, openssl: str, tmp_path: Path
) -> None:
    (tmp_path / "pass.csr").write_bytes(made.request)
    asked = [openssl, "req", "-in", "pass.csr", "-noout", "-verify", "-text"]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "verify OK" in done.stderr + done.stdout
    for part in ("Public-Key: (2048 bit)", "rsaEncryption", "sha256WithRSAEncryption", "CN = treuepass"):
        assert part in done.stdout


def test_the_private_key_is_no_part_of_the_request(made: SigningRequest) -> None:
    assert b"PRIVATE KEY" in made.key
    assert b"PRIVATE" not in made.request
    assert made.request.count(b"-----BEGIN") == 1
    assert "PRIVATE" not in repr(made)


def test_two_requests_have_two_keys(made: SigningRequest) -> None:
    assert requested_key(new_request("treuepass").request) != requested_key(made.request)


def test_the_certificate_that_comes_back_is_known_by_its_key(made: SigningRequest, authority: Authority) -> None:
    answer = authority.answer(made.request)
    assert public_key_of(x509.load_der_x509_certificate(answer)) == requested_key(made.request)
    taken = read_pass_certificate([answer, made.key, authority.intermediate.pem], password=None, now=NOW)
    assert taken.key.key_size == 2048


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_a_name_that_no_certificate_can_bear_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="length"):
        new_request(name)


@pytest.mark.parametrize("garbage", [b"", b"hello", b"-----BEGIN CERTIFICATE REQUEST-----\n"])
def test_what_is_no_request_is_refused(garbage: bytes) -> None:
    with pytest.raises(ValueError, match=r"PEM|MalformedFraming"):
        requested_key(garbage)


def test_the_intermediate_that_comes_along_is_apples_fourth() -> None:
    (found,) = apple_intermediates()
    digest = found.fingerprint(SHA256()).hex(":").upper()
    assert digest.startswith("EA:47:57:88:55:38:DD:8C:B5:9F:F4:55:6F:67:60:87"), "as Apple's page lists it"
    assert found.not_valid_before_utc.date().isoformat() == "2020-12-16"
    assert found.not_valid_after_utc.date().isoformat() == "2030-12-10"
    assert "OU=G4" in found.subject.rfc4514_string()
