"""How Alembic reaches the database: on the connection that `app.db.migrate` hands over."""

from alembic import context

from app.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_server_default=False,
    transactional_ddl=True,
)
context.run_migrations()
