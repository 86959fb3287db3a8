"""A merchant's offers: drafted, published in versions, paused, resumed, ended."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

from sqlalchemy import Text, cast, exists, func, select, tuple_
from sqlalchemy.orm import Session

from issuer import events, sweeps
from issuer.editing import Gone, Objection
from issuer.offer_checks import unknown, unready
from issuer.offers.offer import Offer
from issuer.offers.shown import offer_of
from issuer.refusals import N_
from issuer.schema import Merchant, OfferVersion
from issuer.schema import Offer as Row

MOST_LIVE = 100
OVER_EVERYWHERE = timedelta(days=2)
"""So long after its beginning a day is over in every time zone."""
CURRENT = (OfferVersion.offer_id == Row.id) & (OfferVersion.number == Row.version)
CHANGED_ELSEWHERE = N_("This offer was changed in another window. Load the page again to go on with it.")
ENDED = N_("This offer has ended for good. Make a new one like it.")
NEVER_RAN = N_("This offer has not run yet, so there is nothing to pause. Let it go live first.")
HAS_RUN = N_("This offer has run and is kept with its results. End it instead.")
OTHER_TRIGGER = N_("This offer has run, so it stays one of the kind “%(kind)s”. Make a new one for another trigger.")
TOO_MANY = N_("%(most)s offers run already. End one of them, then this one can go live.")


class Author(Protocol):
    """Who changes an offer, for which merchant, and when: see `issuer.editing.Author` and `Through`."""

    @property
    def merchant_id(self) -> UUID: ...
    @property
    def user_id(self) -> UUID | None: ...
    @property
    def now(self) -> datetime: ...
    def record(self, session: Session, kind: str, **data: Any) -> None: ...


@dataclass(frozen=True)
class Through:
    """An author who is not in the console: a key of the API, or nobody but the house itself."""

    merchant_id: UUID
    now: datetime
    key_id: UUID | None = None
    user_id: None = None

    def record(self, session: Session, kind: str, **data: Any) -> None:
        """Append an event that names the key."""
        key = str(self.key_id) if self.key_id else None
        events.record(session, self.merchant_id, kind, self.now, key_id=key, **data)


@dataclass(frozen=True)
class Running:
    """An offer as it runs: what its newest version says. ``live_at``: when it first went live."""

    id: UUID
    version: int
    live_at: datetime
    offer: Offer


@dataclass(frozen=True)
class OfferView:
    """``published``: what runs, or ran last; ``draft``: what the merchant works on beside it. At least one is there."""

    row: Row
    published: Offer | None
    draft: Offer | None

    @property
    def newest(self) -> Offer:
        """What the merchant saw last: where the builder goes on."""
        return self.draft or self.published  # type: ignore[return-value]

    @property
    def valid(self) -> Offer:
        """What customers are shown; of an offer that never ran, what they would be."""
        return self.published or self.draft  # type: ignore[return-value]


def read(stored: Mapping[str, Any]) -> Offer:
    """The offer that a version or a draft holds."""
    return Offer.model_validate(stored)


def live_offers(session: Session) -> list[Running]:
    """The offers of the transaction's merchant that run, those that went live first in front."""
    rows = session.execute(_with_version().where(Row.state == "live").order_by(Row.live_at, Row.id))
    return [Running(row.id, row.version, row.live_at, offer_of(content)) for row, content in rows]


def offer_view(session: Session, offer_id: UUID, *, lock: bool = False) -> OfferView | None:
    """``None`` when the merchant has no such offer.

    :param lock: whoever wants to change it too waits until this transaction is over
    """
    wanted = _with_version().where(Row.id == offer_id)
    if lock:
        session.execute(select(Row.id).where(Row.id == offer_id).with_for_update(key_share=True))
    found = session.execute(wanted.execution_options(populate_existing=True)).first()
    return _view(*found) if found else None


def listed(
    session: Session, *, limit: int | None = None, after: tuple[datetime, UUID] | None = None
) -> list[OfferView]:
    """The merchant's offers, newest first."""
    wanted = _with_version().order_by(Row.created_at.desc(), Row.id.desc()).limit(limit)
    if after is not None:
        wanted = wanted.where(tuple_(Row.created_at, Row.id) < after)
    return [_view(*found) for found in session.execute(wanted)]


