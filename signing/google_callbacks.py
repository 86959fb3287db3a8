"""Callbacks of Google Wallet: that a pass was saved or deleted, believed only when Google signed it for us.

ECv2SigningOnly: a root key signs an intermediate key, the intermediate key signs the message, all by ECDSA on P-256
with SHA-256. Sources: Google Wallet, "Add and delete callbacks"; Google Pay, "Payment data cryptography for
merchants" (order of the steps, bytes that are signed); Tink, apps-paymentmethodtoken (PaymentMethodTokenRecipient).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from signing.google_keys import (
    PROTOCOL,
    RootKey,
    Unreadable,
    instant,
    read_base64,
    read_expiration,
    read_key,
    read_object,
)

SENDER = "GooglePayPasses"
MOST_SIGNATURES = 8
_LONGEST_SIGNATURE, _LONGEST_KEY, _LONGEST_MESSAGE = 128, 2048, 8192
_ENVELOPE = {"protocolVersion", "signature", "intermediateSigningKey", "signedMessage"}
_INTERMEDIATE = {"signedKey", "signatures"}
# Also what a text column and a line of a log take without a thought.
_VISIBLE = re.compile(r"[!-~]{1,255}")

Step = Literal[
    "envelope",
    "protocol",
    "no_root_key",
    "key_signature",
    "key",
    "key_expired",
    "message_signature",
    "message",
    "event_type",
    "message_expired",
    "foreign",
]
_SENTENCES: dict[Step, str] = {
    "envelope": "The body is no callback of Google Wallet",
    "protocol": f"The callback speaks another protocol than {PROTOCOL}",
    "no_root_key": "No root key of Google's that we hold is still valid; have the worker fetch them anew",
    "key_signature": "No valid root key signed the intermediate key",
    "key": "The intermediate key cannot be read",
    "key_expired": "The intermediate key has expired",
    "message_signature": "The intermediate key did not sign this message for our issuer",
    "message": "The signed message cannot be read",
    "event_type": "The signed message tells of neither a save nor a deletion",
    "message_expired": "The signed message has expired",
    "foreign": "The signed message names a class or an object of another issuer",
}


class CallbackNotVerified(Exception):
    """Answer 400 and do nothing. `code` is stable and says for the log which step failed; the text is one sentence.

    Neither quotes anything of the body.
    """

    def __init__(self, code: Step, why: str = "") -> None:
        self.code = code
        super().__init__(f"{_SENTENCES[code]}: {why}." if why else f"{_SENTENCES[code]}.")


class Event(StrEnum):
    """What the customer did, as Google spells it."""

    SAVE = "save"
    DELETE = "del"


@dataclass(frozen=True)
class Callback:
    """A message that Google signed for our issuer and that is still valid before `expires` (aware, UTC).

    Left to the caller: that `class_id` and `object_id` are those of a pass we know, and that `nonce` is taken once
    (it comes again with every repeated delivery; the signature may differ, so it tells nothing apart). All three are
    1 to 255 visible ASCII characters. `count` is told by real messages (1 so far), but not on Google's page.
    """

    class_id: str
    object_id: str
    event: Event
    expires: datetime
    count: int | None
    nonce: str


@dataclass(frozen=True)
class _Envelope:
    """The four parts; what is signed stays the bytes that came, for written again it may differ."""

    signed_key: bytes
    key_signatures: Sequence[str]
    signed_message: bytes
    signature: str


def verify_callback(body: bytes, *, issuer_id: str, root_keys: Sequence[RootKey], now: datetime) -> Callback:
    """What Google says in a POST to our callback address, verified at `now` (aware).

    `issuer_id` is ours, from the configuration: taken from the message, a genuine callback for any other issuer would
    pass. A key or message is valid before its expiration, no longer at it. Raises CallbackNotVerified. Sources: as
    above; the messages' own expiration is checked by the page's words, Tink knows only "messageExpiration".
    """
    envelope = _envelope(body)
    _check_key_signed(envelope, [root for root in root_keys if root.expiration > now])
    key = _intermediate_key(envelope.signed_key, now)
    signed = _lengths_and_values(SENDER, issuer_id, PROTOCOL, envelope.signed_message)
    if not _signed_by(key, envelope.signature, signed):
        raise CallbackNotVerified("message_signature")
    return _message(envelope.signed_message, issuer_id, now)


def _envelope(body: bytes) -> _Envelope:
    try:
        content = _exactly(read_object(body), _ENVELOPE)
        if content["protocolVersion"] != PROTOCOL:
            raise CallbackNotVerified("protocol")
        intermediate = _exactly(content["intermediateSigningKey"], _INTERMEDIATE)
        return _Envelope(
            signed_key=_bytes(intermediate["signedKey"], _LONGEST_KEY),
            key_signatures=_signatures(intermediate["signatures"]),
            signed_message=_bytes(content["signedMessage"], _LONGEST_MESSAGE),
            signature=_text(content["signature"], _LONGEST_SIGNATURE),
        )
    except Unreadable as error:
        raise CallbackNotVerified("envelope", str(error)) from None


def _exactly(content: object, keys: set[str]) -> dict[str, object]:
    if not isinstance(content, dict) or content.keys() != keys:
        raise Unreadable(f"an object does not hold exactly {', '.join(sorted(keys))}")
    return content


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise Unreadable(f"a value is no text of at most {longest} characters")
    return value


def _bytes(value: object, longest: int) -> bytes:
    try:
        return _text(value, longest).encode()
    except UnicodeEncodeError:
        raise Unreadable("a text holds half a character") from None


def _signatures(values: object) -> Sequence[str]:
    if not isinstance(values, list) or len(values) > MOST_SIGNATURES:
        raise Unreadable(f"the signatures are no list of at most {MOST_SIGNATURES}")
    return [_text(value, _LONGEST_SIGNATURE) for value in values]


def _check_key_signed(envelope: _Envelope, roots: Sequence[RootKey]) -> None:
    """One signature of one root is enough: Google signs with the old and the new root while it changes them."""
    if not roots:
        raise CallbackNotVerified("no_root_key")
    signed = _lengths_and_values(SENDER, PROTOCOL, envelope.signed_key)
    if not any(_signed_by(root.key, one, signed) for root in roots for one in envelope.key_signatures):
        raise CallbackNotVerified("key_signature")


def _intermediate_key(signed_key: bytes, now: datetime) -> ec.EllipticCurvePublicKey:
    try:
        content = read_object(signed_key)
        key, expiration = read_key(content.get("keyValue")), read_expiration(content.get("keyExpiration"))
    except Unreadable as error:
        raise CallbackNotVerified("key", str(error)) from None
    if expiration <= now:
        raise CallbackNotVerified("key_expired")
    return key


def _signed_by(key: ec.EllipticCurvePublicKey, signature: str, signed: bytes) -> bool:
    try:
        key.verify(read_base64(signature), signed, ec.ECDSA(SHA256()))
    except (Unreadable, InvalidSignature):
        return False
    return True


def _lengths_and_values(*parts: str | bytes) -> bytes:
    """Each part behind its length in bytes, four bytes little endian (Tink, PaymentMethodTokenUtil)."""
    values = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(value).to_bytes(4, "little") + value for value in values)


def _message(signed_message: bytes, issuer_id: str, now: datetime) -> Callback:
    """Keys beside those we know may come: Google may tell more one day."""
    try:
        content = read_object(signed_message)
        callback = Callback(
            class_id=_visible(content.get("classId")),
            object_id=_visible(content.get("objectId")),
            event=_event(content.get("eventType")),
            expires=instant(content.get("expTimeMillis")),
            count=_count(content["count"]) if "count" in content else None,
            nonce=_visible(content.get("nonce")),
        )
    except Unreadable as error:
        raise CallbackNotVerified("message", str(error)) from None
    if callback.expires <= now:
        raise CallbackNotVerified("message_expired")
    if not all(name.startswith(f"{issuer_id}.") for name in (callback.class_id, callback.object_id)):
        raise CallbackNotVerified("foreign")
    return callback


def _visible(value: object) -> str:
    if not isinstance(value, str) or not _VISIBLE.fullmatch(value):
        raise Unreadable("classId, objectId or nonce is no text of 1 to 255 visible ASCII characters")
    return value


def _event(value: object) -> Event:
    if not isinstance(value, str):
        raise Unreadable("eventType is no text")
    try:
        return Event(value)
    except ValueError:
        raise CallbackNotVerified("event_type") from None


def _count(value: object) -> int:
    if type(value) is not int:
        raise Unreadable("count is no whole number")
    return value
