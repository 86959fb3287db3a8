"""Kinds of program, each a small pure piece: values in, movements out. No clock, no database."""

from issuer.rules.rules import MAIN, AnyPart, Rules

__all__ = ["MAIN", "AnyPart", "Rules"]
