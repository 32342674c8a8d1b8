"""A record layout as plain values: fields, kinds, checks, conversion.

Layouts are data of the modules that write or read files by them (flows of the SII, jobs
of a mail house); this module only knows kinds of fields.
``encode`` turns a Python value into the text of the file or says which rule it breaks;
``decode`` goes the other way. Neither raises on bad data: a bad value is an ``Issue``
of its row, so that it never stops the others.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache

TEXT = "text"
FIXED = "fixed"
CODE = "code"
INTEGER = "integer"
DECIMAL = "decimal"
DATE = "date"
GROUP = "group"
KINDS = (TEXT, FIXED, CODE, INTEGER, DECIMAL, DATE, GROUP)

CSV, XML = "csv", "xml"
JOINED, ROWS = "joined", "rows"

MANDATORY = "mandatory"
CONDITIONAL = "conditional"
OPTIONAL = "optional"

# rules a value may break: stable codes, texts live on the Odoo side
RULES = (
    "required",
    "not_expected",
    "one_of",
    "too_long",
    "bad_type",
    "bad_number",
    "bad_decimals",
    "negative",
    "bad_date",
    "not_in_table",
    "fixed_value",
    "unencodable",
    "formula",
    "columns",
    "empty_item",
    "group_count",
    "group_split",
    "double",
    "unknown_element",
    "merged_cells",
    "spreadsheet",
)

#: digits of a number before the decimal mark: more are no amount, nor exact in a sum
MAX_DIGITS = 15
_DATE_TOKENS = (("YYYY", "%Y"), ("MM", "%m"), ("DD", "%d"))
# a spreadsheet would execute a cell that begins with one of these
_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True)
class Issue:
    """What is wrong with one field of one record (or of the file, row 0)."""

    rule: str
    field: str = ""
    value: str = ""
    row: int = 0
    params: tuple = ()


@dataclass(frozen=True)
class Field:
    """One column of a layout.

    ``length`` is the number of characters, for decimals of integer digits. ``parts`` of
    a group are (key, kind) pairs of each item, joined by ``part_sep``; items are joined
    by ``item_sep``. ``part_names`` are the headings of the parts where each has a place
    of its own (repeat = rows). ``condition`` is (field, value): mandatory only when
    that field has that value. Fields that share ``one_of`` need at least one value
    between them. ``source`` is what the value means, a word of the module's own list.
    """

    name: str
    kind: str = TEXT
    length: int = 0
    decimals: int = 0
    required: str = OPTIONAL
    condition: tuple | None = None
    one_of: str = ""
    fixed: str = ""
    table: frozenset = frozenset()
    parts: tuple = ()
    item_sep: str = "#"
    part_sep: str = "|"
    source: str = ""
    part_names: tuple = ()

    def part_fields(self):
        """The parts of a group as fields with the headings that they have in a file."""
        return self._parts

    @cached_property
    def _parts(self):
        names = self.part_names or [f"{self.name}_{k.upper()}" for k, _ in self.parts]
        return tuple(
            Field(name, kind, decimals=2)
            for name, (_key, kind) in zip(names, self.parts, strict=True)
        )


@dataclass(frozen=True)
class Layout:
    """A record layout with the form of its file.

    ``repeat``: the items of a group stand in one field (joined) or one to a line, with
    the other columns repeated (rows); in XML as text or as elements ``xml_item``.
    ``xml_root`` is a path of element names, ``xml_record`` the element of a record.
    """

    code: str
    fields: tuple
    delimiter: str = ";"
    encoding: str = "utf-8"
    line_end: str = "\r\n"
    decimal_mark: str = "."
    date_format: str = "DD/MM/YYYY"
    header: bool = True
    file_format: str = CSV
    repeat: str = JOINED
    xml_root: str = "RichiestaSII/DatiSII"
    xml_record: str = "Flusso"
    xml_item: str = "Elemento"
    xml_namespace: str = ""

    def groups(self):
        """The fields whose items have places of their own in the file."""
        return self._groups

    @cached_property
    def _groups(self):
        if self.repeat != ROWS:
            return ()
        return tuple(field for field in self.fields if field.kind == GROUP)

    def columns(self):
        """Headings of the file, in order."""
        names = []
        for field in self.fields:
            if field.kind == GROUP and self.repeat == ROWS:
                names += [part.name for part in field.part_fields()]
            else:
                names.append(field.name)
        return names

    @cached_property
    def by_source(self):
        """{source: field}; of two fields with the same source the last one."""
        return {field.source: field for field in self.fields if field.source}

    @cached_property
    def fixed_numbers(self):
        """The fields that always have the same digits."""
        found = (field for field in self.fields if field.kind == FIXED)
        return tuple(field for field in found if field.fixed.isdigit())

    @cached_property
    def ruled(self):
        """The fields that a record may have to have."""
        return tuple(f for f in self.fields if f.one_of or f.required != OPTIONAL)

    @cached_property
    def strftime(self):
        """The date form in Python's words."""
        text = self.date_format
        for token, directive in _DATE_TOKENS:
            text = text.replace(token, directive)
        return text


