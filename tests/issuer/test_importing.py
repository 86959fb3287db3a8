"""A history of purchases: all of it once, or a sentence and nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from issuer.audit import first_breach
from issuer.database import transaction
from issuer.importing import FileRefused, Imported, batches, import_batch, read_rows
from issuer.schema import Card, Customer, Posting, Program, Purchase
from tests.issuer.counting import Till

HEAD = "customer,date,items,amount\n"
GOOD = HEAD + "k1,2026-01-05,2,7.40\nk2,2026-01-05,1,3.20\nk1,2026-07-06,3,11\n"
Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "history.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def book(till: Till, path: Path, size: int = 100) -> Imported:
    rows = read_rows(path)
    done = []
    for batch in batches(rows, size):
        with till.work() as session:
            done.append(
                import_batch(session, till.keys, session.get_one(Program, till.shop.program_id), batch, till.now)
            )
    return Imported(sum(part.booked for part in done), sum(part.known for part in done))


def count(till: Till) -> tuple[int, int, int]:
    """Customers, postings and purchases of the merchant."""
    with till.work() as session:
        numbers = [session.scalar(select(func.count(column))) for column in (Customer.id, Posting.id, Purchase.id)]
    return tuple(number or 0 for number in numbers)  # type: ignore[return-value]


def test_every_row_is_one_stamp_on_the_card_of_its_customer(till: Till, write: Write) -> None:
    assert book(till, write(GOOD)) == Imported(3, 0)
    assert count(till) == (2, 3, 3)
    with till.work() as session:
        cards = dict(
            session.execute(select(Customer.reference, Card.id).join(Card, Card.customer_id == Customer.id)).all()
        )
    assert {name: till.balances(card_id) for name, card_id in cards.items()} == {"k1": (2, 0), "k2": (1, 0)}


def test_a_second_run_books_nothing(till: Till, write: Write) -> None:
    path = write(GOOD)
    book(till, path)
    assert book(till, path) == Imported(0, 3)
    assert count(till) == (2, 3, 3)


def test_two_rows_alike_are_two_purchases(till: Till, write: Write) -> None:
    assert book(till, write(HEAD + "k1,2026-01-05,1,3.20\n" * 3)) == Imported(3, 0)


def test_a_changed_file_is_another_file(till: Till, write: Write) -> None:
    book(till, write(GOOD))
    assert book(till, write(GOOD + "k3,2026-01-07,1,1\n")) == Imported(4, 0)


def test_ten_purchases_become_a_reward_without_any_pause(till: Till, write: Write) -> None:
    till.pause(86400)
    book(till, write(HEAD + "k1,2026-01-05,1,3.20\n" * 10))
    with till.work() as session:
        card_id = session.scalars(select(Card.id)).one()
    assert till.balances(card_id) == (0, 1)
    assert till.lines(card_id)[-3:] == [("stamps", 1, "import"), ("stamps", -10, "round"), ("reward", 1, "round")]


@pytest.mark.parametrize(("day", "hour"), [("2026-01-05", 11), ("2026-07-06", 10)])
def test_a_purchase_happened_at_noon_of_the_merchants_zone(till: Till, write: Write, day: str, hour: int) -> None:
    book(till, write(HEAD + f"k1,{day},2,7.40\n"))
    with till.work() as session:
        purchase = session.scalars(select(Purchase)).one()
    assert purchase.occurred_at.astimezone(UTC).hour == hour
    assert purchase.occurred_at.astimezone(ZoneInfo("Europe/Berlin")).isoformat()[:13] == f"{day}T12"
    assert (purchase.total, purchase.currency, purchase.items) == (
        740,
        "EUR",
        [{"sku": "", "name": "", "quantity": 2, "price": 0}],
    )
    assert purchase.recorded_at == till.now


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(),
        GOOD.rstrip("\n").encode(),
        GOOD.replace("\n", "\n\n").encode(),
        b"amount,items,date,customer,till\n7.40,2,2026-01-05,k1,1\n3,1,2026-01-05,k2,1\n11,3,2026-01-06,k1,1\n",
        GOOD.replace("k1", '"k1"').encode(),
        GOOD.replace(",2,", ", 2 ,").encode(),
    ],
    ids=["BOM", "CRLF", "BOM and CRLF", "no last newline", "blank lines", "other order", "quotes", "blanks"],
)
def test_a_file_as_spreadsheets_write_it_is_read(till: Till, write: Write, content: bytes) -> None:
    assert book(till, write(content)) == Imported(3, 0)
    assert count(till) == (2, 3, 3)


def test_names_with_commas_umlauts_and_quotes_stay_whole(till: Till, write: Write) -> None:
    book(till, write(HEAD + '"Müller, ""Jo""",2026-01-05,1,3.20\n'))
    with till.work() as session:
        assert session.scalars(select(Customer.reference)).all() == ['Müller, "Jo"']


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",2026-01-05,2,7.40", "customer"),
        ("   ,2026-01-05,2,7.40", "customer"),
        ("k" * 101 + ",2026-01-05,2,7.40", "customer"),
        ("k\x001,2026-01-05,2,7.40", "customer"),
        ("k1,05.01.2026,2,7.40", "date"),
        ("k1,2026-02-30,2,7.40", "date"),
        ("k1,,2,7.40", "date"),
        ("k1,2026-01-05T10:00,2,7.40", "date"),
        ("k1,2026-01-05,-2,7.40", "items"),
        ("k1,2026-01-05,1.5,7.40", "items"),
        ("k1,2026-01-05,²,7.40", "items"),
        ("k1,2026-01-05,1000000000,7.40", "items"),
        ("k1,2026-01-05,2,", "amount"),
        ('k1,2026-01-05,2,"7,40"', "amount"),
        ("k1,2026-01-05,2,-7.40", "amount"),
        ("k1,2026-01-05,2,7.405", "amount"),
        ("k1,2026-01-05,2,7.40 €", "amount"),
        ("k1,2026-01-05,2,NaN", "amount"),
        ("k1,2026-01-05,2,sNaN", "amount"),
        ("k1,2026-01-05,2,Infinity", "amount"),
        ("k1,2026-01-05,2,1e30", "amount"),
        ("k1,2026-01-05,2,1e5", "amount"),
        ("k1,2026-01-05,2,1_0", "amount"),
        ("k1,2026-01-05,2,٧", "amount"),
        ("k1,2026-01-05,2,1e999999", "amount"),
        ("k1", "date"),
        ("k1,2026-01-05", "items"),
        ("k1,2026-01-05,2", "amount"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_booked(till: Till, write: Write, row: str, column: str) -> None:
    with pytest.raises(FileRefused) as caught:
        book(till, write(GOOD + row + "\n"), size=1)
    sentence = str(caught.value)
    assert "row 4" in sentence
    assert f"{column} is " in sentence
    assert "must be" in sentence
    assert len(sentence.splitlines()) == 1
    assert count(till) == (0, 0, 0)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "lacks the column"),
        (b"x" * 200_000, "cannot be read as CSV"),
        (b"customer;date;items;amount\nk1;2026-01-05;2;7,40\n", "lacks the column"),
        (b"customer,date,amount\nk1,2026-01-05,7.40\n", "lacks the column items"),
        (b"Customer,Date,Items,Amount\n", "lacks the column"),
        ("customer,date,items,amount\nM\xfcller,2026-01-05,1,1\n".encode("latin-1"), "cannot be read as UTF-8"),
        (b"customer,date,items,amount,date\nk1,2026-01-05,1,1,2026-01-06\n", "the column date twice"),
        (HEAD.encode() + b"k1,2026-01-05,2,7,40\n", "row 1 has more fields"),
        (b"\x00\xff\xfe", "cannot be read as UTF-8"),
        (HEAD.encode() + b'"' + b"x" * 200_000 + b'",2026-01-05,1,1\n', "cannot be read as CSV"),
    ],
    ids=[
        "empty",
        "endless line",
        "semicolons",
        "a column missing",
        "other case",
        "latin-1",
        "a column twice",
        "a comma too many",
        "binary",
        "endless field",
    ],
)
def test_a_file_of_another_kind_is_refused_with_one_sentence(write: Write, content: bytes, says: str) -> None:
    with pytest.raises(FileRefused, match=says) as caught:
        read_rows(write(content))
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_is_not_there_is_refused_with_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="cannot be read"):
        read_rows(tmp_path / "none.csv")


