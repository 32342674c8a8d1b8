"""`./dev bench NAME`: runs bench/NAME.py inside Odoo on a fresh database.

A benchmark is a file with `run(env, args, out)`: it prints its table to `out` and
returns the exit status (0: the bound holds). `KIND = "base"` asks for a database
without our modules. A file with `main(args)` instead runs outside of Odoo.
"""

import ast
import importlib
import sys

from . import databases, processes
from .places import ROOT
from .room import open_room
from .say import DevError, step


def _files():
    return {
        path.stem: path
        for path in sorted((ROOT / "bench").glob("*.py"))
        if not path.stem.startswith("_")
    }


def _tops(path):
    """Names that a file defines at its top, and its docstring's first line."""
    tree = ast.parse(path.read_text())
    defined = {getattr(node, "name", None) for node in tree.body}
    text = (ast.get_docstring(tree) or "").split("\n")[0]
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and getattr(node.targets[0], "id", "") == "KIND"
        ):
            return defined, text, ast.literal_eval(node.value)
    return defined, text, "all"


def bench(args):
    """The command."""
    files = _files()
    if not args.name:
        for name, path in files.items():
            print(f"{name:20} {_tops(path)[1]}")
        return 0
    if args.name not in files:
        raise DevError(
            f"there is no bench/{args.name}.py", "There are: " + ", ".join(files)
        )
    defined, _text, kind = _tops(files[args.name])
    with open_room(args.python) as room:
        databases.sweep(room)
        step(f"benchmark {args.name}")
        if "run" not in defined:
            command = [room.python, "-m", f"bench.{args.name}", *args.args]
            return processes.run(room, command)
        with databases.temporary(room, kind, "bench") as name:
            databases.neutralize(room, name, room.config("neutralize"))
            command = databases.job_command(
                room,
                room.config("bench"),
                name,
                "devtools.bench:inside",
                args.name,
                *args.args,
            )
            return processes.run(room, command)


def inside(env, name, *args):
    """Runs inside Odoo: hands over to the benchmark."""
    status = importlib.import_module(f"bench.{name}").run(env, list(args), sys.stdout)
    sys.stdout.flush()
    return status
