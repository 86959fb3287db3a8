"""Users of the console: what an attacker learns from a refusal is nothing."""

from datetime import timedelta
from time import perf_counter
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete, select

from issuer import api_keys, people
from issuer.database import transaction
from issuer.people import IDLE, LOCKED, LONGEST, MOST_FAILURES, EmailRefused, EmailTaken, SignedIn
from issuer.schema import ApiKey, LoginSession, Membership, User
from tests.issuer.counting import Till

PASSWORD = "right horse"


@pytest.fixture
def email(till: Till) -> str:
    """Of an owner who may sign in."""
    email = f"owner-{till.shop.slug}@cafe.example"
    with transaction(till.engine) as session:
        user = people.create_user(session, email, PASSWORD, till.now)
        people.add_member(session, user, till.shop.merchant_id, "owner", till.now)
    return email


def _sign_in(till: Till, email: str, password: str = PASSWORD) -> SignedIn | None:
    with transaction(till.engine) as session:
        return people.sign_in(session, email, password, till.now)


def _signed_in(till: Till, email: str) -> SignedIn:
    signed_in = _sign_in(till, email)
    assert signed_in is not None
    return signed_in


def _session(till: Till, token: str) -> UUID | None:
    with transaction(till.engine) as session:
        row = people.session_of(session, token, till.now)
        return row.user_id if row else None


def _change(till: Till, email: str, **values: object) -> None:
    with transaction(till.engine) as session:
        user = session.scalars(select(User).where(User.email == email)).one()
        for name, value in values.items():
            setattr(user, name, value)


def test_the_right_password_signs_in_to_the_merchant(till: Till, email: str) -> None:
    assert _signed_in(till, email).merchant_id == till.shop.merchant_id


def test_a_mail_address_is_the_same_in_any_case_and_with_blanks_around_it(till: Till, email: str) -> None:
    assert _sign_in(till, f"  {email.upper()} ") is not None


@pytest.mark.parametrize("password", ["", "Right horse", "right horse ", "x" * 10_000])
def test_a_wrong_password_does_not_sign_in(till: Till, email: str, password: str) -> None:
    assert _sign_in(till, email, password) is None


def test_an_unknown_address_gets_the_same_answer_after_the_same_work(till: Till, email: str) -> None:
    def took(address: str) -> float:
        started = perf_counter()
        assert _sign_in(till, address, "wrong horse") is None
        return perf_counter() - started

    known, unknown = min(took(email) for _ in range(3)), min(took("nobody@cafe.example") for _ in range(3))
    assert unknown > known / 3


def test_what_is_checked_for_an_unknown_address_is_as_dear_as_a_password_that_is_set_today() -> None:
    assert not PasswordHasher().check_needs_rehash(people.NOBODY)


def test_too_many_wrong_passwords_lock_even_the_right_one_for_a_while(till: Till, email: str) -> None:
    _change(till, email, failures=MOST_FAILURES - 1)
    _sign_in(till, email, "wrong horse")
    assert _sign_in(till, email) is None
    assert _sign_in(till.later(LOCKED.total_seconds() - 1), email) is None
    assert _sign_in(till.later(LOCKED.total_seconds()), email) is not None


def test_one_wrong_password_less_does_not_lock(till: Till, email: str) -> None:
    _change(till, email, failures=MOST_FAILURES - 2)
    _sign_in(till, email, "wrong horse")
    assert _sign_in(till, email) is not None


def test_trying_on_while_locked_does_not_prolong_it(till: Till, email: str) -> None:
    _change(till, email, locked_until=till.now + LOCKED)
    _sign_in(till.later(600), email, "wrong horse")
    assert _sign_in(till.later(LOCKED.total_seconds()), email) is not None


def test_signing_in_forgives_earlier_failures(till: Till, email: str) -> None:
    _change(till, email, failures=MOST_FAILURES - 1)
    _signed_in(till, email)
    _sign_in(till, email, "wrong horse")
    assert _sign_in(till, email) is not None


