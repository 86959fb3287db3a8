"""A class and an object as Google's wallet shows them: nothing else is known of the card.

Sources: Google Wallet, "Loyalty cards: template" (three rows of up to three items; logo, issuer and program above,
code and hero image below; everything else in the details), "Pass builder" (black or white text by contrast).
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.google_resource import Resource, points

Body = Mapping[str, Any]
SHOWN_TEXTS = 10
_STEP = re.compile(r"\.([A-Za-z]+)|\['([^']*)'\]")
_LABELS = {
    "accountId": "accountIdLabel",
    "accountName": "accountNameLabel",
    "rewardsTier": "rewardsTierLabel",
    "secondaryRewardsTier": "secondaryRewardsTierLabel",
}
_GROUND = "#3c4043"
_USUAL_ROWS = (("object.loyaltyPoints", "object.secondaryLoyaltyPoints", "class.rewardsTier"),)


@dataclass(frozen=True)
class Item:
    """One value as shown; `key` says where it came from, `href` where a tap leads."""

    key: str
    label: str
    value: str
    href: str | None = None


@dataclass(frozen=True)
class Picture:
    """An address that Google fetches, and what a screen reader says of the picture there."""

    uri: str
    text: str


@dataclass(frozen=True)
class AndroidCard:
    """One pass as shown. `name` is unique on the page and stands in its addresses and class names."""

    name: str
    id: str
    mark: str
    issuer: str
    title: str
    logo: Picture | None
    hero: Picture | None
    rows: tuple[tuple[Item, ...], ...]
    details: tuple[Item, ...]
    messages: tuple[Item, ...]
    links: tuple[Item, ...]
    code: Mapping[str, Any] | None
    ended: bool
    updated_at: str


def card_name(name: str) -> str:
    """A short name for an object's id that fits in addresses and class names."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def android_card(resource: Resource, class_: Body, *, language: str, now: datetime) -> AndroidCard:
    """The pass in "de" or "en" at this moment."""
    seen = _Seen(resource.body, class_, language)
    both = json.dumps([resource.body, class_], sort_keys=True)
    barcode = resource.body.get("barcode")
    return AndroidCard(
        name=card_name(resource.name),
        id=resource.name,
        mark=hashlib.sha256(both.encode()).hexdigest()[:12],
        issuer=seen.said(class_, "issuerName"),
        title=seen.said(class_, "programName") or seen.said(class_, "title"),
        logo=seen.picture(class_.get("programLogo") or class_.get("titleImage")),
        hero=seen.picture(resource.body.get("heroImage") or class_.get("heroImage")),
        rows=tuple(row for row in seen.rows() if row),
        details=tuple(seen.details()),
        messages=tuple(seen.messages(now)),
        links=tuple(seen.links()),
        code=barcode if isinstance(barcode, dict) and barcode.get("type", "").upper() != "TEXT_ONLY" else None,
        ended=has_ended(resource.body, now),
        updated_at=resource.updated_at,
    )


def has_ended(body: Body, now: datetime) -> bool:
    """Among the expired passes: by its state, or by the end of its time (which Google may notice a day late)."""
    until = body.get("validTimeInterval", {}).get("end", {}).get("date")
    return body["state"].upper() != "ACTIVE" or (until is not None and _instant(until, now) <= now)


def colours(name: str, class_: Body) -> str:
    """A rule of a stylesheet; the ink is black or white, whatever contrasts more."""
    ground = class_.get("hexBackgroundColor", _GROUND)
    if len(ground) == 4:
        ground = "#" + "".join(digit * 2 for digit in ground[1:])
    ink = "#000" if _light(ground) > 0.179 else "#fff"
    return f".pass-{name}{{--pass-background:{ground};--pass-foreground:{ink};--pass-label:{ink}}}\n"


def fields(card: AndroidCard) -> dict[str, str]:
    """Everything with a value on front and details, by where it came from: for a program that looks on."""
    return {item.key: item.value for row in (*card.rows, card.details, card.links) for item in row}


