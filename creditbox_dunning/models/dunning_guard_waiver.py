from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..rules.guard_common import WAIVABLE
from .dunning_action_rule import OPERATIONS

# the reason codes of rules/guard_common.WAIVABLE, in words
CODES = [
    ("guard_after_termination", "Days after the notice to terminate (art. 1454 c.c.)"),
    ("guard_after_suspension", "Days between suspension and end of the contract"),
    ("guard_list_after_term", "List to the technical office after the term to pay"),
]


class DunningGuardWaiver(models.Model):
    """A term that the law leaves to agreement, given up for one case with approval.

    Protections, forbidden days and the terms of the law itself are not in the list and
    never will be: a protection ends only when the fact behind it ends. Nobody writes or
    deletes a waiver: it is asked for, approved or refused, and stays.
    """

    _name = "dunning.guard.waiver"
    _description = "Waiver of a term"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {"case_id", "company_id", "op", "code", "reason", "state", "request_id"}
    )

    case_id = fields.Many2one(
        "dunning.case", required=True, index=True, readonly=True, check_company=True
    )
    company_id = fields.Many2one(
        related="case_id.company_id", store=True, index=True, precompute=True
    )
    op = fields.Selection(OPERATIONS, string="Operation", required=True, readonly=True)
    code = fields.Selection(CODES, string="Term", required=True, readonly=True)
    reason = fields.Text(required=True, readonly=True)
    state = fields.Selection(
        [
            ("requested", "Requested"),
            ("approved", "Approved"),
            ("refused", "Refused"),
            ("lapsed", "Lapsed"),
        ],
        string="Status",
        required=True,
        default="requested",
        readonly=True,
    )
    request_id = fields.Many2one(
        "dunning.approval.request", readonly=True, index="btree_not_null"
    )
    decided_by = fields.Many2one(related="request_id.decided_by")
    decided_on = fields.Datetime(related="request_id.decided_on")

    _one_live = models.UniqueIndex(
        "(case_id, op, code) WHERE state IN ('requested', 'approved')",
        "This term was waived, or its waiver asked for, already.",
    )

    @api.depends("case_id", "code")
    def _compute_display_name(self):
        codes = dict(self._fields["code"]._description_selection(self.env))
        for waiver in self:
            name = waiver.case_id.name
            waiver.display_name = f"{name}: {codes.get(waiver.code, '')}"

    @api.model_create_multi
    def create(self, vals_list):
        # even an empty default of a guarded field is a decision here
        if not self._is_guard_open():
            raise AccessError(self.env._("A waiver is asked for from its case."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("A waiver is history: it is never deleted."))

    @api.model
    def ask_waiver(self, case_id, op, code, reason):
        """Ask to give up the term ``code`` for ``op`` of a case; returns the waiver id.

        For credit managers; the answer comes from somebody else (four eyes).
        """
        case = self.env["dunning.case"].browse(case_id).exists()
        case.ensure_one().check_access("read")
        if not self.env.user.has_group("creditbox_dunning.group_dunning_manager"):
            raise AccessError(self.env._("Only a credit manager asks for a waiver."))
        if code not in WAIVABLE:
            raise UserError(
                self.env._(
                    "This cannot be waived: a protection, a forbidden day or a term of"
                    " the law ends only when the fact behind it ends."
                )
            )
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the term is waived."))
        if op not in dict(OPERATIONS):
            raise UserError(self.env._("%(op)s is no operation.", op=op))
        waiver = (
            self.sudo()
            ._guarded()
            .create({"case_id": case.id, "op": op, "code": code, "reason": reason})
        )
        request = self.env["dunning.approval.request"]._ask(
            waiver,
            "waiver",
            case.sudo().amount_due,
            facts=waiver._approval_facts()[waiver.id],
            note=reason,
            op=op,
        )
        waiver.write({"request_id": request.id})
        case._message_log(
            body=self.env._("Waiver asked for: %(waiver)s", waiver=waiver.display_name)
        )
        return waiver.id

    def _approval_facts(self):
        """{id: what the answer is about}: when it changes the request lapses."""
        return {
            waiver.id: {
                "case": waiver.case_id.id,
                "round": waiver.case_id.round,
                "op": waiver.op,
                "code": waiver.code,
                "reason": waiver.reason,
            }
            for waiver in self.sudo()
        }

    def _on_approved(self, requests):
        self._settle("approved")

    def _on_refused(self, requests):
        self._settle("refused")

    def _on_lapsed(self, requests):
        self._settle("lapsed")

    def _settle(self, state):
        waiting = self.sudo().filtered(lambda waiver: waiver.state == "requested")
        waiting._guarded().write({"state": state})
        states = dict(self._fields["state"]._description_selection(self.env))
        for waiver in waiting:
            waiver.case_id._message_log(
                body=f"{waiver.display_name}: {states[state]}",
            )

    @api.model
    def _waived_of(self, cases):
        """{case id: frozenset of (operation, code)} approved, in one statement."""
        found = defaultdict(set)
        for waiver in self.sudo().search_fetch(
            [("case_id", "in", cases.ids), ("state", "=", "approved")],
            ["case_id", "op", "code"],
        ):
            if waiver.code in WAIVABLE:
                found[waiver.case_id.id].add((waiver.op, waiver.code))
        return {case_id: frozenset(pairs) for case_id, pairs in found.items()}
