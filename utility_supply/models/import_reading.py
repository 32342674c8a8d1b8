"""Reading the file of a batch: open, convert, find what the rows say about each other.

No ORM writes here: a `BatchReader` is made for one run over one file and thrown away.
"""

import json
from array import array
from dataclasses import dataclass, field, replace
from decimal import Decimal

from ..formats import cells as cell_format
from ..formats import mapping, tabular, workbook
from ..formats.datasets import DATASETS
from ..formats.issues import FileRefused
from .import_message import issue, located

MASK = "(riservato)"
# fields that carry health or social facts
PROTECTED_FIELDS = {
    "customers": {"bonus_kind", "bonus_from", "bonus_to", "bonus_protocol"},
    "contracts": {"life_support"},
}


@dataclass
class Scan:
    """What one pass over a file found out about the file as a whole."""

    count: int = 0
    skipped: int = 0
    amount: Decimal = Decimal(0)
    unreadable: int = 0
    has_totals: bool = False  # the file ends with a totals row
    totals: Decimal = Decimal(0)
    duplicates: dict = field(default_factory=dict)  # row -> first row with its key
    split: set = field(default_factory=set)  # rows of bills that are not together
    incomplete: dict = field(default_factory=dict)  # row -> a bad row of its bill

    def to_json(self):
        """For ``utility.import.batch.scan_data``."""
        return {
            "duplicates": {str(row): first for row, first in self.duplicates.items()},
            "split": sorted(self.split),
            "incomplete": {str(row): bad for row, bad in self.incomplete.items()},
        }

    @classmethod
    def from_json(cls, data):
        """The part of a scan that ``to_json`` kept."""
        data = data or {}
        return cls(
            duplicates={int(k): v for k, v in data.get("duplicates", {}).items()},
            split=set(data.get("split", ())),
            incomplete={int(k): v for k, v in data.get("incomplete", {}).items()},
        )


class Repeats:
    """Which keys come in several rows: 16 bytes a row, whatever the keys are."""

    def __init__(self):
        self._hashes = array("q")
        self._rows = array("q")

    def add(self, parts, row):
        """Remember that the key made of ``parts`` is in ``row``; blank: no key."""
        if all(part not in (None, "") for part in parts):
            self._hashes.append(hash(tuple(parts)))
            self._rows.append(row)

    def groups(self):
        """Lists of rows, in the order of the file, for each key of several rows."""
        hashes, rows = self._hashes, self._rows
        order = sorted(range(len(hashes)), key=hashes.__getitem__)
        start = 0
        for end in range(1, len(order) + 1):
            if end < len(order) and hashes[order[end]] == hashes[order[start]]:
                continue
            if end - start > 1:
                yield [rows[index] for index in order[start:end]]
            start = end


