from odoo import Command, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.utility_supply.models.bulk import update_changed

from ..rules import eligibility
from .cmor_practice_facts import _cents


class CmorPractice(models.Model):
    """What a person answers for: declarations, article 4, giving a claim up."""

    _inherit = "cmor.practice"

    # --- actions --------------------------------------------------------------

    def action_declare(self):
        """Button: open the dialog of the declarations."""
        self.check_access("write")
        return self._open_wizard("declare")

    def declare(self, codes, result, proof, attachment_ids=None, with_art4=False):
        """An operator declares what the facts do not tell, on all these practices.

        Conditions that the facts answer are left alone; the practices are checked
        again afterwards.

        :param list codes: e.g. ``["C7", "C9"]``
        :param str result: ``yes`` or ``no``
        :param str proof: what the declaration rests on, mandatory
        :param list attachment_ids: ids of ir.attachment readable by the user
        :param bool with_art4: also declare that the conditions of art. 4 are met;
            accepted only where they are all answered yes
        """
        self._check_may_operate()
        attachments = self.env["ir.attachment"].browse(attachment_ids or [])
        attachments.check_access("read")
        conditions = self.env["cmor.practice.condition"].search(
            Domain("practice_id", "in", self.ids)
            & Domain("code", "in", codes)
            & Domain("computed_result", "=", "unknown")
        )
        conditions._declare(result, proof, attachments)
        today = fields.Date.context_today(self)
        self.sudo()._evaluate(today)
        if with_art4:
            practices = self.sudo()
            practices._declare_art4(proof)
            practices._set_next()
            # they may leave as they were just checked
            for company, group in practices.grouped("company_id").items():
                group._keep_digests(company, today)
        return True

    def action_give_up(self, reason=None):
        """An operator gives the claim up before it has left.

        :param str reason: mandatory, kept in the history
        """
        self._check_may_operate()
        if not (reason or "").strip():
            return self._open_wizard("give_up")
        cleared, asked = self._clear("give_up", payload={"reason": reason.strip()})
        cleared.sudo()._move_to("closed_lost", "lost", {"reason": reason.strip()})
        cleared.sudo()._set_next()
        return asked._asked_notice() if asked else True

    # --- business -------------------------------------------------------------

    def _declare_art4(self, proof):
        """Keep that the current user declares the conditions of art. 4.1."""
        if not (proof or "").strip():
            raise UserError(self.env._("Write what the declaration rests on."))
        event, events, rows = self.env["cmor.practice.event"], [], {}
        proof, now = proof.strip(), fields.Datetime.now()
        results = self._known_results()
        for practice in self:
            told = results.get(practice.id, {})
            missing = [c for c in eligibility.ART4_CODES if told.get(c) != "yes"]
            if practice.state not in ("candidate", "blocked") or missing:
                raise UserError(
                    self.env._(
                        "%(name)s: art. 4 cannot be declared, %(codes)s not met.",
                        name=practice.display_name,
                        codes=", ".join(missing) or "-",
                    )
                )
            rows[practice] = {
                "art4_declared_by_id": self.env.uid,
                "art4_declared_on": now,
                "art4_proof": proof,
                "art4_key": practice._art4_key(),
            }
            params = {"code": "art. 4", "result": "yes", "proof": proof}
            events.append(event._prepare_vals(practice, "declared", params))
        update_changed(self, rows)
        event._append(events)

    def _art4_key(self, facts=None):
        """Fingerprint of what the declaration of art. 4 was made on: bills and sum."""
        if facts is not None:
            shares = facts.amount.chosen.bills
            parts = sorted(f"{s.ref}={s.relevant}" for s in shares if s.relevant > 0)
            total = facts.amount.chosen.indemnity
        else:
            lines = self.line_ids.filtered(lambda line: line.relevant_amount > 0)
            parts = sorted(f"{x.name}={_cents(x.relevant_amount)}" for x in lines)
            total = _cents(self.indemnity)
        condition = eligibility.Condition(
            "ART4", "", "", {"parts": "|".join(parts), "total": str(total)}
        )
        return condition.key

    def action_add_notice(self):
        """Button: enter by hand a formal notice about the bills claimed.

        That it warned of the CMOR is never yes by default: who has read it says so.
        """
        self.ensure_one()
        self.check_access("read")
        claimed = self.line_ids.filtered(lambda line: line.relevant_amount > 0)
        return {
            "type": "ir.actions.act_window",
            "res_model": "utility.notice",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Formal notice"),
            "context": {
                "default_company_id": self.company_id.id,
                "default_contract_id": self.contract_id.id,
                "default_kind": "default",
                "default_move_ids": [Command.set(claimed.move_id.ids)],
            },
        }

    def _open_wizard(self, mode):
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.declare.wizard",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Give up")
            if mode == "give_up"
            else self.env._("Declare conditions"),
            "context": {"default_mode": mode, "default_practice_ids": self.ids},
        }