def test_a_disabled_user_does_not_sign_in(till: Till, email: str) -> None:
    _change(till, email, disabled_at=till.now)
    assert _sign_in(till, email) is None


def test_a_session_of_somebody_disabled_meanwhile_is_over(till: Till, email: str) -> None:
    signed_in = _signed_in(till, email)
    _change(till, email, disabled_at=till.now)
    assert _session(till, signed_in.token) is None


def test_a_session_of_somebody_who_left_the_merchant_is_over(till: Till, email: str) -> None:
    signed_in = _signed_in(till, email)
    with transaction(till.engine) as session:
        session.execute(delete(Membership).where(Membership.user_id == signed_in.user_id))
    assert _session(till, signed_in.token) is None


def test_a_mail_address_belongs_to_one_user(till: Till, email: str) -> None:
    with transaction(till.engine) as session, pytest.raises(EmailTaken, match="has an account already"):
        people.create_user(session, email.upper(), PASSWORD, till.now)


@pytest.mark.parametrize(
    "wrong", ["", "owner", "@cafe.example", "owner@cafe", " owner@cafe.example", "o\nw@cafe.example"]
)
def test_what_is_no_mail_address_is_refused(till: Till, wrong: str) -> None:
    with transaction(till.engine) as session, pytest.raises(EmailRefused, match="is no e-mail address"):
        people.create_user(session, wrong, PASSWORD, till.now)


def test_a_session_ends_when_nobody_comes_back(till: Till, email: str) -> None:
    token = _signed_in(till, email).token
    assert _session(till.later(IDLE.total_seconds() - 1), token) is not None
    again = till.later(IDLE.total_seconds() - 1)
    assert _session(again.later(IDLE.total_seconds()), token) is None


def test_a_session_that_nobody_used_is_over_after_the_idle_time(till: Till, email: str) -> None:
    token = _signed_in(till, email).token
    assert _session(till.later(IDLE.total_seconds()), token) is None


def test_a_session_ends_at_last_however_often_it_is_used(till: Till, email: str) -> None:
    token = _signed_in(till, email).token
    step, end = timedelta(hours=6).total_seconds(), LONGEST.total_seconds()
    for turn in range(1, int(end / step)):
        assert _session(till.later(turn * step), token) is not None
    assert _session(till.later(end), token) is None


def test_signing_out_ends_this_session_and_no_other(till: Till, email: str) -> None:
    here, there = _signed_in(till, email).token, _signed_in(till, email).token
    with transaction(till.engine) as session:
        people.sign_out(session, here)
    assert _session(till, here) is None
    assert _session(till, there) is not None


@pytest.mark.parametrize("token", ["", "unknown"])
def test_an_unknown_cookie_is_no_session(till: Till, token: str) -> None:
    assert _session(till, token) is None


def test_tokens_and_passwords_are_kept_as_hashes_only(till: Till, email: str) -> None:
    signed_in = _signed_in(till, email)
    with transaction(till.engine) as session:
        row = session.scalars(select(LoginSession).where(LoginSession.user_id == signed_in.user_id)).one()
        user = session.get_one(User, signed_in.user_id)
    assert len(row.token_hash) == 32
    assert signed_in.token.encode() not in row.token_hash
    assert user.password_hash.startswith("$argon2id$")


def _key(till: Till, token: str) -> ApiKey | None:
    with transaction(till.engine) as session:
        caller = api_keys.api_key_of(session, token, till.now)
        return session.get_one(ApiKey, caller.id) if caller else None


def test_an_api_key_is_found_by_its_token_until_it_is_revoked(till: Till) -> None:
    token = f"tp_{till.shop.slug}"
    with transaction(till.engine) as session:
        api_keys.create_api_key(session, till.shop.merchant_id, token, ["read"], till.now)
    found = _key(till, token)
    assert found is not None
    assert (found.merchant_id, found.scopes, found.last_used_at) == (till.shop.merchant_id, ["read"], till.now)
    assert _key(till, token + "x") is None
    with transaction(till.engine) as session:
        session.get_one(ApiKey, found.id).revoked_at = till.now
    assert _key(till, token) is None
