"""A card is found by what somebody remembers of it: name, mail, short code, serial."""

from datetime import date
from uuid import UUID

import pytest

from issuer.cards import newest
from issuer.customers import Profile, mail_digest
from tests.issuer.counting import Till

ERIKA = Profile("Erika Mustermann", "Erika.Mustermann@example.org", date(1964, 8, 12))


def _found(till: Till, search: str) -> list[UUID]:
    with till.work() as session:
        digest = mail_digest(till.keys, search)
        return [card.id for card in newest(session, limit=10, search=search, mail_digest=digest)]


@pytest.fixture
def three(till: Till) -> list[UUID]:
    """Erika, 100%er and nobody, in this order."""
    return [
        till.join(ERIKA),
        till.later(1).join(Profile("100%er_Fan")),
        till.later(2).join(),
    ]


@pytest.mark.parametrize(
    ("search", "found"),
    [("", [2, 1, 0]), ("erika", [0]), ("MUSTER", [0]), ("%", [1]), ("_", [1]), ("nobody", []), ("example.org", [])],
)
def test_the_console_finds_cards_by_name_and_takes_signs_literally(
    till: Till, three: list[UUID], search: str, found: list[int]
) -> None:
    with till.work() as session:
        assert [card.id for card in newest(session, limit=10, search=search)] == [three[i] for i in found]


def test_the_console_finds_cards_by_short_code_and_serial(till: Till, three: list[UUID]) -> None:
    shown = till.view(three[1])
    with till.work() as session:
        for search in (shown.short_code, shown.short_code.lower().replace("-", ""), shown.short_code[:5], shown.serial):
            assert [card.id for card in newest(session, limit=10, search=search)] == [three[1]]


def test_a_list_goes_on_after_the_place_it_was_left(till: Till, three: list[UUID]) -> None:
    with till.work() as session:
        first = newest(session, limit=2)
        rest = newest(session, limit=2, after=(first[-1].created_at, first[-1].id))
    assert [card.id for card in (*first, *rest)] == three[::-1]


@pytest.mark.parametrize("typed", [
    "Erika.Mustermann@example.org", "erika.mustermann@EXAMPLE.org", "  erika.mustermann@example.org ",
])  # fmt: skip
def test_a_whole_address_finds_its_owner_however_it_is_typed(till: Till, three: list[UUID], typed: str) -> None:
    assert _found(till, typed) == [three[0]]


@pytest.mark.parametrize("typed", [
    "mustermann@example.org", "erika.mustermann@example", "erika.mustermann@", "@example.org", "@",
    "erika.mustermann@example.org.", "xerika.mustermann@example.org", "erika.mustermann@example.org, x@example.org",
])  # fmt: skip
def test_a_part_of_an_address_finds_nobody(till: Till, three: list[UUID], typed: str) -> None:
    assert _found(till, typed) == []


def test_an_address_finds_nobody_without_its_digest(till: Till, three: list[UUID]) -> None:
    with till.work() as session:
        assert newest(session, limit=10, search="erika.mustermann@example.org") == []


def test_another_merchant_finds_nobody_by_an_address(till: Till, other_till: Till, three: list[UUID]) -> None:
    assert _found(other_till, "erika.mustermann@example.org") == []


def test_two_cards_of_one_address_are_both_found(till: Till, three: list[UUID]) -> None:
    again = till.later(3).join(Profile(mail="erika.mustermann@example.org"))
    assert _found(till, "erika.mustermann@example.org") == [again, three[0]]


@pytest.mark.parametrize("search", ["-", "- -", "\\", "\\%", "%%", "'", '"'])
def test_signs_that_stand_nowhere_find_nothing(till: Till, three: list[UUID], search: str) -> None:
    assert _found(till, search) == []


def test_the_end_of_a_short_code_or_serial_is_no_beginning(till: Till, three: list[UUID]) -> None:
    shown = till.view(three[2])
    assert _found(till, shown.serial[1:]) == []
    assert _found(till, shown.short_code[3:] + shown.short_code[:3]) == []


@pytest.mark.parametrize("name", ["عبد الرحمن", "👩\u200d🍳 Zoë", "Ğülşen Ößterreicher"])
def test_a_name_of_any_writing_is_found_by_a_part_of_it(till: Till, name: str) -> None:
    card_id = till.join(Profile(name))
    assert _found(till, name[1:-1]) == [card_id]
