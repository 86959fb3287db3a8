"""A printed code is worth nothing until its first stamp; from then on it is a card like any other."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from issuer import counter, paper
from issuer.audit import first_breach
from issuer.codes import find_code
from issuer.database import set_merchant
from issuer.editing import Author, Gone, Objection
from issuer.joining import source_of
from issuer.ledger import Booked
from issuer.schema import Card, CardCode, CardKey, Customer, Event, PaperBatch, Pass, Program, Publication
from signing.codes import MistypedCode, NotOurCode, read_code, read_short_code
from tests.issuer.counting import Till, booked
from tests.issuer.overlapping import overlapping

OF_A_CARD = (Card, Customer, Pass, CardKey, Publication)


def author(till: Till) -> Author:
    return Author(uuid4(), till.shop.merchant_id, till.now)


def printed(till: Till, count: int = 1, language: str = "de") -> Sequence[CardCode]:
    """The codes of a new batch."""
    with till.work() as session:
        program = session.get_one(Program, till.shop.program_id)
        batch = paper.print_batch(session, till.keys, author(till), program, count, language)
        return paper.unused_codes(session, batch.id)[1]


def begun(till: Till, session: Session, text: str) -> Card | None:
    return paper.card_for(session, till.keys, till.shop.merchant_id, text, till.now)


def stamp(till: Till, session: Session, text: str) -> Booked:
    """What the till's request does to a code."""
    card = begun(till, session, text)
    assert card is not None
    return booked(counter.stamp(session, card, 1, till.visit()))


def stamped(till: Till, text: str) -> UUID:
    with till.work() as session:
        return stamp(till, session, text).posting.card_id


def withdrawn(till: Till, code: CardCode) -> None:
    assert code.batch_id is not None
    with till.work() as session:
        paper.withdraw(session, author(till), code.batch_id)


def rows(till: Till) -> dict[str, int]:
    with till.work() as session:
        counts = {
            table.__tablename__: session.scalar(
                select(func.count()).select_from(table).where(table.merchant_id == till.shop.merchant_id)
            )
            or 0
            for table in OF_A_CARD
        }
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize("typed", ["", "0", "201", "-1", "abc", "１０", "1.5", "1e1", "9" * 5000, "10\x00"])
def test_a_number_of_cards_that_cannot_be_is_refused_by_name(typed: str) -> None:
    refused = paper.read_count(typed)
    assert isinstance(refused, Objection)
    assert refused.about == "count"
    assert refused.sentence("en") == f"“{typed[:10]}” paper cards cannot be printed at once: choose 1 to 200."


@pytest.mark.parametrize(("typed", "count"), [("1", 1), (" 200 ", 200), ("010", 10)])
def test_one_to_two_hundred_cards_are_printed_at_once(typed: str, count: int) -> None:
    assert paper.read_count(typed) == count


def test_every_card_has_codes_of_its_own_that_are_ours(till: Till) -> None:
    codes = [*printed(till, 60), *printed(till, 60)]
    assert len({row.code for row in codes}) == len({row.short_code for row in codes}) == 120
    for row in codes:
        assert read_code(till.keys.codes, row.code) == row.code
        assert read_short_code(row.short_code) == row.short_code


def test_a_printed_code_is_no_card_and_nobodys(till: Till) -> None:
    (row,) = printed(till)
    assert rows(till) == {}
    with till.work() as session:
        assert find_code(session, till.shop.merchant_id, row.code, till.keys.codes) is None


def test_the_first_stamp_makes_a_card_in_the_batchs_language_that_came_by_paper(till: Till) -> None:
    (row,) = printed(till, language="en")
    card_id = stamped(till, row.code)
    shown = till.view(card_id)
    assert (shown.code, shown.short_code, shown.language, shown.state) == (row.code, row.short_code, "en", "active")
    assert till.lines(card_id) == [("stamps", 1, "stamp")]
    assert rows(till) == dict.fromkeys((table.__tablename__ for table in OF_A_CARD), 1)
    with till.work() as session:
        assert source_of(session, card_id) == "paper"
        assert find_code(session, till.shop.merchant_id, row.short_code, till.keys.codes) == card_id


