from odoo import models

TOLD = ("waiting", "offered")


class DunningTemplateValues(models.AbstractModel):
    """What an offer to settle says."""

    _inherit = "dunning.template.values"

    def _read_around(self, subjects, today):
        # EXTENDS: the settlements under way of all the cases, in one statement
        known = super()._read_around(subjects, today)
        cases = self.env["dunning.case"].union(*(s.case for s in subjects))
        found = (
            self.env["dunning.settlement"]
            .sudo()
            .search([("case_id", "in", cases.ids), ("state", "in", TOLD)], order="id")
        )
        known["settlements"] = {one.case_id.id: one for one in found}
        return known

    def _plain_words(self, subject, case, known, formats):
        # EXTENDS
        words = super()._plain_words(subject, case, known, formats)
        one = known["settlements"].get(case.id)
        if not one:
            return words
        given_up = one.discount + one.waived
        return {
            **words,
            "settlement_number": one.name,
            "settlement_sum": self._money(case, one.agreed, formats),
            "settlement_discount": self._money(case, given_up, formats)
            if given_up
            else "",
            "settlement_until": formats.date(one.valid_until),
        }
