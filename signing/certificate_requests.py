"""What Apple wants before it issues a certificate: a signing request (PKCS#10, RFC 2986), with a key made for it."""

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from signing.certificates import public_key_of

KEY_BITS = 2048
"""What Apple's portal takes."""


@dataclass(frozen=True)
class SigningRequest:
    """A request as PEM for Apple's portal, and its key as PKCS#8 PEM, not encrypted: for sealing only."""

    request: bytes
    key: bytes = field(repr=False)


def new_request(common_name: str) -> SigningRequest:
    """A fresh RSA key and the request for it. Apple puts its own subject into the certificate, whatever this says.

    :param common_name: 1 to 64 characters. Raises ValueError for another length
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, SHA256())
    return SigningRequest(
        request.public_bytes(Encoding.PEM), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


def requested_key(request: bytes) -> bytes | None:
    """The public key in a request (PEM), as `signing.certificates.public_key_of` gives that of a certificate.

    Raises ValueError for what is no request.
    """
    return public_key_of(x509.load_pem_x509_csr(request))
