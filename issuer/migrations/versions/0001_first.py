"""The whole path of one stamp: directory, merchant's tables, ledger, publications; roles and row-level security."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

ROLE = "treuepass_app"
MERCHANT = "nullif(current_setting('treuepass.merchant', true), '')::uuid"
MERCHANT_TABLES = [
    "location",
    "staff",
    "image",
    "brand",
    "brand_version",
    "program",
    "program_version",
    "reward",
    "customer",
    "personal_data",
    "consent",
    "card",
    "purchase",
    "account",
    "posting",
    "entry",
    "hold",
    "idempotency_key",
    "event",
]
APPEND_ONLY = ("posting", "entry", "event", "consent")


def upgrade() -> None:
    _ensure_role()
    for statement in Path(__file__).with_suffix(".sql").read_text().split(";\n"):
        op.execute(statement)
    op.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}")
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {ROLE}")
    _protect("merchant", "id")
    for table in MERCHANT_TABLES:
        _protect(table, "merchant_id")
    _forbid_changes()


def _ensure_role() -> None:
    """Create the role that owns nothing, and let this login step down to it.

    From PostgreSQL 16 on, the creator of a role is a member that may not SET ROLE ("createrole_self_grant").
    """
    op.execute(
        f"""DO $$ DECLARE
            enough text := CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END;
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
                CREATE ROLE {ROLE} NOLOGIN NOBYPASSRLS;
            END IF;
            IF NOT pg_has_role(current_user, '{ROLE}', enough) THEN
                EXECUTE format('GRANT {ROLE} TO %I', current_user);
            END IF;
        END $$"""
    )


def _protect(table: str, column: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_merchant ON {table} USING ({column} = {MERCHANT}) WITH CHECK ({column} = {MERCHANT})"
    )


def _forbid_changes() -> None:
    op.execute(
        """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: correct it with a counter-entry', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END $$"""
    )
    for table in APPEND_ONLY:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {ROLE}")
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
