import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from sandbox.authority import Authority, ensure_authority

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("authority")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return ensure_authority(folder, pass_type="pass.org.example.card", team_id="TEAM123456", now=NOW)


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_pass_certificate_names_pass_type_and_team_where_apple_puts_them(authority: Authority) -> None:
    subject = _certificate(authority.pass_certificate).subject
    assert subject.get_attributes_for_oid(NameOID.USER_ID)[0].value == "pass.org.example.card"
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value == "TEAM123456"
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "Pass Type ID: pass.org.example.card"


def test_everything_hangs_under_one_root(authority: Authority) -> None:
    root, wwdr = _certificate(authority.root), _certificate(authority.intermediate)
    wwdr.verify_directly_issued_by(root)
    _certificate(authority.pass_certificate).verify_directly_issued_by(wwdr)
    _certificate(authority.server_certificate).verify_directly_issued_by(root)


def test_certificates_are_valid_ten_years_back_and_ten_years_on(authority: Authority) -> None:
    root = _certificate(authority.root)
    assert root.not_valid_before_utc == NOW - timedelta(days=3650)
    assert root.not_valid_after_utc == NOW + timedelta(days=3650)


def test_keys_are_readable_by_their_owner_only(authority: Authority, folder: Path) -> None:
    keys = sorted(folder.glob("*.key"))
    assert authority.pass_key in keys
    assert authority.server_key in keys
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}


def test_a_second_call_changes_no_file(authority: Authority, folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    again = ensure_authority(
        folder, pass_type="pass.org.example.card", team_id="TEAM123456", now=NOW + timedelta(days=9)
    )
    assert again == authority
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_another_team_gets_another_pass_certificate_under_the_same_root(tmp_path: Path) -> None:
    first = ensure_authority(tmp_path, pass_type="pass.org.example.card", team_id="TEAM123456", now=NOW)
    root = first.root.read_bytes()
    ensure_authority(tmp_path, pass_type="pass.org.example.card", team_id="OTHERTEAM1", now=NOW)
    assert first.root.read_bytes() == root
    assert "OTHERTEAM1" in _certificate(first.pass_certificate).subject.rfc4514_string()


def test_a_lost_intermediate_is_made_anew_with_what_hung_under_it(tmp_path: Path) -> None:
    paths = ensure_authority(tmp_path, pass_type="pass.org.example.card", team_id="TEAM123456", now=NOW)
    paths.intermediate.unlink()
    ensure_authority(tmp_path, pass_type="pass.org.example.card", team_id="TEAM123456", now=NOW)
    _certificate(paths.intermediate).verify_directly_issued_by(_certificate(paths.root))
    _certificate(paths.pass_certificate).verify_directly_issued_by(_certificate(paths.intermediate))


def test_openssl_accepts_a_signature_made_with_the_pass_certificate(authority: Authority, tmp_path: Path) -> None:
    key = serialization.load_pem_private_key(authority.pass_key.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    signature = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(b"{}")
        .add_signer(_certificate(authority.pass_certificate), key, hashes.SHA256())
        .add_certificate(_certificate(authority.intermediate))
        .sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])
    )
    (tmp_path / "manifest.json").write_bytes(b"{}")
    (tmp_path / "signature").write_bytes(signature)
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature"]
    command += ["-content", "manifest.json", "-CAfile", str(authority.root), "-out", "/dev/null"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
