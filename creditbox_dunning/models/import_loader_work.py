from odoo import fields, models

from odoo.addons.utility_supply.models.import_message import issue


class UtilityImportLoaderWork(models.AbstractModel):
    """Answers to what was asked of others (orders, assignments, questions), by number.

    The same row again changes nothing; what does not fit is set aside for a person and
    never vanishes. Each dataset says in which model its numbers are (``_asked``), in
    which column they stand (``_ref``), who judges an answer (``_rules``: a module with
    ``judge``, ``after``, ``APPLY`` and ``UNCHANGED``) and in which column a verdict is
    shown (``_shown_in``; any other at the number).
    """

    _name = "utility.import.loader.work"
    _inherit = "utility.import.loader"
    _description = "Loader of answers to what was asked of others"

    _asked = None
    _ref = None
    _rules = None
    _shown_in = {
        "work_no_day": "date",
        "work_future": "date",
        "work_before_order": "date",
    }

    def _facts(self, batch, records):
        company = batch.company_id
        asked = self.env[self._asked]._with_ref(
            self._values_of(records, self._ref), company
        )
        return {
            "asked": asked,
            "today": self.env["dunning.case"]._today(company),
            # the answers about one of them in one file build upon each other
            "seen": {name: one._as_facts() for name, one in asked.items()},
        }

    def _judge(self, batch, record, facts, known):
        ref = record[self._ref]
        asked = facts["asked"].get(ref)
        if not asked:
            return [issue("work_unknown", self._ref, ref)]
        answer, rules = self._answer(record), self._rules
        verdict = rules.judge(facts["seen"][ref], answer, facts["today"])
        if verdict == rules.APPLY:
            facts["seen"][ref] = rules.after(facts["seen"][ref], answer)
            return "updated"
        if verdict == rules.UNCHANGED:
            return "unchanged"
        return [self._problem(verdict, record, asked)]

    def _answer(self, record):
        """The row as the rules read it."""
        raise NotImplementedError

    def _problem(self, code, record, asked):
        column = self._shown_in.get(code, self._ref)
        labels = dict(asked._fields["state"]._description_selection(self.env))
        return issue(
            code,
            column,
            record.get(column),
            sent=fields.Date.to_string(asked.sent_on) or "-",
            state=labels[asked.state],
            **self._problem_words(asked),
        )

    def _problem_words(self, asked):
        """More words that the texts of this dataset's problems name."""
        return {}

    def _apply(self, batch, todo, facts):
        rows = [
            (facts["asked"][record[self._ref]], self._answer(record), record)
            for _number, record, outcome in todo
            if outcome == "updated"
        ]
        self._apply_rows(rows, batch.filename or batch.name)

    def _apply_rows(self, rows, source):
        """Record the answers that were judged good: (what was asked, answer, row)."""
        for asked, answer, record in rows:
            asked._apply_answer(answer, record.get("note") or "", source)
