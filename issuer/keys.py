"""Keys derived from the two secrets of the installation, each for one purpose."""

from dataclasses import dataclass, field

from issuer.settings import Settings
from signing.envelope import Kek, KeyRing, derive_key


@dataclass(frozen=True)
class Keys:
    """``codes``: checksum of card codes. ``encryption``: wraps what is sealed in the database.

    ``mail``: digests of mail addresses, by which a card is found.
    """

    codes: bytes = field(repr=False)
    encryption: Kek = field(repr=False)
    mail: bytes = field(repr=False)


def keys_of(settings: Settings) -> Keys:
    return Keys(
        codes=derive_key(settings.secret_key, "card codes"),
        encryption=KeyRing(settings.key_encryption_key, settings.older_encryption_keys),
        mail=derive_key(settings.secret_key, "mail digests"),
    )
