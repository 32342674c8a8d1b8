"""Open a ZIP of flow files without trusting it."""

from pathlib import PurePosixPath

from ...utility_supply.formats import tabular
from ...utility_supply.formats.cells import Limits
from ...utility_supply.formats.issues import FileRefused
from ...utility_supply.formats.xlsx_package import Package
from .flow_rows import MAX_BYTES, FlowRefused

LIMITS = Limits(max_bytes=MAX_BYTES, max_uncompressed=256 * 2**20, max_entries=1000)


def members(data, name):
    """The files of an upload: those of a ZIP, or the one file.

    :param bytes data: the upload
    :param str name: its file name
    :return: list of (file name without folders, bytes)
    :raise FlowRefused: empty, too_big; zip: damaged, protected, a bomb, an archive in
        the archive, a path that leaves its folder, no file
    """
    if not data:
        raise FlowRefused("empty")
    if len(data) > MAX_BYTES:
        raise FlowRefused("too_big", limit=MAX_BYTES >> 20)
    if tabular.sniff(data) != "ZIP":
        return [(base_name(name), data)]
    try:
        package = Package(data, LIMITS)
        names = package.members()
        _check_names(names)
        found = [(base_name(path), b"".join(package.chunks(path))) for path in names]
    except FileRefused as error:
        raise FlowRefused("zip", error.issues) from error
    for path, content in found:
        if tabular.sniff(content) == "ZIP":
            raise FlowRefused("zip_nested", name=path)
    return found


def base_name(path):
    """The last part of a path, on one line and without control characters."""
    name = PurePosixPath((path or "").replace("\\", "/")).name
    return "".join(c for c in name if c.isprintable())[:200] or "file"


def _check_names(names):
    if not names:
        raise FlowRefused("zip_empty")
    seen = set()
    for path in names:
        parts = path.replace("\\", "/").split("/")
        if ".." in parts or path.startswith(("/", "\\")) or ":" in path:
            raise FlowRefused("zip_path", name=base_name(path))
        key = path.lstrip("/").casefold()
        if key in seen:
            raise FlowRefused("zip_double", name=base_name(path))
        seen.add(key)
