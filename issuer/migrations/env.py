"""Run by Alembic with a connection handed over by `issuer.migrating`."""

from alembic import context

from issuer.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
