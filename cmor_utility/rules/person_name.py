"""Split an Italian person's full name with the help of the tax code.

Billing systems hold one name field, the flow wants name and surname apart. The first
three letters of the codice fiscale come from the surname, the next three from the first
name (DM 23/12/1976), so the right cut is the one that gives the same letters.
"""

import unicodedata

VOWELS = "AEIOU"


def _letters(text):
    plain = unicodedata.normalize("NFD", text.upper())
    return [char for char in plain if "A" <= char <= "Z"]


def surname_code(text):
    """Three letters of a surname: consonants, then vowels, then X."""
    letters = _letters(text)
    consonants = [char for char in letters if char not in VOWELS]
    vowels = [char for char in letters if char in VOWELS]
    return "".join((consonants + vowels + ["X"] * 3)[:3])


def first_name_code(text):
    """Three letters of a first name: with four consonants the second is dropped."""
    consonants = [char for char in _letters(text) if char not in VOWELS]
    if len(consonants) > 3:
        return consonants[0] + consonants[2] + consonants[3]
    return surname_code(text)


def split_name(full_name, fiscal_code):
    """(first name, surname), or None when the tax code does not tell.

    :param str full_name: "Mario Rossi" or "Rossi Mario", any number of words
    :param str fiscal_code: 16 characters; anything else gives None
    """
    words = full_name.split()
    code = (fiscal_code or "").upper()
    if len(code) != 16 or len(words) < 2:
        return None
    for cut in range(1, len(words)):
        left, right = " ".join(words[:cut]), " ".join(words[cut:])
        for surname, first in ((left, right), (right, left)):
            if surname_code(surname) + first_name_code(first) == code[:6]:
                return first, surname
    return None
