from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.utility_supply.models.bulk import (
    insert_rows,
    plain_values,
    update_changed,
)

from ..rules import deadlines as rules
from ..rules.attention import DEAD
from ..rules.messages import encode_params
from .texts import show_params
from .texts_terms import BASE_TEXTS, CONSEQUENCE_TEXTS, HOW_TEXTS

KEYS = [
    ("mora_term", "Payment term of the notice"),
    ("request_open", "Request window opens"),
    ("request_close", "Request window closes"),
    ("sii_check", "Answer of the SII to the request"),
    ("suspension_request", "Request of suspension"),
    ("suspension_check", "Answer to the suspension"),
    ("revoke_check", "Answer to the end of the suspension"),
    ("waiting", "Notice to the distributor"),
    ("first_billing", "Charge by the distributor"),
    ("csea", "Declaration to CSEA and payment"),
    ("annul", "Annulment by the SII"),
    ("late_payment", "Payment after the claim"),
    ("excess_return", "Return of the excess"),
    ("refund_customer", "Return of money to the customer"),
    ("refund_report", "Report of the return"),
    ("refund_report_check", "Answer to the report of the return"),
    ("report_check", "Answer to the reporting"),
    ("complaint_reply", "Reply to the complaint"),
    ("retention", "Proofs are kept"),
]
ACTORS = [
    ("us", "Us"),
    ("sii", "SII"),
    ("distributor", "Distributor"),
    ("csea", "CSEA"),
]

# what a deadline keeps of its practice, so that nothing has to work it out
OF_PRACTICE = ("company_id", "side", "sector", "role_id", "user_id")
# what it says of its term
OF_TERM = (
    *("key", "date_due", "date_base", "base_event", "actor", "kind", "how", "params"),
    *("state", "done_on", "days_late"),
)


