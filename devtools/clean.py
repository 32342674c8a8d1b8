"""`./dev clean`: takes away what the tools made, and nothing else."""

import os
import shutil

from . import postgres
from .places import DEV, LOCK_FILE, cache, digest, locked
from .say import note, step


def clean(args):
    """Drop databases and `.dev/`; with --all the whole cache."""
    base = cache()
    servers = sorted(base.glob("pg[0-9]*-*"))
    victims = [DEV]
    if postgres.PUBLIC.is_dir() and not os.geteuid():
        servers += sorted(postgres.PUBLIC.glob("pg[0-9]*-*"))
        victims.append(postgres.PUBLIC)
    for data in servers:
        if data.is_dir() and not data.name.endswith(".new"):
            _halt(data)
    if args.all:
        victims.append(base)
    else:
        victims += [*servers, *base.glob("data*"), base / "log"]
        # environments of an older lock
        key = digest(LOCK_FILE.read_bytes())
        found = [*base.glob("venv-*"), *base.glob("wheels-*")]
        victims += [path for path in found if not path.name.endswith(key)]
    step("removing what ./dev made")
    for victim in victims:
        if victim.exists():
            note(str(victim))
            shutil.rmtree(victim) if victim.is_dir() else victim.unlink()
    return 0


def _halt(data):
    """Stop the server of a data folder of ours, when it runs."""
    server = postgres.Embedded.__new__(postgres.Embedded)
    server.data, server.host = data, str(data)
    with locked("postgres"):
        server.halt()
