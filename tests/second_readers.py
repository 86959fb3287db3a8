"""Every pass that a test has the service seal is read again, when the run ends, by two readers that are not ours."""

import io
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

from signing.cms import Signer
from signing.pkpass import FixedFiles, seal_pass

NODE_FOLDER = Path(__file__).parent / "node"
AT_ONCE = 100


class SecondReaders:
    """Stands where `seal_pass` is called, and keeps what comes out of it in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._kept = folder, list[Path]()

    def seal(self, content: Mapping[str, Any], fixed: FixedFiles, signer: Signer, now: datetime) -> tuple[bytes, bytes]:
        parts = seal_pass(content, fixed, signer, now)
        # Threads of one test may seal at the same moment.
        self._kept.append(path := self._folder / f"{os.urandom(8).hex()}.pkpass")
        path.write_bytes(b"".join(parts))
        return parts

    def complaints(self) -> Iterator[str]:
        """What OpenSSL and pass-js have against any of them; the programs are looked for only if there are some."""
        if self._kept:
            yield from self._openssl() if shutil.which("openssl") else _missing("openssl")
            yield from (
                self._pass_js() if (NODE_FOLDER / "node_modules").is_dir() else _missing("tests/node/node_modules")
            )

    def _openssl(self) -> Iterator[str]:
        place = self._folder / "opened"
        for path in self._kept:
            with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
                archive.extractall(place, ("signature", "manifest.json"))
            (place / "issuer.pem").write_bytes(_issuer((place / "signature").read_bytes()))
            # Each test has an authority and a clock of its own: the chain ends where the pass's own ends.
            done = subprocess.run(
                [
                    "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-content",
                    "manifest.json", "-CAfile", "issuer.pem", "-partial_chain", "-no_check_time", "-purpose", "any",
                    "-out", os.devnull,
                ],
                cwd=place, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode != 0:
                yield f"openssl does not verify {path}: {done.stderr}"

    def _pass_js(self) -> Iterator[str]:
        for start in range(0, len(self._kept), AT_ONCE):
            some = [str(path) for path in self._kept[start : start + AT_ONCE]]
            read = ["node", str(NODE_FOLDER / "read_pass.mjs"), *some]
            done = subprocess.run(read, capture_output=True, text=True, check=False)
            if done.returncode != 0 or len(done.stdout.splitlines()) != len(some):
                yield f"pass-js does not read one of {some}: {done.stderr}"
            elif not all(json.loads(line)["pass"]["serialNumber"] for line in done.stdout.splitlines()):
                yield f"pass-js finds no serial number in one of {some}"


def _issuer(signature: bytes) -> bytes:
    """The certificate in a signature that may sign others."""
    held = load_der_pkcs7_certificates(signature)
    issuers = {one.issuer for one in held}
    (found,) = (one for one in held if one.subject in issuers and _may_sign(one))
    return found.public_bytes(Encoding.PEM)


def _may_sign(certificate: x509.Certificate) -> bool:
    return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def _missing(what: str) -> Iterator[str]:
    """In CI a reader that is not there is a complaint."""
    if os.environ.get("CI"):
        yield f"{what} is missing: no second opinion on passes"
