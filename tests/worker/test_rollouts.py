"""The relay carries a published design to the phones, after what the till has to say."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_hex
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DataError
from werkzeug.serving import make_server

from issuer import brands
from issuer.brands import pictures_of, revision_of
from issuer.database import transaction
from issuer.design import Design
from issuer.design_publishing import publish_draft
from issuer.publishing import CAMPAIGN
from issuer.rollouts import Reach, reach
from issuer.schema import BrandDraft, Pass, Rollout
from issuer.sealing import seal_for
from issuer.settings import Settings
from issuer.web import create_app
from passes.face import Colours
from sandbox.authority import Authority
from sandbox.phone import Phone
from tests.conftest import PASS_TYPE
from tests.worker.scene import PushService, Scene, token_of
from worker.apple_push import push_waiting
from worker.lines import Lines
from worker.office import Office
from worker.relay import Relay

DARK = Colours("#101820", "#ffffff", "#ffd080")
OLD, NEW = "rgb(74, 36, 21)", "rgb(16, 24, 32)"


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def environ(environ: dict[str, str], listening: socket.socket) -> dict[str, str]:
    return environ | {"PUBLIC_URL": f"http://127.0.0.1:{listening.getsockname()[1]}"}


@pytest.fixture
def web(settings: Settings, listening: socket.socket, certificate: None) -> Iterator[None]:
    """The web service, for the phones to come to."""
    app = create_app(settings)
    server = make_server("127.0.0.1", 0, app, threaded=True, fd=listening.fileno())
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    thread.join(20)
    app.extensions["treuepass"].engine.dispose()


@pytest.fixture
def phone(authority: Authority, service: PushService, web: None) -> Phone:
    """A phone that hears its pushes, and does what it owes when told to `work`."""
    phone = Phone(token_hex(16), token_hex(32), authority.root.read_bytes(), lambda: datetime.now(UTC))
    service.on_push = lambda _token: phone.on_push(PASS_TYPE)
    return phone


@pytest.fixture
def relay(office: Office) -> Relay:
    return Relay(office, lambda _pass_type: None)


@pytest.fixture
def carry(relay: Relay, office: Office, lines: Lines) -> Callable[[], None]:
    """What relay and worker do until all is told."""

    def carry() -> None:
        for _ in range(3):
            relay.turn()
            push_waiting(office, lines, PASS_TYPE)

    return carry


def redesign(scene: Scene) -> None:
    """The merchant saves and publishes."""
    now = scene.office.clock.now()
    with transaction(scene.office.engine, scene.cafe.merchant_id) as session:
        brand = brands.brand_of_merchant(session)
        worn = brands.worn_now(session, brand)
        design = replace(Design.read(worn.design), colours=DARK)
        draft = brands.save_draft(session, brand, design, pictures_of(worn), revision_of(worn), now)
        assert isinstance(draft, BrandDraft)
        assert isinstance(publish_draft(session, brand, None, draft.revision, now), Rollout)


def now_worn(scene: Scene) -> Reach:
    with transaction(scene.office.engine, scene.cafe.merchant_id) as session:
        return reach(session, brands.worn_now(session, brands.brand_of_merchant(session)))


def downloaded(scene: Scene, card_id: UUID) -> bytes:
    """The card's pass as it is now."""
    with transaction(scene.office.engine, scene.cafe.merchant_id) as session:
        issue, office = session.get_one(Pass, scene.passes[card_id]), scene.office
        sealed = seal_for(session, office.keys, issue, office.settings.public_url, office.clock.real())
        return b"".join(sealed.parts)


def background(phone: Phone) -> str:
    (held,) = phone.look().passes.values()
    return str(held.opened.content["backgroundColor"])


def test_a_design_is_pushed_to_the_phones_that_hold_a_card(
    scene: Scene, carry: Callable[[], None], service: PushService
) -> None:
    cards = [scene.card(1), scene.card(2, 3), scene.card()]
    redesign(scene)
    carry()
    assert sorted(service.accepted()) == [token_of(1), token_of(2), token_of(3)]
    for card_id in cards:
        row = scene.publication(card_id)
        assert (row.wanted_version, row.tagged_version, row.pushed_version, row.push_at) == (2, 2, 2, None)
    assert now_worn(scene) == Reach(phones=3, have=0, cards=3, told=3, over=True)


def test_the_relay_keeps_to_the_pace_of_its_settings(scene: Scene, office: Office) -> None:
    for number in range(4):
        scene.card(number)
    redesign(scene)
    relay = Relay(Office(replace(office.settings, campaign_rate=1)), lambda _pass_type: None)
    for _ in range(3):
        relay.turn()
    assert now_worn(scene).told == 1


def test_a_stamp_is_pushed_before_a_design_that_waits_longer(scene: Scene, relay: Relay) -> None:
    stamped, other = scene.card(1), scene.card(2)
    redesign(scene)
    relay.turn()
    scene.stamp(stamped)
    assert (scene.publication(stamped).priority, scene.publication(other).priority) == (0, CAMPAIGN)
    relay.turn()
    assert scene.publication(stamped).tagged_version == 3


def test_a_rollout_that_stumbles_keeps_no_stamp_from_being_numbered(scene: Scene, relay: Relay) -> None:
    redesign(scene)
    card_id = scene.card(1)
    scene.stamp(card_id)
    with transaction(scene.office.engine) as session:
        session.execute(update(Rollout).values(told=2**31 - 1))
    for _ in range(2):
        with pytest.raises(DataError):
            relay.turn()
    assert scene.publication(card_id).tagged_version == 2


def test_a_phone_ends_on_the_new_design(scene: Scene, phone: Phone, carry: Callable[[], None]) -> None:
    card_id = scene.card()
    phone.add(downloaded(scene, card_id))
    phone.work()
    assert background(phone) == OLD
    redesign(scene)
    carry()
    phone.work()
    assert background(phone) == NEW
    assert now_worn(scene) == Reach(phones=1, have=1, cards=1, told=1, over=True)


@pytest.mark.parametrize(("fetched_before", "shown"), [(False, NEW), (True, OLD)])
def test_a_phone_that_comes_by_itself_before_it_is_told_counts_by_what_it_shows_and_ends_on_the_new_design(
    scene: Scene, phone: Phone, carry: Callable[[], None], fetched_before: bool, shown: str
) -> None:
    """One that fetched before says what it holds and is answered 304: its card has no other version yet."""
    opened = phone.add(downloaded(scene, scene.card()))
    phone.work()
    if fetched_before:
        phone.refresh(opened.serial)
        phone.work()
    redesign(scene)
    phone.refresh(opened.serial)
    phone.work()
    assert (background(phone), now_worn(scene).have) == (shown, shown == NEW)
    carry()
    phone.work()
    assert (background(phone), now_worn(scene).have) == (NEW, 1)


def test_a_pass_downloaded_before_a_design_and_added_after_it_ends_on_the_new_design(
    scene: Scene, phone: Phone, carry: Callable[[], None]
) -> None:
    card_id = scene.card()
    old = downloaded(scene, card_id)
    redesign(scene)
    carry()
    phone.add(old)
    phone.work()
    assert (background(phone), now_worn(scene).missing) == (OLD, 1)
    carry()
    phone.work()
    assert (background(phone), now_worn(scene).missing) == (NEW, 0)
