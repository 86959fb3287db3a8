"""Certificates that are refused: each by one sentence that names what is wrong and what to do."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.apple_intermediates import apple_intermediates
from signing.certificates import CertificateRefused, from_pem, read_pass_certificate
from signing.keyfiles import PasswordMissing
from tests.signing.throwaway import (
    DAY,
    NOW,
    PASS_TYPE,
    Authority,
    Issued,
    authority_name,
    certify,
    ec_key,
    rsa_key,
    subject,
)


def refusal(files: list[bytes], password: bytes | None = None) -> str:
    with pytest.raises(CertificateRefused) as refused:
        read_pass_certificate(files, password=password, now=NOW)
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert ";" in sentence, "a refusal says what to do"
    assert "\n" not in sentence
    return sentence


def with_intermediate(authority: Authority, leaf: Issued) -> list[bytes]:
    return [leaf.pem, leaf.key_file(), authority.intermediate.pem]


def test_no_file_at_all_is_refused() -> None:
    assert "no Pass Type ID certificate in the files" in refusal([])


def test_authorities_alone_are_refused(authority: Authority) -> None:
    sentence = refusal([authority.intermediate.pem, authority.root.pem, authority.intermediate.key_file()])
    assert "no Pass Type ID certificate in the files" in sentence


def test_a_certificate_without_its_key_is_refused(authority: Authority) -> None:
    sentence = refusal([authority.issue().pem, authority.intermediate.pem])
    assert f"The private key of “Pass Type ID: {PASS_TYPE}” is missing" in sentence


def test_the_key_of_another_certificate_is_refused(authority: Authority) -> None:
    key = rsa_key("another")
    other = Issued(authority.issue().certificate, key)
    assert "does not belong to the certificate" in refusal(with_intermediate(authority, other))


def test_an_ec_key_beside_an_rsa_certificate_is_refused(authority: Authority) -> None:
    other = Issued(authority.issue().certificate, ec_key("leaf"))
    assert "does not belong to the certificate" in refusal(with_intermediate(authority, other))


def test_an_ec_certificate_is_refused(authority: Authority) -> None:
    leaf = authority.issue(key=ec_key("leaf"))
    assert "not an RSA key" in refusal(with_intermediate(authority, leaf))


def test_a_short_rsa_key_is_refused(authority: Authority) -> None:
    leaf = authority.issue(key=rsa_key("short", 1024))
    assert "has 1024 bits" in refusal(with_intermediate(authority, leaf))


def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    until = NOW - DAY
    leaf = authority.issue(since=NOW - 400 * DAY, until=until)
    assert f"expired on {until.date()}" in refusal(with_intermediate(authority, leaf))


def test_a_certificate_that_is_not_yet_valid_is_refused(authority: Authority) -> None:
    since = NOW + 2 * DAY
    leaf = authority.issue(since=since)
    assert f"is valid from {since.date()} only" in refusal(with_intermediate(authority, leaf))


@pytest.mark.parametrize("uid", [None, "org.example.app", "A1B2C3D4E5", "pass.", "PASS.org.example", " pass.x"])
def test_a_certificate_for_something_else_than_passes_is_refused(authority: Authority, uid: str | None) -> None:
    assert "is not a Pass Type ID certificate" in refusal(with_intermediate(authority, authority.issue(uid=uid)))


def test_a_certificate_without_a_team_is_refused(authority: Authority) -> None:
    assert "names no team" in refusal(with_intermediate(authority, authority.issue(team=None)))


def test_certificates_of_two_pass_types_at_once_are_refused(authority: Authority) -> None:
    one, other = authority.issue(), authority.issue(uid="pass.org.example.other", key=rsa_key("another"))
    sentence = refusal([*with_intermediate(authority, one), other.pem, other.key_file()])
    assert PASS_TYPE in sentence
    assert "pass.org.example.other" in sentence


def test_several_private_keys_are_refused_even_if_one_fits(authority: Authority) -> None:
    leaf = authority.issue()
    both = leaf.key_file() + Issued(leaf.certificate, rsa_key("another")).key_file()
    assert "There are 2 different private keys beside" in refusal([leaf.pem, both, authority.intermediate.pem])


def test_several_private_keys_of_which_none_fits_are_counted(authority: Authority) -> None:
    leaf = authority.issue()
    both = b"".join(Issued(leaf.certificate, rsa_key(name)).key_file() for name in ("another", "third"))
    sentence = refusal([leaf.pem, both, authority.intermediate.pem])
    assert "The 2 private keys do not belong to the certificate" in sentence


def test_a_password_that_is_missing_is_told_from_one_that_is_wrong(authority: Authority) -> None:
    leaf = authority.issue()
    lock = BestAvailableEncryption(b"geheim")
    p12 = pkcs12.serialize_key_and_certificates(b"Pass", rsa_key("leaf"), leaf.certificate, None, lock)
    for locked in ([p12], [leaf.pem, leaf.key_file(b"geheim")]):
        with pytest.raises(PasswordMissing):
            read_pass_certificate(locked, password=None, now=NOW)
        with pytest.raises(CertificateRefused) as refused:
            read_pass_certificate(locked, password=b"falsch", now=NOW)
        assert not isinstance(refused.value, PasswordMissing)


def apple_twin(key: str) -> Issued:
    """An authority that calls itself what Apple's does."""
    (real,) = apple_intermediates()
    return certify(real.subject, rsa_key(key), None, authority=True)


