"""The messages may come twice, from two schedulers, and without a certificate; none of it does harm."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from celery import Celery
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from issuer import idempotency, people, tills
from issuer.database import make_engine, transaction
from issuer.idempotency import Answer, Attempt, fingerprint, once
from issuer.schema import Certificate, Heartbeat, IdempotencyKey, JobRun, LoginSession, Publication, TillEnrolment
from issuer.settings import Settings
from signing.tokens import digest
from tests.conftest import PASS_TYPE, Cafe
from tests.worker.scene import PushService, Scene
from worker.app import make_celery
from worker.office import Office
from worker.tasks import beat, claim_slot, forget

WEEK = timedelta(days=7)


@pytest.fixture
def celery(settings: Settings) -> Celery:
    return make_celery(settings)


def test_two_schedulers_claim_a_slot_once(office: Office, now: datetime) -> None:
    together = threading.Barrier(8)

    def claim(_number: int) -> bool:
        with transaction(office.engine) as session:
            together.wait()
            return claim_slot(session, "tidy", 3600, now)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(claim, range(8))) == [False] * 7 + [True]


def test_a_slot_is_claimed_again_when_its_period_is_over(office: Office) -> None:
    at = datetime(2026, 11, 21, 9, 59, 59, tzinfo=UTC)
    with transaction(office.engine) as session:
        claims = [claim_slot(session, "tidy", 3600, at + timedelta(seconds=seconds)) for seconds in (0, 0, 1, 3600)]
    assert claims == [True, False, True, False]


def test_jobs_of_different_names_do_not_share_slots(office: Office, now: datetime) -> None:
    with transaction(office.engine) as session:
        assert claim_slot(session, "tidy", 3600, now)
        assert claim_slot(session, "offers", 3600, now)


def test_a_slot_whose_work_failed_is_free_again(office: Office, now: datetime) -> None:
    with Session(office.engine) as session:
        assert claim_slot(session, "tidy", 3600, now)
        session.rollback()
    with transaction(office.engine) as session:
        assert claim_slot(session, "tidy", 3600, now)


def use_key(office: Office, merchant_id: UUID, key: str, at: datetime) -> None:
    with transaction(office.engine, merchant_id) as session:
        attempt = Attempt(merchant_id, "api x", "POST /stamps", key, fingerprint({}))
        once(session, attempt, lambda: Answer(201, {}), at)


def test_keys_are_dropped_after_a_week_and_not_before_at_every_merchant(
    office: Office, cafe: Cafe, other_cafe: Cafe, now: datetime
) -> None:
    for merchant in (cafe, other_cafe):
        use_key(office, merchant.merchant_id, "old", now - WEEK - timedelta(minutes=1))
        use_key(office, merchant.merchant_id, "young", now - WEEK + timedelta(minutes=1))
    with transaction(office.engine) as session:
        forget(session, now)
    for merchant in (cafe, other_cafe):
        with transaction(office.engine, merchant.merchant_id) as session:
            assert list(session.scalars(select(IdempotencyKey.key))) == ["young"]


def test_ended_sessions_and_old_slots_are_dropped_and_others_kept(office: Office, cafe: Cafe, now: datetime) -> None:
    with transaction(office.engine) as session:
        claim_slot(session, "tidy", 3600, now - idempotency.KEPT - timedelta(hours=1))
        claim_slot(session, "tidy", 3600, now)
        user = people.create_user(session, "someone@cafe.example", "right horse", now)
        for number, ends in enumerate((now - timedelta(seconds=1), now + timedelta(seconds=1))):
            session.add(
                LoginSession(
                    token_hash=bytes([number]) * 32,
                    user_id=user.id,
                    merchant_id=cafe.merchant_id,
                    created_at=now,
                    last_seen_at=now,
                    expires_at=ends,
                )
            )
        session.flush()
        forget(session, now)
        assert list(session.scalars(select(LoginSession.token_hash))) == [bytes([1]) * 32]
        assert list(session.scalars(select(JobRun.claimed_at))) == [now]


def test_links_that_are_over_are_dropped_and_others_kept(office: Office, cafe: Cafe, now: datetime) -> None:
    with transaction(office.engine, cafe.merchant_id) as session:
        second = timedelta(seconds=1)
        for token, ends in (("over", now - second), ("lasts", now + second), ("ever", None)):
            tills.invite_till(session, cafe.location_id, cafe.merchant_id, token, now, expires_at=ends)
        forget(session, now)
        kept = set(session.scalars(select(TillEnrolment.token_hash)))
        assert {digest(token) for token in ("lasts", "ever")} <= kept
        assert digest("over") not in kept


def test_tidying_twice_in_an_hour_is_one_tidying(celery: Celery, office: Office, cafe: Cafe, now: datetime) -> None:
    celery.tasks["tidy"]()
    use_key(office, cafe.merchant_id, "old", now - 2 * WEEK)
    celery.tasks["tidy"]()
    with transaction(office.engine, cafe.merchant_id) as session:
        assert list(session.scalars(select(IdempotencyKey.key))) == ["old"]
        session.execute(delete(JobRun))
    celery.tasks["tidy"]()
    with transaction(office.engine, cafe.merchant_id) as session:
        assert list(session.scalars(select(IdempotencyKey.key))) == []


def test_the_canary_writes_the_workers_heartbeat(celery: Celery, office: Office, now: datetime) -> None:
    with transaction(office.engine) as session:
        beat(session, "worker", now - timedelta(hours=1))
    celery.tasks["canary"]()
    with transaction(office.engine) as session:
        assert session.get_one(Heartbeat, "worker").at >= now


def lose_the_certificate(settings: Settings) -> None:
    """No command does this; a database restored from a backup may."""
    engine = make_engine(settings.database_url, pool_size=1)
    with transaction(engine) as session:
        session.execute(delete(Certificate))
    engine.dispose()


def test_without_a_certificate_the_queue_is_kept_and_one_line_says_what_to_do(
    celery: Celery, settings: Settings, scene: Scene, service: PushService, caplog: pytest.LogCaptureFixture
) -> None:
    card_id = scene.changed_card(1)
    lose_the_certificate(settings)
    for _ in range(5):
        celery.tasks["push_apple"](PASS_TYPE)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 1
    assert PASS_TYPE in lines[0]
    assert "`treuepass certificate import FILE...`" in lines[0]
    row = scene.publication(card_id)
    assert row.push_at is not None
    assert row.leased_until is None
    assert service.pushes() == []


def test_a_certificate_that_comes_late_sends_what_was_kept(
    celery: Celery, settings: Settings, scene: Scene, service: PushService
) -> None:
    card_id = scene.changed_card(1)
    with transaction(scene.office.engine) as session:
        session.execute(update(Certificate).values(pass_type="pass.example.other"))
    celery.tasks["push_apple"](PASS_TYPE)
    assert scene.publication(card_id).push_at is not None
    with transaction(scene.office.engine) as session:
        session.execute(update(Certificate).values(pass_type=PASS_TYPE))
    celery.tasks["push_apple"](PASS_TYPE)
    assert len(service.accepted()) == 1
    assert scene.publication(card_id).push_at is None


def test_a_certificate_sealed_under_another_key_is_said_in_one_line_and_the_queue_is_kept(
    celery: Celery, scene: Scene, service: PushService, caplog: pytest.LogCaptureFixture
) -> None:
    scene.changed_card(1)
    with transaction(scene.office.engine) as session:
        session.execute(update(Certificate).values(key_sealed=func.overlay(Certificate.key_sealed, b"1234", 2)))
    for _ in range(3):
        celery.tasks["push_apple"](PASS_TYPE)
    assert len(caplog.records) == 1
    assert "KEY_ENCRYPTION_KEY" in caplog.records[0].getMessage()
    with transaction(scene.office.engine) as session:
        assert session.scalar(select(func.count()).where(Publication.push_at.is_not(None))) == 1
