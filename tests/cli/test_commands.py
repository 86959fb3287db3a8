"""The command line: each command in its module, which is loaded when somebody asks for it."""

from importlib import import_module

import pytest

from cli.main import MODULES


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_the_commands_that_are_looked_for_in_it(module: str) -> None:
    assert [command.name for command in import_module(module).COMMANDS] == list(MODULES[module])
