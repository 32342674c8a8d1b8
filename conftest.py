"""What pytest-odoo leaves open, and the promise that no test is skipped in silence."""

import contextlib
import json
import os
import shutil
from pathlib import Path

import freezegun
import pytest

#: reasons for which a test may be skipped; `./dev test` adds what it left out aloud
NAMED_SKIPS = tuple(json.loads(os.environ.get("DEV_LEFT_OUT", "[]")))
#: in a whole `./dev test`: file that is told how many tests Odoo's own runner has run
LEFT_TO_RUNNER = os.environ.get("DEV_LEFT_TO_RUNNER")
SLOW_TAGS = set(filter(None, os.environ.get("DEV_SLOW_TAGS", "").split(",")))
ROOT = Path(__file__).resolve().parent
_silent = []


@contextlib.contextmanager
def _own_filestore(original, name):
    """A worker's own copy of the filestore.

    Shared, each test class would end with Odoo's clean-up deleting the files that
    the other worker's database has just written.
    """
    from odoo.tools import config

    if original == name:
        yield
        return
    source, target = Path(config.filestore(original)), Path(config.filestore(name))
    shutil.rmtree(target, ignore_errors=True)
    if source.is_dir():
        try:
            shutil.copytree(source, target, copy_function=os.link)
        except (OSError, shutil.Error):
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
    try:
        yield
    finally:
        shutil.rmtree(target, ignore_errors=True)


class OdooSession:
    """Fixtures for a session with pytest-odoo."""

    @pytest.fixture(scope="session", autouse=True)
    @classmethod
    def odoo_session(cls, load_registry):
        """Settings that Odoo's own runner has, and proof that our modules are in."""
        from odoo.modules.registry import Registry
        from odoo.tools import config

        # core's helpers ask `'SAVE_XML' in config['test_tags']`
        config["test_tags"] = config["test_tags"] or ""
        wanted = set(filter(None, os.environ.get("DEV_MODULES", "").split(",")))
        database = config["db_name"]
        database = database if isinstance(database, str) else database[0]
        with Registry(database).cursor() as cr:
            cr.execute("SELECT name FROM ir_module_module WHERE state = 'installed'")
            absent = wanted - {row[0] for row in cr.fetchall()}
        if absent:
            pytest.exit(f"modules not installed: {', '.join(sorted(absent))}", 3)


def pytest_configure(config):
    # tests that stop the clock must not stop pytest's own
    freezegun.configure(extend_ignore_list=["_pytest."])
    if not config.pluginmanager.has_plugin("odoo"):
        return
    import pytest_odoo

    pytest_odoo._shared_filestore = _own_filestore
    config.pluginmanager.register(OdooSession(), "odoo-session")


def _is_run_by_odoo(item):
    """Whether Odoo's own runner runs this test: a fast one of a module.

    It skips test cases without tags (plain unittest) and functions.
    """
    tags = getattr(item.cls, "test_tags", None) if item.cls else None
    folder = item.path.relative_to(ROOT).parts[0]
    in_module = (ROOT / folder / "__manifest__.py").exists()
    return bool(tags) and in_module and "standard" in tags and not tags & SLOW_TAGS


def pytest_collection_modifyitems(config, items):
    """In a whole run nothing is run twice: testing.py compares the counts."""
    if not LEFT_TO_RUNNER:
        return
    left = [item for item in items if _is_run_by_odoo(item)]
    items[:] = [item for item in items if not _is_run_by_odoo(item)]
    config.hook.pytest_deselected(items=left)
    Path(LEFT_TO_RUNNER).write_text(str(len(left)))


def pytest_runtest_logreport(report):
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if report.longrepr else ""
        if not any(named in reason for named in NAMED_SKIPS):
            _silent.append((report.nodeid, reason))


def pytest_collectreport(report):
    if report.skipped:
        _silent.append((report.nodeid, str(report.longrepr)))


def pytest_terminal_summary(terminalreporter):
    if _silent:
        terminalreporter.section("skips that nobody named: a failure", red=True)
        for nodeid, reason in _silent:
            terminalreporter.write_line(f"{nodeid}: {reason}")


def pytest_sessionfinish(session, exitstatus):
    if _silent and not exitstatus:
        session.exitstatus = 1
