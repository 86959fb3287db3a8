"""Shops and their tills in the console: named, shut out, let in again, and nobody else's."""

from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from issuer import people, shops, tills
from issuer.editing import Author, Gone, Objection, name_objection
from issuer.schema import Event, Location, Offer, Rollout, Sweep, Till
from issuer.shops import LONGEST_ADDRESS, LONGEST_NAME, ShopFields, ShopView
from issuer.tills import ENROL_WITHIN
from tests.issuer import counting
from tests.issuer.bearing import ALL_DAY, NEAR, live, offer

NAMES_THAT_ARE_NONE = ["", "   ", "x" * (LONGEST_NAME + 1), "a\x00b", "a\u202eb"]
NAMES = ["Hauptstraße", "قهوة الصباح", "👩‍🍳 Bäckerei", "x" * LONGEST_NAME]


@pytest.fixture
def owner(till: counting.Till) -> Author:
    with till.work() as session:
        user = people.create_user(session, f"{uuid4().hex}@cafe.example", "right horse", till.now)
    return Author(user.id, till.shop.merchant_id, till.now)


@pytest.fixture
def device(till: counting.Till, owner: Author) -> tuple[UUID, str]:
    """An enrolled till: id and cookie."""
    with till.work() as session:
        _, token = shops.invite_till(session, owner, till.shop.location_id)
        made = tills.enrol(session, token, till.now)
    assert made is not None
    return made[0].id, made[1]


def _only_shop(till: counting.Till) -> ShopView:
    with till.work() as session:
        (shop,) = shops.shops(session, till.shop.merchant_id, till.now)
    return shop


def _known(till: counting.Till, secret: str) -> Till | None:
    with till.work() as session:
        return tills.till_of(session, secret, till.now)


def _last_event(till: counting.Till) -> tuple[str, dict[str, str]]:
    with till.work() as session:
        event = session.scalars(select(Event).order_by(Event.number.desc()).limit(1)).one()
        return event.kind, event.data


def test_a_shop_is_shown_with_its_tills_and_who_is_on_shift(till: counting.Till, device: tuple[UUID, str]) -> None:
    with till.work() as session:
        mia = tills.hire(session, till.shop.merchant_id, "Mia", "4711", till.now)
        till_row = session.get_one(Till, device[0])
        till_row.staff_id, till_row.staff_since = mia.id, till.now
    (shown,) = _only_shop(till).tills
    assert (shown.id, shown.on_shift, shown.seen_at) == (device[0], "Mia", till.now)


def test_a_shop_is_added_with_an_address_or_without(till: counting.Till, owner: Author) -> None:
    with till.work() as session:
        shops.add_shop(session, owner, ShopFields("  Am   Markt ", " Markt 1 "))
        shops.add_shop(session, owner, ShopFields("Kiosk", "  "))
        found = shops.shops(session, till.shop.merchant_id, till.now)
    added = {shop.location.name: shop.location.address for shop in found if shop.location.id != till.shop.location_id}
    assert added == {"Am Markt": "Markt 1", "Kiosk": None}


@pytest.mark.parametrize("name", NAMES)
def test_a_shop_may_be_called_what_people_call_it(till: counting.Till, owner: Author, name: str) -> None:
    with till.work() as session:
        assert shops.change_shop(session, owner, till.shop.location_id, ShopFields(name)) is None
    assert _only_shop(till).location.name == name


@pytest.mark.parametrize("name", NAMES_THAT_ARE_NONE)
def test_a_name_that_cannot_be_shown_is_refused(till: counting.Till, owner: Author, name: str) -> None:
    before = _only_shop(till).location.name
    with till.work() as session:
        assert isinstance(shops.add_shop(session, owner, ShopFields(name)), Objection)
        assert shops.change_shop(session, owner, till.shop.location_id, ShopFields(name)) is not None
    assert _only_shop(till).location.name == before


