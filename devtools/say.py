"""What the tools tell a person: one line a step, and errors that say what to do."""

import contextlib
import os
import sys
import time


class DevError(Exception):
    """Something failed; the text says what, and what can be done about it."""

    def __init__(self, what, cure=""):
        super().__init__(what)
        self.what = what
        self.cure = cure


def _colour(code, text):
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        return f"\033[{code}m{text}\033[0m"
    return text


def step(text):
    """Announce what is done next."""
    sys.stdout.flush()
    print(_colour("1;36", "==> ") + text, file=sys.stderr, flush=True)


def note(text):
    """A detail below a step."""
    sys.stdout.flush()
    print("    " + text, file=sys.stderr, flush=True)


def fail(error):
    """Print a `DevError`."""
    sys.stdout.flush()
    print(_colour("1;31", "!!! ") + error.what, file=sys.stderr)
    for line in error.cure.splitlines():
        print("    " + line, file=sys.stderr)
    sys.stderr.flush()


@contextlib.contextmanager
def timed(text):
    """Announce a step and tell how long it took."""
    step(text)
    start = time.monotonic()
    yield
    note(f"done in {time.monotonic() - start:.0f} s")
