"""A history of purchases from another system, booked by the functions that the till uses."""

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer.joining import Joining, join
from issuer.keys import Keys
from issuer.ledger import Actor
from issuer.purchases import Order, buy
from issuer.refusals import Refusal
from issuer.rules.part import Item
from issuer.schema import Card, Customer, Merchant, Program, Purchase
from issuer.visits import Visit

AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2}0*)?")
COLUMNS = ("customer", "date", "items", "amount")


class FileRefused(Exception):
    """The file cannot be imported as it is: names the line, the value and the remedy. Nothing was booked."""


@dataclass(frozen=True)
class Row:
    """One purchase. ``cents`` in the merchant's currency; ``reference`` is the row's identity for ever."""

    customer: str
    day: date
    items: int
    cents: int
    reference: str


@dataclass(frozen=True)
class Imported:
    """What a batch did: rows booked now, rows that were booked before."""

    booked: int
    known: int


def read_rows(path: Path) -> list[Row]:
    """Every row of the file, checked before the first one is booked.

    :raises FileRefused:
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileRefused(f"{path} cannot be read as UTF-8 text: {error}.") from error
    reader = csv.DictReader(text.splitlines())
    digest = hashlib.sha256(data).hexdigest()[:32]
    try:
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise FileRefused(f"{path} lacks the column {', '.join(missing)}; it needs {', '.join(COLUMNS)}.")
        twice = [name for name in COLUMNS if list(reader.fieldnames or ()).count(name) > 1]
        if twice:
            raise FileRefused(f"{path} has the column {twice[0]} twice; leave one of them out.")
        return [_row(path, number, values, digest) for number, values in enumerate(reader, 1)]
    except csv.Error as error:
        raise FileRefused(f"{path} cannot be read as CSV: {error}; is a quotation mark left open?") from error


def import_batch(session: Session, keys: Keys, program: Program, rows: Sequence[Row], now: datetime) -> Imported:
    """Book each row that is not booked yet: it earns what the program says."""
    known = set(
        session.scalars(select(Purchase.reference).where(Purchase.reference.in_([row.reference for row in rows])))
    )
    merchant = session.get_one(Merchant, program.merchant_id)
    fresh = [row for row in rows if row.reference not in known]
    for row in fresh:
        card = _card_of(session, keys, program, row, now)
        order = Order(row.cents, (Item("", "", row.items, 0),))
        outcome = buy(session, card, order, _visit(row, merchant, now), cause="import", pause=False)
        if isinstance(outcome, Refusal):
            raise FileRefused(f"Row {row.reference.rpartition(':')[2]}: {outcome.sentence('en')}")
    return Imported(len(fresh), len(rows) - len(fresh))


def batches(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _card_of(session: Session, keys: Keys, program: Program, row: Row, now: datetime) -> Card:
    card = session.scalar(
        select(Card)
        .join(Customer, Customer.id == Card.customer_id)
        .where(Customer.reference == row.customer, Card.program_id == program.id)
        .with_for_update(of=Card)
    )
    return card or join(session, keys, program, Joining("de", "import", reference=row.customer), now)


def _visit(row: Row, merchant: Merchant, now: datetime) -> Visit:
    noon = datetime.combine(row.day, time(12), tzinfo=ZoneInfo(merchant.zone))
    return Visit(
        Actor("import"),
        now,
        occurred_at=noon,
        reference=row.reference,
    )


def _row(path: Path, number: int, values: dict[str, str | None], digest: str) -> Row:
    def refuse(column: str, want: str) -> FileRefused:
        return FileRefused(f"{path}, row {number}: {column} is {values.get(column)!r}, but must be {want}.")

    if None in values:
        raise FileRefused(f"{path}, row {number} has more fields than the first line; put texts with commas in quotes.")
    customer = (values["customer"] or "").strip()
    if not customer or len(customer) > 100 or not customer.isprintable():
        raise refuse("customer", "the customer's number in your system")
    try:
        day = date.fromisoformat((values["date"] or "").strip())
    except ValueError as error:
        raise refuse("date", "a day like 2026-11-21") from error
    items = (values["items"] or "").strip()
    if not (items.isascii() and items.isdigit() and len(items) < 7):
        raise refuse("items", "a whole number")
    return Row(customer, day, int(items), _cents(values["amount"] or "", refuse), f"import:{digest}:{number}")


def _cents(text: str, refuse) -> int:  # type: ignore[no-untyped-def]
    if not AMOUNT.fullmatch(text.strip()):
        raise refuse("amount", "a sum like 12.40")
    return int(Decimal(text.strip()) * 100)
