"""Starts programs in a room, and ends them (and only them) when the room closes."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from .places import ROOT
from .say import DevError, note

ODOO = str(ROOT / "devtools" / "bin" / "odoo")
_live = set()
_ending = threading.Event()


def odoo_command(room, command, config, *args):
    """The command line of an Odoo subcommand (server, shell, neutralize ...)."""
    return [room.python, ODOO, command, "-c", str(config), *map(str, args)]


def start(room, command, **kwargs):
    """Start a program in its own process group, with the room's environment."""
    kwargs.setdefault("env", room.environ())
    if _is_open(room.use_handle):
        kwargs["pass_fds"] = [room.use_handle]
    return spawn(command, **kwargs)


def spawn(command, **kwargs):
    """Start a program in its own process group, and remember to end it."""
    if _ending.is_set():
        raise DevError("interrupted")
    process = subprocess.Popen(
        [str(part) for part in command],
        start_new_session=True,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        **kwargs,
    )
    _live.add(process)
    return process


def end_all():
    """End every program that was started here, and start no other."""
    _ending.set()
    for process in list(_live):
        end(process, patience=3)


def _is_open(handle):
    if handle is None:
        return False
    try:
        os.fstat(handle)
    except OSError:
        return False
    return True


def end(process, patience=20):
    """End a program that `start` started, with everything that it started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # what the leader left behind
    _live.discard(process)


def run(room, command, log=None, **kwargs):
    """Run to the end; output goes to the terminal or into `log`. The exit status."""
    with contextlib.ExitStack() as stack:
        if log is not None:
            out = stack.enter_context(open(log, "ab"))
            kwargs |= {"stdout": out, "stderr": subprocess.STDOUT}
        process = start(room, command, **kwargs)
        # nothing of value is lost when a run is cut off: no long wait for its end
        stack.callback(end, process, patience=3)
        return process.wait()


def tail(log, lines=25):
    """Last lines of a log, for an error message."""
    with open(log, errors="replace") as handle:
        return "".join(handle.readlines()[-lines:]).strip()


def wait_healthy(process, url, log, patience=120):
    """Wait until the Odoo at `url` answers; DevError when it ends or hangs."""
    limit = time.monotonic() + patience
    while time.monotonic() < limit:
        if process.poll() is not None:
            raise DevError(f"Odoo ended with {process.returncode}", tail(log))
        with contextlib.suppress(urllib.error.URLError, OSError):
            health = f"{url}/web/health"
            with urllib.request.urlopen(health, timeout=5) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        time.sleep(0.2)
    raise DevError(f"Odoo did not answer at {url} in {patience} s", tail(log))


def ended_by_terminal(signum, frame):
    """Signal handler: leave through the `finally` blocks."""
    note(f"ended by signal {signal.Signals(signum).name}")
    sys.exit(128 + signum)
