"""How a card ends that was merged into another, what its code and paper say from then on, and what is not merged."""

import pytest
from sqlalchemy import select

from issuer import merging
from issuer.audit import first_breach
from issuer.codes import code_row
from issuer.editing import Author
from issuer.paper import card_for, print_batch
from issuer.schema import (
    Card,
    CardCode,
    CardKey,
    Event,
    Pass,
    Program,
)
from tests.issuer.counting import Till, booked, refused
from tests.issuer.returning import (
    POINTS,
    STAMPS,
    befriend,
    everything,
    friendships,
    merge,
    merged,
    moved,
    plain,
    refunded,
    row,
    stands,
)

# How the old card ends.


def test_the_old_card_has_moved_and_says_where(till: Till) -> None:
    into, from_ = till.join(), till.join()
    merged(till, into, from_)
    assert (row(till, from_).state, row(till, from_).merged_into) == ("moved", into)
    assert row(till, into).state == "active"
    assert refused(till.stamp(from_)) == "card_blocked"


def test_a_till_that_scans_the_old_code_learns_where_the_stamps_are(till: Till) -> None:
    into, from_, last = till.join(), till.join(), till.join()
    text = till.view(from_).code
    merged(till, into, from_)
    merged(till, last, into)
    with till.work() as session:
        shop, key = till.shop.merchant_id, till.keys.codes
        assert code_row(session, shop, text, key) is None
        found = code_row(session, shop, text, key, revoked=True)
        assert found is not None
        where = merging.where_to(session, found)
    assert where is not None
    assert where.id == last


def test_a_code_of_no_card_leads_nowhere(till: Till) -> None:
    with till.work() as session:
        assert merging.where_to(session, CardCode(code="x", card_id=None)) is None


def test_the_old_pass_and_the_old_page_are_revoked(till: Till) -> None:
    into, from_ = till.join(), till.join()
    merged(till, into, from_)
    with till.work() as session:
        assert session.scalars(select(Pass.revoked_at).where(Pass.card_id == from_)).all() == [till.now]
        assert session.scalars(select(CardKey.revoked_at).where(CardKey.card_id == from_)).all() == [till.now]
        assert session.scalars(select(Pass.revoked_at).where(Pass.card_id == into)).all() == [None]


def test_what_is_printed_on_paper_goes_on_to_work_for_the_other_card(till: Till) -> None:
    into = till.join()
    with till.work() as session:
        program = session.get_one(Program, till.shop.program_id)
        author = Author(till.shop.staff_id, till.shop.merchant_id, till.now)
        batch = print_batch(session, till.keys, author, program, 1, "de")
        text = session.scalars(select(CardCode.code).where(CardCode.batch_id == batch.id)).one()
    with till.work() as session:
        paper = card_for(session, till.keys, till.shop.merchant_id, text, till.now)
        assert paper is not None
    till.stamped(paper.id, 4)
    merged(till, into, paper.id)
    with till.work() as session:
        found = card_for(session, till.keys, till.shop.merchant_id, text, till.now)
    assert found is not None
    assert found.id == into
    assert till.view(paper.id).code != text
    assert till.view(into).code != text


def test_history_says_that_two_cards_became_one(till: Till) -> None:
    into, from_ = till.join(), till.join()
    merged(till, into, from_)
    with till.work() as session:
        found = session.execute(select(Event.card_id, Event.data).where(Event.kind == "merged")).all()
    assert dict(found) == {into: {"card": str(from_)}, from_: {"into": str(into)}}


def test_a_purchase_of_the_old_card_is_refunded_on_the_other(till: Till) -> None:
    into, from_ = till.join(), till.join()
    purchase = till.bought(from_, 5_00).purchase.id
    merged(till, into, from_)
    assert refunded(till, purchase) == [("stamps", -1, "refund")]
    assert everything(till, into) == {}


def test_a_card_that_was_moved_to_a_new_phone_merges_like_any_other(till: Till) -> None:
    into, from_ = till.join(), till.join()
    till.stamped(from_, 2)
    moved(till, from_)
    merged(till.later(1), into, from_)
    assert stands(till, into) == {"stamps": 2}
    assert till.view(from_).state == "moved"


# Refusals.


def test_a_card_is_not_merged_with_itself(till: Till) -> None:
    card_id = till.join()
    assert refused(merge(till, card_id, card_id)) == "same_card"


def test_cards_of_two_programs_are_not_merged(till: Till) -> None:
    one = till.join()
    other_program = till.open_program()
    with till.work() as session:
        other = till.join()
        card = session.get_one(Card, other)
        card.program_id = other_program
    assert refused(merge(till, one, other)) == "wrong_program"


@pytest.mark.parametrize("state", ["blocked", "moved", "erased"])
@pytest.mark.parametrize("which", [0, 1])
def test_only_active_cards_are_merged(till: Till, state: str, which: int) -> None:
    cards = till.join(), till.join()
    till.stamped(cards[1], 3)
    till.set_state(cards[which], state)
    assert refused(merge(till, *cards)) == "card_blocked"
    assert stands(till, cards[1]) == {"stamps": 3}


def test_a_card_is_merged_once(till: Till) -> None:
    into, from_ = till.join(), till.join()
    merged(till, into, from_)
    assert refused(merge(till, into, from_)) == "card_blocked"
    assert refused(merge(till, from_, into)) == "card_blocked"


def test_a_merge_is_not_taken_back(till: Till) -> None:
    into, from_ = till.join(), till.join()
    till.stamped(from_, 3)
    posting = booked(merge(till, into, from_)).posting
    assert refused(till.reverse(posting.id)) == "merged_for_good"
    assert stands(till, into) == {"stamps": 3}


def test_two_cards_are_locked_the_younger_first(till: Till) -> None:
    old, young = till.join(), till.later(1).join()
    with till.work() as session:
        into, from_ = merging.locked_two(session, old, young)
        assert (into.id, from_.id) == (old, young)
        assert merging.locked_two(session, old, till.shop.staff_id)[1] is None


def test_the_book_is_sound_after_merging(own_till: Till) -> None:
    own_till.set_rules(STAMPS, POINTS)
    cards = [own_till.join() for _ in range(4)]
    for number, card_id in enumerate(cards):
        own_till.bought(card_id, 3_33 * (number + 1))
        own_till.stamped(card_id, 7)
    for from_ in cards[1:]:
        merged(own_till, cards[0], from_)
    found = {plain(unit): amount for unit, amount in own_till.holds(cards[0]).items()}
    assert found == {"stamps": 2, "reward": 3, "points": 33}
    with own_till.work() as session:
        assert first_breach(session) is None


# What a person gets once.


def test_the_welcome_of_a_second_card_does_not_come_along(till: Till) -> None:
    till.set_rules(STAMPS | {"bonus": 4})
    into, from_ = till.join(), till.join()
    till.stamped(from_)
    merged(till, into, from_)
    assert stands(till, into) == {"stamps": 5}


def test_who_brought_themselves_loses_both_presents(till: Till) -> None:
    present = {"unit": "stamps", "amount": 2}
    till.set_rules(STAMPS, {"kind": "referral", "friend": present, "referrer": present})
    into, from_ = till.join(), till.later(1).join()
    befriend(till, from_, into)
    till.stamped(from_)
    assert (stands(till, into), stands(till, from_)) == ({"stamps": 2}, {"stamps": 3})
    merged(till, into, from_)
    assert stands(till, into) == {"stamps": 1}
    assert friendships(till) == {(from_, into, "void")}
