"""`./dev test`: linters, Odoo's own runner, Odoo's lint, then pytest over everything.

Nothing passes by not being run: zero tests, a module that is not installed, a skip
that nobody named and a missing browser are failures. pytest begins on the core that is
free first and ends last: its closing line is followed by nothing but failures.
"""

import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from . import databases, lint, processes, programs
from .places import DEV, ROOT, modules
from .room import open_room
from .say import DevError, note, step

#: slow tests (tours, random kills, many mutations) carry one of these tags: Odoo's
#: own runner leaves them to pytest, which in turn leaves it the others of the modules
SLOW_TAGS = ("tour", "slow")
#: what test files name that start servers of their own, the longest of all
SERVERS = ("testkit", "install_checks", "dunning_kill")
#: modules whose tests run beside nothing but what they depend on
ALONE = ("creditbox_dunning",)
_COUNT = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")
#: the part of Odoo's test_lint that judges add-ons and not Odoo itself (TestIndex
#: fails on a field of Odoo's own; tests/test_schema.py looks at ours)
LINT_CLASSES = (
    "ManifestLinter",
    "RoutesLinter",
    "TestConflictMarkers",
    "TestJsTranslations",
    "TestNaming",
    "TestLintOverrideSignatures",
    "TestTestHoles",
    "TestOnchangeDomains",
    "TestDunderinit",
)


@dataclass
class Run:
    """What is known about one run of `./dev test`."""

    room: object
    without: set
    log_dir: Path
    failures: list = field(default_factory=list)
    #: how many tests of the modules Odoo's own runner has run, each time
    ran_by_runner: list = field(default_factory=list)

    @property
    def left_to_runner(self):
        """Where pytest tells how many tests it left to Odoo's own runner."""
        return self.log_dir / "left_to_runner.txt"

    def failed(self, what, detail=""):
        self.failures.append(what)
        note(f"FAILED {what}")
        for line in detail.splitlines():
            note("    " + line)


def test(args):
    """The command; the exit status is 0 only when everything ran and passed."""
    start = time.monotonic()
    gone = programs.provide()
    with open_room(args.python) as room:
        databases.sweep(room)
        log_dir = DEV / "log"
        log_dir.mkdir(exist_ok=True)
        run = Run(room, set(args.without), log_dir)
        if not modules():
            raise DevError("there are no modules to test")
        _missing_programs(run, gone)
        if args.paths or args.k:
            return _pytest(run, args, gone)
        databases.template(room, "all")
        _lane, status, _lint_lane = _in_parallel(
            lambda: _odoo_runner(run, ALONE, ALONE),
            lambda: _short_lane(run, args, gone, start),
            lambda: _lint(run),
        )
        _check_left(run)
        for what in run.failures:
            note(f"failed: {what}")
        return status or (1 if run.failures else 0)


def _short_lane(run, args, gone, start):
    """All but the longest of Odoo's own runs, which goes on beside it for a while;
    the exit status of pytest."""
    _odoo_runner(run, modules(), [name for name in modules() if name not in ALONE])
    _check_template(run)
    _odoo_lint(run)
    return _pytest(run, args, gone, start)


def _missing_programs(run, gone):
    """Tell what is left out, and fail unless the caller agreed to it."""
    for program in gone:
        text = f"{program.name} is not installed: {program.serves} are left out"
        if program.name in run.without:
            note(text + f" (--without {program.name})")
        else:
            run.failed(
                text,
                f"Install it (Debian: apt-get install {program.package}), or agree\n"
                f"to leave these tests out: ./dev test --without {program.name}",
            )


def _in_parallel(*functions):
    """Run the functions at the same time: what they return; an error in one is raised
    at the end."""
    with ThreadPoolExecutor(len(functions)) as pool:
        try:
            futures = [pool.submit(function) for function in functions]
            return [future.result() for future in futures]
        except BaseException:  # Ctrl-C too: the pool would wait for all of them
            processes.end_all()
            raise


def _lint(run):
    step("linters and repository rules")
    for name in lint.run_checks(run.room.python):
        run.failed(name)


def _check_log(run, what, log):
    """No WARNING or ERROR in an Odoo log but those that checklog-odoo.cfg names."""
    checker = os.path.join(os.path.dirname(run.room.python), "checklog-odoo")
    report = run.log_dir / f"checklog-{Path(log).stem}.txt"
    report.unlink(missing_ok=True)
    command = [checker, "--config", ROOT / "checklog-odoo.cfg", "--no-err-if-empty"]
    if processes.run(run.room, [*command, log], log=report):
        run.failed(f"{what}: warnings or errors in {log}", processes.tail(report, 30))


def _count(log):
    """(failed, errors, tests) from the last summary line of Odoo's runner."""
    found = _COUNT.findall(Path(log).read_text(errors="replace"))
    return tuple(map(int, found[-1])) if found else (0, 0, 0)


