"""Sample files made from a layout: good rows, and rows each with one thing wrong.

Values are invented and always the same for the same layout. The sources say what a
plausible value looks like; a field without a known source gets one of its kind.
"""

from datetime import date, timedelta
from decimal import Decimal

from ...utility_supply.formats.record_layout import (
    CODE,
    DATE,
    DECIMAL,
    FIXED,
    GROUP,
    INTEGER,
    MANDATORY,
    encode,
)
from ...utility_supply.formats.record_render import render
from .flow_rows import encode_record, key_field, split_items
from .flow_sources import GROUP_COUNTS

_DAY = date(2026, 1, 15)
_VATS = ("12345670017", "05877611003", "00743110157")
_PEOPLE = (
    ("Mario", "Rossi", "RSSMRA80A01F205X"),
    ("Anna", "Verdi", "VRDNNA75D50H501D"),
)
_COMPANIES = ("Bar Sport S.r.l.", "Panificio Città & Figli S.n.c.")
_CHANNELS = ("R", "P")


def records(layout, count=4):
    """Values of made-up records that the layout accepts.

    :param int count: how many; neighbours differ (sector, person or company, outcome)
    :return: list of {field name: value}
    """
    return [_record(layout, number) for number in range(count)]


def sample(layout, count=4, bad=False):
    """A sample file in the layout's own form.

    :param bool bad: put rows with one error each between the good ones
    :return: (bytes, list of the rules each row breaks, None for a good row)
    """
    rows, rules = [], []
    good = []
    for values in records(layout, count):
        texts, _issues = encode_record(layout, values)
        good.append((texts, split_items(layout, values)))
    spoilt = _with_own_keys(layout, good[0], spoil(layout, good[0])) if bad else []
    for index in range(max(len(good), len(spoilt))):
        for found, rule in (
            *((row, None) for row in good[index : index + 1]),
            *spoilt[index : index + 1],
        ):
            rows.append(found)
            rules.append(rule)
    return render(layout, rows), rules


def _with_own_keys(layout, record, rows):
    """Each row is a practice of its own, unless the key is what is wrong."""
    name = key_field(layout)
    field = next((field for field in layout.fields if field.name == name), None)
    made = _SOURCES.get(field.source) if field else None
    if not made:
        return rows
    first = record[0].get(name)
    return [
        (({**texts, name: made(100 + number)}, items), rule)
        if texts[name] == first and len(made(100 + number)) <= field.length
        else ((texts, items), rule)
        for number, ((texts, items), rule) in enumerate(rows)
    ]


def spoil(layout, record):
    """Rows with one thing wrong each, one of each sort that the layout allows.

    :param record: (texts, items) of a good row
    :return: list of ((texts, items), rule that reading it must report)
    """
    texts, items = record
    found, seen = [], set()
    for field in layout.fields:
        for rule, text in _errors(layout, field, texts.get(field.name, "")):
            if rule not in seen:
                seen.add(rule)
                found.append((({**texts, field.name: text}, items), rule))
    return found


