"""The team in the console: invited by a link, changed by owners only, never without one."""

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine

from issuer.database import transaction
from issuer.merchants import NewMerchant, create_merchant
from issuer.team import INVITED
from tests.conftest import Cafe
from tests.web.conftest import Browser, Travel
from tests.web.members import PASSWORD, Member, member

TEAM = "/console/team"
NEW_PASSWORD = "a horse of my own"


@pytest.fixture
def owner(app: OpenAPI, engine: Engine, now: datetime) -> Member:
    """The only owner of a merchant of their own."""
    with transaction(engine) as session:
        merchant = create_merchant(session, NewMerchant("Bäckerei Ährenkorn"), now)
    return member(app, now, (merchant.id, "owner"))


@pytest.fixture
def clerk(app: OpenAPI, now: datetime, owner: Member) -> Member:
    return _colleague(app, now, owner, "staff")


@pytest.fixture
def guest() -> str:
    return f"guest-{uuid4().hex}@cafe.example"


def _colleague(app: OpenAPI, now: datetime, owner: Member, role: str) -> Member:
    assert owner.merchant_id is not None
    return member(app, now, (owner.merchant_id, role))


def _invite(owner: Member, email: str, role: str = "manager") -> str:
    """The path of the link that the page shows."""
    answer = owner.browser.submit(f"{TEAM}/invitations", email=email, role=role)
    assert answer.status_code == 201, answer.text
    found = re.search(r'id="link" value="http://127.0.0.1:8000(/console/invitation/[^"]+)" readonly', answer.text)
    assert found is not None
    return found[1]


def _guest(app: OpenAPI, path: str) -> Browser:
    return Browser(app.test_client(), path)


def _join(app: OpenAPI, path: str, password: str = NEW_PASSWORD) -> tuple[Browser, int, str]:
    guest = _guest(app, path)
    answer = guest.submit(path, password=password)
    return guest, answer.status_code, answer.text


def _to_member(meant: Member, deed: str) -> str:
    return f"{TEAM}/members/{meant.user_id}/{deed}"


def test_the_team_is_told_with_roles(owner: Member, clerk: Member) -> None:
    page = owner.get(TEAM)
    assert owner.email in page
    assert clerk.email in page
    assert 'id="no-invitations"' in page


def test_a_link_is_shown_once_and_its_guest_listed(owner: Member, guest: str) -> None:
    path = _invite(owner, guest)
    page = owner.get(TEAM)
    assert guest in page
    assert path.rpartition("/")[2] not in page


def test_who_opens_a_link_reads_who_invites_to_what(app: OpenAPI, owner: Member, guest: str) -> None:
    page = app.test_client().get(_invite(owner, guest), headers={"Accept-Language": "en"}).text
    assert "Bäckerei Ährenkorn" in page
    assert f"{owner.email} invites {guest} as: Manager." in html.unescape(page)
    assert 'autocomplete="new-password"' in page


def test_opening_a_link_uses_nothing_up(app: OpenAPI, owner: Member, guest: str) -> None:
    path = _invite(owner, guest)
    for _ in range(3):
        assert app.test_client().get(path).status_code == 200
    assert _join(app, path)[1] == 303


def test_a_link_lets_in_as_what_it_says(app: OpenAPI, owner: Member, guest: str) -> None:
    browser, status, _ = _join(app, _invite(owner, guest))
    assert status == 303
    assert browser.client.get("/console/shops").status_code == 200
    assert browser.client.get(TEAM).status_code == 403
    assert guest in owner.get(TEAM)
    assert 'id="no-invitations"' in owner.get(TEAM)


def test_a_link_works_once(app: OpenAPI, owner: Member, guest: str) -> None:
    path = _invite(owner, guest)
    late = _guest(app, path)
    token = late.token
    _join(app, path)
    answer = late.client.post(path, data={"csrf_token": token, "password": NEW_PASSWORD})
    assert answer.status_code == 404
    assert 'id="no-invitation"' in answer.text
    assert late.client.get("/console").status_code == 303


def test_a_link_is_over_after_seven_days(app: OpenAPI, owner: Member, guest: str, travel: Travel) -> None:
    path = _invite(owner, guest)
    travel(INVITED + timedelta(seconds=1))
    assert app.test_client().get(path).status_code == 404


def test_a_withdrawn_link_lets_nobody_in(app: OpenAPI, owner: Member, guest: str) -> None:
    path = _invite(owner, guest)
    (withdraw,) = re.findall(r'action="(/console/team/invitations/[^"]+/revoke)"', owner.get(TEAM))
    assert owner.browser.submit(withdraw).status_code == 303
    assert app.test_client().get(path).status_code == 404
    assert owner.browser.submit(withdraw).status_code == 404


@pytest.mark.parametrize("token", ["x", "%00", "é", "x" * 1000])
def test_a_link_that_is_none_is_told_so(app: OpenAPI, token: str) -> None:
    assert app.test_client().get(f"/console/invitation/{token}").status_code == 404


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_a_password_that_will_not_do_is_asked_for_again(app: OpenAPI, owner: Member, guest: str, password: str) -> None:
    path = _invite(owner, guest)
    _, status, page = _join(app, path, password)
    assert status == 422
    assert 'id="invitation-error"' in page
    assert _join(app, path)[1] == 303


