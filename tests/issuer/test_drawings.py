"""Pictures of passes are drawn once for all processes, kept by merchant, and drawn anew by another edition."""

import hashlib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, event, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from issuer import drawings
from issuer.brands import brand_of_merchant, version_of
from issuer.drawings import Files, artwork_of, hero_of, hero_png, hero_url
from issuer.schema import BrandVersion, Drawing
from passes.apple import apple_pictures
from passes.face import Face, FaceRefused, Sort, Stamps
from passes.google_images import hero_image
from tests.issuer.conftest import Founder
from tests.issuer.counting import Till
from tests.issuer.redesigning import DARK, face, redesign

ONE, TWO = Stamps(2, 1), Stamps(2, 2)
OTHER = b"not what would be drawn"


def published(session: Session, number: int = 1) -> BrandVersion:
    version = version_of(session, brand_of_merchant(session), number)
    assert version is not None
    return version


@pytest.fixture
def shown(till: Till) -> Face:
    """Of a card with one stamp of two, so that little is to be drawn."""
    return replace(face(till, till.join()), stamps=ONE)


def artwork(till: Till, shown: Face, number: int = 1) -> Files:
    with till.work() as session:
        return artwork_of(session, published(session, number), shown, till.now)


def hero(till: Till, shown: Face, number: int = 1) -> str:
    with till.work() as session:
        return hero_of(session, published(session, number), shown, till.now)


def fetched(till: Till, digest: str, number: int = 1) -> bytes | None:
    with till.work() as session:
        return hero_png(session, published(session, number), digest)


def rows(till: Till) -> Sequence[Drawing]:
    with till.work() as session:
        return session.scalars(select(Drawing).order_by(Drawing.brand_version, Drawing.kind, Drawing.name)).all()


def kinds(till: Till) -> set[tuple[int, str, int, int]]:
    return {(row.brand_version, row.kind, row.needed, row.filled) for row in rows(till)}


def change(till: Till, **values: Any) -> None:
    """What another process, or code of another day, might have kept."""
    with till.work() as session:
        session.execute(update(Drawing).values(**values))


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("stamps", [ONE, None], ids=["grid", "none"])
def test_what_is_kept_is_what_a_pass_of_this_sort_and_count_bears(
    till: Till, shown: Face, sort: Sort, stamps: Stamps | None
) -> None:
    shown = replace(shown, sort=sort, stamps=stamps)
    drawn = apple_pictures(shown.icon, shown.logo, shown.look, stamps, sort)
    assert artwork(till, shown) == drawn == artwork(till, shown)
    kept = {row.name: (row.png, row.sha256, row.created_at, row.merchant_id) for row in rows(till)}
    assert kept == {
        name: (png, hashlib.sha256(png).digest(), till.now, till.shop.merchant_id) for name, png in drawn.items()
    }


def test_what_was_drawn_once_is_read_and_not_drawn_again(till: Till, shown: Face) -> None:
    names = artwork(till, shown).keys()
    change(till, png=OTHER)
    assert artwork(till, shown) == dict.fromkeys(names, OTHER)


def test_it_is_read_in_one_statement(till: Till, shown: Face) -> None:
    artwork(till, shown)
    with till.work() as session:
        worn, sent = published(session), list[str]()
        event.listen(session.connection(), "before_cursor_execute", lambda *told: sent.append(told[2]))
        artwork_of(session, worn, shown, till.now)
    assert len(sent) == 1


def test_another_count_is_drawn_by_itself_and_icon_and_logo_are_kept_once(till: Till, shown: Face) -> None:
    one, two = artwork(till, shown), artwork(till, replace(shown, stamps=TWO))
    assert {name for name in one if one[name] != two[name]} == {"strip.png", "strip@2x.png", "strip@3x.png"}
    assert kinds(till) == {(1, "brand", 0, 0), (1, "loyalty", 2, 1), (1, "loyalty", 2, 2)}
    assert len(rows(till)) == 12


def test_two_that_draw_the_same_at_once_get_and_keep_it_once(till: Till, shown: Face) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: artwork(till, shown), range(4)))
    assert found == [found[0]] * 4
    assert len(rows(till)) == 9


def test_whoever_cannot_write_gets_the_picture_and_the_transaction_goes_on(
    till: Till, shown: Face, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), till.work() as session:
        worn = published(session)
        session.execute(text("SET TRANSACTION READ ONLY"))
        assert artwork_of(session, worn, shown, till.now).keys() >= {"icon.png", "strip@3x.png"}
        assert published(session) is worn
    assert "could not be kept: cannot execute INSERT in a read-only transaction" in caplog.text
    assert rows(till) == []


def test_whoever_would_wait_too_long_for_another_gets_the_picture(till: Till, shown: Face) -> None:
    with till.work() as slow:
        first = artwork_of(slow, published(slow), shown, till.now)
        with till.work() as quick:
            quick.execute(text("SET LOCAL lock_timeout = '1ms'"))
            assert artwork_of(quick, published(quick), shown, till.now) == first
    assert len(rows(till)) == 9


def test_what_cannot_be_drawn_is_refused_and_nothing_is_kept(till: Till, shown: Face) -> None:
    wrong = replace(shown, stamps=Stamps(2, 3))
    for draw in (artwork, hero):
        with pytest.raises(FaceRefused, match="3 of 2"):
            draw(till, wrong)
    assert rows(till) == []


