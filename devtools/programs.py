"""Chromium and wkhtmltopdf: found, or installed by apt when we are root."""

import os
import shutil
import subprocess
from dataclasses import dataclass

from .say import note, timed


@dataclass(frozen=True)
class Program:
    """A program that tests need; `skip` is how tests say that it is missing."""

    name: str
    commands: tuple
    package: str
    serves: str
    skip: str


PROGRAMS = (
    Program(
        "chromium",
        ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
        "chromium",
        "the browser tests (tours)",
        "Chrome executable not found",
    ),
    Program(
        "wkhtmltopdf",
        ("wkhtmltopdf",),
        "wkhtmltopdf",
        "the tests that print PDF files",
        "wkhtmltopdf",
    ),
)


def missing():
    """The programs that are not on PATH."""
    return [p for p in PROGRAMS if not any(map(shutil.which, p.commands))]


def provide():
    """Install what is missing when that is possible; what is missing after that."""
    gone = missing()
    if not gone or os.geteuid() or not shutil.which("apt-get"):
        return gone
    packages = [program.package for program in gone]
    with timed(f"installing {' and '.join(packages)} with apt-get"):
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for args in (
            ["update", "-qq"],
            ["install", "-qq", "-y", "--no-install-recommends", *packages],
        ):
            answer = subprocess.run(
                ["apt-get", *args],
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if answer.returncode:
                note(f"apt-get {args[0]} failed:")
                for line in (answer.stdout + answer.stderr).splitlines()[-5:]:
                    note("  " + line)
                break
    return missing()
