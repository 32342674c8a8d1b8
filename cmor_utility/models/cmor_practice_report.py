from dataclasses import replace

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.models.bulk import update_changed

from ..rules import incoming, incoming_money, messages
from .cmor_practice_facts import _cents
from .cmor_practice_request import LIVE_STATES

# figures whose change makes the report due again
REPORTED = (
    "is_billed",
    "bill_number",
    "bill_date",
    "billed_amount",
    "collected_amount",
    "collected_on",
    "report_state",
)
# states in which something is to be told
REPORTABLE = ("collected", "carried", "uncollected", "to_refund", "reported", "closed")
# ... the first time: what is still unpaid may be paid, and is told then
FIRST_REPORT = ("collected", "carried", "to_refund")
DEAD_REQUESTS = ("rejected", "withdrawn", "overtaken")


class CmorPractice(models.Model):
    """Incoming side: the report to the SII (rendicontazione, RI1.0050)."""

    _inherit = "cmor.practice"

    report_state = fields.Selection(
        [
            ("0", "Not charged"),
            ("1", "Charged"),
            ("2", "Partly collected"),
            ("3", "Collected"),
            ("4", "Reversed"),
            ("5", "Customer left, uncollected"),
        ],
        string="To be reported as",
        readonly=True,
        copy=False,
    )
    kept_open = fields.Boolean(
        readonly=True,
        copy=False,
        help="Opened again by an operator: it is not closed by itself.",
    )
    report_needed = fields.Boolean(
        string="Report due",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The figures are final for now and the last report does not tell them.",
    )

    # --- actions ----------------------------------------------------------------

    def action_report(self):
        """Button of an operator: open the report of practices whose report is due."""
        self._check_may_operate()
        practices = self.sudo()
        practices._settle(fields.Date.context_today(self))
        wrong = practices.filtered(lambda p: not p.report_needed)
        if wrong:
            raise UserError(
                self.env._(
                    "%(names)s: no report is due, or one waits for its answer.",
                    names=", ".join(wrong.mapped("display_name")),
                )
            )
        self.env["cmor.practice.request"]._open(
            practices, incoming.REPORT, lambda p: p._prepare_report()
        )
        practices._log(
            "report_made",
            lambda p: {
                "billed": _cents(p.billed_amount),
                "collected": _cents(p.collected_amount),
            },
        )
        practices._settle(fields.Date.context_today(self))

    def action_close_incoming(self):
        """Button of an operator: reported, and nothing left on the transit account."""
        self._check_may_operate()
        practices = self.sudo()
        practices._settle(fields.Date.context_today(self))
        wrong = practices.filtered(
            lambda p: (
                p.side != "incoming"
                or p.state != "reported"
                or p.report_needed
                or p.transit_balance
                or p.to_bill_amount > 0
                or p.return_amount > 0
            )
        )
        if wrong:
            raise UserError(
                self.env._(
                    "%(names)s: only what is reported, with nothing left to be charged"
                    " or given back and a transit balance of zero, is closed.",
                    names=", ".join(wrong.mapped("display_name")),
                )
            )
        practices._guarded().write({"kept_open": False})
        practices._move_to("closed")
        practices._set_next()

    def action_open_again(self):
        """Button of an operator: undo the closing; it stays open until he closes it."""
        self._check_may_operate()
        practices = self.sudo()
        wrong = practices.filtered(
            lambda p: p.side != "incoming" or p.state != "closed" or p.is_annulled
        )
        if wrong:
            raise UserError(
                self.env._(
                    "%(names)s: only what was closed as collected is opened again.",
                    names=", ".join(wrong.mapped("display_name")),
                )
            )
        practices._guarded().write({"kept_open": True})
        practices._move_to("reported", "opened_again", {"note": self.env.user.name})
        practices._settle(fields.Date.context_today(self))

    # --- business ---------------------------------------------------------------

    def _settle_done(self, facts):
        """Close what is collected, reported and back to zero."""
        # the report of thousands that are far from it is not looked at
        done = self.filtered(lambda p: p.state == "reported" and not p.kept_open)
        done = done.filtered(
            lambda p: incoming_money.may_close(
                replace(facts[p].money, state=p.state),
                p.report_needed or p._is_report_on_its_way(),
                _cents(p.transit_balance),
            )
        )
        done._move_to("closed", "closed_done")

    def _is_report_on_its_way(self):
        return any(
            request.key == incoming.REPORT and request.state in LIVE_STATES
            for request in self.request_ids
        )

    def _report_figures(self):
        """{source: value} that the report tells of this practice, as of now."""
        bill = self.customer_bill_id
        return {
            "is_billed": int(bool(bill)),
            "bill_number": (bill.billing_ref or bill.name or "") if bill else "",
            "bill_date": self.billed_date or None,
            "billed_amount": _cents(self.billed_amount),
            "collected_amount": _cents(self.collected_amount),
            "collected_on": self.collected_on or None,
            "report_state": self.report_state or incoming_money.REPORT_NOT_CHARGED,
        }

    def _prepare_report(self):
        figures = self._report_figures()
        return {
            "event_date": fields.Date.context_today(self),
            "amount": self.collected_amount,
            "values": messages.encode_params(
                {k: v for k, v in figures.items() if v is not None}
            ),
        }

    def _settle_reports(self, facts):
        """Whose report is due, again when the figures changed since the last one."""
        last = self.filtered(lambda p: p.state in REPORTABLE)._last_reports()
        rows = {
            p: {"report_needed": p._is_report_due(facts[p].money, last.get(p))}
            for p in self
        }
        update_changed(self, rows)

    def _last_reports(self):
        """{practice: last report that was not refused or taken back}."""
        if not self:
            return {}
        requests = (
            self.env["cmor.practice.request"]
            .sudo()
            .search(
                [
                    ("practice_id", "in", self.ids),
                    ("key", "=", incoming.REPORT),
                    ("state", "not in", DEAD_REQUESTS),
                ],
                order="id",
            )
        )
        return {request.practice_id: request for request in requests}

    def _is_report_due(self, money, last):
        """Whether the SII has to be told, for the first time or again."""
        # of what only a file told we know no figure
        if self.state not in REPORTABLE or money.is_told:
            return False
        if self.state == "to_refund" and not money.is_returned:
            return False
        if not last:
            # given up: nothing more of it will be paid
            is_final = self.state == "uncollected" and money.open_amount <= 0
            return self.state in FIRST_REPORT or is_final
        if last.state != "accepted":
            # one is on its way: its answer comes first
            return False
        told = messages.typed_params(last.values)
        now = {k: v for k, v in self._report_figures().items() if v is not None}
        return any(told.get(name) != now.get(name) for name in REPORTED)
