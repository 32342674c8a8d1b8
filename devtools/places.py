"""Where things are kept, and locks that keep two runs of `./dev` apart."""

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path

from .say import note

ROOT = Path(__file__).resolve().parent.parent
DEV = ROOT / ".dev"
LOCK_FILE = Path(__file__).resolve().parent / "lock.txt"


def cache():
    """The folder for everything that is downloaded or built (not created here)."""
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(xdg) if xdg.startswith("/") else Path.home() / ".cache"
    return base / "odoo-utilities-it"


#: ours that need an add-on of others: installed only by the tests that fetch it
OPTIONAL = frozenset({"creditbox_dunning_queue_job"})


def all_modules():
    """Names of our modules: folders of the repository that hold a manifest."""
    return sorted(path.parent.name for path in ROOT.glob("*/__manifest__.py"))


def modules():
    """Names of our modules that Odoo alone can install."""
    return [name for name in all_modules() if name not in OPTIONAL]


@contextlib.contextmanager
def locked(name, folder=None):
    """Hold the exclusive lock `name`; say so when another run has it."""
    folder = folder or cache()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{name}.lock", "a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note(f"waiting for another ./dev that works on: {name}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def digest(*parts):
    """Ten hexadecimal characters that stand for these texts or bytes."""
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()[:10]


def modules_digest():
    """Stands for the contents of our modules, tests and translations' source out.

    Python tests are not part of a database, so a change there keeps the template.
    """
    parts = []
    for module in modules():
        for path in sorted((ROOT / module).rglob("*")):
            relative = path.relative_to(ROOT)
            inside = relative.parts[1:]
            if (
                not path.is_file()
                or inside[0] in ("tests", "readme", "migrations")
                or "__pycache__" in inside
                or path.suffix in (".pyc", ".pot", ".rst", ".md", ".toml")
            ):
                continue
            parts += [relative, path.read_bytes()]
    return digest(*parts)
