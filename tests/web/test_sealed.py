"""Passes from the web, opened by three readers that are not ours."""

import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import Engine, update

from issuer.database import transaction
from issuer.publishing import CAMPAIGN, publish
from issuer.schema import Card, Publication
from sandbox.authority import Authority
from sandbox.wallet import OpenedPass, open_pass
from tests.conftest import Cafe
from tests.web.asking import Api
from tests.web.phones import PKPASS, Held

NODE_FOLDER = Path(__file__).parents[1] / "node"


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        _missing(f"{name} is not installed: no second opinion on passes")
    return str(found)


def _missing(reason: str) -> None:
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def _opened(api: Api, card: dict[str, Any], authority: Authority) -> OpenedPass:
    answer = api.client.get(urlsplit(card["links"]["apple"]).path)
    assert (answer.status_code, answer.content_type) == (200, PKPASS)
    return open_pass(answer.data, authority.root.read_bytes(), datetime.now(UTC))


def test_openssl_verifies_the_signature_over_the_manifest(phone: Held, authority: Authority, tmp_path: Path) -> None:
    openssl = _program("openssl")
    with zipfile.ZipFile(io.BytesIO(phone.fetch().data)) as archive:
        archive.extractall(tmp_path)
    verify = [
        openssl, "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-content", "manifest.json",
        "-CAfile", str(authority.root), "-purpose", "any", "-certsout", "certificates.pem", "-out", "verified",
    ]  # fmt: skip
    done = subprocess.run(verify, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "verified").read_bytes() == (tmp_path / "manifest.json").read_bytes()
    assert (tmp_path / "certificates.pem").read_text().count("BEGIN CERTIFICATE") == 2


def test_openssl_refuses_a_manifest_with_one_letter_changed(phone: Held, authority: Authority, tmp_path: Path) -> None:
    openssl = _program("openssl")
    with zipfile.ZipFile(io.BytesIO(phone.fetch().data)) as archive:
        (tmp_path / "signature").write_bytes(archive.read("signature"))
        (tmp_path / "manifest.json").write_bytes(archive.read("manifest.json").replace(b"pass.json", b"pass.jsoN"))
    verify = [
        openssl, "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-content", "manifest.json",
        "-CAfile", str(authority.root), "-purpose", "any",
    ]  # fmt: skip
    assert subprocess.run(verify, cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_another_implementation_reads_what_was_written(phone: Held, tmp_path: Path) -> None:
    node = _program("node")
    if not (NODE_FOLDER / "node_modules").is_dir():
        _missing("tests/node/node_modules is missing (npm ci --prefix tests/node): no second reader of passes")
    path = tmp_path / "card.pkpass"
    path.write_bytes(phone.fetch().data)
    read = [node, str(NODE_FOLDER / "read_pass.mjs"), str(path)]
    done = subprocess.run(read, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["style"] == "storeCard"
    assert seen["pass"]["serialNumber"] == phone.serial
    assert {"icon.png", "logo@2x.png", "strip@3x.png"} <= set(seen["images"])


def test_wallet_takes_the_pass_and_it_says_what_the_card_says(
    api: Api, card: dict[str, Any], authority: Authority
) -> None:
    api.made(f"/cards/{card['id']}/stamps", {"count": 3})
    opened = _opened(api, card, authority)
    content = opened.content
    assert (opened.serial, opened.style) == (card["serial"], "storeCard")
    assert [barcode["message"] for barcode in content["barcodes"]] == [card["code"]]
    assert content["storeCard"]["headerFields"][0]["value"] == "3 / 10"
    assert content["webServiceURL"] == "http://127.0.0.1:8000/apple"
    assert len(content["authenticationToken"]) >= 16


def test_the_status_line_tells_what_is_left_and_then_what_is_yours(
    api: Api, card: dict[str, Any], authority: Authority, cafe: Cafe
) -> None:
    def status() -> dict[str, Any]:
        return _opened(api, card, authority).content["storeCard"]["secondaryFields"][0]

    empty = status()
    assert (empty["changeMessage"], "10" in empty["value"]) == ("%@", True)
    api.made(f"/cards/{card['id']}/stamps", {"count": 10})
    full = status()
    assert full["key"] == empty["key"], "Wallet compares fields by key"
    assert full["value"] != empty["value"]
    assert _opened(api, card, authority).content["storeCard"]["headerFields"][0]["value"] == "10 / 10"
    api.made(f"/cards/{card['id']}/redemptions", {"reward_id": str(cafe.reward_id), "confirm": True})
    assert status()["value"] == empty["value"]


def test_what_is_not_loud_is_sealed_without_a_word_that_a_phone_would_show(
    engine: Engine, cafe: Cafe, api: Api, card: dict[str, Any], authority: Authority, now: datetime
) -> None:
    def announced() -> set[str]:
        rows = _opened(api, card, authority).content["storeCard"]
        return {line["key"] for lines in rows.values() for line in lines if "changeMessage" in line}

    loud = announced()
    assert "status" in loud
    for sounds in (False, True):
        with transaction(engine, cafe.merchant_id) as session:
            session.execute(update(Publication).values(due_at=None, push_at=None))
            publish(session, [session.get_one(Card, card["id"])], "test", CAMPAIGN, now, loud=sounds)
        assert announced() == (loud if sounds else set())


def test_serial_and_token_of_a_pass_never_change(api: Api, card: dict[str, Any], authority: Authority) -> None:
    before = _opened(api, card, authority)
    api.made(f"/cards/{card['id']}/stamps", {"count": 1})
    after = _opened(api, card, authority)
    assert (before.serial, before.token) == (after.serial, after.token)


def test_the_qr_picture_is_read_as_the_cards_code(api: Api, card: dict[str, Any]) -> None:
    path = urlsplit(card["links"]["qr"]).path
    png = api.client.get(path.replace(".svg", ".png"))
    assert (png.status_code, png.mimetype) == (200, "image/png")
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(png.data)))
    assert [barcode.text for barcode in found] == [card["code"]]


def test_the_qr_drawing_is_read_as_the_cards_code(api: Api, card: dict[str, Any]) -> None:
    svg = api.client.get(urlsplit(card["links"]["qr"]).path)
    assert (svg.status_code, svg.mimetype) == (200, "image/svg+xml")
    found = zxingcpp.read_barcodes(_painted(svg.text))
    assert [barcode.text for barcode in found] == [card["code"]]


def _painted(svg: str, scale: int = 8) -> Image.Image:
    """The drawing's dark runs ("M x y h n", relative moves "m") as pixels."""
    size = int(float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1]))  # type: ignore[index]
    picture = Image.new("L", (size * scale, size * scale), 255)
    path = max(re.findall(r'\bd="([^"]+)"', svg), key=lambda d: d.count("h"))
    x = y = 0.0
    for command, numbers in re.findall(r"([MmhHvVz])([^MmhHvVz]*)", path):
        values = [float(number) for number in re.findall(r"-?\d*\.?\d+", numbers)]
        if command == "M":
            x, y = values
        elif command == "m":
            x, y = x + values[0], y + values[1]
        elif command == "h":
            box = (int(x * scale), int(int(y) * scale), int((x + values[0]) * scale), int((int(y) + 1) * scale))
            picture.paste(0, box)
            x += values[0]
    return picture
