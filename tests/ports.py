"""Ports for the demos of tests."""

import os
import random
import socket
from contextlib import ExitStack

# Below 32768, where Linux starts to give ports to outgoing connections (ip_local_port_range), a port that is
# free stays free until the demo listens there; a thousand for each process of a run, so that two never agree.
FIRST, EACH = 12000, 1000
OF_A_DEMO = 3


def free_port() -> int:
    """A port that is free with the two after it, where a demo puts its sandbox."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 20
    starts = list(range(FIRST + worker * EACH, FIRST + (worker + 1) * EACH - OF_A_DEMO, OF_A_DEMO))
    random.shuffle(starts)
    return next(start for start in starts if all_free(range(start, start + OF_A_DEMO)))


def all_free(ports: range) -> bool:
    with ExitStack() as stack:
        try:
            for port in ports:
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
        except OSError:
            return False
    return True
