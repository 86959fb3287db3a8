"""A shop is founded once, answers its questions in order, and is nobody's business before it goes live."""

import re
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from issuer import brands, founding, people
from issuer.branding import brandings
from issuer.database import set_merchant, transaction
from issuer.design import Design
from issuer.editing import Objection
from issuer.founding import STEPS, Basics, FirstRule, free_slug, read_basics, read_rule, wear
from issuer.people import LiveSession
from issuer.programs import find_slug, program_views
from issuer.refusals import Refusal
from issuer.rules.stamps import StampRule
from issuer.rules.wording import Wording
from issuer.schema import ApiKey, BrandDraft, Location, Membership, Merchant, Program, ProgramSlug, User
from passes.face import Colours
from tests.issuer.overlapping import overlapping

BASICS = Basics("Café Morgenrot", "cafe", "Lindenstraße 4, Köln")
RULE = FirstRule(8, {"de": "ein Eis", "en": "an ice cream"})
DARK = Colours("#101820", "#ffffff", "#ffd080")


@pytest.fixture
def live(shared_engine: Engine, now: datetime) -> LiveSession:
    """Somebody who has just signed in for the first time."""
    return newcomer(shared_engine, now)


def newcomer(engine: Engine, now: datetime) -> LiveSession:
    with transaction(engine) as session:
        user = User(id=uuid4(), email=f"{uuid4().hex}@cafe.example", password_hash="none", created_at=now)
        session.add(user)
        session.flush()
        return at_home(session, people.open_session(session, user.id, None, now, None).token, now)


def at_home(session: Session, token: str, now: datetime) -> LiveSession:
    live = people.session_of(session, token, now)
    assert live is not None
    return live


def founded(engine: Engine, live: LiveSession, now: datetime, basics: Basics = BASICS) -> UUID:
    with transaction(engine) as session:
        return founding.found_shop(session, live, basics, now).id


def ready(engine: Engine, now: datetime, basics: Basics = BASICS) -> tuple[UUID, LiveSession]:
    """A shop that has answered everything but the last question, and its owner."""
    live = newcomer(engine, now)
    merchant_id = founded(engine, live, now, basics)
    with transaction(engine, merchant_id) as session:
        merchant = founding.in_turn(session, merchant_id)
        founding.set_rule(session, merchant, RULE, now)
        merchant.setup_step = "live"
    return merchant_id, live


def go_live(session: Session, merchant_id: UUID, live: LiveSession, now: datetime) -> Program:
    set_merchant(session, merchant_id)
    done = founding.go_live(session, founding.in_turn(session, merchant_id), live, now)
    assert isinstance(done, Program), done
    return done


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", ""),
        ("name", " \t\u2028"),
        ("name", "x" * 101),
        ("name", "Ca\x00fé"),
        ("name", "Café \u202eTornegrom"),
        ("trade", ""),
        ("trade", "Cafe"),
        ("trade", "../cafe"),
        ("trade", "cafe\x00"),
        ("address", "x" * 201),
        ("address", "Lindenstraße\x00 4"),
        ("address", "\u202e4 eßartsnedniL"),
    ],
)
def test_basics_that_no_card_can_show_are_refused_at_their_field(field: str, text: str) -> None:
    given = {"name": "Café", "trade": "cafe", "address": ""} | {field: text}
    refused = read_basics(**given)
    assert isinstance(refused, Objection)
    assert refused.about == field
    for language in ("de", "en"):
        assert re.fullmatch(r"[^\x00\u202e]+[.]", refused.sentence(language))


@pytest.mark.parametrize("name", ["مقهى الصباح", "Café 👩‍🍳☕", "x" * 100, "日本", "O'Brien & <Söhne>", "%(name)s"])
def test_a_shop_may_be_called_what_a_phone_can_show(
    shared_engine: Engine, live: LiveSession, now: datetime, name: str
) -> None:
    basics = read_basics(f"  {name}\n", "bakery", "")
    assert isinstance(basics, Basics)
    with transaction(shared_engine) as session:
        assert founding.found_shop(session, live, basics, now).name == name


