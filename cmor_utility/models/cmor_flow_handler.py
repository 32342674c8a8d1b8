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


def merged(one, other):
    """What became of a record that both halves have applied.

    Somebody has to look when either half says so; tried again, the half that has
    applied it already says "repeated".
    """
    for state in ("waiting", "applied"):
        for result in (one, other):
            if result.state == state:
                return result
    return one


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
        return {
            "cancel_notice": "_apply_by_side",
            "claim_update": "_apply_by_side",
            "suspend_notice": "_apply_by_side",
            "cancel_ack": "_apply_by_side",
            "cancel_outcome": "_apply_by_side",
        }

    @api.model
    def _apply_by_side(self, records):
        """Flows that both sides get: each half applies those of its practices.

        A half is a method ``_<side>_<key of the flow>``. A record whose practice is of
        neither side goes to the outgoing half, which says so. A company may be both
        sides of one claim: its notices are for both halves.
        """
        incoming = self._of_incoming_side(records)
        both, busy = self._of_both_sides(incoming)
        incoming, outgoing = incoming - busy, (records - incoming) | both
        halves = []
        for side, mine in (("outgoing", outgoing), ("incoming", incoming)):
            results = {}
            for key, group in mine.grouped(lambda r: r.type_id.key).items():
                half = getattr(self, f"_{side}_{key}", None)
                if half:
                    results.update(half(group))
                else:
                    practices = self.env["cmor.practice"]
                    results.update(
                        (record, waiting(practices, "no_handler")) for record in group
                    )
            halves.append(results)
        results, other = halves
        return {
            **results,
            **{
                r: merged(results[r], o) if r in results else o
                for r, o in other.items()
            },
        }

    @api.model
    def _of_both_sides(self, records):
        """Of these records of the incoming side: those about an outgoing practice too.

        :return: (records, records whose incoming practice another user works on: they
            stay new, and are applied to both halves later)
        """
        return records.browse(), records.browse()

    @api.model
    def _of_incoming_side(self, records):
        """The records that are about an incoming practice, or a request of one."""
        return records.browse()

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
