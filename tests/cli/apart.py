"""Runs a piece of a test in a process of its own: to be killed, or to be another user."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress


class Apart:
    """A forked process that reports by one line and then waits to be ended."""

    def __init__(self, work: Callable[[], str], user: tuple[int, int] | None = None) -> None:
        self._reader, writer = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._reader)
            self._live(work, writer, user)
        os.close(writer)

    @staticmethod
    def _live(work: Callable[[], str], writer: int, user: tuple[int, int] | None) -> None:
        try:
            if user is not None:
                os.setgroups([])
                os.setgid(user[1])
                os.setuid(user[0])
            os.write(writer, work().encode() + b"\n")
            signal.pause()
        except BaseException:  # the forked copy of the test runner must not go on
            traceback.print_exc()
        finally:
            os._exit(1)

    def said(self) -> str:
        """Waits for the line; empty when it died before."""
        with os.fdopen(os.dup(self._reader)) as lines:
            return lines.readline().strip()

    def kill(self) -> None:
        """kill -9."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        with suppress(OSError):
            os.close(self._reader)
