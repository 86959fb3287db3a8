"""Phones register, ask with a tag, and never miss a change."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from cli.processes import wait_until
from issuer.database import set_merchant
from issuer.registrations import (
    MOST_PHONES,
    TooManyPhones,
    authenticated_pass,
    held_version,
    last_modified,
    pass_token,
    register,
    unregister,
)
from issuer.schema import Device, Event, Pass, Registration
from signing.tokens import WrongToken
from tests.issuer.counting import Till
from tests.issuer.overlapping import overlapping
from tests.issuer.phones import PASS_TYPE, Phone, download, number, serial, the_pass


def _events(till: Till, kind: str) -> int:
    with till.work() as session:
        return session.scalar(select(func.count()).where(Event.kind == kind)) or 0


def test_a_first_registration_is_new_and_a_second_is_not(till: Till) -> None:
    card_id, phone = till.join(), Phone(till)
    download(till, card_id)
    assert phone.register(card_id) is True
    assert phone.register(card_id) is False
    assert _events(till, "wallet_added") == 1


def test_a_phone_that_holds_the_newest_version_is_left_in_peace(own_till: Till) -> None:
    card_id = own_till.join()
    download(own_till, card_id)
    Phone(own_till).register(card_id)
    assert number(own_till) == 0


def test_a_card_stamped_between_download_and_registration_is_asked_for_again(own_till: Till) -> None:
    card_id, phone = own_till.join(), Phone(own_till)
    download(own_till, card_id)
    own_till.stamped(card_id)
    assert number(own_till) == 1  # nobody to push to yet
    phone.register(card_id)
    assert number(own_till) == 1
    assert phone.ask().serials == (serial(own_till, card_id),)


def test_a_pass_that_came_some_other_way_is_asked_for_again(own_till: Till) -> None:
    card_id = own_till.join()
    Phone(own_till).register(card_id)
    assert own_till.publication(card_id).due_at == own_till.now


def test_the_oldest_download_counts_when_a_pass_was_downloaded_twice(own_till: Till) -> None:
    card_id = own_till.join()
    download(own_till, card_id)
    own_till.stamped(card_id)
    number(own_till)
    download(own_till, card_id)
    Phone(own_till).register(card_id)
    assert number(own_till) == 1


def test_a_phone_that_comes_back_with_a_new_token_is_reached_under_it(till: Till) -> None:
    card_id, phone = till.join(), Phone(till)
    phone.register(card_id, "aa" * 32)
    phone.register(card_id, "bb" * 32)
    with till.work() as session:
        devices = session.scalars(select(Device).where(Device.library_id == phone.name)).all()
    assert [device.push_token for device in devices] == ["bb" * 32]


def test_a_pass_is_on_no_more_phones_than_a_family_has(till: Till) -> None:
    card_id = till.join()
    family = [Phone(till) for _ in range(MOST_PHONES)]
    for phone in family:
        phone.register(card_id)
    with pytest.raises(TooManyPhones):
        Phone(till).register(card_id)
    assert family[0].register(card_id) is False


def test_of_two_phones_that_come_for_the_last_place_at_once_one_gets_it(own_till: Till) -> None:
    card_id = own_till.join()
    for _ in range(MOST_PHONES - 1):
        Phone(own_till).register(card_id)

    def come(name: str) -> Callable[[Session], bool]:
        def register_it(session: Session) -> bool:
            set_merchant(session, own_till.shop.merchant_id)
            return register(session, the_pass(session, card_id), name, "aa" * 32, own_till.now)

        return register_it

    with pytest.raises(TooManyPhones):
        overlapping(own_till.engine, come("the first"), come("the second"))
    with own_till.work() as session:
        assert session.scalar(select(func.count()).select_from(Registration)) == MOST_PHONES


def test_a_phone_that_unregistered_is_forgotten_with_its_last_card(till: Till) -> None:
    first, second, phone = till.join(), till.join(), Phone(till)
    phone.register(first)
    phone.register(second)
    phone.unregister(first)
    assert phone.ask().serials == (serial(till, second),)
    phone.unregister(second)
    with till.work() as session:
        assert session.scalar(select(func.count()).where(Device.library_id == phone.name)) == 0


def test_a_phone_that_asks_while_it_unregisters_is_told_nothing_and_not_failed(own_till: Till) -> None:
    card_id, phone = own_till.join(), Phone(own_till)
    phone.register(card_id)
    with ThreadPoolExecutor(1) as pool:
        with own_till.work() as session:
            unregister(session, the_pass(session, card_id), phone.name, own_till.now)
            asked = pool.submit(phone.ask)
            assert wait_until(lambda: _waits(own_till), 10)
        assert asked.result(timeout=10).serials == ()


def _waits(till: Till) -> bool:
    """Whether somebody waits for a lock."""
    with till.work() as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_unregistering_twice_is_fine(till: Till) -> None:
    card_id, phone = till.join(), Phone(till)
    phone.register(card_id)
    phone.unregister(card_id)
    phone.unregister(card_id)
    assert _events(till, "wallet_removed") == 1


def test_without_a_tag_a_phone_hears_of_everything_it_registered(own_till: Till) -> None:
    cards, phone = [own_till.join() for _ in range(3)], Phone(own_till)
    for card_id in cards:
        download(own_till, card_id)
        phone.register(card_id)
    assert set(phone.ask().serials) == {serial(own_till, card_id) for card_id in cards}


def test_with_its_tag_a_phone_hears_only_of_what_was_numbered_since(own_till: Till) -> None:
    cards, phone = [own_till.join() for _ in range(3)], Phone(own_till)
    for card_id in cards:
        phone.register(card_id)
    number(own_till)
    phone.ask()
    assert phone.ask().serials == ()
    own_till.later(9).stamped(cards[1])
    assert phone.ask().serials == ()
    number(own_till, own_till.later(9).now)
    assert phone.ask().serials == (serial(own_till, cards[1]),)


def test_a_tag_never_goes_back(own_till: Till) -> None:
    card_id, phone = own_till.join(), Phone(own_till)
    phone.register(card_id)
    number(own_till)
    first = phone.ask().tag
    assert phone.ask().tag == first
    own_till.later(9).stamped(card_id)
    number(own_till, own_till.later(9).now)
    assert phone.ask().tag > first


def test_an_old_tag_tells_the_change_again(own_till: Till) -> None:
    card_id, phone = own_till.join(), Phone(own_till)
    phone.register(card_id)
    number(own_till)
    old = phone.ask().tag
    own_till.later(9).stamped(card_id)
    number(own_till, own_till.later(9).now)
    assert phone.ask().serials
    phone.tag = old
    assert phone.ask().serials


def test_a_tag_of_a_new_card_is_nought_and_its_first_change_is_told(own_till: Till) -> None:
    card_id, phone = own_till.join(), Phone(own_till)
    download(own_till, card_id)
    phone.register(card_id)
    assert phone.ask().tag == 0
    own_till.stamped(card_id)
    number(own_till)
    assert phone.ask().serials == (serial(own_till, card_id),)


def test_a_phone_hears_nothing_of_other_phones_cards(own_till: Till) -> None:
    mine, yours = Phone(own_till), Phone(own_till)
    mine.register(own_till.join())
    card_id = own_till.join()
    yours.register(card_id)
    number(own_till)
    assert serial(own_till, card_id) not in mine.ask().serials
    assert Phone(own_till).ask().serials == ()


def test_asking_is_written_down_for_the_version_that_was_told(own_till: Till) -> None:
    card_id, phone = own_till.join(), Phone(own_till)
    phone.register(card_id)
    own_till.stamped(card_id)
    number(own_till)
    phone.ask()
    assert (phone.row(card_id).listed_version, phone.row(card_id).listed_at) == (2, own_till.now)


def test_a_pass_proves_itself_by_its_own_token_only(till: Till) -> None:
    mine, yours = till.join(), till.join()
    with till.work() as session:
        issue = the_pass(session, mine)
        token, foreign = pass_token(issue, till.keys), pass_token(the_pass(session, yours), till.keys)
        assert authenticated_pass(session, till.keys, PASS_TYPE, issue.serial, token).id == issue.id
        for pass_type, number_, wrong in [
            (PASS_TYPE, issue.serial, foreign),
            (PASS_TYPE, issue.serial, ""),
            (PASS_TYPE, issue.serial, token[:-1]),
            (PASS_TYPE, "0" * 32, token),
            ("pass.example.other", issue.serial, token),
        ]:
            with pytest.raises(WrongToken):
                authenticated_pass(session, till.keys, pass_type, number_, wrong)


def test_a_version_is_an_http_date_and_back() -> None:
    issue = Pass(created_at=datetime(2026, 11, 22, 10, 0, 0, 987654, tzinfo=UTC))
    for version in (1, 2, 86399):
        assert held_version(issue, last_modified(issue, version)) == version
    assert last_modified(issue, 1) < issue.created_at - timedelta(hours=23)


@pytest.mark.parametrize("since", [None, datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 11, 21, 10, tzinfo=UTC)])
def test_a_date_that_names_no_version_is_no_version(since: datetime | None) -> None:
    issue = Pass(created_at=datetime(2026, 11, 22, 10, tzinfo=UTC))
    assert held_version(issue, since) is None