def test_a_file_of_a_head_only_books_nothing(till: Till, write: Write) -> None:
    assert book(till, write(HEAD)) == Imported(0, 0)


def test_a_row_that_the_counter_refuses_undoes_its_batch(till: Till, write: Write) -> None:
    path = write(GOOD)
    book(till, path)
    with till.work() as session:
        card_id = session.scalars(select(Card.id).limit(1)).one()
    till.set_state(card_id, "blocked")
    before = count(till)
    with pytest.raises(FileRefused, match="not active any more"):
        book(till, write(GOOD.replace("2026", "2025")))
    assert count(till) == before


def test_a_run_that_stopped_between_two_batches_is_continued(till: Till, write: Write) -> None:
    path = write(HEAD + "".join(f"k{n % 3},2026-01-05,1,3.20\n" for n in range(10)))
    with till.work() as session:
        program = session.get_one(Program, till.shop.program_id)
        import_batch(session, till.keys, program, read_rows(path)[:4], till.now)
    assert book(till, path, size=4) == Imported(6, 4)
    assert count(till) == (3, 10, 10)


def test_a_batch_that_failed_leaves_nothing_behind(till: Till, write: Write) -> None:
    path = write(GOOD)
    with suppress(ZeroDivisionError), till.work() as session:
        import_batch(session, till.keys, session.get_one(Program, till.shop.program_id), read_rows(path), till.now)
        raise ZeroDivisionError
    assert count(till) == (0, 0, 0)
    assert book(till, path) == Imported(3, 0)


