"""A merchant designs: drafts and rollouts; invitations and sessions; paper cards; mail that can be found."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"

ROLE = "treuepass_app"
MERCHANT = "nullif(current_setting('treuepass.merchant', true), '')::uuid"
OWN = f"merchant_id = {MERCHANT}"
MERCHANT_TABLES = ("brand_draft", "paper_batch")
DIRECTORY = ("invitation", "rollout")


def upgrade() -> None:
    for statement in Path(__file__).with_suffix(".sql").read_text().split(";\n"):
        op.execute(statement)
    for table in (*MERCHANT_TABLES, *DIRECTORY):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {ROLE}")
    for table in MERCHANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_merchant ON {table} USING ({OWN}) WITH CHECK ({OWN})")
