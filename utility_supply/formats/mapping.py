"""From a raw row to a record: the profile ("converter") of a file, compiled once.

    converter = compile_profile(profile, table.headings, sheet=table.sheet)
    keys = KeyTracker(profile.dataset, sheet=table.sheet)
    for row in table.rows():
        record, issues = converter.convert(row)
        if record:
            issues += keys.check(row.number, record)

``record`` is None when the row has a problem; then ``issues`` has all of them. A totals
row that is skipped gives ``(None, [issue])`` with ``issue.is_notice``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from ..rules import codes
from . import cells, values
from .cells import EMPTY, Cell
from .datasets import DATASETS, LIST_TYPES, LOCAL_CODES, normalise_local
from .issues import FileRefused, make
from .values import ValueIssue

# what a profile can do with a column before the value is converted to its field's type
TRANSFORMS = ("copy", "first", "concat", "constant", "map", "date", "decimal")

_TOTALS = re.compile(r"(sub)?tot(al[ei]?)?\b.{0,60}", re.IGNORECASE)


@dataclass(frozen=True)
class FieldSpec:
    """How a field of the dataset is filled.

    ``target``: name of the field; ``columns``: headings of the file; ``transform``:

    * ``copy``: the only column; ``first``: the first column that is not blank;
    * ``concat``: the texts of all columns, joined by option ``separator`` (" ");
    * ``constant``: option ``value``, no column;
    * ``map``: option ``values`` (dict, compared without case and outer blanks), option
      ``otherwise``: value for what is not listed, "=" keeps it, absent = an issue;
    * ``date`` (option ``form``) and ``decimal`` (options ``decimal_mark``,
      ``thousands_mark``): copy, with forms that differ from the profile's.

    Every transform takes option ``default`` (used when blank); decimal fields take
    ``negate`` (True: the sign is changed).
    """

    target: str
    columns: tuple = ()
    transform: str = "copy"
    options: Mapping = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class ProfileSpec:
    """A profile. Blank ``sheet``: the first visible one; ``header_row`` 0: the first
    row that is not blank; blank ``kind``, ``encoding``, ``delimiter``: found out; blank
    ``decimal_mark`` or ``date_form``: texts in doubt are issues. ``totals_row``:
    "refuse" (row issue) or "skip"."""

    dataset: str
    kind: str = ""
    sheet: str = ""
    header_row: int = 0
    encoding: str = ""
    delimiter: str = ""
    decimal_mark: str = ""
    thousands_mark: str = ""
    date_form: str = ""
    totals_row: str = "refuse"
    fields: tuple = ()

    def open_options(self):
        """Keyword arguments for ``tabular.open_table``."""
        return {
            "kind": self.kind or None,
            "sheet": self.sheet or None,
            "header_row": self.header_row or None,
            "encoding": self.encoding or None,
            "delimiter": self.delimiter or None,
        }


def template_profile(dataset):
    """The profile of our own template: every field from the column with its heading."""
    spec = DATASETS[dataset]
    return ProfileSpec(
        dataset=dataset,
        sheet=spec.sheet,
        decimal_mark=",",
        date_form="dd/mm/yyyy",
        totals_row="skip",
        fields=tuple(FieldSpec(item.name, (item.heading,)) for item in spec.fields),
    )


def suggest_fields(dataset, headings):
    """FieldSpecs for the headings of a sample that are named as in our template, or as
    the field: a first proposal for whoever makes a profile on screen."""
    found = {cells.heading_key(heading): heading for heading in headings}
    specs = []
    for item in DATASETS[dataset].fields:
        for name in (item.heading, item.name):
            heading = found.get(cells.heading_key(name))
            if heading:
                specs.append(FieldSpec(item.name, (heading,)))
                break
    return tuple(specs)


def compile_profile(profile, headings, *, sheet="", normalise=None, header_row=0):
    """The :class:`Converter` of ``profile`` for a table with these ``headings``.

    ``normalise(kind, text)``: reads codes, default ``rules.codes.normalise``. Raises
    :class:`FileRefused` naming every missing column: one that a required field needs,
    or that a transform other than copy uses. A field's own name serves as its heading
    too (a client of the direct feed may send either).
    """
    return Converter(profile, headings, sheet, normalise, header_row)


def convert(raw_row, profile, *, normalise=None):
    """``(record | None, [Issue])`` of one row; compiles the profile each time."""
    return compile_profile(profile, list(raw_row.cells), normalise=normalise).convert(
        raw_row
    )


class Converter:
    """A profile bound to the headings of one table. ``unused``: headings that no field
    takes; ``targets``: names of the fields that the file fills."""

    def __init__(self, profile, headings, sheet="", normalise=None, header_row=0):
        if profile.dataset not in DATASETS:
            raise FileRefused(make("unknown_dataset", value=profile.dataset))
        self.profile = profile
        self.dataset = DATASETS[profile.dataset]
        self.sheet = sheet
        self._normalise = normalise or codes.normalise
        self._by_key = {cells.heading_key(heading): heading for heading in headings}
        self._plans = []
        self._used = set()
        self._amount = None
        problems = []
        for spec in profile.fields:
            self._plan(spec, problems)
        for name in set(self.dataset.required) - {
            spec.target for spec in profile.fields
        }:
            problems.append(self._missing(self.dataset.by_name[name].heading))
        if problems:
            found = ", ".join(headings)
            raise FileRefused(
                *(
                    make(
                        issue.code,
                        sheet=sheet,
                        value=issue.value,
                        **issue.params,
                        found=found,
                        header_row=header_row or profile.header_row or 1,
                        dataset=profile.dataset,
                    )
                    for issue in problems
                )
            )
        self.targets = tuple(plan[0] for plan in self._plans)
        self.unused = tuple(h for h in headings if h not in self._used)

    @staticmethod
    def _missing(heading):
        return make("missing_column", value=heading, wanted=heading)

    def _plan(self, spec, problems):
        """Add (target, heading, read, to_value, required, value when blank)."""
        definition = self.dataset.by_name.get(spec.target)
        if definition is None:
            problems.append(make("unknown_target", value=spec.target))
            return
        headings = [self._resolve(column, spec) for column in spec.columns]
        absent = [
            column
            for column, heading in zip(spec.columns, headings, strict=True)
            if heading is None
        ]
        if absent:
            needed = definition.required and "default" not in spec.options
            if needed or spec.transform in ("concat", "first"):
                problems.extend(self._missing(column) for column in absent)
            if len(absent) == len(headings) and "default" not in spec.options:
                return
        headings = [heading for heading in headings if heading is not None]
        self._used.update(headings)
        convert_cell = self._conversion(definition, spec)
        column = headings[0] if headings else definition.heading
        read = _reader(spec, headings)
        blank = () if definition.type in LIST_TYPES else None
        plan = (spec.target, column, read, convert_cell, definition.required, blank)
        self._plans.append(plan)
        if spec.target == self.dataset.amount_field:
            self._amount = plan

    def _resolve(self, column, spec):
        heading = self._by_key.get(cells.heading_key(column))
        if heading is None and len(spec.columns) == 1:
            heading = self._by_key.get(spec.target.casefold())
        return heading

    def _conversion(self, definition, spec):
        """A function Cell -> value for the type of the field."""
        options, profile, kind = spec.options, self.profile, definition.type
        marks = {
            "decimal_mark": options.get("decimal_mark") or profile.decimal_mark or None,
            "thousands_mark": options.get("thousands_mark")
            or profile.thousands_mark
            or None,
        }
        form = options.get("form") or profile.date_form or None
        if kind == "decimal":
            found = partial(values.decimal, **marks, decimals=definition.decimals)
            return _negated(found) if options.get("negate") else found
        if kind == "percent":
            return partial(values.decimal, **marks, decimals=2, percent=True)
        if kind == "date":
            return partial(values.date, form=form)
        if kind == "moment":
            return partial(values.moment, form=form)
        if kind == "instalments":
            return partial(values.instalments, form=form, **marks)
        if kind in ("code", "codes"):
            read = partial(
                values.code,
                normalise=self._remembered(definition.code_kind),
                accepted=definition.accepted,
            )
            return read if kind == "code" else partial(values.items, convert=read)
        return {
            "text": partial(values.text, max_length=definition.max_length),
            "texts": values.items,
            "int": values.integer,
            "bool": values.boolean,
        }[kind]

    def _remembered(self, kind):
        """The reader of a code list, with a memory: files repeat few words."""
        normalise = normalise_local if kind in LOCAL_CODES else self._normalise
        known = {}

        def read(word):
            if word in known:
                return known[word]
            key = normalise(kind, word)
            if len(known) < 1000 and len(word) < 100:
                known[word] = key
            return key

        return read

    def convert(self, row):
        """``(record, [])`` of a good row, ``(None, issues)`` of any other."""
        if row.issues:
            # the word "Totale" often stands in merged cells
            return None, self._totals_row(row, row.cells) or list(row.issues)
        record, issues, found = {}, [], row.cells
        for target, column, read, to_value, required, blank in self._plans:
            try:
                cell = read(found)
                value = blank if cell is EMPTY else to_value(cell)
            except ValueIssue as problem:
                issues.append(self._issue(problem, row.number, column))
                continue
            if required and value == blank:
                issues.append(make("required", **self._place(row.number, column)))
            record[target] = value
        if issues:
            return None, self._totals_row(row, found) or issues
        return record, issues

    def peek(self, row, names):
        """{name: value} of those of ``names`` that can be read, whatever the state of
        the row's other cells (the key and the amount of a row in error)."""
        found = {}
        for target, _column, read, to_value, _required, blank in self._plans:
            if target in names:
                try:
                    cell = read(row.cells)
                    found[target] = blank if cell is EMPTY else to_value(cell)
                except ValueIssue:
                    continue
        return found

    def _place(self, number, column):
        return {"sheet": self.sheet, "row": number, "column": column}

    def _issue(self, problem, number, column):
        place = self._place(number, column)
        return make(problem.code, **place, value=problem.value, **problem.params)

    def _totals_row(self, row, found):
        """The issue of a totals row, or None: a cell says "Totale" and no required
        field holds anything else than that word or a number."""
        label = None
        for cell in found.values():
            if cell.type == cells.TEXT and _TOTALS.fullmatch(cell.value.strip()):
                label = cell.value.strip()
                break
        if not label:
            return None
        for target, column, _read, _to_value, required, _blank in self._plans:
            kind = self.dataset.by_name[target].type
            cell = found.get(column, EMPTY)
            if required and kind not in ("decimal", "int") and _is_data(cell):
                return None
        skip = self.profile.totals_row == "skip"
        code = "totals_row_skipped" if skip else "totals_row"
        where = {"sheet": self.sheet, "row": row.number, "value": label}
        return [make(code, **where, **self._declared(found))]

    def _declared(self, found):
        """{"amount": "123.45"} when the totals row gives the sum of the amounts."""
        if not self._amount:
            return {}
        _target, _column, read, to_value, *_rest = self._amount
        try:
            amount = to_value(read(found))
        except ValueIssue:
            return {}
        return {} if amount is None else {"amount": str(amount)}