def test_a_certificate_that_only_names_apples_intermediate_is_refused() -> None:
    leaf = certify(subject(), rsa_key("leaf"), apple_twin("another"), key_ids=False)
    sentence = refusal([leaf.pem, leaf.key_file()])
    assert (
        "“Apple Worldwide Developer Relations Certification Authority, G4” bears the right name but did not" in sentence
    )


def test_beside_apples_intermediate_the_one_that_signed_is_taken() -> None:
    twin = apple_twin("another")
    leaf = certify(subject(), rsa_key("leaf"), twin)
    taken = read_pass_certificate([leaf.pem, leaf.key_file(), twin.pem], password=None, now=NOW)
    assert taken.intermediate == twin.certificate


def test_a_missing_intermediate_is_named(authority: Authority) -> None:
    leaf = authority.issue()
    sentence = refusal([leaf.pem, leaf.key_file()])
    assert "“Throw-away Developer Relations Certification Authority, G4” that issued" in sentence
    assert "is missing; download it" in sentence


def test_an_intermediate_of_another_generation_is_named_beside_the_right_one(authority: Authority) -> None:
    leaf, third = authority.issue(), authority.intermediate_again(generation="G3", key=rsa_key("another"))
    sentence = refusal([leaf.pem, leaf.key_file(), third.der])
    assert "Authority, G4” that issued" in sentence
    assert "(given: “Throw-away Developer Relations Certification Authority, G3”)" in sentence


@pytest.mark.parametrize("key_ids", [True, False])
def test_an_intermediate_of_the_same_name_and_another_key_is_refused(authority: Authority, key_ids: bool) -> None:
    leaf = authority.issue(key_ids=key_ids)
    forged = authority.intermediate_again(key=rsa_key("another"))
    assert "did not sign" in refusal([leaf.pem, leaf.key_file(), forged.pem])


def test_an_intermediate_that_only_claims_the_right_key_id_is_refused(authority: Authority) -> None:
    leaf = authority.issue(key=rsa_key("leaf"))
    forged = certify(authority_name("G4"), rsa_key("another"), authority.root, authority=True, key_ids=False)
    assert "did not sign" in refusal([leaf.pem, leaf.key_file(), forged.pem])


def test_an_intermediate_that_is_no_authority_is_refused(authority: Authority) -> None:
    leaf = authority.issue()
    plain = certify(authority_name("G4"), authority.intermediate.key, authority.root)
    assert "did not sign" in refusal([leaf.pem, leaf.key_file(), plain.pem])


def test_an_expired_intermediate_is_refused(authority: Authority) -> None:
    leaf, expired = authority.issue(), authority.intermediate_again(until=NOW - 3 * DAY)
    sentence = refusal([leaf.pem, leaf.key_file(), expired.pem])
    assert f"G4” expired on {(NOW - 3 * DAY).date()}" in sentence


def test_a_certificate_signed_by_itself_is_refused() -> None:
    leaf = certify(subject(), rsa_key("leaf"), None)
    assert "is missing" in refusal([leaf.pem, leaf.key_file()])


