"""The numbers of the law, dated, each with its source: a lookup, nothing else.

A number holds from ``valid_from`` until a later row of the same service and name. A
row of a service beats one of every service. Which numbers exist, what they mean and
where they come from is data: ``data/dunning.legal.parameter.csv``, loaded into
``dunning.legal.parameter`` and read from there in a database.
"""

import csv
import functools
import pathlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ANY_SERVICE = ""
SHIPPED = pathlib.Path(__file__).parent.parent / "data" / "dunning.legal.parameter.csv"


@dataclass(frozen=True)
class Parameter:
    """One number: ``unit`` days, months, years, amount, percent, times, litres;
    ``day_kind`` how its days are counted (solar, weekdays, working). ``checked``: the
    day on which a person compared it with the text in force; None = nobody did."""

    service: str
    name: str
    value: Decimal
    unit: str
    valid_from: date
    source: str
    day_kind: str = "solar"
    checked: date | None = None

    @property
    def count(self):
        """The value as a whole number (days, months, years)."""
        return int(self.value)

    @property
    def shown(self):
        """The value without needless zeros, for a sentence."""
        value = self.value
        return int(value) if value == value.to_integral_value() else str(value)


class UnknownNumberError(LookupError):
    """No row for this service and name is in force: nothing may be concluded."""

    def __init__(self, service, name):
        super().__init__(f"{service or '*'}: {name}")
        self.service = service
        self.name = name


class Parameters:
    """All the numbers, by service, name and day."""

    def __init__(self, rows):
        self._rows = defaultdict(list)
        for row in rows:
            self._rows[row.service, row.name].append(row)
        for found in self._rows.values():
            found.sort(key=lambda row: row.valid_from, reverse=True)

    def get(self, service, name, day):
        """The :class:`Parameter` in force on ``day``, or None."""
        for scope in dict.fromkeys((service, ANY_SERVICE)):
            for row in self._rows.get((scope, name), ()):
                if row.valid_from <= day:
                    return row
        return None

    def find(self, service, name, day):
        """Like :meth:`get`; UnknownNumberError when there is none."""
        found = self.get(service, name, day)
        if found is None:
            raise UnknownNumberError(service, name)
        return found


def read_parameters(lines):
    """:class:`Parameters` from the lines of a CSV in the form of the shipped file."""
    return Parameters(
        Parameter(
            service=row["service"],
            name=row["name"],
            value=Decimal(row["value"]),
            unit=row["unit"],
            valid_from=date.fromisoformat(row["valid_from"]),
            source=row["source"],
            day_kind=row["day_kind"] or "solar",
        )
        for row in csv.DictReader(lines)
    )


@functools.cache
def shipped_parameters():
    """The numbers as delivered: for tables tried out without a database."""
    with SHIPPED.open(encoding="utf-8", newline="") as lines:
        return read_parameters(lines)
