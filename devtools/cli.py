"""The command line of `./dev`."""

import argparse
import os
import signal
import sys

from . import python_env
from .places import ROOT
from .processes import ended_by_terminal
from .say import DevError, fail, note

EPILOG = """\
The first run downloads Odoo 19, Python packages and (without PGHOST) PostgreSQL
into ${XDG_CACHE_HOME:-~/.cache}/odoo-utilities-it; later ones start in seconds,
also without a network.
ODOO_HOME, PGHOST, DEV_PYTHON, DEBIAN_MIRROR: use these instead of finding one.
"""


def _commands():
    """name -> (help, function that adds options, "module:function" to call)."""
    return {
        "demo": (
            "fill the database `demo` with two utilities and serve it",
            _demo_options,
            "serve:demo",
        ),
        "test": (
            "run all checks and tests; with paths, only pytest over them",
            _test_options,
            "testing:test",
        ),
        "bench": (
            "run a benchmark of bench/ (without a name: list them)",
            _bench_options,
            "bench:bench",
        ),
        "lint": (
            "run the linters (--fix: let those that can put things right)",
            _lint_options,
            "lint:lint",
        ),
        "serve": (
            "serve the demo database, or a fresh one if there is none",
            _serve_options,
            "serve:serve",
        ),
        "shell": (
            "open a Python shell with `env`, or run a script from stdin",
            _shell_options,
            "serve:shell",
        ),
        "i18n": (
            "renew .pot and it.po files, count what is untranslated",
            _i18n_options,
            "i18n:i18n",
        ),
        "odoo": (
            "call Odoo's own command line: ./dev odoo server -d demo",
            _odoo_options,
            "serve:odoo",
        ),
        "clean": (
            "remove databases and .dev/ (--all: the downloads as well)",
            _clean_options,
            "clean:clean",
        ),
    }


def _demo_options(parser):
    parser.add_argument("--small", action="store_true", help="a small set of data")
    parser.add_argument("--no-serve", action="store_true", help="end after the table")
    parser.add_argument("--db", default="demo", help="name of the database")
    parser.add_argument("--port", type=int, default=8069, help="port to serve on")


def _test_options(parser):
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=["chromium", "wkhtmltopdf"],
        help="agree to leave out the tests that need this program",
    )
    parser.add_argument("-k", metavar="EXPRESSION", help="only tests that match")
    parser.add_argument("-n", type=int, default=2, help="processes for pytest")
    parser.add_argument("paths", nargs="*", help="only pytest, over these paths")


def _bench_options(parser):
    parser.add_argument("name", nargs="?", help="name of a file in bench/")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="its own options")


def _lint_options(parser):
    parser.add_argument("--fix", action="store_true", help="repair what can be")


def _serve_options(parser):
    parser.add_argument("--db", help="name of the database")
    parser.add_argument("--port", type=int, default=8069, help="port to serve on")


def _shell_options(parser):
    parser.add_argument("--db", help="name of the database")


def _i18n_options(parser):
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when not complete"
    )


def _odoo_options(parser):
    parser.add_argument("args", nargs=argparse.REMAINDER, help="Odoo's arguments")


def _clean_options(parser):
    parser.add_argument("--all", action="store_true", help="the whole cache as well")


def _parser():
    parser = argparse.ArgumentParser(
        prog="./dev",
        description="Odoo add-ons for Italian utilities: one command for every habit.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (text, add_options, entry) in _commands().items():
        sub = commands.add_parser(name, help=text, description=text)
        add_options(sub)
        sub.set_defaults(entry=entry)
    return parser


def _enter_environment(python, argv):
    """Go on inside the Python environment, which the launcher does not have."""
    if os.path.realpath(sys.prefix) == os.path.realpath(python.parent.parent):
        return
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    env["PYTHONPATH"] = str(ROOT)
    sys.stdout.flush()
    os.execve(python, [str(python), "-m", "devtools", *argv], env)


def main(argv):
    """Run `./dev` with these arguments; the exit status."""
    signal.signal(signal.SIGTERM, ended_by_terminal)
    # Odoo's options are Odoo's: argparse must not look at them
    cut = 1 if argv[:1] == ["odoo"] and argv[1:] != ["--help"] else len(argv)
    args = _parser().parse_args(argv[:cut])
    if cut == 1:
        args.args = argv[1:]
    try:
        if args.command == "clean":
            from .clean import clean as function
        else:
            python = python_env.ensure()
            _enter_environment(python, argv)
            args.python = python
            module, _, name = args.entry.partition(":")
            package = __import__(f"devtools.{module}", fromlist=[name])
            function = getattr(package, name)
        return function(args)
    except DevError as error:
        fail(error)
        return 1
    except KeyboardInterrupt:
        note("interrupted")
        return 130