class CmorDeadline(models.Model):
    """One term of a practice: by when, since when, how reckoned, who has to act.

    Written by the program only, set-wise, when a practice moves and each night; a
    practice has at most one of a kind. Where the number comes from is a dated
    parameter, how it is counted is ``rules/deadlines.py``.
    """

    _name = "cmor.deadline"
    _description = "Deadline of a CMOR practice"
    _inherit = "utility.guarded.mixin"
    _order = "date_due, id"
    _rec_name = "key"
    _check_company_auto = True

    # its company is the practice's: there is nothing to check
    practice_id = fields.Many2one(
        "cmor.practice",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        related="practice_id.company_id", store=True, index=True, precompute=True
    )
    side = fields.Selection(related="practice_id.side", store=True, precompute=True)
    sector = fields.Selection(related="practice_id.sector", store=True, precompute=True)
    role_id = fields.Many2one(
        related="practice_id.role_id", store=True, index=True, precompute=True
    )
    user_id = fields.Many2one(
        related="practice_id.user_id",
        store=True,
        index="btree_not_null",
        precompute=True,
    )
    partner_id = fields.Many2one(related="practice_id.partner_id")
    practice_state = fields.Selection(
        related="practice_id.state", string="State of the practice"
    )
    indemnity = fields.Monetary(related="practice_id.indemnity")
    currency_id = fields.Many2one(related="company_id.currency_id")
    key = fields.Selection(KEYS, string="Term", required=True, readonly=True)
    date_due = fields.Date(string="Due", required=True, readonly=True)
    date_base = fields.Date(string="Runs from", required=True, readonly=True)
    base_event = fields.Char(readonly=True)
    actor = fields.Selection(
        ACTORS, string="Who has to act", required=True, readonly=True
    )
    kind = fields.Selection(
        [
            ("must", "To be kept"),
            ("may", "A right, until then"),
            ("from_then", "Possible from then on"),
        ],
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        [
            ("open", "Open"),
            ("met", "Kept"),
            ("missed", "Missed"),
            ("dropped", "No longer of use"),
        ],
        required=True,
        readonly=True,
    )
    done_on = fields.Date(readonly=True)
    days_late = fields.Integer(
        string="Days late",
        readonly=True,
        help="Days between the term and the day it was complied with.",
    )
    how = fields.Char(readonly=True)
    params = fields.Json(readonly=True)
    explanation = fields.Char(string="How reckoned", compute="_compute_explanation")
    consequence = fields.Char(string="If missed", compute="_compute_explanation")
    urgency = fields.Selection(
        [
            ("late", "Late"),
            ("risk", "At risk"),
            ("open", "Open"),
            ("over", "Over"),
        ],
        compute="_compute_urgency",
    )
    activity_id = fields.Many2one(
        "mail.activity", readonly=True, index="btree_not_null", ondelete="set null"
    )
    escalated_on = fields.Date(string="Told to the manager on", readonly=True)

    _practice_key_uniq = models.Constraint(
        "UNIQUE(practice_id, key)", "A practice has one deadline of a kind."
    )
    _board_idx = models.Index("(company_id, state, date_due)")

    @api.depends("key", "practice_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["key"]._description_selection(self.env))
        for deadline in self:
            label = labels.get(deadline.key, "")
            practice = deadline.practice_id.display_name or ""
            deadline.display_name = f"{label}: {practice}"

    @api.depends("how", "params", "base_event", "key")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for deadline in self:
            texts = show_params(
                self.env, deadline.params, deadline.company_id.currency_id
            )
            event = BASE_TEXTS.get(deadline.base_event)
            texts["event"] = self.env._(event) if event else ""
            how = HOW_TEXTS.get(deadline.how)
            deadline.explanation = self.env._(how, **texts) if how else False
            missed = CONSEQUENCE_TEXTS.get(deadline.key)
            deadline.consequence = self.env._(missed) if missed else False

    @api.depends("state", "date_due", "actor", "kind")
    def _compute_urgency(self):
        today = fields.Date.context_today(self)
        horizons = self._horizons(self.company_id, today)
        for deadline in self:
            near = horizons.get(deadline.company_id.id, {})
            until = near.get(deadline.key) or near.get("") or today
            if deadline.state == "missed":
                deadline.urgency = "late"
            elif deadline.state != "open":
                deadline.urgency = "over"
            elif (
                deadline.actor == "us"
                and deadline.kind == "must"
                and deadline.date_due <= until
            ):
                deadline.urgency = "risk"
            else:
                deadline.urgency = "open"

    @api.model
    def _horizons(self, companies, today):
        """Until when a term counts as near.

        :return: {company id: {key of a term, "" for all others: date}}
        """
        found = {}
        for company in companies:
            values = self.env["cmor.parameter"]._values(company, today)
            found[company.id] = {
                "": today + timedelta(days=values.get("deadline_risk_days", 0)),
                "request_close": today
                + timedelta(days=values.get("closing_soon_days", 0)),
            }
        return found

    @api.model
    def _alive(self):
        """Domain of the terms whose practice runs still, or that outlive it."""
        return Domain("practice_id.state", "not in", DEAD) | Domain(
            "key", "in", rules.OUTLIVES
        )

    @api.model
    def _near(self, today):
        """Domain of the terms that end within the horizon of their company and kind:
        the same that the lists colour as being at risk."""
        near = Domain.FALSE
        horizons = self._horizons(self.env.companies, today)
        for company_id, days in horizons.items():
            special = [key for key in days if key]
            ends = Domain("date_due", "<=", days[""]) & Domain("key", "not in", special)
            for key in special:
                ends |= Domain("key", "=", key) & Domain("date_due", "<=", days[key])
            near |= Domain("company_id", "=", company_id) & ends
        return near

    # --- actions ----------------------------------------------------------------

    def action_open_practice(self):
        """Button of a row: the practice."""
        self.ensure_one()
        return self.practice_id._action_show()

    # --- guards -----------------------------------------------------------------

    def _check_guarded(self, vals):
        # OVERRIDE utility_supply: every field here is the program's
        if vals and not self._is_guard_open():
            raise UserError(self.env._("Deadlines are reckoned, never written."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        # for everybody, the superuser included
        raise UserError(self.env._("A deadline is dropped, never deleted."))

    # --- writing ----------------------------------------------------------------

    @api.model
    def _store(self, found):
        """Write the deadlines of practices; what did not change is left alone.

        :param dict found: {cmor.practice record: [rules.deadlines.Deadline]}
        :return: all the deadlines of these practices
        """
        ids = [practice.id for practice in found]
        deadlines = self.sudo()._guarded()
        columns = [n for n, f in self._fields.items() if f.store and f.column_type]
        stored = deadlines.search_fetch(Domain("practice_id", "in", ids), columns)
        rows = plain_values(stored, ("practice_id", *OF_TERM))
        known = {(row.practice_id, row.key): id_ for id_, row in rows.items()}
        practices = self.env["cmor.practice"].sudo().browse(ids)
        of_practice = plain_values(practices, OF_PRACTICE)
        new, old, told, moved = [], {}, set(), []
        for practice, items in found.items():
            id_ = practice.id
            mine = dict(zip(OF_PRACTICE, of_practice[id_], strict=True))
            for item in items:
                values = _values(item)
                deadline = known.get((id_, item.key))
                told.add((id_, item.key))
                if deadline is None:
                    vals = dict(zip(OF_TERM, values, strict=True))
                    new.append({"practice_id": id_, **mine, **vals})
                    continue
                row = rows[deadline]
                if row[1:] == values:
                    continue
                if row.date_due != item.due:
                    moved.append(deadline)
                vals = dict(zip(OF_TERM, values, strict=True))
                old[deadlines.browse(deadline)] = vals | self._runs_again(row, item)
        update_changed(deadlines, old)
        deadlines.browse(moved)._redate_activities()
        # missed too: what it ran from is no longer so
        gone = [
            deadline
            for key, deadline in known.items()
            if key not in told and rows[deadline].state in rules.RUNNING
        ]
        dropped = {"state": rules.DROPPED}
        update_changed(deadlines, dict.fromkeys(deadlines.browse(gone), dropped))
        created = insert_rows(deadlines, new, flush=False)
        return self.sudo().browse([*stored._ids, *created._ids])

    @api.model
    def _runs_again(self, row, item):
        """A term that runs once more, from a new event or after it was over, is told
        once more: activity and escalation are those of the time before."""
        if item.state not in rules.RUNNING:
            return {}
        if row.state in rules.RUNNING and row.date_base == item.base:
            return {}
        return {"activity_on": False, "escalated_on": False}


def _values(item):
    """What a deadline says of its term, as it is kept: in the order of ``OF_TERM``."""
    return (
        item.key,
        item.due,
        item.base,
        item.base_event,
        item.actor,
        item.kind,
        item.how,
        encode_params(item.params) or None,
        item.state,
        item.done or None,
        max(0, (item.done - item.due).days) if item.done else 0,
    )
