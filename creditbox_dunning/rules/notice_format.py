"""Dates, amounts and numbers as a language writes them.

Kept apart from Odoo's own, so that an Italian letter is Italian also in a database
whose users read English only.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Formats:
    """``day`` a strftime form; ``point`` the decimal separator; ``comma`` the one of
    the thousands."""

    day: str = "%d/%m/%Y"
    point: str = ","
    comma: str = "."

    def date(self, value: date | None):
        """A date in words, empty for none."""
        return value.strftime(self.day) if value else ""

    def amount(self, value, symbol="€", before=False, places=2):
        """An amount with its symbol: ``1.234,56 €``."""
        sign, whole = ("-", -value) if value < 0 else ("", value)
        text = f"{Decimal(str(whole)):,.{places}f}"
        text = text.translate(str.maketrans({",": self.comma, ".": self.point}))
        # a hard blank: an amount is never split at the end of a line
        return f"{sign}{symbol}\xa0{text}" if before else f"{sign}{text}\xa0{symbol}"

    def number(self, value):
        """A number of the law without needless zeros: ``7,50``, ``15``."""
        return str(value).replace(".", self.point)


ITALIAN = Formats()
