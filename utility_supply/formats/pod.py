"""POD (point of delivery), the code of an Italian electricity supply point.

"IT", three digits of the distributor, "E" and eight or nine characters, e.g.
IT001E00000001. No check character is published; most tails are digits, but letters
are in use, so both are accepted. The module follows the manner of python-stdnum.

>>> validate("it 001 e 0000.0001")
'IT001E00000001'
>>> format("IT001E00000001")
'IT 001 E 00000001'
>>> distributor("IT001E00000001")
'001'
>>> validate("IT001X00000001")
Traceback (most recent call last):
    ...
stdnum.exceptions.InvalidFormat: The number has an invalid format.
"""

import re

from stdnum.exceptions import InvalidFormat, InvalidLength, ValidationError
from stdnum.util import clean

_POD = re.compile(r"IT[0-9]{3}E[A-Z0-9]{8,9}", re.ASCII)


def compact(number):
    """``number`` in upper case, without blanks, dots, hyphens and slashes."""
    return clean(number, " .-/").strip().upper()


def validate(number):
    """The compact form of a valid POD; raises a stdnum ValidationError otherwise."""
    number = compact(number)
    if len(number) not in (14, 15):
        raise InvalidLength()
    if not _POD.fullmatch(number):
        raise InvalidFormat()
    return number


def is_valid(number):
    """True when ``number`` is a well-formed POD."""
    try:
        return bool(validate(number))
    except ValidationError:
        return False


def format(number):
    """The POD as people write it: IT 001 E 00000001."""
    number = compact(number)
    return " ".join((number[:2], number[2:5], number[5:6], number[6:]))


def distributor(number):
    """The three digits that name the distributor."""
    return validate(number)[2:5]


def same_point(one, other):
    """True when two POD name the same point: the 15th character is not significant."""
    return validate(one)[:14] == validate(other)[:14]