def test_an_address_that_is_too_long_is_refused(till: counting.Till, owner: Author) -> None:
    with till.work() as session:
        objection = shops.add_shop(session, owner, ShopFields("Kiosk", "x" * (LONGEST_ADDRESS + 1)))
    assert isinstance(objection, Objection)
    assert objection.about == "address"


def test_a_refusal_names_the_value_in_both_languages_and_nothing_that_turns_the_line() -> None:
    objection = name_objection("a\u202eb\x00c", 40)
    assert objection is not None
    for language in ("de", "en"):
        assert "abc" in objection.sentence(language)
        assert "40" in objection.sentence(language)
    assert objection.sentence("de") != objection.sentence("en")


def test_a_till_is_renamed(till: counting.Till, owner: Author, device: tuple[UUID, str]) -> None:
    with till.work() as session:
        assert shops.rename_till(session, owner, device[0], "Theke") is None
        assert shops.rename_till(session, owner, device[0], "") is not None
    assert _only_shop(till).tills[0].name == "Theke"


def test_a_till_that_is_shut_out_is_unknown_at_once(
    till: counting.Till, owner: Author, device: tuple[UUID, str]
) -> None:
    with till.work() as session:
        shops.revoke_till(session, owner, device[0])
    assert _known(till, device[1]) is None
    shop = _only_shop(till)
    assert (len(shop.tills), len(shop.revoked)) == (0, 1)


def test_a_till_shut_out_by_mistake_is_let_in_again_and_asks_for_a_pin(
    till: counting.Till, owner: Author, device: tuple[UUID, str]
) -> None:
    with till.work() as session:
        till_row = session.get_one(Till, device[0])
        till_row.staff_id, till_row.staff_since = till.shop.staff_id, till.now
        shops.revoke_till(session, owner, device[0])
        shops.restore_till(session, owner, device[0])
    known = _known(till, device[1])
    assert known is not None
    assert known.staff_id is None


def test_shutting_out_twice_keeps_the_first_moment(
    till: counting.Till, owner: Author, device: tuple[UUID, str]
) -> None:
    later = Author(owner.user_id, owner.merchant_id, till.later(60).now)
    with till.work() as session:
        shops.revoke_till(session, owner, device[0])
        assert shops.revoke_till(session, later, device[0]).revoked_at == till.now


def test_what_is_done_to_a_till_is_remembered_with_its_author(
    till: counting.Till, owner: Author, device: tuple[UUID, str]
) -> None:
    with till.work() as session:
        shops.revoke_till(session, owner, device[0])
    assert _last_event(till) == ("till_revoked", {"till_id": str(device[0]), "user_id": str(owner.user_id)})


def test_a_new_till_is_remembered_too(till: counting.Till, device: tuple[UUID, str]) -> None:
    assert _last_event(till) == ("till_enrolled", {"till_id": str(device[0])})


def test_the_link_of_a_new_till_works_once_and_not_for_long(till: counting.Till, owner: Author) -> None:
    with till.work() as session:
        place, token = shops.invite_till(session, owner, till.shop.location_id)
        link = tills.enrolment(session, token, till.now)
    assert link is not None
    assert (place.id, link.location_id, link.single_use) == (till.shop.location_id, till.shop.location_id, True)
    assert link.expires_at == till.now + ENROL_WITHIN


DEEDS: dict[str, Callable[..., object]] = {
    "rename": lambda session, owner, meant: shops.rename_till(session, owner, meant, "Mine"),
    "revoke": shops.revoke_till,
    "restore": shops.restore_till,
}


@pytest.mark.parametrize("deed", DEEDS)
def test_nobody_touches_a_till_of_another_merchant(
    till: counting.Till, other_till: counting.Till, owner: Author, device: tuple[UUID, str], deed: str
) -> None:
    stranger = Author(owner.user_id, other_till.shop.merchant_id, till.now)
    for meant in (device[0], uuid4()):
        with other_till.work() as session, pytest.raises(Gone):
            DEEDS[deed](session, stranger, meant)
    assert _only_shop(till).tills[0].name == "1"