@dataclass(frozen=True)
class _Seen:
    """Object and class through the eyes of a phone in one language."""

    object: Body
    class_: Body
    language: str

    def said(self, body: Body, key: str) -> str:
        """A text, in the phone's language where it has a translation."""
        twin = body.get(f"localized{key[:1].upper()}{key[1:]}")
        return self.text(twin) if twin else str(body.get(key, ""))

    def text(self, localized: Body) -> str:
        """A LocalizedString: the translation for the phone's language, else the default value."""
        default = localized.get("defaultValue", {})
        texts = [default, *localized.get("translatedValues", ())]
        found = [text for text in texts if text.get("language", "").split("-")[0] == self.language]
        return str((found or [default])[0].get("value", ""))

    def picture(self, image: Body | None) -> Picture | None:
        uri = (image or {}).get("sourceUri", {}).get("uri")
        return Picture(uri, self.text((image or {}).get("contentDescription", {}))) if uri else None

    def rows(self) -> Iterator[tuple[Item, ...]]:
        """The rows of the front, by the class's template, else as Google lays them out itself."""
        template = self.class_.get("classTemplateInfo", {}).get("cardTemplateOverride", {})
        infos = template.get("cardRowTemplateInfos")
        for paths in _USUAL_ROWS if infos is None else ():
            yield tuple(item for path in paths if (item := self.field(path)))
        for info in infos or ():
            items = [item for parts in info.values() for item in parts.values()]
            yield tuple(shown for item in items if (shown := self._item(item)))

    def _item(self, item: Body) -> Item | None:
        """Of each value the first field that has something to show."""
        values = []
        for part in ("firstValue", "secondValue"):
            paths = [field.get("fieldPath", "") for field in item.get(part, {}).get("fields", ())]
            values += [shown for path in paths if (shown := self.field(path))][:1]
        if not values:
            return None
        return Item(values[0].key, values[0].label, " / ".join(value.value for value in values))

    def field(self, path: str) -> Item | None:
        """What a field path ("object.textModulesData['contact']") leads to; None for nothing."""
        root, steps = path.partition(".")[0], [name or key for name, key in _STEP.findall(path)]
        body = {"object": self.object, "class": self.class_}.get(root, {})
        if not steps:
            return None
        if steps[0] in ("loyaltyPoints", "secondaryLoyaltyPoints"):
            value, label = points(dict(body), steps[0]), self.said(body.get(steps[0], {}), "label")
            return Item(steps[0], label, value) if value is not None else None
        if steps[0] == "textModulesData" and len(steps) > 1:
            return next((item for item in self._texts(body) if item.key == steps[1]), None)
        value = self.said(body, steps[0])
        label = self.said(self.class_, _LABELS.get(steps[0], ""))
        return Item(steps[0], label, value) if value else None

    def details(self) -> Iterator[Item]:
        """What stands on the back, first the account, then ten texts of the object and ten of the class."""
        for path in ("object.accountName", "object.accountId", "class.details", "class.finePrint"):
            item = self.field(path)
            if item:
                yield item
        yield from self._texts(self.object)
        yield from self._texts(self.class_)

    def _texts(self, body: Body) -> list[Item]:
        modules = body.get("textModulesData", ())[:SHOWN_TEXTS]
        return [
            Item(module.get("id", ""), self.said(module, "header"), self.said(module, "body")) for module in modules
        ]

    def links(self) -> Iterator[Item]:
        """The links of the object, then of the class."""
        for body in (self.object, self.class_):
            for uri in body.get("linksModuleData", {}).get("uris", ()):
                label = self.said(uri, "description") or uri["uri"]
                yield Item(uri.get("id", uri["uri"]), label, uri["uri"], href=uri["uri"])

    def messages(self, now: datetime) -> Iterator[Item]:
        """The messages that may be shown now, newest first."""
        for body in (self.object, self.class_):
            for message in reversed(body.get("messages", ())):
                span = message.get("displayInterval", {})
                starts, ends = (span.get(key, {}).get("date") for key in ("start", "end"))
                early = starts is not None and _instant(starts, now) > now
                late = ends is not None and _instant(ends, now) <= now
                if not early and not late:
                    yield Item(message.get("id", ""), self.said(message, "header"), self.said(message, "body"))


def _instant(text: str, now: datetime) -> datetime:
    """Without an offset it is the phone's local time."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=now.tzinfo)


def _light(colour: str) -> float:
    """Relative luminance of "#rrggbb" (WCAG 2.2); black and white contrast alike with 0.179."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
