"""All cards are looked at when an offer begins, changes or ends: page by page, and those that join meanwhile."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from issuer import customers, governing, offer_birthdays, offering, sweeps
from issuer.customers import Profile, Told
from issuer.database import set_merchant, transaction
from issuer.keys import Keys
from issuer.offering import Through
from issuer.offers.policy import Policy
from issuer.schema import Agenda, Card, Sweep
from issuer.sweeps import LATE
from tests.issuer.counting import Till
from tests.issuer.overlapping import overlapping
from tests.issuer.promoting import Stage, sweep, unnoted

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
EVENING = {"kind": "time", "hours": {"start": "18:00", "end": "20:00"}}


@pytest.fixture
def now() -> datetime:
    return AT


@pytest.fixture
def stage(own_till: Till) -> Stage:
    """Alone in its database: sweeps are looked for among all merchants."""
    return Stage(own_till, AT)


def noted(stage: Stage) -> set[UUID]:
    with stage.till.work() as session:
        return set(session.scalars(select(Agenda.card_id).where(Agenda.merchant_id == stage.merchant_id)))


def advance(stage: Stage, at: datetime = AT) -> bool:
    with transaction(stage.till.engine) as session:
        return sweeps.advance(session, at)


def save_policy(stage: Stage, policy: Policy) -> None:
    with stage.till.work() as session:
        governing.save_policy(session, Through(stage.merchant_id, stage.now), policy)


def sweep_row(stage: Stage, offer_id: UUID) -> Sweep:
    with stage.till.work() as session:
        return session.get_one(Sweep, offer_id)


def test_going_live_notes_every_card_of_the_merchant_and_of_nobody_else(
    stage: Stage, other_cafe: object, keys: Keys
) -> None:
    cards = {stage.till.join() for _ in range(5)}
    stage.live()
    assert noted(stage) == set()
    sweep(stage.till.engine, AT)
    assert noted(stage) == cards
    with stage.till.work() as session:
        assert set(session.scalars(select(Agenda.due_at))) == {AT}
        assert set(session.scalars(select(Agenda.merchant_id))) == {stage.merchant_id}


def test_it_goes_page_by_page_and_every_card_is_noted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "PAGE", 3)
    cards = {stage.till.join() for _ in range(8)}
    stage.live()
    sizes = []
    while advance(stage):
        sizes.append(len(noted(stage)))
    assert sizes == [3, 6, 8]
    assert noted(stage) == cards


def test_a_card_that_joins_meanwhile_is_noted_too(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "PAGE", 3)
    cards = {stage.till.join() for _ in range(4)}
    stage.live()
    advance(stage)
    cards.add(stage.till.later(1).join())
    while advance(stage):
        pass
    assert noted(stage) == cards


def test_a_card_that_was_on_its_way_when_the_sweep_came_by_is_found_a_minute_later(stage: Stage) -> None:
    """It saw no offer, and the sweep did not see it."""
    seen = stage.till.later(-3600).join()
    late = stage.till.later(-1).join()
    stage.till.later(1).join()
    stage.live()
    sweep(stage.till.engine, AT)
    stage.look()
    assert noted(stage) == set()
    assert not advance(stage, AT + LATE - SECOND)
    assert advance(stage, AT + LATE)
    assert late in noted(stage)
    assert seen not in noted(stage)
    assert not advance(stage, AT + 2 * LATE)


def test_what_is_due_earlier_anyway_stays_so(stage: Stage) -> None:
    card_id = stage.till.join()
    with stage.till.work() as session:
        session.add(Agenda(card_id=card_id, merchant_id=stage.merchant_id, due_at=AT - DAY))
    stage.live()
    sweep(stage.till.engine, AT)
    assert stage.due_at(card_id) == AT - DAY


@pytest.mark.parametrize("verb", ["pause", "end"])
def test_pausing_and_ending_note_only_the_cards_that_show_it(stage: Stage, verb: str) -> None:
    german, english = stage.till.join(), stage.till.join()
    with stage.till.work() as session:
        session.execute(update(Card).where(Card.id == english).values(language="en"))
    offer_id = stage.live(audience={"languages": ["de"]})
    stage.look()
    unnoted(stage.till.engine, stage.merchant_id)
    stage.become(offer_id, verb)
    sweep(stage.till.engine, AT)
    assert noted(stage) == {german}


def test_a_change_notes_all_cards_anew(stage: Stage) -> None:
    cards = {stage.till.join() for _ in range(3)}
    offer_id = stage.live(audience={"languages": ["en"]})
    stage.look()
    assert noted(stage) == set()
    stage.rewrite(offer_id)
    sweep(stage.till.engine, AT)
    assert noted(stage) == cards


def test_a_sweep_that_begins_anew_begins_at_the_first_card(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "PAGE", 2)
    cards = {stage.till.join() for _ in range(4)}
    offer_id = stage.live()
    advance(stage)
    stage.rewrite(offer_id, name="Other")
    assert sweep_row(stage, offer_id).after_card is None
    unnoted(stage.till.engine, stage.merchant_id)
    while advance(stage):
        pass
    assert noted(stage) == cards


def test_a_page_whose_worker_was_killed_is_noted_by_the_next(stage: Stage) -> None:
    cards = {stage.till.join() for _ in range(3)}
    stage.live()

    def killed() -> None:
        with transaction(stage.till.engine) as session:
            assert sweeps.advance(session, AT)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        killed()
    assert noted(stage) == set()
    sweep(stage.till.engine, AT)
    assert noted(stage) == cards


def test_of_two_workers_one_takes_a_sweep_and_the_other_finds_none(stage: Stage) -> None:
    stage.till.join()
    stage.live()
    one, other = overlapping(
        stage.till.engine, lambda session: sweeps.advance(session, AT), lambda session: sweeps.advance(session, AT)
    )
    assert (one, other) == (True, False)


def test_nothing_to_sweep_is_one_look_at_an_index(stage: Stage) -> None:
    stage.till.join()
    with transaction(stage.till.engine) as session:
        assert not sweeps.any_waits(session, AT)
        assert not sweeps.advance(session, AT)
    stage.live()
    with transaction(stage.till.engine) as session:
        assert sweeps.any_waits(session, AT)
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.scalars(text("EXPLAIN SELECT 1 FROM sweep WHERE due_at <= now() LIMIT 1")).all()
    assert any("sweep_due" in line for line in plan)


def test_an_offer_without_cards_is_swept_and_done(stage: Stage) -> None:
    offer_id = stage.live()
    sweep(stage.till.engine, AT)
    sweep(stage.till.engine, AT + LATE)
    assert sweep_row(stage, offer_id).due_at is None


@pytest.mark.parametrize("verb", ["pause", "end"])
@pytest.mark.parametrize("which", [0, 1])
def test_new_rules_reach_every_card_though_an_offer_stops_before_the_sweep_is_through(
    stage: Stage, verb: str, which: int
) -> None:
    """Of two offers it is no matter which."""
    save_policy(stage, Policy(silent_a_day=0))
    card_id = stage.till.join()
    offers = [stage.live(), stage.live()]
    stage.look()
    stage.look(AT + LATE)
    assert stage.said(card_id) == [("held", "silent_budget")] * 2
    stage.now += SECOND
    save_policy(stage, Policy())
    stage.become(offers[which], verb)
    stage.look()
    assert stage.shown(card_id) == [offers[1 - which]]


def test_new_rules_and_a_pause_at_once_lose_nothing(stage: Stage) -> None:
    save_policy(stage, Policy(silent_a_day=0))
    card_id = stage.till.join()
    paused, other = stage.live(), stage.live()
    stage.look()
    stage.look(AT + LATE)
    who = Through(stage.merchant_id, stage.now)

    def rule(session: Session) -> None:
        set_merchant(session, stage.merchant_id)
        governing.save_policy(session, who, Policy())

    def pause(session: Session) -> None:
        set_merchant(session, stage.merchant_id)
        offering.pause(session, paused, who)

    overlapping(stage.till.engine, rule, pause)
    stage.look()
    assert stage.shown(card_id) == [other]


def test_where_no_offer_runs_any_more_new_rules_have_no_card_looked_at(stage: Stage) -> None:
    stage.till.join()
    offer_id = stage.live(trigger=EVENING)
    stage.look()
    stage.look(AT + LATE)
    unnoted(stage.till.engine, stage.merchant_id)
    save_policy(stage, Policy())
    stage.become(offer_id, "pause")
    sweep(stage.till.engine, stage.now)
    assert noted(stage) == set()
    sweep(stage.till.engine, stage.now + LATE)
    with transaction(stage.till.engine) as session:
        assert not sweeps.any_waits(session, stage.now + DAY)


BIRTHDAY = {"kind": "birthday", "days_before": 2, "days_after": 3}
BORN = date(1990, 6, 10)


def born(stage: Stage, day: date | None) -> UUID:
    return stage.till.join(Profile(birthday=day))


def note_birthdays(stage: Stage, at: datetime) -> int:
    with transaction(stage.till.engine) as session:
        return offer_birthdays.note_birthdays(session, stage.till.keys, stage.merchant_id, at)


@pytest.mark.parametrize(
    ("day", "found"), [(7, 0), (8, 1), (10, 1), (13, 1), (14, 0)], ids=["before", "first", "day", "last", "after"]
)
def test_cards_are_noted_whose_birthday_lies_around(stage: Stage, day: int, found: int) -> None:
    card_id = born(stage, BORN)
    born(stage, None)
    born(stage, BORN.replace(month=12))
    stage.live(trigger=BIRTHDAY)
    at = datetime(2026, 6, day, 12, tzinfo=UTC)
    assert note_birthdays(stage, at) == found
    assert noted(stage) == {card_id} & noted(stage)


def test_the_day_is_that_of_the_shops_clock(stage: Stage) -> None:
    born(stage, BORN)
    stage.live(trigger={"kind": "birthday", "days_before": 0, "days_after": 0})
    assert note_birthdays(stage, datetime(2026, 6, 9, 21, 59, tzinfo=UTC)) == 0
    assert note_birthdays(stage, datetime(2026, 6, 9, 22, tzinfo=UTC)) == 1
    assert note_birthdays(stage, datetime(2026, 6, 10, 21, 59, tzinfo=UTC)) == 1
    assert note_birthdays(stage, datetime(2026, 6, 10, 22, tzinfo=UTC)) == 0


@pytest.mark.parametrize(("year", "day"), [(2027, 28), (2028, 29)])
def test_29_february_is_the_28th_in_other_years(stage: Stage, year: int, day: int) -> None:
    born(stage, date(1992, 2, 29))
    stage.live(trigger={"kind": "birthday", "days_before": 0, "days_after": 0})
    found = {n: note_birthdays(stage, datetime(year, 2, n, 12, tzinfo=UTC)) for n in (27, 28)}
    assert found == {27: 0, 28: int(day == 28)}
    assert note_birthdays(stage, datetime(year, 3, 1, 12, tzinfo=UTC)) == 0
    if day == 29:
        assert note_birthdays(stage, datetime(year, 2, 29, 12, tzinfo=UTC)) == 1


def test_a_window_over_new_year_belongs_to_its_day(stage: Stage) -> None:
    card_id = born(stage, date(1990, 1, 1))
    offer_id = stage.live(trigger=BIRTHDAY)
    stage.look()
    assert note_birthdays(stage, datetime(2026, 12, 31, 12, tzinfo=UTC)) == 1
    stage.look(datetime(2026, 12, 31, 12, tzinfo=UTC))
    assert [(row.offer_id, row.turn) for row in stage.rows(card_id)] == [(offer_id, "2027")]
    assert note_birthdays(stage, datetime(2027, 1, 2, 12, tzinfo=UTC)) == 0


def test_a_birthday_that_is_told_within_its_days_is_celebrated(stage: Stage) -> None:
    card_id = born(stage, None)
    offer_id = stage.live(trigger=BIRTHDAY)
    stage.look()
    stage.now = datetime(2026, 6, 10, 12, tzinfo=UTC)
    with stage.till.work() as session:
        customer_id = session.get_one(Card, card_id).customer_id
        customers.remember(session, stage.till.keys, customer_id, Profile(birthday=BORN), Told("page"), stage.now)
    unnoted(stage.till.engine, stage.merchant_id)
    assert note_birthdays(stage, stage.now) == 1
    stage.look()
    assert stage.shown(card_id) == [offer_id]
    assert note_birthdays(stage, stage.now) == 0


Spoil = Callable[[Stage, UUID, UUID], None]
SPOILS: dict[str, Spoil] = {
    "blocked": lambda stage, card_id, _: stage.till.set_state(card_id, "blocked"),
    "paused": lambda stage, _, offer_id: stage.become(offer_id, "pause"),
    "ended": lambda stage, _, offer_id: stage.become(offer_id, "end"),
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_nobody_is_noted_who_would_be_shown_nothing(stage: Stage, spoil: str) -> None:
    card_id = born(stage, BORN)
    offer_id = stage.live(trigger=BIRTHDAY)
    SPOILS[spoil](stage, card_id, offer_id)
    assert note_birthdays(stage, datetime(2026, 6, 10, 12, tzinfo=UTC)) == 0


def test_without_an_offer_for_birthdays_nobody_is_looked_up(stage: Stage) -> None:
    born(stage, BORN)
    stage.live(trigger=EVENING)
    assert note_birthdays(stage, datetime(2026, 6, 10, 12, tzinfo=UTC)) == 0
