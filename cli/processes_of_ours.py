"""One process each, as production runs them."""

import logging
import os
import signal
import sys
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

import click

from issuer.clock import Clock
from issuer.settings import Settings, load_settings


def log_to_stdout() -> None:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)


def settings_and_log() -> Settings:
    log_to_stdout()
    return load_settings(os.environ)


def check_account(settings: Settings) -> None:
    """Say what is wrong with Google's key file before anything is started that would say it with a trace."""
    from issuer.google_account import account_of  # noqa: PLC0415

    account_of(settings)


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1, 64))
def web(port: int, host: str, processes: int) -> None:
    """Serve the pages, Apple's web service and the API."""
    settings = settings_and_log()
    check_account(settings)
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415 (loads signal handling of its own)

    from issuer.web import create_app  # noqa: PLC0415

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in {
                "bind": f"{host}:{port}",
                "workers": processes,
                "threads": 8,
                "worker_class": "gthread",
                "graceful_timeout": 5,
                "keepalive": 5,
                "reuse_port": True,
                "accesslog": None,
                "control_socket_disable": True,
            }.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> object:
            return create_app(settings)

    Server().run()


@click.command()
@click.option("--pool", default="threads", show_default=True, type=click.Choice(["threads", "prefork", "solo"]))
@click.option("--concurrency", default=4, show_default=True, type=click.IntRange(1, 64))
def worker(pool: str, concurrency: int) -> None:
    """Push what changed to the phones."""
    from worker.app import make_celery  # noqa: PLC0415
    from worker.office import Office  # noqa: PLC0415
    from worker.watchdog import watch  # noqa: PLC0415

    settings = settings_and_log()
    check_account(settings)
    app = make_celery(settings)
    watch(app, Office(settings))
    options = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    app.worker_main(["worker", "--pool", pool, "--concurrency", str(concurrency), *options])


@click.command()
def relay() -> None:
    """Number what changed and tell the workers."""
    from worker.relay import run  # noqa: PLC0415

    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    run(settings_and_log(), stop)


@click.command()
def scheduler() -> None:
    """Send the few periodic messages; a second one does no harm."""
    from worker.app import make_celery  # noqa: PLC0415

    app = make_celery(settings_and_log())
    app.Beat(scheduler="celery.beat:Scheduler", loglevel="WARNING", quiet=True).run()


@click.command(hidden=True)
@click.option("--folder", required=True, type=click.Path(path_type=Path))
@click.option("--phone-port", required=True, type=int)
@click.option("--apns-port", required=True, type=int)
@click.option("--zone", required=True, type=ZoneInfo)
def sandbox(folder: Path, phone_port: int, apns_port: int, zone: ZoneInfo) -> None:
    """Apple's push service and a phone, for a machine that has neither."""
    clock = Clock(settings_and_log().clock_offset)
    from cli.plan import sandbox_authority  # noqa: PLC0415
    from sandbox.server import serve  # noqa: PLC0415

    log = logging.getLogger("sandbox")
    serve(
        folder,
        phone_port=phone_port,
        apns_port=apns_port,
        authority=sandbox_authority(folder),
        log=log.info,
        now=clock.now,
        zone=zone,
    )


COMMANDS = (web, worker, relay, scheduler, sandbox)
