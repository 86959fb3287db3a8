"""Offers by time and place: what they say, to whom they were shown, when a card is looked at for them."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"

ROLE = "treuepass_app"
MERCHANT = "nullif(current_setting('treuepass.merchant', true), '')::uuid"
OWN = f"merchant_id = {MERCHANT}"
MERCHANT_TABLES = ("offer", "offer_version", "showing", "forecast", "card_places", "fifth_cuts")
DIRECTORY = ("agenda", "sweep")


def upgrade() -> None:
    for statement in Path(__file__).with_suffix(".sql").read_text().split(";\n"):
        if statement.strip():
            op.execute(statement)
    for table in (*MERCHANT_TABLES, *DIRECTORY):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {ROLE}")
    for table in MERCHANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_merchant ON {table} USING ({OWN}) WITH CHECK ({OWN})")