def _is_data(cell):
    if cell.type == cells.NUMBER or not str(cell.value).strip():
        return False
    return not (cell.type == cells.TEXT and _TOTALS.fullmatch(cell.value.strip()))


def _negated(to_value):
    def convert_cell(cell):
        value = to_value(cell)
        return None if value is None else -value

    return convert_cell


def _reader(spec, headings):
    """A function cells -> Cell that makes the transform of ``spec``."""
    options = spec.options
    read = _TRANSFORM_READERS.get(spec.transform, _read_copy)(headings, options)
    default = options.get("default")
    if default in (None, ""):
        return read
    fallback = cells.cell_of(default)

    def read_or_default(found):
        cell = read(found)
        return cell if str(cell.value).strip() else fallback

    return read_or_default


def _read_copy(headings, options):
    if not headings:
        return lambda found: EMPTY
    heading = headings[0]
    return lambda found: found.get(heading, EMPTY)


def _read_first(headings, options):
    def read(found):
        for heading in headings:
            cell = found.get(heading, EMPTY)
            if str(cell.value).strip():
                return cell
        return EMPTY

    return read


def _read_constant(headings, options):
    cell = cells.cell_of(options.get("value"))
    return lambda found: cell


def _read_concat(headings, options):
    separator = options.get("separator", " ")

    def read(found):
        parts = [values.text(found.get(heading, EMPTY)) for heading in headings]
        joined = separator.join(part for part in parts if part is not None)
        return Cell(joined, cells.TEXT) if joined else EMPTY

    return read


