"""Values of a flow as JSON, keeping what they are.

A record of a flow keeps what it says by source (``formats.flow_sources``): texts,
integers, decimals, dates, and groups as lists of such dicts.
"""

from datetime import date
from decimal import Decimal


def encode(values):
    """Make values storable.

    :param dict values: str, int, date, Decimal, None or a list of such dicts
    :return: dict; dates become ``{"d": iso}``, decimals ``{"n": text}``; what is
        absent is left out
    """
    return {
        key: _encode(value)
        for key, value in values.items()
        if value is not None and value != "" and value != []
    }


def _encode(value):
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, Decimal):
        return {"n": str(value)}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return clean(value) if isinstance(value, str) else value


def decode(values):
    """The values as they were.

    :param dict values: as made by ``encode``, or None
    :return: dict
    """
    return {key: _decode(value) for key, value in (values or {}).items()}


def _decode(value):
    if isinstance(value, dict):
        if "d" in value:
            return date.fromisoformat(value["d"])
        return Decimal(value["n"])
    if isinstance(value, list):
        return [decode(item) for item in value]
    return value


def clean(text):
    """Text that a database can hold: no NUL, no half of a surrogate pair."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
