"""The shipped layouts without a database."""

import csv
from pathlib import Path

from ..formats import layout_spec

FILES = Path(__file__).parent / "files"
_DATA = Path(__file__).parents[1] / "tables" / "cmor_flow_field.csv"


def shipped_rows():
    """{code: rows of fields} of the layouts that ship."""
    found = {}
    with _DATA.open(newline="") as file:
        for line in csv.DictReader(file, delimiter=";"):
            for name in layout_spec.NUMBERS:
                line[name] = int(line[name] or 0)
            found.setdefault(line.pop("layout"), []).append(line)
    return found


def shipped(**settings):
    """{code: Layout}, all with the same settings (as shipped when none are given)."""
    return {
        code: layout_spec.make_layout(code, settings, rows)
        for code, rows in shipped_rows().items()
    }
