"""Keys of the API: what they may do, who made them, and that nobody can read them back."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from issuer import api_keys, people
from issuer.api_keys import LONGEST_NAME, MOST_LIVE, SCOPES
from issuer.database import transaction
from issuer.editing import Author, Gone
from issuer.schema import ApiKey, Event
from tests.issuer.counting import Till


@pytest.fixture
def author(till: Till) -> Author:
    with transaction(till.engine) as session:
        user = people.create_user(session, f"{uuid4().hex}@cafe.example", "right horse", till.now)
    return Author(user.id, till.shop.merchant_id, till.now)


def _make(till: Till, author: Author, *scopes: str, name: str = "Till 2") -> str:
    token = api_keys.fresh_token()
    with till.work() as session:
        assert api_keys.make(session, author, name, scopes or SCOPES, token) is None
    return token


def _row(till: Till, token: str) -> ApiKey | None:
    with transaction(till.engine) as session:
        caller = api_keys.api_key_of(session, token, till.now)
        return session.get_one(ApiKey, caller.id) if caller else None


def _about(till: Till, author: Author, name: str, scopes: list[str]) -> str | None:
    with till.work() as session:
        objection = api_keys.make(session, author, name, scopes, "token")
    return objection.about if objection else None


def test_a_token_says_what_it_is_and_cannot_be_guessed() -> None:
    assert re.fullmatch(r"tp_[A-Za-z0-9_-]{43}", api_keys.fresh_token())
    assert api_keys.fresh_token() != api_keys.fresh_token()


def test_only_a_hash_and_four_characters_are_kept(till: Till, author: Author) -> None:
    token = _make(till, author)
    row = _row(till, token)
    assert row is not None
    assert (len(row.key_hash), row.ending) == (32, token[-4:])
    kept = " ".join(str(getattr(row, column.name)) for column in ApiKey.__table__.columns)
    assert token not in kept
    assert token[:-4] not in kept


def test_scopes_are_kept_in_one_order_and_once(till: Till, author: Author) -> None:
    row = _row(till, _make(till, author, "programs", "read", "read"))
    assert row is not None
    assert row.scopes == ["read", "programs"]


@pytest.mark.parametrize("name", ["", "   ", "x" * (LONGEST_NAME + 1), "a\x00b", "\u202egnp"])
def test_a_name_that_cannot_be_shown_is_refused(till: Till, author: Author, name: str) -> None:
    assert _about(till, author, name, ["read"]) == "name"


@pytest.mark.parametrize("scopes", [[], ["admin"], ["read", "admin"], ["READ"], ["read write"]])
def test_rights_that_are_none_are_refused(till: Till, author: Author, scopes: list[str]) -> None:
    assert _about(till, author, "Till", scopes) == "scopes"


def test_fifty_live_keys_are_enough_and_a_revoked_one_makes_room(till: Till, author: Author) -> None:
    with till.work() as session:
        for number in range(MOST_LIVE - len(api_keys.every(session, author.merchant_id))):
            api_keys.create_api_key(session, author.merchant_id, f"{author.user_id} {number}", ["read"], till.now)
    assert _about(till, author, "One more", ["read"]) == "name"
    with till.work() as session:
        api_keys.revoke(session, author, api_keys.every(session, author.merchant_id)[0].key.id)
    assert _about(till, author, "One more", ["read"]) is None


def test_use_is_noted_at_most_once_a_minute(till: Till, author: Author) -> None:
    token = _make(till, author)
    for seconds, noted in ((0, 0), (59, 0), (61, 61), (100, 61), (122, 122)):
        later = till.later(seconds)
        row = _row(later, token)
        assert row is not None
        assert row.last_used_at == till.now + timedelta(seconds=noted)


def test_a_revoked_key_opens_nothing_and_is_revoked_once(till: Till, author: Author) -> None:
    token = _make(till, author)
    row = _row(till, token)
    assert row is not None
    with till.work() as session:
        api_keys.revoke(session, author, row.id)
    assert _row(till, token) is None
    with pytest.raises(Gone), till.work() as session:
        api_keys.revoke(session, author, row.id)


def test_another_merchants_key_is_not_there(till: Till, author: Author) -> None:
    row = _row(till, _make(till, author))
    assert row is not None
    stranger = Author(author.user_id, uuid4(), till.now)
    with pytest.raises(Gone), till.work() as session:
        api_keys.revoke(session, stranger, row.id)
    with till.work() as session:
        assert api_keys.every(session, stranger.merchant_id) == []


def test_live_keys_stand_before_revoked_ones_the_newest_first(till: Till, author: Author) -> None:
    for number, name in enumerate(("one", "two", "three")):
        later = Author(author.user_id, author.merchant_id, till.now + timedelta(seconds=number))
        _make(till, later, name=name)
    with till.work() as session:
        three = next(view.key for view in api_keys.every(session, author.merchant_id) if view.key.name == "three")
        api_keys.revoke(session, author, three.id)
        mine = [view for view in api_keys.every(session, author.merchant_id) if view.key.created_by == author.user_id]
    assert [view.key.name for view in mine] == ["two", "one", "three"]
    assert all(view.maker and view.maker.endswith("@cafe.example") for view in mine)


def test_who_made_and_who_revoked_a_key_is_remembered_without_the_key(till: Till, author: Author) -> None:
    token = _make(till, author, "read", name="Online shop")
    row = _row(till, token)
    assert row is not None
    with till.work() as session:
        api_keys.revoke(session, author, row.id)
        events = session.scalars(select(Event).where(Event.data["key_id"].astext == str(row.id)).order_by(Event.kind))
        made, revoked = [(event.kind, event.data) for event in events]
    assert made[0] == "api_key_made"
    assert made[1]["user_id"] == str(author.user_id)
    assert (made[1]["name"], made[1]["scopes"]) == ("Online shop", ["read"])
    assert (revoked[0], revoked[1]["user_id"]) == ("api_key_revoked", str(author.user_id))
    assert token not in str(made) + str(revoked)
