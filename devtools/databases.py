"""Database templates, built once and cloned, and the clones.

`base`: Odoo with accounting, the Italian chart for two companies, and Italian.
`all`: the same with our modules, and the web client's bundles made beforehand.
A template's name holds a digest of what it is made of, so it is never stale.
"""

import contextlib
import os
import shutil
import socket

import psycopg2
from psycopg2 import sql

from . import processes
from .places import DEV, LOCK_FILE, ROOT, cache, digest, locked, modules, modules_digest
from .say import DevError, note, timed

BASE_MODULES = "account,l10n_it,mail,sms"
#: templates kept of each kind; older ones are dropped when a new one is built
KEEP = 3


@contextlib.contextmanager
def connection(room, database="postgres"):
    """A psycopg2 connection in autocommit mode."""
    link = psycopg2.connect(
        dbname=database,
        host=room.pg_host,
        user=room.pg_user,
        port=room.pg_port or None,
        application_name="dev",
    )
    try:
        link.autocommit = True
        yield link.cursor()
    finally:
        link.close()


def names(room, prefix=""):
    """Names of the databases that begin so."""
    with connection(room) as cr:
        cr.execute("SELECT datname FROM pg_database WHERE NOT datistemplate")
        return sorted(row[0] for row in cr if row[0].startswith(prefix))


def _statement(cr, text, *identifiers):
    cr.execute(sql.SQL(text).format(*map(sql.Identifier, identifiers)))


def drop(room, name):
    """Drop a database and its filestore; connections to it are ended."""
    with connection(room) as cr:
        _statement(cr, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
    shutil.rmtree(room.filestore(name), ignore_errors=True)


def copy_filestore(source, target):
    """Copy a filestore by hard links: its files never change, they only go."""
    shutil.rmtree(target, ignore_errors=True)
    if not os.path.isdir(source):
        return
    try:
        shutil.copytree(source, target, copy_function=os.link)
    except (OSError, shutil.Error):  # a file system without hard links
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)


def clone(room, source, name):
    """Make the database `name` a copy of `source`, filestore included."""
    drop(room, name)
    with connection(room) as cr:
        _statement(cr, "CREATE DATABASE {} TEMPLATE {}", name, source)
        remark = sql.SQL("COMMENT ON DATABASE {} IS {}")
        cr.execute(remark.format(sql.Identifier(name), sql.Literal(source)))
    copy_filestore(room.filestore(source), room.filestore(name))
    return name


def is_behind(room, name):
    """Whether a clone was made before our modules were last changed."""
    with connection(room) as cr:
        cr.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = %s",
            [name],
        )
        source = cr.fetchone()[0]
    return bool(source) and source != template_name(room, "all")


def _run_prefix():
    return f"ou_run_{digest(socket.gethostname())[:4]}_"


@contextlib.contextmanager
def temporary(room, kind, label="t"):
    """A clone of a template that is dropped at the end; gives its name."""
    name = f"{_run_prefix()}{room.owner_pid}_{label}"
    clone(room, template(room, kind), name)
    try:
        yield name
    finally:
        drop(room, name)


def sweep(room):
    """Drop clones whose run was killed before it could do so itself."""
    prefix = _run_prefix()
    for name in names(room, prefix):
        pid = name.removeprefix(prefix).split("_")[0]
        if pid.isdigit() and not os.path.isdir(f"/proc/{pid}"):
            note(f"dropping {name}, left by a run that was killed")
            drop(room, name)


# -- templates ---------------------------------------------------------------


def template_name(room, kind):
    """Name of the template as it has to be now."""
    jobs = (ROOT / "devtools" / "odoo_jobs.py").read_bytes()
    key = digest(room.odoo_version, LOCK_FILE.read_bytes(), jobs, BASE_MODULES)
    if kind == "all":
        key = digest(key, ",".join(modules()), modules_digest())
    return f"ou_{kind}_{key}"


def install_log(name):
    """Log of the template's making; kept, because it has to be free of warnings."""
    return cache() / "log" / f"{name}.log"


def template(room, kind):
    """Name of an existing, complete template; builds it when it is not there."""
    if kind == "all" and not modules():
        kind = "base"
    name = template_name(room, kind)
    if _complete(room, name):
        return name
    source = template(room, "base") if kind == "all" else None
    with locked(f"template-{kind}"):
        if _complete(room, name):
            return name
        _build(room, kind, name, source)
        _prune(room, kind, name)
    return name


def _complete(room, name):
    return bool(names(room, name)) and room.filestore(name).is_dir()


def _build(room, kind, name, source):
    """Build under another name, then rename: a template is whole or not there."""
    fresh = f"{name}_new"
    log = install_log(name)
    log.parent.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    config = room.config("template")
    if source:
        clone(room, source, fresh)
        what, wanted = "our modules", ",".join(modules())
    else:
        drop(room, fresh)
        what, wanted = "Odoo with the Italian chart", BASE_MODULES
    with timed(f"building a database template: {what} (1 to 2 minutes, {name})"):
        for command in (
            processes.odoo_command(
                room, "server", config, "-d", fresh, "-i", wanted, "--no-http"
            )
            + ["--stop-after-init", "--log-level=warn"],
            job_command(room, config, fresh, f"devtools.odoo_jobs:finish_{kind}"),
        ):
            if processes.run(room, command, log=log):
                drop(room, fresh)
                raise DevError(
                    f"the template {name} could not be built",
                    processes.tail(log) + f"\nWhole log: {log}",
                )
        drop(room, name)
        os.replace(room.filestore(fresh), room.filestore(name))
        with connection(room) as cr:
            _statement(cr, "ALTER DATABASE {} RENAME TO {}", fresh, name)
            # nobody may sit in it: PostgreSQL copies only databases without users
            _statement(cr, "ALTER DATABASE {} ALLOW_CONNECTIONS false", name)


def _prune(room, kind, newest):
    """Drop the oldest templates of a kind, by the age of their filestore."""
    old = [name for name in names(room, f"ou_{kind}_") if name != newest]
    old = [name for name in old if not name.endswith("_new")]

    def age(name):
        folder = room.filestore(name)
        return folder.stat().st_ctime if folder.is_dir() else 0

    for name in sorted(old, key=age)[: max(0, len(old) - KEEP + 1)]:
        drop(room, name)
        install_log(name).unlink(missing_ok=True)


def job_command(room, config, database, entry, *args):
    """Command line that runs `module:function(env, *args)` inside Odoo."""
    start = [room.python, "-m", "devtools.odoo_job", str(config), database]
    return [*start, entry, *map(str, args)]


def neutralize(room, database, config):
    """Switch off what talks to the outside: crons, mail servers, EDI, SMS."""
    log = DEV / "neutralize.log"
    log.unlink(missing_ok=True)
    command = processes.odoo_command(room, "neutralize", config, "-d", database)
    if processes.run(room, command, log=log):
        raise DevError(f"could not neutralize {database}", processes.tail(log))
