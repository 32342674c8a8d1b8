"""Strict conversion of one cell: what is in doubt is an error, never a guess.

Each function takes a :class:`~.cells.Cell` or a str and returns the value, or None
when it is blank; it raises :class:`ValueIssue` (a code of ``messages`` with its
parameters) for anything else. Numbers and dates that the spreadsheet itself types as
such are exact and need no declared form; text does:

* ``decimal("1.234", decimal_mark=",", thousands_mark=".")`` is 1234, and without
  declared marks it is an issue, as "1,234" is;
* ``date("01/02/2026", form="dd/mm/yyyy")`` is 1 February, and without a form an issue.
  ISO dates (2026-02-01) are accepted under every form: they have one reading only.
"""

import re
import unicodedata
from datetime import date as Date
from datetime import datetime, timedelta, timezone
from datetime import time as Time
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from . import cells
from .cells import Cell

# declared form -> (separator, order of the parts, digits of the year)
_FORMS = {
    "dd/mm/yyyy": ("/", "dmy", 4),
    "dd-mm-yyyy": ("-", "dmy", 4),
    "dd.mm.yyyy": (".", "dmy", 4),
    "mm/dd/yyyy": ("/", "mdy", 4),
    "yyyy/mm/dd": ("/", "ymd", 4),
    "yyyy-mm-dd": ("-", "ymd", 4),
    "dd/mm/yy": ("/", "dmy", 2),
    "dd-mm-yy": ("-", "dmy", 2),
    "yyyymmdd": ("", "ymd", 4),
    "ddmmyyyy": ("", "dmy", 4),
}
DATE_FORMS = tuple(_FORMS)
DECIMAL_MARKS = (",", ".")
THOUSANDS_MARKS = ("", ".", ",", " ", "'")
YEARS = range(1900, 2100)
LONGEST_TEXT = 40  # characters of a number or a day; longer ones are neither
MAX_INTEGER_DIGITS = 12  # of an amount: a thousand billions

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffd-\uffff]")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DATE_LIKE = re.compile(r"[0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{1,4}|[0-9]{6}|[0-9]{8}")
_MOMENT = re.compile(
    r"(?P<day>[^T:]*[0-9])(?:T|[ ]+)(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})"
    r"(?:[:.](?P<second>[0-9]{2})(?:[.,][0-9]{1,9})?)?[ ]?"
    r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_COMPACT_MOMENT = re.compile(
    r"(?P<day>[0-9]{8})[ T]?(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})?"
)
_NOON = Time(12)
_GROUPED = re.compile(r"[0-9]{1,3}([., '][0-9]{3})*[.,][0-9]+|[0-9]+[.,][0-9]+")
_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_CURRENCY = re.compile(r"[A-Z]{3}|[$£¥₣]")
_DASHES = "-\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}"
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009", " ") | {"\u2019": "'"})
_TRUE = frozenset("1 s si sì y yes t true v vero x".split())
_FALSE = frozenset("0 n no f false falso".split())


class ValueIssue(Exception):
    """A value that cannot be converted: ``code`` and ``params`` of an Issue."""

    def __init__(self, code, value="", **params):
        super().__init__(code)
        self.code = code
        self.value = value
        self.params = params


def _split(value):
    """(value, type) of a Cell or str; formulas and error cells are refused here."""
    if isinstance(value, str):
        value = Cell(value, cells.TEXT)
    content, kind = value
    if kind == cells.FORMULA:
        raise ValueIssue("formula_cell", content)
    if kind == cells.ERROR:
        raise ValueIssue("error_cell", content)
    return content, kind


def text(value, *, max_length=None):
    """The text, without blanks around it; line breaks inside are kept as "\\n".

    A number cell is accepted when it is whole and short enough to be exact (a customer
    code typed into a number cell); dates, booleans and decimals are issues.
    """
    content, kind = _split(value)
    if kind == cells.NUMBER:
        content = _number_as_text(content)
    elif kind == cells.DATE:
        raise ValueIssue("date_for_text", str(content))
    elif kind == cells.BOOL:
        raise ValueIssue("boolean_for_text", str(content))
    content = content.strip()
    if not content:
        return None
    if not content.isascii() or not content.isprintable():
        content = content.replace("\r\n", "\n").replace("\r", "\n")
        if _CONTROL.search(content):
            raise ValueIssue("bad_character", content)
        content = unicodedata.normalize("NFC", content)
    if max_length and len(content) > max_length:
        raise ValueIssue("too_long", content, length=len(content), limit=max_length)
    return content


def _number_as_text(number):
    if "." in number:
        raise ValueIssue("number_for_text", number)
    if len(number.lstrip("-")) > 15:
        raise ValueIssue("digits_lost", number)
    return number


def integer(value):
    """A whole number; thousands marks are not accepted."""
    content, kind = _split(value)
    if kind not in (cells.TEXT, cells.NUMBER, cells.EMPTY_TYPE):
        raise ValueIssue("not_a_number", str(content))
    content = content.strip()
    if not content:
        return None
    if not re.fullmatch("[-+]?[0-9]+", content, re.ASCII):
        raise ValueIssue("not_an_integer", content)
    if len(content) > MAX_INTEGER_DIGITS:
        raise ValueIssue("number_too_large", content)
    return int(content)


def decimal(
    value, *, decimal_mark=None, thousands_mark=None, decimals=None, percent=False
):
    """An exact Decimal. ``decimals``: how many are allowed at most.

    Text may carry the euro sign or EUR, a minus before or after, or parentheses; it
    needs ``decimal_mark`` unless it has digits only. ``percent``: a rate of 22 %,
    also written "22%"; a fraction below one is an issue.
    """
    content, kind = _split(value)
    if kind == cells.NUMBER:
        number = Decimal(content)
    elif kind in (cells.TEXT, cells.EMPTY_TYPE):
        number = _text_decimal(content, decimal_mark, thousands_mark, percent)
        if number is None:
            return None
    else:
        raise ValueIssue("not_a_number", str(content))
    if decimals is not None:
        number = _limit_decimals(number, decimals, content)
    if number.adjusted() >= MAX_INTEGER_DIGITS:
        raise ValueIssue("number_too_large", content)
    if percent and 0 < abs(number) < 1:
        raise ValueIssue("percent_fraction", content)
    return number


def _limit_decimals(number, decimals, content):
    exponent = -number.as_tuple().exponent
    if exponent > decimals:
        trimmed = number.normalize()
        if -trimmed.as_tuple().exponent > decimals:
            raise ValueIssue("too_many_decimals", content, limit=decimals)
        return trimmed if trimmed.as_tuple().exponent <= 0 else Decimal(int(trimmed))
    return number


def _text_decimal(content, decimal_mark, thousands_mark, percent):
    pattern = _number_pattern(decimal_mark, thousands_mark)
    found = pattern.fullmatch(content)
    sign = ""
    if not found:
        content = content.translate(_SPACES).strip()
        if not content:
            return None
        if len(content) > LONGEST_TEXT:
            raise _bad_number(content, "", decimal_mark, thousands_mark)
        bare, sign = _undress(content, percent)
        found = pattern.fullmatch(bare)
        if not found or (sign and found[1]):
            raise _bad_number(content, bare, decimal_mark, thousands_mark)
    minus, whole, fraction = found.groups()
    if thousands_mark:
        whole = whole.replace(thousands_mark, "")
    return Decimal(
        f"{sign or minus}{whole}.{fraction}" if fraction else sign + minus + whole
    )


@lru_cache(maxsize=64)
def _number_pattern(decimal_mark, thousands_mark):
    whole = "[0-9]+"
    if thousands_mark:
        whole = f"[0-9]{{1,3}}(?:{re.escape(thousands_mark)}[0-9]{{3}})+|[0-9]+"
    fraction = f"(?:{re.escape(decimal_mark)}([0-9]+))?" if decimal_mark else "()?"
    return re.compile(f"(-?)({whole}){fraction}")


def _undress(content, percent):
    """(digits and marks, "-", "+" or "") of a text with currency, sign, brackets."""
    bare, sign = content, ""
    if bare.startswith("(") and bare.endswith(")"):
        bare, sign = bare[1:-1].strip(), "-"
    for _turn in range(2):  # "- € 5" and "€ -5", "5- €" and "5 €-"
        bare = re.sub(r"^(?:€|EUR\b|euro\b)\s*|\s*(?:€|\bEUR|\beuro)$", "", bare)
        if percent:
            bare = bare.removesuffix("%").rstrip()
        if not sign and bare[:1] and bare[:1] in _DASHES and len(bare) > 1:
            bare, sign = bare[1:].lstrip(), "-"
        elif not sign and bare[-1:] and bare[-1:] in _DASHES and len(bare) > 1:
            bare, sign = bare[:-1].rstrip(), "-"
        elif not sign and bare.startswith("+"):
            bare, sign = bare[1:], "+"
    return bare, sign


def _bad_number(content, bare, decimal_mark, thousands_mark):
    form = f"1{thousands_mark or ''}234{decimal_mark}56" if decimal_mark else "1234"
    if content in _DASHES:
        return ValueIssue("dash_for_number", content)
    if _SCIENTIFIC.fullmatch(bare):
        return ValueIssue("scientific_number", content)
    if _CURRENCY.search(bare):
        return ValueIssue("foreign_currency", content)
    if _GROUPED.fullmatch(bare):
        doubtful = not decimal_mark or re.fullmatch("[0-9]{1,3}[.,][0-9]{3}", bare)
        code = "ambiguous_number" if doubtful else "bad_number"
        return ValueIssue(code, content, form=form)
    return ValueIssue("bad_number", content, form=form)


def date(value, *, form=None):
    """A day. ``form``: one of DATE_FORMS, how text dates are written in the file.

    A date cell is exact, a bare number is an issue (except "yyyymmdd" and "ddmmyyyy"
    typed as a number); a time of day other than midnight is an issue.
    """
    content, kind = _split(value)
    if kind == cells.DATE:
        return _plain_day(content)
    if kind == cells.NUMBER:
        return _numeric_day(content, form)
    if kind == cells.BOOL:
        raise ValueIssue("bad_date", str(content), form=form or "yyyy-mm-dd")
    content = content.strip()
    if not content:
        return None
    if len(content) > LONGEST_TEXT:
        raise ValueIssue("bad_date", content, form=form or "yyyy-mm-dd")
    found = _text_day(content, form)
    if isinstance(found, Date):
        return found
    code, params = found
    raise ValueIssue(code, content, **params)


def _plain_day(moment):
    if isinstance(moment, datetime):
        if moment.time() != moment.min.time():
            raise ValueIssue("date_with_time", str(moment))
        moment = moment.date()
    if moment.year not in YEARS:
        raise ValueIssue("date_out_of_range", str(moment))
    return moment


def _numeric_day(number, form):
    if form in ("yyyymmdd", "ddmmyyyy") and "." not in number:
        return date(number.zfill(8), form=form)
    try:
        would_be = cells.plain(cells.serial_cell(number), date_form="dd/mm/yyyy")
    except ValueError:
        would_be = "?"
    raise ValueIssue("date_as_number", number, would_be=would_be)


@lru_cache(maxsize=8192)
def _text_day(content, form):
    """The day, or (code, params) of the issue: both are worth remembering."""
    iso = _ISO.fullmatch(content)
    if iso:
        return _calendar_day(*(int(part) for part in iso.groups()))
    if form is None:
        if _DATE_LIKE.fullmatch(content):
            return "ambiguous_date", {}
        return "bad_date", {"form": "yyyy-mm-dd"}
    found = _date_pattern(form).fullmatch(content)
    if not found:
        return "bad_date", {"form": form}
    year = int(found["y"])
    if _FORMS[form][2] == 2:
        year += 2000 if year < 70 else 1900
    return _calendar_day(year, int(found["m"]), int(found["d"]))


def _calendar_day(year, month, day):
    try:
        found = Date(year, month, day)
    except ValueError:
        return "impossible_date", {}
    return found if year in YEARS else ("date_out_of_range", {})


@lru_cache(maxsize=32)
def _date_pattern(form):
    separator, order, year_digits = _FORMS[form]
    short = "{1,2}" if separator else "{2}"
    parts = {
        "d": f"(?P<d>[0-9]{short})",
        "m": f"(?P<m>[0-9]{short})",
        "y": f"(?P<y>[0-9]{{{year_digits}}})",
    }
    return re.compile(re.escape(separator).join(parts[part] for part in order))


def moment(value, *, form=None):
    """A day with its time, as a ``datetime`` without zone.

    Noon when no time is told. A zone ("Z", "+01:00") is turned into Italian time, the
    one of our customers and offices. ``form``: of the day, as for :func:`date`; compact
    days may carry a compact time ("202603121022").
    """
    content, kind = _split(value)
    if kind == cells.DATE:
        told = content if isinstance(content, datetime) else None
        return datetime.combine(
            date(Cell(told.date() if told else content, kind)),
            told.time() if told and told.time() != Time() else _NOON,
        )
    if kind == cells.NUMBER and "." not in content and len(content) in (12, 14):
        kind = cells.TEXT
    if kind != cells.TEXT:
        day = date(value, form=form)
        return None if day is None else datetime.combine(day, _NOON)
    content = content.strip()
    found = _MOMENT.fullmatch(content) or (
        _COMPACT_MOMENT.fullmatch(content) if form in ("yyyymmdd", "ddmmyyyy") else None
    )
    if not found or len(content) > LONGEST_TEXT:
        day = date(value, form=form)
        return None if day is None else datetime.combine(day, _NOON)
    day = date(found["day"], form=form)
    try:
        parts = (found[name] for name in ("hour", "minute", "second"))
        when = datetime.combine(day, Time(*(int(part or 0) for part in parts)))
        return _italian(when, found["zone"] if "zone" in found.groupdict() else "")
    except (ValueError, OverflowError):
        raise ValueIssue("bad_date", content, form=form or "yyyy-mm-dd") from None


def _italian(when, zone):
    if not zone:
        return when
    if zone != "Z":
        minutes = int(zone[1:3]) * 60 + int(zone[-2:])
        offset = timedelta(minutes=-minutes if zone[0] == "-" else minutes)
    else:
        offset = timedelta()
    aware = when.replace(tzinfo=timezone(offset))
    return aware.astimezone(ZoneInfo("Europe/Rome")).replace(tzinfo=None)


def boolean(value):
    """True for S, SI, 1, X, vero ...; False for N, NO, 0, falso; None when blank."""
    content, kind = _split(value)
    if kind == cells.BOOL:
        return content
    word = str(content).strip().casefold()
    if not word:
        return None
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueIssue("bad_boolean", str(content))


def code(value, normalise, accepted=()):
    """The key that the text means: ``normalise(text) -> key | None``.

    ``accepted``: the words shown to the user when it means none.
    """
    word = text(value)
    if word is None:
        return None
    key = normalise(word)
    if key is None:
        raise ValueIssue("unknown_code", word, accepted=", ".join(accepted))
    return key


def items(value, convert=text):
    """The parts of a cell separated by ``|``, each through ``convert``; a tuple."""
    content = text(value)
    if content is None:
        return ()
    found = {}
    for piece in content.split("|"):
        part = convert(piece)
        if part in found:
            raise ValueIssue("repeated_item", str(part))
        if part is not None:
            found[part] = True
    return tuple(found)


def instalments(value, *, form=None, decimal_mark=None, thousands_mark=None):
    """``((date, Decimal), ...)`` of "2026-01-31:50,00|2026-02-28:50,00"."""
    content = text(value)
    if content is None:
        return ()
    found = []
    for part in content.split("|"):
        day, colon, amount = part.partition(":")
        if not colon or not day.strip() or not amount.strip():
            raise ValueIssue("bad_instalment", part.strip() or content)
        when = date(day, form=form)
        found.append(
            (
                when,
                decimal(
                    amount,
                    decimal_mark=decimal_mark,
                    thousands_mark=thousands_mark,
                    decimals=2,
                ),
            )
        )
    return tuple(found)
