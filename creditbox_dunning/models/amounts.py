"""From the ORM's floats to exact decimals."""

from decimal import Decimal


def exact(value, digits=2):
    """``value`` as Decimal with the currency's ``digits``: 0.1 becomes 0.10."""
    return Decimal(str(value or 0)).quantize(Decimal(1).scaleb(-digits))
