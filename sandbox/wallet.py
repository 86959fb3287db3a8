"""Opens a .pkpass as Wallet does, and refuses what Wallet would refuse (there, without a word).

Sources: Apple, "Building a Pass", "Creating the Source for a Pass", "Pass"; archive, "Pass Design and
Creation". Checks run from the outside in: archive, manifest, signature, content.
"""

import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.pass_content import STYLES, check_content
from sandbox.refusal import PassRefused
from sandbox.signature import check_signature

MAX_BYTES = 30 * 1024 * 1024
_HEX_SHA1 = re.compile(r"[0-9a-f]{40}")
_UNLISTED = {"manifest.json", "signature"}
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError)


@dataclass(frozen=True)
class OpenedPass:
    """A pass that Wallet would take. `content` is pass.json as read, `files` everything in the archive."""

    pass_type: str
    serial: str
    team_id: str
    web_service_url: str | None
    token: str | None
    content: Mapping[str, Any]
    files: Mapping[str, bytes]

    @property
    def style(self) -> str:
        """Which dictionary the fields stand in: "storeCard", "coupon", ..."""
        return next(name for name in STYLES if name in self.content)


def open_pass(data: bytes, root_pem: bytes, now: datetime) -> OpenedPass:
    """Take a .pkpass apart and check it as Wallet does at `now` (aware), trusting this root alone.

    Raises PassRefused naming the first fault found.
    """
    files = _unpack(data)
    _check_manifest(files)
    signer = check_signature(files["manifest.json"], files["signature"], root_pem, now)
    content = check_content(files, signer)
    return _opened(content, files)


def reopen_pass(data: bytes) -> OpenedPass:
    """Take apart a pass accepted before: an installed pass goes on working when its signer expires."""
    files = _unpack(data)
    return _opened(json.loads(files["pass.json"]), files)


def _opened(content: Mapping[str, Any], files: Mapping[str, bytes]) -> OpenedPass:
    return OpenedPass(
        pass_type=content["passTypeIdentifier"],
        serial=content["serialNumber"],
        team_id=content["teamIdentifier"],
        web_service_url=content.get("webServiceURL"),
        token=content.get("authenticationToken"),
        content=content,
        files=files,
    )


def _unpack(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_names([entry.filename for entry in entries])
            if sum(entry.file_size for entry in entries) > MAX_BYTES:
                raise PassRefused("too_big")
            return {entry.filename: archive.read(entry) for entry in entries}
    except (*_BROKEN, ValueError, OSError) as error:
        raise PassRefused("not_a_zip") from error


def _check_names(names: list[str]) -> None:
    for name in names:
        if name.startswith("/") or "\\" in name or ".." in name.split("/"):
            raise PassRefused("unsafe_name", name=name)
        if names.count(name) > 1:
            raise PassRefused("duplicate_entry", name=name)
    if "pass.json" not in names and any(name.endswith("/pass.json") for name in names):
        raise PassRefused("in_a_folder")
    for needed in ("pass.json", "manifest.json", "signature"):
        if needed not in names:
            raise PassRefused("missing_file", name=needed)


def _check_manifest(files: Mapping[str, bytes]) -> None:
    try:
        manifest = json.loads(files["manifest.json"])
    except (ValueError, RecursionError) as error:
        raise PassRefused("manifest_unreadable") from error
    if not isinstance(manifest, dict) or not all(_is_hash(value) for value in manifest.values()):
        raise PassRefused("manifest_unreadable")
    for name in sorted(set(files) - _UNLISTED - set(manifest)):
        raise PassRefused("manifest_misses", name=name)
    for name in sorted(set(manifest) - set(files)):
        raise PassRefused("manifest_absent", name=name)
    for name, expected in manifest.items():
        if hashlib.sha1(files[name], usedforsecurity=False).hexdigest() != expected:
            raise PassRefused("manifest_hash", name=name)


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HEX_SHA1.fullmatch(value) is not None
