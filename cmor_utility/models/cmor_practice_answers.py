from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.utility_supply.rules.workdays import add_working_days

from ..rules.messages import Words
from ..rules.window import add_months
from .texts import named

CHUNK = 500


class CmorPractice(models.Model):
    """What the SII answered to a claim, and what a person does about it."""

    _inherit = "cmor.practice"

    cause_id = fields.Many2one(
        "cmor.cause",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Why the SII refused or annulled it.",
    )
    cause_kind = fields.Selection(
        related="cause_id.kind", string="The cause is", store=True
    )
    cause_text = fields.Char(string="In the SII's words", readonly=True, copy=False)
    cause_advice = fields.Char(related="cause_id.advice")
    cause_name = fields.Char(related="cause_id.name", string="Meaning of the cause")

    # the last defence against two practices with the SII's code of one
    _sii_code_out_uniq = models.UniqueIndex(
        "(company_id, sii_code) WHERE side = 'outgoing' AND sii_code IS NOT NULL",
        "Another claim has this SII code.",
    )

    # --- actions --------------------------------------------------------------

    def action_claim_again(self):
        """Button of an operator: put right what was refused; it gets a new code.

        The old code (CP_UTENTE) is burnt: the SII refuses one it has seen.
        """
        self._check_may_operate()
        problems = [
            f"{practice.display_name}: {reason}"
            for practice in self
            if (reason := practice._cannot_claim_again_reason())
        ]
        if problems:
            raise UserError("\n".join(problems))
        todo = self.sudo()
        todo._move_to("candidate", "claim_again", lambda p: {"code": p.code or "-"})
        todo._guarded().write({"code": False, "sii_code": False})
        todo._evaluate(fields.Date.context_today(self))

    def _cannot_claim_again_reason(self):
        self.ensure_one()
        if self.state != "rejected":
            return self.env._("it was not refused.")
        return {
            "final": self.env._("the cause is final: give it up."),
            "adopt": self.env._(
                "the SII has it already: compare on the portal and adopt its code."
            ),
            "unknown": self.env._(
                "classify the cause %(cause)s first.", cause=self.cause_id.display_name
            ),
        }.get(self.cause_kind or "", False)

    def action_give_up_refused(self):
        """Button of an operator: the refusal is final, the claim is given up; for
        amounts with a rule somebody has to approve it, as for any other."""
        self._check_may_operate()
        for practice in self:
            if practice.state != "rejected":
                raise UserError(
                    self.env._("%(name)s was not refused.", name=practice.display_name)
                )
        reasons = {
            practice: " ".join(
                filter(None, [practice.cause_id.display_name, practice.cause_text])
            )
            or "-"
            for practice in self
        }
        cleared, asked = self._clear(
            "give_up", payload=lambda p: {"reason": reasons[p]}
        )
        for practice in cleared:
            words = [named(practice.cause_id)] if practice.cause_id else []
            words += [practice.cause_text] if practice.cause_text else []
            reason = Words(tuple(words)) if words else "-"
            practice.sudo()._move_to("closed_lost", "lost", {"reason": reason})
        cleared.sudo()._set_next()
        return asked._asked_notice() if asked else True

    def action_adopt(self):
        """Button: dialog that takes the SII's code as the portal shows it."""
        self.ensure_one()
        self._check_may_operate()
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.settle.wizard",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Take the SII's code"),
            "context": {"default_mode": "adopt", "default_practice_id": self.id},
        }

    def _adopt(self, sii_code):
        """An operator saw on the portal that the SII has this claim: take its code.

        :param str sii_code: CP_GESTORE as the portal shows it
        """
        self.ensure_one()
        self._check_may_operate()
        sii_code = (sii_code or "").strip().upper()
        if not sii_code:
            raise UserError(self.env._("Write the SII's code as the portal shows it."))
        if self.state not in ("sent", "rejected"):
            raise UserError(
                self.env._("%(name)s waits for no code.", name=self.display_name)
            )
        taken = self.sudo().search(
            [
                ("company_id", "=", self.company_id.id),
                ("side", "=", self.side),
                ("sii_code", "=", sii_code),
                ("id", "!=", self.id),
            ],
            limit=1,
        )
        if taken:
            raise UserError(
                self.env._(
                    "%(code)s is the code of %(name)s.",
                    code=sii_code,
                    name=taken.display_name,
                )
            )
        practice = self.sudo()
        practice._guarded().write({"sii_code": sii_code})
        practice._move_to("accepted", "adopted", {"code": sii_code})
        waiting = practice.record_ids.filtered(
            lambda r: r.state == "waiting" and r.problem == "already_registered"
        )
        waiting._guarded().write(
            {"state": "applied", "problem": False, "handled_by_id": self.env.uid}
        )
        waiting.answered_id._guarded().write({"answer": "accepted"})
        waiting.file_id._close_received()
        practice._set_next()

    # --- nightly --------------------------------------------------------------

    @api.model
    def _cron_deemed(self):
        """Nobody tells us that a claim is at the distributor: deemed after its term."""
        roles = self.env["cmor.company.role"].sudo()
        companies = roles.search([("side_outgoing", "=", True)]).company_id
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=len(companies))
        for company in companies:
            today = fields.Date.context_today(self.with_company(company))
            self.sudo()._deem_terms(company, today, lambda: progress(0))
            if not progress(1):
                break

    @api.model
    def _deem_terms(self, company, today, commit=None):
        """``accepted`` -> ``to_distributor`` -> ``awaiting_csea`` by their terms.

        From acceptance the term of TISIND 8.4 has to pass (parameter ``waiting_days``),
        then the month in which the distributor's first useful billing is expected, the
        same that the deadline ``first_billing`` has (``first_billing_months``).

        :param date today: first day on which the terms are over
        :param commit: function to call after each chunk, false when it has to stop
        :return: the practices that moved
        """
        moved = self.browse()
        for source, target, waited in (
            ("accepted", "to_distributor", today),
            ("to_distributor", "awaiting_csea", self._billing_start(company, today)),
        ):
            if not waited:
                continue
            found = self.search(
                Domain("company_id", "=", company.id)
                & Domain("side", "=", "outgoing")
                & Domain("state", "=", source)
                & Domain(
                    "accepted_on",
                    "<",
                    self._term_start(company, "waiting_days", waited),
                ),
                order="id",
            )
            for start in range(0, len(found), CHUNK):
                locked = found[start : start + CHUNK].try_lock_for_update()
                locked._move_to(target, "deemed_term", {"date": today})
                locked._set_next()
                moved |= locked
                if commit and not commit():
                    return moved
        return moved

    @api.model
    def _billing_start(self, company, today):
        """Day before which the distributor was told of those whose first useful billing
        is over today; None when the term is not set."""
        table = self.env["cmor.parameter"]._term_table(company)
        term = table.at("first_billing_months", today)
        return add_months(today.replace(day=1), -term.count) if term else None

    @api.model
    def _term_start(self, company, key, today):
        """Accepted before this day, the term ``key`` is over today."""
        days, is_working = self.env["cmor.parameter"]._days(company, key, today)
        if not is_working:
            return fields.Date.subtract(today, days=days)
        holidays = company._utility_holidays({today.year, today.year - 1})
        return add_working_days(today, -days, holidays)

    def _next_step(self):
        # EXTENDS: what was refused
        self.ensure_one()
        if self.side == "outgoing" and self.state == "rejected":
            close = self.window_close
            return {
                "final": ("give_up_refused", {}, False),
                "adopt": ("compare_sii", {}, False),
                "unknown": ("classify_cause", {}, False),
            }.get(
                self.cause_kind if self.cause_id else "",
                ("claim_again", {"date": close}, close),
            )
        return super()._next_step()
