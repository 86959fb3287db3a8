"""The environment, read once, here and nowhere else, into one frozen value."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

MODES = ("production", "demo", "test")
RUNNING_FILE = "running.json"


class SettingsRefused(Exception):
    """Settings that cannot be used: the operator must change the environment. Names every problem at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class GoogleSettings:
    """Google Wallet: the issuer, who may write for it, and where Google is.

    ``service_account_file``: the key file as Google gives it out. ``save_url``: a save link but for its token.
    ``places``: Google lets this issuer's cards come up near places; a call with places is refused otherwise.
    """

    issuer_id: str
    service_account_file: Path
    wallet_url: str
    save_url: str
    callback_keys_url: str
    places: bool


@dataclass(frozen=True)
class Settings:
    """Every value the service runs by. Durations in seconds, rates in cards a second, keys in bytes.

    ``api_rate``: requests a minute of one API key. ``older_encryption_keys`` open what they sealed, and seal nothing.
    ``google``: None where there is no issuer; then nothing of Google Wallet shows or runs.
    """

    database_url: str = field(repr=False)
    database_owner_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    public_url: str
    secret_key: bytes = field(repr=False)
    key_encryption_key: bytes = field(repr=False)
    older_encryption_keys: tuple[bytes, ...] = field(repr=False)
    data_dir: Path
    apns_url: str
    apns_ca_file: Path | None
    google: GoogleSettings | None
    weather_url: str = field(repr=False)
    mode: str
    clock_offset: timedelta
    sandbox_url: str | None
    fold_seconds: float
    lease_seconds: float
    redelivery_seconds: int
    proxies: int
    campaign_rate: int
    google_rate: int
    api_rate: int

    @property
    def secure(self) -> bool:
        """True when the faces are reached over https, so that cookies may insist on it."""
        return self.public_url.startswith("https://")


@dataclass(frozen=True)
class Setting:
    """One line of the settings table: its name, what it defaults to, whether it may be shown, what it means."""

    name: str
    meaning: str
    default: str | None = None
    secret: bool = False


SETTINGS = (
    Setting("DATABASE_URL", "PostgreSQL 15 or newer; may be the owner's login", secret=True),
    Setting("DATABASE_OWNER_URL", "login that owns the tables; only `db upgrade` uses it", secret=True),
    Setting("REDIS_URL", "Redis 6.2 or newer, or Valkey: redis://, rediss:// or unix://", secret=True),
    Setting("PUBLIC_URL", "where customers' phones reach this service"),
    Setting("SECRET_KEY", "32 bytes or more; signs cookies and card codes", secret=True),
    Setting(
        "KEY_ENCRYPTION_KEY",
        "32 bytes in base64; wraps private keys and personal data. While it is changed: the new one, a comma, the old",
        secret=True,
    ),
    Setting("DATA_DIR", "folder of a demo on this machine", "var"),
    Setting("APNS_URL", "Apple's push service", "https://api.push.apple.com"),
    Setting("APNS_CA_FILE", "root certificates to trust there instead of the public ones", ""),
    Setting(
        "GOOGLE_ISSUER_ID", "the issuer's number in Google's Pay & Wallet Console; without it no Google Wallet", ""
    ),
    Setting("GOOGLE_SERVICE_ACCOUNT_FILE", "key file (JSON) of a service account that is a user of that issuer", ""),
    Setting("GOOGLE_WALLET_URL", "Google's Wallet API", "https://walletobjects.googleapis.com"),
    Setting("GOOGLE_SAVE_URL", "what a link to save a card begins with", "https://pay.google.com/gp/v/save"),
    Setting("GOOGLE_CALLBACK_KEYS_URL", "Google's keys for callbacks", "https://pay.google.com/gp/m/issuer/keys"),
    Setting(
        "WEATHER_URL",
        "Open-Meteo's forecasts, for offers by weather; with its key behind a ? where it needs one",
        "https://api.open-meteo.com",
        secret=True,
    ),
    Setting("TREUEPASS_GOOGLE_PLACES", "yes when Google has allowed this issuer merchant locations", "no"),
    Setting("TREUEPASS_MODE", "production, demo or test", "production"),
    Setting("TREUEPASS_CLOCK", "RFC 3339 instant from which time runs on; demo and test only", ""),
    Setting("TREUEPASS_CLOCK_SET_AT", "real instant at which TREUEPASS_CLOCK was true; default: now", ""),
    Setting("TREUEPASS_SANDBOX_URL", "page of the phone in the browser; demo and test only", ""),
    Setting("TREUEPASS_FOLD_SECONDS", "a card's further changes wait this long and become one push", "3"),
    Setting("TREUEPASS_LEASE_SECONDS", "a push whose worker died is taken up by another after this", "20"),
    Setting("TREUEPASS_REDELIVERY_SECONDS", "Redis hands a task of a dead worker on after this", "300"),
    Setting("TREUEPASS_PROXIES", "how many proxies of yours stand before the web process", "0"),
    Setting("TREUEPASS_CAMPAIGN_RATE", "cards a second in campaigns", "20"),
    Setting("TREUEPASS_GOOGLE_RATE", "requests a second to Google Wallet", "15"),
    Setting("TREUEPASS_API_RATE", "requests a minute of one API key", "60000"),
)
DEFAULTS = {setting.name: setting.default for setting in SETTINGS if setting.default is not None}
NEEDED = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "KEY_ENCRYPTION_KEY", "PUBLIC_URL")
DEMO_ONLY = ("TREUEPASS_CLOCK", "TREUEPASS_CLOCK_SET_AT", "TREUEPASS_SANDBOX_URL")