def _errors(layout, field, text):
    """(rule, text that breaks it) for one field."""
    if field in layout.groups():
        return
    if field.kind == FIXED:
        yield "fixed_value", "X" * len(field.fixed)
        return
    if field.required == MANDATORY and field.kind != GROUP:
        yield "required", ""
    if not text:
        return
    if field.kind not in (DECIMAL, DATE, GROUP, CODE, INTEGER) and field.length:
        yield "too_long", (text * (field.length // len(text) + 1))[: field.length] + "X"
    if field.kind == CODE and field.table:
        yield "not_in_table", next(c for c in "XYZ?" if c not in field.table)
    if field.kind == DATE:
        yield "bad_date", _DAY.strftime(layout.strftime).replace("15", "45", 1)
    if field.kind == DECIMAL:
        yield "bad_number", "dodici"
        yield (
            "bad_decimals",
            text + ("9" if field.decimals else f"{layout.decimal_mark}9"),
        )
    if field.kind == INTEGER:
        yield "bad_type", "due"


def _record(layout, number):
    values, texts = {}, {}
    counts = {source: _items_count(number) for source in GROUP_COUNTS.values()}
    # what others depend on comes first
    ordered = sorted(layout.fields, key=lambda field: field.condition is not None)
    for field in ordered:
        value = _value(field, number, counts)
        is_off = field.condition and texts.get(field.condition[0]) != field.condition[1]
        if is_off and field.kind != FIXED:  # a fixed code is there always
            value = None
        if field.required != MANDATORY and _is_left_out(field, number):
            value = None
        values[field.name] = value
        texts[field.name], _issue = encode(layout, field, value)
    _complete(layout, values, number, counts)
    return {field.name: values[field.name] for field in layout.fields}


def _is_left_out(field, number):
    """Gas and electricity, persons and companies take turns: the other's stay empty."""
    if field.source in ("first_name", "last_name", "fiscal_code", "pdr"):
        return number % 2 == 1
    return field.source in ("company_name", "vat", "pod") and number % 2 == 0


def _complete(layout, values, number, counts):
    """Fields of which one is needed: the first, when none has a value."""
    groups = {}
    for field in layout.fields:
        if field.one_of:
            groups.setdefault(field.one_of, []).append(field)
    for members in groups.values():
        if all(values[field.name] is None for field in members):
            first = members[0]
            values[first.name] = _value(first, number, counts)


def _items_count(number):
    return number % 3 + 1


def _value(field, number, counts):
    made = _SOURCES.get(field.source)
    if field.kind == FIXED:
        return field.fixed
    if field.kind == GROUP:
        return [_item(field, n) for n in range(_items_count(number))]
    if field.kind == CODE and field.table:
        if field.source == "foreign" and "0" in field.table:
            return "0"
        codes = sorted(field.table)
        return codes[(number + 1) % len(codes)]
    if field.source in counts:
        return counts[field.source]
    if field.kind == DATE:
        return _DAY + timedelta(days=number)
    if field.kind == DECIMAL:
        whole = Decimal(1234567 + 11 * number).scaleb(-field.decimals)
        return whole % (10 ** (field.length or 9))
    if field.kind == INTEGER:
        return (number + 1) % 10 ** min(field.length or 9, 9)
    words = " ".join(field.name[:20].replace("_", " ").split())
    text = made(number) if made else f"{words} {number + 1}"
    return text[: field.length].strip() if field.length else text


def _item(field, number):
    item = {}
    for key, kind in field.parts:
        if kind == DATE:
            item[key] = _DAY + timedelta(days=30 * number)
        elif kind == DECIMAL:
            item[key] = Decimal(10000 + number).scaleb(-2)
        elif key == "channel":
            item[key] = _CHANNELS[number % 2]
        else:
            item[key] = f"{key[0].upper()}-{number + 1}"
    return item


_SOURCES = {
    "code": lambda n: f"E26-{n + 1:08d}",
    "sii_code": lambda n: f"SII{n + 1:012d}",
    "cancel_sii_code": lambda n: f"SII{n + 1:012d}",
    "cancel_code": lambda n: f"E25-{n + 1:08d}",
    "prev_sii_code": lambda n: f"SII{900 + n:012d}",
    "disconnection_code": lambda n: f"SM{n + 1:08d}",
    "role_vat": lambda n: _VATS[0],
    "cc_vat": lambda n: _VATS[0],
    "udd_vat": lambda n: _VATS[0],
    "gestore_vat": lambda n: _VATS[1],
    "distributor_vat": lambda n: _VATS[2],
    "vat": lambda n: _VATS[2],
    "pod": lambda n: f"IT001E{n + 1:08d}",
    "pdr": lambda n: f"{n + 1:014d}",
    "fiscal_code": lambda n: _PEOPLE[n // 2 % 2][2],
    "first_name": lambda n: _PEOPLE[n // 2 % 2][0],
    "last_name": lambda n: _PEOPLE[n // 2 % 2][1],
    "company_name": lambda n: _COMPANIES[n // 2 % 2],
    "cause_code": lambda n: "004",
    "cause_text": lambda n: "Campi obbligatori mancanti o errati",
    "note": lambda n: "Riga di esempio",
    "answered_key": lambda n: "claim_ack",
    "practice_state": lambda n: "Ammessa",
    "bill_number": lambda n: f"2026/{n + 1}",
    "payment_ref": lambda n: f"CRO {n + 1:06d}",
    "refund_ref": lambda n: f"BON {n + 1:06d}",
}
