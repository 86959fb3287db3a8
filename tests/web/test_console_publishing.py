"""Publishing: what changes, and on how many phones, is said before and counted after; versions come back."""

import re
from datetime import UTC, datetime

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, select

from issuer import rollouts
from issuer.database import transaction
from issuer.schema import Event, Rollout
from tests.passes.pictures import drawn, file_of
from tests.web.designing import DARK, DESIGN, FAINT, OWNER, Desk, open_desk

REVIEW = f"{DESIGN}/publish"
VERSIONS = f"{DESIGN}/versions"
LIGHT = {"background": "#ffffff", "foreground": "#101010", "label": "#303030"}


@pytest.fixture
def desk(app: OpenAPI, engine: Engine, now: datetime) -> Desk:
    return open_desk(app, engine, now)


@pytest.fixture
def redesigned(desk: Desk) -> Desk:
    """Two versions: the ready one and a dark one."""
    desk.save(**DARK)
    desk.publish()
    return desk


def roll_out(engine: Engine) -> None:
    """What the relay does until nothing is left to tell."""
    for _ in range(1000):
        with transaction(engine) as session:
            if session.scalar(select(Rollout.id).where(Rollout.due_at.is_not(None)).limit(1)) is None:
                return
            rollouts.advance(session, datetime.now(UTC), 10_000)
    raise AssertionError("a rollout never ends")


def changes(page: str) -> dict[str, tuple[str, str]]:
    """What differs: before and after by name; pictures are only named."""
    listed = re.search(r'<ul class="changes".+?</ul>', page, re.DOTALL)
    if listed is None:
        return {}
    found = {}
    for item in re.findall(r"<li>(.+?)</li>", listed[0], re.DOTALL):
        name = re.search(r"<strong>([^<]+)", item)
        assert name is not None
        values = re.search(r'<span class="soft">([^<]*)</span>.*?(?:<span>([^<]*)</span>)?\s*$', item, re.DOTALL)
        assert values is not None
        found[name[1]] = (values[1], values[2] or "")
    return found


