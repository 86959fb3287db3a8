"""The signature of a pass: a detached CMS over manifest.json that leads up to Apple's root.

Sources: RFC 5652 (clauses in the code), RFC 5280; Apple archive, "Pass Design and Creation" (signing time and
intermediate are required). Parsed with asn1crypto; only the mathematics is `cryptography`'s.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from sandbox.refusal import PassRefused

_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_MALFORMED = (
    ValueError,
    TypeError,
    KeyError,
    OverflowError,
    AttributeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True)
class Signer:
    """Who signed: the UID and OU of the certificate's subject."""

    pass_type: str
    team_id: str


def check_signature(manifest: bytes, signature: bytes, root_pem: bytes, now: datetime) -> Signer:
    """Check that `signature` is Apple's kind of signature over exactly these bytes; raises PassRefused."""
    try:
        return _check(manifest, signature, root_pem, now)
    except _MALFORMED as error:
        # Both parsers are lazy: bytes that are no certificate may come to light at any step.
        raise PassRefused("signature_unreadable") from error


def _check(manifest: bytes, signature: bytes, root_pem: bytes, now: datetime) -> Signer:
    signed, signer_info = _parse(signature)
    certificates = _certificates(signed)
    leaf = _leaf(signer_info, certificates)
    _check_digest(signer_info, manifest)
    signed_at = _signing_time(signer_info)
    _check_mathematics(signer_info, leaf)
    _check_chain(leaf, certificates, root_pem, now)
    if not leaf.not_valid_before_utc <= signed_at <= leaf.not_valid_after_utc:
        raise PassRefused("signed_outside_validity", when=signed_at.date().isoformat())
    return Signer(_one(leaf, NameOID.USER_ID), _one(leaf, NameOID.ORGANIZATIONAL_UNIT_NAME))


def _parse(signature: bytes) -> tuple[Any, Any]:
    content = cms.ContentInfo.load(signature, strict=True)
    if content["content_type"].native != "signed_data":
        raise PassRefused("signature_unreadable")
    signed = content["content"]
    infos = list(signed["signer_infos"])
    if signed["encap_content_info"]["content"].native is not None:
        raise PassRefused("signature_not_detached")
    if len(infos) != 1:
        raise PassRefused("signature_unreadable")
    return signed, infos[0]


def _certificates(signed: Any) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(choice.chosen.dump()) for choice in signed["certificates"]]


def _leaf(info: Any, certificates: list[x509.Certificate]) -> x509.Certificate:
    """The certificate named by the signer identifier (RFC 5652, 5.3)."""
    sid = info["sid"]
    for certificate in certificates:
        if sid.name == "issuer_and_serial_number":
            named = sid.chosen["issuer"].dump() == certificate.issuer.public_bytes()
            found = named and sid.chosen["serial_number"].native == certificate.serial_number
        else:
            found = sid.native == _key_identifier(certificate)
        if found:
            return certificate
    raise PassRefused("signer_missing")


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _attribute(info: Any, name: str) -> Any:
    """The value of a signed attribute, None when absent; these attributes have one value (RFC 5652, 11)."""
    for attribute in info["signed_attrs"] or ():
        if attribute["type"].native == name and len(attribute["values"]) == 1:
            return attribute["values"][0].native
    return None


def _check_digest(info: Any, manifest: bytes) -> None:
    algorithm = info["digest_algorithm"]["algorithm"].native
    if algorithm not in _HASHES:
        raise PassRefused("signature_algorithm", name=algorithm)
    if _attribute(info, "signing_time") is None and not info["signed_attrs"]:
        raise PassRefused("signing_time_missing")
    if _attribute(info, "content_type") != "data":
        raise PassRefused("signature_unreadable")
    if _attribute(info, "message_digest") != hashlib.new(algorithm, manifest).digest():
        raise PassRefused("signature_other_manifest")


def _signing_time(info: Any) -> datetime:
    moment = _attribute(info, "signing_time")
    if not isinstance(moment, datetime):
        raise PassRefused("signing_time_missing")
    return moment.astimezone(UTC)


def _check_mathematics(info: Any, leaf: x509.Certificate) -> None:
    # RFC 5652, 5.4: what is signed is the attributes as a SET, not under the tag they travel with.
    attributes = info["signed_attrs"].untag().dump(force=True)
    algorithm = _HASHES[info["digest_algorithm"]["algorithm"].native]()
    try:
        key = leaf.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise PassRefused("key_not_rsa")
        key.verify(info["signature"].native, attributes, padding.PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise PassRefused("signature_wrong") from error


def _check_chain(leaf: x509.Certificate, certificates: list[x509.Certificate], root_pem: bytes, now: datetime) -> None:
    root = x509.load_pem_x509_certificate(root_pem)
    issuers = [certificate for certificate in certificates if certificate.subject == leaf.issuer]
    if not issuers:
        raise PassRefused("intermediate_missing")
    if not any(_issued(leaf, issuer) and _issued(issuer, root) for issuer in issuers):
        raise PassRefused("chain_untrusted", issuer=leaf.issuer.rfc4514_string())
    for certificate in (leaf, *issuers, root):
        if now < certificate.not_valid_before_utc:
            raise PassRefused("certificate_not_yet_valid", when=certificate.not_valid_before_utc.date().isoformat())
        if now > certificate.not_valid_after_utc:
            raise PassRefused("certificate_expired", when=certificate.not_valid_after_utc.date().isoformat())


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        return issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False


def _one(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    names = certificate.subject.get_attributes_for_oid(oid)
    return str(names[0].value) if names else ""