def test_a_first_stamp_that_fails_leaves_no_card(till: Till) -> None:
    (row,) = printed(till)

    def stamp_and_fail() -> None:
        with till.work() as session:
            stamp(till, session, row.code)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        stamp_and_fail()
    assert rows(till) == {}
    stamped(till, row.code)


@pytest.mark.parametrize("spell", [str.lower, lambda text: text.replace("-", " "), lambda text: text.replace("-", "")])
def test_the_short_code_is_typed_as_people_type(till: Till, spell: object) -> None:
    assert callable(spell)
    (row,) = printed(till)
    assert till.view(stamped(till, spell(row.short_code))).code == row.code


@pytest.mark.parametrize("text", ["", "https://example.org", "T1" + "A" * 34, "\x00"])
def test_a_text_that_is_no_code_of_ours_begins_no_card(till: Till, text: str) -> None:
    with pytest.raises(NotOurCode), till.work() as session:
        begun(till, session, text)


def test_a_short_code_with_a_letter_wrong_begins_no_card(till: Till) -> None:
    (row,) = printed(till)
    wrong = row.short_code[:-1] + ("0" if row.short_code[-1] != "0" else "1")
    with pytest.raises(MistypedCode), till.work() as session:
        begun(till, session, wrong)


def test_two_tills_that_stamp_a_new_card_at_once_make_one_card_with_two_stamps(till: Till) -> None:
    (row,) = printed(till)

    def tap(session: Session) -> UUID:
        set_merchant(session, till.shop.merchant_id)
        return stamp(till, session, row.code).posting.card_id

    one, other = overlapping(till.engine, tap, tap)
    assert one == other
    assert till.lines(one) == [("stamps", 1, "stamp")] * 2
    assert rows(till) == dict.fromkeys((table.__tablename__ for table in OF_A_CARD), 1)


def test_the_second_stamp_finds_the_card_of_the_first(till: Till) -> None:
    (row,) = printed(till)
    assert stamped(till, row.code) == stamped(till, row.short_code)


def test_undoing_the_first_stamp_leaves_an_active_card_without_stamps(till: Till) -> None:
    (row,) = printed(till)
    with till.work() as session:
        posting = stamp(till, session, row.code).posting
    booked(till.reverse(posting.id))
    assert (till.view(posting.card_id).state, till.balances(posting.card_id)) == ("active", (0, 0))
    assert stamped(till, row.code) == posting.card_id


def test_withdrawn_codes_begin_no_card_and_those_in_use_go_on(till: Till) -> None:
    used, unused = printed(till, 2)
    card_id = stamped(till, used.code)
    withdrawn(till, used)
    with till.work() as session:
        for text in (unused.code, unused.short_code):
            assert begun(till, session, text) is None
            assert paper.was_withdrawn(session, till.keys, till.shop.merchant_id, text)
        assert not paper.was_withdrawn(session, till.keys, till.shop.merchant_id, used.code)
    assert stamped(till, used.code) == card_id
    assert till.balances(card_id) == (2, 0)


def test_withdrawing_waits_for_a_first_stamp_and_leaves_its_card(till: Till) -> None:
    (row,) = printed(till)

    def tap(session: Session) -> UUID:
        set_merchant(session, till.shop.merchant_id)
        return stamp(till, session, row.code).posting.card_id

    def withdraw(session: Session) -> None:
        set_merchant(session, till.shop.merchant_id)
        assert row.batch_id is not None
        paper.withdraw(session, author(till), row.batch_id)

    card_id, _ = overlapping(till.engine, tap, withdraw)
    assert stamped(till, row.code) == card_id


