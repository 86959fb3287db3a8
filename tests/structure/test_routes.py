"""Every way in has a guard, and whatever is open to all is named here."""

from pathlib import Path

import pytest
from flask import Flask

from issuer.settings import load_settings
from issuer.web import create_app

ENVIRON = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1",
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "SECRET_KEY": "a secret of the tests, long enough to pass",
    "KEY_ENCRYPTION_KEY": "dHJldWVwYXNzIHRlc3RzOiAzMiBieXRlcyBvZiBrZXk=",
    "TREUEPASS_MODE": "test",
}
OPEN = {
    "apple.list_updated", "apple.take_log", "console.accept_invitation", "console.invitation", "console.sign_in",
    "console.sign_in_now", "docs.document", "docs.page",
    "google.callback", "health.healthz", "health.readyz", "health.metrics",
    "pictures.colours", "pictures.hero", "pictures.logo", "pictures.round_icon", "pictures.stamp",
    "public.home", "public.join_page", "public.join_now", "public.join_qr", "till.enrol",
    "till.enrol_now",
}  # fmt: skip
FACES = {
    "api": {"api_key:read", "api_key:write", "api_key:programs"},
    "apple": {"apple_token"},
    "console": {"signed_in", "founding", "console_role:owner", "console_role:owner,manager"},
    "till": {"any_till", "till_staff"},
    "public": {"card_key"},
}


@pytest.fixture(scope="module")
def app() -> Flask:
    """Mapped, never connected."""
    return create_app(load_settings(ENVIRON, {}))


def _guards(app: Flask) -> dict[str, str | None]:
    return {
        endpoint: getattr(view, "guard", None) for endpoint, view in app.view_functions.items() if endpoint != "static"
    }


def test_every_route_carries_a_guard(app: Flask) -> None:
    assert [endpoint for endpoint, guard in _guards(app).items() if guard is None] == []


def test_what_is_open_to_all_is_meant_to_be(app: Flask) -> None:
    assert {endpoint for endpoint, guard in _guards(app).items() if guard == "open_to_all"} == OPEN


def test_a_face_is_guarded_in_its_own_way(app: Flask) -> None:
    for endpoint, guard in _guards(app).items():
        if endpoint not in OPEN:
            assert guard in FACES[endpoint.partition(".")[0]], endpoint


def test_what_changes_something_over_the_api_needs_a_scope_to_do_so(app: Flask) -> None:
    """What a till does needs another one than what changes the rules."""
    guards = _guards(app)
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api."):
            reads = not (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}
            rules = rule.rule.startswith("/api/v1/programs")
            changes = "api_key:programs" if rules else "api_key:write"
            assert guards[rule.endpoint] == ("api_key:read" if reads else changes), rule


def test_a_view_without_a_guard_is_never_run() -> None:
    app, ran = create_app(load_settings(ENVIRON, {})), list[str]()
    app.add_url_rule("/forgotten", "forgotten", lambda: ran.append("ran") or "secret")
    answer = app.test_client().get("/forgotten")
    assert (answer.status_code, ran) == (500, [])
    assert "secret" not in answer.text


def test_what_changes_a_shop_is_not_for_staff(app: Flask) -> None:
    """Whoever may only look up cards sends the forms of their own account, and no others."""
    guards = _guards(app)
    own = {"console.change_password", "console.end_session", "console.end_other_sessions", "console.switch_shop"}
    for rule in app.url_map.iter_rules():
        changes = (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}
        if rule.endpoint.startswith("console.") and changes and guards[rule.endpoint] == "signed_in":
            assert rule.endpoint in own, rule


def test_no_get_changes_anything_but_the_enrolment_of_a_till(app: Flask) -> None:
    """A link in a mail, opened by a scanner of mails, must do nothing."""
    changing = {
        "sign_in_now", "sign_out", "join_now", "stamps", "redemptions", "undo", "buy", "sell", "use",
        "burn", "give", "add_bonus", "register", "unregister", "enrol_now",
        "accept_invitation", "invite", "revoke_invitation", "change_role", "remove_member", "revoke_till", "enrol_till",
        "add_shop", "add_staff", "change_pin", "change_password", "end_session", "end_other_sessions", "switch_shop",
        "make_key", "revoke_key", "found_program", "send_rules", "close_program", "open_program",
    }  # fmt: skip
    for rule in app.url_map.iter_rules():
        if rule.endpoint.rpartition(".")[2] in changing:
            assert not (rule.methods or set()) & {"GET", "HEAD"}, rule


def test_templates_are_found_where_the_package_ships_them(app: Flask) -> None:
    assert (Path(str(app.jinja_loader.searchpath[0])) / "layout.html").is_file()  # type: ignore[union-attr]
