"""`./dev serve`, `demo`, `shell` and `odoo`: Odoo for a person."""

import ast
import contextlib
import os
import sys
import time

from . import databases, processes
from .places import DEV, ROOT, modules
from .room import free_port, open_room
from .say import DevError, note, step

DEMO = "demo"


@contextlib.contextmanager
def _room(args):
    with open_room(args.python) as room:
        databases.sweep(room)
        yield room


def _logins(room, database):
    """(login, password, who) of the users that are there, from `LOGINS` of the demo."""
    known = [("admin", "admin", "administrator")]
    source = ROOT / "devtools" / "demo" / "run.py"
    if source.exists():
        for node in ast.parse(source.read_text()).body:
            if isinstance(node, ast.Assign) and node.targets[0].id == "LOGINS":
                known = ast.literal_eval(node.value)
    with databases.connection(room, database) as cr:
        cr.execute("SELECT login FROM res_users WHERE active")
        there = {row[0] for row in cr}
    return [entry for entry in known if entry[0] in there]


def _serve(room, database, port):
    """Serve until Ctrl-C; the exit status."""
    free = free_port(port)
    if free != port:
        note(f"port {port} is in use, taking {free}")
    if databases.is_behind(room, database):
        note("the modules have changed since this database was made; to bring it up:")
        ours = ",".join(modules())
        note(f"./dev odoo server -d {database} -u {ours} --stop-after-init --no-http")
    config = room.config(
        "serve", http_port=free, dbfilter=f"^{database}$", max_cron_threads=1
    )
    log = DEV / "serve.log"
    log.write_text("")
    url = f"http://127.0.0.1:{free}"
    command = processes.odoo_command(room, "server", config, "-d", database)
    with open(log, "ab") as out:
        process = processes.start(room, command, stdout=out, stderr=out)
        try:
            processes.wait_healthy(process, url, log)
            step(f"Odoo serves the database {database}: {url}")
            for login, password, *who in _logins(room, database):
                note(f"login {login:18} password {password:18} {' '.join(who)}")
            note(f"log: {log}; Ctrl-C ends it")
            return process.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            processes.end(process)


def serve(args):
    """Serve a named database, the demo's, or a fresh clone with all modules."""
    with _room(args) as room:
        there = databases.names(room)
        name = args.db or (DEMO if DEMO in there else None)
        if name:
            if name not in there:
                raise DevError(
                    f"there is no database {name}",
                    "There are: " + (", ".join(_user_databases(room)) or "none"),
                )
            return _serve(room, name, args.port)
        step("no demo yet (./dev demo makes it): serving a fresh database")
        with databases.temporary(room, "all", "serve") as name:
            databases.neutralize(room, name, room.config("neutralize"))
            return _serve(room, name, args.port)


def _user_databases(room):
    return [n for n in databases.names(room) if not n.startswith(("ou_", "postgres"))]


def demo(args):
    """Build the demo database, print its table, and serve it."""
    if not (ROOT / "devtools" / "demo" / "run.py").exists():
        raise DevError("this copy of the repository has no devtools/demo/run.py")
    with _room(args) as room:
        start = time.monotonic()
        source = databases.template(room, "all")
        step(f"making the database {args.db}")
        config = room.config("demo")
        databases.clone(room, source, args.db)
        databases.neutralize(room, args.db, config)
        entry = "devtools.serve:run_demo"
        small = "small" if args.small else "full"
        command = databases.job_command(room, config, args.db, entry, small)
        status = processes.run(room, command)
        note(f"the demo took {time.monotonic() - start:.0f} s, exit status {status}")
        if status or args.no_serve:
            return status
        return _serve(room, args.db, args.port)


def run_demo(env, size):
    """Runs inside Odoo: hands over to the demo itself."""
    from .demo import run

    status = run.run(env, size == "small", sys.stdout)
    sys.stdout.flush()
    return status


def shell(args):
    """A shell on a database, or a script from standard input."""
    with _room(args) as room:
        there = databases.names(room)
        name = args.db or (DEMO if DEMO in there else None)
        if name and name not in there:
            raise DevError(f"there is no database {name}")
        with contextlib.ExitStack() as stack:
            if not name:
                temporary = databases.temporary(room, "all", "shell")
                name = stack.enter_context(temporary)
            note(f"database {name}; env.cr.commit() keeps what you do")
            quiet = ["--no-http", "--log-level=warn"]
            return _foreground(room, "shell", ["-d", name, *quiet])


def odoo(args):
    """Odoo's own command line, in the room."""
    with _room(args) as room:
        command, *rest = args.args or ["help"]
        return _foreground(room, command, rest)


def _foreground(room, command, rest):
    """Run Odoo with the terminal as it is: keys go to Odoo, not to us."""
    config = room.config("shell")
    line = [room.python, processes.ODOO, command, *rest]
    if command not in ("help", "scaffold", "cloc"):
        line = processes.odoo_command(room, command, config, *rest)
    pid = os.fork()
    if not pid:
        try:
            os.chdir(ROOT)
            os.execve(room.python, line, room.environ())
        finally:
            os._exit(127)
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
