import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.envelope import KeyRing, SealBroken, derive_key, key_ids, rewrap, seal, unseal

KEK = bytes(range(32))
OTHER_KEK = bytes(range(1, 33))
SECRET = b"-----BEGIN PRIVATE KEY-----"
PURPOSE = "apple certificate key"
SEALED = seal(KEK, SECRET, purpose=PURPOSE)


@given(st.binary(max_size=3000), st.text(max_size=20))
def test_what_was_sealed_comes_out_again(plaintext: bytes, purpose: str) -> None:
    purpose = purpose.encode("utf-8", "replace").decode()
    sealed = seal(KEK, plaintext, purpose=purpose)
    assert unseal(KEK, sealed, purpose=purpose) == plaintext
    assert len(sealed) == len(plaintext) + 93


def test_two_seals_of_one_secret_share_nothing_but_their_head() -> None:
    again = seal(KEK, SECRET, purpose=PURPOSE)
    assert again[:5] == SEALED[:5]
    assert all(again[at : at + 12] != SEALED[at : at + 12] for at in range(5, len(again) - 12, 12))


def test_the_secret_does_not_show() -> None:
    assert b"PRIVATE" not in SEALED
    assert KEK not in SEALED


def test_another_key_is_named_as_another_key() -> None:
    with pytest.raises(SealBroken, match=r"sealed with the key [0-9a-f]{8}, but KEY_ENCRYPTION_KEY is"):
        unseal(OTHER_KEK, SEALED, purpose=PURPOSE)


def test_another_key_under_the_name_of_the_right_one_is_refused() -> None:
    head = seal(OTHER_KEK, SECRET, purpose=PURPOSE)[:5]
    with pytest.raises(SealBroken):
        unseal(OTHER_KEK, head + SEALED[5:], purpose=PURPOSE)


@pytest.mark.parametrize("purpose", ["", "mail address", PURPOSE + " ", PURPOSE.title()])
def test_a_seal_for_another_purpose_is_refused(purpose: str) -> None:
    with pytest.raises(SealBroken, match="was not sealed as"):
        unseal(KEK, SEALED, purpose=purpose)


def test_the_contents_of_one_seal_under_the_head_of_another_are_refused() -> None:
    other = seal(KEK, SECRET, purpose=PURPOSE)
    for cut in (17, 65, 77, len(SEALED) - 16):
        with pytest.raises(SealBroken):
            unseal(KEK, SEALED[:cut] + other[cut:], purpose=PURPOSE)


def test_every_flipped_bit_is_noticed() -> None:
    for place in range(len(SEALED)):
        for bit in range(8):
            broken = bytearray(SEALED)
            broken[place] ^= 1 << bit
            with pytest.raises(SealBroken):
                unseal(KEK, bytes(broken), purpose=PURPOSE)


def test_every_cut_is_noticed() -> None:
    for length in range(len(SEALED)):
        with pytest.raises(SealBroken):
            unseal(KEK, SEALED[:length], purpose=PURPOSE)


def test_bytes_behind_a_seal_are_noticed() -> None:
    with pytest.raises(SealBroken):
        unseal(KEK, SEALED + b"\0", purpose=PURPOSE)


def test_a_seal_of_a_later_version_asks_for_a_newer_program() -> None:
    with pytest.raises(SealBroken, match="format 2, this program knows 1"):
        unseal(KEK, b"\x02" + SEALED[1:], purpose=PURPOSE)


@given(st.binary(max_size=200))
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(SealBroken):
        unseal(KEK, garbage, purpose=PURPOSE)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused_by_name(length: int) -> None:
    with pytest.raises(ValueError, match=f"KEY_ENCRYPTION_KEY has {length} bytes"):
        seal(bytes(length), SECRET, purpose=PURPOSE)
    with pytest.raises(ValueError, match=f"KEY_ENCRYPTION_KEY has {length} bytes"):
        unseal(bytes(length), SEALED, purpose=PURPOSE)


def test_keys_for_two_labels_or_of_two_secrets_differ() -> None:
    keys = {derive_key(secret, label) for secret in (b"one", b"two") for label in ("codes", "sessions")}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}


def test_a_derived_key_is_the_same_tomorrow() -> None:
    # Worked out by `openssl kdf ... HKDF`.
    expected = "68ea26c4dc5447003624ade902f76dc623ee8d61be1726a6bb6659a8866cd2b0"
    assert derive_key(b"secret", "codes").hex() == expected


@pytest.mark.parametrize(("secret", "label"), [(b"", "codes"), (b"secret", "")])
def test_nothing_is_derived_from_nothing(secret: bytes, label: str) -> None:
    with pytest.raises(ValueError, match="neither may be empty"):
        derive_key(secret, label)


RING = KeyRing(OTHER_KEK, (KEK,))


def test_a_ring_seals_with_its_current_key_and_opens_with_every_one() -> None:
    fresh = seal(RING, SECRET, purpose=PURPOSE)
    assert fresh[1:5] == key_ids(RING)[0] == key_ids(OTHER_KEK)[0]
    assert unseal(OTHER_KEK, fresh, purpose=PURPOSE) == SECRET
    assert unseal(RING, SEALED, purpose=PURPOSE) == unseal(RING, fresh, purpose=PURPOSE) == SECRET


def test_a_key_that_is_not_in_the_ring_is_named_beside_all_that_are() -> None:
    ids = ", ".join(key.hex() for key in key_ids(RING))
    with pytest.raises(SealBroken, match=f"but KEY_ENCRYPTION_KEY is {ids};"):
        unseal(RING, seal(bytes(32), SECRET, purpose=PURPOSE), purpose=PURPOSE)


def test_what_was_wrapped_anew_opens_with_the_new_key_alone() -> None:
    moved = rewrap(RING, SEALED, purpose=PURPOSE)
    assert unseal(OTHER_KEK, moved, purpose=PURPOSE) == SECRET
    with pytest.raises(SealBroken, match="sealed with the key"):
        unseal(KEK, moved, purpose=PURPOSE)


def test_wrapping_anew_leaves_the_ciphertext_as_it_is_and_shows_no_key() -> None:
    moved = rewrap(RING, SEALED, purpose=PURPOSE)
    assert moved[65:] == SEALED[65:]
    assert rewrap(RING, SEALED, purpose=PURPOSE)[5:65] != moved[5:65]


@pytest.mark.parametrize("purpose", ["", "mail address", PURPOSE.title()])
def test_what_was_sealed_for_something_else_is_not_wrapped_anew(purpose: str) -> None:
    with pytest.raises(SealBroken, match="was not sealed as"):
        rewrap(RING, SEALED, purpose=purpose)


def test_what_is_under_none_of_the_keys_is_not_wrapped_anew() -> None:
    with pytest.raises(SealBroken, match="sealed with the key"):
        rewrap(OTHER_KEK, SEALED, purpose=PURPOSE)


def test_a_ring_does_not_print_its_keys() -> None:
    assert repr(RING) == "KeyRing()"
