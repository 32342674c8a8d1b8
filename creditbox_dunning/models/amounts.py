"""From the ORM's floats to exact decimals."""

from decimal import Decimal

# one unit of the last digit, by number of digits
UNITS = [Decimal(1).scaleb(-digits) for digits in range(10)]


def exact(value, digits=2):
    """``value`` as Decimal with the currency's ``digits``: 0.1 becomes 0.10."""
    return Decimal(str(value or 0)).quantize(UNITS[digits])
