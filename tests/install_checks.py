"""Steps of test_install_*.py: real Odoo processes on clones without our modules.

Uninstalling has to give back the schema as it was, to the last column.
"""

from devtools import databases, testkit

from .install_jobs import OURS

GROUND, CREDIT, CMOR, BRIDGE = OURS


def _state(name):
    with databases.connection(testkit.current(), name) as cr:
        cr.execute(
            "SELECT name FROM ir_module_module WHERE state = 'installed'"
            " AND name = ANY(%s)",
            [list(OURS)],
        )
        return {row[0] for row in cr}


def _schema(name):
    """Every column of every table, and how many rows of some catalogues there are."""
    with databases.connection(testkit.current(), name) as cr:
        cr.execute(
            "SELECT table_name || '.' || column_name FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        )
        found = {row[0] for row in cr}
        # Odoo takes along, until the next update, the rows of fields that res.users
        # inherits from a partner and that depend on a removed field of the partner
        cr.execute(
            "SELECT 'field ' || model || '.' || name FROM ir_model_fields"
            " WHERE NOT (model = 'res.users' AND name LIKE 'phone\\_%')"
        )
        found |= {row[0] for row in cr}
        for table in ("ir_model", "ir_ui_menu", "ir_cron", "ir_rule", "ir_ui_view"):
            cr.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
            found.add(f"{table}: {cr.fetchone()[0]} rows")
        cr.execute(
            "SELECT count(*) FROM ir_model_data WHERE module = ANY(%s)", [list(OURS)]
        )
        found.add(f"our records: {cr.fetchone()[0]}")
        return found


def _as_before(name, before):
    """Nothing is left behind and nothing of others is gone."""
    now = _schema(name)
    assert now == before, f"left: {sorted(now - before)}, gone: {sorted(before - now)}"


def _clean(status, log):
    """The process ended well and its log has no warning and no error."""
    bad = [
        line for line in log.splitlines() if " WARNING " in line or " ERROR " in line
    ]
    assert status == 0, log[-3000:]
    assert not bad, "\n".join(bad)


def _install(name, module):
    _clean(*testkit.odoo(name, "-i", module))


def _steps(name, *steps):
    """Jobs one after another in a process: to load Odoo costs more than most of them.

    An uninstallation is the last of its process: what comes after it has to load what
    it left.
    """
    _clean(*testkit.job(name, "tests.install_jobs:work", *steps))


def check_order(first, second):
    """`first` alone, then beside `second`; each uninstalled without the other.

    Both times with bills, cases and practices in it: an empty module goes easily.
    """
    with testkit.database("base") as name:
        before = _schema(name)
        _install(name, first)
        assert _state(name) == {GROUND, first}
        with testkit.database(source=name) as alone:
            _steps(alone, "fill", f"uninstall {first}")
            assert _state(alone) == {GROUND}
            _steps(alone, "check_menus", f"uninstall {GROUND}")
            assert _state(alone) == set()
            _as_before(alone, before)
            _steps(alone, "check_menus", "check_kept")
        _install(name, second)
        assert _state(name) == set(OURS)
        _steps(name, "fill", f"uninstall {first}")
        assert _state(name) == {GROUND, second}
        _steps(name, "check_menus", f"uninstall {second}")
        _steps(name, "check_menus", f"uninstall {GROUND}")
        _as_before(name, before)
        _steps(name, "check_menus", "check_kept")
