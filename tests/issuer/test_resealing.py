"""A new KEY_ENCRYPTION_KEY: everything goes under it, whatever stops the work midway; a stolen dump opens nothing."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from issuer import certificates, customers, resealing
from issuer.customers import Profile, Told
from issuer.database import transaction
from issuer.joining import Joining, join
from issuer.keys import Keys
from issuer.programs import program_view
from issuer.registrations import pass_token
from issuer.resealing import SEALED, Sealed, places, reseal
from issuer.schema import Base, Card, Certificate, Pass
from signing.envelope import KeyRing, SealBroken, key_ids, unseal
from tests.conftest import Cafe

OLD, NEW, STRANGE = b"o" * 32, b"n" * 32, b"s" * 32
UNDER_A_KEY_OF_THEIR_OWN = {("personal_data", what) for what in ("mail_sealed", "phone_sealed", "birthday_sealed")}
CARDS = 5


@dataclass(frozen=True)
class House:
    """Two merchants' secrets, sealed under the old key."""

    engine: Engine
    keys: Keys
    cafes: tuple[Cafe, Cafe]

    def under(self, current: bytes, *older: bytes) -> Keys:
        return replace(self.keys, encryption=KeyRing(current, older))

    def rotated(self, keys: Keys, limit: int = 100) -> int:
        """What the command does."""
        done = 0
        with transaction(self.engine) as session:
            found = places(session)
        for sealed, merchant_id in found:
            after, more = None, True
            while more:
                with transaction(self.engine, merchant_id) as session:
                    step = reseal(session, keys, sealed, after, limit)
                after, more, done = step.last, step.last is not None, done + step.done
        return done

    def values(self, sealed: Sealed) -> list[Any]:
        """The rows of a column, of all merchants."""
        rows = list[Any]()
        for cafe in self.cafes if sealed.of_merchants else self.cafes[:1]:
            with transaction(self.engine, cafe.merchant_id) as session:
                rows += session.scalars(select(sealed.row)).all()
        return rows

    def everything(self) -> list[tuple[Sealed, Any]]:
        return [(sealed, row) for sealed in SEALED for row in self.values(sealed)]

    def keys_in_use(self) -> set[bytes]:
        return {getattr(row, sealed.column)[1:5] for sealed, row in self.everything()}


@pytest.fixture
def house(engine: Engine, keys: Keys, cafe: Cafe, other_cafe: Cafe, certificate: None, now: datetime) -> House:
    old = replace(keys, encryption=OLD)
    with transaction(engine) as session:
        certificates.request(session, old, now)
        certificates.request(session, old, now, cafe.merchant_id)
        row = session.scalars(select(Certificate)).one()
        given = certificates.opened(row, keys)
        session.delete(row)
        session.flush()
        certificates.store(session, old, given, now)
    for one in (cafe, other_cafe):
        with transaction(engine, one.merchant_id) as session:
            furnish(session, old, one, now)
    return House(engine, keys, (cafe, other_cafe))


def furnish(session: Session, keys: Keys, cafe: Cafe, now: datetime) -> None:
    program = program_view(session, cafe.program_id)
    assert program is not None
    for number in range(CARDS):
        card = join(session, keys, program.program, Joining("de", "api"), now)
        profile = Profile("Anna", f"anna{number}@example.com", date(1990, 2, 28))
        customers.remember(session, keys, card.customer_id, profile, Told("card", "de"), now)


def test_everything_is_under_the_new_key_and_opens_with_it_alone(house: House) -> None:
    assert house.keys_in_use() == {key_ids(OLD)[0]}
    assert house.rotated(house.under(NEW, OLD)) == len(house.everything()) == 1 + 2 + 4 * CARDS
    assert house.keys_in_use() == {key_ids(NEW)[0]}
    for sealed, row in house.everything():
        value, purpose = getattr(row, sealed.column), sealed.purpose(row)
        assert unseal(NEW, value, purpose=purpose)
        with pytest.raises(SealBroken, match="sealed with the key"):
            unseal(OLD, value, purpose=purpose)


def test_what_was_sealed_is_what_it_was(house: House) -> None:
    def told(keys: Keys) -> list[Any]:
        found = list[Any]()
        for cafe in house.cafes:
            with transaction(house.engine, cafe.merchant_id) as session:
                found += [pass_token(row, keys) for row in session.scalars(select(Pass).order_by(Pass.id))]
                people = session.scalars(select(Card.customer_id).order_by(Card.id))
                found += [customers.known(session, keys, who).profile for who in people]
                found += [certificates.opened(row, keys).key_pem() for row in certificates.every(session)]
        return found

    before = told(house.under(OLD))
    house.rotated(house.under(NEW, OLD))
    assert told(house.under(NEW)) == before


