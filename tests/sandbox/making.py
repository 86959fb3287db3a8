"""Passes made by the tests themselves, right or with one fault; nothing of the product is in them."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from PIL import Image

from sandbox.authority import Authority
from tests.sandbox.parts import PASS_TYPE, TEAM

USUAL = (PKCS7Options.DetachedSignature, PKCS7Options.Binary)


def png(width: int = 38, height: int = 38, colour: str = "#2f5d50") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(made, "PNG")
    return made.getvalue()


def pass_json(*, stamps: int = 3, serial: str = "CARD0001", **changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = {
        "formatVersion": 1,
        "passTypeIdentifier": PASS_TYPE,
        "teamIdentifier": TEAM,
        "serialNumber": serial,
        "organizationName": "Café Morgenrot",
        "description": "Loyalty card of Café Morgenrot",
        "logoText": "Café Morgenrot",
        "backgroundColor": "rgb(47, 93, 80)",
        "foregroundColor": "rgb(255, 255, 255)",
        "labelColor": "rgb(200, 220, 210)",
        "barcodes": [
            {
                "format": "PKBarcodeFormatQR",
                "message": "T1" + "A" * 34,
                "messageEncoding": "iso-8859-1",
                "altText": "K7QM-3FX",
            }
        ],
        "storeCard": {
            "headerFields": [
                {
                    "key": "stamps",
                    "label": "Stamps",
                    "value": f"{stamps} / 10",
                    "changeMessage": "You have %@ stamps now.",
                }
            ],
            "secondaryFields": [{"key": "status", "label": "Status", "value": f"{10 - stamps} more to a free coffee"}],
            "backFields": [{"key": "contact", "label": "Contact", "value": "hello@example.org"}],
        },
    }
    content |= changes
    return {name: value for name, value in content.items() if value is not None}


def usual_files(content: Mapping[str, Any]) -> dict[str, bytes]:
    return {
        "pass.json": json.dumps(content).encode(),
        "icon.png": png(),
        "icon@2x.png": png(76, 76),
        "logo.png": png(160, 50, "#f4e9d8"),
        "strip.png": png(375, 144, "#d9b384"),
    }


def manifest_of(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha1(data, usedforsecurity=False).hexdigest() for name, data in files.items()}


def sign(
    data: bytes,
    authority: Authority,
    *,
    options: Sequence[PKCS7Options] = USUAL,
    intermediate: bool = True,
    key: rsa.RSAPrivateKey | None = None,
) -> bytes:
    certificate = x509.load_pem_x509_certificate(authority.pass_certificate.read_bytes())
    signer = key or serialization.load_pem_private_key(authority.pass_key.read_bytes(), None)
    assert isinstance(signer, rsa.RSAPrivateKey)
    builder = PKCS7SignatureBuilder().set_data(data).add_signer(certificate, signer, hashes.SHA256())
    if intermediate:
        wwdr = x509.load_pem_x509_certificate(authority.intermediate.read_bytes())
        builder = builder.add_certificate(wwdr)
    return builder.sign(serialization.Encoding.DER, list(options))


def pack(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def sealed(files: Mapping[str, bytes], authority: Authority, **how: Any) -> dict[str, bytes]:
    """The files with a right manifest and, unless `how` says otherwise, a right signature."""
    manifest = json.dumps(manifest_of(files)).encode()
    return {**files, "manifest.json": manifest, "signature": sign(manifest, authority, **how)}


def make_pass(authority: Authority, content: Mapping[str, Any] | None = None, **how: Any) -> bytes:
    return pack(sealed(usual_files(content or pass_json()), authority, **how))
