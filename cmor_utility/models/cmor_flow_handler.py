from collections import namedtuple

from odoo import api, models

#: What became of a received record. ``state``: applied, repeated (known already:
#: nothing changed) or waiting (somebody has to look: ``problem`` and ``params`` say
#: why, a key of texts.PROBLEM_TEXTS). ``practice`` may be empty.
Result = namedtuple("Result", "state practice problem params")


def applied(practice):
    return Result("applied", practice, "", {})


def repeated(practice):
    return Result("repeated", practice, "", {})


def waiting(practice, problem, **params):
    return Result("waiting", practice, problem, params)


class CmorFlowHandler(models.AbstractModel):
    """What each kind of received flow means: one method a kind.

    A handler gets the records of one flow type (one file or a retry from the
    worklist), their practices locked, and answers a ``Result`` for each. It changes
    practices only through ``_move_to`` and requests only through ``_set_state``; the
    decision itself is a pure function of ``rules/``. Adding a flow adds a method here
    or in a module that extends this model.
    """

    _name = "cmor.flow.handler"
    _description = "What a received flow means"

    @api.model
    def _handlers(self):
        """{key of a flow type: name of the method that applies its records}."""
        return {}

    @api.model
    def _apply(self, key, records):
        """Apply received records of one kind.

        :param str key: key of their flow type
        :param records: cmor.flow.record recordset of one company
        :return: {record: Result}
        """
        name = self._handlers().get(key)
        if not name:
            return {
                record: waiting(self.env["cmor.practice"], "no_handler")
                for record in records
            }
        return getattr(self, name)(records)
