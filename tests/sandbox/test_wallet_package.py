"""What Wallet refuses in the archive, its manifest and its signature."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options

from sandbox.authority import Authority, ensure_authority
from sandbox.refusal import PassRefused
from sandbox.wallet import open_pass
from tests.sandbox.making import (
    USUAL,
    make_pass,
    manifest_of,
    pack,
    pass_json,
    png,
    sealed,
    sign,
    usual_files,
)
from tests.sandbox.parts import PASS_TYPE, TEAM, machine_now


def _refused(data: bytes, authority: Authority, **when: int) -> str:
    with pytest.raises(PassRefused) as caught:
        open_pass(data, authority.root.read_bytes(), machine_now() + timedelta(**when))
    return caught.value.code


def test_a_right_pass_is_opened(authority: Authority) -> None:
    opened = open_pass(make_pass(authority), authority.root.read_bytes(), machine_now())
    assert (opened.pass_type, opened.team_id, opened.serial) == (PASS_TYPE, TEAM, "CARD0001")
    assert opened.style == "storeCard"
    assert opened.web_service_url is None
    assert opened.files["icon.png"].startswith(b"\x89PNG")


@pytest.mark.parametrize("data", [b"", b"PK", b"<html>", b"PK\x03\x04" + b"\0" * 40])
def test_what_is_no_archive_is_refused(authority: Authority, data: bytes) -> None:
    assert _refused(data, authority) == "not_a_zip"


def test_a_damaged_archive_is_refused(authority: Authority) -> None:
    whole = make_pass(authority)
    assert _refused(whole[: len(whole) // 2], authority) == "not_a_zip"


@pytest.mark.parametrize("missing", ["pass.json", "manifest.json", "signature"])
def test_a_pass_without_one_of_its_three_files_is_refused(authority: Authority, missing: str) -> None:
    files = sealed(usual_files(pass_json()), authority)
    del files[missing]
    assert _refused(pack(files), authority) == "missing_file"


def test_files_inside_a_folder_are_refused(authority: Authority) -> None:
    files = sealed(usual_files(pass_json()), authority)
    assert _refused(pack({f"card/{name}": data for name, data in files.items()}), authority) == "in_a_folder"


@pytest.mark.parametrize("name", ["../pass.json", "/etc/passwd", "a\\b.png"])
def test_a_path_that_leads_outside_is_refused(authority: Authority, name: str) -> None:
    files = sealed({**usual_files(pass_json()), name: b"x"}, authority)
    assert _refused(pack(files), authority) == "unsafe_name"


def test_the_same_name_twice_is_refused(authority: Authority) -> None:
    made = io.BytesIO(make_pass(authority))
    with zipfile.ZipFile(made, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("icon.png", png())
    assert _refused(made.getvalue(), authority) == "duplicate_entry"


@pytest.mark.parametrize("manifest", [b"", b"[]", b'{"pass.json": 1}', b'{"pass.json": "00"}', b"\xff"])
def test_a_manifest_that_is_none_is_refused(authority: Authority, manifest: bytes) -> None:
    files = usual_files(pass_json()) | {"manifest.json": manifest, "signature": sign(manifest, authority)}
    assert _refused(pack(files), authority) == "manifest_unreadable"


def _with_manifest(authority: Authority, files: dict[str, bytes], manifest: dict[str, Any]) -> bytes:
    text = json.dumps(manifest).encode()
    return pack({**files, "manifest.json": text, "signature": sign(text, authority)})


def test_a_file_that_the_manifest_does_not_list_is_refused(authority: Authority) -> None:
    files = usual_files(pass_json())
    manifest = manifest_of(files)
    del manifest["strip.png"]
    assert _refused(_with_manifest(authority, files, manifest), authority) == "manifest_misses"


def test_a_listed_file_that_is_not_there_is_refused(authority: Authority) -> None:
    files = usual_files(pass_json())
    manifest = manifest_of(files) | {"thumbnail.png": "0" * 40}
    assert _refused(_with_manifest(authority, files, manifest), authority) == "manifest_absent"


def test_a_file_changed_after_the_manifest_was_made_is_refused(authority: Authority) -> None:
    files = sealed(usual_files(pass_json()), authority) | {"strip.png": png(375, 144, "#000000")}
    assert _refused(pack(files), authority) == "manifest_hash"


@pytest.mark.parametrize("signature", [b"", b"nothing", b"\x30\x03\x02\x01\x01"])
def test_a_signature_that_is_none_is_refused(authority: Authority, signature: bytes) -> None:
    files = sealed(usual_files(pass_json()), authority) | {"signature": signature}
    assert _refused(pack(files), authority) == "signature_unreadable"


def test_a_signature_over_another_manifest_is_refused(authority: Authority) -> None:
    files = sealed(usual_files(pass_json()), authority) | {"signature": sign(b"{}", authority)}
    assert _refused(pack(files), authority) == "signature_other_manifest"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"options": [PKCS7Options.Binary]}, "signature_not_detached"),
        ({"options": [*USUAL, PKCS7Options.NoAttributes]}, "signing_time_missing"),
        ({"options": [*USUAL, PKCS7Options.NoCerts]}, "signer_missing"),
        ({"intermediate": False}, "intermediate_missing"),
        ({"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)}, "signature_wrong"),
    ],
)
def test_a_signature_made_the_wrong_way_is_refused(authority: Authority, how: dict[str, Any], code: str) -> None:
    assert _refused(make_pass(authority, **how), authority) == code


def test_attributes_without_the_signing_time_are_refused(authority: Authority) -> None:
    files = sealed(usual_files(pass_json()), authority)
    parsed = cms.ContentInfo.load(files["signature"])
    info = parsed["content"]["signer_infos"][0]
    info["signed_attrs"] = [one for one in info["signed_attrs"] if one["type"].native != "signing_time"]
    assert _refused(pack(files | {"signature": parsed.dump(force=True)}), authority) == "signing_time_missing"


def test_an_attribute_changed_after_signing_is_refused(authority: Authority) -> None:
    files = sealed(usual_files(pass_json()), authority)
    parsed = cms.ContentInfo.load(files["signature"])
    for attribute in parsed["content"]["signer_infos"][0]["signed_attrs"]:
        if attribute["type"].native == "signing_time":
            moment = machine_now() - timedelta(hours=1)
            attribute["values"] = [cms.Time({"utc_time": moment.replace(microsecond=0)})]
    assert _refused(pack(files | {"signature": parsed.dump(force=True)}), authority) == "signature_wrong"


def test_a_signature_by_another_authority_is_refused(authority: Authority, foreign_authority: Authority) -> None:
    assert _refused(make_pass(foreign_authority), authority) == "chain_untrusted"


def test_a_pass_is_refused_once_its_certificate_has_expired(authority: Authority) -> None:
    assert _refused(make_pass(authority), authority, days=3660) == "certificate_expired"


def test_a_pass_is_refused_before_its_certificate_is_valid(authority: Authority) -> None:
    assert _refused(make_pass(authority), authority, days=-3660) == "certificate_not_yet_valid"


def test_a_pass_signed_before_its_certificate_was_valid_is_refused(tmp_path: Path) -> None:
    later = machine_now() + timedelta(days=3660)
    authority = ensure_authority(tmp_path, pass_type=PASS_TYPE, team_id=TEAM, now=later)
    assert _refused(make_pass(authority), authority, days=3660) == "signed_outside_validity"
