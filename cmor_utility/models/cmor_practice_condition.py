from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.utility_supply.models.bulk import update_changed

from ..rules import eligibility, messages
from .texts import show_params

RESULTS = [("yes", "Yes"), ("unknown", "To be declared"), ("no", "No")]


class CmorPracticeCondition(models.Model):
    """The answer to one condition of a practice, with its evidence.

    ``computed_result`` is what the facts say. Where they say nothing, an assigned
    operator may declare it: the declaration names who, when and the proof, and holds
    as long as the facts behind the doubt are the same. It never beats a fact.
    """

    _name = "cmor.practice.condition"
    _description = "Condition of a CMOR practice"
    _inherit = "utility.guarded.mixin"
    _order = "practice_id, sequence, id"
    _rec_name = "code"
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
    practice_state = fields.Selection(related="practice_id.state")
    sequence = fields.Integer(readonly=True)
    code = fields.Char(required=True, readonly=True)
    title = fields.Text(string="Condition", compute="_compute_texts")
    computed_result = fields.Selection(RESULTS, required=True, readonly=True)
    result = fields.Selection(
        RESULTS, compute="_compute_result", store=True, index=True
    )
    reason_code = fields.Char(readonly=True)
    reason_params = fields.Json(readonly=True)
    facts_key = fields.Char(readonly=True)
    evidence = fields.Text(compute="_compute_texts")
    declared_result = fields.Selection(
        [("yes", "Yes"), ("no", "No")], string="Declared", readonly=True
    )
    declared_key = fields.Char(readonly=True)
    declared_by_id = fields.Many2one("res.users", readonly=True)
    declared_on = fields.Datetime(readonly=True)
    proof = fields.Text(readonly=True)
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "cmor_practice_condition_attachment_rel",
        "condition_id",
        "attachment_id",
        string="Proof files",
        readonly=True,
    )
    can_declare = fields.Boolean(compute="_compute_can_declare")

    _code_uniq = models.Constraint(
        "UNIQUE(practice_id, code)", "A practice has each condition once."
    )
    _failed_idx = models.Index("(code, result, practice_id)")

    @api.depends("computed_result", "facts_key", "declared_result", "declared_key")
    def _compute_result(self):
        for condition in self:
            condition.result = eligibility.in_force(
                condition.computed_result,
                condition.facts_key,
                condition.declared_result,
                condition.declared_key,
            )

    @api.depends("code", "reason_code", "reason_params", "proof", "result")
    @api.depends_context("lang")
    def _compute_texts(self):
        for condition in self:
            title = messages.TITLES.get(condition.code)
            condition.title = self.env._(title) if title else condition.code
            text = messages.TEXTS.get(condition.reason_code)
            params = show_params(
                self.env, condition.reason_params, condition.company_id.currency_id
            )
            condition.evidence = self.env._(text, **params) if text else False

    @api.depends("computed_result", "practice_id.state", "practice_id.role_id")
    @api.depends_context("uid")
    def _compute_can_declare(self):
        for condition in self:
            practice = condition.practice_id
            condition.can_declare = (
                condition.computed_result == "unknown"
                and practice.state in ("candidate", "blocked")
                and practice.can_operate
            )

    # --- actions --------------------------------------------------------------

    def action_declare(self):
        """Button: open the dialog for this condition."""
        self.ensure_one()
        self.check_access("read")
        action = self.practice_id.action_declare()
        action["context"]["default_codes"] = self.code
        return action

    # --- business -------------------------------------------------------------

    def _declare(self, result, proof, attachments=None):
        """Record a declaration of the current user on conditions that are unknown.

        :param str result: yes or no
        :param str proof: what the declaration rests on, mandatory
        :param attachments: ir.attachment recordset
        :raise AccessError: the user is not assigned to the role
        :raise UserError: the condition is not in doubt, or the proof is empty
        """
        self.practice_id._check_may_operate()
        if result not in ("yes", "no"):
            raise UserError(self.env._("A declaration says yes or no."))
        if not (proof or "").strip():
            raise UserError(self.env._("Write what the declaration rests on."))
        for condition in self:
            if condition.practice_id.state not in ("candidate", "blocked"):
                raise UserError(
                    self.env._(
                        "%(name)s has been confirmed already.",
                        name=condition.practice_id.display_name,
                    )
                )
            if condition.computed_result != "unknown":
                raise UserError(
                    self.env._(
                        "%(code)s is known from the facts: it cannot be declared.",
                        code=condition.code,
                    )
                )
        event, events, rows = self.env["cmor.practice.event"], [], {}
        proof, now = proof.strip(), fields.Datetime.now()
        for condition in self.sudo():
            rows[condition] = {
                "declared_result": result,
                "declared_key": condition.facts_key,
                "declared_by_id": self.env.uid,
                "declared_on": now,
                "proof": proof,
            }
            if attachments or condition.attachment_ids:
                proofs = condition._keep_proofs(attachments)
                condition._guarded().attachment_ids = [fields.Command.set(proofs.ids)]
            params = {"code": condition.code, "result": result, "proof": proof}
            events.append(
                event._prepare_vals(condition.practice_id, "declared", params)
            )
        update_changed(self.sudo(), rows)
        event._append(events)

    def _keep_proofs(self, attachments):
        """Copies that belong to the condition: who reads it reads them, nobody
        changes them any more."""
        self.ensure_one()
        if not attachments:
            return self.env["ir.attachment"]
        return attachments.sudo().copy({"res_model": self._name, "res_id": self.id})

    @api.model
    def _prepare_vals(self, practice, sequence, answer):
        """Values of an answer of ``rules.eligibility``."""
        return {
            "practice_id": practice.id,
            "company_id": practice.company_id.id,
            "sequence": sequence,
            "code": answer.code,
            "computed_result": answer.result,
            "reason_code": answer.reason,
            "reason_params": messages.encode_params(answer.params),
            "facts_key": answer.key,
        }

    def _check_guarded(self, vals):
        # OVERRIDE utility_supply: answers are the program's, declarations have a dialog
        if vals and not self._is_guard_open():
            raise AccessError(
                self.env._("Conditions are answered by the facts or declared.")
            )
