"""What a customer may upload: judged by its bytes, never by its name.

Pure. A page of the customer takes receipts: documents and pictures. What a file says of
itself (name, type) is hostile until shown otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_BYTES = 5 * 1024 * 1024
MAX_FILES = 3
MAX_NAME = 60
# how each kind begins -> the ending that it gets, whatever it was called
KINDS = (
    (b"%PDF-", "pdf"),
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
)
_STRANGE = re.compile(r"[^\w .,()\-]+")


@dataclass(frozen=True)
class Upload:
    """A file that may be kept: ``name`` is made safe, ``content`` as it came."""

    name: str
    content: bytes


class Refused(ValueError):
    """``code``: too_many, too_big, empty or bad_kind."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def accept(files):
    """The :class:`Upload` s of ``files`` [(name, bytes)].

    :raise Refused: more than :data:`MAX_FILES`, one over :data:`MAX_BYTES`, an empty
        one, or one that is no PDF, JPEG or PNG
    """
    files = list(files)
    if len(files) > MAX_FILES:
        raise Refused("too_many")
    return [_accept_one(name, content) for name, content in files]


def _accept_one(name, content):
    if not content:
        raise Refused("empty")
    if len(content) > MAX_BYTES:
        raise Refused("too_big")
    for start, ending in KINDS:
        if content.startswith(start):
            return Upload(f"{safe_stem(name)}.{ending}", content)
    raise Refused("bad_kind")


def safe_stem(name):
    """The name of a file without folders, ending and strange characters."""
    last = re.split(r"[/\\]", name or "")[-1]
    stem = last.rpartition(".")[0] or last
    clean = _STRANGE.sub("_", stem).strip(" ._")[:MAX_NAME].strip(" ._")
    return clean or "file"
