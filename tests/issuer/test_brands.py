"""Drafts that no customer sees, publishing that happens once, and the way back."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import InvalidRequestError, NoResultFound
from sqlalchemy.orm import Session

from issuer import brands
from issuer.brands import Pictures, pictures_of, revision_of
from issuer.design import Change, Design
from issuer.design_publishing import publish_draft
from issuer.issuing import Look, look_of
from issuer.refusals import Refusal
from issuer.schema import Brand, BrandDraft, BrandVersion, Event, Image, Rollout
from passes.face import Colours
from tests.issuer.counting import Till, refused
from tests.issuer.redesigning import DARK, FAINT, LIGHT, face, publish, redesign, save
from tests.passes.pictures import drawn, file_of

ANOTHER = file_of(drawn((90, 90)))
"""A stamp."""


def look(till: Till) -> Look:
    """What customers see."""
    with till.work() as session:
        return look_of(session, till.shop.program_id)


def version(till: Till) -> int:
    with till.work() as session:
        return brands.brand_of_merchant(session).current_version


def numbers(till: Till) -> list[int]:
    """Of all versions, newest first."""
    with till.work() as session:
        return [row.number for row in brands.versions(session, brands.brand_of_merchant(session))]


def draft(till: Till) -> BrandDraft | None:
    with till.work() as session:
        return brands.draft_of(session, brands.brand_of_merchant(session))


def revision(till: Till) -> int:
    """What a window that is opened now shows."""
    with till.work() as session:
        return revision_of(brands.in_work(session, brands.brand_of_merchant(session)))


def changes(till: Till) -> list[Change]:
    """What publishing would change."""
    with till.work() as session:
        brand = brands.brand_of_merchant(session)
        return brands.changes(brands.worn_now(session, brand), brands.in_work(session, brand))


def discard(till: Till) -> None:
    with till.work() as session:
        brands.discard_draft(session, brands.brand_of_merchant(session))


def bring_back(till: Till, number: int) -> BrandDraft | None:
    with till.work() as session:
        return brands.bring_back(session, brands.brand_of_merchant(session), number, till.now)


def test_before_the_first_draft_the_designer_begins_with_what_customers_see(till: Till) -> None:
    with till.work() as session:
        brand = brands.brand_of_merchant(session)
        assert brands.draft_of(session, brand) is None
        assert brands.in_work(session, brand) is brands.worn_now(session, brand)
    assert changes(till) == []


def test_nothing_of_a_draft_reaches_a_card(till: Till) -> None:
    card_id, before = till.join(), look(till)
    shown = face(till, card_id)
    save(till, DARK, stamp=ANOTHER)
    assert face(till, card_id) == shown
    assert look(till) == before
    assert (version(till), till.view(card_id).version, till.publication(card_id).due_at) == (1, 1, None)


def test_a_draft_is_what_the_designer_shows_from_then_on(till: Till) -> None:
    save(till, DARK)
    kept = draft(till)
    assert kept is not None
    assert Design.read(kept.design).colours == DARK
    assert kept.updated_at == till.now


def test_publishing_makes_the_draft_what_customers_see(till: Till) -> None:
    card_id, before = till.join(), look(till)
    redesign(till, DARK, stamp=ANOTHER)
    assert look(till) == replace(before, design=replace(before.design, colours=DARK), stamp=ANOTHER)
    assert face(till, card_id).colours == DARK
    assert draft(till) is None
    assert changes(till) == []


def test_publishing_leaves_the_version_before_as_it_was(till: Till) -> None:
    with till.work() as session:
        before = brands.worn_now(session, brands.brand_of_merchant(session))
    redesign(till, DARK)
    with till.work() as session:
        brand = brands.brand_of_merchant(session)
        first = brands.version_of(session, brand, 1)
        assert first is not None
        assert (first.design, pictures_of(first)) == (before.design, pictures_of(before))
        assert (first.created_at, first.published_by) == (before.created_at, None)


def test_what_is_published_says_when_and_is_an_event(till: Till) -> None:
    redesign(till.later(5), DARK)
    with till.work() as session:
        made = brands.worn_now(session, brands.brand_of_merchant(session))
        event = session.scalars(select(Event).where(Event.kind == "design_published")).one()
    assert (made.number, made.created_at, made.published_by) == (2, till.later(5).now, None)
    assert (event.data, event.at) == ({"version": 2, "user_id": None}, till.later(5).now)


def test_without_a_draft_there_is_nothing_to_publish(till: Till) -> None:
    assert refused(publish(till, revision(till))) == "nothing_to_publish"
    assert numbers(till) == [1]


def test_a_draft_that_looks_as_before_is_not_published(till: Till) -> None:
    save(till, DARK)
    save(till, look_colours(till))
    assert refused(publish(till, revision(till))) == "nothing_to_publish"
    assert numbers(till) == [1]


def look_colours(till: Till) -> Colours:
    return look(till).design.colours


def test_a_design_too_faint_to_read_is_not_published_and_the_draft_is_kept(till: Till) -> None:
    save(till, FAINT)
    shown = revision(till)
    assert refused(publish(till, shown)) == "too_faint"
    kept = draft(till)
    assert kept is not None
    assert (revision(till), Design.read(kept.design).colours) == (shown, FAINT)
    assert (numbers(till), look_colours(till) == FAINT) == ([1], False)


def test_once_repaired_it_is_published(till: Till) -> None:
    save(till, FAINT)
    kept = draft(till)
    assert kept is not None
    better = Design.read(kept.design).with_repaired_colours().colours
    save(till, better)
    assert isinstance(publish(till, revision(till)), Rollout)
    assert look_colours(till) == better


def test_a_window_that_shows_an_older_draft_overwrites_nothing(till: Till) -> None:
    stale = revision(till)
    save(till, DARK)
    assert refused(save(till, LIGHT, revision=stale)) == "draft_changed_elsewhere"
    kept = draft(till)
    assert kept is not None
    assert Design.read(kept.design).colours == DARK


def test_a_window_that_shows_an_older_draft_publishes_nothing(till: Till) -> None:
    save(till, DARK)
    stale = revision(till)
    save(till, LIGHT)
    assert refused(publish(till, stale)) == "draft_changed_elsewhere"
    assert (numbers(till), changes(till)[0].after) == ([1], LIGHT.background)


def test_a_window_from_before_a_publication_does_not_turn_it_back(till: Till) -> None:
    """Its form holds the old look in every field that it did not touch."""
    stale = revision(till)
    redesign(till, DARK)
    assert refused(save(till, LIGHT, revision=stale)) == "draft_changed_elsewhere"
    assert draft(till) is None


def test_a_window_from_before_a_discarded_draft_does_not_take_the_next_one_for_its_own(till: Till) -> None:
    save(till, DARK)
    stale = revision(till)
    discard(till)
    save(till, LIGHT)
    assert refused(save(till, DARK, revision=stale)) == "draft_changed_elsewhere"
    assert refused(publish(till, stale)) == "draft_changed_elsewhere"


def test_no_two_states_of_a_brand_look_alike_to_a_window(till: Till) -> None:
    """Browsers keep pictures by this number, too."""
    seen = [revision(till)]
    for colours in (DARK, LIGHT, DARK):
        save(till, colours)
        seen.append(revision(till))
        save(till, colours, stamp=ANOTHER)
        seen.append(revision(till))
        publish(till, revision(till))
        seen.append(revision(till))
    assert len(set(seen)) == len(seen)


def test_one_window_may_save_again_and_again(till: Till) -> None:
    shown = revision(till)
    for colours in (DARK, LIGHT, DARK):
        kept = save(till, colours, revision=shown)
        assert isinstance(kept, BrandDraft)
        shown = revision_of(kept)


def test_a_discarded_draft_is_gone_and_customers_see_what_they_saw(till: Till) -> None:
    before = look(till)
    save(till, DARK)
    discard(till)
    assert (draft(till), look(till), version(till)) == (None, before, 1)
    discard(till)


def test_an_old_version_comes_back_as_a_draft_and_nothing_more(till: Till) -> None:
    before = look(till)
    redesign(till, DARK, stamp=ANOTHER)
    assert bring_back(till, 1) is not None
    assert (look_colours(till), numbers(till)) == (DARK, [2, 1])
    assert {change.what for change in changes(till)} == {"background", "foreground", "label", "stamp"}
    publish(till, revision(till))
    assert (look(till), version(till), numbers(till)) == (before, 3, [3, 2, 1])


def test_bringing_a_version_back_takes_the_place_of_the_draft_that_was(till: Till) -> None:
    redesign(till, DARK)
    save(till, LIGHT)
    stale = revision(till)
    bring_back(till, 1)
    assert refused(save(till, LIGHT, revision=stale)) == "draft_changed_elsewhere"
    publish(till, revision(till))
    with till.work() as session:
        brand = brands.brand_of_merchant(session)
        first, third = brands.version_of(session, brand, 1), brands.version_of(session, brand, 3)
        assert first is not None
        assert third is not None
        assert brands.changes(first, third) == []


def test_bringing_back_what_customers_see_leaves_nothing_to_publish(till: Till) -> None:
    redesign(till, DARK)
    bring_back(till, 2)
    assert refused(publish(till, revision(till))) == "nothing_to_publish"


@pytest.mark.parametrize("number", [0, -1, 2, 2**31, 2**70])
def test_a_version_that_never_was_does_not_come_back(till: Till, number: int) -> None:
    save(till, DARK)
    shown = revision(till)
    assert bring_back(till, number) is None
    assert revision(till) == shown


def test_a_brand_of_another_merchant_is_out_of_reach(till: Till, other_till: Till) -> None:
    redesign(other_till, DARK)
    with other_till.work() as session:
        theirs = brands.brand_of_merchant(session)
        own = brands.worn_now(session, theirs)
    with till.work() as session:
        assert session.get(Brand, theirs.id) is None
        assert brands.version_of(session, theirs, 1) is None
        assert brands.draft_of(session, theirs) is None
        with pytest.raises(NoResultFound):
            brands.worn_by(session, other_till.shop.program_id)
    for deed in (_save_theirs, _publish_theirs, _bring_theirs_back, _discard_theirs):
        with pytest.raises(InvalidRequestError), till.work() as session:
            deed(session, theirs, own, till)
    assert (numbers(other_till), numbers(till), look(other_till).design.colours) == ([2, 1], [1], DARK)


def _save_theirs(session: Session, theirs: Brand, worn: BrandVersion, till: Till) -> object:
    return brands.save_draft(session, theirs, Design.read(worn.design), pictures_of(worn), revision_of(worn), till.now)


def _publish_theirs(session: Session, theirs: Brand, worn: BrandVersion, till: Till) -> object:
    return publish_draft(session, theirs, None, revision_of(worn), till.now)


def _bring_theirs_back(session: Session, theirs: Brand, _worn: BrandVersion, till: Till) -> object:
    return brands.bring_back(session, theirs, 1, till.now)


def _discard_theirs(session: Session, theirs: Brand, _worn: BrandVersion, _till: Till) -> None:
    brands.discard_draft(session, theirs)


def test_each_picture_that_changed_is_a_difference_and_the_same_one_again_is_none(till: Till) -> None:
    with till.work() as session:
        brand = brands.brand_of_merchant(session)
        worn = brands.worn_now(session, brand)
        design, own = Design.read(worn.design), pictures_of(worn)
        same = brands.store_image(session, brand.merchant_id, look_of(session, till.shop.program_id).logo, till.now)
        other = brands.store_image(session, brand.merchant_id, b"another", till.now)
        assert same == own.logo
        for what in ("logo", "icon", "stamp"):
            shown = revision_of(brands.in_work(session, brand))
            saved = brands.save_draft(session, brand, design, replace(own, **{what: other}), shown, till.now)
            assert isinstance(saved, BrandDraft)
            assert brands.changes(worn, saved) == [Change(what)]
        shown = revision_of(brands.in_work(session, brand))
        brands.save_draft(session, brand, design, Pictures(other, other, other), shown, till.now)
    assert [change.what for change in changes(till)] == ["logo", "icon", "stamp"]


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each came to; all of them begin at one moment."""
    barrier = Barrier(len(deeds))

    def begin(deed: Callable[[], Any]) -> Any:
        barrier.wait(20)
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [future.result(30) for future in [pool.submit(begin, deed) for deed in deeds]]


