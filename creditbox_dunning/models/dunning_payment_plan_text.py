from dataclasses import replace

from odoo import models

from ..formats.qr import svg
from ..rules.notice_text import InstalmentRow
from ..rules.payment_slip import grouped
from ..rules.template_choice import LETTERS

TOLD = ("waiting", "offered", "running")


class DunningTemplateValues(models.AbstractModel):
    """What the offer of a payment plan says: its instalments and its conditions."""

    _inherit = "dunning.template.values"

    def _read_around(self, subjects, today):
        # EXTENDS: the plans under way of all the cases, in one statement
        known = super()._read_around(subjects, today)
        cases = self.env["dunning.case"].union(*(s.case for s in subjects))
        found = (
            self.env["dunning.payment.plan"]
            .sudo()
            .search([("case_id", "in", cases.ids), ("state", "in", TOLD)], order="id")
        )
        known["plans"] = {plan.case_id.id: plan for plan in found}
        return known

    def _values_of(self, subject, known, today):
        # EXTENDS
        values = super()._values_of(subject, known, today)
        plan = known["plans"].get(subject.case.id)
        if not plan:
            return values
        formats = known["formats"][subject.template.lang]
        with_slip = subject.channel in LETTERS
        case = subject.case.sudo()
        total = plan.amount_total + plan.amount_interest
        return replace(
            values,
            instalments=tuple(
                self._instalment_row(one, case, formats, with_slip)
                for one in plan.instalment_ids.sorted("number")
            ),
            instalments_total=self._money(case, total, formats),
        )

    def _instalment_row(self, one, case, formats, with_slip):
        interest = one.interest and self._money(case, one.interest, formats)
        return InstalmentRow(
            number=str(one.number),
            due=formats.date(one.due_date),
            # what a transfer has to name, where there is no code
            code=grouped(one.payment_code) or one.display_name,
            amount=self._money(case, one.amount, formats),
            capital=self._money(case, one.capital, formats),
            interest=interest or "",
            qr=svg(one.slip_text or "") if with_slip else "",
        )

    def _plain_words(self, subject, case, known, formats):
        # EXTENDS
        words = super()._plain_words(subject, case, known, formats)
        plan = known["plans"].get(case.id)
        if not plan:
            return words
        first = plan.instalment_ids.sorted("number")[:1]
        return {
            **words,
            "plan_number": plan.name,
            "plan_sum": self._money(case, plan.amount_total, formats),
            "plan_count": str(plan.number),
            "plan_first_due": formats.date(first.due_date),
            "plan_interest": self._money(case, plan.amount_interest, formats)
            if plan.amount_interest
            else "",
            "plan_until": formats.date(plan.valid_until),
            # one of them: how the offer is taken up
            "plan_sign_by": "" if plan.join_by else formats.date(plan.valid_until),
            "plan_pay_by": formats.date(plan.valid_until) if plan.join_by else "",
            "plan_tolerance": str(plan.tolerance_days),
            "plan_missed": str(plan.missed_allowed),
        }
