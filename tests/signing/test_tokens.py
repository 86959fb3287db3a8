import hashlib

import pytest

from signing.tokens import WrongToken, check_token, digest

TOKEN = "vF3kq0Yw5mT8xZ2bN7cR1g"


def test_the_same_token_is_let_in() -> None:
    check_token(TOKEN, TOKEN)


@pytest.mark.parametrize("given", ["", TOKEN[:-1], TOKEN + "a", TOKEN.lower(), f" {TOKEN}", "ü" * 22, "\ud800", "\0"])
def test_any_other_token_is_refused(given: str) -> None:
    with pytest.raises(WrongToken):
        check_token(TOKEN, given)


def test_an_empty_token_opens_nothing_even_where_none_is_stored() -> None:
    with pytest.raises(WrongToken):
        check_token("", "")


def test_a_refusal_tells_neither_token() -> None:
    with pytest.raises(WrongToken) as refusal:
        check_token(TOKEN, "guessed-by-somebody")
    assert TOKEN not in str(refusal.value)
    assert "guessed" not in str(refusal.value)


def test_a_digest_is_sha_256_of_the_text() -> None:
    assert digest("ü") == hashlib.sha256("ü".encode()).digest()


def test_a_digest_of_half_a_surrogate_pair_is_a_digest_like_others() -> None:
    assert len(digest("\ud800")) == 32
    assert digest("\ud800") != digest("?")
