"""A finding of the lint: its code, what is wrong naming the value, and what to do about it."""

import reprlib
from dataclasses import dataclass, field
from typing import Any

from passes.lint.rules import RULES

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_SHORT.maxlist = _SHORT.maxdict = 3
_SHORT.maxlevel = 2
_AS_JSON = {True: "true", False: "false", None: "null"}


@dataclass(frozen=True)
class Finding:
    """One fault or doubt. `code` is a key of `passes.lint.rules.RULES`, `values` fill the gaps of its sentence."""

    code: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def severity(self) -> str:
        """ "error": phones refuse or lose something; "warning": it shows, but not as meant."""
        return RULES[self.code].severity

    @property
    def cause(self) -> str:
        """The row of the table in docs/apple-rules.md, as "17", or "more" for what stands below it."""
        return RULES[self.code].cause

    @property
    def what(self) -> str:
        """What is wrong, in one sentence that names the value."""
        return RULES[self.code].what.format(**{name: shown(value) for name, value in self.values.items()})

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return RULES[self.code].remedy


def found(code: str, **values: Any) -> Finding:
    """A finding; the values are shown as `shown` shows them. Names of files and keys go in a `Name`."""
    return Finding(code, values)


class Name(str):
    """A value that is shown as it is: a key, a group, a number with its unit; never what somebody typed freely."""

    __slots__ = ()


def shown(value: object) -> str:
    """The value in quotes, at most about eighty signs of it, with nothing in it that could steer a terminal."""
    if isinstance(value, Name):
        return value if value.isprintable() and len(value) <= 200 else _SHORT.repr(str(value))
    if value is None or isinstance(value, bool):
        return _AS_JSON[value]
    return _SHORT.repr(value)
