"""Every sentence of the sandbox in German and English; `{name}` marks what is filled in."""

from sandbox.texts_de import GERMAN
from sandbox.texts_en import ENGLISH

LANGUAGES = ("de", "en")
_CATALOGUES = {"de": GERMAN, "en": ENGLISH}


def say(language: str, sentence: str, /, **values: object) -> str:
    """The sentence of this name ("refused.hash") in "de" or "en", with its gaps filled. Raises KeyError."""
    return _CATALOGUES[language][sentence].format(**values)
