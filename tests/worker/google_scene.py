"""Google on a port of its own, and a café with cards that were asked for there, as the worker meets them."""

import logging
import socket
import threading
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from issuer import google_relaying, push_stops
from issuer.cards import locked_card
from issuer.database import transaction
from issuer.google_passes import class_id, object_id
from issuer.google_relaying import GoogleClaim, wish
from issuer.moving import retire
from issuer.publishing import CAMPAIGN, GOOGLE, publish
from issuer.schema import Card, GoogleObject, Pass, Program, ProgramVersion, Publication, PushStop
from sandbox.google import Google
from sandbox.google_account import ISSUER_ID
from sandbox.google_api import add_google_api
from sandbox.google_calls import Call
from sandbox.google_faults import Fault
from signing.google_account import Account, read_account
from tests.conftest import PASS_TYPE
from tests.worker.scene import Scene
from worker.google_desk import Desk
from worker.google_push import push_google
from worker.google_rate import GoogleRate
from worker.google_sending import Sent, send_object
from worker.office import Office


class GoogleServer:
    """The sandbox's Google and what came in there. ``offset`` moves its clock."""

    def __init__(self, folder: Path) -> None:
        listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/google"
        self.offset = timedelta()
        self.google = Google(folder, f"{self.url}/token", self.now)
        app = Flask(__name__)
        add_google_api(app, self.google, self.now)
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        self._server = make_server("127.0.0.1", 0, app, threaded=True, fd=listening.fileno())
        self._listening = listening
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._listening.close()
        self.google.stop()

    def environ(self) -> dict[str, str]:
        """The settings of whoever is to send here."""
        return {
            "GOOGLE_ISSUER_ID": ISSUER_ID,
            "GOOGLE_SERVICE_ACCOUNT_FILE": str(self.google.account.path),
            "GOOGLE_WALLET_URL": self.url,
            "GOOGLE_CALLBACK_KEYS_URL": f"{self.url}/keys",
            "TREUEPASS_GOOGLE_RATE": "1000",
        }

    @property
    def account(self) -> Account:
        return read_account(self.google.account.path.read_bytes())

    def script(self, match: str, *faults: Fault) -> None:
        """The next answers about an id, "token", "keys" or "*"."""
        self.google.faults.script(match, faults)

    def allow(self, **settings: Any) -> None:
        """See `sandbox.google_settings.GoogleSettings`."""
        self.google.change_settings(settings)

    def calls(self, *, about: str = "") -> list[Call]:
        """Every call so far, or those about one id."""
        return [call for call in self.google.calls.since(0) if call.id == about or not about]

    def asked(self, *, about: str = "") -> list[tuple[str, int | None]]:
        """Method and status of every call so far."""
        return [(call.method, call.status) for call in self.calls(about=about)]

    def body(self, kind: str, name: str) -> dict[str, Any]:
        """What Google has under this id, which begins with the issuer's."""
        return self.google.store.get(kind, f"{ISSUER_ID}.{name}")


