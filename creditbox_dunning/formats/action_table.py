"""Reading an action table from the seed's CSV: semicolons, digits for the keys.

The file speaks the seed's language (0 = any, 1..4 for each key, "feriali" and
"lavorativi" for the ways of counting days); the rows that come out speak ours only in
the columns that need no code list: the caller translates the four keys.
"""

import csv
import io
from decimal import Decimal, InvalidOperation

COLUMNS = (
    "cust serv state class seq action op channel short description anchor day_kind"
    " wait_before wait_after amt_from amt_to min_threshold next_ok next_ko"
).split()
DAY_KINDS = {"solar": "solar", "feriali": "weekdays", "lavorativi": "working"}
ANCHORS = frozenset({"due", "prev_end", "plan", "op_done", "payment", "event"})


class TableError(ValueError):
    """A row that cannot be read: ``row`` is its number in the file, ``column``."""

    def __init__(self, row, column, value):
        super().__init__(f"row {row}, column {column}: {value!r}")
        self.row, self.column, self.value = row, column, value


def _integer(raw, row, column, default=None):
    text = raw[column].strip()
    if not text and default is not None:
        return default
    try:
        return int(text)
    except ValueError:
        raise TableError(row, column, text) from None


def _amount(raw, row, column):
    text = raw[column].strip().replace(",", ".")
    try:
        value = Decimal(text or "0")
    except InvalidOperation:
        raise TableError(row, column, text) from None
    if not value.is_finite() or value < 0:
        raise TableError(row, column, text)
    return value


def _choice(raw, row, column, allowed):
    text = raw[column].strip()
    if text not in allowed:
        raise TableError(row, column, text)
    return text


def _row(raw, row):
    return {
        "keys": tuple(
            _choice(raw, row, name, "01234")
            for name in ("cust", "serv", "state", "class")
        ),
        "seq": _integer(raw, row, "seq"),
        "action": _integer(raw, row, "action"),
        "op": raw["op"].strip(),
        "channel": raw["channel"].strip(),
        "short_description": raw["short"].strip(),
        "description": raw["description"].strip(),
        "anchor": _choice(raw, row, "anchor", ANCHORS),
        "day_kind": DAY_KINDS[_choice(raw, row, "day_kind", DAY_KINDS)],
        "wait_before": _integer(raw, row, "wait_before"),
        "wait_after": _integer(raw, row, "wait_after"),
        "amount_from": _amount(raw, row, "amt_from"),
        "amount_to": _amount(raw, row, "amt_to"),
        "min_threshold": _amount(raw, row, "min_threshold"),
        "next_ok": _integer(raw, row, "next_ok", 0),
        "next_ko": _integer(raw, row, "next_ko", 0),
    }


def read_action_table(text):
    """The rows of ``text`` as dicts; TableError names the first cell that is wrong."""
    reader = csv.DictReader(io.StringIO(text), delimiter=";")
    if tuple(reader.fieldnames or ()) != tuple(COLUMNS):
        raise TableError(1, "", ";".join(reader.fieldnames or ()))
    rows = []
    for number, raw in enumerate(reader, 2):
        if None in raw or None in raw.values():
            raise TableError(number, "", "columns")
        rows.append(_row(raw, number))
    return rows
