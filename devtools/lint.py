"""`./dev lint`: every linter once, all findings shown, zero allowed."""

import contextlib
import os
import subprocess
import time

from . import processes
from .odoo_source import ensure as odoo_ensure
from .places import OPTIONAL, ROOT, all_modules
from .say import _colour, note, step

#: Python that is not in a module
TOOLS = ("dev", "conftest.py", "devtools", "tests", "bench")


def _po_files():
    return [str(path.relative_to(ROOT)) for path in ROOT.glob("*/i18n/*.po*")]


def checks(python, fix=False):
    """(name, command) of each linter for what is in the repository now."""
    folder = os.path.dirname(python)
    ours = all_modules()
    sources = [*ours, *(name for name in TOOLS if (ROOT / name).exists())]

    def tool(name, *args):
        return [os.path.join(folder, name), *args]

    found = [
        ("ruff check", tool("ruff", "check", *(["--fix"] if fix else []), *sources)),
        (
            "ruff format",
            tool("ruff", "format", *([] if fix else ["--check"]), *sources),
        ),
    ]
    if ours:
        oca = [*(["--fix"] if fix else []), *ours]
        found += [
            ("pylint-odoo", tool("pylint", "--rcfile=.pylintrc", *ours)),
            ("oca-checks-odoo-module", tool("oca-checks-odoo-module", *oca)),
            (
                "manifestoo check-licenses",
                # those that need an add-on of others cannot be walked without it
                tool("manifestoo", f"--select-addons-dir={ROOT}")
                + [f"--select-exclude={','.join(sorted(OPTIONAL))}"]
                + ["--odoo-series=19.0", "check-licenses", "--transitive"],
            ),
        ]
    if _po_files():
        found.append(("oca-checks-po", tool("oca-checks-po", *_po_files())))
    found.append(
        (
            "repository rules",
            tool("python", "-m", "pytest", "-p", "no:odoo", "-q", "--no-header")
            + ["-p", "no:cacheprovider", "-p", "no:xdist", "tests/test_repo.py"],
        )
    )
    return found


def run_checks(python, fix=False):
    """Run all linters; the names of those that found something."""
    source = odoo_ensure()
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    env["PYTHONPATH"] = os.pathsep.join([source.site, str(ROOT)])
    env["PATH"] = os.pathsep.join([os.path.dirname(python), env.get("PATH", "")])
    bad = []
    for name, command in checks(str(python), fix):
        start = time.monotonic()
        process = processes.spawn(
            command,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            output = process.communicate()[0]
        finally:
            processes.end(process, patience=3)
        seconds = time.monotonic() - start
        if process.returncode:
            bad.append(name)
            note(f"{_colour('31', 'FAILED')} {name} ({seconds:.0f} s)")
            with contextlib.suppress(BrokenPipeError):
                print(output.rstrip(), flush=True)
        else:
            note(f"{_colour('32', 'ok')}     {name} ({seconds:.0f} s)")
    return bad


def lint(args):
    """The command: exit status 1 when any linter finds anything."""
    step("linters")
    bad = run_checks(args.python, args.fix)
    if bad:
        note("findings from: " + ", ".join(bad))
    return 1 if bad else 0
