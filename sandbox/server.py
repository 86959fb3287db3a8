"""Runs the sandbox: Apple's push service on one port, Google and the phones in the browser on another."""

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.apns import Apns
from sandbox.authority import Authority
from sandbox.google import Google
from sandbox.phone_page import create_phone_app
from sandbox.phones import Phones
from sandbox.weather import WeatherService

HOST = "127.0.0.1"


class PortTaken(Exception):
    """Another program listens there already; the message names the port and the way out."""


@dataclass(frozen=True)
class Running:
    """A sandbox that answers, and where."""

    phone_url: str
    apns_url: str
    phones: Phones
    apns: Apns
    google: Google

    @property
    def google_url(self) -> str:
        """Google's base address: the API below `/walletobjects/v1/`, `/token`, `/keys`, `/save`, `/phone/`."""
        return f"{self.phone_url}/google"

    @property
    def weather_url(self) -> str:
        """Open-Meteo's base address: `/v1/forecast` lies below."""
        return f"{self.phone_url}/weather"


class _Handler(WSGIRequestHandler):
    # Head and body of an answer leave in two writes: without this the second waits for the caller's kernel.
    disable_nagle_algorithm = True


@contextmanager
def running(
    folder: Path,
    *,
    phone_port: int,
    apns_port: int,
    authority: Authority,
    now: Callable[[], datetime],
    zone: tzinfo = UTC,
) -> Iterator[Running]:
    """Run a sandbox until the block ends; port 0 takes a free one. Raises PortTaken.

    `folder` keeps the phones, the weather and what Google has over a restart. `zone` is where the phones are: they
    show its time. Both servers listen on 127.0.0.1 only.
    """
    with _listen(phone_port) as phone_socket, _listen(apns_port) as apns_socket:
        root_pem = authority.root.read_bytes()
        phones = Phones(folder / "phones", root_pem, now)
        apns = Apns(authority, deliver=phones.deliver, now=now)
        google = Google(folder, f"{_url('http', phone_socket)}/google/token", now)
        weather = WeatherService(now, folder / "weather.json")
        app = create_phone_app(phones, apns, google, weather, root_pem=root_pem, now=now, zone=zone)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        pages = make_server(HOST, 0, app, threaded=True, request_handler=_Handler, fd=phone_socket.fileno())
        threading.Thread(target=pages.serve_forever, args=(0.1,), name="phone-page", daemon=True).start()
        apns.start(apns_socket)
        try:
            yield Running(_url("http", phone_socket), _url("https", apns_socket), phones, apns, google)
        finally:
            pages.shutdown()
            pages.server_close()
            apns.stop()
            phones.stop()
            google.stop()


def serve(
    folder: Path,
    *,
    phone_port: int,
    apns_port: int,
    authority: Authority,
    log: Callable[[str], None],
    now: Callable[[], datetime],
    zone: tzinfo = UTC,
) -> None:
    """Run until SIGTERM or SIGINT; call it from the main thread. Raises PortTaken."""
    ended = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, lambda *_: ended.set())
    try:
        ports = {"phone_port": phone_port, "apns_port": apns_port}
        with running(folder, **ports, authority=authority, now=now, zone=zone) as sandbox:
            log(f"phone: {sandbox.phone_url}  push service: {sandbox.apns_url}")
            ended.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port), backlog=128)
    except OSError as error:
        raise PortTaken(
            f"Port {port} cannot be used ({error.strerror}): stop the program that listens there,"
            " or choose another port."
        ) from error


def _url(scheme: str, listening: socket.socket) -> str:
    return f"{scheme}://{HOST}:{listening.getsockname()[1]}"
