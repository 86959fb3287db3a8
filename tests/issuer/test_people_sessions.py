"""Where somebody is signed in, for which merchant, and how a password changes."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select

from issuer import people
from issuer.database import transaction
from issuer.editing import Objection
from issuer.people import IDLE, LOCKED, LONGEST, MOST_FAILURES, LiveSession, SignedIn, UnknownEmail
from issuer.schema import Membership, User
from tests.issuer.counting import Till

PASSWORD = "right horse"
BETTER = "a better horse"


@pytest.fixture
def newcomer(till: Till) -> str:
    """The address of somebody who belongs to no merchant."""
    email = f"{uuid4().hex}@cafe.example"
    with transaction(till.engine) as session:
        people.create_user(session, email, PASSWORD, till.now)
    return email


@pytest.fixture
def email(till: Till, newcomer: str) -> str:
    """The address of a manager."""
    _join(till, newcomer, "manager")
    return newcomer


def _join(till: Till, email: str, role: str) -> None:
    with transaction(till.engine) as session:
        people.add_member(session, _user(till, email), till.shop.merchant_id, role, till.now)


def _user(till: Till, email: str) -> User:
    with transaction(till.engine) as session:
        return session.scalars(select(User).where(User.email == email)).one()


def _sign_in(till: Till, email: str, password: str = PASSWORD, agent: str | None = None) -> SignedIn | None:
    with transaction(till.engine) as session:
        return people.sign_in(session, email, password, till.now, agent)


def _signed_in(till: Till, email: str, agent: str | None = None) -> SignedIn:
    made = _sign_in(till, email, agent=agent)
    assert made is not None
    return made


def _live(till: Till, made: SignedIn) -> LiveSession | None:
    with transaction(till.engine) as session:
        return people.session_of(session, made.token, till.now)


def _here(till: Till, made: SignedIn) -> LiveSession:
    live = _live(till, made)
    assert live is not None
    return live


def _listed(till: Till, user_id: UUID) -> list[str | None]:
    with transaction(till.engine) as session:
        return [row.agent for row in people.sessions(session, user_id, till.now)]


def _change(till: Till, live: LiveSession, current: str, new: str) -> Objection | None:
    with transaction(till.engine) as session:
        return people.change_password(session, live, current, new, till.now)


def test_every_sign_in_has_a_token_of_its_own(till: Till, email: str) -> None:
    assert _signed_in(till, email).token != _signed_in(till, email).token


def test_a_session_knows_the_role_and_learns_of_a_new_one_at_once(till: Till, email: str) -> None:
    made = _signed_in(till, email)
    assert _here(till, made).role == "manager"
    with transaction(till.engine) as session:
        session.get_one(Membership, (made.user_id, till.shop.merchant_id)).role = "staff"
    assert _here(till, made).role == "staff"


def test_somebody_without_a_merchant_signs_in_to_none(till: Till, newcomer: str) -> None:
    made = _signed_in(till, newcomer)
    live = _here(till, made)
    assert (made.merchant_id, live.merchant_id, live.role) == (None, None, None)


def test_who_founds_or_joins_a_merchant_goes_on_there_in_the_same_session(till: Till, newcomer: str) -> None:
    made = _signed_in(till, newcomer)
    _join(till, newcomer, "owner")
    live = _here(till, made)
    assert (live.merchant_id, live.role) == (till.shop.merchant_id, "owner")


def test_who_left_the_only_merchant_signs_in_to_none(till: Till, email: str) -> None:
    with transaction(till.engine) as session:
        session.execute(delete(Membership).where(Membership.user_id == _user(till, email).id))
    assert _signed_in(till, email).merchant_id is None


def test_who_belongs_to_several_begins_at_the_first_and_may_go_over(till: Till, other_till: Till, email: str) -> None:
    _join(other_till.later(60), email, "staff")
    made = _signed_in(till, email)
    assert made.merchant_id == till.shop.merchant_id
    with transaction(till.engine) as session:
        assert people.switch_merchant(session, _here(till, made), other_till.shop.merchant_id)
    live = _here(till, made)
    assert (live.merchant_id, live.role) == (other_till.shop.merchant_id, "staff")


def test_nobody_goes_over_to_a_merchant_they_do_not_belong_to(till: Till, other_till: Till, email: str) -> None:
    made = _signed_in(till, email)
    with transaction(till.engine) as session:
        for stranger in (other_till.shop.merchant_id, uuid4()):
            assert not people.switch_merchant(session, _here(till, made), stranger)
    assert _here(till, made).merchant_id == till.shop.merchant_id


def test_the_merchants_of_somebody_are_told_by_name_and_role(till: Till, other_till: Till, email: str) -> None:
    _join(other_till.later(60), email, "staff")
    with transaction(till.engine) as session:
        found = people.workplaces(session, _user(till, email).id)
    assert [(place.merchant_id, place.role) for place in found] == [
        (till.shop.merchant_id, "manager"),
        (other_till.shop.merchant_id, "staff"),
    ]
    assert all(place.name for place in found)


def test_sessions_are_listed_with_the_device_and_the_latest_first(till: Till, email: str) -> None:
    user_id = _signed_in(till, email, "Firefox, Mac").user_id
    _signed_in(till.later(5), email, "Chrome, Windows")
    assert _listed(till.later(6), user_id) == ["Chrome, Windows", "Firefox, Mac"]


@pytest.mark.parametrize("end", [IDLE, LONGEST])
def test_a_session_that_is_over_is_not_listed(till: Till, email: str, end: timedelta) -> None:
    user_id = _signed_in(till, email).user_id
    assert _listed(till.later(end.total_seconds()), user_id) == []


def test_ending_one_session_leaves_the_others(till: Till, email: str) -> None:
    here, there = _signed_in(till, email), _signed_in(till, email)
    with transaction(till.engine) as session:
        people.end_session(session, here.user_id, _here(till, there).id)
    assert _live(till, there) is None
    assert _live(till, here) is not None


def test_nobody_ends_a_session_of_somebody_else(till: Till, email: str) -> None:
    theirs = _signed_in(till, email)
    with transaction(till.engine) as session:
        people.end_session(session, uuid4(), _here(till, theirs).id)
    assert _live(till, theirs) is not None


def test_ending_all_others_keeps_this_one(till: Till, email: str) -> None:
    here, there, elsewhere = (_signed_in(till, email) for _ in range(3))
    with transaction(till.engine) as session:
        people.end_other_sessions(session, here.user_id, _here(till, here).id)
    assert [_live(till, made) is not None for made in (here, there, elsewhere)] == [True, False, False]


def test_a_changed_password_replaces_the_old_one_and_ends_every_other_session(till: Till, email: str) -> None:
    here, there = _signed_in(till, email), _signed_in(till, email)
    assert _change(till, _here(till, here), PASSWORD, BETTER) is None
    assert _live(till, here) is not None
    assert _live(till, there) is None
    assert _sign_in(till, email) is None
    assert _sign_in(till, email, BETTER) is not None


@pytest.mark.parametrize("new", ["", "short", "9 letters", "x" * 201])
def test_a_password_of_the_wrong_length_is_refused_and_the_old_one_stays(till: Till, email: str, new: str) -> None:
    here, there = _signed_in(till, email), _signed_in(till, email)
    objection = _change(till, _here(till, here), PASSWORD, new)
    assert objection is not None
    assert objection.about == "new"
    assert _live(till, there) is not None
    assert _sign_in(till, email) is not None


def test_the_own_address_is_no_password(till: Till, email: str) -> None:
    made = _signed_in(till, email)
    for new in (email, email.upper(), f" {email}"):
        assert _change(till, _here(till, made), PASSWORD, new) is not None


def test_nobody_changes_a_password_without_the_current_one(till: Till, email: str) -> None:
    objection = _change(till, _here(till, _signed_in(till, email)), "wrong horse", BETTER)
    assert objection is not None
    assert objection.about == "current"
    assert _sign_in(till, email) is not None


def test_guessing_the_current_password_locks_as_signing_in_does(till: Till, email: str) -> None:
    made = _signed_in(till, email)
    with transaction(till.engine) as session:
        session.get_one(User, made.user_id).failures = MOST_FAILURES - 1
    _change(till, _here(till, made), "wrong horse", BETTER)
    assert _change(till, _here(till, made), PASSWORD, BETTER) is not None
    assert _sign_in(till, email) is None
    assert _change(till.later(LOCKED.total_seconds()), _here(till, made), PASSWORD, BETTER) is None


def test_a_reset_unlocks_and_signs_out_everywhere(till: Till, email: str) -> None:
    made = _signed_in(till, email)
    with transaction(till.engine) as session:
        session.get_one(User, made.user_id).locked_until = till.later(600).now
        people.reset_password(session, f" {email.upper()}", BETTER)
    assert _live(till, made) is None
    assert _sign_in(till, email) is None, "the old password"
    assert _sign_in(till, email, BETTER) is not None


def test_a_reset_leaves_everybody_else_alone(till: Till, email: str, other_till: Till) -> None:
    other = f"{uuid4().hex}@cafe.example"
    with transaction(till.engine) as session:
        people.create_user(session, other, PASSWORD, till.now)
    theirs = _signed_in(till, other)
    with transaction(till.engine) as session:
        people.reset_password(session, email, BETTER)
    assert _live(till, theirs) is not None


def test_nobody_is_reset_by_an_unknown_address(till: Till) -> None:
    with transaction(till.engine) as session, pytest.raises(UnknownEmail, match="user create nobody@cafe"):
        people.reset_password(session, "nobody@cafe.example", BETTER)
