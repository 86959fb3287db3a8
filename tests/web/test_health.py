"""For machines that watch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, create_engine, text

from issuer import migrating
from issuer.database import make_engine, transaction
from issuer.relaying import number_due
from issuer.settings import Settings
from tests.conftest import Servers, named, plain
from tests.web.phones import Held

METRICS = {
    "treuepass_publications_waiting",
    "treuepass_publications_oldest_seconds",
    "treuepass_passes",
    "treuepass_registrations",
    "treuepass_registrations_behind",
    "treuepass_certificate_days_left",
    "treuepass_heartbeat_age_seconds",
    "treuepass_pushes_stopped_seconds",
}


@contextmanager
def _connected(app: OpenAPI, engine: Engine) -> Iterator[None]:
    """The house on other connections."""
    house = app.extensions["treuepass"]
    app.extensions["treuepass"] = replace(house, engine=engine)
    try:
        yield
    finally:
        app.extensions["treuepass"] = house
        engine.dispose()


def _reason(client: FlaskClient) -> str:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    body: dict[str, Any] = answer.get_json()
    assert set(body) == {"status", "reason"}
    return str(body["reason"])


def test_a_process_that_answers_is_alive(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_with_its_database_its_schema_and_a_harmless_role_it_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ready"})


def test_the_owners_role_is_refused_by_name(app: OpenAPI, client: FlaskClient, settings: Settings) -> None:
    with _connected(app, create_engine(settings.database_url)):
        reason = _reason(client)
        assert "treuepass_app" in reason
        assert client.get("/healthz").status_code == 200


def test_an_owner_who_is_no_superuser_is_refused_too(
    app: OpenAPI, client: FlaskClient, servers: Servers, settings: Settings
) -> None:
    name = settings.database_url.partition("?")[0].rpartition("/")[2]
    owner = f"owner_{name}"[:60]
    with psycopg.connect(plain(settings.database_url), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {owner} LOGIN")
        connection.execute(f"ALTER TABLE heartbeat OWNER TO {owner}")
        connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {owner}")
        try:
            engine = create_engine(settings.database_url, connect_args={"user": owner})
            with _connected(app, engine):
                assert owner in _reason(client)
        finally:
            connection.execute("ALTER TABLE heartbeat OWNER TO CURRENT_USER")
            connection.execute(f"DROP OWNED BY {owner}")
            connection.execute(f"DROP ROLE {owner}")
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("revision", ["0000", "9999"])
def test_another_schema_is_refused_with_both_revisions(client: FlaskClient, settings: Settings, revision: str) -> None:
    with psycopg.connect(plain(settings.database_url), autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", [revision])
        try:
            reason = _reason(client)
        finally:
            connection.execute("UPDATE alembic_version SET version_num = %s", [migrating.head()])
    assert revision in reason
    assert migrating.head() in reason
    assert client.get("/readyz").status_code == 200


def test_a_database_without_a_schema_is_refused_with_the_remedy(
    app: OpenAPI, client: FlaskClient, servers: Servers
) -> None:
    with psycopg.connect(plain(servers.database), autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare_of_the_web_tests")
        try:
            with _connected(app, make_engine(named(servers.database, "bare_of_the_web_tests"))):
                assert "treuepass db upgrade" in _reason(client)
        finally:
            connection.execute("DROP DATABASE bare_of_the_web_tests WITH (FORCE)")


def test_a_database_that_is_away_is_told_and_the_process_stays_alive(app: OpenAPI, client: FlaskClient) -> None:
    away = make_engine("postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2")
    with _connected(app, away):
        assert "database" in _reason(client)
        assert client.get("/healthz").status_code == 200
        assert client.get("/api/v1/cards", headers={"Authorization": "Bearer x"}).status_code == 503


def _metrics(client: FlaskClient) -> dict[str, float]:
    answer = client.get("/metrics")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    families = text_string_to_metric_families(answer.text)
    return {
        sample.name + "".join(sample.labels.values()): sample.value for family in families for sample in family.samples
    }


def test_the_metrics_are_read_by_prometheus(client: FlaskClient) -> None:
    answer = client.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert set(families) >= METRICS
    assert all(family.documentation for family in families.values())


def test_the_metrics_count_what_waits(client: FlaskClient, phone: Held, engine: Engine) -> None:
    before = _metrics(client)
    phone.register()
    phone.stamp()
    after = _metrics(client)
    assert after["treuepass_registrations"] == before["treuepass_registrations"] + 1
    assert after["treuepass_publications_waiting"] == before["treuepass_publications_waiting"] + 1
    assert after["treuepass_publications_oldest_seconds"] > 0
    with transaction(engine) as session:
        number_due(session, datetime.now(UTC), timedelta())
    assert _metrics(client)["treuepass_publications_waiting"] >= 1, "numbered but not pushed still waits"


def test_the_metrics_tell_how_long_a_process_has_been_silent(client: FlaskClient, engine: Engine) -> None:
    with transaction(engine) as session:
        beat = "INSERT INTO heartbeat (name, at) VALUES ('relay', now() - interval '90 seconds')"
        session.execute(text(beat + " ON CONFLICT (name) DO UPDATE SET at = excluded.at"))
    assert 89 < _metrics(client)["treuepass_heartbeat_age_secondsrelay"] < 120


def test_the_metrics_tell_the_end_of_the_certificate_in_use_however_long_an_older_one_lasts(
    client: FlaskClient, engine: Engine
) -> None:
    newer = """
        INSERT INTO certificate (id, pass_type, team_id, certificate_pem, intermediate_pem, key_sealed,
            not_after, created_at)
        SELECT gen_random_uuid(), pass_type, team_id, certificate_pem, intermediate_pem, key_sealed,
            now() + interval '5 days 1 hour', created_at + interval '1 day' FROM certificate LIMIT 1 RETURNING id
    """
    with transaction(engine) as session:
        certificate_id = session.scalar(text(newer))
    assert _metrics(client)["treuepass_certificate_days_left"] == 5
    with transaction(engine) as session:
        session.execute(text("DELETE FROM certificate WHERE id = :id"), {"id": certificate_id})
    assert _metrics(client)["treuepass_certificate_days_left"] > 5


def test_the_metrics_name_nobody(client: FlaskClient, phone: Held) -> None:
    phone.register()
    answer = client.get("/metrics").text
    for secret in (phone.serial, phone.device, phone.card["code"], "Café"):
        assert secret not in answer
