"""Every sentence of the sandbox in German and English; `{name}` marks what is filled in."""

from sandbox.texts_de import GERMAN
from sandbox.texts_en import ENGLISH
from sandbox.texts_google_de import GERMAN as GOOGLE_GERMAN
from sandbox.texts_google_en import ENGLISH as GOOGLE_ENGLISH

LANGUAGES = ("de", "en")
_CATALOGUES = {"de": GERMAN | GOOGLE_GERMAN, "en": ENGLISH | GOOGLE_ENGLISH}


def say(language: str, sentence: str, /, **values: object) -> str:
    """The sentence of this name ("refused.hash") in "de" or "en", with its gaps filled. Raises KeyError."""
    return _CATALOGUES[language][sentence].format(**values)
