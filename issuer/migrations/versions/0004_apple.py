"""Apple Wallet in full: requested certificates and their warnings, patience with phones, passes of vouchers."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"

ROLE = "treuepass_app"
DIRECTORY = ("certificate_request", "push_stop")


def upgrade() -> None:
    for statement in Path(__file__).with_suffix(".sql").read_text().split(";\n"):
        if statement.strip():
            op.execute(statement)
    for table in DIRECTORY:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {ROLE}")
