"""Google's publications on their way: wished for by whoever asks, claimed under a lease, settled object by object.

One object is written by one worker at a time: a lease ends only by its own worker's settling, or by time. A request
must not be begun with less of the lease left than it may take, so nothing older is ever sent after something newer.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select, text, tuple_, update
from sqlalchemy.orm import Session

from issuer import events
from issuer.cards import locked_card
from issuer.database import set_merchant
from issuer.google_passes import LOYALTY, OFFER
from issuer.publishing import CAMPAIGN, ENDED, GOOGLE, JOINED, MOVED, announce_on_google
from issuer.schema import Card, GoogleObject, Pass, Publication

AT_ONCE = 200
MOST_NOTICES, NOTICE_WINDOW = 3, timedelta(hours=24, minutes=1)
"""Google shows so many notes of one pass a day ("Trigger Push Notifications"), and refuses the next. It counts from
their arrival, we count from before."""
SOON = timedelta(seconds=5)
QUIET = (JOINED, MOVED, ENDED)
"""Reasons that nobody is called to the phone for."""

# Both lock in the order of the ids, as everybody does.
SETTLED = text("""
    WITH ended AS (
        SELECT * FROM unnest(
            CAST(:passes AS uuid[]), CAST(:tags AS bigint[]), CAST(:versions AS integer[]),
            CAST(:leases AS timestamptz[]), CAST(:sent AS boolean[]), CAST(:again AS timestamptz[])
        ) AS ended (pass_id, tag, version, lease, sent, again_at)
    ), locked AS (
        SELECT ended.* FROM publication JOIN ended USING (pass_id) WHERE channel = 'google'
        ORDER BY pass_id FOR UPDATE OF publication
    )
    UPDATE publication SET
        -- What another worker holds by now is not given up by one that comes late.
        leased_until = nullif(leased_until, lease),
        push_at = CASE WHEN publication.tag = locked.tag AND leased_until = lease THEN again_at ELSE push_at END,
        pushed_version = greatest(pushed_version, CASE WHEN sent THEN version END),
        pushed_at = CASE WHEN sent THEN :now ELSE pushed_at END
    FROM locked WHERE publication.pass_id = locked.pass_id AND channel = 'google'
""")
NOTED = text("""
    WITH ended AS (
        SELECT * FROM unnest(
            CAST(:passes AS uuid[]), CAST(:sent AS boolean[]), CAST(:answers AS text[]), CAST(:unused AS timestamptz[])
        ) AS ended (pass_id, sent, answer, unused)
    ), locked AS (
        SELECT ended.* FROM google_object JOIN ended USING (pass_id) ORDER BY pass_id FOR UPDATE OF google_object
    )
    UPDATE google_object SET
        inserted_at = CASE WHEN sent THEN coalesce(inserted_at, :now) ELSE inserted_at END,
        notices = array_remove(notices, unused),
        answer = CASE WHEN sent THEN NULL ELSE locked.answer END
    FROM locked WHERE google_object.pass_id = locked.pass_id
""")
NOTICED = text("""
    WITH locked AS (
        SELECT pass_id FROM google_object WHERE pass_id = ANY(:passes) ORDER BY pass_id FOR UPDATE
    )
    UPDATE google_object SET
        notices = ARRAY(SELECT at FROM unnest(notices) AS at WHERE at > :since) || CAST(:now AS timestamptz)
    FROM locked WHERE google_object.pass_id = locked.pass_id
