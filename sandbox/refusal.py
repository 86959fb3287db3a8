"""The one way in which the sandbox's wallet says no."""

from sandbox.texts import say


class PassRefused(Exception):
    """Wallet would not take this pass. `str()` is one English sentence; `sentence` gives it in German too."""

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.values = values
        super().__init__(self.sentence("en"))

    def sentence(self, language: str) -> str:
        """Why, in "de" or "en"."""
        return say(language, f"refused.{self.code}", **self.values)
