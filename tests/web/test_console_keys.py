"""Keys in the console: made by owners, shown once, revoked for good."""

import html
import re
import subprocess
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine

from issuer import api_keys
from issuer.database import transaction
from issuer.merchants import NewMerchant, create_merchant
from tests.conftest import Cafe
from tests.web.asking import Api, refused
from tests.web.conftest import Travel
from tests.web.members import Member, member

KEYS = "/console/keys"
TOKEN = re.compile(r'id="key" value="(tp_[A-Za-z0-9_-]{43})" readonly')


@pytest.fixture
def owner(app: OpenAPI, engine: Engine, now: datetime) -> Member:
    """The only owner of a merchant of their own."""
    with transaction(engine) as session:
        merchant = create_merchant(session, NewMerchant("Bäckerei Ährenkorn"), now)
    return member(app, now, (merchant.id, "owner"))


def _post(meant: Member, name: str = "Till 2", scopes: tuple[str, ...] = ("read",)) -> Any:
    data = {"csrf_token": meant.browser.token, "name": name, "scopes": list(scopes)}
    return meant.browser.client.post(KEYS, data=data)


def _made(owner: Member, *scopes: str, name: str = "Till 2") -> str:
    answer = _post(owner, name, scopes or api_keys.SCOPES)
    assert answer.status_code == 201, answer.text
    found = TOKEN.search(answer.text)
    assert found is not None
    return found[1]


def _revoke_path(page: str) -> str:
    (path,) = re.findall(rf'action="({KEYS}/[^"]+/revoke)"', page)
    return str(path)


def test_a_shop_without_keys_is_told_what_they_are_for(owner: Member) -> None:
    page = owner.get(KEYS)
    assert 'id="no-keys"' in page
    assert 'id="revoked"' not in page
    assert f'href="{KEYS}" aria-current="page"' in page


def test_a_key_is_shown_once_and_works_at_once(app: OpenAPI, owner: Member) -> None:
    answer = _post(owner, scopes=api_keys.SCOPES)
    assert answer.headers["Cache-Control"] == "no-store"
    token = TOKEN.search(answer.text)[1]  # type: ignore[index]
    assert Api(app.test_client(), token).get("/programs").status_code == 200
    page = owner.get(KEYS)
    assert token not in page
    assert f"…{token[-4:]}" in page


def test_the_example_is_a_command_that_names_the_key_and_this_house(owner: Member) -> None:
    page = _post(owner, scopes=("read",)).text
    command = html.unescape(re.search(r'id="example" value="([^"]+)"', page)[1])  # type: ignore[index]
    token = TOKEN.search(page)[1]  # type: ignore[index]
    assert command == f'curl "http://127.0.0.1:8000/api/v1/programs" -H "Authorization: Bearer {token}"'
    assert subprocess.run(["sh", "-n", "-c", command], check=True).returncode == 0


def test_a_key_that_may_not_look_comes_without_an_example_that_would_fail(owner: Member) -> None:
    assert 'id="example"' not in _post(owner, scopes=("write",)).text


def test_the_list_tells_name_rights_maker_and_use(app: OpenAPI, owner: Member, travel: Travel) -> None:
    token = _made(owner, "read", "programs", name="Online <shop>")
    page = owner.get(f"{KEYS}?lang=en")
    row = page.partition('id="keys"')[2].partition("</ul>")[0]
    for part in ("Online &lt;shop&gt;", "Look", "Change programs", owner.email, "never used"):
        assert part in row
    assert "Stamp and redeem" not in row
    Api(app.test_client(), token).get("/programs")
    assert "last used: just now" in owner.get(KEYS)
    travel(timedelta(minutes=5))
    assert "last used: 5 minutes ago" in owner.get(KEYS)


def test_a_key_does_what_it_was_ticked_for_and_nothing_else(app: OpenAPI, owner: Member) -> None:
    client, nothing = app.test_client(), str(uuid4())
    calls = {
        "read": lambda caller: caller.get(f"/programs/{nothing}"),
        "write": lambda caller: caller.post(f"/cards/{nothing}/stamps", {}),
        "programs": lambda caller: caller.send("PATCH", f"/programs/{nothing}", json={"pause_seconds": 1}),
    }
    for scope in calls:
        caller = Api(client, _made(owner, scope, name=scope))
        for other, call in calls.items():
            status, code = (404, "not_found") if other == scope else (403, "scope_missing")
            refused(call(caller), status, code)


def test_a_revoked_key_is_listed_as_revoked_and_opens_nothing(app: OpenAPI, owner: Member) -> None:
    caller = Api(app.test_client(), _made(owner, name="Old till"))
    path = _revoke_path(owner.get(KEYS))
    assert owner.browser.submit(path).status_code == 303
    refused(caller.get("/programs"), 401, "unauthorized")
    page = owner.get(KEYS)
    assert "Old till" in page.partition('id="revoked"')[2]
    assert 'id="no-keys"' in page
    assert owner.browser.submit(path).status_code == 404


def test_whoever_revokes_is_told_before_that_it_cannot_be_undone(owner: Member) -> None:
    _made(owner)
    before = owner.get(f"{KEYS}?lang=en").partition(f'action="{KEYS}/')[0]
    assert "This cannot be undone." in before


@pytest.mark.parametrize(("name", "scopes"), [("", ("read",)), ("x" * 61, ("read",)), ("Till", ()), ("Till", ("x",))])
def test_a_key_that_cannot_be_made_is_refused_and_keeps_what_was_typed(
    owner: Member, name: str, scopes: tuple[str, ...]
) -> None:
    answer = _post(owner, name, scopes)
    assert answer.status_code == 422
    assert 'id="make-error"' in answer.text
    assert f'value="{name}"' in answer.text
    ticked = re.findall(r'name="scopes" value="(\w+)" checked', answer.text)
    assert ticked == [scope for scope in scopes if scope in api_keys.SCOPES]
    assert TOKEN.search(answer.text) is None
    assert 'id="no-keys"' in owner.get(KEYS)


@pytest.mark.parametrize("role", ["manager", "staff"])
def test_only_owners_see_and_make_keys(app: OpenAPI, now: datetime, owner: Member, role: str) -> None:
    assert owner.merchant_id is not None
    _made(owner)
    path = _revoke_path(owner.get(KEYS))
    colleague = member(app, now, (owner.merchant_id, role))
    assert colleague.browser.client.get(KEYS).status_code == 403
    assert _post(colleague).status_code == 403
    assert colleague.browser.submit(path).status_code == 403
    assert f'href="{KEYS}"' not in colleague.get("/console")
    assert _revoke_path(owner.get(KEYS)) == path


def test_nobody_signed_in_sees_no_keys(app: OpenAPI) -> None:
    assert app.test_client().get(KEYS).status_code == 303


def test_a_form_without_the_pages_token_changes_nothing(owner: Member) -> None:
    _made(owner)
    path = _revoke_path(owner.get(KEYS))
    assert owner.browser.client.post(KEYS, data={"name": "x", "scopes": "read"}).status_code == 400
    assert owner.browser.client.post(path).status_code == 400
    assert _revoke_path(owner.get(KEYS)) == path


def test_another_merchants_key_is_not_found(app: OpenAPI, owner: Member, other_cafe: Cafe, now: datetime) -> None:
    _made(owner)
    path = _revoke_path(owner.get(KEYS))
    stranger = member(app, now, (other_cafe.merchant_id, "owner"))
    assert stranger.browser.submit(path).status_code == 404
    assert _revoke_path(owner.get(KEYS)) == path
