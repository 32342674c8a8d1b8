"""The bare side of bench/flows.py: the same rows, read and written by the database."""

import io
from contextlib import contextmanager

from odoo.tools import SQL

from ._run_jobs import Clock

# rows of a table that are not one for each practice: not worth writing again
FEW = 50
# where the tables are kept as they were before
BEFORE = "bench_before"
PARTS = ("loop", "read", "new rows", "one column", "same columns")


class Bare:
    """Wall and CPU seconds of its parts, rows and columns that were written."""

    def __init__(self, env):
        self.env, self.cr = env, env.cr
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.cpu = dict.fromkeys(PARTS, 0.0)
        self.rows = {}

    @contextmanager
    def part(self, name):
        with Clock(self.env) as clock:
            yield
        self.seconds[name] += clock.wall
        self.cpu[name] += clock.python + clock.database


class Writes:
    """The rows that were written since it was made, whatever wrote them, and the time
    of writing them again, a table at a time, by the database alone.

    One COPY of the new rows. The changed ones twice: one UPDATE of ``write_date``,
    which no index has (``one column``), and one UPDATE of the columns that changed to
    the values that they changed to, handed over by COPY (``same columns``). Both start
    on the rows as they were before, in a table that was vacuumed, as is every table
    when the other side starts.
    """

    def __init__(self, env):
        self.cr = env.cr
        self.last, self.kept = {}, set()
        self.cr.execute(SQL("DROP SCHEMA IF EXISTS %s CASCADE", SQL.identifier(BEFORE)))
        self.cr.execute(SQL("CREATE SCHEMA %s", SQL.identifier(BEFORE)))
        for table in self._tables():
            name = SQL.identifier(table)
            self.cr.execute(SQL("SELECT COALESCE(MAX(id), 0) FROM %s", name))
            self.last[table] = self.cr.fetchone()[0]
            if self.last[table] and table.startswith(("cmor_", "utility_charge")):
                self.cr.execute(
                    SQL(
                        "CREATE UNLOGGED TABLE %s AS TABLE %s",
                        SQL.identifier(BEFORE, table),
                        name,
                    )
                )
                self.kept.add(table)
        # as autovacuum leaves them, for both sides
        self._vacuum()
        self.cr.execute("SELECT txid_current()")
        self.txid = self.cr.fetchone()[0]
        self.cr.commit()

    def _tables(self):
        self.cr.execute(
            "SELECT c.table_name FROM information_schema.columns c"
            " JOIN information_schema.tables t USING (table_schema, table_name)"
            " WHERE c.table_schema = current_schema() AND c.column_name = 'id'"
            " AND t.table_type = 'BASE TABLE' AND c.data_type = 'integer'"
        )
        return [table for (table,) in self.cr.fetchall()]

    def again(self, bare):
        """Write the same rows as the bare side's part; the database is the same after
        it as before."""
        for table, last in self.last.items():
            self.cr.execute(
                SQL(
                    "SELECT id > %s, array_agg(id) FROM %s"
                    " WHERE id > %s OR xmin::text::bigint > %s GROUP BY 1",
                    last,
                    SQL.identifier(table),
                    last,
                    self.txid,
                )
            )
            ids = dict(self.cr.fetchall())
            new, changed = (ids.get(key, ()) for key in (True, False))
            if max(len(new), len(changed)) > FEW:
                self._table_again(bare, table, new, changed)
        self.cr.commit()

    def _table_again(self, bare, table, new, changed):
        new = new if len(new) > FEW else ()
        changed = changed if len(changed) > FEW else ()
        rows = self._copied(table, self._columns(table), new)
        columns = self._changed_columns(table, changed) if changed else []
        values = self._copied(table, ["id", *columns], changed)
        self._restore(table, new, columns, changed)
        if changed:
            with bare.part("one column"):
                self.cr.execute(
                    SQL(
                        "UPDATE %s SET write_date = now() WHERE id = ANY(%s)",
                        SQL.identifier(table),
                        changed,
                    )
                )
            self.cr.rollback()
            self._vacuum(table)
        if new:
            with bare.part("new rows"):
                self._copy_in(table, self._columns(table), rows)
        if changed:
            self._write_values(bare, table, columns, values)
        self.cr.commit()
        bare.rows[table] = [len(new), len(changed), len(columns)]

    def _write_values(self, bare, table, columns, values):
        name, told = SQL.identifier(table), SQL.identifier("bench_values")
        self.cr.execute(
            SQL(
                "CREATE TEMP TABLE %s ON COMMIT DROP AS SELECT %s FROM %s LIMIT 0",
                told,
                _listed(["id", *columns]),
                name,
            )
        )
        with bare.part("same columns"):
            self._copy_in("bench_values", ["id", *columns], values)
            self.cr.execute(
                SQL(
                    "UPDATE %s SET %s FROM %s WHERE %s = %s",
                    name,
                    _assigned(columns, "bench_values"),
                    told,
                    SQL.identifier(table, "id"),
                    SQL.identifier("bench_values", "id"),
                )
            )

    def _columns(self, table):
        self.cr.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = %s"
            " AND is_generated = 'NEVER' ORDER BY ordinal_position",
            [table],
        )
        return [name for (name,) in self.cr.fetchall()]

    def _changed_columns(self, table, ids):
        """The columns that changed in any of these rows."""
        if table not in self.kept:
            return ["write_date"]
        columns = [name for name in self._columns(table) if name != "id"]
        differ = SQL(", ").join(
            SQL(
                "bool_or(%s::text IS DISTINCT FROM %s::text)",
                SQL.identifier("new", name),
                SQL.identifier("old", name),
            )
            for name in columns
        )
        self.cr.execute(
            SQL(
                "SELECT %s FROM %s new JOIN %s old ON old.id = new.id"
                " WHERE new.id = ANY(%s)",
                differ,
                SQL.identifier(table),
                SQL.identifier(BEFORE, table),
                ids,
            )
        )
        pairs = zip(columns, self.cr.fetchone(), strict=True)
        return [name for name, differs in pairs if differs] or ["write_date"]

    def _restore(self, table, new, columns, changed):
        """The table as it was before, as far as these rows are concerned."""
        name = SQL.identifier(table)
        # other tables refer to the rows that go and come back
        self.cr.execute("SET LOCAL session_replication_role = replica")
        if new:
            self.cr.execute(SQL("DELETE FROM %s WHERE id = ANY(%s)", name, new))
        if changed and table in self.kept:
            self.cr.execute(
                SQL(
                    "UPDATE %s SET %s FROM %s old"
                    " WHERE old.id = %s AND old.id = ANY(%s)",
                    name,
                    _assigned(columns, "old"),
                    SQL.identifier(BEFORE, table),
                    SQL.identifier(table, "id"),
                    changed,
                )
            )
        self._vacuum(table)

    def _vacuum(self, table=None):
        self.cr.commit()
        connection = self.cr._cnx
        connection.autocommit = True
        try:
            self.cr._obj.execute(f'VACUUM "{table}"' if table else "VACUUM ANALYZE")
        finally:
            connection.autocommit = False

    def _copied(self, table, columns, ids):
        """The text that COPY makes of these rows."""
        out = io.StringIO()
        if ids:
            query = SQL(
                "COPY (SELECT %s FROM %s WHERE id = ANY(%s) ORDER BY id) TO STDOUT",
                _listed(columns),
                SQL.identifier(table),
                ids,
            )
            cursor = self.cr._obj
            cursor.copy_expert(cursor.mogrify(query.code, query.params).decode(), out)
        return out

    def _copy_in(self, table, columns, text):
        text.seek(0)
        query = SQL("COPY %s (%s) FROM STDIN", SQL.identifier(table), _listed(columns))
        self.cr._obj.copy_expert(query.code, text)


def _listed(columns):
    return SQL(", ").join(map(SQL.identifier, columns))


def _assigned(columns, origin):
    return SQL(", ").join(
        SQL("%s = %s", SQL.identifier(name), SQL.identifier(origin, name))
        for name in columns
    )
