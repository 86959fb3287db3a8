"""What stands in a pass's fields, as Wallet prints it. Source: Apple, "PassFieldContent"."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.pass_content import each_field

_DATE = {"de": "%d.%m.%Y", "en": "%d %b %Y"}
_MARKS = {"EUR": "€", "GBP": "£", "USD": "$", "CHF": "CHF"}


def shown_value(field: Mapping[str, Any], language: str) -> str:
    """The value in "de" or "en": dates and money by their styles, everything else as it stands."""
    value = field["value"]
    if "currencyCode" in field and isinstance(value, int | float):
        return _money(value, str(field["currencyCode"]), language)
    if ("dateStyle" in field or "timeStyle" in field) and isinstance(value, str):
        return _moment(value, field, language)
    if isinstance(value, float):
        return _decimal(f"{value:g}", language)
    return str(value)


def _money(value: float, currency: str, language: str) -> str:
    number, mark = _decimal(f"{value:.2f}", language), _MARKS.get(currency, currency)
    return f"{number}\N{NO-BREAK SPACE}{mark}" if language == "de" else f"{mark}{number}"


def _decimal(number: str, language: str) -> str:
    return number.replace(".", ",") if language == "de" else number


def _moment(text: str, field: Mapping[str, Any], language: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    wanted = [(field.get("dateStyle"), _DATE[language]), (field.get("timeStyle"), "%H:%M")]
    shown = [moment.strftime(form) for style, form in wanted if style not in (None, "PKDateStyleNone")]
    return " ".join(shown) or text


def changed_with_message(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields of `new` whose value differs from that under the same key in `old` and that say so.

    A key that is new has no old value, so it changes in silence; so does one without `%@` in changeMessage.
    """
    before = {field["key"]: field["value"] for _, field in each_field(old)}
    return [
        field
        for _, field in each_field(new)
        if "%@" in str(field.get("changeMessage", ""))
        and field["key"] in before
        and before[field["key"]] != field["value"]
    ]