def test_nobody_touches_a_shop_of_another_merchant(
    till: counting.Till, other_till: counting.Till, owner: Author
) -> None:
    stranger = Author(owner.user_id, other_till.shop.merchant_id, till.now)
    for meant in (till.shop.location_id, uuid4()):
        with other_till.work() as session:
            with pytest.raises(Gone):
                shops.change_shop(session, stranger, meant, ShopFields("Mine"))
            with pytest.raises(Gone):
                shops.invite_till(session, stranger, meant)


def test_nobody_sees_the_shops_or_tills_of_another_merchant(
    till: counting.Till, other_till: counting.Till, device: tuple[UUID, str]
) -> None:
    shop = _only_shop(other_till)
    assert shop.location.id == other_till.shop.location_id
    assert (list(shop.tills), list(shop.revoked)) == ([], [])
    with till.work() as session:
        assert session.get(Location, other_till.shop.location_id) is None


def _tells_cards(till: counting.Till, owner: Author, at: str) -> bool:
    with till.work() as session:
        assert shops.change_shop(session, owner, till.shop.location_id, ShopFields("Markt", at=at)) is None
        begun = _begun(session, till)
        for rollout in begun:
            session.delete(rollout)
        return bool(begun)


def _begun(session: Session, till: counting.Till) -> Sequence[Rollout]:
    return session.scalars(select(Rollout).where(Rollout.merchant_id == till.shop.merchant_id)).all()


def test_cards_learn_of_a_shop_that_moved_only_while_an_offer_is_near_shops(till: counting.Till, owner: Author) -> None:
    live(till, offer(trigger=ALL_DAY))
    assert not _tells_cards(till, owner, "52.5, 13.4")
    live(till, offer(trigger=NEAR))
    assert not _tells_cards(till, owner, "52.5, 13.4"), "it is where it was"
    assert _tells_cards(till, owner, "52.6, 13.4")
    assert _tells_cards(till, owner, "")
    with till.work() as session:
        session.execute(update(Offer).values(state="paused"))
    assert not _tells_cards(till, owner, "52.5, 13.4")


@pytest.mark.parametrize("zone", ["Berlin", "Europe", "Europe/Atlantis", "europe/berlin", "../../etc/passwd", "UTC+1"])
def test_a_shop_in_no_time_zone_is_refused_with_a_remedy(till: counting.Till, owner: Author, zone: str) -> None:
    with till.work() as session:
        objection = shops.add_shop(session, owner, ShopFields("Kiosk", zone=zone))
    assert isinstance(objection, Objection)
    assert objection.about == "zone"
    assert zone in objection.sentence("en")
    assert "Europe/Berlin" in objection.sentence("en")


def test_a_shop_has_clocks_of_its_own_until_they_are_the_merchants_again(till: counting.Till, owner: Author) -> None:
    for typed, kept in ((" America/New_York ", "America/New_York"), ("", None)):
        with till.work() as session:
            assert shops.change_shop(session, owner, till.shop.location_id, ShopFields("Markt", zone=typed)) is None
            assert session.get_one(Location, till.shop.location_id).zone == kept


def test_where_clocks_change_every_card_is_looked_at_anew_while_an_offer_runs(
    till: counting.Till, owner: Author
) -> None:
    def changed(zone: str) -> int:
        with till.work() as session:
            session.execute(delete(Sweep))
            assert shops.change_shop(session, owner, till.shop.location_id, ShopFields("Markt", zone=zone)) is None
            return len(session.scalars(select(Sweep)).all())

    assert changed("America/New_York") == 0, "no offer runs"
    live(till, offer(trigger=ALL_DAY))
    assert changed("Asia/Tokyo") == 1
    assert changed("Asia/Tokyo") == 0, "they go as they went"


def test_cards_learn_of_a_new_shop_while_an_offer_is_near_shops(till: counting.Till, owner: Author) -> None:
    live(till, offer(trigger=NEAR))
    for at, told in (("", 0), ("52.5, 13.4", 1)):
        with till.work() as session:
            shops.add_shop(session, owner, ShopFields("Kiosk", at=at))
            assert len(_begun(session, till)) == told
