"""The list of what a transfer of CSEA pays: codes and amounts, however it is written.

CSEA's remittance has no public layout. So any text is read in which a line holds a
practice code (CP_GESTORE, or our own) and, maybe, an amount; a table (CSV, XLSX) is
turned into such lines first. Nothing is guessed about columns.
"""

import re
from decimal import Decimal, InvalidOperation

MAX_LINES = 20_000
_SPLIT = re.compile(r"[;\t|]|\s{2,}|(?<=\w)\s+(?=[\d+])")
_CODE = re.compile(r"^[A-Z0-9_-]{6,15}$")
_AMOUNT = re.compile(r"^\+?\d{1,3}(?:[.\s]\d{3})*,\d{1,2}$|^\+?\d+(?:[.,]\d{1,2})?$")


def amount(text):
    """A positive amount in cents out of a text, or None.

    :param str text: "1.234,50", "1234.5", "EUR 12"
    :return: Decimal or None
    """
    text = text.strip().removeprefix("EUR").removesuffix("EUR").strip(" €\u00a0")
    if not _AMOUNT.match(text):
        return None
    if "," in text:
        text = text.replace(".", "").replace(" ", "").replace(",", ".")
    try:
        value = Decimal(text).quantize(Decimal("0.01"))
    except InvalidOperation:  # also more digits than any money has
        return None
    return value if value > 0 else None


def read(text):
    """Rows of a remittance list.

    :param str text: one practice a line
    :return: ([(code, Decimal or None)], [(line number, line) that could not be read]);
        blank lines and a heading (no digit in it) are left out
    """
    rows, unread = [], []
    for number, line in enumerate((text or "").splitlines()[:MAX_LINES], 1):
        if not line.strip() or not any(char.isdigit() for char in line):
            continue
        parts = [part.strip() for part in _SPLIT.split(line) if part.strip()]
        codes = [p.upper() for p in parts if _is_code(p.upper())]
        values = [v for v in map(amount, parts) if v is not None]
        if len(codes) != 1 or len(values) > 1:
            unread.append((number, line.strip()))
            continue
        rows.append((codes[0], values[0] if values else None))
    return rows, unread


def _is_code(text):
    """A practice code has a letter in it: a bare number is an amount or a date."""
    return bool(_CODE.match(text)) and any(char.isalpha() for char in text)