def told(outcomes: list[Any]) -> Counter[str]:
    return Counter(outcome.code if isinstance(outcome, Refusal) else "done" for outcome in outcomes)


def test_of_windows_that_save_at_once_one_wins_and_the_others_are_told(till: Till) -> None:
    for _ in range(5):
        shown, saves = revision(till), [DARK, LIGHT, FAINT, Colours("#000000", "#ffffff", "#ffffff")]
        outcomes = at_once(*(partial(save, till, colours, revision=shown) for colours in saves))
        assert told(outcomes) == {"done": 1, "draft_changed_elsewhere": 3}
        won = next(colours for colours, outcome in zip(saves, outcomes, strict=True) if isinstance(outcome, BrandDraft))
        kept = draft(till)
        assert kept is not None
        assert Design.read(kept.design).colours == won
        discard(till)


def test_of_windows_that_publish_at_once_one_wins_and_no_number_is_left_out_or_given_twice(till: Till) -> None:
    for turn, colours in enumerate((DARK, LIGHT, DARK, LIGHT), 2):
        save(till, colours)
        outcomes = at_once(*[partial(publish, till, revision(till))] * 6)
        assert told(outcomes) == {"done": 1, "nothing_to_publish": 5}
        assert numbers(till) == list(range(turn, 0, -1))