def test_a_founded_shop_has_its_trades_clothes_an_owner_and_one_location(
    shared_engine: Engine, live: LiveSession, now: datetime
) -> None:
    merchant_id = founded(shared_engine, live, now)
    with transaction(shared_engine, merchant_id) as session:
        merchant, place = session.get_one(Merchant, merchant_id), session.scalars(select(Location)).one()
        worn = brands.worn_now(session, brands.brand_of_merchant(session))
        assert Design.read(worn.design) == Design.read(brandings()["cafe"].design)
        assert (merchant.trade, merchant.setup_step) == ("cafe", "logo")
        assert (place.name, place.address) == (BASICS.name, BASICS.address)
        assert merchant.contact == {"address": BASICS.address}
        assert session.get_one(Membership, (live.user_id, merchant_id)).role == "owner"
        (seen,) = people.sessions(session, live.user_id, now)
        assert seen.merchant_id == merchant_id


def test_an_empty_address_is_none(shared_engine: Engine, live: LiveSession, now: datetime) -> None:
    merchant_id = founded(shared_engine, live, now, replace(BASICS, address=""))
    with transaction(shared_engine, merchant_id) as session:
        assert session.scalars(select(Location)).one().address is None
        assert session.get_one(Merchant, merchant_id).contact == {}


def test_founding_again_finds_the_shop_that_is_there(shared_engine: Engine, live: LiveSession, now: datetime) -> None:
    assert founded(shared_engine, live, now) == founded(shared_engine, live, now, replace(BASICS, name="Zweiter Tipp"))


def test_two_taps_at_once_found_one_shop(shared_engine: Engine, live: LiveSession, now: datetime) -> None:
    def tap(session: Session) -> UUID:
        return founding.found_shop(session, live, BASICS, now).id

    one, other = overlapping(shared_engine, tap, tap)
    assert one == other
    with transaction(shared_engine) as session:
        assert len(people.workplaces(session, live.user_id)) == 1


@pytest.mark.parametrize("farthest", STEPS[1:])
def test_a_question_may_be_answered_when_it_is_next_or_was_answered(farthest: str) -> None:
    merchant = Merchant(setup_step=farthest)
    open_now = [step for step in STEPS if founding.reached(merchant, step)]
    assert open_now == list(STEPS[: STEPS.index(farthest) + 1])


def test_no_question_is_open_when_the_shop_is_live() -> None:
    assert not any(founding.reached(Merchant(setup_step=None), step) for step in STEPS)


def test_answering_an_earlier_question_again_leads_nowhere_new() -> None:
    merchant = Merchant(setup_step="rule")
    founding.step_done(merchant, "logo")
    assert merchant.setup_step == "rule"
    founding.step_done(merchant, "rule")
    assert merchant.setup_step == "live"


@pytest.mark.parametrize(
    "needed", ["", "0", "1", "31", "abc", "１０", "-3", "10.0", "1e1", "²", "+5", "9" * 5000, "10\x00"]
)
def test_a_number_of_stamps_that_cannot_be_is_refused_by_name(needed: str) -> None:
    refused = read_rule(needed, {"de": "ein Kaffee", "en": ""})
    assert isinstance(refused, Objection)
    assert refused.about == "needed"
    assert refused.sentence("en") == f"“{needed[:10]}” stamps cannot be: write a number from 2 to 30."


@pytest.mark.parametrize(("needed", "number"), [("2", 2), ("30", 30), (" 10 ", 10), ("007", 7)])
def test_a_number_of_stamps_from_2_to_30_is_taken(needed: str, number: int) -> None:
    assert read_rule(needed, {"de": "ein Kaffee", "en": "a coffee"}) == FirstRule(
        number, {"de": "ein Kaffee", "en": "a coffee"}
    )


