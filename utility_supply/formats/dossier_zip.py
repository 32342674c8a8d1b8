"""A ZIP of originals with an index of their SHA-256.

Names come from outside: they are cleaned of paths and of what some system forbids, and
numbered when they meet. The bytes are stored as they are.
"""

import csv
import hashlib
import io
import re
import zipfile
from dataclasses import dataclass

INDEX = "indice.csv"
HEADINGS = ("File", "SHA-256", "Byte", "Cosa", "SHA-256 alla ricezione o all'invio")
_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# what FAT can hold: ZIP files begin there
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Member:
    """One original: folder, name as it came, bytes, what it is, hash kept with it."""

    folder: str
    name: str
    data: bytes
    what: str = ""
    known_hash: str = ""


def safe_name(name, fallback="file"):
    """``name`` without paths and forbidden characters, at most 120 long."""
    text = _FORBIDDEN.sub("_", (name or "").replace("..", "_")).strip(" ._")
    if len(text) > 120:
        stem, dot, ending = text.rpartition(".")
        keep = ending if dot and len(ending) < 10 else ""
        text = f"{(stem if keep else text)[: 119 - len(keep)]}.{keep}".rstrip(".")
    return text or fallback


def build(members):
    """Bytes of the ZIP.

    :param members: iterable of ``Member``
    :return: bytes; the index is a CSV with ``;``, UTF-8 with BOM
    """
    stream, rows, used = io.BytesIO(), [], {INDEX}
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            path = _free_path(member, used)
            archive.writestr(_entry(path), member.data)
            digest = hashlib.sha256(member.data).hexdigest()
            rows.append(
                (path, digest, len(member.data), member.what, member.known_hash)
            )
        archive.writestr(_entry(INDEX), _index(rows))
    return stream.getvalue()


def _free_path(member, used):
    name = safe_name(member.name)
    folder = safe_name(member.folder, "") if member.folder else ""
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    number, path = 1, "/".join(part for part in (folder, name) if part)
    while path.lower() in used:
        number += 1
        again = f"{stem} ({number}){dot}{ending}"
        path = "/".join(part for part in (folder, again) if part)
    used.add(path.lower())
    return path


def _entry(path):
    entry = zipfile.ZipInfo(path, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _index(rows):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for row in rows:
        writer.writerow([_plain(value) for value in row])
    return text.getvalue().encode("utf-8-sig")


def _plain(value):
    """No spreadsheet runs a name that begins like a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
