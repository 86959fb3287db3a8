"""A certificate authority with Apple's subject layout, made anew for each test run and never kept."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes as Key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

PASS_TYPE = "pass.org.example.treuepass"
TEAM_ID = "A1B2C3D4E5"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key per name: making them is the slow part of these tests."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Issued:
    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def key_file(self, password: bytes | None = None, encoding: Encoding = Encoding.PEM) -> bytes:
        lock = BestAvailableEncryption(password) if password else NoEncryption()
        return self.key.private_bytes(encoding, PrivateFormat.PKCS8, lock)


def subject(uid: str | None = PASS_TYPE, team: str | None = TEAM_ID) -> x509.Name:
    """Apple's order: UID, CN, OU, O, C; what is None is left out."""
    parts = [
        (NameOID.USER_ID, uid),
        (NameOID.COMMON_NAME, f"Pass Type ID: {uid}"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, team),
        (NameOID.ORGANIZATION_NAME, "Café Morgenrot"),
        (NameOID.COUNTRY_NAME, "DE"),
    ]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value is not None])


def authority_name(generation: str) -> x509.Name:
    parts = [
        (NameOID.COMMON_NAME, "Throw-away Developer Relations Certification Authority"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, generation),
        (NameOID.ORGANIZATION_NAME, "Not Apple Inc."),
    ]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def certify(
    name: x509.Name,
    key: Key,
    issuer: Issued | None,
    *,
    authority: bool = False,
    since: datetime = NOW - 30 * DAY,
    until: datetime = NOW + 335 * DAY,
    key_ids: bool = True,
) -> Issued:
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if key_ids:
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        its = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(own, critical=False).add_extension(its, critical=False)
    return Issued(builder.sign(signer, SHA256()), key)


@dataclass(frozen=True)
class Authority:
    root: Issued
    intermediate: Issued

    def issue(
        self,
        *,
        uid: str | None = PASS_TYPE,
        team: str | None = TEAM_ID,
        key: Key | None = None,
        since: datetime = NOW - 30 * DAY,
        until: datetime = NOW + 335 * DAY,
        key_ids: bool = True,
    ) -> Issued:
        """A Pass Type ID certificate, changed in the one thing a test is about."""
        key = key or rsa_key("leaf")
        return certify(subject(uid, team), key, self.intermediate, since=since, until=until, key_ids=key_ids)

    def answer(
        self, request: bytes, *, uid: str = PASS_TYPE, team: str = TEAM_ID, until: datetime | None = None
    ) -> bytes:
        """The certificate (DER) that Apple gives for a request: the key is the request's, the names are Apple's."""
        asked = x509.load_pem_x509_csr(request)
        until = until or NOW + 365 * DAY
        return certify(subject(uid, team), cast(Key, asked), self.intermediate, since=NOW - DAY, until=until).der

    def intermediate_again(
        self, *, generation: str = "G4", key: Key | None = None, until: datetime = NOW + 1000 * DAY
    ) -> Issued:
        """Another intermediate under the same root, by default the same one with other dates."""
        name, key = authority_name(generation), key or self.intermediate.key
        return certify(name, key, self.root, authority=True, until=until)


def make_authority() -> Authority:
    root = certify(authority_name("Root"), rsa_key("root"), None, authority=True, until=NOW + 3650 * DAY)
    name, key = authority_name("G4"), rsa_key("intermediate")
    return Authority(root, certify(name, key, root, authority=True, until=NOW + 1500 * DAY))