def _read_map(headings, options):
    copy = _read_copy(headings, options)
    otherwise = options.get("otherwise")
    known = {
        str(word).strip().casefold(): cells.cell_of(result)
        for word, result in dict(options.get("values") or {}).items()
    }

    def read(found):
        cell = copy(found)
        word = _mappable(cell)
        if word is None:
            return EMPTY
        mapped = known.get(word.casefold())
        if mapped is not None:
            return mapped
        if otherwise is None:
            raise ValueIssue("unmapped_value", word)
        return cell if otherwise == "=" else cells.cell_of(otherwise)

    return read


def _mappable(cell):
    """The text under which a cell is looked up in a map."""
    if cell.type in (cells.NUMBER, cells.BOOL, cells.DATE):
        return cells.plain(cell)
    return values.text(cell)


_TRANSFORM_READERS = {
    "first": _read_first,
    "constant": _read_constant,
    "concat": _read_concat,
    "map": _read_map,
}


class KeyTracker:
    """Finds keys that repeat in a file. ``fields``: default the dataset's row_key."""

    def __init__(self, dataset, *, sheet="", fields=None):
        spec = DATASETS[dataset]
        self._fields = tuple(fields or spec.row_key)
        self._column = ", ".join(spec.by_name[name].heading for name in self._fields)
        self._sheet = sheet
        self._rows = {}

    def check(self, number, record):
        """``[]``, or the issue that names the row where the key was seen first."""
        key = tuple(record.get(name) for name in self._fields)
        first = self._rows.setdefault(key, number)
        if first == number:
            return []
        shown = ", ".join(str(part) for part in key)
        place = {"sheet": self._sheet, "row": number, "column": self._column}
        return [make("duplicate_key", **place, value=shown, first_row=first)]
