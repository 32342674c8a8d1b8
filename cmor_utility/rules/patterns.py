"""Patterns that users write for practice codes and file names.

A pattern is text with tokens in braces, e.g. ``{sector}{yy}-{seq:7}``. Tokens come from
a closed list; ``{seq:7}`` pads with zeros. Nothing is evaluated.
"""

import re
from functools import lru_cache

CODE_MAX = 15  # CP_UTENTE is AN 15 (SII, Trasmissione Offerte v5.0)
# never a leading "-": a spreadsheet would take the code for a formula
CODE_CHARS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*\Z")
CODE_TOKENS = ("sector", "year", "yy", "company", "customer", "seq")
FILE_CHARS = re.compile(r"[A-Za-z0-9._-]*\Z")
FILE_MAX = 120
FILE_TOKENS = ("service", "flow", "vat", "timestamp", "date", "n", "ext")

_TOKEN = re.compile(r"\{([a-z]+)(?::(\d{1,2}))?\}")


class PatternError(ValueError):
    """A pattern, or what it gives, is not acceptable. ``args[0]`` is a stable code."""


def parse(pattern, tokens):
    """Split a pattern.

    :param str pattern: text with tokens
    :param tokens: names allowed
    :return: list of (literal, "", 0) and ("", token, width)
    :raise PatternError: ``unknown_token`` or ``brace``
    """
    return list(_parts(pattern, tokens))


@lru_cache(maxsize=64)
def _parts(pattern, tokens):
    """As ``parse``: of thousands of codes the pattern is taken apart once."""
    parts, position = [], 0
    for match in _TOKEN.finditer(pattern):
        parts.append((pattern[position : match.start()], "", 0))
        name, width = match.group(1), int(match.group(2) or 0)
        if name not in tokens:
            raise PatternError("unknown_token", name)
        parts.append(("", name, width))
        position = match.end()
    parts.append((pattern[position:], "", 0))
    if any("{" in literal or "}" in literal for literal, _name, _width in parts):
        raise PatternError("brace", pattern)
    return tuple(part for part in parts if any(part))


def render(pattern, values, tokens):
    """Fill a pattern.

    :param dict values: token -> str or int; an int is padded with zeros, a text is cut
        to the width
    :return: text
    """
    out = []
    for literal, name, width in parse(pattern, tokens):
        if not name:
            out.append(literal)
            continue
        value = values.get(name, "")
        if isinstance(value, int):
            out.append(str(value).zfill(width))
        else:
            out.append(value[:width] if width else value)
    return "".join(out)


def practice_code(pattern, values):
    """A practice code (CP_UTENTE).

    :param str pattern: must contain ``{seq}``
    :return: 1 to 15 characters of ``[A-Za-z0-9_-]``, the first no ``-``
    :raise PatternError: ``no_seq``, ``too_long``, ``bad_char``, ``unknown_token``,
        ``brace``
    """
    if not any(name == "seq" for _l, name, _w in parse(pattern, CODE_TOKENS)):
        raise PatternError("no_seq", pattern)
    code = render(pattern, values, CODE_TOKENS)
    if len(code) > CODE_MAX:
        raise PatternError("too_long", code)
    if not CODE_CHARS.match(code):
        raise PatternError("bad_char", code)
    return code


def file_name(pattern, values):
    """A file name; same errors as ``practice_code``, without the sequence rule."""
    name = render(pattern, values, FILE_TOKENS)
    if len(name) > FILE_MAX:
        raise PatternError("too_long", name)
    if not name.strip(".") or not FILE_CHARS.match(name):
        raise PatternError("bad_char", name)
    return name