def test_what_earlier_code_drew_is_drawn_anew_and_forgotten(till: Till, shown: Face) -> None:
    before = artwork(till, shown)
    artwork(till, replace(shown, stamps=TWO))
    change(till, png=OTHER, edition=Drawing.edition - 1)
    assert artwork(till, shown) == before
    assert {(row.edition, row.filled) for row in rows(till)} == {(drawings.EDITION, 0), (drawings.EDITION, 1)}


def test_what_newer_code_drew_is_left_alone_by_older_code_beside_it(till: Till, shown: Face) -> None:
    before = artwork(till, shown)
    change(till, png=OTHER, edition=Drawing.edition + 1)
    assert artwork(till, shown) == before
    assert len(rows(till)) == 18


def test_a_redesign_is_drawn_anew_and_the_look_before_forgotten(till: Till, shown: Face) -> None:
    before = artwork(till, shown)
    redesign(till, DARK)
    after = artwork(till, replace(face(till, till.join()), stamps=ONE), 2)
    assert after["strip.png"] != before["strip.png"]
    assert {version for version, *_ in kinds(till)} == {2}


def test_nothing_that_another_merchant_drew_is_read_or_forgotten(another: Founder) -> None:
    mine, theirs = another(), another()
    faces = [replace(face(till, till.join()), stamps=ONE) for till in (mine, theirs)]
    first = artwork(mine, faces[0])
    change(mine, edition=Drawing.edition - 1)
    change(theirs, png=OTHER)
    assert artwork(theirs, faces[1]) == first
    assert {row.edition for row in rows(mine)} == {drawings.EDITION - 1}


def test_another_merchants_brand_gets_its_picture_and_keeps_nothing(till: Till, other_till: Till, shown: Face) -> None:
    with till.work() as session:
        worn = published(session)
    with other_till.work() as session:
        artwork_of(session, worn, shown, till.now)
    assert [*rows(till), *rows(other_till)] == []


def test_drawings_go_with_the_version_they_were_drawn_of(till: Till, shown: Face) -> None:
    artwork(till, shown)
    hero(till, shown)
    with till.work() as session:
        session.execute(delete(BrandVersion))
    assert rows(till) == []


@pytest.mark.parametrize("stamps", [ONE, TWO, None], ids=["one", "two", "none"])
def test_a_banner_is_kept_under_the_digest_of_its_file(till: Till, shown: Face, stamps: Stamps | None) -> None:
    shown = replace(shown, stamps=stamps)
    digest = hero(till, shown)
    png = fetched(till, digest)
    assert png == hero_image(shown.look, stamps)
    assert digest == hashlib.sha256(png).hexdigest()


def test_each_count_has_a_banner_of_its_own_and_the_same_count_the_same(till: Till, shown: Face) -> None:
    counts = [Stamps(2, 0), ONE, TWO, ONE]
    digests = [hero(till, replace(shown, stamps=stamps)) for stamps in counts]
    assert len(set(digests)) == 3
    assert digests[1] == digests[3]
    assert len(rows(till)) == 3


def test_a_banner_that_was_drawn_once_is_not_drawn_again(till: Till, shown: Face) -> None:
    hero(till, shown)
    change(till, png=OTHER, sha256=hashlib.sha256(OTHER).digest())
    digest = hero(till, shown)
    assert digest == hashlib.sha256(OTHER).hexdigest()
    assert fetched(till, digest) == OTHER


def test_two_that_draw_a_banner_at_once_tell_the_same_address(till: Till, shown: Face) -> None:
    with ThreadPoolExecutor(4) as pool:
        digests = set(pool.map(lambda _: hero(till, shown), range(4)))
    assert len(digests) == len(rows(till)) == 1


def test_no_address_is_told_of_a_banner_that_could_not_be_kept(till: Till, shown: Face) -> None:
    with till.work() as session:
        worn = published(session)
        session.execute(text("SET TRANSACTION READ ONLY"))
        with pytest.raises(DBAPIError, match="read-only"):
            hero_of(session, worn, shown, till.now)


def test_a_banner_stays_where_google_looks_for_it_whatever_is_drawn_later(till: Till, shown: Face) -> None:
    digest = hero(till, shown)
    png = fetched(till, digest)
    change(till, edition=Drawing.edition - 1)
    artwork(till, shown)
    redesign(till, DARK)
    after = replace(face(till, till.join()), stamps=ONE)
    artwork(till, after, 2)
    assert hero(till, after, 2) != digest
    assert fetched(till, digest) == png


def test_a_digest_that_is_another_or_not_whole_finds_nothing(till: Till, shown: Face) -> None:
    digest = hero(till, shown)
    for wrong in (digest[:16], digest.upper(), "0" * 64, "%", ""):
        assert fetched(till, wrong) is None


def test_the_pictures_of_a_pass_are_no_banners(till: Till, shown: Face) -> None:
    png = artwork(till, shown)["strip.png"]
    assert fetched(till, hashlib.sha256(png).hexdigest()) is None


def test_the_address_of_a_banner_names_program_version_and_digest() -> None:
    address = hero_url("https://cards.example", "cafe", 3, "ab" * 32)
    assert address == f"https://cards.example/brand/cafe/3/hero-{'ab' * 32}.png"
