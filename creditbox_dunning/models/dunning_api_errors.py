"""Errors of the interface for programs: they branch on the name of the class."""

from odoo.exceptions import UserError, ValidationError


class BadArgument(ValidationError):
    """The call is wrong as it stands: repeating it gives the same answer."""


class KeyReused(ValidationError):
    """The idempotency key belongs to another call."""


class UnknownRecord(UserError):
    """No case, bill, contract, customer or suspension has this reference."""


class AmbiguousRecord(UserError):
    """Several records have this reference: name it more closely."""


class NotPossibleNow(UserError):
    """Right as a call, but the case is not where this can be done."""
