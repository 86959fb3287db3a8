"""The command `treuepass`."""

import os
import sys
from importlib import import_module
from pathlib import Path

import click
from sqlalchemy.exc import OperationalError

from issuer.settings import SettingsRefused

MODULES = {
    "cli.processes_of_ours": ("web", "worker", "relay", "scheduler", "sandbox"),
    "cli.checks": ("db", "settings", "audit"),
    "cli.merchants": ("merchant", "user", "import"),
    "cli.keys": ("key",),
    "cli.certificate": ("certificate",),
    "cli.lint": ("lint",),
}
"""Which commands each has in its COMMANDS. A process of ours loads the one it is, not what all the others need."""
_PLACES = {name: module for module, names in MODULES.items() for name in names}


class Commands(click.Group):
    """Says what is wrong with the settings in sentences, not in a trace."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), *_PLACES])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _PLACES:
            return super().get_command(context, name)
        commands: tuple[click.Command, ...] = import_module(_PLACES[name]).COMMANDS
        return next(command for command in commands if command.name == name)

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except SettingsRefused as refused:
            raise click.ClickException(str(refused)) from refused
        except OperationalError as error:
            reason = str(error.orig).strip().splitlines()[0]
            raise click.ClickException(f"The database cannot be used: {reason}") from error


@click.group(cls=Commands)
@click.option("--supervisor", hidden=True, help="pid and run id of the demo that started this")
def main(supervisor: str | None) -> None:
    """Loyalty cards in wallets, on the web and on paper, and the ledger behind them."""
    if supervisor is not None:
        from cli.supervisor import die_with_parent  # noqa: PLC0415 (only children of the demo need it)

        die_with_parent(int(supervisor.partition(":")[0]))


@main.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="of the web pages")
@click.option(
    "--data-dir", default="var", show_default=True, type=click.Path(path_type=Path), help="where it keeps its data"
)
@click.option("--empty", is_flag=True, help="make no demo merchant")
def demo(port: int, data_dir: Path, empty: bool) -> None:
    """Start everything on this machine and say what to open."""
    from cli.demo import run_demo  # noqa: PLC0415 (the sandbox is not installed in production)

    sys.exit(run_demo(port, data_dir, empty, os.environ))


if __name__ == "__main__":
    main()
