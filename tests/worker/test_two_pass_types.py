"""Cards of two pass types on one phone: each is pushed with the certificate of its own."""

from datetime import timedelta

import pytest

from issuer import certificates
from issuer.certificates import Offer
from issuer.database import transaction
from sandbox.authority import Authority
from tests.conftest import PASS_TYPE
from tests.own_type import OWN_TYPE, own_certificate
from tests.worker.scene import PushService, Scene
from worker.apple_push import push_waiting
from worker.lines import Lines
from worker.office import Office


@pytest.fixture
def moved(scene: Scene, office: Office, authority: Authority) -> None:
    """A card from before the merchant's own certificate and one from after it, both changed."""
    before = scene.card(1)
    with transaction(office.engine) as session:
        offer = Offer(own_certificate(authority), None, scene.cafe.merchant_id)
        certificates.take(session, office.keys, offer, office.clock.now() + timedelta(seconds=1))
    for card_id in (before, scene.card(1)):
        scene.stamp(card_id)
        scene.number()
        scene.due(card_id)


def test_each_card_is_pushed_under_the_pass_type_it_was_issued_with(
    moved: None, office: Office, lines: Lines, service: PushService
) -> None:
    assert [push_waiting(office, lines, pass_type) for pass_type in (PASS_TYPE, OWN_TYPE)] == [1, 1]
    assert [(push.topic, push.status) for push in service.pushes()] == [(PASS_TYPE, 200), (OWN_TYPE, 200)]
