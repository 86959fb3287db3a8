"""Pass certificates: kept sealed, the newest of a type in use, the merchant's own before the platform's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from issuer import certificates
from issuer.certificates import CertificateMissing
from issuer.database import transaction
from issuer.keys import Keys
from issuer.schema import Certificate
from sandbox.authority import Authority, ensure_authority
from signing.certificates import PassCertificate, read_pass_certificate
from signing.envelope import SealBroken
from tests.conftest import PASS_TYPE


@cache
def _read(authority: Authority, now: datetime) -> PassCertificate:
    paths: tuple[Path, ...] = (authority.pass_certificate, authority.pass_key, authority.intermediate)
    return read_pass_certificate([path.read_bytes() for path in paths], password=None, now=now)


@pytest.fixture
def given(authority: Authority, now: datetime) -> PassCertificate:
    return _read(authority, now)


@pytest.fixture(scope="module")
def renewed(tmp_path_factory: pytest.TempPathFactory) -> PassCertificate:
    """Next year's certificate of the same pass type."""
    now = datetime.now(UTC)
    return _read(
        ensure_authority(tmp_path_factory.mktemp("a"), pass_type=PASS_TYPE, team_id="TEAMTEST01", now=now), now
    )


@contextmanager
def _undone(engine: Engine) -> Iterator[Session]:
    """A look at a directory without certificates; nothing of it stays."""
    with Session(engine, expire_on_commit=False) as session:
        session.execute(delete(Certificate))
        yield session
        session.rollback()


def test_what_was_stored_opens_again(shared_engine: Engine, keys: Keys, given: PassCertificate, now: datetime) -> None:
    with _undone(shared_engine) as session:
        row = certificates.store(session, keys, given, now)
        opened = certificates.opened(row, keys)
    assert opened.pass_type == row.pass_type == PASS_TYPE
    assert opened.key_pem() == given.key_pem()
    assert (row.team_id, row.not_after) == (given.team_id, given.not_after)


def test_the_private_key_is_stored_sealed_only(
    shared_engine: Engine, keys: Keys, given: PassCertificate, now: datetime
) -> None:
    with _undone(shared_engine) as session:
        row = certificates.store(session, keys, given, now)
    der = given.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    stored = row.key_sealed + row.certificate_pem + row.intermediate_pem
    assert b"PRIVATE KEY" not in stored
    assert der[-64:] not in stored


def test_the_newest_of_a_pass_type_is_the_one_in_use(
    shared_engine: Engine, keys: Keys, given: PassCertificate, renewed: PassCertificate, now: datetime
) -> None:
    with _undone(shared_engine) as session:
        newer = certificates.store(session, keys, renewed, now + timedelta(days=1))
        certificates.store(session, keys, given, now)
        assert certificates.newest(session, PASS_TYPE).id == newer.id
        assert len(certificates.every(session)) == 2


def test_a_certificate_that_is_kept_already_is_not_kept_twice(
    shared_engine: Engine, keys: Keys, given: PassCertificate, now: datetime
) -> None:
    with _undone(shared_engine) as session:
        first = certificates.store(session, keys, given, now)
        assert certificates.store(session, keys, given, now + timedelta(days=1)).id == first.id
        assert len(certificates.every(session)) == 1


@pytest.mark.parametrize(("pass_type", "named"), [("pass.example.other", "pass.example.other"), (None, "Apple passes")])
def test_a_missing_certificate_says_what_is_missing_and_what_to_do(
    shared_engine: Engine, keys: Keys, given: PassCertificate, now: datetime, pass_type: str | None, named: str
) -> None:
    with _undone(shared_engine) as session:
        certificates.store(session, keys, given, now)
        with pytest.raises(CertificateMissing, match="treuepass certificate import") as caught:
            certificates.newest(session, pass_type)
    assert named in str(caught.value)


def test_a_wrong_key_encryption_key_is_refused_and_says_so(
    shared_engine: Engine, keys: Keys, given: PassCertificate, now: datetime
) -> None:
    with _undone(shared_engine) as session:
        row = certificates.store(session, keys, given, now)
    with pytest.raises(SealBroken, match="KEY_ENCRYPTION_KEY"):
        certificates.opened(row, replace(keys, encryption=b"x" * 32))


@pytest.mark.parametrize("column", ["id", "merchant_id", "pass_type"])
def test_a_key_moved_to_another_row_is_refused(
    shared_engine: Engine, keys: Keys, given: PassCertificate, now: datetime, column: str
) -> None:
    with _undone(shared_engine) as session:
        row = certificates.store(session, keys, given, now)
        session.expunge(row)
    setattr(row, column, "pass.example.swapped" if column == "pass_type" else uuid4())
    with pytest.raises(SealBroken):
        certificates.opened(row, keys)


def test_the_sealed_keys_of_two_rows_cannot_be_swapped(
    shared_engine: Engine, keys: Keys, given: PassCertificate, renewed: PassCertificate, now: datetime
) -> None:
    with _undone(shared_engine) as session:
        first, second = (certificates.store(session, keys, one, now) for one in (given, renewed))
        session.expunge_all()
    first.key_sealed, second.key_sealed = second.key_sealed, first.key_sealed
    for row in (first, second):
        with pytest.raises(SealBroken):
            certificates.opened(row, keys)


def test_a_certificate_that_was_damaged_is_refused(
    shared_engine: Engine, keys: Keys, given: PassCertificate, now: datetime
) -> None:
    with _undone(shared_engine) as session:
        row = certificates.store(session, keys, given, now)
        session.expunge(row)
    row.key_sealed = row.key_sealed[:-1] + bytes([row.key_sealed[-1] ^ 1])
    with pytest.raises(SealBroken):
        certificates.opened(row, keys)


def test_a_merchants_own_certificate_goes_before_the_platforms(
    shared_engine: Engine, keys: Keys, given: PassCertificate, now: datetime
) -> None:
    merchant, stranger = uuid4(), uuid4()

    def chosen(session: Session) -> list[str | None]:
        return [certificates.pass_type_for(session, who) for who in (merchant, stranger)]

    def rename(row: Certificate, pass_type: str) -> None:
        row.pass_type = pass_type

    with _undone(shared_engine) as session:
        assert chosen(session) == [None, None]
        own = certificates.store(session, keys, given, now - timedelta(days=9), merchant_id=merchant)
        rename(own, "pass.example.own")
        assert chosen(session) == ["pass.example.own", None]
        certificates.store(session, keys, given, now)
        assert chosen(session) == ["pass.example.own", PASS_TYPE]


def test_certificates_stay_when_the_transaction_is_committed(
    engine: Engine, keys: Keys, given: PassCertificate, now: datetime
) -> None:
    with transaction(engine) as session:
        row_id: UUID = certificates.store(session, keys, given, now).id
    with transaction(engine) as session:
        assert certificates.newest(session, PASS_TYPE).id == row_id
