"""A pass arrives byte for byte, under its own content type: cause 30 of docs/apple-rules.md."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from cli.lint import NO_PASS, judge
from sandbox.authority import Authority
from tests.conftest import PASS_TYPE
from tests.web.phones import PKPASS, Held

PKPASSES = "application/vnd.apple.pkpasses"
WISHES = [None, "gzip, deflate, br, zstd", "br;q=1.0, *;q=0.5", "gzip, identity;q=0"]


def asked(phone: Held, method: str, headers: dict[str, str]) -> dict[str, TestResponse]:
    """Everything that sends a pass, with its content type."""
    page = urlsplit(phone.card["links"]["web"]).path
    update = f"/apple/v1/passes/{PASS_TYPE}/{phone.serial}"
    return {
        "card": phone.client.open(f"{page}/apple.pkpass", method=method, headers=headers),
        "bundle": phone.client.open(f"{page}/apple.pkpasses", method=method, headers=headers),
        "update": phone.client.open(update, method=method, headers=headers | phone.authorization),
    }


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("way", ["card", "bundle", "update"])
def test_whatever_encoding_is_asked_for_the_file_is_sent_plain_and_whole(
    phone: Held, way: str, wish: str | None
) -> None:
    answer = asked(phone, "GET", {"Accept-Encoding": wish} if wish else {})[way]
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, PKPASSES if way == "bundle" else PKPASS)
    assert answer.headers["Cache-Control"] == "no-store, no-transform"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert not {"Content-Encoding", "Transfer-Encoding"} & set(answer.headers.keys())
    assert answer.data[:4] == b"PK\3\4"


def test_head_says_the_same_of_a_file_that_it_does_not_send(phone: Held) -> None:
    for way, answer in asked(phone, "HEAD", {}).items():
        assert (answer.status_code, answer.data) == (200, b"")
        assert answer.headers["Content-Type"] == (PKPASSES if way == "bundle" else PKPASS)
        assert answer.headers["Cache-Control"] == "no-store, no-transform"


def test_a_refusal_does_not_look_like_a_pass(phone: Held) -> None:
    stranger = Held(phone.client, phone.device, phone.serial, "wrong" * 8)
    for answer in (stranger.fetch(), phone.client.get("/card/nobody/apple.pkpass")):
        assert answer.status_code in (401, 404)
        assert "pkpass" not in answer.headers.get("Content-Type", "")


@pytest.mark.parametrize(
    ("alter", "finding"),
    [
        (gzip.compress, "not-a-zip"),
        (lambda data: data[: len(data) // 2], "zip-damaged"),
        (lambda data: data.replace(b"\n", b"\r\n"), "zip-damaged"),
        (lambda data: data.replace(b'"formatVersion":1', b'"formatVersion":2'), "zip-damaged"),
        (lambda _data: b"<html>Please sign in</html>", "not-a-zip"),
    ],
    ids=["compressed", "cut off", "line ends", "rewritten", "a page instead"],
)
def test_what_was_altered_on_the_way_is_named_by_lint(
    phone: Held, authority: Authority, alter: Callable[[bytes], bytes], finding: str
) -> None:
    """What an operator sees who runs the commands of operators.md behind such a proxy."""
    (verdict,) = judge("card.pkpass", alter(phone.fetch().data), datetime.now(UTC), authority.root.read_bytes())
    assert verdict.code == NO_PASS
    assert finding in {one.code for one in verdict.findings}
