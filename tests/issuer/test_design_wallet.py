"""What only Apple Wallet is told: read as people type it, refused with a remedy, compared value by value."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.design import CHANGES
from issuer.design_wallet import MOST_ROWS, is_of_wallet, read_wallet, typed_as, wallet_differences
from issuer.language import translator
from passes.extras import NO_EXTRAS, Beacon, Extras, Place, Window

BERLIN = "Europe/Berlin"
BEACON = "f8f589e9-c07e-58b0-aeab-a36be4d48fac"
FORM = {
    "shareable": "0",
    "phone_formats": "1",
    "radius": "50",
    "align": "Right",
    "apps": "361309726, 12345",
    "app_url": "shop://card",
    "app_data": "shop = 12\nname = Mitte",
    "place_0_at": "52.51628, 13.37771",
    "place_0_text": "Lindenstraße 3",
    "place_1_at": "",
    "place_1_text": "",
    "beacon_0_uuid": BEACON,
    "beacon_0_major": "1",
    "beacon_0_minor": "",
    "beacon_0_text": "",
    "window_0_start": "2026-12-24T18:00",
    "window_0_end": "2026-12-24T20:00",
}
AS_TYPED = Extras(
    shareable=False,
    phone_formats=True,
    radius=50,
    align="Right",
    apps=(361309726, 12345),
    app_url="shop://card",
    app_data={"shop": "12", "name": "Mitte"},
    places=(Place(latitude=52.51628, longitude=13.37771, text="Lindenstraße 3"),),
    beacons=(Beacon(uuid=UUID(BEACON), major=1),),
    windows=(Window(start=datetime(2026, 12, 24, 17, tzinfo=UTC), end=datetime(2026, 12, 24, 19, tzinfo=UTC)),),
)


def read(form: dict[str, str], before: Extras = NO_EXTRAS) -> tuple[Extras, dict[str, str]]:
    return read_wallet(form, before, BERLIN)


def test_a_whole_form_is_what_was_typed_and_times_are_the_shops() -> None:
    assert read(FORM) == (AS_TYPED, {})


def test_an_empty_form_changes_nothing_and_empty_fields_empty_everything() -> None:
    assert read({}, AS_TYPED) == (AS_TYPED, {})
    assert read(dict.fromkeys(FORM, "") | {"shareable": "1"}, AS_TYPED) == (NO_EXTRAS, {})


def test_what_is_shown_is_read_again_as_the_same() -> None:
    form = typed_as(AS_TYPED, BERLIN)
    assert form == {name: text for name, text in FORM.items() if not name.startswith("place_1")}
    assert read(form) == (AS_TYPED, {})
    assert read(typed_as(NO_EXTRAS, BERLIN), AS_TYPED)[0].apps == ()
    assert all(map(is_of_wallet, form))


@pytest.mark.parametrize(
    ("typed", "latitude", "longitude"),
    [
        ("52.51628, 13.37771", 52.51628, 13.37771),
        ("52.51628,13.37771", 52.51628, 13.37771),
        (" 52.51628°  13.37771° ", 52.51628, 13.37771),
        ("52,51628; 13,37771", 52.51628, 13.37771),
        ("52,51628, 13,37771", 52.51628, 13.37771),
        ("-33.9, +18", -33.9, 18),
        ("90, -180", 90, -180),
        ("0.00001, 0", 0.00001, 0),
    ],
)
def test_a_place_is_read_as_maps_give_it(typed: str, latitude: float, longitude: float) -> None:
    found, problems = read({"place_0_at": typed})
    assert problems == {}
    assert found.places == (Place(latitude=latitude, longitude=longitude),)
    assert read(typed_as(found, BERLIN))[0].places == found.places


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        *(("place_0_at", typed) for typed in ("", "Berlin", "52.5", "52.5, ", "5, 13, 7", "91, 0", "0, 181", "١, ٢")),
        *(("place_0_text", typed) for typed in ("x" * 101, "bell\a", "\N{RIGHT-TO-LEFT OVERRIDE}turned")),
        *(("radius", typed) for typed in ("0", "-1", "1.5", "100001", "near", "1e3")),
        *(("align", typed) for typed in ("left", "Middle")),
        *(("apps", typed) for typed in ("shop", "0", "-1", "1, two", ",".join("12345678901"), "1" * 16)),
        *(("app_url", typed) for typed in ("card", "//card", "http://[", "shop://a b", "shop://" + "x" * 500)),
        *(("app_data", typed) for typed in ("shop", "= 12", "\n".join(f"k{n} = v" for n in range(21)), "a = b\a")),
        *(("beacon_0_uuid", typed) for typed in ("", "1", "g" * 32, f"0x{BEACON[2:]}", BEACON.replace("f8", "f_"))),
        *(("beacon_0_major", typed) for typed in ("-1", "65536", "one")),
        *(("beacon_0_minor", typed) for typed in ("65536", "1.0")),
        ("beacon_0_text", "x" * 101),
        *(("window_0_start", typed) for typed in ("", "today", "2026-12-24", "2026-02-30T10:00", "0001-01-01T00:00")),
        *(("window_0_end", typed) for typed in ("2026-12-24T18:00", "2026-12-25T18:01", "2026-12-23T20:00", "x")),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_by_its_field_and_nothing_else_is_lost(field: str, typed: str) -> None:
    found, problems = read(FORM | {field: typed}, AS_TYPED)
    assert list(problems) == [field]
    assert found == AS_TYPED
    other, _ = read(FORM | {field: typed, "radius" if field != "radius" else "align": ""}, AS_TYPED)
    assert other != AS_TYPED, "what is right beside it is taken"


@pytest.mark.parametrize("typed", ["https://apps.apple.com/de/app/shop/id361309726?l=en", "361309726"])
def test_an_app_is_its_number_or_its_address_in_the_store(typed: str) -> None:
    assert read({"apps": typed}) == (Extras(apps=(361309726,)), {})


def test_an_address_without_an_app_is_refused_whichever_of_the_two_was_changed() -> None:
    for form in ({"app_url": "shop://card"}, FORM | {"apps": ""}):
        found, problems = read(form)
        assert list(problems) == ["app_url"]
        assert (found.apps, found.app_url) == ((), "")


@pytest.mark.parametrize("before", [NO_EXTRAS, AS_TYPED])
def test_a_time_without_a_place_is_refused_whichever_of_the_two_was_changed(before: Extras) -> None:
    found, problems = read(FORM | {"place_0_at": "", "place_0_text": ""}, before)
    assert list(problems) == ["window_0_start"]
    assert (found.places, found.windows) == (before.places, before.windows)


@pytest.mark.parametrize(("kind", "row"), [
    ("place", {"at": "52.5, 13.{}"}), ("beacon", {"uuid": "f8f589e9-c07e-58b0-aeab-a36be4d48f{:02}"}),
    ("window", {"start": "2026-12-{:02}T18:00"}),
])  # fmt: skip
def test_ten_rows_are_taken_and_the_eleventh_is_refused(kind: str, row: dict[str, str]) -> None:
    form = {"place_0_at": "52.5, 13.4"}
    for number in range(10, 20):
        form |= {f"{kind}_{number}_{part}": text.format(number) for part, text in row.items()}
    form.pop("place_0_at") if kind == "place" else None
    found, problems = read(form)
    assert (problems, len(getattr(found, f"{kind}s"))) == ({}, MOST_ROWS[kind])
    more = {f"{kind}_20_{part}": text.format(20) for part, text in row.items()}
    found, problems = read(form | more, found)
    assert (list(problems), len(getattr(found, f"{kind}s"))) == ([next(iter(more))], 10)


def test_a_place_that_is_kept_keeps_its_height() -> None:
    high = Extras(places=(Place(latitude=47.5, longitude=11, altitude=2962, text="Gipfel"),))
    assert read(typed_as(high, BERLIN) | {"place_0_text": "Oben"}, high)[0].places[0].altitude == 2962
    assert read({"place_0_at": "47.6, 11"}, high)[0].places[0].altitude is None


def test_a_window_over_the_hour_that_comes_twice_is_stored_as_it_was_checked() -> None:
    long = {"window_0_start": "2026-10-24T12:00", "window_0_end": "2026-10-25T12:00"}
    assert list(read(FORM | long)[1]) == ["window_0_end"], "25 hours, though the clock says 24"
    found, problems = read(FORM | long | {"window_0_end": "2026-10-25T11:00"})
    assert problems == {}
    assert Extras.model_validate(found.model_dump(mode="json")) == found


TYPED = st.text(max_size=30) | st.sampled_from([*FORM.values(), "0", "-1", "99999", "id1", "a=b=c", "52.5 13"])
NAMES = st.sampled_from([*FORM, "place_7_at", "place_999_text", "beacon_3_minor", "window_2_end"])


@given(st.dictionaries(NAMES, TYPED), st.sampled_from([NO_EXTRAS, AS_TYPED]))
def test_whatever_is_typed_is_taken_or_objected_to_and_can_be_stored(form: dict[str, str], before: Extras) -> None:
    found, problems = read(form, before)
    assert Extras.model_validate(found.model_dump(mode="json", exclude_defaults=True)) == found
    for sentence in problems.values():
        german = translator("de").gettext(sentence)
        assert german != sentence
        assert (german % {"given": "100 %"}).endswith(".")


@pytest.mark.parametrize(("field", "what", "told"), [
    ("shareable", "sharing", "False"), ("phone_formats", "phone_formats", "True"), ("radius", "radius", "50 m"),
    ("align", "align", "Right"), ("apps", "apps", "361309726, 12345"), ("app_url", "app_url", "shop://card"),
    ("app_data", "app_data", "shop = 12\nname = Mitte"), ("places", "places", "52.51628, 13.37771 Lindenstraße 3"),
    ("beacons", "beacons", f"{BEACON} 1"), ("windows", "windows", "2026-12-24 17:00 – 2026-12-24 19:00"),
])  # fmt: skip
def test_every_value_that_differs_is_told(field: str, what: str, told: str) -> None:
    plain: dict[str, Any] = NO_EXTRAS.model_dump()
    needed = {"app_url": ("apps",), "windows": ("places",)}.get(field, ())
    before = Extras.model_validate(plain | {name: getattr(AS_TYPED, name) for name in needed})
    after = before.model_copy(update={field: getattr(AS_TYPED, field)})
    ((found, old, new),) = wallet_differences(before, after)
    assert (found, new) == (what, told)
    assert [(what, new, old)] == list(wallet_differences(after, before))


def test_no_value_can_differ_unnoticed_and_each_has_a_name() -> None:
    noticed = [what for what, _, _ in wallet_differences(NO_EXTRAS, AS_TYPED)]
    assert len(noticed) == len(Extras.model_fields)
    assert set(noticed) <= set(CHANGES)
    assert list(wallet_differences(AS_TYPED, AS_TYPED)) == []


def test_the_height_of_a_place_does_not_differ_unnoticed_either() -> None:
    low, high = (Extras(places=(Place(latitude=47.5, longitude=11, altitude=at),)) for at in (None, 2962))
    assert list(wallet_differences(low, high)) == [("places", "47.5, 11.0", "47.5, 11.0 (2962 m)")]
