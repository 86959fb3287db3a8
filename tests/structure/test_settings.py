"""Every setting is documented, and nothing is documented that is no setting."""

import re

import pytest

from issuer.settings import SETTINGS, Setting
from tests.structure.source import ROOT

ROW = re.compile(r"^\| `([A-Z_]+)` \| (.+?) \| (.+?) \|$", re.MULTILINE)


def _rows() -> dict[str, tuple[str, str]]:
    found = ROW.findall((ROOT / "docs/settings.md").read_text())
    assert len(found) == len({name for name, _, _ in found}), "a setting stands twice in docs/settings.md"
    return {name: (meaning, default) for name, meaning, default in found}


def test_the_table_names_every_setting_and_no_other() -> None:
    assert set(_rows()) == {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("setting", [one for one in SETTINGS if one.default], ids=lambda one: one.name)
def test_the_table_tells_the_default_that_is_used(setting: Setting) -> None:
    assert _rows()[setting.name][1] == f"`{setting.default}`"


@pytest.mark.parametrize("setting", [one for one in SETTINGS if one.secret], ids=lambda one: one.name)
def test_the_table_says_which_settings_are_secret(setting: Setting) -> None:
    assert "Secret" in _rows()[setting.name][0]


def test_every_setting_says_what_it_means() -> None:
    assert all(setting.meaning for setting in SETTINGS)
