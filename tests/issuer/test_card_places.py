"""Which ten of more shops stand on a card: chosen for it, and chosen anew only when something changed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from issuer import shops
from issuer.card_places import choose
from issuer.editing import Author
from issuer.offers.facts import Around, Facts, Shop, Visited
from issuer.offers.offer import Offer
from issuer.schema import Card, CardPlaces, Location
from issuer.shops import ShopFields
from tests.issuer.bearing import ALL_DAY, NEAR, bear, live, offer, opened
from tests.issuer.counting import Till
from tests.issuer.promoting import Stage
from tests.issuer.redesigning import face, finish

Line = Sequence[UUID]


def _row(till: Till, number: int = 14) -> list[UUID]:
    """Shops along a meridian, a degree between two of them."""
    return opened(till, *((at, 0) for at in range(number)))


def _facts(till: Till, card_id: UUID, shops: Line, *visited: UUID) -> Facts:
    """Of a card that went there, in this order."""
    around = {one: Shop(one, "", "Europe/Berlin", at, 0) for at, one in enumerate(shops)}
    visits = [Visited(till.now + timedelta(hours=at), str(at), one) for at, one in enumerate(visited)]
    return Facts(card_id, uuid4(), till.shop.program_id, "de", Around("Europe/Berlin", around), visits=tuple(visits))


def _choose(till: Till, facts: Facts, *offers: Offer) -> bool:
    with till.work() as session:
        card = session.get_one(Card, facts.card_id)
        return choose(session, card, facts, offers or (offer(trigger=NEAR),), till.now)


def _chosen(till: Till, card_id: UUID) -> list[UUID] | None:
    with till.work() as session:
        row = session.get(CardPlaces, card_id)
        return list(row.location_ids) if row else None


def _latitudes(till: Till, card_id: UUID) -> list[float]:
    return [place.latitude for place in face(till, card_id).extras.places]


def test_of_more_than_ten_those_around_the_shop_that_is_visited_stand_on_the_pass(till: Till) -> None:
    card_id, shops = till.join(), _row(till)
    bear(till, card_id, live(till, offer("Tea", NEAR)))
    assert _choose(till, _facts(till, card_id, shops, shops[13]))
    assert _latitudes(till, card_id) == list(range(4, 14))
    chosen = _chosen(till, card_id)
    assert chosen is not None
    assert (chosen[0], set(chosen)) == (shops[13], set(shops[4:]))


def test_whoever_goes_to_two_shops_has_both_and_the_others_by_the_one_visited_more(till: Till) -> None:
    card_id, shops = till.join(), _row(till)
    assert _choose(till, _facts(till, card_id, shops, shops[0], shops[13], shops[0]))
    assert _chosen(till, card_id) == [shops[0], shops[13], *shops[1:9]]


def test_of_shops_visited_as_often_the_one_visited_last_counts_as_where_the_card_is_used(till: Till) -> None:
    card_id, shops = till.join(), _row(till)
    assert _choose(till, _facts(till, card_id, shops, shops[0], shops[13]))
    assert set(_chosen(till, card_id) or ()) == {shops[0], *shops[5:14]}


def test_a_choice_that_comes_out_the_same_changes_nothing(till: Till) -> None:
    card_id, shops = till.join(), _row(till)
    facts = _facts(till, card_id, shops, shops[13])
    assert [_choose(till, facts), _choose(till.later(60), facts)] == [True, False]
    with till.work() as session:
        assert session.get_one(CardPlaces, card_id).chosen_at == till.now


def test_a_visit_elsewhere_chooses_anew(till: Till) -> None:
    card_id, shops = till.join(), _row(till)
    _choose(till, _facts(till, card_id, shops, shops[13]))
    assert _choose(till, _facts(till, card_id, shops, shops[13], shops[0], shops[0]))
    assert (_chosen(till, card_id) or [None])[0] == shops[0]


def test_a_card_that_was_never_used_has_ten_too(till: Till) -> None:
    card_id, shops = till.join(), _row(till)
    assert _choose(till, _facts(till, card_id, shops))
    assert _chosen(till, card_id) == sorted(shops)[:10]


def test_a_visit_to_a_shop_without_coordinates_says_nothing_of_where_the_card_is_used(till: Till) -> None:
    card_id, shops = till.join(), _row(till)
    (unplaced,) = opened(till, None)
    facts = _facts(till, card_id, shops, unplaced, uuid4())
    around = {**facts.around.shops, unplaced: Shop(unplaced, "", "Europe/Berlin")}
    nowhere = Facts(card_id, uuid4(), uuid4(), "de", Around("Europe/Berlin", around), visits=facts.visits)
    assert _choose(till, nowhere)
    assert _chosen(till, card_id) == sorted(shops)[:10]


@pytest.mark.parametrize(("number", "trigger"), [
    (10, NEAR), (14, ALL_DAY), (14, None),
], ids=["ten shops", "an offer of the day", "an offer at ten of them"])  # fmt: skip
def test_nothing_is_chosen_where_all_fit_or_no_offer_is_near_shops(till: Till, number: int, trigger: Any) -> None:
    card_id, shops = till.join(), _row(till, number)
    named = {**NEAR, "locations": [str(one) for one in shops[:10]]}
    assert not _choose(till, _facts(till, card_id, shops), offer(trigger=trigger or named))
    assert _chosen(till, card_id) is None


def test_only_shops_that_its_offers_name_are_chosen(till: Till) -> None:
    card_id, shops = till.join(), _row(till, 25)
    halves = [{**NEAR, "locations": [str(one) for one in half]} for half in (shops[:6], shops[6:12])]
    assert _choose(till, _facts(till, card_id, shops, shops[20]), *(offer(trigger=half) for half in halves))
    assert set(_chosen(till, card_id) or ()) == set(shops[2:12])


def test_a_choice_of_earlier_says_nothing_about_offers_at_fewer_shops(till: Till) -> None:
    card_id, shops = till.join(), _row(till)
    _choose(till, _facts(till, card_id, shops, shops[13]))
    bear(till, card_id, live(till, offer("Tea", {**NEAR, "locations": [str(one) for one in shops[:3]]})))
    assert _latitudes(till, card_id) == [0, 1, 2]


def test_nobody_chooses_for_a_card_of_another_merchant(till: Till, other_till: Till) -> None:
    card_id, shops = till.join(), _row(till)
    _choose(till, _facts(till, card_id, shops))
    assert _chosen(other_till, card_id) is None


def test_a_shop_that_moves_or_opens_is_chosen_by_cards_that_are_told_of_it(own_till: Till) -> None:
    stage, shops_before = Stage(own_till, own_till.now), _row(own_till)
    card_id, shop_id = own_till.join(), own_till.shop.location_id
    own_till.stamped(card_id)
    stage.live(trigger=NEAR)
    stage.look()
    assert _chosen(own_till, card_id) == sorted(shops_before)[:10]
    stage.now += timedelta(minutes=5)
    author = Author(own_till.shop.staff_id, stage.merchant_id, stage.now)
    with own_till.work() as session:
        assert shops.change_shop(session, author, shop_id, ShopFields("Markt", at="20, 0")) is None
    finish(stage.at())
    stage.look()
    assert _chosen(own_till, card_id) == [shop_id, *shops_before[:4:-1]]
    with own_till.work() as session:
        opened_now = shops.add_shop(session, author, ShopFields("Kiosk", at="20.1, 0"))
    finish(stage.at())
    stage.look()
    assert isinstance(opened_now, Location)
    assert _chosen(own_till, card_id) == [shop_id, opened_now.id, *shops_before[:5:-1]]
