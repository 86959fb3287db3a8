import hashlib
import io
import json
import re
import subprocess
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs7
from PIL import Image

from signing.certificates import PassCertificate, from_pem
from signing.pkpass import PassFilesRefused, PassMismatch, seal_pass, sign_detached
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
    "pass.json": json.dumps(PASS, ensure_ascii=False).encode(),
    "icon.png": picture(38, 38),
    "icon@2x.png": picture(76, 76),
    "logo.png": picture(50, 50),
    "de.lproj/pass.strings": '"stamps" = "Stempel";'.encode("utf-16"),
}


def entries(sealed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(sealed)) as archive:
        assert archive.testzip() is None
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def files_with(**changes: object) -> dict[str, bytes]:
    return {**FILES, "pass.json": json.dumps({**PASS, **changes}).encode()}


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
    return entries(seal_pass(FILES, certificate))


def printed(openssl: str, signature: bytes) -> str:
    command = [openssl, "cms", "-cmsout", "-print", "-inform", "DER"]
    return subprocess.run(command, input=signature, capture_output=True, check=True).stdout.decode()


def test_openssl_accepts_a_sealed_pass(sealed: dict[str, bytes], verify: Verify) -> None:
    answer = verify(sealed["manifest.json"], sealed["signature"])
    assert answer.returncode == 0, answer.stderr


def test_openssl_accepts_a_pretty_printed_manifest_too(certificate: PassCertificate, verify: Verify) -> None:
    for manifest in (b'{\n  "pass.json": "00"\n}\n', b'{\r\n "pass.json":\r"00"}\n\n', b""):
        answer = verify(manifest, sign_detached(manifest, certificate))
        assert answer.returncode == 0, answer.stderr


def test_a_manifest_changed_after_signing_is_not_accepted(sealed: dict[str, bytes], verify: Verify) -> None:
    manifest = sealed["manifest.json"]
    for changed in (manifest + b"\n", manifest.replace(b",", b", "), manifest[:-3] + b'0"}', b""):
        assert verify(changed, sealed["signature"]).returncode != 0


def test_a_signature_without_its_intermediate_is_not_accepted(certificate: PassCertificate, verify: Verify) -> None:
    leaf = certificate.certificate
    alone = PassCertificate(leaf, certificate.key, intermediate=leaf)
    answer = verify(b"{}", sign_detached(b"{}", alone))
    assert "unable to get local issuer certificate" in answer.stderr


