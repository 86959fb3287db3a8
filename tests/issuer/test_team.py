"""Who belongs to a merchant: roles, the last owner, and links that work once."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import people, team
from issuer.database import set_merchant, transaction
from issuer.editing import Author, Gone, Objection
from issuer.people import LOCKED, MOST_FAILURES, LiveSession, SignedIn
from issuer.schema import Event, Invitation, Membership, User
from issuer.team import INVITED
from tests.issuer.counting import Till
from tests.issuer.overlapping import overlapping

PASSWORD = "right horse"
Hire = Callable[[str], UUID]


@pytest.fixture
def hire(till: Till) -> Hire:
    """Makes a member with this role; the id."""

    def make(role: str) -> UUID:
        with till.work() as session:
            user = people.create_user(session, f"{uuid4().hex}@cafe.example", PASSWORD, till.now)
            people.add_member(session, user, till.shop.merchant_id, role, till.now)
            return user.id

    return make


@pytest.fixture
def owner(till: Till, hire: Hire) -> Author:
    return Author(hire("owner"), till.shop.merchant_id, till.now)


@pytest.fixture
def guest() -> str:
    """The address of somebody without an account."""
    return f"guest-{uuid4().hex}@cafe.example"


def _email(till: Till, user_id: UUID) -> str:
    with till.work() as session:
        return session.get_one(User, user_id).email


def _role(till: Till, user_id: UUID) -> str | None:
    with till.work() as session:
        member = session.get(Membership, (user_id, till.shop.merchant_id))
        return member.role if member else None


def _change(till: Till, owner: Author, user_id: UUID, role: str) -> Objection | None:
    with till.work() as session:
        return team.change_role(session, owner, user_id, role)


def _remove(till: Till, owner: Author, user_id: UUID) -> Objection | None:
    with till.work() as session:
        return team.remove(session, owner, user_id)


def _invite(till: Till, author: Author, email: str, role: str = "manager") -> str:
    token = uuid4().hex
    with till.work() as session:
        assert team.invite(session, author, email, role, token) is None
    return token


def _accept(till: Till, token: str, password: str = PASSWORD) -> SignedIn | Objection | None:
    with transaction(till.engine) as session:
        return team.accept(session, token, password, till.now)


def _joined(till: Till, token: str, password: str = PASSWORD) -> SignedIn:
    made = _accept(till, token, password)
    assert isinstance(made, SignedIn), made
    return made


def _live(till: Till, token: str) -> LiveSession | None:
    with transaction(till.engine) as session:
        return people.session_of(session, token, till.now)


def _open_for(till: Till, user_id: UUID) -> str:
    """A session of a member; its token."""
    with transaction(till.engine) as session:
        return people.open_session(session, user_id, till.shop.merchant_id, till.now, None).token


def _kinds(till: Till) -> list[str]:
    with till.work() as session:
        return list(session.scalars(select(Event.kind).order_by(Event.number)))


def test_members_are_told_with_role_and_when_they_were_seen_owners_first(till: Till, owner: Author, hire: Hire) -> None:
    clerk, boss = hire("staff"), hire("manager")
    _open_for(till, boss)
    with till.work() as session:
        found = team.members(session, till.shop.merchant_id)
    assert [(member.user_id, member.role, member.seen_at) for member in found] == [
        (owner.user_id, "owner", None),
        (boss, "manager", till.now),
        (clerk, "staff", None),
    ]


def test_nobody_of_another_merchant_is_a_member(till: Till, other_till: Till, owner: Author) -> None:
    with other_till.work() as session:
        assert team.members(session, other_till.shop.merchant_id) == []


def test_an_owner_changes_a_role(till: Till, owner: Author, hire: Hire) -> None:
    clerk = hire("staff")
    assert _change(till, owner, clerk, "manager") is None
    assert _role(till, clerk) == "manager"
    assert _kinds(till) == ["role_changed"]


@pytest.mark.parametrize("role", ["", "boss", "OWNER", "x" * 1000])
def test_a_role_that_is_none_is_refused(till: Till, owner: Author, hire: Hire, role: str) -> None:
    clerk = hire("staff")
    assert _change(till, owner, clerk, role) is not None
    assert _role(till, clerk) == "staff"


def test_the_last_owner_is_neither_demoted_nor_removed(till: Till, owner: Author, hire: Hire) -> None:
    hire("manager")
    for objection in (_change(till, owner, owner.user_id, "manager"), _remove(till, owner, owner.user_id)):
        assert objection is not None
        assert _email(till, owner.user_id) in objection.sentence("en")
    assert _role(till, owner.user_id) == "owner"


def test_an_owner_may_go_when_another_stays(till: Till, owner: Author, hire: Hire) -> None:
    hire("owner")
    assert _remove(till, owner, owner.user_id) is None
    assert _role(till, owner.user_id) is None


def test_two_owners_who_demote_each_other_at_once_leave_one(till: Till, owner: Author, hire: Hire) -> None:
    other = Author(hire("owner"), till.shop.merchant_id, till.now)

    def demote(author: Author, user_id: UUID) -> Callable[..., Objection | None]:
        def deed(session: Session) -> Objection | None:
            set_merchant(session, author.merchant_id)
            return team.change_role(session, author, user_id, "staff")

        return deed

    first, second = overlapping(till.engine, demote(owner, other.user_id), demote(other, owner.user_id))
    assert first is None
    assert second is not None
    assert [_role(till, owner.user_id), _role(till, other.user_id)] == ["owner", "staff"]


def test_who_is_removed_is_signed_out_of_this_merchant_only(
    till: Till, other_till: Till, owner: Author, hire: Hire
) -> None:
    clerk = hire("staff")
    here, there = _open_for(till, clerk), _open_for(other_till, clerk)
    with transaction(till.engine) as session:
        people.add_member(session, session.get_one(User, clerk), other_till.shop.merchant_id, "staff", till.now)
    assert _remove(till, owner, clerk) is None
    assert _live(till, here) is None
    assert _live(till, there) is not None


@pytest.mark.parametrize("deed", [_remove, lambda till, owner, meant: _change(till, owner, meant, "owner")])
def test_who_is_no_member_is_neither_changed_nor_removed(
    till: Till, other_till: Till, owner: Author, deed: Callable[..., object]
) -> None:
    with transaction(till.engine) as session:
        stranger = people.create_user(session, f"{uuid4().hex}@cafe.example", PASSWORD, till.now)
        people.add_member(session, stranger, other_till.shop.merchant_id, "staff", till.now)
    for meant in (stranger.id, uuid4()):
        with pytest.raises(Gone):
            deed(till, owner, meant)
    assert _role(other_till, stranger.id) == "staff"


def test_a_link_makes_a_new_user_a_member_and_signs_in(till: Till, owner: Author, guest: str) -> None:
    made = _joined(till, _invite(till, owner, guest))
    live = _live(till, made.token)
    assert live is not None
    assert (live.merchant_id, live.role) == (till.shop.merchant_id, "manager")
    assert _email(till, live.user_id) == guest
    assert _kinds(till) == ["member_invited", "member_joined"]


def test_a_link_says_who_invites_to_what(till: Till, owner: Author, guest: str) -> None:
    token = _invite(till, owner, guest, "staff")
    with transaction(till.engine) as session:
        offer = team.invited(session, token, till.now)
    assert offer is not None
    assert (offer.email, offer.role, offer.known) == (guest, "staff", False)
    assert offer.invited_by == _email(till, owner.user_id)
    assert offer.merchant_name


def test_looking_at_a_link_uses_nothing_up(till: Till, owner: Author, guest: str) -> None:
    token = _invite(till, owner, guest)
    for _ in range(2):
        with transaction(till.engine) as session:
            assert team.invited(session, token, till.now) is not None
    _joined(till, token)


def test_a_link_works_once(till: Till, owner: Author, guest: str) -> None:
    token = _invite(till, owner, guest)
    _joined(till, token)
    assert _accept(till, token) is None
    with transaction(till.engine) as session:
        assert team.invited(session, token, till.now) is None


def test_of_two_who_open_a_link_at_once_one_joins(till: Till, owner: Author, guest: str) -> None:
    token = _invite(till, owner, guest)

    def accept(session: Session) -> object:
        return team.accept(session, token, PASSWORD, till.now)

    first, second = overlapping(till.engine, accept, accept)
    assert isinstance(first, SignedIn)
    assert second is None


@pytest.mark.parametrize("token", ["", "unknown", "x" * 1000])
def test_a_link_that_is_none_lets_nobody_in(till: Till, token: str) -> None:
    assert _accept(till, token) is None


def test_a_link_is_over_after_seven_days(till: Till, owner: Author, guest: str) -> None:
    token = _invite(till, owner, guest)
    end = INVITED.total_seconds()
    assert timedelta(days=7) == INVITED
    assert _accept(till.later(end), token) is None
    with till.work() as session:
        assert team.invitations(session, till.shop.merchant_id, till.later(end).now) == []
    _joined(till.later(end - 1), token)


def test_a_revoked_link_lets_nobody_in(till: Till, owner: Author, guest: str) -> None:
    token = _invite(till, owner, guest)
    with till.work() as session:
        (row,) = team.invitations(session, till.shop.merchant_id, till.now)
        team.revoke(session, owner, row.id)
    assert _accept(till, token) is None


def test_nobody_revokes_the_link_of_another_merchant(till: Till, other_till: Till, owner: Author, guest: str) -> None:
    token = _invite(till, owner, guest)
    with till.work() as session:
        (row,) = team.invitations(session, till.shop.merchant_id, till.now)
    stranger = Author(owner.user_id, other_till.shop.merchant_id, till.now)
    with pytest.raises(Gone), other_till.work() as session:
        team.revoke(session, stranger, row.id)
    _joined(till, token)


def test_a_second_link_for_somebody_ends_the_first(till: Till, owner: Author, guest: str) -> None:
    first, second = _invite(till, owner, guest), _invite(till, owner, f" {guest.upper()} ", "staff")
    assert _accept(till, first) is None
    assert _joined(till, second).merchant_id == till.shop.merchant_id


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_a_new_user_needs_a_password_that_will_do(till: Till, owner: Author, guest: str, password: str) -> None:
    token = _invite(till, owner, guest)
    assert isinstance(_accept(till, token, password), Objection)
    assert isinstance(_accept(till, token, guest), Objection), "the address is no password"
    _joined(till, token)


def test_a_known_user_proves_the_password_and_keeps_it(till: Till, other_till: Till, hire: Hire, guest: str) -> None:
    email = _email(till, hire("owner"))
    with other_till.work() as session:
        boss = people.create_user(session, guest, PASSWORD, till.now)
    token = _invite(other_till, Author(boss.id, other_till.shop.merchant_id, till.now), email)
    assert isinstance(_accept(till, token, "another long password"), Objection)
    made = _joined(till, token)
    assert made.merchant_id == other_till.shop.merchant_id
    with transaction(till.engine) as session:
        assert people.sign_in(session, email, PASSWORD, till.now) is not None
        assert len(people.workplaces(session, made.user_id)) == 2


def test_guessing_at_a_link_locks_the_account_as_signing_in_does(
    till: Till, other_till: Till, hire: Hire, guest: str
) -> None:
    known = hire("staff")
    with other_till.work() as session:
        boss = people.create_user(session, guest, PASSWORD, till.now)
        session.get_one(User, known).failures = MOST_FAILURES - 1
    token = _invite(other_till, Author(boss.id, other_till.shop.merchant_id, till.now), _email(till, known))
    _accept(till, token, "wrong horse!")
    assert isinstance(_accept(till, token), Objection)
    _joined(till.later(LOCKED.total_seconds()), token)


@pytest.mark.parametrize("email", ["", "guest", "@cafe.example", "guest@cafe", "a b@cafe.example", "g\nx@cafe.example"])
def test_what_is_no_address_is_not_invited(till: Till, owner: Author, email: str) -> None:
    with till.work() as session:
        objection = team.invite(session, owner, email, "staff", uuid4().hex)
        assert objection is not None
        assert objection.about == "email"
        assert session.scalars(select(Invitation).where(Invitation.merchant_id == owner.merchant_id)).all() == []


def test_nobody_is_invited_to_a_role_that_is_none(till: Till, owner: Author, guest: str) -> None:
    with till.work() as session:
        assert team.invite(session, owner, guest, "boss", uuid4().hex) is not None


def test_a_member_is_not_invited_again(till: Till, owner: Author, hire: Hire) -> None:
    email = _email(till, hire("staff"))
    with till.work() as session:
        objection = team.invite(session, owner, f" {email.upper()}", "owner", uuid4().hex)
    assert objection is not None
    assert email in objection.sentence("en")


def test_a_link_never_changes_the_role_of_a_member(till: Till, owner: Author, guest: str) -> None:
    token = _invite(till, owner, guest, "owner")
    with transaction(till.engine) as session:
        user = people.create_user(session, guest, PASSWORD, till.now)
        people.add_member(session, user, till.shop.merchant_id, "staff", till.now)
    assert _role(till, _joined(till, token).user_id) == "staff"


@pytest.mark.parametrize("deed", [_remove, lambda till, owner, meant: _change(till, owner, meant, "staff")])
def test_links_of_an_owner_who_went_are_no_way_back(
    till: Till, owner: Author, hire: Hire, guest: str, deed: Callable[..., object]
) -> None:
    former = Author(hire("owner"), till.shop.merchant_id, till.now)
    token, other = _invite(till, former, guest, "owner"), _invite(till, owner, f"a{guest}")
    deed(till, owner, former.user_id)
    assert _accept(till, token) is None
    _joined(till, other)


def test_only_the_hash_of_a_link_is_kept(till: Till, owner: Author, guest: str) -> None:
    token = _invite(till, owner, guest)
    with till.work() as session:
        (row,) = team.invitations(session, till.shop.merchant_id, till.now)
    assert len(row.token_hash) == 32
    assert token.encode() not in row.token_hash
