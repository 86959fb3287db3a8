"""Certificates that are taken; those that are refused stand in test_certificates_refused.py."""

import itertools
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from signing.certificates import PassCertificate, facts_of, from_pem, read_pass_certificate
from tests.signing.throwaway import DAY, NOW, PASS_TYPE, TEAM_ID, Authority, Issued, rsa_key


def pkcs12_of(leaf: Issued, others: list[Issued], password: bytes | None) -> bytes:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    key = leaf.key
    assert isinstance(key, rsa.RSAPrivateKey)
    beside = [other.certificate for other in others]
    return pkcs12.serialize_key_and_certificates(b"Pass", key, leaf.certificate, beside, lock)


def read(files: list[bytes], password: bytes | None = None) -> PassCertificate:
    return read_pass_certificate(files, password=password, now=NOW)


def test_pem_files_are_taken_in_every_order(authority: Authority) -> None:
    leaf = authority.issue()
    for files in itertools.permutations([leaf.pem, leaf.key_file(), authority.intermediate.pem]):
        found = read(list(files))
        assert (found.certificate, found.intermediate) == (
            leaf.certificate,
            authority.intermediate.certificate,
        )


def test_a_certificate_says_its_pass_type_team_and_last_instant(certificate: PassCertificate) -> None:
    assert (certificate.pass_type, certificate.team_id) == (PASS_TYPE, TEAM_ID)
    assert certificate.not_after == NOW + 335 * DAY


def test_der_files_are_taken(authority: Authority) -> None:
    leaf = authority.issue()
    files = [leaf.der, leaf.key_file(encoding=Encoding.DER), authority.intermediate.der]
    assert read(files).certificate == leaf.certificate


def test_one_file_with_everything_and_the_remarks_of_openssl_is_taken(authority: Authority) -> None:
    leaf = authority.issue()
    remark = b"Bag Attributes\r\n    friendlyName: Pass\r\nsubject=/UID=pass\r\n"
    parts = [authority.root.pem, leaf.key_file(), leaf.pem, authority.intermediate.pem]
    assert read([b"".join(remark + part for part in parts)]).certificate == leaf.certificate


@pytest.mark.parametrize("password", [b"geheim", None])
def test_a_p12_and_the_intermediate_are_taken(authority: Authority, password: bytes | None) -> None:
    leaf = authority.issue()
    files = [pkcs12_of(leaf, [], password), authority.intermediate.der]
    assert read(files, password).certificate == leaf.certificate


def test_a_p12_that_holds_the_intermediate_is_enough(authority: Authority) -> None:
    leaf = authority.issue()
    alone = pkcs12_of(leaf, [authority.intermediate, authority.root], b"geheim")
    assert read([alone], b"geheim").intermediate == authority.intermediate.certificate


@pytest.mark.parametrize("password", ["geheim", ""])
def test_a_p12_of_keychain_access_with_its_old_ciphers_is_taken(
    authority: Authority, openssl: str, tmp_path: Path, password: str
) -> None:
    leaf = authority.issue()
    (tmp_path / "leaf.pem").write_bytes(leaf.pem + leaf.key_file())
    command = [openssl, "pkcs12", "-export", "-legacy", "-in", "leaf.pem", "-out", "leaf.p12", "-passout"]
    subprocess.run([*command, f"pass:{password}"], cwd=tmp_path, check=True, capture_output=True)
    files = [(tmp_path / "leaf.p12").read_bytes(), authority.intermediate.pem]
    assert read(files, password.encode()).certificate == leaf.certificate


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_key_locked_by_a_password_is_taken(authority: Authority, encoding: Encoding) -> None:
    leaf = authority.issue()
    files = [leaf.pem, leaf.key_file(b"geheim", encoding), authority.intermediate.pem]
    assert read(files, b"geheim").key.private_numbers() == rsa_key("leaf").private_numbers()


def test_a_key_in_the_older_pkcs1_form_is_taken(authority: Authority) -> None:
    leaf = authority.issue()
    key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert read([key, leaf.pem, authority.intermediate.pem]).certificate == leaf.certificate


def test_a_password_that_nothing_needs_does_no_harm(authority: Authority) -> None:
    leaf = authority.issue()
    assert read([leaf.pem, leaf.key_file(), authority.intermediate.pem], b"geheim").pass_type == PASS_TYPE


