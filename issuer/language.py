"""German and English: one catalogue for every face, the till's refusals and the cards alike."""

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("de", "en")
DEFAULT_LANGUAGE = "de"
LOCALE = Path(__file__).parent / "locale"


@cache
def translator(language: str) -> gettext.NullTranslations:
    """Messages are written in English; other languages are read from ``locale/<language>/messages.po``.

    :param language: one of `LANGUAGES`
    """
    if language == "en":
        return gettext.NullTranslations()
    with (LOCALE / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalogue = read_po(source, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def known_language(wanted: str | None) -> str:
    """The nearest language we speak, for a tag like ``de-AT``; German when there is none."""
    primary = (wanted or "").partition("-")[0].lower()
    return primary if primary in LANGUAGES else DEFAULT_LANGUAGE