@pytest.mark.parametrize("reward", ["", "  ", "x" * 41, "Kaf\x00fee", "\u202eeeffaK"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_a_reward_that_no_card_can_show_is_refused_at_its_language(language: str, reward: str) -> None:
    refused = read_rule("10", {"de": "ein Kaffee", "en": "a coffee"} | {language: reward})
    if language == "en" and not reward.strip():
        assert refused == FirstRule(10, {"de": "ein Kaffee", "en": "ein Kaffee"}), "an empty one takes the German"
        return
    assert isinstance(refused, Objection)
    assert refused.about == f"reward_{language}"


def test_a_rule_that_is_set_again_changes_the_program_that_is_there(shared_engine: Engine, now: datetime) -> None:
    merchant_id, _ = ready(shared_engine, now)
    with transaction(shared_engine, merchant_id) as session:
        merchant = founding.in_turn(session, merchant_id)
        founding.set_rule(session, merchant, FirstRule(5, {"de": "ein Tee", "en": "a tea"}), now)
    with transaction(shared_engine, merchant_id) as session:
        (found,) = program_views(session, limit=9)
        assert (found.program.current_version, found.rules.grid.stamps_needed) == (1, 5)
        assert [reward.names for reward in found.rewards] == [{"de": "ein Tee", "en": "a tea"}]


def test_two_answers_at_once_make_one_program(shared_engine: Engine, live: LiveSession, now: datetime) -> None:
    merchant_id = founded(shared_engine, live, now)

    def answer(session: Session) -> UUID:
        set_merchant(session, merchant_id)
        return founding.set_rule(session, founding.in_turn(session, merchant_id), RULE, now).id

    one, other = overlapping(shared_engine, answer, answer)
    assert one == other


def _sentence(language: str) -> str:
    reward_id = uuid4()
    words = Wording(language, {reward_id: RULE.rewards})
    return StampRule(stamps_needed=8, reward_id=reward_id).sentence(words)


def test_what_the_phone_reads_aloud_follows_the_rule(shared_engine: Engine, now: datetime) -> None:
    merchant_id, _ = ready(shared_engine, now)
    with transaction(shared_engine, merchant_id) as session:
        texts = Design.read(brands.in_work(session, brands.brand_of_merchant(session)).design).texts
    for language, kind in (("de", "Stempelkarte"), ("en", "Stamp card")):
        assert texts[language] == f"{kind}: {_sentence(language)}"


def test_what_the_trade_proposes_keeps_the_trades_name_of_the_program(shared_engine: Engine, now: datetime) -> None:
    live, trade = newcomer(shared_engine, now), brandings()["bakery"]
    merchant_id = founded(shared_engine, live, now, replace(BASICS, trade="bakery"))
    with transaction(shared_engine, merchant_id) as session:
        rule = FirstRule(trade.stamps_needed, trade.reward_names)
        founding.set_rule(session, founding.in_turn(session, merchant_id), rule, now)
        (found,) = program_views(session, limit=9)
        assert found.version.names == trade.program_names


def test_nothing_of_a_shop_is_found_from_outside_before_it_goes_live(shared_engine: Engine, now: datetime) -> None:
    merchant_id, live = ready(shared_engine, now)
    with transaction(shared_engine, merchant_id) as session:
        program = session.scalars(select(Program)).one()
        assert find_slug(session, str(program.id)) is None
        for table in (ProgramSlug, ApiKey):
            assert session.scalar(select(table).where(table.merchant_id == merchant_id)) is None
        go_live(session, merchant_id, live, now)
        assert find_slug(session, str(program.id)) is not None


def test_going_live_publishes_what_was_chosen_by_whom(shared_engine: Engine, now: datetime) -> None:
    merchant_id, live = ready(shared_engine, now)
    with transaction(shared_engine, merchant_id) as session:
        wear(session, DARK, None, False, now)
        go_live(session, merchant_id, live, now)
        brand = brands.brand_of_merchant(session)
        worn = brands.worn_now(session, brand)
        assert brands.draft_of(session, brand) is None
        assert (Design.read(worn.design).colours, Design.read(worn.design).show_name) == (DARK, False)
        assert worn.published_by == live.user_id
        assert session.get_one(Merchant, merchant_id).setup_step is None


def test_a_draft_that_the_designer_made_too_faint_does_not_go_live(shared_engine: Engine, now: datetime) -> None:
    merchant_id, live = ready(shared_engine, now)
    with transaction(shared_engine, merchant_id) as session:
        wear(session, Colours("#ffffff", "#eeeeee", "#000000"), None, None, now)
        refused = founding.go_live(session, founding.in_turn(session, merchant_id), live, now)
        assert isinstance(refused, Refusal)
        assert refused.code == "too_faint"
        assert session.get_one(Merchant, merchant_id).setup_step == "live"
        assert session.scalar(select(ProgramSlug).where(ProgramSlug.merchant_id == merchant_id)) is None


def test_an_answer_is_kept_though_the_designer_saves_at_the_same_moment(
    shared_engine: Engine, live: LiveSession, now: datetime
) -> None:
    merchant_id = founded(shared_engine, live, now)

    def save(session: Session) -> None:
        set_merchant(session, merchant_id)
        wear(session, None, None, False, now)

    def answer(session: Session) -> None:
        set_merchant(session, merchant_id)
        wear(session, DARK, None, None, now)

    overlapping(shared_engine, save, answer)
    with transaction(shared_engine, merchant_id) as session:
        design = Design.read(session.scalars(select(BrandDraft)).one().design)
    assert (design.colours, design.show_name) == (DARK, False)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Bäckerei Groß & Söhne", "baeckerei-gross-soehne"),
        ("  --Œufs à gogo!--", "ufs-a-gogo"),
        ("x" * 39 + " y" * 9, "x" * 39),
    ],
)
def test_the_join_page_is_called_like_the_shop(shared_engine: Engine, name: str, slug: str) -> None:
    with transaction(shared_engine) as session:
        assert free_slug(session, name) == slug


