"""What Google is asked about without anything having changed: who has a pass still, and its keys for callbacks."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import requests
from redis.exceptions import RedisError

from issuer import google_presence, google_root_keys
from issuer.database import transaction
from issuer.google_passes import OBJECTS, class_id
from issuer.publishing import CAMPAIGN
from signing.google_keys import RootKeysRefused
from worker.google_desk import Desk, TooLate
from worker.google_errors import Meaning
from worker.google_stopping import may_push
from worker.google_wallet import CONNECT_SECONDS, READ_SECONDS, new_session
from worker.slots import claim_slot, release_slot

log = logging.getLogger(__name__)

DAY = 86400
PAGE_PATIENCE = timedelta(minutes=1)


class PageMissing(Exception):
    """Ask again later; the text is Google's answer."""


def reconcile(desk: Desk) -> int:
    """Ask who has a pass in a wallet, class by class, once a day; of how many it was not known.

    :raises issuer.settings.SettingsRefused: the key file cannot be used
    """
    with transaction(desk.office.engine) as session:
        _, stopped = may_push(session, desk, desk.office.clock.now())
        classes = [] if stopped else google_presence.classes(session)
    if classes:
        # A key file that is wrong is found out before the day of a class is claimed.
        _ = desk.wallet
    return sum(_reconcile(desk, program_id, kind) for program_id, kind in classes)


def _reconcile(desk: Desk, program_id: UUID, kind: str) -> int:
    """Whose pages do not all come is asked about again with the next hour."""
    office, slot, corrected = desk.office, f"reconcile_google {program_id} {kind}", 0
    began = office.clock.now()
    with transaction(office.engine) as session:
        if not claim_slot(session, slot, DAY, began):
            return 0
    try:
        for asked_at, found in _pages(desk, program_id, kind):
            with transaction(office.engine) as session:
                corrected += google_presence.correct(session, found, asked_at, office.clock.now())
    except (PageMissing, TooLate, RedisError) as error:
        log.warning("Google cannot be asked who has cards of program %s; it is tried again: %s", program_id, error)
        with transaction(office.engine) as session:
            release_slot(session, slot, DAY, began)
    return corrected


def _pages(desk: Desk, program_id: UUID, kind: str) -> Iterator[tuple[datetime, dict[str, bool]]]:
    """When each page was asked for, and by serial whether anybody has the pass."""
    issuer, clock = desk.google.issuer_id, desk.office.clock
    asked_at = clock.now()

    def gate() -> None:
        nonlocal asked_at
        asked_at = clock.now()
        desk.gate(CAMPAIGN, asked_at + PAGE_PATIENCE)()

    for page in desk.wallet.pages(OBJECTS[kind], gate, classId=class_id(issuer, program_id, kind)):
        if page.meaning is not Meaning.DONE:
            raise PageMissing(str(page))
        listed = page.body.get("resources") or []
        yield asked_at, {_serial(one["id"]): bool(one.get("hasUsers")) for one in listed}


def _serial(name: str) -> str:
    return name.partition(".")[2]


def refresh_keys(desk: Desk) -> bool:
    """Fetch Google's keys for callbacks if it is time; whether there are new ones. What is unreadable replaces none."""
    office, now = desk.office, desk.office.clock.now()
    with transaction(office.engine) as session:
        if not google_root_keys.are_due(session, now):
            return False
    try:
        document = _fetched(desk.google.callback_keys_url)
        with transaction(office.engine) as session:
            google_root_keys.keep(session, document, now)
    except (requests.RequestException, RootKeysRefused) as error:
        log.warning("Google's keys for callbacks stay as they are, it is tried again: %s", error)
        return False
    return True


def _fetched(url: str) -> bytes:
    """
    :raises requests.RequestException: it did not come
    """
    with new_session() as session:
        response = session.get(url, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False)
        response.raise_for_status()
        if response.status_code != requests.codes.ok:
            raise requests.HTTPError(f"{response.status_code} instead of the keys")
        return response.content
