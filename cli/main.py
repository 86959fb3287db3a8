"""The command `treuepass`."""

import os
import sys
from pathlib import Path

import click
from sqlalchemy.exc import OperationalError

from cli import certificate, checks, keys, lint, merchants, processes_of_ours
from issuer.settings import SettingsRefused


class Commands(click.Group):
    """Says what is wrong with the settings in sentences, not in a trace."""

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


for module in (processes_of_ours, checks, merchants, keys, certificate, lint):
    for command in module.COMMANDS:
        main.add_command(command)

if __name__ == "__main__":
    main()