class BatchReader:
    """Rows of one batch, converted by its profile.

    :param batch: the batch, readable by its environment
    :param scan_data: what an earlier scan kept; needed for ``chunks``
    Raises FileRefused when the file as a whole cannot be used.
    """

    def __init__(self, batch, scan_data=None):
        self.batch = batch
        self.profile = batch.profile_id
        self.dataset = DATASETS[batch.dataset]
        self.spec = self.profile._spec()
        self.found = Scan.from_json(scan_data)
        self.headings = self.profile._heading_of()
        self.data = batch.file_id._bytes()
        self.sheet = self.profile.sheet or ""
        self.amount_field = self.dataset.amount_field
        # bills: several rows with one number make one bill
        self._group_field = "billing_ref" if batch.dataset == "bills" else None

    def rows(self, start=0):
        """Rows of the file from row number ``start`` on, as the readers give them."""
        table = self.open()
        self.sheet = table.sheet or ""
        self.bind(table.headings, table.header_row)
        return table.rows(start)

    def bind(self, headings, header_row=0):
        """Prepare the conversion of rows with these headings."""
        self.converter = mapping.compile_profile(
            self.spec, headings, sheet=self.sheet, header_row=header_row
        )

    def open(self):
        """The table of this batch's sheet."""
        if self.batch.is_feed:
            return FeedTable(self.data, self.profile._feed_columns())
        return tabular.open_table(
            self.data, self.batch.filename, **self.spec.open_options()
        )

    def convert(self, raw):
        """(record or None, [Issue]) of one row."""
        return self.converter.convert(raw)

    def peek(self, raw, names):
        """{name: value} of some fields of a row whose other cells may be in error."""
        return self.converter.peek(raw, names)

    def key_text(self, raw):
        """The record's key as text, False when it cannot be read."""
        name = self.dataset.key[0]
        return self.peek(raw, (name,)).get(name) or False

    # -- scan ----------------------------------------------------------------------

    def scan(self):
        """One pass over the whole file. :return: `Scan`, also kept for ``chunks``."""
        scan, totals = Scan(), None
        keys, bills, bad = Repeats(), Repeats(), set()
        for raw in self.rows():
            record, issues = self.convert(raw)
            if record is None and all(one.is_notice for one in issues):
                scan.skipped += 1
                totals = issues[0].params.get("amount") or totals
                continue
            scan.count += 1
            self._add_amount(scan, raw, record)
            told = record if record is not None else self._keys_of(raw)
            keys.add([told.get(name) for name in self.dataset.row_key], raw.number)
            if self._group_field:
                bills.add([told.get(self._group_field)], raw.number)
                if record is None:
                    bad.add(raw.number)
        if totals and not scan.unreadable:
            # the file declares its own sum; rows without an amount leave it in doubt
            scan.has_totals, scan.totals = True, Decimal(totals)
        for first, *others in keys.groups():
            scan.duplicates.update(dict.fromkeys(others, first))
        self._judge_bills(scan, bills, bad)
        self.found = scan
        return scan

    def _add_amount(self, scan, raw, record):
        name = self.amount_field
        if not name:
            return
        found = record if record is not None else self.peek(raw, (name,))
        if found.get(name) is None:
            scan.unreadable += 1
        else:
            scan.amount += found[name]

    def _keys_of(self, raw):
        """The key fields of a row whose other cells may be in error."""
        return self.peek(raw, self.dataset.row_key)

    def _judge_bills(self, scan, bills, bad):
        """Bills of several rows: those with a row in error, those that lie apart."""
        for group in bills.groups():
            rows = [row for row in group if row not in scan.duplicates]
            worst = next((row for row in rows if row in bad), None)
            if worst:
                scan.incomplete.update(
                    (row, worst) for row in rows if row != worst and len(rows) > 1
                )
            elif rows[-1] - rows[0] + 1 != len(rows):
                scan.split.update(rows)

    # -- chunks --------------------------------------------------------------------

    def chunks(self, start, size):
        """Rows from row number ``start`` on, about ``size`` at a time.

        Yields (good, bad): good = [(raw row, record)], bad = [(raw row, [Issue])]. Rows
        of one bill are never divided between two chunks.
        """
        good, bad, last_ref = [], [], None
        for raw in self.rows(start):
            record, issues = self.convert(raw)
            if record is None and all(one.is_notice for one in issues):
                continue
            ref = (
                record.get(self._group_field) if record and self._group_field else None
            )
            full = len(good) + len(bad) >= size
            if full and (ref is None or ref != last_ref):
                yield good, bad
                good, bad = [], []
            last_ref = ref
            issues = issues if record is None else self._file_issues(raw, record)
            if issues:
                bad.append((raw, issues))
            else:
                good.append((raw, record))
        if good or bad:
            yield good, bad

    def _file_issues(self, raw, record):
        """What the other rows of the file say against this (well-formed) row."""
        number = raw.number
        key = "billing_ref" if self._group_field else self.dataset.key[0]
        value = record.get(key)
        if number in self.found.duplicates:
            first = self.found.duplicates[number]
            return [issue("duplicate_key", key, value, first_row=first)]
        if number in self.found.incomplete:
            other = self.found.incomplete[number]
            return [issue("group_incomplete", key, value, other=other)]
        if number in self.found.split:
            return [issue("deferred", key, value)]
        return []

    def checkable_chunks(self, size):
        """As ``chunks``, rows of bills that stand apart brought together at the end."""
        apart = []
        for good, bad in self.chunks(0, size):
            waiting = [raw for raw, found in bad if found[0].code == "deferred"]
            apart += [(raw, self.convert(raw)[0]) for raw in waiting]
            yield good, [one for one in bad if one[1][0].code != "deferred"]
        if apart:
            yield apart, []

    # -- keys of the other sheets, for the dry check --------------------------------

    def known_keys(self):
        """{dataset: keys that this workbook brings, not in Odoo yet}."""
        known = {}
        for batch in self.batch.file_id.batch_ids:
            if batch.state in ("cancelled", "refused"):
                continue
            reader = BatchReader(batch)
            try:
                known[batch.dataset] = set(reader._first_keys())
            except FileRefused:
                continue
        return known

    def _first_keys(self):
        name = self.dataset.key[0]
        for raw in self.rows():
            key = self._keys_of(raw).get(name)
            if key:
                yield key

    # -- telling -------------------------------------------------------------------

    def placed(self, raw, found):
        """Issues with sheet, row and the heading of the column filled in."""
        return [
            located(
                one,
                self.sheet,
                raw.number,
                self.headings.get(one.column, one.column),
            )
            for one in found
        ]

    def reason(self, raw, found, reserved=()):
        """All issues of a row as text, one sentence a line.

        :param reserved: headings whose values are not to be written out
        """
        sentence = self.batch.env["utility.import.message"]._sentence
        placed = self.placed(raw, found)
        return "\n".join(
            sentence(replace(one, value=MASK) if one.column in reserved else one)
            for one in placed
        )

    def without_incomplete(self, good, outcomes):
        """Of rows tried again, those whose bill has no row in error.

        :param good: [(row number, record)]
        :param outcomes: [(row number, [Issue])] of rows that cannot even be read
        :return: (good rows that may be loaded, [(row number, [Issue])] of the others)
        """
        if not self._group_field or not outcomes:
            return good, []
        rows = self.batch.row_ids.filtered(lambda row: row.state == "open")
        key_of = {row.row_number: row.key for row in rows}
        bad = {key_of.get(number): number for number, _found in outcomes}
        bad.pop(False, None)
        kept, left = [], []
        for number, record in good:
            ref = record[self._group_field]
            if ref in bad:
                found = issue("group_incomplete", "billing_ref", ref, other=bad[ref])
                left.append((number, [found]))
            else:
                kept.append((number, record))
        return kept, left

    def error_workbook(self, lines):
        """XLSX of [(row number, cells as JSON, reason)]: same headings and a reason."""
        headings = self.profile._headings()
        rows = (
            (cell_format.from_json(number, cells), reason)
            for number, cells, reason in lines
        )
        sheet = self.profile.sheet or "Righe da correggere"
        return workbook.error_workbook(headings, rows, sheet=sheet)


class FeedTable:
    """The rows of a direct feed (JSON) in the shape of a table.

    All columns of the profile are there, whether a row fills them or not: a row without
    a required field is set aside, as it would be among others.

    :param data: the bytes kept: {"rows": [{name: value}, ...]}
    :param columns: {name: column}, of ``utility.import.profile._feed_columns``
    """

    sheet = ""
    header_row = 0

    def __init__(self, data, columns):
        self._columns = columns
        self._rows = json.loads(data)["rows"]
        self.headings = list(dict.fromkeys(columns.values()))

    def rows(self, start=0):
        """Raw rows, numbered from 1 as the client sent them."""
        for number, row in enumerate(self._rows, 1):
            if number < start:
                continue
            values = {feed_column(self._columns, n): v for n, v in row.items()}
            yield cell_format.from_json(number, values, self.headings)


def feed_column(columns, name):
    """The column that a client means with ``name``, a field or a heading; or None."""
    return columns.get(name) or columns.get(cell_format.heading_key(name))