""")


def wish(session: Session, issue: Pass, card: Card, now: datetime) -> bool:
    """Somebody wants this pass on Google; whether it is there already, so that a link to save it works.

    The first to ask makes the object due at once; who asks again for what Google did not take has it tried again soon.
    A pass that has ended is not put there any more. The card is locked, so that no change of it comes between.
    """
    locked_card(session, card.id)
    session.refresh(issue, ["revoked_at"])
    if issue.revoked_at is not None:
        return False
    known = session.get(GoogleObject, issue.id, populate_existing=True)
    if known is not None:
        _take_up(session, known, now)
        return known.inserted_at is not None
    session.add(GoogleObject(pass_id=issue.id, merchant_id=card.merchant_id, program_id=card.program_id, asked_at=now))
    announce_on_google(session, card, issue, now)
    session.flush()
    return False


def _take_up(session: Session, known: GoogleObject, now: datetime) -> None:
    """What Google did not take is tried again soon for whoever waits for it, however long its pause has become."""
    if known.inserted_at is None:
        session.execute(
            update(Publication)
            .where(Publication.pass_id == known.pass_id, Publication.channel == GOOGLE)
            .where(Publication.push_at > now + SOON)
            .values(push_at=now + SOON)
            .execution_options(synchronize_session=False)
        )


def stop_key(issuer_id: str) -> str:
    """Under which `issuer.push_stops` says that Google takes nothing of an issuer, as if it were a pass type."""
    return f"google:{issuer_id}"


def waits(session: Session, now: datetime) -> bool:
    """Whether anything is to be sent that nobody works on."""
    return session.scalar(select(Publication.pass_id).where(*_claimable(now)).limit(1)) is not None


@dataclass(frozen=True)
class GoogleClaim:
    """An object that this worker may write until ``leased_until``.

    ``kind``: loyalty or offer. ``inserted``: Google had it before. ``reason``, ``priority``: of the last change;
    ``loud``: it may show a note.
    ``noticed_at``: the update may show a note on the phone, counted since then; null: it must not.
    """

    pass_id: UUID
    card_id: UUID
    merchant_id: UUID
    program_id: UUID
    kind: str
    serial: str
    tag: int
    version: int
    attempts: int
    priority: int
    reason: str
    loud: bool
    inserted: bool
    leased_until: datetime
    noticed_at: datetime | None = None

    @property
    def notify(self) -> bool:
        return self.noticed_at is not None


CLAIMED = (
    Publication.pass_id,
    Pass.card_id,
    Publication.merchant_id,
    GoogleObject.program_id,
    case((Pass.voucher_id.is_(None), LOYALTY), else_=OFFER),
    Pass.serial,
    Publication.tag,
    Publication.tagged_version,
    Publication.attempts,
    Publication.priority,
    Publication.reason,
    Publication.loud,
    GoogleObject.inserted_at.is_not(None),
    Publication.leased_until,
    GoogleObject.notices,
)
"""What a `GoogleClaim` is made of, in its order, and the notes that were counted so far."""


def claim(
    session: Session, now: datetime, lease: timedelta, most: int = AT_ONCE, *, least: int = CAMPAIGN
) -> list[GoogleClaim]:
    """Take what waits, till before campaign, without waiting for other workers; the till's first in the list.

    A note on the phone is counted here and given back by `settle`: a worker that dies between must not send a fourth.

    :param least: take nothing of less urgency
    """
    free = (
        select(Publication.pass_id)
        .where(*_claimable(now), Publication.priority <= least)
        .order_by(Publication.priority, Publication.push_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    rows = session.execute(
        update(Publication)
        .where(Publication.channel == GOOGLE, Publication.pass_id.in_(free))
        .where(Pass.id == Publication.pass_id, GoogleObject.pass_id == Publication.pass_id)
        .values(leased_until=now + lease, attempts=Publication.attempts + 1)
        .execution_options(synchronize_session=False)
        .returning(*CLAIMED)
    )
    claims = [_claim(now, *row) for row in rows]
    _count_notices(session, [one.pass_id for one in claims if one.notify], now)
    return sorted(claims, key=lambda one: (one.priority, one.tag))


def _claim(now: datetime, *row: Any) -> GoogleClaim:
    *facts, notices = row
    claimed = GoogleClaim(*facts)
    recent = sum(at > now - NOTICE_WINDOW for at in notices)
    # What a stamp changes stands on the card, not on the vouchers that are sent along with it.
    calls = claimed.kind == LOYALTY and claimed.inserted and claimed.loud
    calls = calls and claimed.reason not in QUIET
    return replace(claimed, noticed_at=now) if calls and recent < MOST_NOTICES else claimed


def _count_notices(session: Session, passes: Sequence[UUID], now: datetime) -> None:
    if passes:
        session.execute(NOTICED, {"passes": passes, "since": now - NOTICE_WINDOW, "now": now})


@dataclass(frozen=True)
class Outcome:
    """What became of a claim: ``sent``; else to be tried ``again_at``, or given up until the next change.

    ``answer``: Google's, in a few words, where it was not sent. ``noticed``: false when surely no note was shown.
    """

    claim: GoogleClaim
    sent: bool
    again_at: datetime | None = None
    answer: str | None = None
    noticed: bool = True


def settle(session: Session, outcomes: Sequence[Outcome], now: datetime) -> None:
    """End claims, and write the history of the cards. A tag given meanwhile keeps its own push."""
    claims = [one.claim for one in outcomes]
    values = {
        "passes": [one.pass_id for one in claims],
        "tags": [one.tag for one in claims],
        "versions": [one.version for one in claims],
        "leases": [one.leased_until for one in claims],
        "sent": [one.sent for one in outcomes],
        "again": [one.again_at for one in outcomes],
        "answers": [one.answer for one in outcomes],
        "unused": [None if one.noticed else one.claim.noticed_at for one in outcomes],
        "now": now,
    }
    session.execute(SETTLED, values)
    session.execute(NOTED, values)
    _record(session, [one for one in outcomes if one.sent], now)


def release(session: Session, claims: Sequence[GoogleClaim], now: datetime) -> None:
    """Give back what was claimed and not begun, as if it never had been."""
    settle(session, [Outcome(one, sent=False, again_at=now, noticed=False) for one in claims], now)
    session.execute(
        update(Publication)
        .where(Publication.channel == GOOGLE, Publication.leased_until.is_(None))
        .where(tuple_(Publication.pass_id, Publication.tag).in_([(one.pass_id, one.tag) for one in claims]))
        .values(attempts=func.greatest(Publication.attempts - 1, 0))
        .execution_options(synchronize_session=False)
    )


def ask_again(session: Session, claims: Sequence[GoogleClaim], now: datetime) -> None:
    """Have these sent once more: what was sent last may have arrived before something older."""
    session.execute(
        update(Publication)
        .where(Publication.channel == GOOGLE, Publication.pass_id.in_([one.pass_id for one in claims]))
        .values(due_at=func.coalesce(Publication.due_at, now))
        .execution_options(synchronize_session=False)
    )


def _record(session: Session, sent: Sequence[Outcome], now: datetime) -> None:
    by_merchant = defaultdict[UUID, list[GoogleClaim]](list)
    for one in sent:
        by_merchant[one.claim.merchant_id].append(one.claim)
    for merchant_id, claims in by_merchant.items():
        set_merchant(session, merchant_id)
        for claimed in claims:
            events.record(session, merchant_id, "pushed", now, claimed.card_id, version=claimed.version, wallet=GOOGLE)
        session.flush()


def _claimable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Publication.channel == GOOGLE,
        Publication.push_at <= now,
        func.coalesce(Publication.leased_until, now) <= now,
    )
