"""`treuepass certificate`: request, import, show, rotate-key; with openssl as second opinion."""

import base64
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from sqlalchemy import Engine, select

from cli.certificate import certificate
from cli.main import main
from issuer import certificates, push_stops
from issuer.database import transaction
from issuer.keys import Keys
from issuer.schema import Certificate, CertificateRequest
from signing.certificates import PassCertificate
from tests.conftest import Cafe
from tests.signing.throwaway import DAY, NOW, PASS_TYPE, TEAM_ID, Authority, Issued, make_authority, rsa_key

PASSWORD = "geheim-wie-sonst-nichts"
NEW_KEY = base64.b64encode(b"n" * 32).decode()
Put = Callable[[str, bytes], str]


@pytest.fixture(autouse=True)
def _settings(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def apple() -> Authority:
    return make_authority()


@pytest.fixture
def put(tmp_path: Path) -> Put:
    def write(name: str, data: bytes) -> str:
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return write


def run(*words: str, given: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["certificate", *words], input=given)


def done(*words: str, given: bytes = b"") -> Result:
    result = run(*words, given=given)
    assert result.exit_code == 0, result.output
    return result


def refused(*words: str, given: bytes = b"") -> str:
    """What is said on the way out: one sentence, or one with the way to give the password."""
    result = run(*words, given=given)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    assert PASSWORD not in result.output
    return result.stderr


def stored(engine: Engine) -> list[Certificate]:
    with transaction(engine) as session:
        return certificates.every(session)


def p12(leaf: Issued, apple: Authority, password: str = PASSWORD) -> bytes:
    lock = BestAvailableEncryption(password.encode())
    assert isinstance(leaf.key, rsa.RSAPrivateKey)
    beside = [apple.intermediate.certificate]
    return pkcs12.serialize_key_and_certificates(b"Pass", leaf.key, leaf.certificate, beside, lock)


@pytest.mark.parametrize("password", [b"\xff\xfe", b"\0", PASSWORD.encode("utf-16")], ids=["bytes", "zero", "utf-16"])
def test_a_password_that_is_no_text_gets_a_sentence(apple: Authority, put: Put, password: bytes) -> None:
    file, held = put("pass.p12", p12(apple.issue(), apple)), put("password", password)
    assert "password" in refused("import", file, "--password-file", held)


def test_names_that_cannot_be_kept_and_files_without_end_get_a_sentence(apple: Authority, put: Put) -> None:
    rest = apple.issue().key_file() + apple.intermediate.pem
    for leaf, said in ((apple.issue(uid="pass.a\0b"), "Pass Type ID"), (apple.issue(team="\0"), "names no team")):
        assert said in refused("import", put("pass.pem", leaf.pem + rest))
    assert "more than" in refused("import", "/dev/zero")


def test_from_the_request_to_a_certificate_in_use(engine: Engine, keys: Keys, apple: Authority, put: Put) -> None:
    request = done("request").stdout_bytes
    files = [put("whatever.bin", apple.answer(request)), put("other.bin", apple.intermediate.pem)]
    said = done("import", *files).stdout
    assert said == f"Passes of type {PASS_TYPE} (team {TEAM_ID}) are signed with it until {NOW + 365 * DAY:%Y-%m-%d}.\n"
    (row,) = stored(engine)
    assert certificates.opened(row, keys).pass_type == PASS_TYPE


def test_the_request_alone_is_printed_and_what_to_do_stands_beside(openssl: str, engine: Engine) -> None:
    result = done("request")
    subprocess.run([openssl, "req", "-verify", "-noout"], input=result.stdout_bytes, check=True, capture_output=True)
    assert "certificate import pass.cer" in result.stderr
    assert "PRIVATE" not in result.output


def test_a_request_is_written_to_a_file_and_nothing_else_is(tmp_path: Path, engine: Engine) -> None:
    path = tmp_path / "pass.csr"
    assert done("request", "--output", str(path)).stdout == ""
    assert path.read_bytes().startswith(b"-----BEGIN CERTIFICATE REQUEST-----")
    assert [one.name for one in tmp_path.iterdir()] == ["pass.csr"]


def test_the_key_of_a_request_is_in_the_database_sealed(engine: Engine) -> None:
    done("request")
    with transaction(engine) as session:
        row = session.scalars(select(CertificateRequest)).one()
    assert b"PRIVATE" not in row.key_sealed


@pytest.mark.parametrize("command", ["request", "import"])
def test_a_merchant_that_is_not_there_is_refused_by_name(cafe: Cafe, put: Put, command: str) -> None:
    nobody, words = str(uuid4()), [put("pass.cer", b"x")] if command == "import" else []
    assert f"There is no merchant {nobody}" in refused(command, *words, "--merchant-id", nobody)


def test_a_merchants_request_becomes_the_merchants_certificate(
    engine: Engine, cafe: Cafe, apple: Authority, put: Put
) -> None:
    request = done("request", "--merchant-id", str(cafe.merchant_id)).stdout_bytes
    done("import", put("a", apple.answer(request)), put("b", apple.intermediate.der))
    assert [row.merchant_id for row in stored(engine)] == [cafe.merchant_id]


@pytest.mark.parametrize("way", ["file", "standard input"])
def test_the_password_of_a_p12_is_read_from_a_file_or_standard_input(
    engine: Engine, apple: Authority, put: Put, way: str
) -> None:
    path = put("pass.p12", p12(apple.issue(), apple))
    if way == "file":
        done("import", path, "--password-file", put("password.txt", f"{PASSWORD}\r\n".encode()))
    else:
        done("import", path, "--password-file", "-", given=f"{PASSWORD}\nand more\n".encode())
    assert [row.pass_type for row in stored(engine)] == [PASS_TYPE]


def test_nobody_who_could_be_asked_is_told_how_to_give_the_password(apple: Authority, put: Put, engine: Engine) -> None:
    sentence = refused("import", put("pass.p12", p12(apple.issue(), apple)))
    assert "locked by a password" in sentence
    assert "--password-file" in sentence


def test_at_a_terminal_the_password_is_asked_for_and_not_shown(apple: Authority, put: Put, engine: Engine) -> None:
    path = put("pass.p12", p12(apple.issue(), apple))
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-m", "cli.main", "certificate", "import", path], os.environ)  # noqa: S606
    seen = b""
    while b"Password" not in seen:
        seen += os.read(terminal, 1000)
    os.write(terminal, f"{PASSWORD}\n".encode())
    while part := _read(terminal):
        seen += part
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, seen
    assert PASSWORD.encode() not in seen
    assert [row.pass_type for row in stored(engine)] == [PASS_TYPE]


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1000)
    except OSError:  # so Linux says that the other side is closed
        return b""


