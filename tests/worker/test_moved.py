"""A card that moved to another phone: the old phone is woken once more, and never again."""

from issuer.cards import locked_card
from issuer.database import transaction
from issuer.ledger import Actor
from issuer.moving import move
from issuer.schema import Card
from issuer.visits import Visit
from tests.conftest import PASS_TYPE
from tests.worker.scene import PushService, Scene, token_of
from worker.apple_push import push_waiting
from worker.lines import Lines
from worker.office import Office


def test_the_old_phone_is_woken_to_see_that_its_card_ended_and_never_again(
    scene: Scene, office: Office, lines: Lines, service: PushService
) -> None:
    card_id = scene.card(1)
    with transaction(office.engine, scene.cafe.merchant_id) as session:
        card = locked_card(session, card_id)
        assert card is not None
        assert isinstance(move(session, office.keys, card, Visit(Actor("api"), office.clock.now())), Card)
    for _ in range(3):
        scene.number()
        scene.due(card_id)
        push_waiting(office, lines, PASS_TYPE)
        scene.stamp(card_id)
    assert service.accepted() == [token_of(1)]
    assert scene.pushed_versions(card_id) == {token_of(1): 2}
    assert scene.publication(card_id).wanted_version == 2
