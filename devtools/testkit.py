"""For tests and benchmarks that start programs of their own.

Works in a process that `./dev test` or `./dev bench` started; uses the same Odoo,
PostgreSQL and templates, and gives back what it takes.
"""

import contextlib
import subprocess
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from . import databases, processes
from .room import current, free_port

__all__ = ["Server", "current", "database", "free_port", "job", "odoo", "server"]


@contextlib.contextmanager
def database(kind="all", source=None):
    """A fresh database: clone of the template `base` or `all`, or of `source`."""
    room = current()
    label = uuid.uuid4().hex[:8]
    if source is None:
        with databases.temporary(room, kind, label) as name:
            yield name
        return
    name = f"{databases._run_prefix()}{room.owner_pid}_{label}"
    databases.clone(room, source, name)
    try:
        yield name
    finally:
        databases.drop(room, name)


def _run(command, timeout, env=None):
    room = current()
    environ = {**room.environ(), **(env or {})}
    with tempfile.NamedTemporaryFile("w+", suffix=".log", dir=room.run_dir) as log:
        process = processes.start(room, command, stdout=log, stderr=log, env=environ)
        try:
            status = process.wait(timeout)
        finally:
            processes.end(process)
        return status, Path(log.name).read_text(errors="replace")


def odoo(name, *args, timeout=900, env=None, **options):
    """Run `odoo server` on a database to its end: (exit status, log).

    `options` go into odoo.conf, `env` into its environment.
    """
    room = current()
    config = room.config(f"kit-{uuid.uuid4().hex[:8]}", **options)
    command = processes.odoo_command(room, "server", config, "-d", name, *args)
    command += ["--stop-after-init", "--no-http", "--log-level=warn"]
    return _run(command, timeout, env)


def job(name, entry, *args, timeout=900, env=None, **options):
    """Run `module:function(env, *args)` in a process of its own: (status, log).

    `options` go into odoo.conf, `env` into its environment.
    """
    room = current()
    config = room.config(f"kit-{uuid.uuid4().hex[:8]}", **options)
    command = databases.job_command(room, config, name, entry, *args)
    return _run(command, timeout, env)


@dataclass
class Server:
    """A running Odoo: its address, database, process and log."""

    url: str
    port: int
    database: str
    process: subprocess.Popen
    log: Path


@contextlib.contextmanager
def server(name, env=None, **options):
    """Serve a database on a free port of 127.0.0.1 until the block ends.

    `options` go into odoo.conf, e.g. workers=2, max_cron_threads=1; `env` into its
    environment.
    """
    room = current()
    mark = uuid.uuid4().hex[:8]
    port = options.get("http_port") or free_port()
    values = {"http_port": port, "dbfilter": f"^{name}$"} | options
    config = room.config(f"kit-{mark}", **values)
    log = Path(room.run_dir) / f"server-{mark}.log"
    command = processes.odoo_command(room, "server", config, "-d", name)
    environ = {**room.environ(), **(env or {})}
    with open(log, "ab") as out:
        process = processes.start(room, command, stdout=out, stderr=out, env=environ)
    try:
        url = f"http://127.0.0.1:{port}"
        processes.wait_healthy(process, url, log)
        yield Server(url, port, name, process, log)
    finally:
        processes.end(process)
