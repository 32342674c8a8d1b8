import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..rules import approvals
from ..rules.messages import Word, Words
from .cmor_approval_rule import ACTIONS
from .cmor_practice_facts import _cents
from .texts import choice

_logger = logging.getLogger(__name__)

# target state -> states it may be reached from
ALLOWED_SOURCES = {
    "approved": ("asked",),
    "refused": ("asked",),
    "used": ("approved",),
    "lapsed": ("asked", "approved"),
}


class CmorApproval(models.Model):
    """A step of a practice that somebody else has to allow.

    It holds for one action, one practice, one amount and the particulars asked for:
    another amount, reason or payment needs another approval. What was decided, by whom,
    is in the practice's history, append-only. Approved, the step is carried out at
    once, as the one who asked had asked.
    """

    _name = "cmor.approval"
    _description = "CMOR approval"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _rec_name = "practice_id"
    _check_company_auto = True

    practice_id = fields.Many2one(
        "cmor.practice", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="practice_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(related="practice_id.partner_id", string="Customer")
    practice_state = fields.Selection(
        related="practice_id.state", string="State of the practice"
    )
    action = fields.Selection(ACTIONS, required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True)
    payload = fields.Json(readonly=True)
    asked_by_id = fields.Many2one("res.users", required=True, readonly=True)
    asked_on = fields.Datetime(required=True, readonly=True)
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_on = fields.Datetime(readonly=True)
    note = fields.Char(readonly=True)
    state = fields.Selection(
        [
            ("asked", "To be decided"),
            ("approved", "Approved, not done yet"),
            ("used", "Approved and done"),
            ("refused", "Refused"),
            ("lapsed", "Lapsed"),
        ],
        required=True,
        readonly=True,
        default="asked",
    )
    can_decide = fields.Boolean(compute="_compute_can_decide")

    # one question of a kind at a time
    _open_uniq = models.UniqueIndex(
        "(practice_id, action) WHERE state IN ('asked', 'approved')",
        "This is being decided already.",
    )

    @api.depends("state", "amount", "action")
    @api.depends_context("uid")
    def _compute_can_decide(self):
        rules = {
            company: self.env["cmor.approval.rule"]._in_force(company)
            for company in self.company_id
        }
        for approval in self:
            approval.can_decide = approval.state == "asked" and approval._may(
                rules[approval.company_id]
            )

    def _may(self, rules):
        return approvals.may_decide(
            rules,
            self.action,
            _cents(self.amount),
            self.env.uid,
            self.asked_by_id.id,
        )

    def _is_about(self, amount, payload):
        """Whether this is the approval of that step.

        :param Decimal amount: what it is about
        :param payload: its particulars, as JSON
        """
        self.ensure_one()
        return _cents(self.amount) == amount and (self.payload or {}) == (payload or {})

    # --- actions ----------------------------------------------------------------

    def action_approve(self, note=""):
        """Button, single and mass: yes; the step is carried out at once."""
        self._check_may_decide()
        self.sudo()._decide("approved", note)
        for approval in self.sudo():
            approval._carry_out()

    def action_refuse(self, note=""):
        """Button, single and mass: no, with the reason."""
        if not (note or "").strip():
            return {
                "type": "ir.actions.act_window",
                "res_model": "cmor.approval.wizard",
                "view_mode": "form",
                "target": "new",
                "name": self.env._("Refuse"),
                "context": {"default_approval_ids": self.ids},
            }
        self._check_may_decide()
        self.sudo()._decide("refused", note.strip())
        return True

    def _check_may_decide(self):
        self.check_access("read")
        self.practice_id.check_access("read")
        for company, group in self.grouped("company_id").items():
            rules = self.env["cmor.approval.rule"]._in_force(company)
            for approval in group:
                if approval.state != "asked":
                    raise UserError(
                        self.env._(
                            "%(name)s is decided already.",
                            name=approval.practice_id.display_name,
                        )
                    )
                if not approval._may(rules):
                    raise AccessError(
                        self.env._(
                            "%(name)s: this is not yours to decide.",
                            name=approval.practice_id.display_name,
                        )
                    )

    # --- business ---------------------------------------------------------------

    def _decide(self, state, note=""):
        """Move to ``state``, with the event in the practice's history."""
        event, events = self.env["cmor.practice.event"], []
        states = dict(self._fields["state"]._description_selection(self.env))
        for approval in self:
            if approval.state not in ALLOWED_SOURCES[state]:
                raise UserError(
                    self.env._(
                        "%(name)s cannot pass from %(before)s to %(after)s.",
                        name=approval.practice_id.display_name,
                        before=states[approval.state],
                        after=states[state],
                    )
                )
            params = {
                "action": choice(approval, "action"),
                "amount": _cents(approval.amount),
                "decision": Words(
                    (
                        choice(approval, "state"),
                        "→",
                        Word("choice", [self._name, "state", state]),
                    )
                ),
                "note": note or "",
            }
            events.append(event._prepare_vals(approval.practice_id, "approval", params))
        vals = {"state": state}
        if state in ("approved", "refused"):
            vals["decided_by_id"] = self.env.uid
            vals["decided_on"] = fields.Datetime.now()
        if note:
            vals["note"] = note
        self.sudo()._guarded().write(vals)
        event.sudo()._guarded().create(events)

    def _carry_out(self):
        """Do what was asked, with the rights of who asked; a failure undoes nothing."""
        practice = self.practice_id.with_user(self.asked_by_id).with_company(
            self.company_id
        )
        try:
            with self.env.cr.savepoint():
                practice._run_approved(self.action, self.payload or {})
        except (UserError, AccessError) as error:
            _logger.info("Approved but not done: %s", error)
            self._guarded().write({"note": str(error)})

    # --- guards -----------------------------------------------------------------

    def _check_guarded(self, vals):
        # OVERRIDE utility_supply: every field here is the program's
        if vals and not self._is_guard_open():
            raise AccessError(self.env._("Approvals are decided by the buttons."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        # for everybody, the superuser included
        raise UserError(self.env._("An approval is history: nobody deletes it."))
