import hashlib
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs7
from PIL import Image

from signing.certificates import PassCertificate, from_pem
from signing.cms import Signer
from signing.pkpass import PassFilesRefused, PassMismatch, fixed_files, seal_pass
from tests.signing.throwaway import NOW, PASS_TYPE, TEAM_ID, Authority

PASS = {
    "formatVersion": 1,
    "passTypeIdentifier": PASS_TYPE,
    "teamIdentifier": TEAM_ID,
    "serialNumber": "0123456789abcdef",
    "organizationName": "Café Morgenrot",
    "description": "Stempelkarte von Café Morgenrot",
    "webServiceURL": "http://127.0.0.1:8000/apple",
    "authenticationToken": "vF3kq0Yw5mT8xZ2bN7cR1g",
    "storeCard": {"headerFields": [{"key": "stamps", "label": "Stempel", "value": "0 / 10"}]},
}


def picture(width: int, height: int) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), "#14532d").save(target, "png")
    return target.getvalue()


FILES = {
    "icon.png": picture(38, 38),
    "icon@2x.png": picture(76, 76),
    "logo.png": picture(50, 50),
    "de.lproj/pass.strings": '"stamps" = "Stempel";'.encode("utf-16"),
}


def entries(sealed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(sealed)) as archive:
        assert archive.testzip() is None
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def seal(certificate: PassCertificate, content: Mapping[str, object] = PASS, now: datetime = NOW) -> bytes:
    return b"".join(seal_pass(content, fixed_files(FILES), Signer(certificate), now))


Verify = Callable[[bytes, bytes], subprocess.CompletedProcess[str]]