def clean_text(value, *forbidden):
    """One line of plain text: separators and control characters become blanks.

    :param value: any text
    :param forbidden: further characters that may not stay (the delimiter)
    :return: text without leading, trailing or repeated blanks
    """
    is_clean = value.isprintable() and "  " not in value
    if is_clean and not any(mark and mark in value for mark in forbidden):
        return value.strip(" ")
    text = "".join(
        " " if char in forbidden or not char.isprintable() else char for char in value
    )
    return re.sub(r"  +", " ", text).strip(" ")


def encode(layout, field, value):
    """Text of ``value`` in the file.

    :param value: str, int, bool, Decimal, date, list of dicts (group) or None
    :return: (text, Issue or None); an absent value is the empty text
    """
    if field.kind == FIXED:
        return clean_text(field.fixed, layout.delimiter), None
    if value is None or value == "" or value == []:
        return "", None
    try:
        text, rule = _ENCODERS[field.kind](layout, field, value)
    except (TypeError, ValueError, ArithmeticError):
        text, rule = "", "bad_type"
    if not rule:
        rule = _check_text(layout, field, text)
    if rule:
        return text, Issue(rule, field.name, str(value)[:80], 0, (field.length,))
    return text, None


def _check_text(layout, field, text):
    bounded = field.kind != DECIMAL and not (
        field.kind == GROUP and layout.repeat == ROWS
    )
    if bounded and field.length and len(text) > field.length:
        return "too_long"
    if text.isascii():  # every encoding that there is knows these
        return None
    try:
        text.encode(layout.encoding)
    except UnicodeEncodeError:
        return "unencodable"
    return None


def _encode_text(layout, field, value):
    if not isinstance(value, str):
        raise TypeError
    text = clean_text(value, layout.delimiter, "\ufeff")
    return text, ("formula" if text.startswith(_FORMULA) else None)


def _encode_code(layout, field, value):
    text, rule = _encode_text(layout, field, str(value))
    if not rule and field.table and text not in field.table:
        rule = "not_in_table"
    return text, rule


def _encode_integer(layout, field, value):
    if isinstance(value, bool):
        value = int(value)
    if not isinstance(value, int):
        raise TypeError
    if value >= 10**MAX_DIGITS:
        return str(value)[:80], "too_long"
    return str(value), ("negative" if value < 0 else None)


def _encode_decimal(layout, field, value):
    if isinstance(value, (float, bool)):
        raise TypeError
    number = Decimal(value)
    if not number.is_finite():
        return "", "bad_number"
    exact = number.quantize(Decimal(1).scaleb(-field.decimals))
    if exact != number:
        return str(number), "bad_decimals"
    if number < 0:
        return str(number), "negative"
    text = f"{exact:f}"
    if len(text.partition(".")[0]) > (field.length or MAX_DIGITS):
        return text, "too_long"
    return text.replace(".", layout.decimal_mark), None


def _encode_date(layout, field, value):
    if not isinstance(value, date):
        raise TypeError
    # strftime("%Y") does not pad years below 1000: such a date is a typing error
    if value.year < 1000:
        return "", "bad_date"
    return value.strftime(layout.strftime), None


def _encode_group(layout, field, value):
    items, rule = item_texts(layout, field, value)
    return field.item_sep.join(map(field.part_sep.join, items)), rule


def item_texts(layout, field, value):
    """Texts of the items of a group.

    :param value: list of dicts, keys as in ``field.parts``
    :return: (list of lists of texts, rule broken or None)
    """
    items = []
    for item in value or ():
        texts = []
        for (key, kind), part in zip(field.parts, field.part_fields(), strict=True):
            text, issue = encode(layout, part, item.get(key))
            if issue:
                return items, issue.rule
            if kind in (TEXT, CODE):
                text = clean_text(text, field.item_sep, field.part_sep)
            texts.append(text)
        if not any(texts):
            return items, "empty_item"
        items.append(texts)
    return items, None


_ENCODERS = {
    TEXT: _encode_text,
    CODE: _encode_code,
    INTEGER: _encode_integer,
    DECIMAL: _encode_decimal,
    DATE: _encode_date,
    GROUP: _encode_group,
}


