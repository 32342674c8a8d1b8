"""What the apps built on this module share when they are uninstalled."""

from odoo.tools import SQL


def drop_foreign_keys(env, prefix):
    """Let the tables whose names begin with ``prefix`` go in any order.

    Odoo first deletes a module's shipped records one by one, then drops its tables.
    Records made since refer to the shipped ones, and each refusal of PostgreSQL would
    be an ERROR in the log although the whole goes a moment later.

    :param prefix: e.g. "dunning_"
    """
    rows = env.execute_query(
        SQL(
            """
            SELECT source.relname, fkey.conname
              FROM pg_constraint fkey
              JOIN pg_class source ON source.oid = fkey.conrelid
              JOIN pg_class target ON target.oid = fkey.confrelid
             WHERE fkey.contype = 'f'
               AND starts_with(target.relname, %(prefix)s)
               AND pg_table_is_visible(source.oid)
            """,
            prefix=prefix,
        )
    )
    for table, constraint in rows:
        env.cr.execute(
            SQL(
                "ALTER TABLE %s DROP CONSTRAINT %s",
                SQL.identifier(table),
                SQL.identifier(constraint),
            )
        )
