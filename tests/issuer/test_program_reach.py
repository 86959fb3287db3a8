"""What other rules would change, counted before anything is changed; and what closing and opening note."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from issuer import program_keeping
from issuer.editing import Author, Gone
from issuer.program_changes import KindChanged, Plan, collecting
from issuer.program_keeping import Overtaken
from issuer.program_reach import Effects, Promised, Rise, cards_of, effects, promised, versions
from issuer.programs import program_view
from issuer.rules import Rules
from issuer.schema import Program
from tests.issuer.counting import Till
from tests.issuer.redesigning import on_phone

ANYTHING = {"de": "Ding", "en": "Thing"}


def _rules(*parts: dict[str, Any]) -> Rules:
    return Rules.read({"parts": parts})


def _points(prices: dict[UUID, int], *others: dict[str, Any]) -> Rules:
    lines = [{"reward_id": reward_id, "price": price} for reward_id, price in prices.items()]
    return _rules({"kind": "points", "prices": lines}, *others)


def _author(till: Till) -> Author:
    return Author(till.shop.staff_id, till.shop.merchant_id, till.now)


def _change(till: Till, plan: Plan, made_from: int = 1, pause: int = 0) -> Program | Overtaken:
    with till.work() as session:
        return program_keeping.change(session, _author(till), till.shop.program_id, plan, pause, made_from)


def _effects(till: Till, rules: Rules, rate: int = 20) -> Effects:
    with till.work() as session:
        view = program_view(session, till.shop.program_id)
        assert view is not None
        return effects(session, view, rules, rate)


def _eight(till: Till) -> Plan:
    return collecting(ANYTHING, ANYTHING, 8, till.shop.reward_id)


def test_cards_are_counted_by_the_version_of_their_round(own_till: Till) -> None:
    begun, _fresh = own_till.join(), own_till.join()
    own_till.stamped(begun, 3)
    assert _effects(own_till, _eight(own_till).rules).promised == (Promised(1, cards=2, begun=1),)
    _change(own_till, _eight(own_till))
    own_till.join()
    own_till.later(1).stamped(begun, 7, pause=False)
    with own_till.work() as session:
        found = promised(session, session.get_one(Program, own_till.shop.program_id))
        assert found == (Promised(1, 1, 0), Promised(2, 2, 0))
        assert cards_of(session) == {own_till.shop.program_id: 3}


def test_every_version_is_told_newest_first_with_what_it_said(own_till: Till) -> None:
    _change(own_till, _eight(own_till))
    with own_till.work() as session:
        found = versions(session, session.get_one(Program, own_till.shop.program_id))
    assert [(one.number, one.rules.grid.stamps_needed) for one in found] == [(2, 8), (1, 10)]  # type: ignore[union-attr]


def test_nothing_is_changed_by_looking(own_till: Till) -> None:
    card_id = own_till.join()
    _effects(own_till, _eight(own_till).rules)
    with own_till.work() as session:
        assert session.get_one(Program, own_till.shop.program_id).current_version == 1
    assert own_till.view(card_id).version == 1


@pytest.mark.parametrize(("rate", "seconds"), [(20, 1), (3, 1), (2, 2), (1, 3), (0, 3)])
def test_phones_are_counted_once_and_told_at_the_pace_of_a_campaign(own_till: Till, rate: int, seconds: int) -> None:
    cards = [own_till.join() for _ in range(3)]
    on_phone(own_till, cards[0], cards[1])
    on_phone(own_till, cards[2])
    own_till.join()
    found = _effects(own_till, _eight(own_till).rules, rate)
    assert (found.phones, found.seconds) == (2, seconds)


def test_prices_that_rise_and_rewards_that_go_are_named_and_others_are_not(own_till: Till) -> None:
    dear, cheap, gone, new = (uuid4() for _ in range(4))
    plan = Plan(ANYTHING, _points({dear: 10, cheap: 10, gone: 10}), dict.fromkeys((dear, cheap, gone), ANYTHING))
    with own_till.work() as session:
        program = program_keeping.found(session, _author(own_till), plan, 0)
        view = program_view(session, program.id)
        assert view is not None
        found = effects(session, view, _points({dear: 11, cheap: 9, new: 50}), 20)
    assert (found.rises, found.gone) == ((Rise(dear, 10, 11),), (gone,))
    assert found.promised == ()


@pytest.mark.parametrize(
    ("before", "after", "ending"),
    [
        ([], [{"what": "points", "months": 12}], ("points",)),
        ([{"what": "points", "months": 12}], [{"what": "points", "months": 6}], ("points",)),
        ([{"what": "points", "months": 12}], [{"what": "points", "months": 12}], ()),
        ([{"what": "points", "months": 12}], [], ()),
    ],
)
def test_an_end_that_is_new_is_named(
    own_till: Till, before: list[dict[str, Any]], after: list[dict[str, Any]], ending: tuple[str, ...]
) -> None:
    def ruled(ends: list[dict[str, Any]]) -> Rules:
        return _points({}, *({"kind": "expiry", **end} for end in ends))

    with own_till.work() as session:
        program = program_keeping.found(session, _author(own_till), Plan(ANYTHING, ruled(before)), 0)
        view = program_view(session, program.id)
        assert view is not None
        assert effects(session, view, ruled(after), 20).ending == ending


def test_a_change_made_from_an_older_version_is_refused(own_till: Till) -> None:
    assert isinstance(_change(own_till, _eight(own_till)), Program)
    assert _change(own_till, collecting(ANYTHING, ANYTHING, 12, own_till.shop.reward_id)) == Overtaken(2)


def test_a_program_does_not_become_another_kind(own_till: Till) -> None:
    with pytest.raises(KindChanged):
        _change(own_till, Plan(ANYTHING, _points({})))


def test_another_merchants_program_is_gone_for_whoever_changes_closes_or_opens(till: Till, other_till: Till) -> None:
    theirs, author = other_till.shop.program_id, _author(till)
    with till.work() as session:
        for deed in (program_keeping.close, program_keeping.reopen):
            with pytest.raises(Gone):
                deed(session, author, theirs)
        with pytest.raises(Gone):
            program_keeping.change(session, author, theirs, _eight(till), 0, 1)
        with pytest.raises(Gone):
            program_keeping.own_view(session, theirs)
