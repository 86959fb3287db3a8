"""A card goes to a new phone: it is the same card, known by other things; the old pass says that it is over."""

import pytest
from sqlalchemy import select

from issuer import merging, registrations
from issuer.audit import first_breach
from issuer.cards import find_key
from issuer.codes import code_row, find_code
from issuer.history import phone_counts, phones
from issuer.joining import source_of
from issuer.moving import retire
from issuer.schema import Card, CardCode, Event, Pass, Publication
from tests.issuer.counting import Till, lines, refused
from tests.issuer.phones import PASS_TYPE, Phone, download, number
from tests.issuer.returning import merged, move, moved, stands


def passes(till: Till, card_id: object) -> list[Pass]:
    """Oldest first."""
    with till.work() as session:
        return list(session.scalars(select(Pass).where(Pass.card_id == card_id).order_by(Pass.created_at)))


def publication(till: Till, issue: Pass) -> Publication:
    with till.work() as session:
        return session.get_one(Publication, (issue.id, "apple"))


def test_a_moved_card_is_known_by_nothing_that_it_was_known_by(till: Till) -> None:
    card_id = till.join()
    before = till.view(card_id)
    moved(till.later(1), card_id)
    after = till.view(card_id)
    for what in ("serial", "code", "short_code", "web_key"):
        assert getattr(before, what) != getattr(after, what), what
    old, new = passes(till, card_id)
    assert (old.serial, new.serial) == (before.serial, after.serial)
    assert (old.revoked_at, new.revoked_at) == (till.later(1).now, None)
    assert registrations.pass_token(old, till.keys) != registrations.pass_token(new, till.keys)


def test_a_moved_card_holds_what_it_held_and_goes_on(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 9)
    assert moved(till, card_id).state == "active"
    assert stands(till, card_id) == {"stamps": 9}
    assert lines(till.stamp(card_id))[-1] == ("reward", 1, "round")


def test_moving_books_nothing(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id, 3)
    before = till.lines(card_id)
    moved(till, card_id)
    assert till.lines(card_id) == before


def test_the_old_code_is_not_taken_and_leads_to_the_card(till: Till) -> None:
    card_id = till.join()
    old = till.view(card_id)
    moved(till, card_id)
    with till.work() as session:
        shop, key = till.shop.merchant_id, till.keys.codes
        for text in (old.code, old.short_code):
            assert find_code(session, shop, text, key) is None
            row = code_row(session, shop, text, key, revoked=True)
            assert row is not None
            where = merging.where_to(session, row)
            assert where is not None
            assert where.id == card_id
        assert find_code(session, shop, till.view(card_id).code, key) == card_id


def test_the_old_page_is_gone_and_the_new_one_there(till: Till) -> None:
    card_id = till.join()
    old = till.view(card_id).web_key
    moved(till, card_id)
    with till.work() as session:
        assert find_key(session, old) is None
        found = find_key(session, session.get_one(Card, card_id).web_key)
        assert found is not None
        assert found.card_id == card_id


def test_paper_goes_on_to_work(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        code = session.scalars(select(CardCode).where(CardCode.card_id == card_id)).one()
        code.batch_id = card_id
    moved(till, card_id)
    with till.work() as session:
        assert find_code(session, till.shop.merchant_id, code.code, till.keys.codes) == card_id
    assert till.view(card_id).code != code.code


def test_a_card_moves_as_often_as_its_customer_buys_phones(till: Till) -> None:
    card_id = till.join()
    for seconds in (1, 2, 3):
        moved(till.later(seconds), card_id)
    assert [one.revoked_at is None for one in passes(till, card_id)] == [False, False, False, True]
    assert till.view(card_id).serial == passes(till, card_id)[-1].serial


@pytest.mark.parametrize("state", ["blocked", "moved", "erased"])
def test_a_card_that_is_not_active_does_not_move(till: Till, state: str) -> None:
    card_id = till.join()
    till.set_state(card_id, state)
    assert refused(move(till, card_id)) == "card_blocked"
    assert [one.revoked_at for one in passes(till, card_id)] == [None]


def test_a_merged_card_does_not_move(till: Till) -> None:
    into, from_ = till.join(), till.join()
    merged(till, into, from_)
    assert refused(move(till, from_)) == "card_blocked"


def test_history_says_that_a_card_moved_and_still_whence_it_came(till: Till) -> None:
    card_id = till.join()
    moved(till, card_id)
    with till.work() as session:
        kinds = session.scalars(select(Event.kind).where(Event.card_id == card_id).order_by(Event.number)).all()
        assert source_of(session, card_id) == "api"
    assert kinds == ["joined", "moved"]


# What phones hear of it.


def test_the_old_phone_is_told_at_once_and_of_nothing_later(own_till: Till) -> None:
    till = own_till
    card_id = till.join()
    download(till, card_id)
    phone = Phone(till)
    phone.register(card_id)
    phone.ask()
    moved(till, card_id)
    assert number(till) == 2
    old, new = passes(till, card_id)
    assert phone.ask().serials == (old.serial,)
    till.later(9).stamped(card_id)
    number(till, till.later(9).now)
    assert phone.ask().serials == ()
    assert publication(till, old).wanted_version == 2
    assert publication(till, new).wanted_version == 3


def test_a_pass_that_ended_shows_the_version_that_says_so_for_good(till: Till) -> None:
    card_id = till.join()
    till.stamped(card_id)
    moved(till, card_id)
    till.stamped(card_id, 4)
    old, new = passes(till, card_id)
    with till.work() as session:
        card = session.get_one(Card, card_id)
        assert registrations.shown_version(session, old, card) == 3
        assert registrations.shown_version(session, new, card) == card.version == 4


def test_a_pass_ends_once(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        issue = session.scalars(select(Pass).where(Pass.card_id == card_id)).one()
        for seconds in (0, 9):
            retire(session, issue, till.later(seconds).now)
    (old,) = passes(till, card_id)
    assert (old.revoked_at, publication(till, old).wanted_version) == (till.now, 2)


def test_whoever_asks_how_far_phones_are_hears_of_the_live_pass_only(till: Till) -> None:
    card_id = till.join()
    download(till, card_id)
    Phone(till).register(card_id)
    moved(till, card_id)
    with till.work() as session:
        assert phones(session, session.get_one(Card, card_id)) == []
        assert phone_counts(session, [card_id]) == {}


def test_a_phone_that_gets_the_old_pass_from_a_backup_is_told_that_it_ended(till: Till) -> None:
    card_id = till.join()
    download(till, card_id)
    moved(till, card_id)
    number(till)
    old, _ = passes(till, card_id)
    with till.work() as session:
        issue = session.get_one(Pass, old.id)
        issue.pass_type = PASS_TYPE
        registrations.register(session, issue, "backup", "aa" * 32, till.now)
    assert publication(till, old).due_at == till.now


def test_publications_are_sound_after_moving_and_merging(own_till: Till) -> None:
    into, from_ = own_till.join(), own_till.join()
    own_till.stamped(from_, 3)
    moved(own_till, from_)
    own_till.stamped(from_, 3)
    merged(own_till, into, from_)
    own_till.stamped(into)
    with own_till.work() as session:
        assert first_breach(session) is None
    number(own_till, own_till.later(60).now)
    with own_till.work() as session:
        assert first_breach(session) is None
