"""The ideas that an offer may begin with: whole on the front of an iPhone, and as the manual tells them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from issuer.language import LANGUAGES
from issuer.offer_lines import KEY
from issuer.offers.bounds import FOREVER
from issuer.offers.shown import ShownOffer
from issuer.offers.triggers import NearlyTrigger
from issuer.presets import preset
from issuer.sample import NOBODY, sample_card, staged
from issuer.web.console.offer_ideas import IDEAS, idea
from passes.face import Face
from tests.issuer.telling_cards import SHOP, face

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
NEAR_SHOPS = {"morning"}
"""Phones say it near the shop instead."""


def front(key: str, language: str, trade: str, stage: str) -> Face:
    """A stamp card of this trade that shows the idea."""
    offer, plan = idea(key, language), preset(trade, "stamps")
    card = staged(SHOP, plan, stage, language)
    if isinstance(offer.trigger, NearlyTrigger) and plan.rules.grid:
        card = sample_card(SHOP, plan, {plan.rules.grid.unit: plan.rules.grid.stamps_needed - 1}, language)
    return face(replace(card, offers=(ShownOffer(NOBODY, 1, "", "a", offer, NOON, FOREVER, NOON),)))


def on_the_front(shown: Face) -> list[str]:
    return [str(line.value) for line in (*shown.secondary, *shown.auxiliary) if line.key == KEY]


@pytest.mark.parametrize("stage", ["half", "full"])
@pytest.mark.parametrize("trade", ["cafe", "bakery", "ice_cream"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", [key for key in IDEAS if key not in NEAR_SHOPS])
def test_the_front_of_a_stamp_card_has_room_for_every_word_of_an_idea(
    key: str, language: str, trade: str, stage: str
) -> None:
    text = idea(key, language).content.in_(language).card
    assert on_the_front(front(key, language, trade, stage)) == [text]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", sorted(NEAR_SHOPS))
def test_what_phones_say_near_the_shop_is_not_on_the_front(key: str, language: str) -> None:
    assert on_the_front(front(key, language, "cafe", "half")) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("trade", ["hair_salon", "retail"])
def test_where_a_price_has_no_room_no_other_price_is_left_of_it(trade: str, language: str) -> None:
    text = idea("heat", language).content.in_(language).card
    assert on_the_front(front("heat", language, trade, "half")) == [text]


def test_who_stays_away_is_not_rewarded_again_for_a_quarter_of_a_year() -> None:
    assert idea("comeback", "de").limits.rest_days == 90