def create(session: Session, merchant_id: UUID, offer: Offer, now: datetime) -> Row | Objection:
    """A draft; nobody is shown anything yet."""
    if objection := unknown(session, offer):
        return objection
    row = Row(
        id=uuid4(),
        merchant_id=merchant_id,
        state="draft",
        version=0,
        draft=offer.stored(),
        revision=secrets.randbelow(2**30),
        created_at=now,
        changed_at=now,
    )
    session.add(row)
    session.flush()
    return row


def save(session: Session, offer_id: UUID, offer: Offer, revision: int, author: Author) -> Row | Objection:
    """Keep what was written so far, beside what runs. What says the same as the version is no draft.

    :param revision: the row's when the window was filled; when somebody else saved or published meanwhile, nothing is
        overwritten
    :raises Gone: the merchant has no such offer
    """
    row = _own(session, offer_id)
    if row.revision != revision:
        return Objection(CHANGED_ELSEWHERE, about="revision")
    return _keep(session, row, offer, author)


def change(session: Session, offer_id: UUID, offer: Offer, author: Author) -> Row | Objection:
    """Put this in the place of what the offer says: at once where it ran before, else in its draft.

    What somebody writes in the console beside an offer that ran stays a draft.

    :raises Gone: the merchant has no such offer
    """
    row = _own(session, offer_id)
    if row.version == 0:
        return _keep(session, row, offer, author)
    if objection := _unkept(session, row, offer):
        return objection
    if offer == _version(session, row):
        return row
    if objection := _unready(session, row, offer, author.now):
        return objection
    _add_version(session, row, offer, author)
    author.record(session, "offer_published", offer_id=str(row.id), version=row.version)
    if row.state == "live":
        sweeps.begin(session, row, author.now)
    return row


def publish_offer(session: Session, offer_id: UUID, author: Author, revision: int | None = None) -> Row | Objection:
    """Let it run as it is written now: the draft becomes a version. When that runs already, nothing happens.

    :param revision: what was looked at before saying yes, as in `save`; none for whatever is there
    :raises Gone: the merchant has no such offer
    """
    row = _own(session, offer_id)
    if objection := _objection(session, row, revision, author.now):
        return objection
    if row.state == "live" and row.draft is None:
        return row
    if row.draft is not None:
        _add_version(session, row, read(row.draft), author)
    row.live_at = row.live_at or author.now
    return _become(session, row, "live", "offer_published", author)


def resume(session: Session, offer_id: UUID, author: Author) -> Row | Objection:
    """Let a paused offer run again as its version says; a draft beside it stays one.

    :raises Gone: the merchant has no such offer
    """
    row = _own(session, offer_id)
    if row.state == "live":
        return row
    if row.version == 0:
        return publish_offer(session, offer_id, author)
    if row.state == "ended":
        return Objection(ENDED, about="state")
    if objection := _unfit(session, row, _version(session, row), author.now):
        return objection
    return _become(session, row, "live", "offer_resumed", author)


def pause(session: Session, offer_id: UUID, author: Author) -> Row | Objection:
    """Take it off the cards that show it, until it is resumed.

    :raises Gone: the merchant has no such offer
    """
    row = _own(session, offer_id)
    if row.state == "paused":
        return row
    if row.state != "live":
        return Objection(ENDED if row.state == "ended" else NEVER_RAN, about="state")
    return _become(session, row, "paused", "offer_paused", author)


def end(session: Session, offer_id: UUID, author: Author) -> Row:
    """For good. Ending it twice is harmless; a draft that never ran may be ended too.

    :raises Gone: the merchant has no such offer
    """
    row = _own(session, offer_id)
    if row.state == "ended":
        return row
    row.ended_at = author.now
    return _become(session, row, "ended", "offer_ended", author)


def discard(session: Session, offer_id: UUID, author: Author) -> Objection | None:
    """Forget a draft that never ran.

    :raises Gone: the merchant has no such offer
    """
    row = _own(session, offer_id)
    if row.version > 0:
        return Objection(HAS_RUN, about="state")
    session.delete(row)
    session.flush()
    author.record(session, "offer_discarded", offer_id=str(offer_id))
    return None


