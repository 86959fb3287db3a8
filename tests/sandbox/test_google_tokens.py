"""Who may call the sandbox's Google, by Google's own client library and by forged assertions."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.google_account import ensure_service_account
from sandbox.google_errors import GoogleRefused
from sandbox.google_tokens import GRANT, SCOPE, Tokens
from tests.sandbox.google_parts import Client, image, reason, token
from tests.sandbox.parts import machine_now


def _claims(wallet: Client, **changes: Any) -> dict[str, Any]:
    now = int(machine_now().timestamp())
    usual = {"iss": wallet.google.account.email, "aud": f"{wallet.root}/token", "scope": SCOPE}
    claims = usual | {"iat": now, "exp": now + 3600} | changes
    return {key: value for key, value in claims.items() if value is not None}


def _ask(wallet: Client, assertion: str, grant: str = GRANT) -> requests.Response:
    form = {"grant_type": grant, "assertion": assertion}
    return requests.post(f"{wallet.root}/token", data=form, timeout=5)


def test_the_key_file_is_one_of_googles_and_only_for_its_owner(tmp_path: Path) -> None:
    account = ensure_service_account(tmp_path, "http://127.0.0.1:1/google/token")
    info = json.loads(account.path.read_bytes())
    assert info["type"] == "service_account"
    assert {"client_email", "private_key", "private_key_id", "token_uri", "project_id"} <= info.keys()
    assert info["token_uri"] == "http://127.0.0.1:1/google/token"
    assert stat.S_IMODE(account.path.stat().st_mode) == 0o600


def test_the_key_stays_and_the_address_follows_the_port(tmp_path: Path) -> None:
    first = ensure_service_account(tmp_path, "http://127.0.0.1:1/google/token")
    second = ensure_service_account(tmp_path, "http://127.0.0.1:2/google/token")
    assert second.key_id == first.key_id
    assert second.public_key == first.public_key
    assert json.loads(second.path.read_bytes())["token_uri"] == "http://127.0.0.1:2/google/token"


def test_googles_own_library_gets_a_token_and_is_let_in(wallet: Client) -> None:
    assert wallet.call("GET", "loyaltyClass", issuerId="3388000000099999999").status_code == 200


def test_a_token_is_a_bearer_token_of_an_hour(wallet: Client) -> None:
    answer = _ask(wallet, token(wallet, _claims(wallet))).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"iss": "somebody@else.iam.gserviceaccount.com"}, "invalid_grant", "account not found"),
        ({"iss": None}, "invalid_grant", "account not found"),
        ({"aud": "google"}, "invalid_grant", "audience"),
        ({"aud": None}, "invalid_grant", "audience"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope", "scope"),
        ({"scope": None}, "invalid_scope", "scope"),
        ({"iat": None}, "invalid_grant", "short-lived"),
        ({"exp": None}, "invalid_grant", "short-lived"),
        ({"iat": "now"}, "invalid_grant", "short-lived"),
        ({"exp": 1_700_000_000}, "invalid_grant", "short-lived"),
        ({"iat": 4_000_000_000, "exp": 4_000_003_600}, "invalid_grant", "short-lived"),
        ({"exp": 4_000_000_000}, "invalid_grant", "short-lived"),
    ],
)
def test_an_assertion_that_says_the_wrong_thing_gets_no_token(
    wallet: Client, changes: dict[str, Any], error: str, text: str
) -> None:
    answer = _ask(wallet, token(wallet, _claims(wallet, **changes)))
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert text in answer.json()["error_description"]


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {}, {"alg": "RS256", "kid": "another"}])
def test_an_assertion_with_another_algorithm_or_key_id_gets_no_token(wallet: Client, header: dict[str, str]) -> None:
    answer = _ask(wallet, token(wallet, _claims(wallet), header=header))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_an_assertion_of_a_foreign_key_gets_no_token(wallet: Client) -> None:
    foreign = rsa.generate_private_key(65537, 2048)
    answer = _ask(wallet, token(wallet, _claims(wallet), key=foreign))
    assert answer.json()["error_description"] == "Invalid JWT Signature."


@pytest.mark.parametrize("assertion", ["", "x", "a.b", "a.b.c", "e30.e30.e30", "....", "ä.ö.ü", "e30.W10.e30"])
def test_what_is_no_assertion_gets_no_token(wallet: Client, assertion: str) -> None:
    assert _ask(wallet, assertion).json()["error"] == "invalid_grant"


def test_a_changed_assertion_gets_no_token(wallet: Client) -> None:
    head, claims, signature = token(wallet, _claims(wallet)).split(".")
    other = token(wallet, _claims(wallet, scope=f"{SCOPE} x")).split(".")[1]
    assert claims != other
    assert _ask(wallet, f"{head}.{other}.{signature}").json()["error_description"] == "Invalid JWT Signature."


@pytest.mark.parametrize("grant", ["", "password", "client_credentials"])
def test_another_grant_type_is_not_supported(wallet: Client, grant: str) -> None:
    answer = _ask(wallet, token(wallet, _claims(wallet)), grant)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer nonsense", "Basic dXNlcjpwYXNz"])
@pytest.mark.parametrize(("method", "path"), [("GET", "loyaltyClass?issuerId=1"), ("POST", "loyaltyObject")])
def test_nothing_is_told_or_taken_without_a_token(
    wallet: Client, authorization: str | None, method: str, path: str
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = requests.request(method, f"{wallet.base}/{path}", headers=headers, json={}, timeout=5)
    assert reason(answer) == (401, "authError")


def test_a_token_dies_after_its_time(wallet: Client) -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    times = [at]
    tokens = Tokens(lambda: times[0])
    stamp = int(at.timestamp())
    form = {"grant_type": GRANT, "assertion": token(wallet, _claims(wallet, iat=stamp, exp=stamp + 60))}
    given = tokens.grant(form, wallet.google.account, life=100)["access_token"]
    times[0] = at + timedelta(seconds=99)
    tokens.check(f"Bearer {given}")
    times[0] = at + timedelta(seconds=100)
    with pytest.raises(GoogleRefused, match="401 authError"):
        tokens.check(f"Bearer {given}")


def test_a_revoked_token_is_dead_and_the_library_asks_for_another(wallet: Client) -> None:
    wallet.call("GET", "loyaltyClass", issuerId="3388000000099999999")
    old = wallet.session.credentials.token
    assert wallet.tell("revoke", None).json()["revoked"] >= 1
    headers = {"Authorization": f"Bearer {old}"}
    assert requests.get(f"{wallet.base}/loyaltyClass", headers=headers, timeout=5).status_code == 401
    assert wallet.call("GET", "loyaltyClass", issuerId="3388000000099999999").status_code == 200
    assert wallet.session.credentials.token != old


def test_the_life_of_a_token_can_be_set(wallet: Client) -> None:
    wallet.tell("settings", {"token_seconds": 5})
    assert _ask(wallet, token(wallet, _claims(wallet))).json()["expires_in"] == 5
    wallet.tell("settings", {"token_seconds": 3600})


def test_the_token_endpoint_can_be_made_to_fail(wallet: Client) -> None:
    wallet.tell("answers", {"match": "token", "answers": [{"status": 503}]})
    asked = token(wallet, _claims(wallet))
    assert [_ask(wallet, asked).status_code, _ask(wallet, asked).status_code] == [503, 200]


def test_no_secret_shows_in_what_is_counted(wallet: Client) -> None:
    wallet.program(programLogo=image("https://example.org/x.png"))
    calls = requests.get(f"{wallet.root}/calls", timeout=5).text
    assert str(wallet.session.credentials.token) not in calls + json.dumps(wallet.state())
