"""What a provider sends back, opened without trusting it.

One file may be a table of events, a scanned card, or a ZIP of both. Nothing of it is
dropped: what is neither is told by name, and the bytes received are kept by the caller.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath

from ...utility_supply.formats import tabular
from ...utility_supply.formats.cells import Limits
from ...utility_supply.formats.issues import FileRefused, make, refuse
from ...utility_supply.formats.xlsx_package import Package

MAX_BYTES = 256 * 2**20
MAX_PROOF = 25 * 2**20
LIMITS = Limits(
    max_bytes=MAX_BYTES, max_uncompressed=2**30, max_entries=20_000, max_ratio=1000
)
#: how the proofs begin that providers send: scanned cards and envelopes
PROOFS = (
    (b"%PDF", "application/pdf"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\x89PNG\r\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)


@dataclass(frozen=True)
class Received:
    """``tables``: [(name, bytes)] to be read; ``proofs``: {name: bytes}; ``others``:
    names of what is neither; ``damaged``: [(name, Issue)] of what cannot be opened."""

    tables: tuple = ()
    proofs: dict = None
    others: tuple = ()
    damaged: tuple = ()


def proof_type(data):
    """The MIME type of a scanned card, "" when the bytes are none."""
    return next((kind for start, kind in PROOFS if data.startswith(start)), "")


def base_name(path):
    """The last part of a path, on one line and without control characters."""
    name = PurePosixPath((path or "").replace("\\", "/")).name
    return "".join(c for c in name if c.isprintable())[:200] or "file"


def proof_key(name):
    """A file name as proofs are looked up: no folder, no case."""
    return base_name(name).casefold()


def open_received(data, name):
    """Sort what a provider sent.

    :param bytes data: a table, a proof or a ZIP of them
    :param str name: its file name
    :return: ``Received``
    :raise FileRefused: empty_file, file_too_large; package_damaged, package_empty
    """
    if not data:
        refuse("empty_file")
    if len(data) > MAX_BYTES:
        refuse("file_too_large", size=len(data) >> 20, limit=MAX_BYTES >> 20)
    if tabular.sniff(data) != "ZIP":
        return _sorted([(base_name(name), data)], [])
    try:
        package = Package(data, LIMITS)
        paths = package.members()
    except FileRefused as error:
        raise FileRefused(make("package_damaged", value=name)) from error
    if not paths:
        refuse("package_empty", value=name)
    members, damaged = [], []
    for path in paths:
        short = base_name(path)
        try:
            if package.size(path) > MAX_PROOF and not _is_table_name(short):
                refuse("package_too_large", value=short, limit=MAX_PROOF >> 20)
            members.append((short, b"".join(package.chunks(path))))
        except FileRefused as error:
            damaged.append((short, error.issues[0]))
    return _sorted(members, damaged)


def _is_table_name(name):
    return PurePosixPath(name).suffix.lower() in tabular.EXTENSIONS


def _sorted(members, damaged):
    tables, proofs, others, seen = [], {}, [], set()
    for name, data in members:
        key = proof_key(name)
        if key in seen:  # which of the two is meant nobody can tell
            damaged.append((name, make("package_double", value=name)))
            continue
        seen.add(key)
        if proof_type(data):
            proofs[name] = data
        elif _is_table_name(name) and data.strip():
            tables.append((name, data))
        else:
            others.append(name)
    return Received(tuple(tables), proofs, tuple(others), tuple(damaged))