def test_a_signature_holds_the_signing_time_of_this_machine(sealed: dict[str, bytes], openssl: str) -> None:
    text = printed(openssl, sealed["signature"])
    found = re.search(r"signingTime .*?UTCTIME:(\w+ +\d+ [\d:]+ \d+) GMT", text, re.DOTALL)
    assert found is not None
    signed_at = datetime.strptime(found[1], "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - signed_at).total_seconds()) < 60
    assert signed_at >= NOW


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
    sealed = entries(seal_pass(FILES, from_pem(*parts)))
    assert verify(sealed["manifest.json"], sealed["signature"]).returncode == 0


def test_a_manifest_is_one_line_and_names_every_file_but_itself(sealed: dict[str, bytes]) -> None:
    manifest = json.loads(sealed["manifest.json"])
    assert b"\n" not in sealed["manifest.json"]
    assert manifest == {name: hashlib.sha1(FILES[name], usedforsecurity=False).hexdigest() for name in FILES}


def test_a_pass_holds_what_was_given_and_its_two_papers(sealed: dict[str, bytes]) -> None:
    assert set(sealed) == {*FILES, "manifest.json", "signature"}
    assert {name: sealed[name] for name in FILES} == FILES


def test_a_pass_is_stored_plainly_and_its_dates_say_nothing(certificate: PassCertificate) -> None:
    with zipfile.ZipFile(io.BytesIO(seal_pass(FILES, certificate))) as archive:
        found = archive.infolist()
    assert {entry.compress_type for entry in found} == {zipfile.ZIP_STORED}
    assert {entry.date_time for entry in found} == {(1980, 1, 1, 0, 0, 0)}
    assert all(entry.extract_version < 45 for entry in found), "no ZIP64"


def test_two_seals_differ_in_the_signature_only(certificate: PassCertificate) -> None:
    first = entries(seal_pass(FILES, certificate))
    deadline = time.monotonic() + 10
    while (second := entries(seal_pass(FILES, certificate))) == first:
        assert time.monotonic() < deadline, "the signing time does not move"
    assert list(second) == list(first)
    assert {name for name in first if first[name] != second[name]} == {"signature"}


def test_the_order_in_which_files_are_given_does_not_matter(certificate: PassCertificate) -> None:
    turned = dict(reversed(FILES.items()))
    first, second = entries(seal_pass(FILES, certificate)), entries(seal_pass(turned, certificate))
    assert list(first) == list(second)
    assert first["manifest.json"] == second["manifest.json"]


def test_another_reader_finds_the_same_fields_and_images(
    certificate: PassCertificate, read_pass_command: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "card.pkpass"
    path.write_bytes(seal_pass(FILES, certificate))
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
    path.write_bytes(seal_pass(FILES, certificate).replace(b"0 / 10", b"9 / 10"))
    done = subprocess.run([*read_pass_command, str(path)], capture_output=True, text=True, check=False)
    assert "CRC32 does not match for pass.json" in done.stderr


@pytest.mark.parametrize("given", ["pass.org.example.other", PASS_TYPE.upper(), "", None, 1, [PASS_TYPE]])
def test_a_pass_of_another_type_than_the_certificate_is_not_sealed(certificate: PassCertificate, given: object) -> None:
    with pytest.raises(PassMismatch, match=f"passTypeIdentifier “.*”, the certificate “{PASS_TYPE}”"):
        seal_pass(files_with(passTypeIdentifier=given), certificate)


@pytest.mark.parametrize("given", ["Z9Y8X7W6V5", TEAM_ID.lower(), f"{TEAM_ID} ", "", None])
def test_a_pass_of_another_team_than_the_certificate_is_not_sealed(certificate: PassCertificate, given: object) -> None:
    with pytest.raises(PassMismatch, match=f"teamIdentifier “.*”, the certificate “{TEAM_ID}”"):
        seal_pass(files_with(teamIdentifier=given), certificate)


def test_a_pass_that_names_neither_type_nor_team_is_not_sealed(certificate: PassCertificate) -> None:
    with pytest.raises(PassMismatch):
        seal_pass({**FILES, "pass.json": b"{}"}, certificate)


def test_a_pass_without_its_json_is_not_sealed(certificate: PassCertificate) -> None:
    with pytest.raises(PassFilesRefused, match=r"has no pass\.json"):
        seal_pass({"icon.png": FILES["icon.png"]}, certificate)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"{'a': 1}", b"// no\n{}", b'{"a": 1,}'],
)
def test_a_pass_json_that_is_no_json_object_is_not_sealed(certificate: PassCertificate, content: bytes) -> None:
    with pytest.raises(PassFilesRefused, match=r"pass\.json"):
        seal_pass({**FILES, "pass.json": content}, certificate)


def test_a_key_that_stands_twice_in_pass_json_is_refused(certificate: PassCertificate) -> None:
    content = FILES["pass.json"].replace(b"{", b'{"teamIdentifier": "Z9Y8X7W6V5", ', 1)
    with pytest.raises(PassFilesRefused, match="a key stands there twice"):
        seal_pass({**FILES, "pass.json": content}, certificate)


@pytest.mark.parametrize(
    "name",
    [
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
def test_a_file_that_has_no_place_in_a_pass_is_refused(certificate: PassCertificate, name: str) -> None:
    with pytest.raises(PassFilesRefused, match="has no place in a pass"):
        seal_pass({**FILES, name: b"x"}, certificate)


@pytest.mark.parametrize("name", ["strip@3x.png", "zh-Hans.lproj/strip@2x.png", "pt-BR.lproj/pass.strings"])
def test_a_file_that_has_a_place_in_a_pass_is_taken(certificate: PassCertificate, name: str) -> None:
    assert name in entries(seal_pass({**FILES, name: b"x"}, certificate))
