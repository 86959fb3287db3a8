"""Celery on Redis. Messages are hints: every task finds its work in the database and may run twice."""

from urllib.parse import parse_qs, urlsplit

from celery import Celery

from issuer.settings import Settings
from worker.office import Office
from worker.tasks import register

SCHEDULE = {
    "tidy": {"task": "tidy", "schedule": 3600.0, "options": {"expires": 3600}},
    # More often than their slots last: a turn ends before everybody's have been looked at.
    "celebrate": {"task": "celebrate", "schedule": 300.0, "options": {"expires": 300}},
    "refresh_donations": {"task": "refresh_donations", "schedule": 3600.0, "options": {"expires": 3600}},
    # The relay asks each second for what is due; this is for when it cannot.
    "show_offers": {"task": "show_offers", "schedule": 10.0, "options": {"expires": 10}},
    "note_birthdays": {"task": "note_birthdays", "schedule": 300.0, "options": {"expires": 300}},
    "compare_cards": {"task": "compare_cards", "schedule": 300.0, "options": {"expires": 300}},
    "ask_weather": {"task": "ask_weather", "schedule": 60.0, "options": {"expires": 60}},
    "watch_certificates": {"task": "watch_certificates", "schedule": 3600.0, "options": {"expires": 3600}},
}
GOOGLE_SCHEDULE = {
    "reconcile_google": {"task": "reconcile_google", "schedule": 3600.0, "options": {"expires": 3600}},
}


def broker_url(redis_url: str) -> str:
    """Kombu's spelling of a unix socket; other addresses are left alone."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"


def make_celery(settings: Settings) -> Celery:
    """An app whose tasks run against these settings.

    Late acknowledgement and a short visibility timeout let another worker take over from a dead one;
    no task waits for a future hour in Redis.
    """
    app = Celery("treuepass", broker=broker_url(settings.redis_url))
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_time_limit=120,
        task_publish_retry=False,
        task_default_queue="treuepass",
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": settings.redelivery_seconds,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
        },
        beat_schedule=SCHEDULE | (GOOGLE_SCHEDULE if settings.google is not None else {}),
    )
    register(app, Office(settings))
    return app
