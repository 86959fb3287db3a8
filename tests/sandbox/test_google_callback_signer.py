import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.google_callbacks import CallbackSigner, ensure_signer
from signing.google_callbacks import Callback, CallbackNotVerified, Event, verify_callback
from signing.google_keys import read_root_keys

NOW = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
ISSUER = "3388000000012345678"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> CallbackSigner:
    return ensure_signer(tmp_path_factory.mktemp("google"))


def signed(signer: CallbackSigner, *, nonce: str = "nonce-1", issuer_id: str = ISSUER) -> bytes:
    return signer.signed_callback(
        issuer_id=issuer_id,
        class_id=f"{issuer_id}.coffee",
        object_id=f"{issuer_id}.card",
        event="save",
        nonce=nonce,
        now=NOW,
    )


def verified(body: bytes, keys: bytes, now: datetime = NOW) -> Callback:
    return verify_callback(body, issuer_id=ISSUER, root_keys=read_root_keys(keys), now=now)


def refusal(body: bytes, keys: bytes, now: datetime = NOW) -> str:
    with pytest.raises(CallbackNotVerified) as refused:
        verified(body, keys, now)
    return refused.value.code


def test_what_the_sandbox_signs_the_service_believes(signer: CallbackSigner) -> None:
    told = verified(signed(signer), signer.keys_document(NOW))
    assert (told.class_id, told.object_id) == (f"{ISSUER}.coffee", f"{ISSUER}.card")
    assert (told.event, told.count, told.nonce) == (Event.SAVE, 1, "nonce-1")
    assert told.expires == datetime(2026, 11, 22, 13, 0, 0, 123000, tzinfo=UTC)


def test_a_deletion_is_signed_as_google_spells_it(signer: CallbackSigner) -> None:
    ids = {"class_id": f"{ISSUER}.coffee", "object_id": f"{ISSUER}.card"}
    body = signer.signed_callback(issuer_id=ISSUER, **ids, event="del", nonce="n", now=NOW)
    assert verified(body, signer.keys_document(NOW)).event is Event.DELETE


def test_it_looks_like_what_google_sends(signer: CallbackSigner) -> None:
    body = json.loads(signed(signer))
    assert set(body) == {"signature", "intermediateSigningKey", "protocolVersion", "signedMessage"}
    assert set(body["intermediateSigningKey"]) == {"signedKey", "signatures"}
    assert "\\u003d" in body["intermediateSigningKey"]["signedKey"]
    assert type(json.loads(body["signedMessage"])["expTimeMillis"]) is int
    (key,) = json.loads(signer.keys_document(NOW))["keys"]
    assert set(key) == {"keyValue", "protocolVersion", "keyExpiration"}
    assert key["keyExpiration"].isdigit()


def test_it_expires(signer: CallbackSigner) -> None:
    later = NOW + timedelta(hours=1)
    assert refusal(signed(signer), signer.keys_document(NOW), later) == "message_expired"
    assert refusal(signed(signer), signer.keys_document(NOW), NOW + timedelta(days=7)) == "key_expired"
    assert refusal(signed(signer), signer.keys_document(NOW), NOW + timedelta(days=60)) == "no_root_key"


def test_the_root_key_outlives_a_restart(tmp_path: Path) -> None:
    before = ensure_signer(tmp_path).keys_document(NOW)
    assert verified(signed(ensure_signer(tmp_path)), before)


def test_another_sandbox_is_not_believed(signer: CallbackSigner, tmp_path: Path) -> None:
    assert refusal(signed(ensure_signer(tmp_path)), signer.keys_document(NOW)) == "key_signature"


def test_a_callback_for_another_issuer_is_not_for_us(signer: CallbackSigner) -> None:
    theirs = signed(signer, issuer_id="3388000000099999999")
    assert refusal(theirs, signer.keys_document(NOW)) == "message_signature"


def test_nobody_else_may_read_the_root_key_and_nothing_prints_it(tmp_path: Path) -> None:
    printed = repr(ensure_signer(tmp_path / "new"))
    (file,) = (tmp_path / "new").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert printed == "CallbackSigner()"