def _with_version() -> Any:
    return select(Row, cast(OfferVersion.content, Text)).outerjoin(OfferVersion, CURRENT)


def _view(row: Row, content: str | None) -> OfferView:
    return OfferView(row, offer_of(content) if content else None, read(row.draft) if row.draft else None)


def _own(session: Session, offer_id: UUID) -> Row:
    """Locked, so that two windows come one after the other."""
    row = session.get(Row, offer_id, with_for_update={"key_share": True}, populate_existing=True)
    if row is None:
        raise Gone
    return row


def _version(session: Session, row: Row) -> Offer:
    return read(session.get_one(OfferVersion, (row.id, row.version)).content)


def _keep(session: Session, row: Row, offer: Offer, author: Author) -> Row | Objection:
    if objection := _unkept(session, row, offer):
        return objection
    same = row.version > 0 and _version(session, row) == offer
    row.draft = None if same else offer.stored()
    row.revision, row.changed_at = row.revision + 1, author.now
    session.flush()
    return row


def _unkept(session: Session, row: Row, offer: Offer) -> Objection | None:
    """Against saying this at all."""
    if row.state == "ended":
        return Objection(ENDED, about="state")
    if objection := unknown(session, offer):
        return objection
    kind = _version(session, row).trigger.kind if row.version > 0 else offer.trigger.kind
    return Objection(OTHER_TRIGGER, {"kind": kind}, "trigger.kind") if kind != offer.trigger.kind else None


def _unready(session: Session, row: Row, offer: Offer, now: datetime) -> Objection | None:
    """Against saying this at once: what runs again after its last day was over takes a place."""
    return _unfit(session, row, offer, now) if row.state == "live" else unready(session, offer, now)


def _objection(session: Session, row: Row, revision: int | None, now: datetime) -> Objection | None:
    """Against going live as it is written."""
    if row.state == "ended":
        return Objection(ENDED, about="state")
    if revision is not None and row.revision != revision:
        return Objection(CHANGED_ELSEWHERE, about="revision")
    return _unfit(session, row, read(row.draft) if row.draft else _version(session, row), now)


def _unfit(session: Session, row: Row, offer: Offer, now: datetime) -> Objection | None:
    if objection := unknown(session, offer) or unready(session, offer, now):
        return objection
    _locked_merchant(session, row)
    last = OfferVersion.content["window"]["last"].astext
    unfinished = last.is_(None) | (last >= (now - OVER_EVERYWHERE).date().isoformat())
    others = select(func.count(Row.id)).outerjoin(OfferVersion, CURRENT)
    if session.scalars(others.where(Row.state == "live", Row.id != row.id, unfinished)).one() >= MOST_LIVE:
        return Objection(TOO_MANY, {"most": MOST_LIVE}, "state")
    return None


def _add_version(session: Session, row: Row, offer: Offer, author: Author) -> None:
    """A draft that says the same is gone."""
    row.version += 1
    session.add(
        OfferVersion(
            offer_id=row.id,
            number=row.version,
            merchant_id=row.merchant_id,
            content=offer.stored(),
            published_by=author.user_id,
            created_at=author.now,
        )
    )
    if row.draft and read(row.draft) == offer:
        row.draft = None
    row.revision, row.changed_at = row.revision + 1, author.now
    session.flush()


def _become(session: Session, row: Row, state: str, event: str, author: Author) -> Row:
    """Another state, or the same with another version: the cards are looked at, the merchant's mark is set."""
    row.state, row.changed_at = state, author.now
    session.flush()
    merchant = _locked_merchant(session, row)
    merchant.has_offers = bool(session.scalar(select(exists().where(Row.state == "live"))))
    session.flush()
    author.record(session, event, offer_id=str(row.id), version=row.version)
    sweeps.begin(session, row, author.now)
    return row


def _locked_merchant(session: Session, row: Row) -> Merchant:
    """Before it is asked which offers run: of two that go live and end at once, the second sees what the first did."""
    return session.get_one(Merchant, row.merchant_id, with_for_update={"key_share": True}, populate_existing=True)
