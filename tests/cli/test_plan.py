"""Where a demo asks for the weather."""

from pathlib import Path

import pytest

from cli.plan import Plan, keep_secrets, running_values


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