def test_a_first_stamp_waits_for_a_withdrawal_and_begins_nothing(till: Till) -> None:
    (row,) = printed(till)

    def withdraw(session: Session) -> None:
        set_merchant(session, till.shop.merchant_id)
        assert row.batch_id is not None
        paper.withdraw(session, author(till), row.batch_id)

    def tap(session: Session) -> Card | None:
        set_merchant(session, till.shop.merchant_id)
        return begun(till, session, row.code)

    assert overlapping(till.engine, withdraw, tap) == (None, None)
    assert rows(till) == {}


def test_withdrawing_twice_is_withdrawing_once(till: Till) -> None:
    (row,) = printed(till)
    withdrawn(till, row)
    withdrawn(till.later(60), row)
    with till.work() as session:
        assert session.get_one(PaperBatch, row.batch_id).revoked_at == till.now
        kinds = session.scalars(select(Event.kind).order_by(Event.number)).all()
    assert list(kinds) == ["paper_printed", "paper_withdrawn"]


def test_another_merchants_paper_is_not_found(till: Till, other_till: Till) -> None:
    (row,) = printed(till)
    assert row.batch_id is not None
    with other_till.work() as session:
        for text in (row.code, row.short_code):
            assert begun(other_till, session, text) is None
            assert not paper.was_withdrawn(session, other_till.keys, other_till.shop.merchant_id, text)
        with pytest.raises(Gone):
            paper.unused_codes(session, row.batch_id)
        with pytest.raises(Gone):
            paper.withdraw(session, author(other_till), row.batch_id)
        assert paper.batches(session) == []
    stamped(till, row.code)


def test_a_batch_is_printed_again_in_its_order_without_the_cards_in_use(till: Till) -> None:
    batch = printed(till, 12)
    printed(till)
    stamped(till, batch[3].code)
    assert batch[0].batch_id is not None
    with till.work() as session:
        again = paper.unused_codes(session, batch[0].batch_id)[1]
    assert [row.code for row in again] == [row.code for row in (*batch[:3], *batch[4:])]


@pytest.mark.parametrize("end", ["used", "withdrawn"])
def test_a_batch_of_which_nothing_is_left_is_not_printed_again(till: Till, end: str) -> None:
    (row,) = printed(till)
    assert row.batch_id is not None
    if end == "used":
        stamped(till, row.code)
    else:
        withdrawn(till, row)
    with till.work() as session, pytest.raises(Gone):
        paper.unused_codes(session, row.batch_id)


def test_batches_are_told_newest_first_with_how_many_are_in_use(till: Till) -> None:
    old, new = printed(till, 3), printed(till.later(60), 2)
    stamped(till, old[0].code)
    stamped(till, old[2].code)
    stamped(till, old[2].code)
    with till.work() as session:
        assert [(found.batch.id, found.batch.count, found.used) for found in paper.batches(session)] == [
            (new[0].batch_id, 2, 0),
            (old[0].batch_id, 3, 2),
        ]


def test_who_printed_and_withdrew_is_kept(till: Till) -> None:
    who = author(till)
    with till.work() as session:
        batch = paper.print_batch(session, till.keys, who, session.get_one(Program, till.shop.program_id), 3, "de")
        paper.withdraw(session, who, batch.id)
        events = session.scalars(select(Event).where(Event.merchant_id == till.shop.merchant_id).order_by(Event.number))
        assert [(event.kind, event.data) for event in events] == [
            ("paper_printed", {"user_id": str(who.user_id), "batch": str(batch.id), "count": 3}),
            ("paper_withdrawn", {"user_id": str(who.user_id), "batch": str(batch.id)}),
        ]


def test_the_ledger_holds_with_paper_cards_in_it(own_till: Till) -> None:
    codes = printed(own_till, 3)
    for _ in range(11):
        stamped(own_till, codes[0].code)
    withdrawn(own_till, codes[1])
    with own_till.work() as session:
        assert first_breach(session) is None