def test_what_is_half_done_opens_and_is_finished_by_the_next_run(house: House) -> None:
    ring = house.under(NEW, OLD)
    tokens = next(sealed for sealed in SEALED if sealed.row is Pass)
    with transaction(house.engine) as session:
        assert reseal(session, ring, tokens, None, 3).done == 3
    with Session(house.engine) as killed:
        assert reseal(killed, ring, tokens, None, 3).done == 3
        killed.rollback()
    rows = house.values(tokens)
    assert sorted(row.token_sealed[1:5] == key_ids(NEW)[0] for row in rows) == [False] * 7 + [True] * 3
    assert all(pass_token(row, ring) for row in rows)
    assert house.rotated(ring, limit=2) == len(house.everything()) - 3
    assert house.keys_in_use() == {key_ids(NEW)[0]}


def test_a_second_run_changes_nothing(house: House) -> None:
    ring = house.under(NEW, OLD)
    house.rotated(ring)
    before = [getattr(row, sealed.column) for sealed, row in house.everything()]
    assert house.rotated(ring) == 0
    assert [getattr(row, sealed.column) for sealed, row in house.everything()] == before


def test_without_an_older_key_nothing_is_changed(house: House) -> None:
    assert house.rotated(house.under(OLD)) == 0
    assert house.keys_in_use() == {key_ids(OLD)[0]}


def test_what_is_under_a_key_nobody_gave_is_counted_and_left(house: House) -> None:
    ring = house.under(NEW, STRANGE)
    assert house.rotated(ring) == 0
    with transaction(house.engine) as session:
        counts = {sealed.what: resealing.left(session, ring, sealed) for sealed in SEALED}
    assert counts["tokens of passes"] == {key_ids(OLD)[0].hex(): 2 * CARDS}
    assert counts["keys of certificates"] == {key_ids(OLD)[0].hex(): 1}


def test_what_does_not_open_is_named_and_keeps_nothing_else_back(house: House) -> None:
    ring, tokens = house.under(NEW, OLD), next(sealed for sealed in SEALED if sealed.row is Pass)
    with transaction(house.engine) as session:
        first, second, *others = session.scalars(select(Pass).order_by(Pass.id)).all()
        first.token_sealed = second.token_sealed[:65] + first.token_sealed[65:]
    with transaction(house.engine) as session:
        step = reseal(session, ring, tokens, None, 100)
    assert (list(step.broken), step.done) == ([first.id], 1 + len(others))
    assert "was not sealed as" in step.broken[first.id]


def test_a_row_that_somebody_holds_is_left_out_and_waited_for_alone(house: House) -> None:
    ring, tokens = house.under(NEW, OLD), next(sealed for sealed in SEALED if sealed.row is Pass)
    with Session(house.engine) as holder:
        holder.scalars(select(Pass).order_by(Pass.id).limit(1).with_for_update()).one()
        with transaction(house.engine) as session:
            assert reseal(session, ring, tokens, None, 100).done == 2 * CARDS - 1
    with transaction(house.engine) as session:
        assert reseal(session, ring, tokens, None, 1, patient=True).done == 1
    assert {row.token_sealed[1:5] for row in house.values(tokens)} == {key_ids(NEW)[0]}


def test_a_stolen_dump_opens_nothing(house: House) -> None:
    """All columns of all rows with secrets: none holds one, and no key found there opens any."""
    rows = [row for _, row in house.everything()]
    held = [value for row in rows for value in vars(row).values() if isinstance(value, bytes)]
    dump = b"".join(held)
    for secret in (b"PRIVATE KEY", b"anna", b"@example.com", OLD, NEW):
        assert secret not in dump
    guesses = {value[start : start + 32] for value in held for start in (0, 5, 17, 65)} - {b""}
    for sealed, row in house.everything():
        for guess in (guess for guess in guesses if len(guess) == 32):
            with pytest.raises(SealBroken):
                unseal(guess, getattr(row, sealed.column), purpose=sealed.purpose(row))


@pytest.mark.parametrize("sealed", SEALED, ids=lambda one: str(one.what))
def test_a_value_that_was_swapped_with_any_other_is_refused(house: House, sealed: Sealed) -> None:
    """Between merchants, between rows, between purposes."""
    target = house.values(sealed)[0]
    for other, row in house.everything():
        if (other, row.__dict__.get(other.identity)) != (sealed, getattr(target, sealed.identity)):
            with pytest.raises(SealBroken, match="was not sealed as"):
                unseal(OLD, getattr(row, other.column), purpose=sealed.purpose(target))


def test_every_sealed_column_is_taken_over() -> None:
    columns = {
        (str(mapper.local_table), column.name)
        for mapper in Base.registry.mappers
        for column in mapper.columns
        if column.name.endswith("_sealed")
    }
    listed = {(str(sealed.row.__table__), sealed.column) for sealed in SEALED}
    assert columns == listed | UNDER_A_KEY_OF_THEIR_OWN