def _odoo_tests(run, what, name, log, *args):
    """Run Odoo's runner on a database; judge exit status, count and log.

    :return: how many tests it ran
    """
    log.unlink(missing_ok=True)
    config = run.room.config(log.stem)
    command = processes.odoo_command(run.room, "server", config, "-d", name)
    command += ["--stop-after-init", "--log-level=warn", *args]
    command.append("--log-handler=odoo.tests.result:INFO")
    status = processes.run(run.room, command, log=log)
    failed, errors, total = _count(log)
    if status or failed or errors:
        text = f"{what}: {failed} failed, {errors} errors of {total} (log: {log})"
        run.failed(text, _extract(log))
    elif not total:
        run.failed(f"{what}: 0 tests ran (log: {log})", processes.tail(log))
    else:
        note(f"ok     {what}: {total} tests")
        _check_log(run, what, log)
    return total


def _extract(log, lines=40):
    """The failures in a runner's log, not its whole length."""
    text = Path(log).read_text(errors="replace").splitlines()
    marks = [i for i, line in enumerate(text) if re.search(r"FAIL:|ERROR:|Error", line)]
    begin = max(0, marks[0] - 2) if marks else max(0, len(text) - lines)
    return "\n".join(text[begin : begin + lines])


def _odoo_runner(run, installed, tested):
    """Install modules from nothing and run fast tests as a customer's Odoo would."""
    what = f"Odoo's own runner ({', '.join(tested)})"
    step(f"{what}: install {', '.join(installed)}, run the fast tests")
    tags = [f"/{module}" for module in tested] + [f"-{tag}" for tag in SLOW_TAGS]
    label = f"runner-{tested[0]}"
    with databases.temporary(run.room, "base", label.replace("-", "_")) as name:
        log = run.log_dir / f"{label}.log"
        args = ["-i", ",".join(installed), "--test-tags", ",".join(tags)]
        run.ran_by_runner.append(_odoo_tests(run, what, name, log, *args))
        absent = sorted(set(installed) - _installed(run, name))
        if absent:
            run.failed(f"{what}: not installed: {', '.join(absent)}")


def _check_template(run):
    made = databases.install_log(databases.template_name(run.room, "all"))
    if made.exists():
        _check_log(run, "template", made)


def _installed(run, name):
    with databases.connection(run.room, name) as cr:
        cr.execute("SELECT name FROM ir_module_module WHERE state = 'installed'")
        return {row[0] for row in cr}


def _odoo_lint(run):
    what = "Odoo's test_lint"
    step(f"{what}: indexes, names, signatures of overrides, forgotten tests")
    tags = ",".join(f"/test_lint:{name}" for name in LINT_CLASSES)
    with databases.temporary(run.room, "all", "lint") as name:
        log = run.log_dir / "test_lint.log"
        args = ["-i", "test_lint", "--test-tags", tags, "--no-http"]
        _odoo_tests(run, what, name, log, *args)


def _long_files():
    """Test files with servers of their own, then those with slow tests or browsers."""
    slow = [f'"{tag}"' for tag in SLOW_TAGS]
    found = []
    for folder in ("tests", *(f"{module}/tests" for module in modules())):
        for path in ROOT.glob(f"{folder}/test_*.py"):
            text = path.read_text()
            serves = any(name in text for name in SERVERS)
            if serves or any(tag in text for tag in slow):
                found.append((not serves, str(path.relative_to(ROOT))))
    return [name for _serves, name in sorted(found)]


def _pytest(run, args, gone, start=None):
    """pytest-odoo over modules and tests/, in its own processes and clones."""
    room = run.room
    step("pytest: the modules and tests/, browser tours included")
    # a skip for any other reason fails the session: see conftest.py
    left_out = [program.skip for program in gone if program.name in run.without]
    with databases.temporary(room, "all", "pytest") as name:
        config = room.config("pytest")
        command = [room.python, "-m", "pytest", f"--odoo-database={name}"]
        command += [f"--odoo-config={config}", "--odoo-http", "--odoo-log-level=warn"]
        command += ["--odoo-extra", "limit-memory-hard=0", "--durations=15"]
        if args.n > 1:
            # files in the order given: the long ones first, so that both workers
            # end at about the same time
            command += ["-n", str(args.n), "--dist", "loadfile"]
            command.append("--no-loadscope-reorder")
        command += ["-k", args.k] if args.k else []
        command += args.paths or [*_long_files(), "tests", *modules()]
        env = room.environ() | {
            "DEV_LEFT_OUT": json.dumps(left_out),
            "DEV_MODULES": ",".join(modules()),
        }
        if start is None:
            return processes.run(room, command, env=env)
        note(f"{time.monotonic() - start:.0f} s since the start")
        left = run.left_to_runner
        left.unlink(missing_ok=True)
        env |= {"DEV_LEFT_TO_RUNNER": str(left), "DEV_SLOW_TAGS": ",".join(SLOW_TAGS)}
        return processes.run(room, command, env=env)


def _check_left(run):
    """What pytest left to Odoo's own runner is what that has run, to the test."""
    left = run.left_to_runner
    count = int(left.read_text()) if left.exists() else 0
    ran = sum(run.ran_by_runner)
    if count != ran:
        run.failed(f"pytest left {count} tests to Odoo's runner, which ran {ran}")
