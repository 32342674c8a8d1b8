"""Debian's package of Odoo 19, fetched by an apt of its own and pinned by SHA-256.

Nothing of the machine's apt is used or changed but the address of its mirror and
Debian's keyring. No root needed: packages are unpacked, not installed.
"""

import os
import re
import shutil
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path

from .say import DevError, note

VERSION = "19.0.0+dfsg-1"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

#: What `apt-get download` is asked for -> SHA-256 of the file that has to come.
#: Fonts and JavaScript are links in Odoo's package; bookworm's are the ones it
#: fits (sid's newer ones leave links that lead nowhere).
PINS = {
    f"odoo-19={VERSION}": (
        "9d2f598b0555db17e291d48ed24df184c70823c053c4c5ed53c467ca7f629bbf"
    ),
    "fonts-montserrat": (
        "c5f603701f86661a7eed820ff0b0d19e0aa697b316053b7885cc7346370128c1"
    ),
    "fonts-ocr-b/bookworm": (
        "56e6a6bfe5d77bbb4f0a6964ce1f8ed3679d7c1a138064bcaf6cc3480c3628f3"
    ),
    "fonts-font-awesome/bookworm": (
        "5f09e1adce26d59628a239c538882d53e58978b958233864fc617be9a510018e"
    ),
    "libjs-jquery/bookworm": (
        "a58c9ff6afe96c769cb6535754c909410760e4efa1e1540236194e489adcfb25"
    ),
    "libjs-jquery-form/bookworm": (
        "fbfeedcd3eaf519b3cdcc88e93a1c79f6775da71657bac763f1430fe66e8a1da"
    ),
    "libjs-underscore/bookworm": (
        "4a0fbc90e7f62ea50c4ac7453352721fa60bb5eac87e9f39a027908faff29015"
    ),
    "fonts-roboto-unhinted/bookworm": (
        "f89cf7d8a589489daecf750031ec50456ab3e648d49ff544f0f08753268fbd91"
    ),
    "fonts-inconsolata/bookworm": (
        "bb5015c631cd47aa7d9d6e0ecd101f0e1234300f935e7719ea32ed9b640f0ac4"
    ),
}

# Check-Valid-Until is off because sid's index may be older than its date allows;
# signatures stay on, and pinned sums give back what that switch takes away.
_CONF = """\
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "{t}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{t}";
Dir::State::lists "{t}/lists";
Dir::State::status "{t}/status";
Dir::Cache "{t}/cache";
Dir::Log "{t}";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::Retries "3";
Acquire::Check-Valid-Until "false";
APT::Update::Error-Mode "any";
APT::Sandbox::User "root";
APT::Architecture "{arch}";
"""


def usable():
    """None when Debian's tools are here, else the reason why not."""
    missing = [p for p in ("apt-get", "dpkg") if not shutil.which(p)]
    if missing:
        return f"no {' and no '.join(missing)} on this machine"
    if not KEYRING.exists():
        return f"{KEYRING} is missing (package debian-archive-keyring)"
    return None


def _mirror():
    """Address of the mirror the machine itself is set up with, or DEBIAN_MIRROR."""
    named = os.environ.get("DEBIAN_MIRROR")
    if named:
        return named
    suite = re.compile(r"^(bookworm|trixie|forky|stable|testing|unstable|sid)$")
    answer = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)"],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in answer.stdout.splitlines():
        site, _, release = line.partition(" ")
        if suite.match(release):
            return site
    raise DevError(
        "apt on this machine names no Debian mirror",
        "Say which one to use: DEBIAN_MIRROR=... ./dev ...",
    )


def _apt(folder, args, cwd):
    env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME")}
    env |= {k: v for k, v in os.environ.items() if k.lower().endswith("_proxy")}
    env |= {"APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C.UTF-8"}
    answer = subprocess.run(
        ["apt-get", "-qq", *args],
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise DevError(
            f"apt-get {args[0]} failed (exit {answer.returncode})",
            "\n".join((answer.stdout + answer.stderr).strip().splitlines()[-8:])
            + "\nThe first run needs the network. Or point ODOO_HOME at an Odoo 19.",
        )


def _check_sums(debs):
    """Every downloaded file is a pinned one; apt itself trusts by size only."""
    wanted = set(PINS.values())
    got = {}
    for deb in debs:
        with open(deb, "rb") as handle:
            total = sha256()
            while block := handle.read(1 << 20):
                total.update(block)
        got[total.hexdigest()] = deb.name
    strange = [name for total, name in got.items() if total not in wanted]
    if strange or set(got) != wanted:
        raise DevError(
            "a downloaded package is not the pinned one: "
            + (", ".join(sorted(strange)) or "some are missing"),
            "Nothing was unpacked. Try again; if it stays, the archive has changed:\n"
            "the pins are in devtools/debian.py.",
        )


def fetch(prefix):
    """Download, verify and unpack Odoo into `prefix` (which must not exist)."""
    prefix.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="apt-", dir=prefix.parent) as name:
        folder = Path(name)
        for sub in ("lists/partial", "cache/archives/partial", "debs"):
            (folder / sub).mkdir(parents=True)
        (folder / "status").touch()
        mirror = _mirror()
        note(f"from the Debian mirror of this machine, {mirror}")
        line = "deb [signed-by={}] {} {} main\n"
        (folder / "sources.list").write_text(
            line.format(KEYRING, mirror, "sid")
            + line.format(KEYRING, mirror, "bookworm")
        )
        arch = subprocess.check_output(
            ["dpkg", "--print-architecture"], text=True
        ).strip()
        (folder / "apt.conf").write_text(_CONF.format(t=folder, arch=arch))
        _apt(folder, ["update"], folder)
        debs = folder / "debs"
        _apt(folder, ["download", *PINS], debs)
        files = sorted(debs.glob("*.deb"))
        _check_sums(files)
        tree = folder / "prefix"
        for deb in files:
            subprocess.run(["dpkg", "-x", deb, tree], check=True)
        _clean(tree)
        tree.rename(prefix)


def _clean(tree):
    """Drop leftovers of the packaging and prove that no link leads nowhere."""
    site = tree / "usr/lib/python3/dist-packages"
    for name in ("addons", "doc", "setup"):
        shutil.rmtree(site / name, ignore_errors=True)
    for info in site.glob("odoo*.egg-info"):
        # it asks for PyPDF2 and psycopg2 by name and makes `pip check` fail
        shutil.rmtree(info) if info.is_dir() else info.unlink()
    shutil.rmtree(tree / "etc", ignore_errors=True)
    broken = [p for p in tree.rglob("*") if p.is_symlink() and not p.exists()]
    if broken:
        raise DevError(
            f"{len(broken)} links of the unpacked Odoo lead nowhere, first: {broken[0]}"
        )
    # Debian leaves this file out; its absence is an error in the browser's console
    # and every tour fails on that. It only blurs backgrounds in calls.
    stub = site / "odoo/addons/mail/static/lib/selfie_segmentation"
    stub.mkdir(parents=True, exist_ok=True)
    (stub / "selfie_segmentation.js").write_text("/* not part of Debian's Odoo */\n")
