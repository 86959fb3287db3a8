"""Statements that go past SQLAlchemy: the same errors, the same objects, the same connections."""

from dataclasses import replace
from threading import Thread
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from issuer.cards import locked_card
from issuer.database import make_engine, send, send_ahead, transaction
from issuer.history import entries, just_booked
from issuer.schema import Card, Event
from tests.conftest import plain
from tests.issuer.counting import Till

OWN_PID = "SELECT pg_backend_pid()"
SPEAK = "UPDATE card SET language = %(language)s WHERE id = %(card)s"


def _end(url: str, pid: int) -> None:
    with psycopg.connect(plain(url), autocommit=True) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)


def _die_in_a_transaction(engine: Engine, url: str) -> None:
    with transaction(engine) as session:
        _end(url, send(session, OWN_PID, {})[0][0])
        send(session, "SELECT 1", {})


def test_a_connection_that_died_in_the_pool_is_not_handed_out(database_url: str) -> None:
    engine = make_engine(database_url, pool_size=1)
    with transaction(engine) as session:
        pid = send(session, OWN_PID, {})[0][0]
    _end(database_url, pid)
    with transaction(engine) as session:
        assert send(session, OWN_PID, {})[0][0] != pid
    engine.dispose()


def test_a_connection_that_lives_is_handed_out_again(database_url: str) -> None:
    engine = make_engine(database_url, pool_size=1)
    pids = set()
    for _ in range(3):
        with transaction(engine) as session:
            pids.add(send(session, OWN_PID, {})[0][0])
    engine.dispose()
    assert len(pids) == 1


def test_a_connection_that_dies_in_a_transaction_is_an_error_once(database_url: str) -> None:
    engine = make_engine(database_url, pool_size=1)
    with pytest.raises(OperationalError):
        _die_in_a_transaction(engine, database_url)
    with transaction(engine) as session:
        assert send(session, "SELECT 1", {}) == [(1,)]
    engine.dispose()


def test_a_lock_that_is_not_to_be_had_is_an_error_of_sqlalchemy(till: Till) -> None:
    card_id = till.join()
    with till.work() as holding, till.work() as waiting:
        locked_card(holding, card_id)
        waiting.execute(text("SET LOCAL lock_timeout = '10ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            locked_card(waiting, card_id)


def test_what_the_database_forbids_is_an_error_of_sqlalchemy(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id)
    with pytest.raises(IntegrityError), till.work() as session:
        send(session, "UPDATE account SET balance = -1 WHERE card_id = %(card)s RETURNING id", {"card": card_id})


def test_what_the_session_holds_is_written_before(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        before = send(session, "SELECT count(*) FROM event", {})[0][0]
        session.add(Event(merchant_id=till.shop.merchant_id, card_id=card_id, kind="seen", data={}, at=till.now))
        assert send(session, "SELECT count(*) FROM event", {}) == [(before + 1,)]


def test_a_locked_card_is_the_one_that_the_session_knows_as_the_database_has_it_now(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        known = session.get_one(Card, card_id)
        till.stamped(card_id)
        locked = locked_card(session, card_id)
        assert locked is known
        assert locked.version == 2
        assert not session.is_modified(locked)


def test_a_change_of_a_locked_card_is_kept(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        card = locked_card(session, card_id)
        assert card is not None
        card.language, card.pins = "en", {"lunch": 1}
    with till.work() as session:
        card = session.get_one(Card, card_id)
        assert (card.language, card.pins) == ("en", {"lunch": 1})


def _language(till: Till, card_id: UUID) -> str:
    with till.work() as session:
        return session.get_one(Card, card_id).language


def _speak_ahead(session: Session, card_id: UUID, language: str) -> None:
    send_ahead(session, SPEAK, {"card": card_id, "language": language})


def test_what_is_sent_ahead_comes_before_the_next_statement_and_in_its_order(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        _speak_ahead(session, card_id, "en")
        _speak_ahead(session, card_id, "de")
        assert send(session, "SELECT language FROM card WHERE id = %(card)s", {"card": card_id}) == [("de",)]
        _speak_ahead(session, card_id, "en")
        assert session.scalar(select(Card.language).where(Card.id == card_id)) == "en"
        session.rollback()
    assert _language(till, card_id) == "de"


def test_what_is_sent_ahead_of_nothing_is_committed(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        _speak_ahead(session, card_id, "en")
    assert _language(till, card_id) == "en"


def test_what_was_sent_ahead_in_a_transaction_that_failed_is_never_done(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        _speak_ahead(session, card_id, "en")
        session.rollback()
    assert _language(till, card_id) == "de"


def test_what_was_sent_ahead_in_a_savepoint_ends_with_it(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        _speak_ahead(session, card_id, "en")
        with session.begin_nested() as tried:
            _speak_ahead(session, card_id, "de")
            tried.rollback()
    assert _language(till, card_id) == "en"


def test_what_is_wrong_with_a_statement_sent_ahead_comes_up_with_the_next_one(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        _speak_ahead(session, card_id, "fr")
        with pytest.raises(IntegrityError, match="card_language_check"):
            send(session, "SELECT 1", {})
        session.rollback()


def test_what_is_wrong_with_a_statement_sent_ahead_comes_up_with_the_commit(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        session.add(Event(merchant_id=till.shop.merchant_id, card_id=card_id, kind="seen", data={}, at=till.now))
        _speak_ahead(session, card_id, "fr")
        with pytest.raises(IntegrityError, match="card_language_check"):
            session.commit()
    with till.work() as session:
        assert session.scalar(select(func.count()).where(Event.card_id == card_id, Event.kind == "seen")) == 0
    assert _language(till, card_id) == "de"


@pytest.mark.parametrize("size", [1, 1_000_000, 20_000_000])
def test_what_is_sent_ahead_may_be_of_any_size(till: Till, size: int) -> None:
    def work() -> None:
        with till.work() as session:
            send_ahead(session, "SELECT length(%(text)s)", {"text": "y" * size})
            send_ahead(session, "SELECT %(text)s::text", {"text": "y" * size})
            done.append(size)

    done: list[int] = []
    working = Thread(target=work, daemon=True)
    working.start()
    working.join(30)
    assert not working.is_alive(), "it waits for an answer to what was never sent"
    assert done == [size]


def test_a_merchant_that_is_set_is_the_one_whose_rows_the_very_next_statement_sees(till: Till) -> None:
    card_id = till.join()
    with transaction(till.engine, till.shop.merchant_id) as session:
        assert send(session, "SELECT count(*) FROM card WHERE id = %(card)s", {"card": card_id}) == [(1,)]
    with transaction(till.engine, uuid4()) as session:
        assert send(session, "SELECT count(*) FROM card WHERE id = %(card)s", {"card": card_id}) == [(0,)]
    with transaction(till.engine) as session:
        assert send(session, "SELECT count(*) FROM card WHERE id = %(card)s", {"card": card_id}) == [(0,)]


def test_what_was_just_booked_is_told_as_the_history_tells_it(till: Till) -> None:
    card_id = till.join()
    booked = till.stamped(card_id, 11, reference="bill 7")
    with till.work() as session:
        told = just_booked(session, booked)
        assert told[::-1] == [replace(line, where=None) for line in entries(session, card_id, limit=10)]
        assert [line.reference for line in told] == ["bill 7"] * 3
