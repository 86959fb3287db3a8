import os
import shutil
from pathlib import Path

import pytest

from signing.certificates import PassCertificate, read_pass_certificate
from tests.signing.throwaway import NOW, Authority, make_authority

NODE_FOLDER = Path(__file__).parents[1] / "node"


@pytest.fixture(scope="session")
def authority() -> Authority:
    return make_authority()


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> PassCertificate:
    leaf = authority.issue()
    files = [leaf.pem, leaf.key_file(), authority.intermediate.pem]
    return read_pass_certificate(files, password=None, now=NOW)


@pytest.fixture(scope="session")
def openssl() -> str:
    return _program("openssl") or _missing("openssl is not installed: no second opinion on signatures")


@pytest.fixture(scope="session")
def unzip() -> str:
    return _program("unzip") or _missing("unzip is not installed: no second opinion on packages")


@pytest.fixture(scope="session")
def read_pass_command() -> list[str]:
    """The Node program that re-reads a pass, without the path of the pass."""
    node = _program("node") or _missing("node is not installed: no second reader of passes")
    if not (NODE_FOLDER / "node_modules").is_dir():
        _missing("tests/node/node_modules is missing (npm ci --prefix tests/node): no second reader of passes")
    return [node, str(NODE_FOLDER / "read_pass.mjs")]


def _program(name: str) -> str | None:
    return shutil.which(name)


def _missing(reason: str) -> str:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
