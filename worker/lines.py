"""The one connection that a process keeps for each certificate, and who works with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from uuid import UUID

from issuer import certificates
from issuer.database import transaction
from issuer.schema import Certificate
from worker.apns import ApnsConnection
from worker.office import Office

IDLE_SECONDS = 3600.0


class Line:
    """A connection with one owner at a time: the thread that `taken` lets in.

    ``wanted``: somebody asked for it while it was taken; its owner looks once more before giving it back.
    ``troubled``: tokens whose pushes failed since the last that did not.
    """

    def __init__(self, certificate_id: UUID, connection: ApnsConnection) -> None:
        self.certificate_id, self.connection = certificate_id, connection
        self.wanted, self.troubled = False, set[str]()
        self.used_at = monotonic()
        self._lock = Lock()

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """False: another thread has it. What is under way when the owner fails is given up with the connection."""
        if not self._lock.acquire(blocking=False):
            yield False
            return
        try:
            yield True
        except BaseException:
            self.connection.close()
            raise
        finally:
            self.used_at = monotonic()
            self._lock.release()

    def close_if_idle(self, since: float) -> None:
        with self.taken() as mine:
            if mine and self.used_at <= since:
                self.connection.close()


class Lines:
    """All lines of a process, by pass type, for its life."""

    def __init__(self, office: Office) -> None:
        self._office, self._lock = office, Lock()
        self._lines = dict[str, Line]()

    def of(self, pass_type: str) -> Line:
        """The line of the type's newest certificate; that of an older one is not used again.

        :raises issuer.certificates.CertificateMissing:
        :raises signing.envelope.SealBroken: KEY_ENCRYPTION_KEY is another one
        """
        with transaction(self._office.engine) as session:
            row = certificates.newest(session, pass_type)
        with self._lock:
            line = self._lines.get(pass_type)
            if line is None or line.certificate_id != row.id:
                if line is not None:
                    line.close_if_idle(monotonic())
                line = self._lines[pass_type] = self._open(row)
        return line

    def close_idle(self, idle: float = IDLE_SECONDS) -> None:
        """Hang up where nothing was pushed for so many seconds; the next push opens the connection anew."""
        with self._lock:
            lines = list(self._lines.values())
        for line in lines:
            line.close_if_idle(monotonic() - idle)

    def _open(self, row: Certificate) -> Line:
        settings = self._office.settings
        ca_file = str(settings.apns_ca_file) if settings.apns_ca_file else None
        opened = certificates.opened(row, self._office.keys)
        return Line(row.id, ApnsConnection(settings.apns_url, ca_file, opened))
