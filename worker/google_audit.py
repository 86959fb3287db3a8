"""Whether Google shows what the ledger says: a few objects, read back and compared with what would be sent now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy import Select, case, func, select

from issuer.database import transaction
from issuer.google_passes import LOYALTY, OBJECTS, OFFER, Terms, object_id, object_of
from issuer.publishing import CAMPAIGN, GOOGLE
from issuer.schema import GoogleObject, Pass, Program, Publication, Rollout
from issuer.settings import SettingsRefused
from passes.face import FaceRefused
from passes.google_parts import Body
from passes.google_patches import patch_of
from worker.google_desk import Desk, TooLate
from worker.google_errors import Answer, Meaning

PATIENCE = timedelta(minutes=1)
FIRST = ("state", "loyaltyPoints", "secondaryLoyaltyPoints")
# Names, codes, and the address of the card's page, which whoever has it may open: none of it belongs in a report.
UNTOLD = ("accountId", "accountName", "barcode", "linksModuleData", "textModulesData")
# Google takes these under two names each, and may answer either ("REST Resource: loyaltyobject").
TWO_NAMED = (".state", ".type")


@dataclass(frozen=True)
class Checked:
    """``compared``: objects that were. ``breach``: one line on the first that shows something else.

    ``trouble``: why Google could not be asked about the others, in a few words.
    """

    compared: int
    breach: str | None = None
    trouble: str | None = None


@dataclass(frozen=True)
class Resting:
    """An object to which nothing is on its way. ``tag``: of what was sent last."""

    pass_id: UUID
    card_id: UUID
    merchant_id: UUID
    serial: str
    kind: str
    tag: int | None


@dataclass(frozen=True)
class Difference:
    """At ``path`` Google shows ``found`` where ``wanted`` should stand; null: nothing."""

    path: str
    wanted: object
    found: object

    def __str__(self) -> str:
        if self.path.split(".")[1].partition("[")[0] in UNTOLD:
            return f"shows something else instead of what the ledger says ({self.path[1:]})"
        return f"shows {_said(self.found)} instead of {_said(self.wanted)} ({self.path[1:]})"


def check(desk: Desk, most: int) -> Checked:
    """Compare up to ``most`` objects, drawn at random, until one is wrong. It takes its turn as a campaign does."""
    compared = 0
    for resting in sample(desk, most):
        try:
            answer = _asked(desk, resting)
        except (SettingsRefused, TooLate, RedisError) as error:
            return Checked(compared, trouble=_why(error))
        if answer.meaning not in (Meaning.DONE, Meaning.NOT_THERE):
            return Checked(compared, trouble=str(answer))
        try:
            wanted = _wanted(desk, resting)
        except FaceRefused:
            return Checked(compared, breach=f"Card {resting.card_id} cannot be made for Google any more.")
        if wanted is None:
            continue
        compared += 1
        wrong = _wrong(wanted, answer)
        if wrong is not None:
            return Checked(compared, breach=f"Card {resting.card_id}'s Google object {wrong}.")
    return Checked(compared)


def sample(desk: Desk, most: int) -> list[Resting]:
    """Up to so many objects that Google had once and that are at rest, drawn at random."""
    with transaction(desk.office.engine) as session:
        return [Resting(*row) for row in session.execute(_at_rest().order_by(func.random()).limit(most))]


def difference(wanted: Body, found: Mapping[str, Any]) -> Difference | None:
    """The first thing that a PATCH with ``wanted`` would change in ``found``; the card's own values come first.

    What Google adds of its own is passed over.
    """
    first = sorted(wanted, key=lambda key: key not in FIRST)
    return next(_differences("", {key: wanted[key] for key in first}, found), None)


def _at_rest() -> Select[Any]:
    """While a new design or rule goes round, cards that it has not come to yet look as they did before."""
    going_round = (
        select(Rollout.id)
        .join(Program, Program.brand_id == Rollout.brand_id)
        .where(Program.id == GoogleObject.program_id, Rollout.due_at.is_not(None))
    )
    kind = case((Pass.voucher_id.is_(None), LOYALTY), else_=OFFER)
    return (
        select(Pass.id, Pass.card_id, Pass.merchant_id, Pass.serial, kind, Publication.tag)
        .join(GoogleObject, GoogleObject.pass_id == Pass.id)
        .join(Publication, Publication.pass_id == Pass.id)
        .where(Publication.channel == GOOGLE, Publication.due_at.is_(None), Publication.push_at.is_(None))
        .where(Publication.leased_until.is_(None), GoogleObject.inserted_at.is_not(None), ~going_round.exists())
    )


def _asked(desk: Desk, resting: Resting) -> Answer:
    gate = desk.gate(CAMPAIGN, desk.office.clock.now() + PATIENCE)
    return desk.wallet.get(OBJECTS[resting.kind], object_id(desk.google.issuer_id, resting.serial), gate)


def _wanted(desk: Desk, resting: Resting) -> Body | None:
    """What Google should have; nothing when that changed since the object was drawn. Places are not the ledger's."""
    terms = Terms(desk.google.issuer_id, desk.office.settings.public_url)
    still = _at_rest().where(Pass.id == resting.pass_id, Publication.tag.is_not_distinct_from(resting.tag))
    with transaction(desk.office.engine) as session:
        body = object_of(session, resting.pass_id, terms, desk.office.clock.now())
        # Asked last: a change that was half seen above is seen as a whole here.
        return patch_of(OBJECTS[resting.kind], body) if session.execute(still).first() else None


def _wrong(wanted: Body, answer: Answer) -> str | None:
    if answer.meaning is Meaning.DONE:
        found = difference(wanted, answer.body)
        return str(found) if found is not None else None
    if wanted["state"] == "INACTIVE":
        # There is nothing to blank.
        return None
    balance = (wanted.get("loyaltyPoints") or {}).get("balance") or {}
    return f"shows nothing instead of {_said(balance.get('string') or wanted['state'])} ({answer})"


def _differences(path: str, wanted: object, found: object) -> Iterator[Difference]:
    if isinstance(wanted, Mapping):
        held = found if isinstance(found, Mapping) else {}
        for key, value in wanted.items():
            yield from _differences(f"{path}.{key}", value, held.get(key))
    elif isinstance(wanted, Sequence) and not isinstance(wanted, str):
        listed = found if isinstance(found, list) else []
        for number, value in enumerate(wanted):
            yield from _differences(f"{path}[{number}]", value, listed[number] if number < len(listed) else None)
        if len(listed) > len(wanted):
            yield Difference(f"{path}[{len(wanted)}]", None, listed[len(wanted)])
    elif _plain(path, wanted) != _plain(path, found):
        yield Difference(path, wanted, found)


def _plain(path: str, value: object) -> object:
    """Nothing is null, is empty, or is not there; of two names of a value it is one."""
    if isinstance(value, str) and path.endswith(TWO_NAMED):
        return value.replace("_", "").casefold()
    return value or None


def _said(value: object) -> str:
    return "nothing" if value in (None, "", [], {}) else repr(value)


def _why(error: Exception) -> str:
    if isinstance(error, SettingsRefused):
        return str(error)
    return "others need all its calls" if isinstance(error, TooLate) else "Redis does not say when it is our turn"
