"""Pictures of the merchant's own: what is taken, what is refused with a sentence, and who gets to see them."""

import html
import io
import re
from datetime import datetime

import pytest
from flask_openapi3 import OpenAPI
from PIL import Image
from sqlalchemy import Engine

from tests.passes.pictures import drawn, file_of, header_only, opened, photograph
from tests.web.designing import DARK, DESIGN, Desk, open_desk
from tests.web.members import member

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PICTURES = f"{DESIGN}/pictures"
LOGO = file_of(drawn((600, 200)))


def noise(side: int) -> bytes:
    """A picture that no format makes smaller."""
    return file_of(Image.merge("RGB", [Image.effect_noise((side, side), 90) for _ in "RGB"]))


@pytest.fixture
def desk(app: OpenAPI, engine: Engine, now: datetime) -> Desk:
    return open_desk(app, engine, now)


def told(text: str) -> str:
    """The sentence in the banner."""
    found = re.search(r'<div id="trouble" role="alert"><p[^>]*>([^<]+)</p>', text)
    assert found is not None
    return html.unescape(found[1])


@pytest.mark.parametrize("data", [LOGO, file_of(photograph(), "JPEG"), file_of(drawn((300, 300)), "WEBP")])
def test_one_picture_becomes_logo_and_icon_of_the_draft(desk: Desk, data: bytes) -> None:
    before = desk.worn()
    assert desk.upload(data).status_code == 303
    after = desk.worn()
    assert desk.drafted()
    assert after.logo_id != before.logo_id
    assert after.icon_id != before.icon_id
    assert (after.stamp_id, after.design) == (before.stamp_id, desk.design().stored())


def test_a_stamp_picture_leaves_logo_and_icon_alone(desk: Desk) -> None:
    before = desk.worn()
    assert desk.upload(LOGO, "stamp").status_code == 303
    after = desk.worn()
    assert after.stamp_id != before.stamp_id
    assert (after.logo_id, after.icon_id) == (before.logo_id, before.icon_id)


def test_an_upload_keeps_what_was_designed_before(desk: Desk) -> None:
    desk.save(**DARK, text_en="Mine")
    desk.upload(LOGO)
    assert (desk.design().colours.background, desk.design().texts["en"]) == (DARK["background"], "Mine")


@pytest.mark.parametrize("kind", ["logo", "stamp"])
@pytest.mark.parametrize(("data", "english", "german"), [
    (b"", "The file is empty; choose a picture as PNG, JPEG or WebP.", "leer"),
    (SVG, "The file is of the kind SVG; save the picture as PNG and upload that.", "SVG"),
    (file_of(photograph(), "GIF"), "The file is of the kind GIF; save", "GIF"),
    (b"Dear Sir or Madam", "The file is no picture; choose one as PNG, JPEG or WebP.", "kein Bild"),
    (LOGO[:200], "The picture is damaged or cut off; save it anew", "beschädigt"),
    (header_only(5000, 5000), "The picture has 5000 x 5000 pixels; make it smaller", "5000"),
    (file_of(Image.new("RGBA", (90, 90))), "There is nothing to see in the picture; choose another one.", "nichts"),
    (b"\x89PNG\r\n\x1a\n" + bytes(2_000_000), "The file has 2000 kB; make the picture smaller", "2000"),
], ids=["empty", "svg", "gif", "text", "cut", "bomb", "clear", "large"])  # fmt: skip
def test_what_is_no_picture_of_ours_is_refused_in_one_sentence_of_either_language(
    desk: Desk, kind: str, data: bytes, english: str, german: str
) -> None:
    for language, part in (("en", english), ("de", german)):
        desk.language = language
        answer = desk.upload(data, kind)
        assert answer.status_code == 422
        assert part in told(answer.text)
        assert told(answer.text).endswith(".")
    assert not desk.drafted()


def test_a_form_without_a_file_is_refused(desk: Desk) -> None:
    answer = desk.post(PICTURES)
    assert (answer.status_code, "The file is empty" in told(answer.text)) == (422, True)


def test_a_picture_of_nearly_two_megabytes_is_taken(desk: Desk) -> None:
    data = noise(805)
    assert 1_800_000 < len(data) < 2_000_000
    assert desk.upload(data, name="photo.png").status_code == 303


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_file_that_is_far_too_large_is_refused_in_a_sentence_unread(desk: Desk, language: str) -> None:
    desk.language = language
    answer = desk.upload(LOGO + bytes(3_000_000))
    assert answer.status_code == 413
    assert "2000 kB" in told(answer.text)
    assert not desk.drafted()


def test_other_forms_take_no_more_than_before(desk: Desk) -> None:
    desk.language = "en"
    answer = desk.post(DESIGN, text_en="x" * 1_100_000)
    assert answer.status_code == 413
    assert "That is too much at once." in answer.text
    assert "kB" not in answer.text


def test_even_a_large_file_needs_the_pages_token(desk: Desk) -> None:
    for token in ("", "made up"):
        assert desk.upload(noise(700), csrf_token=token).status_code == 400
    assert not desk.drafted()


