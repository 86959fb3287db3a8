"""Every kind of rule, and what stands around them: purchases that are refunded, vouchers, friends, due things, keys."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"

ROLE = "treuepass_app"
MERCHANT = "nullif(current_setting('treuepass.merchant', true), '')::uuid"
OWN = f"merchant_id = {MERCHANT}"
MERCHANT_TABLES = ("refund", "voucher", "referral", "granted", "purse", "notice")
DIRECTORY = ("due",)
APPEND_ONLY = ("refund",)


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
    for table in APPEND_ONLY:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {ROLE}")
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
