from odoo import fields, models
from odoo.fields import Domain

from ..rules import promises as rules
from .amounts import exact
from .dunning_hold import SCOPES
from .dunning_hold_promise import PROMISE

MADE, KNOWN, TOO_MANY = "made", "known", "too_many"


class DunningAgencyResult(models.Model):
    """Promises that an agency took: they become ours, judged by the payments."""

    _inherit = "dunning.agency.result"

    _guarded_fields = frozenset({"hold_id", "promise_state"})

    hold_id = fields.Many2one(
        "dunning.hold",
        string="Our promise",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    promise_state = fields.Selection(
        [
            (MADE, "Recorded as a promise"),
            (KNOWN, "A promise was there already"),
            (rules.PAST, "Its day was past already"),
            (rules.PAID, "Nothing was owed any more"),
            (TOO_MANY, "Too many promises not kept: a manager decides"),
        ],
        string="What became of the promise",
        readonly=True,
    )

    def _take_promises(self):
        """Make suspensions of kind promise of these, once each; say what became of
        those that could not become one. They are all of one company's file."""
        todo = self.filtered(lambda one: not one.promise_state)
        for company, results in todo.grouped("company_id").items():
            results.with_company(company)._take_promises_of(company)

    def _take_promises_of(self, company):
        today = self.env["dunning.case"]._today(company)
        holds = self.env["dunning.hold"].sudo()
        reason = self.env["dunning.hold.reason"].sudo()._get(PROMISE)
        cases = self.assignment_id.case_id.sudo()
        open_ = self._open_promises(cases, reason, today)
        missed = holds._promises_missed(company, cases.partner_id)
        most = company.sudo().dunning_promise_max
        taken, values = self.browse(), []
        for one in self.sudo()._guarded():
            case = one.assignment_id.case_id
            known = open_.get(case.id)
            grace = company.sudo().dunning_promise_grace_days
            problem, amount = rules.take_over(
                one.promised,
                exact(one.amount),
                holds._exposure(case),
                today,
                grace,
            )
            if known is not None:
                one.write({"promise_state": KNOWN, "hold_id": known.id})
            elif problem:
                one.promise_state = problem
            elif not rules.may_promise(missed.get(case.partner_id.id, 0), most):
                one.promise_state = TOO_MANY
            else:
                # the next row of the same case finds this one
                open_[case.id] = holds
                taken |= one
                values.append(one._prepare_promise(case, reason, amount, today))
        made = holds._place(values) if values else holds
        for one, hold in zip(taken.sudo()._guarded(), made, strict=True):
            one.write({"promise_state": MADE, "hold_id": hold.id})
        made._ask_approval("")

    def _prepare_promise(self, case, reason, amount, today):
        self.ensure_one()
        agency = self.assignment_id.provider_id.sudo().name
        text = self.env._("Told by %(agency)s", agency=agency)
        values = (
            self.env["dunning.hold"]
            .sudo()
            ._prepare_hold_vals(
                "case",
                case,
                reason,
                {
                    "from": min(today, self.promised),
                    "to": None,
                    # what was paid since the agency heard it counts
                    "received": self.date,
                    "check": None,
                    "amount": float(amount),
                    "promise": self.promised,
                    "note": f"{text}: {self.note}" if self.note else text,
                },
            )
        )
        return {**values, "user_id": case.user_id.id or self.env.uid}

    def _open_promises(self, cases, reason, today):
        """{case id: promise that is in force or to come}, of whatever it is about."""
        reached = {
            "case": ("case_id", lambda case: case),
            "contract": ("contract_id", lambda case: case.contract_id),
            "customer": ("partner_id", lambda case: case.partner_id),
            "bill": ("move_id", lambda case: case.line_ids.move_id),
        }
        targets = Domain.OR(
            Domain(column, "in", read(cases).ids) for column, read in reached.values()
        )
        found = {}
        for hold in (
            self.env["dunning.hold"]
            .sudo()
            .search(
                Domain("reason_id", "=", reason.id)
                & Domain("company_id", "in", cases.company_id.ids)
                & Domain("is_cancelled", "=", False)
                & (
                    Domain("resume_date", "=", False)
                    | Domain("resume_date", ">", today)
                )
                & targets
            )
        ):
            target = hold[SCOPES[hold.scope]]
            read = reached[hold.scope][1]
            for case in cases.filtered(lambda c, t=target, r=read: t in r(c)):
                found.setdefault(case.id, hold)
        return found
