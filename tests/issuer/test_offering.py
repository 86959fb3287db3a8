"""Offers drafted, published, paused, resumed and ended; and what is said to those that cannot be."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from issuer import offering
from issuer.database import set_merchant
from issuer.editing import Author, Gone, Objection
from issuer.offering import Through
from issuer.offers.offer import Offer
from issuer.schema import Event, Merchant, OfferVersion, Sweep
from issuer.schema import Offer as Row
from tests.issuer.counting import Till
from tests.issuer.overlapping import overlapping

CONTENT = {"de": {"card": "Kaffee"}, "en": {"card": "Coffee"}}
QUIET = {"kind": "quiet", "days": 30}
Verb = Callable[[Session, UUID, Through], Row | Objection]
VERBS: dict[str, Verb] = {
    "publish": offering.publish_offer,
    "pause": offering.pause,
    "resume": offering.resume,
    "end": offering.end,
}


def offer(**more: Any) -> Offer:
    return Offer.model_validate({"name": "Hello", "trigger": QUIET, "content": CONTENT} | more)


def author(till: Till) -> Through:
    return Through(till.shop.merchant_id, till.now)


def drafted(till: Till, **more: Any) -> UUID:
    with till.work() as session:
        made = offering.create(session, till.shop.merchant_id, offer(**more), till.now)
        assert isinstance(made, Row), made
        return made.id


def done(till: Till, verb: str, offer_id: UUID) -> Row:
    with till.work() as session:
        row = VERBS[verb](session, offer_id, author(till))
        assert isinstance(row, Row), row
        return row


def refused(till: Till, verb: str, offer_id: UUID) -> Objection:
    with till.work() as session:
        objection = VERBS[verb](session, offer_id, author(till))
        assert isinstance(objection, Objection)
        return objection


def live(till: Till, **more: Any) -> UUID:
    return done(till, "publish", drafted(till, **more)).id


def row_of(till: Till, offer_id: UUID) -> Row:
    with till.work() as session:
        return session.get_one(Row, offer_id)


def versions(till: Till, offer_id: UUID) -> list[int]:
    with till.work() as session:
        wanted = select(OfferVersion.number).where(OfferVersion.offer_id == offer_id)
        return list(session.scalars(wanted.order_by(OfferVersion.number)))


def told(till: Till) -> Iterator[tuple[str, Any]]:
    with till.work() as session:
        for event in session.scalars(select(Event).order_by(Event.number)):
            if event.kind.startswith("offer_"):
                yield event.kind, event.data


def has_offers(till: Till) -> bool:
    with till.work() as session:
        return session.get_one(Merchant, till.shop.merchant_id).has_offers


def swept(till: Till, offer_id: UUID) -> bool:
    with till.work() as session:
        row = session.get(Sweep, offer_id)
        return row is not None and row.began_at == till.now


def test_a_draft_runs_nowhere(till: Till) -> None:
    offer_id = drafted(till)
    row = row_of(till, offer_id)
    assert (row.state, row.version, row.live_at, has_offers(till)) == ("draft", 0, None, False)
    with till.work() as session:
        assert offering.live_offers(session) == []


def test_what_is_published_is_a_version_and_runs(till: Till) -> None:
    offer_id = live(till)
    row = row_of(till, offer_id)
    assert (row.state, row.version, row.draft, row.live_at) == ("live", 1, None, till.now)
    assert has_offers(till)
    assert swept(till, offer_id)
    with till.work() as session:
        (running,) = offering.live_offers(session)
    assert (running.id, running.version, running.live_at, running.offer) == (offer_id, 1, till.now, offer())


def test_publishing_twice_is_harmless(till: Till) -> None:
    offer_id = live(till)
    done(till.later(60), "publish", offer_id)
    assert versions(till, offer_id) == [1]
    assert not swept(till.later(60), offer_id)
    assert [kind for kind, _ in told(till)] == ["offer_published"]


def test_a_live_offer_is_edited_beside_what_runs(till: Till) -> None:
    offer_id, other = live(till), offer(name="Other words")
    with till.work() as session:
        offering.save(session, offer_id, other, row_of(till, offer_id).revision, author(till))
        assert offering.live_offers(session)[0].offer == offer()
        view = offering.offer_view(session, offer_id)
        assert view is not None
        assert (view.newest, view.valid) == (other, offer())
    after = done(till.later(60), "publish", offer_id)
    assert (after.version, after.draft, after.live_at) == (2, None, till.now)
    assert swept(till.later(60), offer_id)
    with till.work() as session:
        assert offering.live_offers(session)[0].offer == other


def test_a_draft_that_says_what_the_version_says_is_none(till: Till) -> None:
    offer_id = live(till)
    with till.work() as session:
        offering.save(session, offer_id, offer(), row_of(till, offer_id).revision, author(till))
    assert row_of(till, offer_id).draft is None


def test_what_was_saved_in_another_window_is_not_overwritten(till: Till) -> None:
    offer_id = drafted(till)
    before = row_of(till, offer_id).revision
    with till.work() as session:
        offering.save(session, offer_id, offer(name="First"), before, author(till))
    with till.work() as session:
        objection = offering.save(session, offer_id, offer(name="Second"), before, author(till))
        assert isinstance(objection, Objection)
        assert objection.about == "revision"
        late = offering.publish_offer(session, offer_id, author(till), before)
        assert isinstance(late, Objection)
    assert (row_of(till, offer_id).draft or {})["name"] == "First"


def test_of_two_windows_that_save_at_one_moment_one_is_told(till: Till) -> None:
    offer_id = drafted(till)
    before, at_once = row_of(till, offer_id).revision, Barrier(2)

    def save(name: str) -> type:
        with till.work() as session:
            at_once.wait(30)
            return type(offering.save(session, offer_id, offer(name=name), before, author(till)))

    with ThreadPoolExecutor(2) as windows:
        assert set(windows.map(save, ("One", "Two"))) == {Row, Objection}


def test_a_paused_offer_does_not_run_until_it_is_resumed(till: Till) -> None:
    offer_id = live(till)
    later = till.later(60)
    assert done(later, "pause", offer_id).state == "paused"
    assert swept(later, offer_id)
    assert not has_offers(till)
    latest = till.later(120)
    row = done(latest, "resume", offer_id)
    assert (row.state, row.version, row.live_at) == ("live", 1, till.now)
    assert swept(latest, offer_id)
    assert has_offers(till)


def test_resuming_leaves_the_draft_a_draft_and_publishing_takes_it(till: Till) -> None:
    offer_id = live(till)
    done(till, "pause", offer_id)
    with till.work() as session:
        offering.save(session, offer_id, offer(name="Other"), row_of(till, offer_id).revision, author(till))
    assert done(till, "resume", offer_id).version == 1
    done(till, "pause", offer_id)
    row = done(till, "publish", offer_id)
    assert (row.state, row.version, row.draft) == ("live", 2, None)


def test_a_draft_that_is_resumed_is_published(till: Till) -> None:
    assert done(till, "resume", drafted(till)).version == 1


@pytest.mark.parametrize("verb", ["publish", "pause", "resume"])
def test_what_has_ended_stays_so(till: Till, verb: str) -> None:
    offer_id = live(till)
    assert done(till, "end", offer_id).ended_at == till.now
    assert refused(till, verb, offer_id).about == "state"
    assert done(till.later(5), "end", offer_id).ended_at == till.now
    assert not has_offers(till)


def test_what_has_ended_is_not_written_anew(till: Till) -> None:
    offer_id = live(till)
    revision = done(till, "end", offer_id).revision
    with till.work() as session:
        assert isinstance(offering.save(session, offer_id, offer(name="New"), revision, author(till)), Objection)
        assert isinstance(offering.change(session, offer_id, offer(name="New"), author(till)), Objection)
    assert row_of(till, offer_id).draft is None


def test_a_draft_cannot_be_paused_and_can_be_ended(till: Till) -> None:
    offer_id = drafted(till)
    assert refused(till, "pause", offer_id).about == "state"
    assert done(till, "end", offer_id).state == "ended"


def test_pausing_and_resuming_twice_is_harmless(till: Till) -> None:
    offer_id = live(till)
    for verb in ("pause", "pause", "resume", "resume"):
        done(till, verb, offer_id)
    assert [kind for kind, _ in told(till)] == ["offer_published", "offer_paused", "offer_resumed"]


def test_only_a_draft_that_never_ran_is_discarded(till: Till) -> None:
    ran, never = live(till), drafted(till)
    with till.work() as session:
        assert isinstance(offering.discard(session, ran, author(till)), Objection)
        assert offering.discard(session, never, author(till)) is None
    with till.work() as session:
        assert [view.row.id for view in offering.listed(session)] == [ran]


def test_one_of_two_offers_that_runs_is_enough_to_look_at_cards(till: Till) -> None:
    first, second = live(till), live(till)
    done(till, "end", first)
    assert has_offers(till)
    done(till, "pause", second)
    assert not has_offers(till)


def test_an_offer_that_begins_while_the_last_one_ends_is_not_overlooked(till: Till) -> None:
    ending, beginning, at_once = live(till), drafted(till), Barrier(2)

    def go(step: tuple[str, UUID]) -> None:
        with till.work() as session:
            at_once.wait(30)
            VERBS[step[0]](session, step[1], author(till))

    with ThreadPoolExecutor(2) as windows:
        list(windows.map(go, (("end", ending), ("publish", beginning))))
    assert has_offers(till)


def test_a_change_is_at_once_where_it_ran_and_else_a_draft(till: Till) -> None:
    never, runs, rests = drafted(till), live(till), live(till)
    done(till, "pause", rests)
    later, other = till.later(60), offer(name="Other")
    with till.work() as session:
        rows = [offering.change(session, one, other, author(later)) for one in (never, runs, rests)]
        again = offering.change(session, runs, other, author(later))
    found = [(row.state, row.version) for row in (*rows, again) if isinstance(row, Row)]
    assert found == [("draft", 0), ("live", 2), ("paused", 2), ("live", 2)]
    assert [swept(later, one) for one in (never, runs, rests)] == [False, True, False]


@pytest.mark.parametrize("state", ["live", "paused"])
def test_a_change_leaves_what_somebody_writes_beside_it(till: Till, state: str) -> None:
    offer_id, written, changed = live(till), offer(name="Written for an hour"), offer(name="Changed")
    if state == "paused":
        done(till, "pause", offer_id)
    with till.work() as session:
        offering.save(session, offer_id, written, row_of(till, offer_id).revision, author(till))
    before = row_of(till, offer_id)
    with till.work() as session:
        same = offering.change(session, offer_id, offer(), author(till))
        assert isinstance(same, Row)
        assert (same.version, same.revision) == (1, before.revision)
    with till.work() as session:
        after = offering.change(session, offer_id, changed, author(till))
        assert isinstance(after, Row)
        assert (after.version, after.state, after.revision) == (2, state, before.revision + 1)
        view = offering.offer_view(session, offer_id)
        assert view is not None
        assert (view.published, view.draft) == (changed, written)


def test_a_draft_that_says_what_was_changed_is_none(till: Till) -> None:
    offer_id, written = live(till), offer(name="Written for an hour")
    with till.work() as session:
        offering.save(session, offer_id, written, row_of(till, offer_id).revision, author(till))
        offering.change(session, offer_id, written, author(till))
    row = row_of(till, offer_id)
    assert (row.version, row.draft) == (2, None)


def test_every_step_is_told_with_whoever_took_it(till: Till) -> None:
    user, key = uuid4(), uuid4()
    offer_id = drafted(till)
    with till.work() as session:
        offering.publish_offer(session, offer_id, Author(user, till.shop.merchant_id, till.now))
        offering.pause(session, offer_id, Through(till.shop.merchant_id, till.now, key))
    (first, published), (second, paused) = told(till)
    assert (first, published["user_id"], published["version"]) == ("offer_published", str(user), 1)
    assert (second, paused["key_id"], paused["offer_id"]) == ("offer_paused", str(key), str(offer_id))
    with till.work() as session:
        assert session.get_one(OfferVersion, (offer_id, 1)).published_by == user


@pytest.mark.parametrize("verb", VERBS)
def test_another_merchants_offer_is_gone(till: Till, other_till: Till, verb: str) -> None:
    theirs = drafted(other_till)
    with till.work() as session, pytest.raises(Gone):
        VERBS[verb](session, theirs, author(till))
    with till.work() as session:
        assert offering.offer_view(session, theirs) is None
        assert offering.listed(session) == []


def test_offers_are_listed_from_the_newest_in_pages(till: Till) -> None:
    made = [drafted(till.later(number)) for number in range(3)]
    with till.work() as session:
        first = offering.listed(session, limit=2)
        place = first[-1].row.created_at, first[-1].row.id
        rest = offering.listed(session, limit=2, after=place)
    assert [view.row.id for view in (*first, *rest)] == made[::-1]


def test_so_many_offers_run_and_no_more(till: Till) -> None:
    first, another = live(till), drafted(till)
    common = {"merchant_id": till.shop.merchant_id, "revision": 1, "created_at": till.now, "changed_at": till.now}
    with till.work() as session:
        session.add_all(Row(id=uuid4(), state="live", **common) for _ in range(offering.MOST_LIVE - 1))
    assert refused(till, "publish", another).values == {"most": offering.MOST_LIVE}
    done(till, "end", first)
    done(till, "publish", another)


def test_what_is_over_by_its_last_day_takes_nobodys_place(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offering, "MOST_LIVE", 1)
    last = (till.now + timedelta(days=7)).date()
    live(till, window={"last": str(last)})
    another = drafted(till)
    assert refused(till, "publish", another).values == {"most": 1}
    done(replace(till, now=till.now + timedelta(days=10)), "publish", another)


@pytest.mark.parametrize("verb", ["publish", "resume"])
def test_of_two_that_go_live_at_once_only_one_takes_the_last_place(
    till: Till, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, another = drafted(till), drafted(till)
    monkeypatch.setattr(offering, "MOST_LIVE", 1)

    def go(session: Session, offer_id: UUID) -> Row | Objection:
        set_merchant(session, till.shop.merchant_id)
        return VERBS[verb](session, offer_id, author(till))

    first, second = overlapping(till.engine, lambda session: go(session, one), lambda session: go(session, another))
    assert isinstance(first, Row)
    assert isinstance(second, Objection)
    assert (second.about, row_of(till, another).state) == ("state", "draft")


def test_a_change_of_the_last_day_takes_a_place_like_any_other(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offering, "MOST_LIVE", 1)
    over = live(till, window={"last": str((till.now + timedelta(days=7)).date())})
    later = replace(till, now=till.now + timedelta(days=10))
    live(later)
    with later.work() as session:
        longer = offering.change(session, over, offer(), author(later))
        assert isinstance(longer, Objection)
        assert longer.values == {"most": 1}


def test_what_has_run_keeps_its_trigger(till: Till) -> None:
    never, runs, other = drafted(till), live(till), offer(trigger={"kind": "birthday"})
    with till.work() as session:
        refusal = offering.change(session, runs, other, author(till))
        assert isinstance(offering.change(session, never, other, author(till)), Row)
    assert isinstance(refusal, Objection)
    assert refusal.about == "trigger.kind"
