"""A finished pass taken apart: its archive, manifest, signature and certificates, whoever made it.

Nothing in it is trusted, and nothing of it is raised: what is wrong comes back as faults (`signing.inspection_rules`).
Sources: Apple, "Building a Pass", "Creating a store card pass"; archive, "Pass Design and Creation"; RFC 5652, 5280.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from signing.inspection_archive import NoArchive, unpacked
from signing.inspection_chain import APPLE_ROOT, RootUnreadable, chain_faults, is_for_nfc, root_key, subject_part
from signing.inspection_manifest import MANIFEST, SIGNATURE, manifest_faults
from signing.inspection_rules import Fault, fault
from signing.inspection_signature import read_signature

__all__ = ["APPLE_ROOT", "Inspected", "RootUnreadable", "bundled", "inspect_pass"]


@dataclass(frozen=True)
class Inspected:
    """`files` by path, None if it is no archive; `signer` is the certificate that signed, None if it is not known."""

    faults: tuple[Fault, ...]
    files: Mapping[str, bytes] | None = None
    signer: x509.Certificate | None = field(default=None, repr=False)

    @property
    def pass_type(self) -> str:
        """The UID of the signer's subject, empty without one."""
        return subject_part(self.signer, NameOID.USER_ID) if self.signer else ""

    @property
    def team_id(self) -> str:
        """The OU of the signer's subject, empty without one."""
        return subject_part(self.signer, NameOID.ORGANIZATIONAL_UNIT_NAME) if self.signer else ""

    @property
    def for_nfc(self) -> bool:
        """May the signer sign passes with an nfc part?"""
        return self.signer is not None and is_for_nfc(self.signer)


def inspect_pass(data: bytes, *, now: datetime, root_pem: bytes = APPLE_ROOT) -> Inspected:
    """What is wrong with how a .pkpass is packed and sealed, and its files, as far as they can be had.

    In bounded memory and time, whatever the bytes are.

    :param now: aware; a certificate that has ended by then is told of
    :param root_pem: certificate or public key of the root that is trusted
    :raises RootUnreadable: the root is none
    """
    root = root_key(root_pem)
    try:
        files, faults = unpacked(data)
    except NoArchive as refused:
        return Inspected((refused.fault,))
    faults += manifest_faults(files)
    if SIGNATURE not in files:
        return Inspected((*faults, fault("signature-missing")), files)
    signature = read_signature(files[SIGNATURE], files.get(MANIFEST))
    faults += [*signature.faults, *chain_faults(signature, root, now)]
    return Inspected(tuple(faults), files, signature.leaf)


def bundled(data: bytes) -> dict[str, bytes]:
    """The passes in a bundle (.pkpasses) by their names in it; empty for what is none ("Distributing … a pass")."""
    try:
        files, _ = unpacked(data)
    except NoArchive:
        return {}
    return files if files and all(name.endswith(".pkpass") for name in files) else {}
