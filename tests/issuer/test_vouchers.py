"""Vouchers: personal, single or multi use, from-to, burned by the ledger; codes that cannot be guessed."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from issuer import due, vouchers
from issuer.rules.vouchers import Worth
from issuer.vouchers import CODE_LENGTH, find, read_code, shown_code
from signing.codes import SYMBOLS
from tests.issuer.counting import Till, booked, lines, refused
from tests.issuer.gifting import duties, end_voucher, give_voucher, revoke, use_voucher
from tests.issuer.racing import Race, runners

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def race() -> Iterator[Race]:
    with runners() as processes:
        yield processes


def _spelled(code: str) -> Iterator[str]:
    yield code.lower()
    yield shown_code(code).lower()
    yield shown_code(code).replace("-", " ")
    yield shown_code(code).replace("-", "–")
    yield f" {code}\n"
    yield code.replace("0", "o").replace("1", "l")
    yield code.replace("0", "O").replace("1", "I")


def test_a_code_holds_more_than_100_random_bits_and_no_letters_that_look_alike(till: Till) -> None:
    card_id = till.join()
    codes = {give_voucher(till, card_id).code for _ in range(20)}
    assert len(codes) == 20
    assert {len(code) for code in codes} == {CODE_LENGTH}
    assert len(SYMBOLS) ** CODE_LENGTH > 2**100
    assert not set("".join(codes)) & set("ILOU")


def test_a_code_is_shown_in_groups_and_read_back_however_it_is_typed(till: Till) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id, uses=10)
    assert [len(group) for group in shown_code(voucher.code).split("-")] == [4, 4, 4, 4, 4, 4, 2]
    for typed in _spelled(voucher.code):
        assert read_code(typed) == voucher.code
        assert lines(use_voucher(till, card_id, typed)) == [("voucher", -1, "redemption")]


def test_a_single_use_voucher_is_burned_by_its_first_use(till: Till) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id)
    assert [shown.uses for shown in till.view(card_id).vouchers] == [1]
    assert lines(use_voucher(till, card_id, voucher.code)) == [("voucher", -1, "redemption")]
    assert till.view(card_id).vouchers == ()
    assert refused(use_voucher(till, card_id, voucher.code)) == "voucher_used"


def test_a_voucher_of_three_uses_is_refused_the_fourth_time(till: Till) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id, uses=3)
    for _ in range(3):
        booked(use_voucher(till, card_id, voucher.code))
    assert refused(use_voucher(till, card_id, voucher.code)) == "voucher_used"


def test_money_off_is_taken_from_the_purchase_that_burns_the_voucher(till: Till) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id, Worth(percent=15))
    bought = till.bought(card_id, 4000, voucher=voucher.code)
    assert (bought.quote.voucher, bought.quote.to_pay, bought.purchase.voucher_id) == (600, 3400, voucher.id)
    assert refused(till.buy(card_id, 4000, voucher=voucher.code)) == "voucher_used"


def test_a_voucher_of_somebody_else_is_unknown(till: Till) -> None:
    owner, thief = till.join(), till.join()
    voucher = give_voucher(till, owner)
    assert refused(use_voucher(till, thief, voucher.code)) == "voucher_unknown"
    assert refused(till.buy(thief, 4000, voucher=voucher.code)) == "voucher_unknown"
    assert [shown.uses for shown in till.view(owner).vouchers] == [1]


def test_a_voucher_of_another_merchant_is_unknown(till: Till, other_till: Till) -> None:
    voucher = give_voucher(other_till, other_till.join())
    assert refused(use_voucher(till, till.join(), voucher.code)) == "voucher_unknown"
    with till.work() as session:
        assert find(session, voucher.code) is None


@pytest.mark.parametrize("typed", ["", " ", "-", "\0", "0" * 25, "0" * 27, "0" * 26, "Ä" * 26, "%" * 26, "𝟙" * 26])
def test_what_is_no_code_is_unknown(till: Till, typed: str) -> None:
    card_id = till.join()
    give_voucher(till, card_id)
    assert refused(use_voucher(till, card_id, typed)) == "voucher_unknown"


def test_a_card_that_is_blocked_uses_no_voucher(till: Till) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id)
    till.set_state(card_id, "blocked")
    assert refused(use_voucher(till, card_id, voucher.code)) == "card_blocked"


def test_a_voucher_counts_from_its_first_instant_to_before_its_last(till: Till) -> None:
    card_id = till.join()
    dates = {"valid_from": till.now + DAY, "valid_until": till.now + 2 * DAY}
    voucher = give_voucher(till, card_id, uses=5, **dates)
    for seconds in (0, 86399.9, 2 * 86400, 3 * 86400):
        assert refused(use_voucher(till.later(seconds), card_id, voucher.code)) == "voucher_not_valid"
    for seconds in (86400, 2 * 86400 - 1):
        booked(use_voucher(till.later(seconds), card_id, voucher.code))


def test_an_offline_tills_late_use_counts_by_when_it_was(till: Till) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id, uses=2, valid_until=till.now + DAY)
    afterwards = till.later(2 * 86400)
    booked(use_voucher(afterwards, card_id, voucher.code, occurred_at=till.now + DAY / 2))
    assert refused(use_voucher(afterwards, card_id, voucher.code)) == "voucher_not_valid"
    before = till.now - timedelta(seconds=1)
    assert refused(use_voucher(afterwards, card_id, voucher.code, occurred_at=before)) == "voucher_not_valid"


def test_a_late_use_is_honoured_after_the_worker_let_the_voucher_go_but_no_second_one(till: Till) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id, valid_until=till.now + DAY)
    afterwards = till.later(2 * 86400)
    assert lines(booked(end_voucher(afterwards, voucher))) == [("voucher", -1, "expiry")]
    late = {"occurred_at": till.now + DAY / 2}
    used = booked(use_voucher(afterwards, card_id, voucher.code, **late))
    assert lines(used) == [("voucher", 1, "adjustment"), ("voucher", -1, "redemption")]
    assert refused(use_voucher(afterwards, card_id, voucher.code, **late)) == "voucher_used"


def test_a_voucher_that_is_over_is_let_go_once_and_not_before(till: Till) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id, uses=3, valid_until=till.now + DAY)
    assert duties(till, card_id, due.VOUCHER_END) == {str(voucher.id): till.now + DAY}
    assert end_voucher(till.later(86399), voucher) is None
    assert lines(booked(end_voucher(till.later(86400), voucher))) == [("voucher", -3, "expiry")]
    assert till.view(card_id).vouchers == ()
    assert end_voucher(till.later(86401), voucher) is None


def test_a_voucher_without_an_end_is_never_let_go(till: Till) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id)
    assert duties(till, card_id, due.VOUCHER_END) == {}
    assert end_voucher(till.later(10 * 365 * 86400), voucher) is None


def test_a_use_that_is_taken_back_can_be_used_again_and_still_ends(till: Till) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id, valid_until=till.now + DAY)
    used = booked(use_voucher(till, card_id, voucher.code))
    with till.work() as session:
        due.drop(session, card_id, due.VOUCHER_END, str(voucher.id))
    booked(till.reverse(used.posting.id))
    assert duties(till, card_id, due.VOUCHER_END) == {str(voucher.id): till.now + DAY}
    booked(use_voucher(till, card_id, voucher.code))


def test_a_revoked_voucher_is_refused_even_for_a_use_before_that(till: Till) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id, uses=2, valid_until=till.now + DAY)
    booked(use_voucher(till, card_id, voucher.code))
    assert lines(revoke(till.later(60), voucher)) == [("voucher", -1, "adjustment")]
    assert till.view(card_id).vouchers == ()
    assert duties(till, card_id, due.VOUCHER_END) == {}
    late = till.later(120)
    assert refused(use_voucher(late, card_id, voucher.code, occurred_at=till.now)) == "voucher_revoked"
    assert refused(till.later(120).buy(card_id, 1000, voucher=voucher.code)) == "voucher_revoked"
    assert refused(revoke(late, voucher)) == "voucher_revoked"


def test_a_voucher_that_was_revoked_stays_so(till: Till) -> None:
    card_id = till.join()
    revoked = booked(revoke(till, give_voucher(till, card_id)))
    assert refused(till.reverse(revoked.posting.id)) == "voucher_revoked"
    assert till.holds(card_id) == {}


def test_a_voucher_that_is_used_up_cannot_be_revoked(till: Till) -> None:
    card_id = till.join()
    voucher = give_voucher(till, card_id)
    booked(use_voucher(till, card_id, voucher.code))
    assert refused(revoke(till, voucher)) == "voucher_used"


def test_a_voucher_programs_card_begins_with_its_voucher_to_the_end_of_a_day(till: Till) -> None:
    names = {"de": "Willkommen", "en": "Welcome"}
    till.set_rules({"kind": "voucher", "names": names, "worth": {"cents": 500}, "uses": 2, "valid_days": 30})
    card_id = till.join()
    shown = till.view(card_id).vouchers[0]
    assert (shown.uses, shown.worth, dict(shown.names)) == (2, Worth(cents=500), names)
    assert shown.valid_until is not None
    assert timedelta(days=30) < shown.valid_until - till.now <= timedelta(days=31)
    assert till.lines(card_id) == [("voucher", 2, "bonus")]
    bought = till.bought(card_id, 1200, voucher=shown.code)
    assert bought.quote.to_pay == 700


def test_giving_a_voucher_makes_a_new_version_of_the_card(till: Till) -> None:
    card_id = till.join()
    give_voucher(till, card_id)
    assert till.view(card_id).version == till.publication(card_id).wanted_version == 2


def test_of_twenty_tills_that_use_one_single_use_voucher_exactly_one_does(
    own_till: Till, race: Race, database_url: str
) -> None:
    card_id = own_till.join()
    voucher = give_voucher(own_till, card_id)
    told = race(database_url, own_till, "voucher", card_id, 20)
    assert Counter(told) == {"done": 1, "voucher_used": 19}
    assert own_till.lines(card_id) == [("voucher", 1, "bonus"), ("voucher", -1, "redemption")]
    assert vouchers.worth_of(voucher) == Worth(cents=500)


def test_of_twenty_tills_at_a_voucher_of_seven_uses_exactly_seven_use_it(
    own_till: Till, race: Race, database_url: str
) -> None:
    card_id = own_till.join()
    give_voucher(own_till, card_id, uses=7)
    told = race(database_url, own_till, "voucher", card_id, 20)
    assert Counter(told) == {"done": 7, "voucher_used": 13}