@pytest.mark.parametrize("name", ["日本", "☕", "!!!", "123e4567-e89b-12d3-a456-426614174000"])
def test_a_name_that_makes_no_address_of_its_own_gets_a_drawn_one(shared_engine: Engine, name: str) -> None:
    with transaction(shared_engine) as session:
        one, other = free_slug(session, name), free_slug(session, name)
    assert re.fullmatch("[0-9a-f]{8}", one)
    assert one != other


def test_two_shops_of_one_name_go_live_at_once_under_two_addresses(shared_engine: Engine, now: datetime) -> None:
    basics = replace(BASICS, name=f"Café {uuid4().hex[:8]}")
    first, second = ready(shared_engine, now, basics), ready(shared_engine, now, basics)
    one, other = overlapping(
        shared_engine,
        lambda session: go_live(session, *first, now).slug,
        lambda session: go_live(session, *second, now).slug,
    )
    assert one == f"cafe-{basics.name[5:]}"
    assert re.fullmatch(f"{one}-[0-9a-f]{{6}}", other)


def test_a_name_corrected_before_going_live_is_the_one_in_the_address(shared_engine: Engine, now: datetime) -> None:
    merchant_id, live = ready(shared_engine, now)
    corrected = replace(BASICS, name=f"Mokka {uuid4().hex[:8]}", address="")
    with transaction(shared_engine, merchant_id) as session:
        founding.correct_shop(session, founding.in_turn(session, merchant_id), corrected, now)
        assert go_live(session, merchant_id, live, now).slug == corrected.name.lower().replace(" ", "-")
        place, merchant = session.scalars(select(Location)).one(), session.get_one(Merchant, merchant_id)
        assert (place.name, place.address, merchant.contact) == (corrected.name, None, {})


def test_correcting_the_name_keeps_what_was_chosen_since(
    shared_engine: Engine, live: LiveSession, now: datetime
) -> None:
    merchant_id = founded(shared_engine, live, now)
    with transaction(shared_engine, merchant_id) as session:
        wear(session, DARK, None, None, now)
        merchant = founding.in_turn(session, merchant_id)
        merchant.setup_step = "rule"
        founding.correct_shop(session, merchant, replace(BASICS, name="Café Abendrot"), now)
        assert merchant.setup_step == "rule"
        assert Design.read(session.scalars(select(BrandDraft)).one().design).colours == DARK


def test_another_trade_begins_the_card_anew(shared_engine: Engine, now: datetime) -> None:
    merchant_id, _ = ready(shared_engine, now)
    with transaction(shared_engine, merchant_id) as session:
        merchant, trade = founding.in_turn(session, merchant_id), brandings()["hair_salon"]
        founding.correct_shop(session, merchant, replace(BASICS, trade="hair_salon"), now)
        draft = session.scalars(select(BrandDraft)).one()
        assert merchant.setup_step == "logo"
        assert Design.read(draft.design) == Design.read(trade.design)
        assert [brands.picture(session, one) for one in (draft.icon_id, draft.logo_id, draft.stamp_id)] == [
            trade.icon,
            trade.logo,
            trade.stamp,
        ]
