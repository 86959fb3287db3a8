"""What the gate knows: the merchant's settings, what came to people over all their cards, when they came."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from issuer import events, governing, notices, wishing
from issuer.customers import Profile, Told
from issuer.editing import Author
from issuer.offers.governor import Person
from issuer.offers.governor import Told as Message
from issuer.offers.policy import Policy
from issuer.schema import Agenda, Card, Consent, Customer, Event, Merchant, OfferVersion, Showing, Sweep
from issuer.schema import Offer as Row
from tests.issuer.counting import Till
from tests.issuer.elapsing import NOON, at, local, statements, wish
from tests.issuer.gifting import COFFEE, STAMPS, celebrate
from tests.issuer.promoting import VOUCHER, Stage

DAY = timedelta(days=1)
BUSY = Policy(weekly=5, pause_hours=0, quiet_from=time(22, 30), quiet_until=time(7), sounds=True, lapsed_days=60)


@pytest.fixture
def now() -> datetime:
    return NOON


def person(till: Till, card_id: UUID) -> Person:
    with till.work() as session:
        card = session.get_one(Card, card_id)
        return governing.persons_of(session, [card], till.now)[card.customer_id]


def showing(till: Till, card_id: UUID, shown_at: datetime | None, **more: Any) -> None:
    """An offer that was shown on a card, or held back."""
    with till.work() as session:
        offer, card = an_offer(till), session.get_one(Card, card_id)
        session.add(offer)
        session.flush()
        session.add(OfferVersion(offer_id=offer.id, number=1, merchant_id=offer.merchant_id, content={},
                                 created_at=till.now))  # fmt: skip
        session.flush()
        state = "shown" if shown_at else "held"
        ids = {"offer_id": offer.id, "card_id": card_id, "customer_id": card.customer_id, "turn": "x", "version": 1}
        times = {"opens_at": till.now - 9 * DAY, "closes_at": till.now + DAY, "decided_at": till.now - 9 * DAY}
        session.add(Showing(merchant_id=offer.merchant_id, arm="a", state=state, shown_at=shown_at,
                            **ids, **times, **more))  # fmt: skip


def an_offer(till: Till, state: str = "live") -> Row:
    times = {"created_at": till.now, "changed_at": till.now, "live_at": till.now}
    return Row(id=uuid4(), merchant_id=till.shop.merchant_id, state=state, version=1, revision=1, **times)


def save(till: Till, policy: Policy = BUSY) -> None:
    with till.work() as session:
        governing.save_policy(session, Author(uuid4(), till.shop.merchant_id, till.now), policy)


def policy(till: Till) -> Policy:
    with till.work() as session:
        return governing.policy_of(session, till.shop.merchant_id)


def sounds(till: Till, card_id: UUID) -> bool:
    with till.work() as session:
        return governing.may_sound(session, session.get_one(Card, card_id), till.now)


# The settings.


def test_a_merchant_who_set_nothing_has_what_is_usual(till: Till) -> None:
    assert policy(till) == Policy()


def test_settings_are_kept_and_the_change_has_an_author(till: Till) -> None:
    save(till)
    assert policy(till) == BUSY
    with till.work() as session:
        kinds = select(Event.kind).where(Event.merchant_id == till.shop.merchant_id, Event.card_id.is_(None))
        assert "policy_changed" in session.scalars(kinds).all()


def test_new_settings_have_all_cards_looked_at_if_any_offer_runs(own_till: Till) -> None:
    def swept() -> int:
        with own_till.work() as session:
            return len(session.scalars(select(Sweep)).all())

    save(own_till)
    assert swept() == 0
    for state in ("live", "paused"):
        with own_till.work() as session:
            session.add(an_offer(own_till, state))
    save(own_till)
    assert swept() == 1


# People.


def test_whoever_said_nothing_wants_fewer_and_was_told_nothing(till: Till) -> None:
    assert person(till, till.join()) == Person("fewer")


def test_what_came_to_one_card_counts_for_all_cards_of_its_owner(till: Till) -> None:
    first, second, stranger = till.join(), till.join(), till.join()
    with till.work() as session:
        session.get_one(Card, second).customer_id = session.get_one(Card, first).customer_id
    showing(till, first, till.now - DAY, loud=True)
    showing(till, second, till.now - 2 * DAY, ambient=True)
    found = person(till, second)
    assert sorted(found.told, key=lambda one: one.at) == [
        Message(till.now - 2 * DAY, loud=False, ambient=True),
        Message(till.now - DAY, loud=True, ambient=False),
    ]
    assert person(till, first) == found
    assert person(till, stranger).told == ()


def test_what_came_a_week_ago_or_was_held_back_does_not_count(till: Till) -> None:
    card_id = till.join()
    showing(till, card_id, till.now - 7 * DAY)
    showing(till, card_id, None)
    assert person(till, card_id).told == ()


def test_what_lies_ahead_because_the_clock_was_set_back_counts(till: Till) -> None:
    card_id = till.join()
    showing(till, card_id, till.now + 3 * DAY)
    assert len(person(till, card_id).told) == 1


def test_what_a_program_says_by_itself_counts_as_a_message(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        notices.write(session, session.get_one(Card, card_id), "ends:stamps", "ends", {}, till.now)
    assert person(till, card_id).told == (Message(till.now, loud=False, ambient=False),)


def test_a_birthday_gift_counts_as_a_message_and_a_welcome_does_not(till: Till) -> None:
    till.set_rules(
        STAMPS,
        {"kind": "occasion", "key": "one", "occasion": "birthday", "grant": COFFEE},
        {"kind": "occasion", "key": "two", "occasion": "welcome", "grant": COFFEE},
    )
    card_id = till.join(Profile(birthday=till.now.date() + 3 * DAY))
    assert person(till, card_id).told == ()
    there = replace(till, now=till.now + 3 * DAY)
    assert celebrate(there) == 1
    assert person(there, card_id).told == (Message(there.now, loud=False, ambient=False),)


def test_a_stamp_a_redemption_and_a_check_in_are_visits(till: Till) -> None:
    card_id = till.join()
    assert person(till, card_id).last_visit is None
    till.stamped(card_id, 10)
    assert person(till, card_id).last_visit == till.now
    later = till.later(60)
    later.redeem(card_id)
    assert person(till, card_id).last_visit == later.now
    with till.work() as session:
        events.record(session, till.shop.merchant_id, events.VISITED, till.later(90).now, card_id)
    assert person(till, card_id).last_visit == till.later(90).now


def test_what_the_shop_gives_from_afar_is_no_visit(till: Till) -> None:
    till.set_rules(STAMPS | {"bonus": 2})
    assert person(till, till.join()).last_visit is None


def test_many_cards_take_no_more_queries_than_one(till: Till) -> None:
    ids = [till.join() for _ in range(5)]
    counts = []
    for some in (ids[:1], ids):
        with till.work() as session:
            cards = session.scalars(select(Card).where(Card.id.in_(some))).all()
            with statements(till) as said:
                assert len(governing.persons_of(session, cards, till.now)) == len(some)
            counts.append(len(said))
    assert counts[0] == counts[1]


# What the worker does with it.


def test_whoever_wants_none_from_now_on_has_no_offer_on_the_card_at_the_next_look(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live(unlocks=VOUCHER)
    stage.look()
    assert stage.shown(card_id) == [offer_id]
    choose(stage.till, card_id, "none")
    stage.look()
    assert (stage.shown(card_id), stage.said(card_id)) == ([], [("over", "unwanted")])
    assert stage.till.view(card_id).vouchers == ()


def test_whoever_wants_offers_again_has_it_again_and_in_silence(stage: Stage) -> None:
    card_id = stage.till.join()
    offer_id = stage.live()
    stage.look()
    for wanted in ("none", "all"):
        choose(stage.till, card_id, wanted)
        stage.look(stage.now + timedelta(minutes=1))
    assert stage.shown(card_id) == [offer_id]
    assert not stage.till.publication(card_id).loud


def test_a_message_in_the_night_comes_in_the_morning(stage: Stage) -> None:
    stage.now = local("2026-01-15 23:00")
    card_id = stage.at().join()
    offer_id = stage.live(trigger={"kind": "event", "name": "parcel"})
    with stage.till.work() as session:
        at = stage.now + timedelta(minutes=1)
        events.record(session, stage.merchant_id, events.HAPPENED, at, card_id, name="parcel")
    stage.look(at)
    assert (stage.said(card_id), stage.due_at(card_id)) == ([("held", "quiet_hours")], local("2026-01-16 08:00"))
    stage.look(local("2026-01-16 08:00"))
    assert stage.shown(card_id) == [offer_id]


def test_an_offer_sounds_only_where_offer_merchant_and_customer_all_want_it(stage: Stage) -> None:
    cards = {wanted: stage.till.join() for wanted in ("all", "fewer", "none")}
    for wanted, card_id in cards.items():
        wish(stage.till, card_id, wanted)
    save(stage.till, Policy(sounds=True))
    stage.live(sounds=True)
    stage.look()
    assert {wanted: stage.till.publication(card_id).loud for wanted, card_id in cards.items()} == {
        "all": True,
        "fewer": False,
        "none": True,  # nothing came: as it was made
    }
    assert stage.shown(cards["none"]) == []


# What programs do by themselves.


@pytest.mark.parametrize(
    ("wanted", "clock", "expected"),
    [("all", "12:00", True), ("fewer", "12:00", True), ("none", "12:00", False), ("all", "22:00", False),
     ("fewer", "07:59", False), ("fewer", "08:00", True)],
)  # fmt: skip
def test_a_program_sounds_for_who_wants_to_hear_anything_outside_of_quiet_hours(
    till: Till, wanted: str, clock: str, expected: bool
) -> None:
    card_id = till.join()
    wish(till, card_id, wanted)
    assert sounds(at(till, f"2026-03-04 {clock}"), card_id) is expected


def test_a_merchants_own_quiet_hours_and_clock_count(till: Till) -> None:
    card_id = till.join()
    save(till, Policy(quiet_from=time(12), quiet_until=time(14)))
    with till.work() as session:
        session.get_one(Merchant, till.shop.merchant_id).zone = "Asia/Tokyo"
    assert not sounds(at(till, "2026-03-04 04:30"), card_id)
    assert sounds(at(till, "2026-03-04 12:30"), card_id)


# Wishes.


def choose(till: Till, card_id: UUID, wanted: str) -> bool:
    with till.work() as session:
        return wishing.choose(session, card_id, wanted, Told("card", "de"), till.now)


def decisions(till: Till, card_id: UUID) -> list[tuple[bool, str, str | None]]:
    with till.work() as session:
        owner = session.get_one(Card, card_id).customer_id
        rows = session.scalars(select(Consent).where(Consent.customer_id == owner, Consent.purpose == "offers"))
        return [(row.given, row.source, row.wording) for row in rows.all()]


def noted(till: Till) -> set[UUID]:
    with till.work() as session:
        rows = select(Agenda.card_id).where(Agenda.merchant_id == till.shop.merchant_id, Agenda.due_at <= till.now)
        return set(session.scalars(rows).all())


def test_a_wish_is_kept_with_the_sentence_that_was_read(till: Till) -> None:
    card_id = till.join()
    assert choose(till, card_id, "all")
    with till.work() as session:
        assert session.get_one(Customer, session.get_one(Card, card_id).customer_id).wish == "all"
    ((given, source, wording),) = decisions(till, card_id)
    assert (given, source) == (True, "card")
    assert wording is not None
    assert "Handy" in wording


def test_whoever_wants_none_takes_the_consent_back(till: Till) -> None:
    card_id = till.join()
    choose(till, card_id, "all")
    choose(till.later(1), card_id, "none")
    assert sorted(given for given, _, _ in decisions(till, card_id)) == [False, True]


def test_the_same_wish_again_is_no_decision(till: Till) -> None:
    card_id = till.join()
    assert not choose(till, card_id, "fewer")
    assert decisions(till, card_id) == []


def test_where_offers_run_all_cards_of_the_person_are_looked_at_at_once(till: Till) -> None:
    first, second, stranger = till.join(), till.join(), till.join()
    with till.work() as session:
        session.get_one(Card, second).customer_id = session.get_one(Card, first).customer_id
        session.get_one(Merchant, till.shop.merchant_id).has_offers = True
    choose(till, first, "none")
    assert noted(till) == {first, second}
    assert stranger not in noted(till)


def test_where_none_runs_no_card_is_looked_at(till: Till) -> None:
    choose(till, till.join(), "none")
    assert noted(till) == set()
