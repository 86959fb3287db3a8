"""Where a demo asks for the weather, and what it shows the time of."""

from pathlib import Path

import pytest

from cli.demo_merchant import CAFE
from cli.plan import Plan, arguments, keep_secrets, running_values


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:9001/weather"),
        ({"WEATHER_URL": ""}, "http://127.0.0.1:9001/weather"),
        ({"WEATHER_URL": "https://meteo.example"}, "https://meteo.example"),
    ],
    ids=["sandbox", "empty", "own"],
)
def test_a_demo_asks_its_sandbox_for_the_weather_unless_told_otherwise(
    tmp_path: Path, environ: dict[str, str], url: str
) -> None:
    plan = Plan(9000, 9001, 9002, tmp_path, empty=False, environ=environ, run_id="1")
    values = running_values(plan, keep_secrets(tmp_path), {}, tmp_path / "ca.pem")
    assert values["WEATHER_URL"] == url


def test_the_phones_of_a_demo_are_in_the_zone_of_its_cafe(tmp_path: Path) -> None:
    plan = Plan(9000, 9001, 9002, tmp_path, empty=False, environ={}, run_id="1")
    command = arguments(plan, "sandbox", 1)
    assert command[command.index("--zone") + 1] == CAFE.zone