class _Reader:
    """Looks values up and collects what is wrong with them instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str], running: Mapping[str, str]) -> None:
        self.environ, self.running, self.problems = environ, running, list[str]()

    def text(self, name: str) -> str:
        for source in (self.environ, self.running, DEFAULTS):
            if source.get(name):
                return str(source[name])
        return ""

    def required(self, name: str, remedy: str) -> str:
        value = self.text(name)
        if not value:
            self.problems.append(f"{name} is not set: {remedy}")
        return value

    def parsed(self, name: str, parse: Callable[[str], T], want: str, fallback: T) -> T:
        value = self.text(name)
        try:
            return parse(value)
        except (ValueError, binascii.Error):
            shown = "(secret)" if name in _SECRET_NAMES else repr(value)
            self.problems.append(f"{name} is {shown}: it must be {want}")
            return fallback


_SECRET_NAMES = {setting.name for setting in SETTINGS if setting.secret}


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(text)
    return text.rstrip("/")


def _redis_url(text: str) -> str:
    if urlsplit(text).scheme not in ("redis", "rediss", "unix"):
        raise ValueError(text)
    return text


def _database_url(text: str) -> str:
    """Accepts the forms operators paste (postgres://, postgresql://) and names the driver we ship."""
    scheme, separator, rest = text.partition("://")
    if scheme not in ("postgres", "postgresql", "postgresql+psycopg") or not separator:
        raise ValueError(text)
    return f"postgresql+psycopg://{rest}"


def _secret_key(text: str) -> bytes:
    if len(text) < 32:
        raise ValueError(text)
    return text.encode()


def _encryption_keys(text: str) -> tuple[bytes, ...]:
    """The one that seals, then those that it takes over from."""
    keys = tuple(base64.b64decode(part.strip(), validate=True) for part in text.split(","))
    if any(len(key) != 32 for key in keys):
        raise ValueError(text)
    return keys


def _issuer(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,20}", text, re.ASCII):
        raise ValueError(text)
    return text


def _yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(text)
    return text == "yes"


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 3600:
        raise ValueError(text)
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 10_000:
        raise ValueError(text)
    return value


def _a_minute(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 10_000_000:
        raise ValueError(text)
    return value


def _mode(text: str) -> str:
    if text not in MODES:
        raise ValueError(text)
    return text


def _clock_offset(clock: str, set_at: str) -> timedelta:
    if not clock:
        return timedelta()
    started = datetime.fromisoformat(set_at) if set_at else datetime.now(UTC)
    instant = datetime.fromisoformat(clock)
    if instant.tzinfo is None or started.tzinfo is None:
        raise ValueError(clock)
    return instant - started


def running_demo(data_dir: Path) -> dict[str, str]:
    """What a demo in ``data_dir`` wrote about itself; empty when there is none."""
    try:
        return dict(json.loads((data_dir / RUNNING_FILE).read_text()))
    except (FileNotFoundError, NotADirectoryError):
        return {}


def load_settings(environ: Mapping[str, str], running: Mapping[str, str] | None = None) -> Settings:
    """Read the environment, then what a running demo wrote, then the defaults.

    :param running: values below the environment; ``None`` looks for a demo in ``DATA_DIR``
    :raises SettingsRefused: naming every missing, malformed and unknown value at once
    """
    data_dir = Path(environ.get("DATA_DIR") or DEFAULTS["DATA_DIR"])
    read = _Reader(environ, running_demo(data_dir) if running is None else running)
    known = {setting.name for setting in SETTINGS}
    read.problems += [
        f"{name} is no setting of treuepass: see `treuepass settings`"
        for name in environ
        if name.startswith("TREUEPASS_") and name not in known
    ]
    if not any(read.text(name) for name in NEEDED):
        read.problems.append(
            f"No demo runs in {data_dir} (DATA_DIR), and the environment lacks what a service of its own needs:"
        )
    settings = _settings(read, data_dir)
    if settings.mode == "production":
        read.problems += [f"{name} is for demo and test only" for name in DEMO_ONLY if read.text(name)]
    if read.problems:
        raise SettingsRefused(read.problems)
    return settings


def _settings(read: _Reader, data_dir: Path) -> Settings:
    start = "set it, or start `treuepass demo`, which brings its own"
    read.required("DATABASE_URL", start)
    read.required("REDIS_URL", start)
    read.required("SECRET_KEY", "32 random characters or more")
    read.required("KEY_ENCRYPTION_KEY", "32 random bytes in base64: `openssl rand -base64 32`")
    read.required("PUBLIC_URL", "the address customers' phones reach, like https://cards.example.com")
    database_url = _given(read, "DATABASE_URL", _database_url, "a postgresql:// address", "")
    wrapping: tuple[bytes, ...] = (b"",)
    wrapping = _given(read, "KEY_ENCRYPTION_KEY", _encryption_keys, "32 bytes in base64", wrapping)
    return Settings(
        database_url=database_url,
        database_owner_url=_given(read, "DATABASE_OWNER_URL", _database_url, "a postgresql:// address", database_url),
        redis_url=_given(read, "REDIS_URL", _redis_url, "a redis:// or unix:// address", ""),
        public_url=_given(read, "PUBLIC_URL", _http_url, "an http:// or https:// address", ""),
        secret_key=_given(read, "SECRET_KEY", _secret_key, "32 characters or more", b""),
        key_encryption_key=wrapping[0],
        older_encryption_keys=wrapping[1:],
        data_dir=data_dir,
        apns_url=read.parsed("APNS_URL", _http_url, "an https:// address", ""),
        apns_ca_file=Path(read.text("APNS_CA_FILE")) if read.text("APNS_CA_FILE") else None,
        google=_google(read),
        weather_url=read.parsed("WEATHER_URL", _http_url, "an https:// address", ""),
        mode=read.parsed("TREUEPASS_MODE", _mode, "production, demo or test", "production"),
        clock_offset=read.parsed(
            "TREUEPASS_CLOCK",
            lambda text: _clock_offset(text, read.text("TREUEPASS_CLOCK_SET_AT")),
            "an RFC 3339 instant with offset, like 2026-12-24T09:00:00+01:00",
            timedelta(),
        ),
        sandbox_url=_given(read, "TREUEPASS_SANDBOX_URL", _http_url, "an http:// address", "") or None,
        fold_seconds=read.parsed("TREUEPASS_FOLD_SECONDS", _seconds, "0 to 3600", 0.0),
        lease_seconds=read.parsed("TREUEPASS_LEASE_SECONDS", _seconds, "0 to 3600", 0.0),
        redelivery_seconds=read.parsed("TREUEPASS_REDELIVERY_SECONDS", _count, "0 to 10000", 0),
        proxies=read.parsed("TREUEPASS_PROXIES", _count, "a number of proxies", 0),
        campaign_rate=read.parsed("TREUEPASS_CAMPAIGN_RATE", _count, "0 to 10000", 0),
        google_rate=read.parsed("TREUEPASS_GOOGLE_RATE", _count, "0 to 10000", 0),
        api_rate=read.parsed("TREUEPASS_API_RATE", _a_minute, "1 to 10000000", 1),
    )


def _google(read: _Reader) -> GoogleSettings | None:
    issuer, file = read.text("GOOGLE_ISSUER_ID"), read.text("GOOGLE_SERVICE_ACCOUNT_FILE")
    for name, given, other in (
        ("GOOGLE_ISSUER_ID", issuer, file),
        ("GOOGLE_SERVICE_ACCOUNT_FILE", file, issuer),
    ):
        if other and not given:
            read.problems.append(f"{name} is not set: Google Wallet needs issuer and service account, or neither")
    settings = GoogleSettings(
        issuer_id=_given(read, "GOOGLE_ISSUER_ID", _issuer, "the issuer's number, digits alone", ""),
        service_account_file=Path(file),
        wallet_url=read.parsed("GOOGLE_WALLET_URL", _http_url, "an https:// address", ""),
        save_url=read.parsed("GOOGLE_SAVE_URL", _http_url, "an https:// address", ""),
        callback_keys_url=read.parsed("GOOGLE_CALLBACK_KEYS_URL", _http_url, "an https:// address", ""),
        places=read.parsed("TREUEPASS_GOOGLE_PLACES", _yes_or_no, "yes or no", False),
    )
    return settings if issuer and file else None


def _given(read: _Reader, name: str, parse: Callable[[str], T], want: str, fallback: T) -> T:
    """Parse a value that may be absent; absence was judged already."""
    return read.parsed(name, parse, want, fallback) if read.text(name) else fallback


def describe(environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Rows of (name, shown value, source) for `treuepass settings`; secrets are never shown."""
    running = running_demo(Path(environ.get("DATA_DIR") or DEFAULTS["DATA_DIR"]))
    rows = []
    for setting in SETTINGS:
        sources = (("environment", environ), ("running demo", running), ("default", DEFAULTS))
        source = next((name for name, values in sources if values.get(setting.name)), "not set")
        value = dict(sources).get(source, {}).get(setting.name, "")
        rows.append((setting.name, "(hidden)" if setting.secret and value else value, source))
    return rows
