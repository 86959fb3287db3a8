"""One's own account in the console: sessions, the password, and going over to another shop."""

import re
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask_openapi3 import OpenAPI

from issuer import people
from tests.conftest import Cafe
from tests.web.conftest import Browser, Travel
from tests.web.members import PASSWORD, Member, elsewhere, member

ACCOUNT = "/console/account"
BETTER = "a better horse"
FORMS = ("/password", "/sessions/end-others", f"/sessions/{UUID(int=7)}/end", "/shop")


@pytest.fixture
def somebody(app: OpenAPI, cafe: Cafe, now: datetime) -> Member:
    return member(app, now, (cafe.merchant_id, "staff"), agent="Firefox, Mac")


@pytest.fixture
def there(app: OpenAPI, cafe: Cafe, now: datetime, somebody: Member) -> Browser:
    """The same person in another browser."""
    return elsewhere(app, now, somebody.user_id, cafe.merchant_id, "Chrome, Windows")


def _change(somebody: Member, current: str, new: str) -> tuple[int, str]:
    answer = somebody.browser.submit(f"{ACCOUNT}/password", current=current, new=new)
    return answer.status_code, answer.text


def _in(browser: Browser) -> bool:
    return browser.client.get("/console").status_code == 200


def test_the_account_says_whose_it_is_and_where_one_is_signed_in(somebody: Member, there: Browser) -> None:
    page = somebody.get(ACCOUNT)
    assert somebody.email in page
    assert page.count("diese hier") == 1
    assert "Firefox, Mac" in page
    assert "Chrome, Windows" in page


def test_a_session_is_told_with_when_it_was_seen(
    app: OpenAPI, somebody: Member, there: Browser, travel: Travel
) -> None:
    travel(timedelta(hours=3))
    assert _in(somebody.browser)
    page = somebody.get(ACCOUNT)
    assert "gerade eben" in page
    assert "vor 3 Stunden" in page


def test_one_session_is_ended_and_the_others_stay(somebody: Member, there: Browser) -> None:
    (path,) = re.findall(r'action="(/console/account/sessions/[^"/]+/end)"', somebody.get(ACCOUNT))
    assert somebody.browser.submit(path).status_code == 303
    assert not _in(there)
    assert _in(somebody.browser)


def test_all_others_are_ended_at_once(
    app: OpenAPI, cafe: Cafe, now: datetime, somebody: Member, there: Browser
) -> None:
    third = elsewhere(app, now, somebody.user_id, cafe.merchant_id)
    somebody.browser.submit(f"{ACCOUNT}/sessions/end-others")
    assert [_in(browser) for browser in (somebody.browser, there, third)] == [True, False, False]


def test_nobody_ends_a_session_of_somebody_else(app: OpenAPI, cafe: Cafe, now: datetime, somebody: Member) -> None:
    other = member(app, now, (cafe.merchant_id, "owner"))
    elsewhere(app, now, somebody.user_id, cafe.merchant_id)
    (path,) = re.findall(r'action="(/console/account/sessions/[^"/]+/end)"', somebody.get(ACCOUNT))
    other.browser.submit(path)
    assert path in somebody.get(ACCOUNT)


def test_a_changed_password_ends_the_other_sessions_and_says_so(somebody: Member, there: Browser) -> None:
    assert _change(somebody, PASSWORD, BETTER)[0] == 303
    assert "Ihr Passwort ist geändert" in somebody.get(ACCOUNT)
    assert "Ihr Passwort ist geändert" not in somebody.get(ACCOUNT), "said once"
    assert not _in(there)


@pytest.mark.parametrize("new", ["", "short", "x" * 201])
def test_a_password_that_will_not_do_is_refused_and_nothing_ends(somebody: Member, there: Browser, new: str) -> None:
    status, page = _change(somebody, PASSWORD, new)
    assert status == 422
    assert 'id="password-error"' in page
    assert _in(there)


@pytest.mark.parametrize("current", ["", "wrong horse", "\x00"])
def test_the_current_password_is_demanded(somebody: Member, current: str) -> None:
    status, page = _change(somebody, current, BETTER)
    assert status == 422
    assert "jetzige Passwort ist falsch" in page
    assert _change(somebody, PASSWORD, BETTER)[0] == 303


def test_no_password_is_ever_sent_back(somebody: Member) -> None:
    _, page = _change(somebody, "my-secret-of-old", "tooshort1")
    assert "my-secret-of-old" not in page
    assert "tooshort1" not in page


@pytest.mark.parametrize("form", FORMS)
def test_a_form_without_the_pages_token_changes_nothing(somebody: Member, there: Browser, form: str) -> None:
    fields = {"current": PASSWORD, "new": BETTER}
    assert somebody.browser.client.post(ACCOUNT + form, data=fields).status_code == 400
    assert _in(there)


@pytest.mark.parametrize("form", FORMS)
def test_nobody_changes_anything_without_signing_in(app: OpenAPI, form: str) -> None:
    answer = Browser(app.test_client(), "/console/sign-in").submit(ACCOUNT + form)
    assert (answer.status_code, answer.location) == (303, "/console/sign-in")


def test_who_belongs_to_one_shop_sees_no_choice(somebody: Member) -> None:
    assert 'id="switch"' not in somebody.get(ACCOUNT)


def test_who_belongs_to_two_shops_goes_over_and_back(app: OpenAPI, cafe: Cafe, other_cafe: Cafe, now: datetime) -> None:
    both = member(app, now, (cafe.merchant_id, "owner"), (other_cafe.merchant_id, "staff"))
    assert "Café Test-other" in both.get(ACCOUNT)
    for merchant, status in ((other_cafe, 403), (cafe, 200)):
        both.browser.submit(f"{ACCOUNT}/shop", merchant_id=str(merchant.merchant_id))
        assert both.browser.client.get("/console/team").status_code == status, "the role there counts"


def test_nobody_goes_over_to_a_shop_they_do_not_belong_to(somebody: Member, other_cafe: Cafe) -> None:
    for chosen in (str(other_cafe.merchant_id), str(uuid4()), "x", ""):
        assert somebody.browser.submit(f"{ACCOUNT}/shop", merchant_id=chosen).status_code == 404
    assert _in(somebody.browser)


def test_a_session_that_is_over_is_not_listed(app: OpenAPI, somebody: Member, there: Browser, travel: Travel) -> None:
    travel(people.IDLE - timedelta(hours=1))
    assert _in(somebody.browser)
    travel(people.IDLE + timedelta(hours=1))
    assert "Chrome, Windows" not in somebody.get(ACCOUNT)
