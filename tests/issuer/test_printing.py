"""What is printed says what the rows say: its code, its promise, the published design, in its language."""

from dataclasses import replace
from itertools import chain

import pytest
from sqlalchemy.orm import Session

from issuer import brands
from issuer.design import Design
from issuer.design_publishing import publish_draft
from issuer.printing import join_sign, printed_card, printed_sheet
from issuer.programs import ProgramView, program_view
from issuer.schema import Card, Merchant
from passes.face import Colours
from tests.issuer.counting import Till
from tests.issuer.test_paper import printed
from tests.passes import paper_reading

DARK = Colours("#101820", "#ffffff", "#ffd080")
URL = "https://karten.example/join/morgenrot?source=poster"
NAMES = ["Bäckerei Konditorei Café Großmütterchens", "مقهى الصباح", "Café 👩‍🍳☕", "日本喫茶"]


def program_of(till: Till, session: Session) -> ProgramView:
    found = program_view(session, till.shop.program_id)
    assert found is not None
    return found


def rename(till: Till, session: Session, name: str) -> None:
    session.get_one(Merchant, till.shop.merchant_id).name = name
    session.flush()


def test_every_card_of_a_batch_is_readable_in_the_batchs_order(till: Till) -> None:
    rows = printed(till, 13)
    with till.work() as session:
        pdf = printed_sheet(session, program_of(till, session), rows, "de")
    found = [paper_reading.codes(pdf, 200, page) for page in range(paper_reading.pages(pdf))]
    assert [len(page) for page in found] == [10, 3]
    assert [one.text for one in chain(*found)] == [row.code for row in rows]


def test_a_sheet_names_each_short_code_for_typing(till: Till) -> None:
    rows = printed(till, 2)
    with till.work() as session:
        words = paper_reading.words(printed_sheet(session, program_of(till, session), rows, "en"))
    for row in rows:
        assert row.short_code in words


def test_a_card_on_paper_bears_its_own_code_at_the_size_of_a_bank_card(till: Till) -> None:
    card_id = till.join()
    shown = till.view(card_id)
    with till.work() as session:
        pdf = printed_card(session, session.get_one(Card, card_id), program_of(till, session))
    assert paper_reading.size(pdf) == (85.6, 54.0)
    assert [one.text for one in paper_reading.codes(pdf, 200)] == [shown.code]
    assert shown.short_code in paper_reading.words(pdf)


@pytest.mark.parametrize(
    ("language", "hint"), [("de", "Zeig diese Karte an der Kasse"), ("en", "Show this card at the till")]
)
def test_paper_speaks_the_language_it_was_printed_in(till: Till, language: str, hint: str) -> None:
    with till.work() as session:
        program = program_of(till, session)
        sheet = printed_sheet(session, program, printed(till), language)
        words = paper_reading.words(sheet)
        assert hint in words
        assert program.rewards[0].names[language] in words


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_sign_says_what_customers_get_and_where(till: Till, language: str) -> None:
    with till.work() as session:
        program = program_of(till, session)
        sign = join_sign(session, program, URL, language)
        assert sign.organization == session.get_one(Merchant, till.shop.merchant_id).name
        assert (sign.sentence, sign.needed) == (program.sentence(language), 10)
    assert (sign.url, sign.url_text, sign.language) == (URL, "karten.example/join/morgenrot", language)


def test_signs_do_not_speak_english_to_germans(till: Till) -> None:
    with till.work() as session:
        german, english = (join_sign(session, program_of(till, session), URL, language) for language in ("de", "en"))
    for one, other in zip((german.headline, *german.steps), (english.headline, *english.steps), strict=True):
        assert one != other


def test_paper_wears_the_published_design_and_not_the_draft(till: Till) -> None:
    with till.work() as session:
        brand, program = brands.brand_of_merchant(session), program_of(till, session)
        worn = brands.worn_now(session, brand)
        before = Design.read(worn.design)
        design = replace(before, colours=DARK, shape="square")
        draft = brands.save_draft(session, brand, design, brands.pictures_of(worn), brands.revision_of(worn), till.now)
        assert join_sign(session, program, URL, "de").colours == before.colours
        publish_draft(session, brand, None, brands.revision_of(draft), till.now)
        sign = join_sign(session, program, URL, "de")
    assert (sign.colours, sign.shape) == (DARK, "square")


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_long_turned_or_drawn_are_printed_too(till: Till, name: str) -> None:
    rows = printed(till)
    with till.work() as session:
        rename(till, session, name)
        pdf = printed_sheet(session, program_of(till, session), rows, "de")
        assert join_sign(session, program_of(till, session), URL, "de").organization == name
    assert [one.text for one in paper_reading.codes(pdf, 200)] == [rows[0].code]
