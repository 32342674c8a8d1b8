"""PDR (punto di riconsegna), the code of an Italian gas supply point.

Fourteen digits; leading zeros are significant, so it is text, never a number. No
check digit is published. The module follows the manner of python-stdnum.

>>> validate("0088.1234 567890")
'00881234567890'
>>> validate("881234567890")
Traceback (most recent call last):
    ...
stdnum.exceptions.InvalidLength: The number has an invalid length.
"""

from stdnum.exceptions import InvalidFormat, InvalidLength, ValidationError
from stdnum.util import clean

LENGTH = 14


def compact(number):
    """``number`` without blanks, dots, hyphens and slashes."""
    return clean(number, " .-/").strip()


def validate(number):
    """The compact form of a valid PDR; raises a stdnum ValidationError otherwise.

    A code of 12 or 13 digits is refused, not padded: zeros eaten by a spreadsheet are
    a doubt, and a doubt is an error.
    """
    number = compact(number)
    if not (number.isascii() and number.isdigit()):
        raise InvalidFormat()
    if len(number) != LENGTH:
        raise InvalidLength()
    return number


def is_valid(number):
    """True when ``number`` is a well-formed PDR."""
    try:
        return bool(validate(number))
    except ValidationError:
        return False


def format(number):
    """The PDR as people write it: the 14 digits."""
    return compact(number)
