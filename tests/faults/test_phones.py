"""What a phone comes to show, and how soon: late registrations, two phones, dead tokens, a storm of changes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from statistics import median
from time import monotonic

import pytest

from cli.plan import PASS_TYPE
from cli.processes import wait_until
from sandbox.apns import Answer
from sandbox.phone import Phone
from tests.faults.shop import LONG, Card, Shop, shows


def test_a_stamp_is_on_the_phone_within_seconds(shop: Shop, record_property: Callable[[str, object], None]) -> None:
    """Measured and recorded; the bound only says that something is broken."""
    cards = [shop.card() for _ in range(10)]
    phone = shop.phone(*cards)
    took = [_seconds_to_phone(shop, phone, card) for card in cards]
    figures = {"median": median(took), "slowest": max(took), "n": len(took)}
    for name, value in figures.items():
        record_property(f"stamp_to_phone_{name}", value)
    print(f"stamp to phone: {figures}")
    assert max(took) < 5


def _seconds_to_phone(shop: Shop, phone: Phone, card: Card) -> float:
    shop.stamp(card)
    committed = datetime.now(UTC)
    assert shows(phone, card, "1 / 10")
    arrived = datetime.fromisoformat(phone.look().passes[PASS_TYPE, card.serial].updated_at)
    return (arrived - committed).total_seconds()


def test_a_pass_that_was_stamped_between_download_and_registration_is_brought_up_to_date(shop: Shop) -> None:
    card = shop.card()
    early = shop.download(card)
    shop.stamp(card, 4)
    assert shop.at_rest(card)
    phone = shop.phone()
    phone.add(early)
    assert shows(phone, card, "4 / 10")


def test_a_pass_that_has_not_changed_since_its_download_asks_for_no_push(shop: Shop) -> None:
    card, other = shop.card(), shop.card()
    shop.stamp(card)
    shop.stamp(other)
    assert shop.at_rest(card)
    quiet, late = shop.phone(card), shop.phone()
    early = shop.download(other)
    shop.stamp(other)
    assert shop.at_rest(other)
    late.add(early)
    assert shows(late, other, "2 / 10")
    assert shop.apple.pushes(quiet) == []


def test_every_phone_that_holds_a_card_is_told_of_a_change(shop: Shop) -> None:
    card = shop.card()
    one, other = shop.phone(card), shop.phone(card)
    shop.stamp(card)
    assert shows(one, card, "1 / 10")
    assert shows(other, card, "1 / 10")
    assert wait_until(lambda: [wallet["fetched_version"] for wallet in shop.wallets(card)] == [2, 2], LONG)


def test_a_phone_that_threw_the_pass_away_is_not_woken_and_the_other_one_is(shop: Shop) -> None:
    card = shop.card()
    gone, kept = shop.phone(card), shop.phone(card)
    gone.remove(card.serial)
    assert wait_until(lambda: len(shop.wallets(card)) == 1, LONG)
    shop.stamp(card)
    assert shows(kept, card, "1 / 10")
    assert shop.apple.pushes(gone) == []


def test_a_phone_that_apple_calls_gone_is_forgotten_and_the_other_one_is_told(shop: Shop) -> None:
    card = shop.card()
    gone, kept = shop.phone(card), shop.phone(card)
    shop.apple.apns.script(gone.push_token, [Answer(410)])
    shop.stamp(card)
    assert shows(kept, card, "1 / 10")
    assert wait_until(lambda: len(shop.wallets(card)) == 1, LONG)
    shop.stamp(card)
    assert shows(kept, card, "2 / 10")
    assert len(shop.apple.pushes(gone)) == 1


def test_a_phone_that_apple_called_gone_and_that_registers_again_is_told_again(shop: Shop) -> None:
    card = shop.card()
    phone = shop.phone(card)
    shop.apple.apns.script(phone.push_token, [Answer(410)])
    shop.stamp(card)
    assert wait_until(lambda: shop.wallets(card) == [], LONG)
    phone.add(shop.download(card))
    assert wait_until(lambda: len(shop.wallets(card)) == 1, LONG)
    shop.stamp(card)
    assert shows(phone, card, "2 / 10")


def test_a_phone_that_registered_after_apple_called_it_gone_is_kept_and_told_in_the_end(shop: Shop) -> None:
    card = shop.card()
    phone = shop.phone(card)
    before = int((datetime.now(UTC) - timedelta(hours=1)).timestamp() * 1000)
    shop.apple.apns.script(phone.push_token, [Answer(410, "Unregistered", before)])
    shop.stamp(card)
    assert shows(phone, card, "1 / 10")
    assert [push.status for push in shop.apple.pushes(phone)] == [410, 200]


@pytest.mark.parametrize("answers", [[Answer(429)], [Answer(503)], [Answer(goaway=True)]])
def test_a_push_that_apple_does_not_take_is_made_again(shop: Shop, answers: list[Answer]) -> None:
    card = shop.card()
    phone = shop.phone(card)
    shop.apple.apns.script(phone.push_token, answers)
    shop.stamp(card)
    assert shows(phone, card, "1 / 10")


def test_a_hundred_changes_at_once_are_a_few_pushes_and_the_last_one_is_shown(
    shop: Shop, record_property: Callable[[str, object], None]
) -> None:
    card = shop.card()
    phone = shop.phone(card)
    begin = monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _number: shop.stamp(card), range(103)))
    took = monotonic() - begin
    version = shop.told("GET", f"/cards/{card.id}")["version"]
    assert version == 104
    assert wait_until(lambda: shop.wallets(card)[0]["fetched_version"] == version, LONG)
    assert shows(phone, card, "3 / 10")
    pushes = len(shop.apple.pushes(phone))
    record_property("pushes_for_103_changes", pushes)
    print(f"103 changes in {took:.1f} s: {pushes} pushes")
    assert pushes <= 2 + took / 0.5
