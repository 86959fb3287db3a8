"""Google cards, vouchers and their classes of every sort there can be, and a second reader of Google's schema."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from passes.extras import Place
from passes.face import Colours, Face, Line, Sort, Stamps
from passes.fitting import fitted_row
from passes.google import loyalty_class, loyalty_object
from passes.google_face import (
    Ended,
    GoogleCard,
    GoogleOffers,
    GoogleProgram,
    GoogleVoucher,
    Link,
    Message,
    Waiting,
)
from passes.google_offers import offer_class, offer_object
from passes.google_parts import Body
from sandbox.google_schema import schemas

LANGUAGES = ("de", "en")
START = datetime(2026, 11, 22, tzinfo=UTC)
PICTURE = "https://karten.example/pictures/77aa.png"

signs = st.characters(exclude_categories=["Cs", "Cc"])
words = st.text(signs, min_size=1, max_size=60).filter(str.strip)
short = st.text(signs, min_size=1, max_size=8).filter(str.strip)
texts = st.fixed_dictionaries(dict.fromkeys(LANGUAGES, words))
perhaps_texts = st.none() | texts
keys = st.text("abcXYZ019_-", min_size=1, max_size=12)
urls = st.sampled_from([PICTURE, "https://karten.example/x?y=z", "http://127.0.0.1:9000/a.png"])
zones = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=9, minutes=30))])
instants = st.builds(
    lambda hours, zone: (START + timedelta(hours=hours)).astimezone(zone), st.integers(0, 30_000), zones
)
places = st.lists(
    st.builds(Place, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180)), max_size=10, unique_by=str
).map(tuple)
links = st.lists(
    st.builds(
        Link, keys, st.sampled_from(["https://karten.example/card/3fQ", "tel:+49301234", "mailto:a@b.de"]), texts
    ),
    max_size=3,
    unique_by=lambda link: link.key,
).map(tuple)


@st.composite
def messages(draw: st.DrawFn) -> tuple[Message, ...]:
    ats = draw(st.lists(instants, max_size=13))
    lasting = st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=90))
    untils = [at + last if (last := draw(lasting)) else None for at in ats]
    return tuple(
        Message(f"m{number}", at, draw(texts), draw(texts), until)
        for number, (at, until) in enumerate(zip(ats, untils, strict=True))
    )


def ids() -> st.SearchStrategy[str]:
    return st.text("abcXYZ019_.-", min_size=1, max_size=30).map("3388000000012345678.".__add__)


programs = st.builds(
    GoogleProgram,
    ids(), texts, urls, st.none() | urls, st.none() | urls, st.none() | st.builds(Link, keys, st.just(PICTURE), texts),
    links, messages(), places, perhaps_texts, perhaps_texts,
    tier=texts, tier_label=perhaps_texts,
) | st.builds(GoogleProgram, ids(), texts, urls)  # fmt: skip
offers = st.builds(
    GoogleOffers,
    ids(), texts, urls, st.none() | urls, st.none() | urls, st.none() | st.builds(Link, keys, st.just(PICTURE), texts),
    links, messages(), places, perhaps_texts, perhaps_texts, perhaps_texts,
)  # fmt: skip
waitings = st.none() | st.builds(Waiting, st.integers(0, 10**6), texts)
cards = st.builds(
    GoogleCard,
    ids(), ids(), urls, links, messages(), places, st.sampled_from(Ended),
    st.none() | words, st.none() | words, waitings,
)  # fmt: skip
vouchers = st.builds(
    GoogleVoucher,
    ids(), ids(), urls, links, messages(), places, st.sampled_from(Ended),
    st.none() | instants.map(lambda at: at - timedelta(days=2000)),
)  # fmt: skip


@st.composite
def faces(draw: st.DrawFn, like: Face, sort: Sort | None = None) -> tuple[Face, ...]:
    """A card in one language or in both, either first."""
    sort = draw(st.sampled_from(Sort)) if sort is None else sort
    stamped = sort is Sort.LOYALTY and draw(st.booleans())
    needed = draw(st.integers(1, 30))
    sizes = draw(st.sampled_from([(1, 0, 1), (0, 1, 0), (1, 1, 2), (1, 3, 5), (2, 2, 12), (3, 4, 0)]))
    common = replace(
        like,
        colours=Colours("#4A2415", "#fff4e2", "#f0b35a"),
        stamps=Stamps(needed, draw(st.integers(0, needed))) if stamped else None,
        code=draw(st.text("ABC0123456789", min_size=1, max_size=80)),
        voided=draw(st.booleans()),
        expires_at=draw(st.none() | instants),
        sort=sort,
    )
    spoken = draw(st.sampled_from([("de",), ("en",), ("de", "en"), ("en", "de")]))
    primary = draw(st.booleans()) and sort is not Sort.LOYALTY
    return tuple(_spoken(draw, common, language, sizes, primary) for language in spoken)


def _spoken(draw: st.DrawFn, common: Face, language: str, sizes: tuple[int, int, int], primary: bool) -> Face:
    def some(name: str, count: int, values: st.SearchStrategy[Any]) -> tuple[Line, ...]:
        return tuple(Line(f"{name}{number}", draw(st.just("") | short), draw(values)) for number in range(count))

    header, below, back = sizes
    row = fitted_row(some("row", below, short | st.integers(0, 99)))
    return replace(
        common,
        language=language,
        organization=draw(words),
        description=draw(words),
        header=some("head", header, short | st.integers(0, 10**6)),
        primary=some("offer", int(primary), words),
        secondary=row[:1],
        auxiliary=row[1:],
        back=some("back", back, words),
    )


@st.composite
def bodies(draw: st.DrawFn, kind: str, like: Face, places_allowed: bool) -> Body:
    """A body of the kind, of any card there can be."""
    first, *others = draw(faces(like, Sort.VOUCHER if kind == "OfferObject" else None))
    build: Callable[..., Body]
    build, beyond = {
        "LoyaltyClass": (loyalty_class, programs),
        "LoyaltyObject": (loyalty_object, cards),
        "OfferClass": (offer_class, offers),
        "OfferObject": (offer_object, vouchers),
    }[kind]
    notify = {"notify": draw(st.booleans())} if kind.endswith("Object") else {}
    return build(first, draw(beyond), *others, places_allowed=places_allowed, **notify)


def full_body(kind: str, like: Face) -> Body:
    """A body of the kind that says all that it can, in both languages."""
    both = {"de": "Neu", "en": "New"}
    sort = Sort.VOUCHER if kind == "OfferObject" else Sort.LOYALTY
    german = replace(like, sort=sort, stamps=None, expires_at=START + timedelta(days=9))
    english = replace(german, language="en", organization="Café Dawn")
    home = Link("home", "https://shop.example", both)
    shared = (
        "3388.full", both, PICTURE, PICTURE, PICTURE, home, (home,), (Message("m", START, both, both),),
        (Place(latitude=1, longitude=1),),
    )  # fmt: skip
    own = ("3388.full", "3388.class", PICTURE, *shared[6:], Ended.USED)
    built: dict[str, Callable[..., Body]] = {
        "LoyaltyClass": lambda: loyalty_class(german, GoogleProgram(*shared, both, both, both, both), english),
        "OfferClass": lambda: offer_class(german, GoogleOffers(*shared, both, both, both), english),
        "LoyaltyObject": lambda: loyalty_object(german, GoogleCard(*own, "K7", "Ada", Waiting(1, both)), english),
        "OfferObject": lambda: offer_object(german, GoogleVoucher(*own, START), english),
    }
    return built[kind]()


@cache
def validator(kind: str) -> Draft202012Validator:
    """Google's schema of a kind as JSON Schema 2020-12, unknown keys forbidden."""
    found = {name: _as_json_schema(schema) for name, schema in schemas().items()}
    return Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": found})


def _as_json_schema(schema: Any) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    kept = {key: schema[key] for key in ("type", "enum") if key in schema}
    if "items" in schema:
        kept["items"] = _as_json_schema(schema["items"])
    if "properties" in schema:
        kept["properties"] = {key: _as_json_schema(value) for key, value in schema["properties"].items()}
        kept["additionalProperties"] = False
    if schema.get("format") == "int64":
        kept["pattern"] = "^-?[0-9]{1,19}$"
    if schema.get("format") == "int32":
        kept |= {"minimum": -(2**31), "maximum": 2**31 - 1}
    return kept


def unnulled(node: Any) -> Any:
    """Without what is null: what stands at Google after a PATCH that found nothing there."""
    if isinstance(node, dict):
        return {key: unnulled(value) for key, value in node.items() if value is not None}
    return node


def merged(stands: Any, patch: Any) -> Any:
    """What stands at Google after a PATCH: objects merge, null forgets, all else is replaced (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    before = stands if isinstance(stands, dict) else {}
    kept = {key: value for key, value in before.items() if key not in patch}
    return kept | {key: merged(before.get(key), value) for key, value in patch.items() if value is not None}
