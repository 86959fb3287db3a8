"""The demo's own certificate authority, laid out like Apple's: root, WWDR intermediate, pass certificate.

Subject of the pass certificate (Apple, "Building a Pass"): UID is the pass type, OU is the team.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=3650)
# As far back as forward: the demo's clock may be set to another year, the signing time is the machine's.
BACKDATED = timedelta(days=3650)


@dataclass(frozen=True)
class Authority:
    """Where the files of the authority stand; all PEM, keys unencrypted with mode 0600."""

    root: Path
    intermediate: Path
    pass_certificate: Path
    pass_key: Path
    server_certificate: Path
    server_key: Path


@dataclass(frozen=True)
class _Pair:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


@dataclass(frozen=True)
class _Wish:
    """What a certificate shall be; `signer` None means that it signs itself."""

    subject: x509.Name
    signer: _Pair | None
    extensions: Sequence[tuple[x509.ExtensionType, bool]]
    now: datetime


def ensure_authority(folder: Path, *, pass_type: str, team_id: str, now: datetime) -> Authority:
    """Make what is missing in `folder` and return the paths; a second call with the same names is idle.

    Validity runs from 10 years before `now` (aware) to 10 years after it. Another pass type or team gets a new pass
    certificate under the same root. A certificate that its issuer did not sign is made anew.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    root = _ensure(folder, "ca", None, lambda: _make_root(now))
    wwdr = _ensure(folder, "wwdr", root, lambda: _make_intermediate(root, now))
    wanted = _pass_subject(pass_type, team_id)
    _ensure(folder, "pass", wwdr, lambda: _make_pass_certificate(wanted, wwdr, now), subject=wanted)
    _ensure(folder, "server", root, lambda: _make_server_certificate(root, now))
    return Authority(
        root=folder / "ca.pem",
        intermediate=folder / "wwdr.pem",
        pass_certificate=folder / "pass.pem",
        pass_key=folder / "pass.key",
        server_certificate=folder / "server.pem",
        server_key=folder / "server.key",
    )


def _ensure(
    folder: Path,
    stem: str,
    signer: _Pair | None,
    make: Callable[[], _Pair],
    *,
    subject: x509.Name | None = None,
) -> _Pair:
    found = _read(folder, stem)
    if found and subject in (None, found.certificate.subject) and _is_issued_by(found, signer):
        return found
    made = make()
    key = made.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # The key first: a certificate without its key would be taken for whole after a crash in between.
    _write(folder / f"{stem}.key", key, mode=0o600)
    _write(folder / f"{stem}.pem", made.certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
    return made


def _read(folder: Path, stem: str) -> _Pair | None:
    certificate_file, key_file = folder / f"{stem}.pem", folder / f"{stem}.key"
    if not (certificate_file.exists() and key_file.exists()):
        return None
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey) or key.public_key() != certificate.public_key():
        return None
    return _Pair(certificate, key)


def _is_issued_by(pair: _Pair, signer: _Pair | None) -> bool:
    try:
        pair.certificate.verify_directly_issued_by((signer or pair).certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _write(path: Path, content: bytes, *, mode: int) -> None:
    draft = path.with_suffix(path.suffix + ".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=mode)
    draft.write_bytes(content)
    draft.replace(path)


def _make_root(now: datetime) -> _Pair:
    subject = _name(common="treuepass demo root", unit="Demo certification authority")
    return _make(_Wish(subject, None, [*_authority_extensions(None)], now))


def _make_intermediate(root: _Pair, now: datetime) -> _Pair:
    subject = _name(common="treuepass demo Worldwide Developer Relations", unit="G4")
    return _make(_Wish(subject, root, [*_authority_extensions(0)], now))


def _make_pass_certificate(subject: x509.Name, wwdr: _Pair, now: datetime) -> _Pair:
    # emailProtection beside Apple's clientAuth: `openssl cms -verify` asks for it unless told otherwise.
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION])
    return _make(_Wish(subject, wwdr, [*_leaf_extensions(), (usage, False)], now))


def _make_server_certificate(root: _Pair, now: datetime) -> _Pair:
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.IPAddress(ip_address("127.0.0.1")),
            x509.IPAddress(ip_address("::1")),
        ]
    )
    subject = _name(common="localhost", unit="Sandbox")
    return _make(_Wish(subject, root, [*_leaf_extensions(), (usage, False), (names, False)], now))


def _make(wish: _Wish) -> _Pair:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signer = wish.signer
    issuer_key = signer.key if signer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(wish.subject)
        .issuer_name(signer.certificate.subject if signer else wish.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(wish.now - BACKDATED)
        .not_valid_after(wish.now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    for extension, critical in wish.extensions:
        builder = builder.add_extension(extension, critical=critical)
    return _Pair(builder.sign(issuer_key, hashes.SHA256()), key)


def _authority_extensions(path_length: int | None) -> list[tuple[x509.ExtensionType, bool]]:
    return [
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (_key_usage(certificates=True), True),
    ]


def _leaf_extensions() -> list[tuple[x509.ExtensionType, bool]]:
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(certificates=False), True),
    ]


def _key_usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pass_subject(pass_type: str, team_id: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.USER_ID, pass_type),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Pass Type ID: {pass_type}"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, team_id),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "treuepass demo"),
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        ]
    )


def _name(*, common: str, unit: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "treuepass demo"),
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        ]
    )
