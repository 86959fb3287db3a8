"""How far Google Wallet is with a card, and why it does not show the newest version."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from issuer import push_stops
from issuer.google_presence import ADDED, REMOVED
from issuer.google_relaying import stop_key
from issuer.language import translator
from issuer.publishing import GOOGLE
from issuer.refusals import N_
from issuer.schema import Card, Event, GoogleObject, Pass, Publication, PushStop

HELD_UP = N_("Google takes nothing at the moment (%(answer)s); the change is sent by itself as soon as it does again.")


@dataclass(frozen=True)
class GoogleView:
    """What Google has of a card. Which phones show it, Google does not tell, nor when they fetched it.

    ``saved``: it is in somebody's wallet, as far as Google told. ``removed``: it was taken out of one since.
    """

    version: int
    pushed_version: int | None
    pushed_at: datetime | None
    saved: bool
    removed: bool
    answer: str | None

    @property
    def up_to_date(self) -> bool:
        return (self.pushed_version or 0) >= self.version

    def sentence(self, language: str, stopped: PushStop | None = None) -> str:
        """Why the card in Google Wallet did or did not change, in one sentence.

        :param stopped: why nothing is sent to Google for now
        """
        held_up = stopped if not self.up_to_date else None
        return translator(language).gettext(HELD_UP if held_up else self._reason()) % {
            "version": self.version,
            "answer": (held_up or self).answer or "",
        }

    def _reason(self) -> str:
        if self.up_to_date and self.saved and self.removed:
            return N_(
                "Google has the newest version (%(version)s). The card was removed from a Google Wallet; whether it is"
                " in one still, Google is asked once a day."
            )
        if self.up_to_date and self.saved:
            return N_("Google has the newest version (%(version)s) and brings it to the phones by itself.")
        if self.up_to_date:
            return N_("Google has the newest version (%(version)s), but the card is in nobody's Google Wallet.")
        if self.answer:
            return N_("Google answered with %(answer)s; the change is sent again by itself.")
        return N_("The change is on its way to Google; it is sent within seconds.")


def google_view(session: Session, card: Card) -> GoogleView | None:
    """``None`` for a card that nobody asked for on Google, or not since it moved."""
    last_told = (
        select(Event.kind)
        .where(Event.card_id == Pass.card_id, Event.kind.in_((ADDED, REMOVED)))
        .where(Event.data["serial"].astext == Pass.serial)
        .order_by(Event.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    row = session.execute(
        select(
            Publication.pushed_version,
            Publication.pushed_at,
            GoogleObject.has_users,
            func.coalesce(last_told == REMOVED, False),
            GoogleObject.answer,
        )
        .join(Pass, Pass.id == Publication.pass_id)
        .join(GoogleObject, GoogleObject.pass_id == Pass.id)
        .where(Publication.channel == GOOGLE)
        .where(Pass.card_id == card.id, Pass.voucher_id.is_(None), Pass.revoked_at.is_(None))
    ).first()
    return GoogleView(card.version, *row) if row is not None else None


def stop_of_merchant(session: Session, merchant_id: UUID, issuer_id: str) -> PushStop | None:
    """What keeps this merchant's cards in Google Wallet as they are; ``None`` also while there are none."""
    stopped = push_stops.stop_of(session, stop_key(issuer_id))
    asked = select(GoogleObject.pass_id).where(GoogleObject.merchant_id == merchant_id).limit(1)
    return stopped if stopped is not None and session.scalar(asked) is not None else None
