"""Rows written again, for bench/_flow_jobs.py."""

import io

from odoo.tools import SQL

# rows of a table that are not one for each practice: not worth writing again
FEW = 50


class Writes:
    """The rows that were written since it was made, whatever wrote them, and the time
    of writing them again: one COPY a table of the new ones, one UPDATE of the others.
    """

    def __init__(self, env):
        self.cr = env.cr
        self.cr.execute(
            "SELECT c.table_name FROM information_schema.columns c"
            " JOIN information_schema.tables t USING (table_schema, table_name)"
            " WHERE c.table_schema = current_schema() AND c.column_name = 'id'"
            " AND t.table_type = 'BASE TABLE' AND c.data_type = 'integer'"
        )
        tables = [table for (table,) in self.cr.fetchall()]
        self.last = {}
        for table in tables:
            self.cr.execute(
                SQL("SELECT COALESCE(MAX(id), 0) FROM %s", SQL.identifier(table))
            )
            self.last[table] = self.cr.fetchone()[0]
        self.cr.execute("SELECT txid_current()")
        self.txid = self.cr.fetchone()[0]
        self.cr.commit()

    def again(self, bare):
        """Write the same rows as the bare side's part; to be rolled back."""
        for table, last in self.last.items():
            name = SQL.identifier(table)
            self.cr.execute(
                SQL(
                    "SELECT id > %s, array_agg(id) FROM %s"
                    " WHERE id > %s OR xmin::text::bigint > %s GROUP BY 1",
                    last,
                    name,
                    last,
                    self.txid,
                )
            )
            ids = dict(self.cr.fetchall())
            new, changed = len(ids.get(True, ())), len(ids.get(False, ()))
            if new > FEW:
                self._copy(bare, table, last)
            if changed > FEW:
                with bare.part("write"):
                    self.cr.execute(
                        SQL(
                            "UPDATE %s SET write_date = now() WHERE id = ANY(%s)",
                            name,
                            ids[False],
                        )
                    )
            if max(new, changed) > FEW:
                bare.rows[table] = [new, changed]

    def _copy(self, bare, table, last):
        """One COPY of the rows behind ``last``, taken away before."""
        cr, copied = self.cr._obj, io.StringIO()
        self.cr.execute("SET LOCAL session_replication_role = replica")
        self.cr.execute(
            "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY"
            " ordinal_position) FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = %s"
            " AND is_generated = 'NEVER'",
            [table],
        )
        names = self.cr.fetchone()[0]
        where = f'FROM "{table}" WHERE id > {int(last)}'
        cr.copy_expert(f"COPY (SELECT {names} {where}) TO STDOUT", copied)
        self.cr.execute(f"DELETE {where}")
        self.cr.execute("SET LOCAL session_replication_role = origin")
        copied.seek(0)
        with bare.part("write"):
            cr.copy_expert(f'COPY "{table}" ({names}) FROM STDIN', copied)