class GoogleScene(Scene):
    """The scene with a desk at it. Each call is a transaction of its own."""

    def __init__(self, scene: Scene, desk: Desk, google: GoogleServer) -> None:
        super().__init__(scene.office, scene.cafe)
        self.desk, self.google = desk, google

    def transaction(self) -> AbstractContextManager[Session]:
        return transaction(self.office.engine)

    def work(self) -> AbstractContextManager[Session]:
        """The café's own."""
        return transaction(self.office.engine, self.cafe.merchant_id)

    def send(self, claim: GoogleClaim) -> Sent:
        """What a worker does that is not heard of again."""
        return send_object(self.desk, claim)

    def owe(self, calls: int) -> None:
        """So many have booked their place before us."""
        self.desk.redis.hset(self.desk.rate._key, "tokens", -calls)

    def stop_apple(self) -> None:
        now = self.office.clock.now()
        with self.transaction() as session:
            push_stops.stop(session, PASS_TYPE, "403", now, now + timedelta(hours=1), refused=True)

    def nobody_there(self) -> Any:
        """The bucket's script on a Redis that is away."""
        redis = Redis(host="127.0.0.1", port=9, retry=Retry(NoBackoff(), 0))
        return GoogleRate(redis, "none", 15)._run

    def push(self, desk: Desk | None = None) -> int:
        return push_google(desk or self.desk)

    def later(self, later: timedelta) -> "GoogleScene":
        """The same, with our clock and Google's so much further on; settings and database are the same."""
        office = Office(replace(self.office.settings, clock_offset=self.office.settings.clock_offset + later))
        office.__dict__["engine"] = self.office.engine
        moved = Desk(office, self.desk.google, patience=self.desk._patience)
        for name in ("wallet", "rate", "threads"):
            moved.__dict__[name] = getattr(self.desk, name)
        self.google.offset = office.settings.clock_offset
        scene = GoogleScene(Scene(office, self.cafe), moved, self.google)
        scene.passes = self.passes
        return scene

    def asked(self, *, stamps: int = 0, numbered: bool = True) -> UUID:
        """A card that somebody wants on Google now; numbered, if it is not the relay that shall do so."""
        card_id = self.card()
        for _ in range(stamps):
            self.stamp(card_id)
        with transaction(self.office.engine, self.cafe.merchant_id) as session:
            issue, card = session.get_one(Pass, self.passes[card_id]), session.get_one(Card, card_id)
            wish(session, issue, card, self.office.clock.now())
        if not numbered:
            return card_id
        self.number()
        self.due_there(card_id)
        return card_id

    def there(self) -> UUID:
        """A card that Google has."""
        card_id = self.asked()
        assert self.push() == 1
        return card_id

    def changed(self, card_id: UUID) -> None:
        """A stamp more, numbered."""
        self.stamp(card_id)
        self.number()
        self.due_there(card_id)

    def campaign(self, *cards: UUID) -> None:
        """Each of these shows something else for a reason that is none of its holder's, numbered."""
        with transaction(self.office.engine, self.cafe.merchant_id) as session:
            locked = [card for card in (locked_card(session, card_id) for card_id in sorted(cards)) if card]
            publish(session, locked, "design", CAMPAIGN, self.office.clock.now())
        self.number()
        for card_id in cards:
            self.due_there(card_id)

    def retire(self, card_id: UUID) -> None:
        """Its pass is revoked, numbered."""
        with transaction(self.office.engine, self.cafe.merchant_id) as session:
            locked_card(session, card_id)
            retire(session, session.get_one(Pass, self.passes[card_id]), self.office.clock.now())
        self.number()
        self.due_there(card_id)

    def due_there(self, card_id: UUID) -> None:
        """Its waiting time for Google, if any, is over."""
        with transaction(self.office.engine) as session:
            row = session.get_one(Publication, (self.passes[card_id], GOOGLE))
            row.push_at = row.push_at and self.office.clock.now()

    def rename(self, name: str) -> None:
        """The class of the cards is another from now on."""
        with transaction(self.office.engine, self.cafe.merchant_id) as session:
            program = session.get_one(Program, self.cafe.program_id)
            version = session.get_one(ProgramVersion, (program.id, program.current_version))
            version.names = {"de": name, "en": name}

    def claims(self, lease: timedelta) -> list[GoogleClaim]:
        """What a worker takes that never comes back."""
        with transaction(self.office.engine) as session:
            return google_relaying.claim(session, self.office.clock.now(), lease)

    def second(self, *, patience: tuple[float, float] | None = None) -> Desk:
        """The desk of another process."""
        desk = Desk(self.office, self.desk.google, patience=patience or self.desk._patience)
        desk.__dict__["rate"] = self.desk.rate
        return desk

    def state(self, card_id: UUID) -> Publication:
        with transaction(self.office.engine) as session:
            return session.get_one(Publication, (self.passes[card_id], GOOGLE))

    def row(self, card_id: UUID) -> GoogleObject:
        with transaction(self.office.engine) as session:
            return session.get_one(GoogleObject, self.passes[card_id])

    def waits(self, card_id: UUID) -> timedelta:
        """How long until the card is sent again."""
        push_at = self.state(card_id).push_at
        assert push_at is not None
        return push_at - self.office.clock.now()

    def version(self, card_id: UUID) -> int:
        with transaction(self.office.engine, self.cafe.merchant_id) as session:
            return session.get_one(Card, card_id).version

    def stop(self) -> PushStop | None:
        with transaction(self.office.engine) as session:
            return push_stops.stop_of(session, self.desk.stop_key)

    def serial(self, card_id: UUID) -> str:
        with transaction(self.office.engine) as session:
            return session.get_one(Pass, self.passes[card_id]).serial

    def name(self, card_id: UUID) -> str:
        """Its id at Google."""
        return object_id(ISSUER_ID, self.serial(card_id))

    @property
    def class_name(self) -> str:
        return class_id(ISSUER_ID, self.cafe.program_id, "loyalty")

    def calls(self, card_id: UUID) -> list[tuple[str, int | None]]:
        """Method and status of every call about the card."""
        return self.google.asked(about=self.name(card_id))

    def points(self, card_id: UUID) -> list[str | None]:
        """What Google showed of the card after each write, oldest first."""
        return [seen["points"] for seen in self.google.google.store.find("LoyaltyObject", self.name(card_id)).seen]

    def shown(self, card_id: UUID) -> dict[str, Any]:
        """What Google has of the card."""
        return self.google.google.store.get("LoyaltyObject", self.name(card_id))
