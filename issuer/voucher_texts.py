"""What a voucher was called and whether the shop took it back, for the history of a card."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from issuer.database import send
from issuer.offers.bounds import FOREVER

# No showing names a voucher whose offer was changed to promise something else.
TEXTS = """
    SELECT voucher.id, voucher.names, CASE
        WHEN voucher.origin <> 'offer' OR showing.ended IN ('done', 'gone', 'unwanted') THEN NULL
        ELSE coalesce(showing.closes_at, %(forever)s)
    END
    FROM voucher LEFT JOIN showing ON showing.voucher_id = voucher.id
    WHERE voucher.id = ANY(%(vouchers)s)
"""


@dataclass(frozen=True)
class VoucherTexts:
    """``names``: by language. ``closes_at``: until when it would have stayed if it were for the shop alone."""

    names: Mapping[str, str]
    closes_at: datetime | None

    def withdrawn(self, at: datetime) -> bool:
        """Whether what left the card then did so because its offer was paused, ended or changed."""
        return self.closes_at is not None and at < self.closes_at


def texts_of(session: Session, units: Collection[str]) -> dict[str, VoucherTexts]:
    """By unit of the ledger. Nothing is read where there is none."""
    if not units:
        return {}
    vouchers = [UUID(unit.partition(":")[2]) for unit in set(units)]
    rows = send(session, TEXTS, {"vouchers": vouchers, "forever": FOREVER})
    return {f"voucher:{voucher_id}": VoucherTexts(*more) for voucher_id, *more in rows}
