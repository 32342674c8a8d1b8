"""Open a ZIP of flow files without trusting it."""

from pathlib import PurePosixPath

from ...utility_supply.formats import tabular
from ...utility_supply.formats.cells import Limits
from ...utility_supply.formats.issues import FileRefused
from ...utility_supply.formats.xlsx_package import Package
from .flow_rows import MAX_BYTES, FlowRefused

_REFUSALS = {"protected_workbook": "zip_protected", "zip_bomb": "zip_bomb"}
_LITTER = (".ds_store", "thumbs.db", "desktop.ini")
LIMITS = Limits(max_bytes=MAX_BYTES, max_uncompressed=256 * 2**20, max_entries=1000)


def members(data, name):
    """The files of an upload: those of a ZIP, or the one file.

    :param bytes data: the upload
    :param str name: its file name
    :return: list of (file name without folders, bytes)
    :raise FlowRefused: empty, too_big; zip: damaged; zip_protected; zip_bomb;
        zip_nested: an archive in the archive; zip_path: it leaves its folder;
        zip_double; zip_empty
    """
    if not data:
        raise FlowRefused("empty")
    if len(data) > MAX_BYTES:
        raise FlowRefused("too_big", limit=MAX_BYTES >> 20)
    if tabular.sniff(data) != "ZIP":
        return [(base_name(name), data)]
    try:
        package = Package(data, LIMITS)
        names = [path for path in package.members() if not _is_litter(path)]
        _check_names(names)
        found = [(base_name(path), b"".join(package.chunks(path))) for path in names]
    except FileRefused as error:
        code = _REFUSALS.get(error.issues[0].code, "zip")
        raise FlowRefused(code) from error
    for path, content in found:
        if tabular.sniff(content) == "ZIP":
            raise FlowRefused("zip_nested", name=path)
    return found


def base_name(path):
    """The last part of a path, on one line and without control characters."""
    name = PurePosixPath((path or "").replace("\\", "/")).name
    return "".join(c for c in name if c.isprintable())[:200] or "file"


def _is_litter(path):
    """What the system that made the archive left in it, of no person's making."""
    parts = path.replace("\\", "/").split("/")
    return parts[0] == "__MACOSX" or parts[-1].casefold() in _LITTER


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
