"""Finds an Odoo 19, or fetches one into the cache."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from . import debian
from .places import cache, digest, locked
from .say import DevError, note, step, timed

SERIES = "19.0"
REPOSITORY = "https://github.com/odoo/odoo.git"


@dataclass(frozen=True)
class Odoo:
    """An Odoo on disk: `site` holds the package `odoo`, `addons` the core modules."""

    site: str
    addons: tuple
    version: str
    origin: str

    def as_json(self):
        return asdict(self)


def _series(package):
    """Major version of an `odoo` package folder, or None."""
    try:
        text = (package / "release.py").read_text()
    except OSError:
        return None
    found = re.search(r"^version_info = \((\d+), (\d+)", text, re.MULTILINE)
    return ".".join(found.groups()) if found else None


def _git_head(folder):
    answer = subprocess.run(
        ["git", "-C", folder, "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip()[:12] if not answer.returncode else ""


def _inspect(folder, origin):
    """An `Odoo` for a checkout, an unpacked release or an unpacked package."""
    folder = Path(folder).resolve()
    sites = [folder, folder / "usr/lib/python3/dist-packages", folder.parent]
    for site in sites:
        package = site / "odoo"
        series = _series(package)
        if series != SERIES:
            continue
        addons = [package / "addons"]
        # a checkout keeps most modules beside the package; Debian's tree has a
        # leftover of that name that holds no manifests
        if (site / "addons" / "account" / "__manifest__.py").exists():
            addons.insert(0, site / "addons")
        if not any((path / "account/__manifest__.py").exists() for path in addons):
            continue
        release = (package / "release.py").read_bytes()
        version = f"{series}-{_git_head(site) or digest(release, str(site))}"
        return Odoo(str(site), tuple(map(str, addons)), version, origin)
    return None


def _from_environment():
    home = os.environ.get("ODOO_HOME")
    if not home:
        return None
    found = _inspect(home, f"ODOO_HOME={home}")
    if not found:
        raise DevError(
            f"ODOO_HOME={home} holds no Odoo {SERIES} with its modules",
            "It has to be a checkout of the branch or an unpacked release or package.",
        )
    return found


def _importable():
    """An `odoo` that the machine's own Python already imports."""
    code = "import json, odoo; print(json.dumps([p for p in odoo.__path__]))"
    for program in ("python3.11", "python3"):
        path = shutil.which(program)
        if not path:
            continue
        env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        answer = subprocess.run(
            [path, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=env,
        )
        if answer.returncode:
            continue
        try:
            folders = json.loads(answer.stdout.splitlines()[-1])
        except (ValueError, IndexError):
            continue
        for folder in folders:
            package = Path(folder)
            found = _inspect(package.parent, f"importable by {path}")
            if found and found.site == str(package.parent.resolve()):
                return _alone(found)
    return None


def _alone(found):
    """The same Odoo behind a folder that shows the package `odoo` and nothing else.

    Its own folder may be a whole site-packages, whose other packages would come
    before our pinned ones.
    """
    alone = cache() / f"odoo-link-{digest(found.site)}"
    alone.mkdir(parents=True, exist_ok=True)
    link = alone / "odoo"
    target = os.path.join(found.site, "odoo")
    if not link.is_symlink() or os.readlink(link) != target:
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    return Odoo(str(alone), found.addons, found.version, found.origin)


def _from_debian():
    prefix = cache() / f"odoo-{debian.VERSION}"
    if not prefix.is_dir():
        reason = debian.usable()
        if reason:
            note(f"Debian's package of Odoo is out of reach: {reason}")
            return None
        with locked("odoo"):
            if not prefix.is_dir():
                text = f"downloading Odoo {debian.VERSION} (130 MB, 1.2 GB unpacked)"
                with timed(f"{text} into {prefix}"):
                    debian.fetch(prefix)
    site = prefix / "usr/lib/python3/dist-packages"
    package = site / "odoo"
    addons = (str(package / "addons"),)
    return Odoo(str(site), addons, debian.VERSION, "Debian's package")


def _from_git():
    """Last resort: a shallow clone of the official branch (ODOO_GIT overrides)."""
    folder = cache() / f"odoo-git-{SERIES}"
    if not folder.is_dir():
        if not shutil.which("git"):
            return None
        source = os.environ.get("ODOO_GIT", REPOSITORY)
        with locked("odoo"):
            if not folder.is_dir():
                fresh = folder.with_name(folder.name + ".new")
                shutil.rmtree(fresh, ignore_errors=True)
                step(f"cloning {source}, branch {SERIES}, into {folder}")
                args = ["--depth=1", f"--branch={SERIES}", source, str(fresh)]
                if subprocess.run(["git", "clone", *args], check=False).returncode:
                    shutil.rmtree(fresh, ignore_errors=True)
                    return None
                fresh.rename(folder)
    return _inspect(folder, "clone of the official branch")


def ensure():
    """The Odoo to run: given, importable, Debian's, or cloned, in this order."""
    found = _from_environment() or _importable()
    if found:
        return found
    trouble = None
    try:
        found = _from_debian()
    except DevError as error:
        trouble = error
        note(error.what)
        for line in error.cure.splitlines():
            note(line)
    found = found or _from_git()
    if not found:
        raise DevError(
            f"no Odoo {SERIES} here, and none could be fetched",
            (trouble.what + "\n" if trouble else "")
            + "Get one yourself and say where: ODOO_HOME=/path/to/odoo ./dev ...",
        )
    return found