@pytest.fixture
def verify(openssl: str, authority: Authority, tmp_path: Path) -> Verify:
    """Ask the openssl program about a signature over the exact bytes of a manifest, under our root alone."""
    (tmp_path / "root.pem").write_bytes(authority.root.pem)

    def run(manifest: bytes, signature: bytes) -> subprocess.CompletedProcess[str]:
        (tmp_path / "manifest.json").write_bytes(manifest)
        (tmp_path / "signature").write_bytes(signature)
        command = "cms -verify -binary -inform DER -in signature -content manifest.json -CAfile root.pem"
        options = ["-purpose", "any", "-out", "verified"]
        return subprocess.run(
            [openssl, *command.split(), *options], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def sealed(certificate: PassCertificate) -> dict[str, bytes]:
    return entries(seal(certificate))


def printed(openssl: str, signature: bytes) -> str:
    command = [openssl, "cms", "-cmsout", "-print", "-inform", "DER"]
    return subprocess.run(command, input=signature, capture_output=True, check=True).stdout.decode()


def test_openssl_accepts_a_sealed_pass(sealed: dict[str, bytes], verify: Verify) -> None:
    answer = verify(sealed["manifest.json"], sealed["signature"])
    assert answer.returncode == 0, answer.stderr


def test_openssl_accepts_a_pretty_printed_manifest_too(certificate: PassCertificate, verify: Verify) -> None:
    for manifest in (b'{\n  "pass.json": "00"\n}\n', b'{\r\n "pass.json":\r"00"}\n\n', b""):
        answer = verify(manifest, Signer(certificate).sign(manifest, NOW))
        assert answer.returncode == 0, answer.stderr


def test_a_manifest_changed_after_signing_is_not_accepted(sealed: dict[str, bytes], verify: Verify) -> None:
    manifest = sealed["manifest.json"]
    for changed in (manifest + b"\n", manifest.replace(b",", b", "), manifest[:-3] + b'0"}', b""):
        assert verify(changed, sealed["signature"]).returncode != 0


def test_a_signature_without_its_intermediate_is_not_accepted(certificate: PassCertificate, verify: Verify) -> None:
    leaf = certificate.certificate
    alone = PassCertificate(leaf, certificate.key, intermediate=leaf)
    answer = verify(b"{}", Signer(alone).sign(b"{}", NOW))
    assert "unable to get local issuer certificate" in answer.stderr


def test_a_signature_holds_the_signing_time_that_was_given(certificate: PassCertificate, openssl: str) -> None:
    signed_at = datetime(2027, 2, 3, 5, 6, 7, 890_000, tzinfo=timezone(timedelta(hours=1)))
    text = printed(openssl, entries(seal(certificate, now=signed_at))["signature"])
    assert re.search(r"signingTime .*?UTCTIME:Feb +3 04:06:07 2027 GMT", text, re.DOTALL)


def test_a_signature_holds_both_certificates_and_not_the_manifest(
    sealed: dict[str, bytes], certificate: PassCertificate, openssl: str
) -> None:
    inside = pkcs7.load_der_pkcs7_certificates(sealed["signature"])
    assert len(inside) == 2
    assert {one.subject for one in inside} == {
        certificate.certificate.subject,
        certificate.intermediate.subject,
    }
    text = printed(openssl, sealed["signature"])
    assert "eContent: <ABSENT>" in text
    assert "algorithm: sha256" in text
    assert sealed["manifest.json"] not in sealed["signature"]


def test_a_pass_sealed_by_a_certificate_loaded_from_storage_is_accepted(
    certificate: PassCertificate, verify: Verify
) -> None:
    parts = (certificate.certificate_pem(), certificate.key_pem(), certificate.intermediate_pem())
    sealed = entries(seal(from_pem(*parts)))
    assert verify(sealed["manifest.json"], sealed["signature"]).returncode == 0


def test_a_manifest_is_one_line_and_names_every_file_but_itself(sealed: dict[str, bytes]) -> None:
    manifest = json.loads(sealed["manifest.json"])
    assert b"\n" not in sealed["manifest.json"]
    files = {name: data for name, data in sealed.items() if name not in ("manifest.json", "signature")}
    assert manifest == {name: hashlib.sha1(data, usedforsecurity=False).hexdigest() for name, data in files.items()}


def test_a_pass_holds_what_was_given_and_its_two_papers(sealed: dict[str, bytes]) -> None:
    assert set(sealed) == {*FILES, "pass.json", "manifest.json", "signature"}
    assert {name: sealed[name] for name in FILES} == FILES
    assert json.loads(sealed["pass.json"]) == PASS
    assert "Café Morgenrot".encode() in sealed["pass.json"]


def test_a_pass_is_stored_plainly_and_its_dates_say_nothing(certificate: PassCertificate) -> None:
    with zipfile.ZipFile(io.BytesIO(seal(certificate))) as archive:
        found = archive.infolist()
    assert {entry.compress_type for entry in found} == {zipfile.ZIP_STORED}
    assert {entry.date_time for entry in found} == {(1980, 1, 1, 0, 0, 0)}
    assert all(entry.extract_version < 45 for entry in found), "no ZIP64"


def test_two_seals_differ_in_the_signature_only(certificate: PassCertificate) -> None:
    first, second = entries(seal(certificate)), entries(seal(certificate, now=NOW + timedelta(seconds=1)))
    assert list(second) == list(first)
    assert {name for name in first if first[name] != second[name]} == {"signature"}


def test_two_passes_of_one_look_share_its_files_and_nothing_else(certificate: PassCertificate) -> None:
    fixed, signer = fixed_files(FILES), Signer(certificate)
    first, second = (seal_pass({**PASS, "serialNumber": it}, fixed, signer, NOW) for it in ("one", "other"))
    assert first[0] is second[0], "the shared part is copied"
    one, other = (entries(b"".join(parts)) for parts in (first, second))
    assert {name: one[name] for name in FILES} == {name: other[name] for name in FILES} == FILES
    assert [json.loads(it["pass.json"])["serialNumber"] for it in (one, other)] == ["one", "other"]
    assert one["manifest.json"] != other["manifest.json"]


def test_the_order_in_which_files_are_given_does_not_matter() -> None:
    assert fixed_files(dict(reversed(FILES.items()))) == fixed_files(FILES)


def test_a_pass_of_no_fixed_files_is_a_whole_zip_too(certificate: PassCertificate) -> None:
    alone = b"".join(seal_pass(PASS, fixed_files({}), Signer(certificate), NOW))
    assert set(entries(alone)) == {"pass.json", "manifest.json", "signature"}


def test_the_unzip_program_finds_no_fault(certificate: PassCertificate, unzip: str, tmp_path: Path) -> None:
    path = tmp_path / "card.pkpass"
    path.write_bytes(seal(certificate))
    done = subprocess.run([unzip, "-t", str(path)], capture_output=True, text=True, check=False)
    assert "No errors detected" in done.stdout, done.stdout + done.stderr


def test_another_reader_finds_the_same_fields_and_images(
    certificate: PassCertificate, read_pass_command: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "card.pkpass"
    path.write_bytes(seal(certificate))
    done = subprocess.run([*read_pass_command, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["style"] == "storeCard"
    # That reader takes formatVersion for granted and does not hand it out.
    assert {"formatVersion": 1, **found["pass"]} == PASS
    assert found["images"] == ["icon.png", "icon@2x.png", "logo.png"]


def test_another_reader_refuses_a_pass_damaged_on_its_way(
    certificate: PassCertificate, read_pass_command: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "card.pkpass"
    path.write_bytes(seal(certificate).replace(b"0 / 10", b"9 / 10"))
    done = subprocess.run([*read_pass_command, str(path)], capture_output=True, text=True, check=False)
    assert "CRC32 does not match for pass.json" in done.stderr


@pytest.mark.parametrize("given", ["pass.org.example.other", PASS_TYPE.upper(), "", None, 1, [PASS_TYPE]])
def test_a_pass_of_another_type_than_the_certificate_is_not_sealed(certificate: PassCertificate, given: object) -> None:
    with pytest.raises(PassMismatch, match=f"passTypeIdentifier “.*”, the certificate “{PASS_TYPE}”"):
        seal(certificate, {**PASS, "passTypeIdentifier": given})


@pytest.mark.parametrize("given", ["Z9Y8X7W6V5", TEAM_ID.lower(), f"{TEAM_ID} ", "", None])
def test_a_pass_of_another_team_than_the_certificate_is_not_sealed(certificate: PassCertificate, given: object) -> None:
    with pytest.raises(PassMismatch, match=f"teamIdentifier “.*”, the certificate “{TEAM_ID}”"):
        seal(certificate, {**PASS, "teamIdentifier": given})


def test_a_pass_that_names_neither_type_nor_team_is_not_sealed(certificate: PassCertificate) -> None:
    with pytest.raises(PassMismatch):
        seal(certificate, {})


@pytest.mark.parametrize(
    "value",
    ["\ud800", object(), float("nan"), float("-inf")],
    ids=["half a pair", "object", "no number", "endless"],
)
def test_what_json_cannot_say_is_not_sealed(certificate: PassCertificate, value: object) -> None:
    with pytest.raises(PassFilesRefused, match=r"pass\.json cannot be written"):
        seal(certificate, {**PASS, "userInfo": value})


def test_a_text_that_looks_like_no_number_is_sealed(certificate: PassCertificate) -> None:
    sealed = entries(seal(certificate, {**PASS, "description": "NaN, Infinity"}))
    assert json.loads(sealed["pass.json"])["description"] == "NaN, Infinity"


@pytest.mark.parametrize(
    "name",
    [
        "pass.json",
        "manifest.json",
        "signature",
        ".DS_Store",
        "__MACOSX/icon.png",
        "card/pass.json",
        "../icon.png",
        "/icon.png",
        "de.lproj\\pass.strings",
        "de.lproj/pass.json",
        "de.lproj/.DS_Store",
        "icon@4x.png",
        "icon.PNG",
        "icon.jpg",
        "icon.png\n",
        "Thumbs.db",
        "",
        "ícon.png",
    ],
)
def test_a_file_that_has_no_place_beside_pass_json_is_refused(name: str) -> None:
    with pytest.raises(PassFilesRefused, match="has no place in a pass"):
        fixed_files({**FILES, name: b"x"})


@pytest.mark.parametrize("name", ["strip@3x.png", "zh-Hans.lproj/strip@2x.png", "pt-BR.lproj/pass.strings"])
def test_a_file_that_has_a_place_in_a_pass_is_taken(certificate: PassCertificate, name: str) -> None:
    fixed = fixed_files({**FILES, name: b"x"})
    assert name in entries(b"".join(seal_pass(PASS, fixed, Signer(certificate), NOW)))
