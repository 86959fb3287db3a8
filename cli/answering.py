"""Which ports are free, and whether what was started answers."""

import http.client
import socket
from contextlib import suppress

import redis

from cli.processes import StartRefused

HOST = "127.0.0.1"


def check_port(port: int) -> None:
    """Raises `StartRefused` when the demo may not listen there."""
    try:
        _bind(port)
    except (OSError, OverflowError) as error:
        reason = "may not be used by this user" if isinstance(error, PermissionError) else "is taken"
        raise StartRefused(
            f'Port {port} {reason}: name another one, as in `make demo ARGS="--port {_free_port(port + 100)}"`.'
        ) from error


def sandbox_ports(port: int) -> tuple[int, int]:
    """Ports of the phone and of the push service: the next two where they are free, else any."""
    phone = _free_port(port + 1)
    apns = _free_port(port + 2)
    return phone, apns if apns != phone else _free_port(0)


def _free_port(wanted: int) -> int:
    try:
        return _bind(wanted)
    except (OSError, OverflowError):
        return _bind(0)


def _bind(port: int) -> int:
    with socket.socket() as listener:
        # As the servers do: connections of an earlier run that still fade away are no hindrance.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        return int(listener.getsockname()[1])


def page_answers(port: int, path: str) -> bool:
    """Whether this machine serves the page with 200. Asks directly, whatever proxy the environment names."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def port_answers(port: int) -> bool:
    """Whether something accepts connections there."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=2):
        return True
    return False


def worker_listens(redis_url: str) -> bool:
    """Whether some client waits in Redis for work, as a Celery worker does from its first moment on."""
    with suppress(redis.RedisError), redis.Redis.from_url(redis_url, socket_timeout=2) as client:
        facts = client.info("clients")
        return isinstance(facts, dict) and int(facts.get("blocked_clients", 0)) > 0
    return False
