"""What one run of the demo is: its ports, secrets, settings, certificates, and its children's commands."""

import base64
import json
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.processes import StartRefused
from cli.supervisor import write_private
from issuer.settings import SETTINGS, load_settings

if TYPE_CHECKING:
    from sandbox.authority import Authority

PASS_TYPE = "pass.example.treuepass.demo"  # noqa: S105 (the name of a kind of pass)
TEAM_ID = "TREUEDEMO1"
ZONE = "Europe/Berlin"
"""Of the café, and of the phones in the browser."""
SECRETS_FILE = "secrets.json"
OF_AN_ISSUER = ("GOOGLE_ISSUER_ID", "GOOGLE_SERVICE_ACCOUNT_FILE")
"""Whoever brings one of their own wants Google itself, not the sandbox's."""


@dataclass(frozen=True)
class Plan:
    """What one run of the demo was asked for and has chosen."""

    port: int
    phone_port: int
    apns_port: int
    data_dir: Path
    empty: bool
    environ: Mapping[str, str]
    run_id: str

    @property
    def public_url(self) -> str:
        """Where the faces are reached."""
        return (self.environ.get("PUBLIC_URL") or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def sandbox_url(self) -> str:
        """Where the phone in the browser is reached."""
        return f"http://127.0.0.1:{self.phone_port}"

    @property
    def google_url(self) -> str:
        """Where the sandbox plays Google."""
        return f"{self.sandbox_url}/google"


def sandbox_authority(folder: Path) -> "Authority":
    """The demo's certificates, made in `folder` the first time."""
    from sandbox.authority import ensure_authority  # noqa: PLC0415 (loads while PostgreSQL starts)

    return ensure_authority(folder, pass_type=PASS_TYPE, team_id=TEAM_ID, now=datetime.now(UTC))


def sandbox_account(plan: Plan) -> Path:
    """Key file of the sandbox's service account with Google, made the first time. Raises `StartRefused`."""
    from sandbox.google_account import FILE, ensure_service_account  # noqa: PLC0415 (loads while PostgreSQL starts)

    try:
        return ensure_service_account(plan.data_dir / "sandbox", f"{plan.google_url}/token").path
    except (ValueError, KeyError) as error:
        path = plan.data_dir / "sandbox" / FILE
        raise StartRefused(f"{path} cannot be read: delete it, and the sandbox makes another.") from error


def arguments(plan: Plan, name: str, supervisor_pid: int) -> list[str]:
    """Command line of a child. It carries the run's id, by which a later start knows what is ours to end."""
    command = [sys.executable, "-m", "cli.main", "--supervisor", f"{supervisor_pid}:{plan.run_id}", name]
    if name == "web":
        command += ["--port", str(plan.port)]
    if name == "sandbox":
        command += ["--folder", str(plan.data_dir / "sandbox"), "--zone", ZONE]
        command += ["--phone-port", str(plan.phone_port), "--apns-port", str(plan.apns_port)]
    return command


def keep_secrets(data_dir: Path) -> dict[str, str]:
    """The demo's secrets, made once. Raises `StartRefused` for a spoiled file: the database needs it."""
    path = data_dir / SECRETS_FILE
    if not path.exists():
        write_private(path, _new_secrets())
    try:
        kept = json.loads(path.read_text())
        return {name: str(kept[name]) for name in _new_secrets()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StartRefused(
            f"{path} cannot be read, and this demo's data need it: restore it, or name another --data-dir."
        ) from error


def _new_secrets() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "KEY_ENCRYPTION_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "api_key": f"tp_{secrets.token_urlsafe(32)}",
        "console_password": secrets.token_urlsafe(9),
        "staff_pin": f"{secrets.randbelow(9000) + 1000}",
        "till_token": secrets.token_urlsafe(24),
    }


def running_values(plan: Plan, kept: Mapping[str, str], servers: Mapping[str, str], ca_file: Path) -> dict[str, str]:
    """The settings of this demo, what the environment says first: for its children and for other commands."""
    own = {
        **servers,
        "PUBLIC_URL": plan.public_url,
        "SECRET_KEY": kept["SECRET_KEY"],
        "KEY_ENCRYPTION_KEY": kept["KEY_ENCRYPTION_KEY"],
        "TREUEPASS_SANDBOX_URL": plan.sandbox_url,
        "WEATHER_URL": f"{plan.sandbox_url}/weather",
    }
    if plan.environ.get("TREUEPASS_CLOCK"):
        # One instant for all children: each would otherwise count from its own start.
        own["TREUEPASS_CLOCK_SET_AT"] = datetime.now(UTC).isoformat()
    if not plan.environ.get("APNS_URL"):
        own |= {"APNS_URL": f"https://127.0.0.1:{plan.apns_port}", "APNS_CA_FILE": str(ca_file)}
    if not any(plan.environ.get(name) for name in OF_AN_ISSUER):
        own |= _sandbox_google(plan)
    known = {setting.name for setting in SETTINGS}
    given = {name: value for name, value in plan.environ.items() if value and name in known}
    return {**own, **given, "DATA_DIR": str(plan.data_dir), "TREUEPASS_MODE": "demo"}


def _sandbox_google(plan: Plan) -> dict[str, str]:
    from sandbox.google_account import FILE, ISSUER_ID  # noqa: PLC0415

    return {
        "GOOGLE_ISSUER_ID": ISSUER_ID,
        "GOOGLE_SERVICE_ACCOUNT_FILE": str(plan.data_dir / "sandbox" / FILE),
        "GOOGLE_WALLET_URL": plan.google_url,
        "GOOGLE_SAVE_URL": f"{plan.google_url}/save",
        "GOOGLE_CALLBACK_KEYS_URL": f"{plan.google_url}/keys",
    }


def check_settings(plan: Plan) -> None:
    """Everything wrong in the environment is said before anything is started."""
    servers = {"DATABASE_URL": "postgresql://demo", "REDIS_URL": "redis://demo"}
    values = running_values(plan, _new_secrets(), servers, plan.data_dir)
    load_settings({**plan.environ, **values}, {})
