"""Everything sealed under KEY_ENCRYPTION_KEY, taken over by a new key: in small steps, each whole by itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from issuer import certificates
from issuer.keys import Keys
from issuer.merchants import all_merchants
from issuer.schema import Base, Certificate, CertificateRequest, Pass, PersonalData
from signing.envelope import KEY_ID_BYTES, SealBroken, key_ids, rewrap


@dataclass(frozen=True)
class Sealed:
    """A column of seals. ``purpose``: what a row's is bound to; ``what``: its plural, for people."""

    row: type[Base]
    column: str
    purpose: Callable[[Any], str]
    what: str
    identity: str = "id"
    of_merchants: bool = False

    @property
    def values(self) -> ColumnElement[bytes]:
        return getattr(self.row, self.column)  # type: ignore[no-any-return]

    @property
    def key(self) -> ColumnElement[bytes]:
        """The id of the wrapping key: the row says which version of the key it is under."""
        return func.substr(self.values, 2, KEY_ID_BYTES)

    @property
    def ids(self) -> ColumnElement[UUID]:
        return getattr(self.row, self.identity)  # type: ignore[no-any-return]


SEALED = (
    Sealed(Certificate, "key_sealed", certificates.key_purpose, "keys of certificates"),
    Sealed(CertificateRequest, "key_sealed", certificates.request_purpose, "keys of requests"),
    Sealed(Pass, "token_sealed", lambda row: f"pass token {row.id}", "tokens of passes"),
    Sealed(
        PersonalData, "key_sealed", lambda row: f"personal key {row.customer_id}", "keys of people", "customer_id", True
    ),
)


@dataclass(frozen=True)
class Step:
    """What one step did. ``last``: where the next goes on; ``None``: all were looked at."""

    last: UUID | None
    done: int
    broken: Mapping[UUID, str]


def places(session: Session) -> list[tuple[Sealed, UUID | None]]:
    """Each column, and the merchant that a transaction has to be of, one after the other."""
    merchants = sorted(all_merchants(session))
    return [(one, whose) for one in SEALED for whose in (merchants if one.of_merchants else [None])]


def reseal(
    session: Session, keys: Keys, sealed: Sealed, after: UUID | None, limit: int, *, patient: bool = False
) -> Step:
    """Take the next values of a column over, those under an older key of the ring.

    What somebody else has locked is left out. ``broken``: what does not open, and why; it stays as it is.

    :param patient: wait for locked rows. With a limit of one, so that two who wait cannot wait for each other
    """
    _current, *older = key_ids(keys.encryption)
    query = select(sealed.row).where(sealed.key.in_(older)).order_by(sealed.ids).limit(limit)
    query = query if after is None else query.where(sealed.ids > after)
    rows = session.scalars(query.with_for_update(skip_locked=not patient, key_share=True)).all()
    broken = {}
    for row in rows:
        identity = getattr(row, sealed.identity)
        try:
            fresh = rewrap(keys.encryption, getattr(row, sealed.column), purpose=sealed.purpose(row))
        except SealBroken as error:
            broken[identity] = str(error)
        else:
            setattr(row, sealed.column, fresh)
    session.flush()
    last = getattr(rows[-1], sealed.identity) if len(rows) == limit else None
    return Step(last, len(rows) - len(broken), broken)


def left(session: Session, keys: Keys, sealed: Sealed) -> Mapping[str, int]:
    """How many values of a column are under another key than the current one, by the id of that key."""
    current, *_older = key_ids(keys.encryption)
    key = sealed.key.label("key")
    query = select(key, func.count()).where(sealed.key != current).group_by(key)
    return {found.hex(): count for found, count in session.execute(query)}