def test_who_has_an_account_signs_in_with_it(app: OpenAPI, owner: Member, now: datetime, cafe: Cafe) -> None:
    known = member(app, now, (cafe.merchant_id, "staff"))
    path = _invite(owner, known.email, "owner")
    assert 'autocomplete="current-password"' in app.test_client().get(path).text
    assert _join(app, path, NEW_PASSWORD)[1] == 422
    browser, status, _ = _join(app, path, PASSWORD)
    assert status == 303
    assert "Bäckerei Ährenkorn" in browser.client.get("/console").text
    assert known.get("/console"), "nor is the other session disturbed"


@pytest.mark.parametrize("email", ["", "guest", "a b@cafe.example", "<b>guest"])
def test_an_invitation_that_cannot_be_taken_keeps_what_was_typed(owner: Member, email: str) -> None:
    answer = owner.browser.submit(f"{TEAM}/invitations", email=email, role="owner")
    assert answer.status_code == 422
    assert 'id="invite-error"' in answer.text
    assert f'value="{html.escape(email)}"' in answer.text
    assert '<option value="owner" selected>' in answer.text.split('id="invite"')[1]


def test_a_member_is_not_invited_again(owner: Member, clerk: Member) -> None:
    answer = owner.browser.submit(f"{TEAM}/invitations", email=clerk.email.upper(), role="owner")
    assert answer.status_code == 422
    assert "gehört schon zum Team" in answer.text


def test_a_new_role_counts_from_the_next_click(owner: Member, clerk: Member) -> None:
    assert owner.browser.submit(_to_member(clerk, "role"), role="manager").status_code == 303
    clerk.get("/console/shops")
    owner.browser.submit(_to_member(clerk, "role"), role="staff")
    assert clerk.browser.client.get("/console/shops").status_code == 403


@pytest.mark.parametrize("role", ["", "boss"])
def test_a_role_that_is_none_is_refused(owner: Member, clerk: Member, role: str) -> None:
    assert owner.browser.submit(_to_member(clerk, "role"), role=role).status_code == 422


def test_who_is_removed_is_out_at_once(owner: Member, clerk: Member) -> None:
    assert owner.browser.submit(_to_member(clerk, "remove")).status_code == 303
    assert clerk.browser.client.get("/console").location.startswith("/console/sign-in")
    assert clerk.email not in owner.get(TEAM)


@pytest.mark.parametrize(("deed", "fields"), [("remove", {}), ("role", {"role": "staff"})])
def test_the_last_owner_stays_one_and_is_told_why(
    owner: Member, clerk: Member, deed: str, fields: dict[str, str]
) -> None:
    answer = owner.browser.submit(_to_member(owner, deed), **fields)
    assert answer.status_code == 422
    assert f"Nur {owner.email} ist Inhaber." in answer.text
    owner.get(TEAM)


def test_an_owner_who_steps_down_is_led_to_what_they_may_still_see(app: OpenAPI, now: datetime, owner: Member) -> None:
    _colleague(app, now, owner, "owner")
    assert owner.browser.submit(_to_member(owner, "role"), role="staff").location == "/console"
    assert owner.browser.client.get(TEAM).status_code == 403


POSTS: dict[str, Callable[[Member], str]] = {
    "invite": lambda _: f"{TEAM}/invitations",
    "revoke": lambda _: f"{TEAM}/invitations/{uuid4()}/revoke",
    "role": lambda meant: _to_member(meant, "role"),
    "remove": lambda meant: _to_member(meant, "remove"),
}


@pytest.mark.parametrize("post", POSTS)
@pytest.mark.parametrize("role", ["manager", "staff"])
def test_only_owners_change_the_team(
    app: OpenAPI, now: datetime, owner: Member, clerk: Member, role: str, post: str
) -> None:
    colleague = _colleague(app, now, owner, role)
    answer = colleague.browser.submit(POSTS[post](clerk), email="x@cafe.example", role="owner")
    assert answer.status_code == 403
    assert clerk.email in owner.get(TEAM)
    assert "x@cafe.example" not in owner.get(TEAM)


@pytest.mark.parametrize("post", POSTS)
def test_a_form_without_the_pages_token_changes_nothing(owner: Member, clerk: Member, post: str) -> None:
    fields = {"email": "x@cafe.example", "role": "owner"}
    assert owner.browser.client.post(POSTS[post](clerk), data=fields).status_code == 400
    assert clerk.email in owner.get(TEAM)


@pytest.mark.parametrize("deed", ["role", "remove"])
def test_another_merchants_member_is_not_found(
    app: OpenAPI, now: datetime, owner: Member, other_cafe: Cafe, deed: str
) -> None:
    stranger = member(app, now, (other_cafe.merchant_id, "manager"))
    assert owner.browser.submit(_to_member(stranger, deed), role="staff").status_code == 404
    stranger.get("/console/shops")


@pytest.mark.parametrize("user_id", ["x", "%00", "00000000-0000-4000-8000-000000000000"])
def test_a_member_that_is_none_is_not_found(owner: Member, user_id: str) -> None:
    assert owner.browser.submit(f"{TEAM}/members/{user_id}/remove").status_code == 404


def test_another_merchants_invitation_is_not_found(app: OpenAPI, owner: Member, console: Browser, guest: str) -> None:
    path = _invite(owner, guest)
    (withdraw,) = re.findall(r'action="(/console/team/invitations/[^"]+/revoke)"', owner.get(TEAM))
    assert console.submit(withdraw).status_code == 404
    assert app.test_client().get(path).status_code == 200


def test_a_link_needs_the_token_of_its_page(app: OpenAPI, owner: Member, guest: str) -> None:
    path = _invite(owner, guest)
    assert app.test_client().post(path, data={"password": NEW_PASSWORD}).status_code == 400
    assert _join(app, path)[1] == 303
