"""Kinds of program, each a small pure piece: values in, movements out. No clock, no database."""

from collections.abc import Mapping
from typing import Any

from issuer.rules.stamps import StampRule

Rule = StampRule
KINDS: Mapping[str, type[Rule]] = {"stamps": StampRule}


def rule_of(kind: str, stored: Mapping[str, Any]) -> Rule:
    """The rule that a version of a program holds.

    :param kind: a key of `KINDS`
    :param stored: ``program_version.rule``
    """
    return KINDS[kind].read(stored)
