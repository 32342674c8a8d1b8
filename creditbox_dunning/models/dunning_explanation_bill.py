from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools.misc import format_amount, format_date

from ..rules.facts import Reason
from .amounts import exact
from .reason_texts import pack, unpack

CASE_READERS = (
    "creditbox_dunning.group_dunning_operator",
    "account.group_account_invoice",
)


class AccountMove(models.Model):
    """Why is this bill dunned, or why is it not."""

    _inherit = "account.move"

    @api.readonly
    def explain_dunning(self, date=None):
        """Why this bill is followed or not on ``date`` (ISO text or date, today if
        empty).

        For users of CreditBox and of invoicing who may read the bill; writes nothing.
        Returns ``bill`` (number, customer, residual), ``reasons`` [{code, text}] when
        it, or a part of it, is not followed, and ``cases``: the explanation of each
        case that follows it (see ``dunning.case.explain``).
        """
        self.ensure_one()
        self.check_access("read")
        self._check_may_ask_why()
        cases = self.sudo().line_ids.dunning_case_id
        cases = cases.sudo(self.env.su)._filtered_access("read")
        today = cases.sudo()._today(self.company_id)
        day = fields.Date.to_date(date) or today
        me = self.sudo().with_company(self.company_id)
        reasons = me._dunning_why_not(day)
        return {
            "bill": {
                "id": me.id,
                "name": me.billing_ref or me.name or "",
                "customer": me.partner_id.display_name or "",
                "residual_text": format_amount(
                    self.env, me.amount_residual, me.currency_id
                ),
            },
            "date": day.isoformat(),
            "date_text": format_date(self.env, day),
            "is_followed": bool(cases) and not reasons,
            "reasons": [
                {**item, "text": unpack(self.env, [item], me.company_currency_id)}
                for item in pack(reasons)
            ],
            "cases": [case.explain(day) for case in cases],
        }

    def action_explain_dunning(self):
        """Button: the explanation in a dialog."""
        self.ensure_one()
        self.check_access("read")
        self._check_may_ask_why()
        return {
            "type": "ir.actions.client",
            "tag": "creditbox_dunning.why",
            "name": self.env._("Why is this bill dunned, or why not"),
            "target": "new",
            "params": {"model": self._name, "id": self.id},
        }

    def _check_may_ask_why(self):
        if self.env.su or any(map(self.env.user.has_group, CASE_READERS)):
            return
        raise AccessError(
            self.env._("Only the people of CreditBox and of invoicing may ask this.")
        )

    def _dunning_why_not(self, day):
        """Reasons why this bill is in no case, or counts for nothing in it; () when it
        is followed on ``day``."""
        if self.move_type not in ("out_invoice", "out_refund"):
            return (Reason.of("bill_not_customer"),)
        if self.state != "posted":
            return (Reason.of("bill_not_posted"),)
        lines = self.line_ids.filtered(lambda ln: ln.display_type == "payment_term")
        if not lines.filtered("partner_id"):
            return (Reason.of("bill_no_partner"),)
        owed = lines.filtered(lambda ln: not ln.reconciled and ln.amount_residual)
        if not owed:
            return (Reason.of("bill_paid"),)
        if self.payment_state == "blocked":
            return (Reason.of("bill_blocked"),)
        if all(owed.mapped("no_followup")):
            return (Reason.of("bill_excluded"),)
        if self.move_type == "out_refund":
            return (Reason.of("bill_credit"),)
        overdue = owed.filtered(lambda ln: ln.date_maturity < day)
        if not overdue:
            first = min(owed.mapped("date_maturity"))
            return (Reason.of("bill_not_due", date=first),)
        return self._dunning_why_not_overdue(overdue)

    def _dunning_why_not_overdue(self, overdue):
        case = overdue.dunning_case_id[:1]
        if case:
            lines = case.line_ids.filtered(lambda ln: not ln.reconciled)
            credit = -sum(ln.amount_residual for ln in lines if ln.amount_residual < 0)
            owed = sum(ln.amount_residual for ln in lines if ln.amount_residual > 0)
            if credit and credit >= owed:
                digits = self.company_currency_id.decimal_places
                amount = exact(credit, digits)
                return (Reason.of("bill_credit_covers", amount=amount),)
            return ()
        tables = self.env["dunning.action.table"]
        if not tables._published_for(self.company_id):
            return (Reason.of("bill_no_table"),)
        return (Reason.of("bill_next_run"),)
