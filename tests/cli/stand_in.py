"""Runs the real demo with tiny children in the place of web, worker and sandbox, and is these children.

What only one of them needs is loaded by that one: five children start with every demo, and there are many demos.
"""

import http.server
import os
import socketserver
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from cli.supervisor import die_with_parent

if TYPE_CHECKING:
    from cli.plan import Plan

MERCHANT = {
    "console_url": "http://127.0.0.1/console",
    "console_email": "demo@example.com",
    "till_url": "http://127.0.0.1/till/enrol/x",
    "join_url": "http://127.0.0.1/join/x",
    "program_id": "p",
    "location_id": "l",
}


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def _serve(port: int) -> None:
    _Listener(("127.0.0.1", port), _Page).serve_forever()


def _value(arguments: list[str], option: str) -> int:
    return int(arguments[arguments.index(option) + 1])


def _be_a_child(name: str, arguments: list[str]) -> None:
    print(f"{name} under clock {os.environ.get('TREUEPASS_CLOCK_SET_AT')}", flush=True)
    if name == "web":
        _serve(_value(arguments, "--port"))
    elif name == "sandbox":
        threading.Thread(target=_serve, args=[_value(arguments, "--apns-port")], daemon=True).start()
        _serve(_value(arguments, "--phone-port"))
    elif name == "worker":
        _listen()
    else:
        while True:
            time.sleep(1)


def _listen() -> None:
    import redis  # noqa: PLC0415

    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    while True:
        client.brpop("work", 1)


def _prepare(
    environ: Mapping[str, str], secrets: Mapping[str, str], authority: object, *, empty: bool
) -> Mapping[str, str]:
    return {name: MERCHANT[name] for name in ("console_url", "console_email")} if empty else MERCHANT


def _arguments(wanted: "Plan", name: str, supervisor_pid: int) -> list[str]:
    from cli import plan  # noqa: PLC0415

    python, _flag, _module, *rest = plan.arguments(wanted, name, supervisor_pid)
    return [python, "-m", "tests.cli.stand_in", *rest]


def _run_the_demo(port: int, data_dir: Path, empty: bool) -> int:
    from cli import demo  # noqa: PLC0415

    sys.modules["cli.demo_merchant"] = SimpleNamespace(prepare=_prepare)  # type: ignore[assignment]
    demo.arguments = _arguments
    return demo.run_demo(port, data_dir, empty, os.environ)


def main() -> int:
    arguments = sys.argv[1:]
    if arguments[0] == "--supervisor":
        die_with_parent(int(arguments[1].partition(":")[0]))
        _be_a_child(arguments[2], arguments[3:])
        return 0
    return _run_the_demo(int(arguments[0]), Path(arguments[1]), "--empty" in arguments)


if __name__ == "__main__":
    sys.exit(main())