def _command(till: Till, path: Path, environ: dict[str, str]) -> subprocess.Popen[str]:
    arguments = ["import", "purchases", str(path), "--program", str(till.shop.program_id)]
    code = "import sys; from cli.main import main; main(sys.argv[1:])"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TREUEPASS_")}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=inherited | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_command_killed_in_the_middle_is_finished_by_the_next_one(
    own_till: Till, write: Write, environ: dict[str, str]
) -> None:
    rows = 400
    path = write(HEAD + "".join(f"k{n % 40},2026-01-{n % 28 + 1:02},1,3.20\n" for n in range(rows)))
    with _command(own_till, path, environ) as first:
        deadline = monotonic() + 60
        while not count(own_till)[2]:
            assert monotonic() < deadline
            assert first.poll() is None
        first.send_signal(signal.SIGKILL)
    booked_before = count(own_till)[2]
    assert 0 < booked_before < rows
    with _command(own_till, path, environ) as second:
        said = second.communicate(timeout=120)[0]
    assert second.returncode == 0, said
    assert f"Booked {rows - booked_before} purchases; {booked_before} were booked before." in said
    assert count(own_till) == (40, rows, rows)
    with transaction(own_till.engine) as session:
        assert first_breach(session) is None


def test_rows_come_in_batches_of_the_given_size() -> None:
    assert [list(batch) for batch in batches(range(7), 3)] == [[0, 1, 2], [3, 4, 5], [6]]  # type: ignore[arg-type]
    assert list(batches([], 3)) == []


def test_a_row_keeps_its_identity_for_ever(write: Write) -> None:
    first, again = read_rows(write(GOOD)), read_rows(write(GOOD))
    assert [row.reference for row in first] == [row.reference for row in again]
    assert len({row.reference for row in first}) == 3
    assert first[0].day == datetime(2026, 1, 5, tzinfo=UTC).date()
