"""Bearer tokens: how they are stored and how they are compared."""

import hashlib
import hmac


class WrongToken(Exception):
    """Answer 401 and say nothing more; the token given is not the one expected."""


def digest(token: str) -> bytes:
    """The 32 bytes of SHA-256 under which a token is stored and looked up.

    Unsalted on purpose: our tokens carry 128 random bits or more, nothing to guess. Not for passwords.
    """
    # A header or a JSON body may hold half a surrogate pair: a wrong token, not a failure of the server.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def check_token(expected: str, given: str) -> None:
    """Compare in constant time (digests first, so that the length does not show either). Raises WrongToken.

    An empty `expected` fits nothing: a row without a token opens no door.
    """
    if not hmac.compare_digest(digest(expected), digest(given)) or not expected:
        raise WrongToken("The token given is not the token of this card.")