def test_an_upload_against_an_older_draft_is_told_and_overwrites_nothing(desk: Desk) -> None:
    older = str(desk.revision())
    desk.save(**DARK)
    before = desk.worn().logo_id
    answer = desk.upload(LOGO, revision=older)
    assert answer.status_code == 409
    assert "changed in another window" in told(answer.text)
    assert desk.worn().logo_id == before


@pytest.mark.parametrize(("size", "doubt"), [((20, 20), "look blurred"), ((4000, 60), "very long and thin")])
def test_a_doubtful_picture_is_taken_with_a_word_about_it(desk: Desk, size: tuple[int, int], doubt: str) -> None:
    answer = desk.upload(file_of(drawn(size)))
    assert answer.status_code == 303
    assert doubt in desk.page(answer.location)
    assert doubt not in desk.page()


@pytest.mark.parametrize("doubts", ["nothing", "<script>", "small,small2", ","])
def test_a_doubt_that_is_none_says_nothing(desk: Desk, doubts: str) -> None:
    answer = desk.browser.client.get(DESIGN, query_string={"doubts": doubts}, headers={"Accept-Language": "en"})
    assert "<script>" not in answer.text
    assert answer.text.count("banner-attention") == desk.page().count("banner-attention") + doubts.count("small,")


def test_nothing_of_the_original_but_what_is_seen_is_kept(desk: Desk) -> None:
    secret = b"Lindenstrasse 5, second floor"
    tags = Image.Exif()
    tags[0x010E] = secret.decode()
    desk.upload(file_of(photograph(), "JPEG", exif=tags, comment=secret))
    number = desk.revision()
    for name in ("logo", "icon", "round"):
        assert secret not in desk.get(f"{DESIGN}/files/{number}/{name}.png").data


def test_the_pictures_of_a_draft_are_the_merchants_alone(
    app: OpenAPI, engine: Engine, now: datetime, desk: Desk
) -> None:
    """Even at the same address, and even in one browser that goes over from one shop to the other."""
    other = open_desk(app, engine, now)
    both = member(app, now, (desk.cafe.merchant_id, "owner"), (other.cafe.merchant_id, "owner")).browser
    desk.upload(LOGO)
    address = f"{DESIGN}/files/{desk.revision()}/logo.png"
    mine = both.client.get(address)
    assert (mine.data, mine.headers["Cache-Control"]) == (desk.get(address).data, "private, no-cache")
    both.submit("/console/account/shop", merchant_id=str(other.cafe.merchant_id))
    theirs = both.client.get(address, headers={"If-None-Match": mine.headers["ETag"]})
    assert (theirs.status_code, theirs.data) == (200, other.get(address).data)
    assert theirs.data != mine.data


def test_a_picture_that_is_still_the_one_is_not_sent_again(desk: Desk) -> None:
    address = f"{DESIGN}/files/{desk.revision()}/strip-half.png"
    tag = desk.get(address).headers["ETag"]
    again = desk.browser.client.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("name", [
    "nothing.png", "logo-half.png", "strip.png", "strip-.png", "strip-most.png", "hero.png", ".png",
    "..%2f1%2flogo.png", "strip-half-half.png", "stamp.svg",
])  # fmt: skip
def test_a_picture_that_no_preview_shows_is_not_found(desk: Desk, name: str) -> None:
    assert desk.get(f"{DESIGN}/files/1/{name}").status_code == 404


@pytest.mark.parametrize("revision", ["x", "-1", "1.5"])
def test_a_revision_that_is_no_number_is_not_found(desk: Desk, revision: str) -> None:
    assert desk.get(f"{DESIGN}/files/{revision}/logo.png").status_code == 404


@pytest.mark.parametrize(("name", "size"), [
    ("logo", None), ("icon", (76, 76)), ("round", (660, 660)), ("stamp", (132, 132)),
    *((f"strip-{state}", (750, 288)) for state in ("empty", "half", "full")),
    *((f"hero-{state}", (1032, 336)) for state in ("empty", "half", "full")),
])  # fmt: skip
def test_every_picture_of_the_preview_has_the_size_it_is_shown_at(
    desk: Desk, name: str, size: tuple[int, int] | None
) -> None:
    answer = desk.get(f"{DESIGN}/files/{desk.revision()}/{name}.png")
    assert answer.mimetype == "image/png"
    picture = Image.open(io.BytesIO(answer.data))
    assert picture.size == size or size is None


def test_none_half_and_all_of_the_stamps_are_three_pictures(desk: Desk) -> None:
    for kind in ("strip", "hero"):
        paths = [f"{DESIGN}/files/1/{kind}-{state}.png" for state in ("empty", "half", "full")]
        assert len({desk.get(path).data for path in paths}) == 3


def test_the_strip_wears_the_drafts_colours(desk: Desk) -> None:
    desk.save(background="#101820")
    strip = opened(desk.get(f"{DESIGN}/files/{desk.revision()}/strip-empty.png").data)
    assert strip.getpixel((0, 0))[:3] == (0x10, 0x18, 0x20)