def test_what_lies_beside_does_no_harm(authority: Authority) -> None:
    leaf = authority.issue()
    request = x509.CertificateSigningRequestBuilder().subject_name(leaf.certificate.subject)
    beside = [
        request.sign(rsa_key("leaf"), SHA256()).public_bytes(Encoding.PEM),
        authority.root.der,
        authority.intermediate_again(generation="G3", key=rsa_key("another")).der,
        authority.issue(key=rsa_key("another")).pem,
    ]
    found = read([*beside, leaf.pem, leaf.key_file(), authority.intermediate.pem])
    assert found.certificate == leaf.certificate


def test_of_a_certificate_and_its_renewal_the_one_valid_now_is_taken(authority: Authority) -> None:
    old = authority.issue(since=NOW - 400 * DAY, until=NOW - 35 * DAY)
    current = authority.issue()
    coming = authority.issue(since=NOW + 5 * DAY, until=NOW + 370 * DAY)
    files = [coming.pem, current.pem, old.pem, current.key_file(), authority.intermediate.pem]
    assert read(files).certificate == current.certificate


def test_of_two_intermediates_of_one_name_the_one_that_signed_is_taken(authority: Authority) -> None:
    leaf = authority.issue(key_ids=False)
    forged = authority.intermediate_again(key=rsa_key("another"))
    files = [forged.pem, leaf.pem, leaf.key_file(), authority.intermediate.pem]
    assert read(files).intermediate == authority.intermediate.certificate


def test_of_an_expired_intermediate_and_its_successor_the_successor_is_taken(authority: Authority) -> None:
    leaf = authority.issue()
    expired = authority.intermediate_again(until=NOW - DAY)
    files = [expired.pem, leaf.pem, leaf.key_file(), authority.intermediate.pem]
    assert read(files).intermediate == authority.intermediate.certificate


def test_a_certificate_may_sign_in_the_first_and_in_the_last_second_of_its_life(authority: Authority) -> None:
    for since, until in ((NOW, NOW + DAY), (NOW - DAY, NOW)):
        leaf = authority.issue(since=since, until=until)
        assert read([leaf.pem, leaf.key_file(), authority.intermediate.pem]).certificate == leaf.certificate


def test_what_was_stored_is_loaded_again(certificate: PassCertificate) -> None:
    again = from_pem(certificate.certificate_pem(), certificate.key_pem(), certificate.intermediate_pem())
    assert again.certificate == certificate.certificate
    assert again.intermediate == certificate.intermediate
    assert again.key.private_numbers() == certificate.key.private_numbers()


def test_an_expired_certificate_that_was_stored_can_still_be_shown(authority: Authority) -> None:
    leaf = authority.issue(since=NOW - 400 * DAY, until=NOW - 35 * DAY)
    stored = from_pem(leaf.pem, leaf.key_file(), authority.intermediate.pem)
    assert stored.not_after == NOW - 35 * DAY


def test_a_certificate_does_not_print_its_key(certificate: PassCertificate) -> None:
    assert "key" not in repr(certificate).lower()


def test_it_ends_with_its_intermediate_if_that_ends_first(authority: Authority) -> None:
    leaf, short = authority.issue(), authority.intermediate_again(until=NOW + 9 * DAY)
    assert read([leaf.pem, leaf.key_file(), short.pem]).not_after == NOW + 9 * DAY


def test_one_key_in_two_files_is_one_key(authority: Authority) -> None:
    leaf = authority.issue()
    assert read([leaf.pem, leaf.key_file(), authority.intermediate.pem, leaf.key_file(encoding=Encoding.DER)])


def test_a_certificate_tells_people_what_it_is(authority: Authority, openssl: str) -> None:
    leaf = authority.issue()
    told = facts_of(leaf.pem)
    asked = [openssl, "x509", "-noout", "-serial", "-fingerprint", "-sha256"]
    seen = subprocess.run(asked, input=leaf.pem, check=True, capture_output=True).stdout.decode()
    assert f"serial={told.serial.zfill(len(told.serial) + len(told.serial) % 2)}\n" in seen
    assert f"Fingerprint={told.fingerprint}\n" in seen
    assert (told.not_before, told.not_after) == (NOW - 30 * DAY, NOW + 335 * DAY)
    assert PASS_TYPE in told.name
