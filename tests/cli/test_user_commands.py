"""`treuepass user`: who may sign in, and what is printed about it."""

from datetime import datetime

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, select

from cli.main import main
from issuer import people
from issuer.database import transaction
from issuer.schema import LoginSession, Membership, User
from tests.conftest import EMAIL, PASSWORD, Cafe

NEW = "new@cafe.example"


@pytest.fixture(autouse=True)
def _settings(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)


def _run(*words: str) -> Result:
    return CliRunner().invoke(main, ["user", *words])


def _printed(result: Result) -> dict[str, str]:
    """The three lines that one needs to sign in."""
    assert result.exit_code == 0, result.output
    lines = [line.split(maxsplit=1) for line in result.output.splitlines()[:3]]
    assert [line[0] for line in lines] == ["console", "email", "password"]
    return {line[0]: line[1] for line in lines}


def _sign_in(engine: Engine, email: str, password: str, now: datetime) -> people.SignedIn | None:
    with transaction(engine) as session:
        return people.sign_in(session, email, password, now)


def _role(engine: Engine, email: str, cafe: Cafe) -> str | None:
    query = select(Membership.role).join(User, User.id == Membership.user_id)
    with transaction(engine) as session:
        return session.scalar(query.where(User.email == email, Membership.merchant_id == cafe.merchant_id))


def test_the_first_user_of_a_new_house_founds_a_shop(engine: Engine, now: datetime) -> None:
    result = _run("create", NEW)
    made = _sign_in(engine, NEW, _printed(result)["password"], now)
    assert made is not None
    assert made.merchant_id is None
    assert "first sign-in founds one" in result.output


def test_where_there_is_one_merchant_a_user_joins_it(engine: Engine, cafe: Cafe, now: datetime) -> None:
    result = _run("create", NEW, "--role", "manager")
    assert _printed(result)["console"] == "http://127.0.0.1:8000/console"
    assert _role(engine, NEW, cafe) == "manager"
    assert "founds" not in result.output


def test_a_user_for_a_new_shop_joins_no_other(engine: Engine, cafe: Cafe, now: datetime) -> None:
    result = _run("create", NEW, "--new-shop")
    made = _sign_in(engine, NEW, _printed(result)["password"], now)
    assert made is not None
    assert made.merchant_id is None


def test_a_new_shop_and_a_merchant_exclude_each_other(cafe: Cafe) -> None:
    result = _run("create", NEW, "--new-shop", "--merchant", str(cafe.merchant_id))
    assert result.exit_code == 1
    assert f"leave --merchant {cafe.merchant_id} out" in result.output


def test_one_of_several_merchants_has_to_be_named(cafe: Cafe, other_cafe: Cafe) -> None:
    result = _run("create", NEW)
    assert result.exit_code == 1
    assert str(cafe.merchant_id) in result.output
    assert str(other_cafe.merchant_id) in result.output


def test_a_merchant_that_is_none_is_not_joined(engine: Engine) -> None:
    result = _run("create", NEW, "--merchant", "00000000-0000-4000-8000-000000000000")
    assert result.exit_code == 1
    assert result.output.startswith("Error: There is no merchant")


@pytest.mark.parametrize(("email", "reason"), [("nobody", "is no e-mail address"), (EMAIL, "has an account already")])
def test_nobody_is_made_twice_or_without_an_address(cafe: Cafe, email: str, reason: str) -> None:
    result = _run("create", email)
    assert result.exit_code == 1
    assert reason in result.output


def test_a_reset_prints_what_is_needed_to_sign_in_again(engine: Engine, cafe: Cafe, now: datetime) -> None:
    printed = _printed(_run("reset", EMAIL.upper()))
    assert (printed["console"], printed["email"]) == ("http://127.0.0.1:8000/console", EMAIL)
    assert _sign_in(engine, EMAIL, PASSWORD, now) is None
    assert _sign_in(engine, EMAIL, printed["password"], now) is not None


def test_a_reset_unlocks_and_ends_every_session(engine: Engine, cafe: Cafe, now: datetime) -> None:
    assert _sign_in(engine, EMAIL, PASSWORD, now) is not None
    with transaction(engine) as session:
        session.scalars(select(User)).one().locked_until = now + people.LOCKED
    printed = _printed(_run("reset", EMAIL))
    with transaction(engine) as session:
        assert session.scalars(select(LoginSession)).all() == []
    assert _sign_in(engine, EMAIL, printed["password"], now) is not None


def test_an_unknown_address_is_answered_with_one_sentence(cafe: Cafe) -> None:
    result = _run("reset", "nobody@cafe.example")
    assert result.exit_code == 1
    said = "Nobody has the address nobody@cafe.example: `treuepass user create nobody@cafe.example` makes an account."
    assert result.output.strip() == f"Error: {said}"


@pytest.mark.parametrize("command", ["create", "reset"])
def test_a_password_is_drawn_anew_each_time(cafe: Cafe, command: str) -> None:
    emails = (NEW, "other@cafe.example") if command == "create" else (EMAIL, EMAIL)
    first, second = (_printed(_run(command, email))["password"] for email in emails)
    assert first != second
    assert min(len(first), len(second)) >= people.SHORTEST_PASSWORD