def sentence(page: str, name: str) -> str:
    """The text of an element, tags and line breaks aside."""
    found = re.search(rf'id="{name}"[^>]*>(.+?)</(?:p|section)>', page, re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def test_without_a_change_there_is_nothing_to_publish(desk: Desk) -> None:
    page = desk.page(REVIEW)
    assert "Nothing to publish" in page
    assert 'id="publish-now"' not in page
    assert desk.post(REVIEW).status_code == 409


def test_a_draft_that_looks_as_before_is_nothing_to_publish(desk: Desk) -> None:
    before = desk.design().colours.background
    desk.save(background="#123456")
    desk.save(background=before)
    assert desk.drafted()
    assert 'id="publish-now"' not in desk.page(REVIEW)
    answer = desk.post(REVIEW)
    assert (answer.status_code, "Nothing has changed" in answer.text) == (409, True)


def test_before_publishing_every_change_is_told_with_before_and_after(desk: Desk) -> None:
    before = desk.design()
    desk.save(background="#101820", shape="ticket", show_name="0", text_en="Mine", back_de="Montags zu")
    desk.upload(file_of(drawn((600, 200), "#ffffff")))
    assert changes(desk.page(REVIEW)) == {
        "Background colour": (before.colours.background, "#101820"),
        "Shape of the stamps": ("round", "ticket"),
        "Name beside the logo": ("shown", "left out"),
        "Description": (before.texts["en"], "Mine"),
        "Text on the back": ("–", "Montags zu"),
        "Logo": ("another picture", ""),
        "Icon": ("another picture", ""),
    }


def test_what_changes_is_told_in_german_too(desk: Desk) -> None:
    desk.save(background="#101820", shape="ticket", show_name="0")
    desk.language = "de"
    assert not {"Background colour", "Shape of the stamps", "Name beside the logo"} & set(changes(desk.page(REVIEW)))
    assert not {"round", "ticket", "shown", "left out"} & {
        value for pair in changes(desk.page(REVIEW)).values() for value in pair if not value.startswith("#")
    } - {"Ticket"}


def test_before_publishing_the_phones_and_cards_it_reaches_are_counted(desk: Desk) -> None:
    desk.save(**DARK)
    assert sentence(desk.page(REVIEW), "reach") == "No phone has your card yet: nobody is disturbed. 0 cards in all."
    desk.phone()
    assert sentence(desk.page(REVIEW), "reach") == "This changes the card on 1 phone. 1 card in all."
    desk.phone()
    desk.api.made("/cards", {"program_id": str(desk.cafe.program_id)})
    assert sentence(desk.page(REVIEW), "reach") == "This changes the card on 2 phones. 3 cards in all."


def test_another_merchants_phones_are_not_counted(app: OpenAPI, engine: Engine, now: datetime, desk: Desk) -> None:
    open_desk(app, engine, now).phone()
    desk.save(**DARK)
    assert "No phone has your card yet" in sentence(desk.page(REVIEW), "reach")


def test_what_is_too_faint_cannot_be_published_by_button_nor_by_hand(desk: Desk) -> None:
    desk.save(**FAINT)
    page = desk.page(REVIEW)
    assert 'id="publish-now"' not in page
    assert "Text on the background: 1.1 : 1." in page
    assert "Labels on the background" not in page
    answer = desk.post(REVIEW)
    assert answer.status_code == 409
    assert "A text is too faint on its background to be read. Repair the colours, then publish." in answer.text
    assert desk.drafted()


def test_what_was_saved_after_the_look_before_publishing_is_not_published_unseen(desk: Desk) -> None:
    desk.save(**DARK)
    looked_at = str(desk.revision())
    desk.save(**LIGHT)
    answer = desk.post(REVIEW, revision=looked_at)
    assert (answer.status_code, desk.drafted()) == (409, True)
    assert "changed in another window" in answer.text
    assert changes(answer.text)["Background colour"][1] == LIGHT["background"], "it shows what would be published now"


@pytest.mark.parametrize("revision", ["", "x", "0", "9" * 40])
def test_publishing_names_what_was_looked_at(desk: Desk, revision: str) -> None:
    desk.save(**DARK)
    assert desk.post(REVIEW, revision=revision).status_code == 409
    assert desk.drafted()


def test_a_second_tap_publishes_nothing_twice(desk: Desk) -> None:
    desk.save(**DARK)
    revision = str(desk.revision())
    assert desk.post(REVIEW, revision=revision).status_code == 303
    assert desk.post(REVIEW, revision=revision).status_code == 409
    assert desk.get(f"{VERSIONS}/2").status_code == 200
    assert desk.get(f"{VERSIONS}/3").status_code == 404


def test_publishing_leads_to_the_version_with_its_author(desk: Desk) -> None:
    desk.save(**DARK)
    answer = desk.publish()
    assert answer.location == f"{VERSIONS}/2"
    page = desk.page(answer.location)
    assert "Version 2" in page
    assert OWNER in page
    assert "This is what customers see now." in desk.page()
    with transaction(desk.engine, desk.cafe.merchant_id) as session:
        told = session.scalars(select(Event.data).where(Event.kind == "design_published")).all()
    assert [data["version"] for data in told] == [2]


def test_without_a_phone_the_version_says_that_nobody_waits(redesigned: Desk) -> None:
    assert "no phone had one yet" in sentence(redesigned.page(f"{VERSIONS}/2"), "reach")


def test_after_publishing_the_phones_that_have_it_are_counted(desk: Desk) -> None:
    phones = [desk.phone() for _ in range(3)]
    desk.save(**DARK)
    page = f"{VERSIONS}/2"
    desk.publish()
    told = []
    roll_out(desk.engine)
    for phone in phones:
        told.append(sentence(desk.page(page), "reach"))
        assert phone.fetch().status_code == 200
    assert [text.partition(".")[0] for text in told] == [
        "0 phones have it, 3 not yet",
        "1 phone has it, 2 not yet",
        "2 phones have it, 1 not yet",
    ]
    assert sentence(desk.page(page), "reach") == "All 3 phones with your card have it."


def test_a_phone_that_fetched_before_the_design_reached_its_card_does_not_count(desk: Desk) -> None:
    phone = desk.phone()
    phone.fetch()
    desk.save(**DARK)
    desk.publish()
    roll_out(desk.engine)
    assert "0 phones have it, 1 not yet." in sentence(desk.page(f"{VERSIONS}/2"), "reach")


def test_versions_are_listed_newest_first_and_the_one_customers_see_is_marked(redesigned: Desk) -> None:
    page = redesigned.page(VERSIONS)
    assert re.findall(r'class="version-name">([^<]+)<', page) == ["Version 2", "Version 1"]
    assert page.count("customers see it") == 1
    assert page.index("customers see it") < page.index("Version 1")


def test_every_picture_of_the_versions_is_there_and_its_own(redesigned: Desk) -> None:
    pages = [redesigned.page(path) for path in (VERSIONS, f"{VERSIONS}/1", f"{VERSIONS}/2")]
    redesigned.save(**LIGHT)
    paths = {path for page in (*pages, redesigned.page(REVIEW)) for path in re.findall(r'src="(/console/[^"]+)"', page)}
    pictures = {path: redesigned.get(path) for path in paths}
    assert {answer.status_code for answer in pictures.values()} == {200}
    assert len({answer.data for answer in pictures.values()}) == len(paths) == 3


def test_an_earlier_version_is_compared_with_what_customers_see(redesigned: Desk) -> None:
    page = redesigned.page(f"{VERSIONS}/1")
    assert changes(page)["Background colour"][0] == DARK["background"]
    assert 'id="reach"' not in page
    assert 'id="bring-back"' in page
    assert 'id="bring-back"' not in redesigned.page(f"{VERSIONS}/2")


def test_an_earlier_version_that_looks_the_same_says_so(redesigned: Desk) -> None:
    redesigned.post(f"{VERSIONS}/1/bring-back")
    redesigned.publish()
    page = redesigned.page(f"{VERSIONS}/1")
    assert "looks like the one that customers see" in page
    assert changes(page) == {}


def test_bringing_back_makes_a_draft_that_is_looked_at_before_customers_see_it(redesigned: Desk) -> None:
    answer = redesigned.post(f"{VERSIONS}/1/bring-back")
    assert (answer.status_code, answer.location) == (303, REVIEW)
    assert redesigned.drafted()
    assert changes(redesigned.page(REVIEW))["Background colour"][0] == DARK["background"]
    assert redesigned.get(f"{VERSIONS}/3").status_code == 404
    redesigned.publish()
    assert redesigned.page(f"{VERSIONS}/3")
    assert redesigned.design().colours.background != DARK["background"]


def test_who_has_a_draft_is_told_that_bringing_back_replaces_it(redesigned: Desk) -> None:
    warning = "You have a draft. It is replaced by this version."
    assert warning not in redesigned.page(f"{VERSIONS}/1")
    redesigned.save(**LIGHT)
    assert warning in redesigned.page(f"{VERSIONS}/1")


def test_a_window_that_was_open_when_a_version_was_brought_back_overwrites_nothing(redesigned: Desk) -> None:
    shown = str(redesigned.revision())
    redesigned.post(f"{VERSIONS}/1/bring-back")
    assert redesigned.post(DESIGN, revision=shown, **LIGHT).status_code == 409


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "1.0", "9" * 30, "2147483648"])
def test_a_version_that_never_was_is_not_found(desk: Desk, number: str) -> None:
    for path in (f"{VERSIONS}/{number}", f"{VERSIONS}/{number}/strip.png"):
        assert desk.get(path).status_code == 404
    assert desk.post(f"{VERSIONS}/{number}/bring-back").status_code == 404
    assert not desk.drafted()


def test_another_merchants_versions_are_not_found(
    redesigned: Desk, app: OpenAPI, engine: Engine, now: datetime
) -> None:
    other = open_desk(app, engine, now)
    assert other.get(f"{VERSIONS}/2").status_code == 404
    assert other.get(f"{VERSIONS}/2/strip.png").status_code == 404
    assert other.post(f"{VERSIONS}/2/bring-back").status_code == 404
    assert other.get(f"{VERSIONS}/1/strip.png").data != redesigned.get(f"{VERSIONS}/2/strip.png").data
    assert DARK["background"] not in other.page(f"{VERSIONS}/1")