def test_a_wrong_password_is_refused_and_not_repeated(apple: Authority, put: Put, engine: Engine) -> None:
    path = put("pass.p12", p12(apple.issue(), apple, "another"))
    assert "the password does not open it" in refused(
        "import", path, "--password-file", put("password.txt", PASSWORD.encode())
    )


def test_no_option_takes_a_password(engine: Engine) -> None:
    for command in ("request", "import", "show", "rotate-key"):
        taken = {name for one in certificate.commands[command].params for name in one.opts}
        assert taken <= {"files", "--merchant-id", "--output", "--password-file"}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("key missing", "is missing"),
        ("wrong key", "does not belong to the certificate"),
        ("two keys", "There are 2 different private keys"),
        ("expired", "expired on"),
        ("not yet valid", "is valid from"),
        ("no pass type", "is not a Pass Type ID certificate"),
        ("wrong intermediate", "did not sign"),
        ("another team", "names team OTHERTEAM9"),
        ("no certificate", "is neither a certificate nor a private key"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(
    engine: Engine, apple: Authority, put: Put, fault: str, said: str
) -> None:
    done("import", *_good(apple, put))
    before = [row.id for row in stored(engine)]
    sentence = refused("import", *(put(f"{place}.bin", data) for place, data in enumerate(_faulty(fault, apple))))
    assert said in sentence
    assert sentence.startswith("Error: ")
    assert len(sentence.strip().splitlines()) == 1
    assert [row.id for row in stored(engine)] == before


def _good(apple: Authority, put: Put) -> list[str]:
    leaf = apple.issue()
    return [put("pass.cer", leaf.der), put("pass.key", leaf.key_file()), put("wwdr.cer", apple.intermediate.der)]


def _faulty(fault: str, apple: Authority) -> list[bytes]:
    leaf, other = apple.issue(key=rsa_key("renewed")), rsa_key("another")
    wwdr, key, foreign = apple.intermediate.pem, leaf.key_file(), Issued(leaf.certificate, other).key_file()
    changed = {
        "expired": {"until": NOW - DAY},
        "not yet valid": {"since": NOW + 2 * DAY},
        "no pass type": {"uid": "org.example.app"},
        "another team": {"team": "OTHERTEAM9"},
    }
    if fault in changed:
        return [apple.issue(key=rsa_key("renewed"), **changed[fault]).der, key, wwdr]  # type: ignore[arg-type]
    return {
        "key missing": [leaf.der, wwdr],
        "wrong key": [leaf.der, foreign, wwdr],
        "two keys": [leaf.der, key + foreign, wwdr],
        "wrong intermediate": [leaf.der, key, apple.intermediate_again(key=other).pem],
        "no certificate": [b"<html>Sign in to Apple</html>"],
    }[fault]


def test_show_names_what_an_operator_asks_for(engine: Engine, cafe: Cafe, apple: Authority, put: Put) -> None:
    done("import", *_good(apple, put))
    done("request", "--merchant-id", str(cafe.merchant_id))
    shown = done("show").stdout
    end = NOW + 335 * DAY
    for part in (
        PASS_TYPE, TEAM_ID, "platform", "in use", f"{NOW - 30 * DAY:%Y-%m-%d} to {end:%Y-%m-%d}, 33", "days left",
        f"Café Test ({cafe.merchant_id}): 0 passes",
        "Certification Authority, G4", f"for merchant {cafe.merchant_id}: waits for its certificate",
    ):  # fmt: skip
        assert part in shown, part
    assert "PRIVATE" not in shown


def test_show_gives_the_serial_and_fingerprint_that_openssl_gives(
    engine: Engine, apple: Authority, put: Put, openssl: str
) -> None:
    done("import", *_good(apple, put))
    (row,) = stored(engine)
    asked = [openssl, "x509", "-noout", "-serial", "-fingerprint", "-sha256"]
    seen = subprocess.run(asked, input=row.certificate_pem, check=True, capture_output=True).stdout.decode()
    shown = done("show").stdout
    for line in seen.splitlines():
        assert line.partition("=")[2].lstrip("0") in shown


def test_show_tells_the_one_in_use_from_the_one_it_replaced(engine: Engine, apple: Authority, put: Put) -> None:
    done("import", *_good(apple, put))
    renewed = apple.issue(key=rsa_key("renewed"), until=NOW + 364 * DAY)
    done("import", put("new", renewed.der), put("key", renewed.key_file()), put("wwdr", apple.intermediate.der))
    old, new = done("show").stdout.split("\n\n")
    assert "replaced by a newer one" in old
    assert "in use" in new


@pytest.mark.parametrize(
    ("times", "words"), [(1, "passes are still signed"), (push_stops.SURE + 1, "nothing is signed with it any more")]
)
def test_show_says_what_apple_says_of_the_one_in_use(
    engine: Engine, apple: Authority, put: Put, times: int, words: str
) -> None:
    done("import", *_good(apple, put))
    with transaction(engine) as session:
        for _ in range(times):
            push_stops.stop(session, PASS_TYPE, "403 BadCertificate", NOW, NOW + DAY, refused=True)
    (state,) = [line for line in done("show").stdout.splitlines() if line.startswith("  state")]
    assert "in use" in state
    assert f"since {NOW:%Y-%m-%d %H:%M} UTC pushes wait (403 BadCertificate), {words}" in state


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (NOW - 30 * DAY, NOW - DAY, "it has ended: nothing is signed with it any more"),
        (NOW + DAY, NOW + 30 * DAY, "not valid yet: look at this machine's clock"),
    ],
    ids=["ended", "not begun"],
)
def test_show_says_when_nothing_can_be_signed_for_its_dates(
    engine: Engine, keys: Keys, apple: Authority, since: datetime, until: datetime, words: str
) -> None:
    leaf = apple.issue(since=since, until=until)
    with transaction(engine) as session:
        given = PassCertificate(leaf.certificate, rsa_key("leaf"), apple.intermediate.certificate)
        certificates.store(session, keys, given, NOW)
    (dates,) = [line for line in done("show").stdout.splitlines() if line.startswith("  valid")]
    assert f"{since:%Y-%m-%d} to {until:%Y-%m-%d}, {words}" in dates