def test_a_p12_with_a_wrong_password_or_none_is_refused(authority: Authority) -> None:
    leaf, key = authority.issue(), rsa_key("leaf")
    lock = BestAvailableEncryption(b"geheim")
    locked = pkcs12.serialize_key_and_certificates(b"Pass", key, leaf.certificate, None, lock)
    assert "the password does not open it" in refusal([locked, authority.intermediate.pem], b"falsch")
    assert "locked by a password" in refusal([locked, authority.intermediate.pem])
    assert "locked by a password" in refusal([locked, authority.intermediate.pem], b"")


def test_a_p12_cut_off_is_refused(authority: Authority) -> None:
    leaf, key = authority.issue(), rsa_key("leaf")
    lock = BestAvailableEncryption(b"geheim")
    whole = pkcs12.serialize_key_and_certificates(b"Pass", key, leaf.certificate, None, lock)
    assert "File 1 is a .p12 file" in refusal([whole[:-200], authority.intermediate.pem], b"geheim")


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_locked_key_with_a_wrong_password_or_none_is_refused(authority: Authority, encoding: Encoding) -> None:
    leaf = authority.issue()
    files = [leaf.pem, leaf.key_file(b"geheim", encoding), authority.intermediate.pem]
    assert "password does not open the private key in file 2" in refusal(files, b"falsch")
    assert "private key in file 2 is locked" in refusal(files)


@pytest.mark.parametrize(
    "garbage", [b"", b"hello", b"\x30\x82", b"PK\x03\x04" + bytes(40), "Café".encode("utf-16"), bytes(5000)]
)
def test_a_garbage_file_is_refused_by_its_place(authority: Authority, garbage: bytes) -> None:
    sentence = refusal([*with_intermediate(authority, authority.issue()), garbage])
    assert f"File 4 ({len(garbage)} bytes) is neither" in sentence


def test_a_damaged_pem_certificate_is_refused(authority: Authority) -> None:
    leaf = authority.issue()
    lines = leaf.pem.splitlines(keepends=True)
    damaged = b"".join(lines[:3] + lines[5:])
    assert "File 1 holds a damaged certificate" in refusal([damaged, leaf.key_file()])


def test_a_pem_file_cut_off_is_refused(authority: Authority) -> None:
    assert "File 1 begins a PEM block that never ends" in refusal([authority.issue().pem[:-40]])


def test_a_damaged_key_is_refused(authority: Authority) -> None:
    leaf = authority.issue()
    lines = leaf.key_file().splitlines(keepends=True)
    damaged = b"".join(lines[:5] + lines[7:])
    sentence = refusal([leaf.pem, damaged, authority.intermediate.pem])
    assert f"File 2 ({len(damaged)} bytes) is neither a certificate nor a private key" in sentence


def test_stored_parts_of_two_certificates_are_refused(authority: Authority) -> None:
    leaf, other = authority.issue(), authority.issue(key=rsa_key("another"))
    forged = authority.intermediate_again(key=rsa_key("another"))
    for key, issuer in ((other.key_file(), authority.intermediate.pem), (leaf.key_file(), forged.pem)):
        with pytest.raises(CertificateRefused, match="do not match"):
            from_pem(leaf.pem, key, issuer)


def test_stored_parts_that_are_no_longer_there_are_refused(authority: Authority) -> None:
    leaf = authority.issue()
    with pytest.raises(CertificateRefused, match="File 3"):
        from_pem(leaf.pem, leaf.key_file(), b"")
    with pytest.raises(CertificateRefused, match="incomplete"):
        from_pem(leaf.pem, leaf.key_file(), leaf.key_file())


def test_a_refusal_never_tells_the_password(authority: Authority) -> None:
    leaf = authority.issue()
    assert isinstance(leaf.key, rsa.RSAPrivateKey)
    assert "falsch" not in refusal([leaf.pem, leaf.key_file(b"geheim")], b"falsch")


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_certificate_with_bytes_changed_anywhere_is_refused_and_breaks_nothing(
    authority: Authority, data: st.DataObject
) -> None:
    leaf = authority.issue()
    damaged = bytearray(leaf.der)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, 2**16)) % len(damaged)] ^= data.draw(st.integers(1, 255))
    if bytes(damaged) != leaf.der:
        refusal([bytes(damaged), leaf.key_file(), authority.intermediate.der])