def test_windows_that_publish_and_save_at_once_lose_nothing(till: Till) -> None:
    for _ in range(5):
        save(till, LIGHT if look_colours(till) == DARK else DARK)
        shown = revision(till)
        published, saved = at_once(partial(publish, till, shown), partial(save, till, FAINT, revision=shown))
        assert told([published, saved]) == {"done": 1, "draft_changed_elsewhere": 1}
        if isinstance(saved, BrandDraft):
            discard(till)


def test_windows_that_bring_the_same_picture_at_once_store_it_once(till: Till) -> None:
    def store() -> UUID:
        with till.work() as session:
            return brands.store_image(session, till.shop.merchant_id, b"the same", till.now)

    assert len(set(at_once(*[store] * 6))) == 1
    with till.work() as session:
        assert session.scalar(select(func.count()).select_from(Image).where(Image.png == b"the same")) == 1


def test_publishing_that_is_rolled_back_leaves_version_draft_and_cards_alone(till: Till) -> None:
    save(till, DARK)
    shown = revision(till)
    with suppress(ZeroDivisionError), till.work() as session:
        publish_draft(session, brands.brand_of_merchant(session), None, shown, till.now)
        raise ZeroDivisionError
    assert (numbers(till), revision(till)) == ([1], shown)
    with till.work() as session:
        rollouts = select(func.count()).select_from(Rollout).where(Rollout.merchant_id == till.shop.merchant_id)
        assert session.scalar(rollouts) == 0