def test_show_without_any_says_how_to_begin(engine: Engine) -> None:
    assert "treuepass certificate request" in done("show").stdout


def test_a_new_key_takes_everything_over(
    engine: Engine, keys: Keys, apple: Authority, put: Put, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done("import", *_good(apple, put))
    done("request")
    monkeypatch.setenv("KEY_ENCRYPTION_KEY", f"{NEW_KEY}, {environ['KEY_ENCRYPTION_KEY']}")
    said = done("rotate-key").stdout
    assert said.splitlines()[:2] == ["keys of certificates: 1", "keys of requests: 1"]
    assert "take the old one out" in said
    monkeypatch.setenv("KEY_ENCRYPTION_KEY", NEW_KEY)
    assert "take the old one out" in done("rotate-key").stdout
    request = done("request").stdout_bytes
    done("import", put("a", apple.answer(request)), put("b", apple.intermediate.der))
    assert NEW_KEY not in said


def test_a_new_key_without_the_old_one_is_refused_by_what_is_left(
    engine: Engine, apple: Authority, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    done("import", *_good(apple, put))
    monkeypatch.setenv("KEY_ENCRYPTION_KEY", NEW_KEY)
    sentence = refused("rotate-key")
    assert "keys of certificates: 1 still under the key " in sentence
    assert "add that to KEY_ENCRYPTION_KEY and run this again." in sentence


def test_with_the_wrong_key_the_import_of_a_requests_certificate_is_refused_in_one_sentence(
    engine: Engine, apple: Authority, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = done("request").stdout_bytes
    monkeypatch.setenv("KEY_ENCRYPTION_KEY", NEW_KEY)
    sentence = refused("import", put("a", apple.answer(request)), put("b", apple.intermediate.der))
    assert "but KEY_ENCRYPTION_KEY is" in sentence
    assert len(sentence.strip().splitlines()) == 1
