"""The readers that look over every pass of the tests do see faults."""

import zipfile
from pathlib import Path

import pytest

from signing.certificates import PassCertificate
from signing.cms import Signer
from signing.pkpass import fixed_files
from tests.second_readers import SecondReaders
from tests.signing.test_pkpass import FILES, NOW, PASS, entries


@pytest.fixture
def readers(tmp_path: Path, certificate: PassCertificate, openssl: str, read_pass_command: list[str]) -> SecondReaders:
    """Readers who keep one pass. They are none where a program is missing."""
    found = SecondReaders(tmp_path)
    found.seal(PASS, fixed_files(FILES), Signer(certificate), NOW)
    return found


def _spoil(folder: Path, name: str, old: bytes, new: bytes) -> None:
    (path,) = folder.glob("*.pkpass")
    files = entries(path.read_bytes())
    with zipfile.ZipFile(path, "w") as archive:
        for one, data in files.items():
            archive.writestr(one, data.replace(old, new) if one == name else data)


def test_what_is_right_they_take(readers: SecondReaders) -> None:
    assert list(readers.complaints()) == []


def test_a_manifest_that_is_not_the_signed_one_is_complained_of_by_openssl(
    readers: SecondReaders, tmp_path: Path
) -> None:
    _spoil(tmp_path, "manifest.json", b"icon.png", b"icon_png")
    assert any("openssl" in complaint for complaint in readers.complaints())


def test_a_pass_that_cannot_be_read_is_complained_of_by_pass_js(readers: SecondReaders, tmp_path: Path) -> None:
    _spoil(tmp_path, "pass.json", b'"formatVersion":1', b'"formatVersion":!')
    assert any("pass-js" in complaint for complaint in readers.complaints())
