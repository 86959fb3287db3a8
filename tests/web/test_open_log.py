"""Anybody may cause a line in an open log: so much a minute, and nobody can keep the others from it."""

import logging

import pytest

from issuer.web import open_log
from issuer.web.open_log import LINES, LINES_OF_ONE, OpenLog


class Hands:
    """A clock moved by hand."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr(open_log, "monotonic", hands)
    return hands


def phones() -> OpenLog:
    return OpenLog(logging.getLogger(__name__), "a phone says: %s", "phones said %d lines more")


def written(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    caplog.clear()
    return lines


def test_one_address_cannot_keep_another_from_the_log(hands: Hands, caplog: pytest.LogCaptureFixture) -> None:
    log = phones()
    log.take(["again"] * 10_000, "192.0.2.1")
    assert len(written(caplog)) == LINES_OF_ONE
    log.take(["help\n"], "192.0.2.2")
    assert written(caplog) == [r"a phone says: 'help\n'"], "a line stays one line"


def test_many_addresses_together_write_no_more_than_a_minute_holds(
    hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    log = phones()
    for number in range(1000):
        log.take(["line"], f"192.0.2.{number}")
    assert len(written(caplog)) == LINES


def test_a_minute_later_there_is_room_again_and_what_was_left_out_is_counted(
    hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    log = phones()
    log.take(["line"] * (LINES_OF_ONE + 5), "192.0.2.1")
    written(caplog)
    hands.at = 59.9
    log.take(["too early"], "192.0.2.1")
    assert written(caplog) == []
    hands.at = 60.0
    log.take(["in time"], "192.0.2.1")
    assert written(caplog) == ["phones said 6 lines more", "a phone says: 'in time'"]
