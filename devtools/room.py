"""The room: everything a run of Odoo needs to know about the ground it stands on.

`open_room` brings the ground up and tears down what it started. Child processes
(pytest, benchmarks) get the same room through the variable DEV_ROOM.
"""

import contextlib
import json
import os
import shutil
import socket
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from . import odoo_source, postgres
from .places import DEV, ROOT, cache, modules

VARIABLE = "DEV_ROOM"


@dataclass
class Room:
    """Paths and names, all as text so that they travel through the environment."""

    python: str
    site: str
    core_addons: list
    odoo_version: str
    pg_host: str
    pg_port: str
    pg_user: str
    pg_bin: str
    data_dir: str
    run_dir: str
    owner_pid: int
    use_handle: int | None = None

    def environ(self):
        """Environment of every program that is started in this room."""
        drop = ("PYTHON", "ODOO_", "OPENERP_", "XDG_")
        env = {k: v for k, v in os.environ.items() if not k.startswith(drop)}
        env.pop("PGDATABASE", None)
        venv_bin = os.path.dirname(self.python)
        path = os.environ.get("PATH", os.defpath)
        env |= {
            # Odoo restarts itself by the bare name `python`
            "PATH": os.pathsep.join([venv_bin, self.pg_bin, path]),
            "PYTHONPATH": os.pathsep.join([self.site, str(ROOT)]),
            "PGHOST": self.pg_host,
            "PGUSER": self.pg_user,
            # browsers and converters leave files behind: in a folder that goes
            "TMPDIR": os.path.join(self.run_dir, "tmp"),
            "HOME": os.path.join(self.run_dir, "home"),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            VARIABLE: json.dumps(asdict(self)),
        }
        return env

    def config(self, name="odoo", **options):
        """Write an Odoo configuration file into the run's folder; its path."""
        ours = [str(ROOT)] if modules() else []
        values = {
            "addons_path": ",".join([*ours, *self.core_addons]),
            "db_host": self.pg_host,
            "db_user": self.pg_user,
            "data_dir": self.data_dir,
            "http_interface": "127.0.0.1",
            "http_port": free_port(),
            "max_cron_threads": 0,
            "limit_memory_hard": 0,
            "limit_time_real": 1200,
            "limit_time_cpu": 1200,
            "list_db": False,
            "screenshots": str(DEV / "screenshots"),
            "without_demo": True,
        }
        if self.pg_port:
            values["db_port"] = self.pg_port
        if os.environ.get("PGPASSWORD"):
            values["db_password"] = os.environ["PGPASSWORD"]
        values |= options
        path = Path(self.run_dir) / f"{name}.conf"
        lines = [f"{key} = {value}" for key, value in values.items()]
        path.write_text("[options]\n" + "\n".join(lines) + "\n")
        path.chmod(0o600)
        return path

    def filestore(self, database):
        return Path(self.data_dir) / "filestore" / database


def free_port(wanted=0):
    """A free TCP port on the loopback interface: the wanted one if it can be had."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
    raise OSError("no free port on 127.0.0.1")


def current():
    """The room that this process was started in by `./dev`."""
    text = os.environ.get(VARIABLE)
    if not text:
        raise RuntimeError("this needs a room: start it through ./dev")
    return Room(**json.loads(text))


@contextlib.contextmanager
def open_room(python):
    """Bring the ground up; on the way out stop what was started and tidy up."""
    source = odoo_source.ensure()
    server = postgres.choose()
    # short, because browsers put sockets there, whose names are limited
    run_dir = tempfile.mkdtemp(prefix="oudev-")
    try:
        for name in ("tmp", "home"):
            os.mkdir(os.path.join(run_dir, name))
        data_dir = cache() / ("data" + (f"-{server.key}" if server.key else ""))
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        DEV.mkdir(exist_ok=True)
        server.start()
        yield Room(
            python=str(python),
            site=source.site,
            core_addons=list(source.addons),
            odoo_version=source.version,
            pg_host=server.host,
            pg_port=server.port,
            pg_user=server.user,
            pg_bin=str(postgres.client_folder()),
            data_dir=str(data_dir),
            run_dir=run_dir,
            owner_pid=os.getpid(),
            use_handle=server.use_handle(),
        )
    finally:
        server.stop()
        shutil.rmtree(run_dir, ignore_errors=True)