def decode(layout, field, text):
    """Value of a cell.

    :param str text: the cell as it stands in the file
    :return: (value or None, Issue or None); fixed numeric codes get their leading zeros
        back ("100" reads as "0100"), for spreadsheets strip them
    """
    text = text.strip()
    if not text:
        return None, None
    if field.kind == FIXED and text.isdigit():
        text = text.zfill(len(field.fixed))
    try:
        value, rule = _DECODERS[field.kind](layout, field, text)
    except (ValueError, ArithmeticError):
        value, rule = None, "bad_type"
    if not rule and field.kind not in (DECIMAL, DATE):
        rule = "too_long" if field.length and len(text) > field.length else None
    if rule:
        return value, Issue(rule, field.name, text[:80], 0, (field.length,))
    return value, None


def _decode_text(layout, field, text):
    return text, None


def _decode_fixed(layout, field, text):
    return text, (None if text == field.fixed else "fixed_value")


def _decode_code(layout, field, text):
    if not field.table or text in field.table:
        return text, None
    # "1" and "001" are the same code: zeros are lost on the way
    same = [code for code in field.table if code.lstrip("0") == text.lstrip("0")]
    return (same[0], None) if len(same) == 1 else (text, "not_in_table")


def _decode_integer(layout, field, text):
    if not re.fullmatch(r"[0-9]+", text):
        return None, "bad_type"
    if len(text.lstrip("0")) > MAX_DIGITS:
        return None, "too_long"
    return int(text), None


def _decode_decimal(layout, field, text):
    if not _number_form(layout.decimal_mark).fullmatch(text):
        return None, "bad_number"
    try:
        number = Decimal(text.replace(layout.decimal_mark, "."))
    except InvalidOperation:
        return None, "bad_number"
    whole, _mark, cents = text.partition(layout.decimal_mark)
    if len(whole.lstrip("0")) > MAX_DIGITS:
        return None, "too_long"
    if len(cents) > field.decimals:
        return number, "bad_decimals"
    if field.length and len(whole.lstrip("0") or "0") > field.length:
        return number, "too_long"
    return number, None


@lru_cache(maxsize=8)
def _number_form(mark):
    return re.compile(rf"[0-9]+(?:{re.escape(mark)}[0-9]+)?")


def _decode_date(layout, field, text):
    # what is longer than a day is read as well, but not kept
    read = _read_day if len(text) <= 20 else _read_day.__wrapped__
    return read(text, layout.strftime)


@lru_cache(maxsize=1024)  # the days of a file repeat
def _read_day(text, form):
    try:
        # a date without zone: only its day is kept
        value = datetime.strptime(text, form).date()
    except ValueError:
        return None, "bad_date"
    # strptime also takes 1/9/2025: the layout asks for two digits
    exact = value.strftime(form) == text
    return (value, None) if exact else (value, "bad_date")


def _decode_group(layout, field, text):
    items = []
    for item in text.split(field.item_sep):
        texts = item.split(field.part_sep)
        if len(texts) != len(field.parts):
            return None, "bad_type"
        values, issue = decode_item(layout, field, texts)
        if issue:
            return None, issue.rule
        items.append(values)
    return items, None


def decode_item(layout, field, texts):
    """Values of one item of a group.

    :param texts: one text a part, in order
    :return: (dict by key, first Issue or None)
    """
    values, wrong = {}, None
    parts = zip(field.parts, field.part_fields(), texts, strict=True)
    for (key, _kind), part, text in parts:
        values[key], issue = decode(layout, part, text)
        wrong = wrong or issue
    return values, wrong


_DECODERS = {
    TEXT: _decode_text,
    FIXED: _decode_fixed,
    CODE: _decode_code,
    INTEGER: _decode_integer,
    DECIMAL: _decode_decimal,
    DATE: _decode_date,
    GROUP: _decode_group,
}


def check_record(layout, texts):
    """Mandatory, conditional and at-least-one rules over a whole record.

    :param dict texts: field name -> text of the cell ("" = absent)
    :return: list of Issue
    """
    issues, groups = [], {}
    for field in layout.ruled:
        text = texts.get(field.name, "")
        if field.one_of:
            groups.setdefault(field.one_of, []).append((field.name, text))
        if text:
            continue
        if field.required == MANDATORY or (
            field.required == CONDITIONAL
            and field.condition
            and texts.get(field.condition[0], "") == field.condition[1]
        ):
            issues.append(Issue("required", field.name))
    for members in groups.values():
        if not any(text for _name, text in members):
            names = ", ".join(name for name, _text in members)
            issues.append(Issue("one_of", members[0][0], "", 0, (names,)))
    return issues
