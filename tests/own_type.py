"""A second pass type, certified by the sandbox's authority as the first one is."""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sandbox.authority import Authority
from tests.signing.throwaway import Issued, certify, rsa_key, subject

OWN_TYPE, TEAM = "pass.example.morgenrot", "TEAMTEST01"


def own_certificate(authority: Authority) -> list[bytes]:
    """Certificate, key and intermediate, as files to import."""
    key = load_pem_private_key(authority.intermediate.with_suffix(".key").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    wwdr = Issued(x509.load_pem_x509_certificate(authority.intermediate.read_bytes()), key)
    leaf = certify(subject(OWN_TYPE, TEAM), rsa_key("own"), wwdr)
    return [leaf.der, leaf.key_file(), wwdr.pem]
