from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..rules import legal, prescription
from .dunning_legal_file import OVER

KINDS = [
    ("injunction", "Injunction (decreto ingiuntivo)"),
    ("precept", "Precept (atto di precetto)"),
    ("seizure", "Seizure (pignoramento)"),
    ("insolvency_claim", "Insolvency claim (insinuazione al passivo)"),
    ("hearing", "Hearing"),
    ("recovered", "Recovered"),
    ("uncollectable", "Uncollectable"),
]
DUES = [
    ("notify", "Notify the injunction"),
    ("oppose", "Customer may oppose until"),
    ("seize", "Begin the seizure"),
    ("sell", "Ask for the sale or assignment"),
    ("file", "File the claim"),
    ("appear", "Hearing"),
]
# which act against prescription a step is, once it is proved
ACTS = {
    "injunction": prescription.LAWSUIT,
    "insolvency_claim": prescription.LAWSUIT,
    "precept": prescription.PRECEPT,
}


class DunningLegalStep(models.Model):
    """One step before the court. Recording it records the outcome of the action.

    What happened is not rewritten; what comes later (notification, proofs, refunds)
    is added. From its dates follow the next term and the reminder.
    """

    _name = "dunning.legal.step"
    _description = "Step before the court"
    _inherit = "utility.guarded.mixin"
    _order = "date desc, id desc"
    _check_company_auto = True

    _guarded_fields = frozenset({"act_id"})
    # what a person may still tell of a step that is recorded
    _open_fields = frozenset(
        {
            "attachment_ids",
            "cost_advanced",
            "cost_refunded",
            "is_recoverable",
            "note",
        }
    )
    # told once, when it is known
    _once_fields = frozenset({"notified_date"})

    file_id = fields.Many2one("dunning.legal.file", required=True, index=True)
    company_id = fields.Many2one(related="file_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(related="file_id.partner_id", string="Customer")
    kind = fields.Selection(KINDS, string="Step", required=True)
    date = fields.Date(
        required=True,
        default=fields.Date.context_today,
        help="Day on which it was issued, filed or known.",
    )
    notified_date = fields.Date(
        string="Notified on", help="Day on which it reached the customer."
    )
    hearing_at = fields.Datetime(
        string="Hearing", help="Of a claim: the examination of the claims."
    )
    place = fields.Char()
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "dunning_legal_step_attachment_rel",
        "step_id",
        "attachment_id",
        string="Documents",
    )
    cost_advanced = fields.Monetary(string="Costs advanced")
    cost_refunded = fields.Monetary(string="Costs refunded")
    is_recoverable = fields.Boolean(
        string="Recoverable",
        default=True,
        help="The customer has to refund these costs.",
    )
    due = fields.Selection(
        DUES, string="To be watched", compute="_compute_deadline", store=True
    )
    deadline = fields.Date(compute="_compute_deadline", store=True)
    calendar_at = fields.Datetime(compute="_compute_calendar_at", store=True)
    act_id = fields.Many2one(
        "dunning.prescription.act",
        string="Act against prescription",
        readonly=True,
        copy=False,
    )
    note = fields.Text()

    _costs_check = models.Constraint(
        "CHECK(cost_advanced >= 0 AND cost_refunded >= 0)",
        "Costs are not negative.",
    )

    @api.depends("kind", "date", "notified_date", "hearing_at")
    def _compute_deadline(self):
        numbers = self.env["dunning.legal.parameter"].sudo()._parameters()
        for step in self:
            told = step._as_rule()
            due = told.day and legal.due_of(told)
            name = legal.DAYS_OF.get(due)
            found = numbers.get("", name, told.day) if name else None
            step.due = due or False
            step.deadline = due and legal.deadline(told, found and found.count)

    @api.depends("deadline", "hearing_at", "date")
    def _compute_calendar_at(self):
        for step in self:
            day = step.deadline or step.date
            step.calendar_at = step.hearing_at or fields.Datetime.to_datetime(day)

    @api.depends("kind", "date")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        dues = dict(self._fields["due"]._description_selection(self.env))
        for step in self:
            what = dues.get(step.due) or labels.get(step.kind, "")
            step.display_name = f"{what} - {step.file_id.display_name or ''}"

    @api.model_create_multi
    def create(self, vals_list):
        # what an outcome told of happened, whatever came before it, and is told
        is_told = self._is_guard_open()
        if not is_told:
            self.env["dunning.case"]._check_is_manager()
        steps = super().create(vals_list)
        for step in steps.sorted(lambda one: (one.date, one.id)):
            if not is_told:
                step._check_fits()
                step._tell_action()
        steps._follow()
        return steps

    def write(self, vals):
        is_person = not self.env.su
        if is_person:
            self.env["dunning.case"]._check_is_manager()
        closed = set(vals) - self._open_fields - self._once_fields
        closed -= self._guarded_fields
        if is_person and closed:
            raise AccessError(self.env._("A step before the court is not rewritten."))
        if is_person and "notified_date" in vals and any(self.mapped("notified_date")):
            raise AccessError(self.env._("The day of notification is known already."))
        result = super().write(vals)
        if is_person:
            for step in self:
                step._check_dates()
            self._follow()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("A step before the court is never deleted."))

    # rules

    def _as_rule(self):
        hearing = (
            fields.Datetime.context_timestamp(
                self.with_context(tz="Europe/Rome"), self.hearing_at
            )
            if self.hearing_at
            else None
        )
        return legal.Step(
            self.kind,
            self.date or None,
            self.notified_date or None,
            hearing and hearing.date(),
        )

    def _check_dates(self):
        today = self.env["dunning.case"]._today(self.company_id)
        if max(filter(None, (self.date, self.notified_date))) > today:
            raise UserError(self.env._("What is recorded cannot lie in the future."))
        if self.notified_date and self.notified_date < self.date:
            raise UserError(self.env._("It cannot be notified before it exists."))

    def _check_fits(self):
        """Raise UserError when the step cannot follow those before it."""
        self._check_dates()
        file = self.file_id.sudo()
        if file.state in OVER:
            raise UserError(self.env._("%(file)s is over.", file=file.name))
        if self.kind == legal.HEARING and not self.hearing_at:
            raise UserError(self.env._("Say on which day and hour the hearing is."))
        before = [step._as_rule() for step in file.step_ids - self]
        numbers = self.env["dunning.legal.parameter"].sudo()._parameters()
        pay = numbers.get("", "precept_pay_days", self.date)
        texts = {
            "needs_injunction": self.env._(
                "A precept needs an injunction that was notified by then."
            ),
            "needs_precept": self.env._(
                "A seizure needs a precept that was notified by then."
            ),
            "too_early": self.env._(
                "The days that the precept leaves to pay are not over yet."
            ),
        }
        code = legal.problem(self._as_rule(), before, pay and pay.count)
        if code:
            raise UserError(texts.get(code) or self.env._("This step does not fit."))

    # what follows

    def _tell_action(self):
        """Record the outcome on the action of the table: the one door."""
        action = self.file_id.action_id
        if self.kind not in legal.OUTCOMES or action.outcome == self.kind:
            # told by the form of the outcome, which wrote this step
            return
        action._check_takes_outcome()
        action._record_outcome(self.kind, self.date, note=self.note or "")

    def _follow(self):
        """Reminder of the next term, and the act that interrupts prescription."""
        labels = dict(self._fields["due"]._description_selection(self.env))
        for step in self:
            if step.deadline:
                step.file_id.sudo()._remind(step.deadline, labels[step.due])
            step._interrupt()

    def _interrupt(self):
        """The act against prescription, once day and document are there."""
        kind = ACTS.get(self.kind)
        is_claim = self.kind == legal.CLAIM
        day = self.date if is_claim else self.notified_date
        if not kind or not day or not self.attachment_ids or self.act_id:
            return
        act = (
            self.env["dunning.prescription.act"]
            .sudo()
            .create(
                {
                    "company_id": self.company_id.id,
                    "case_id": self.file_id.case_id.id,
                    "kind": kind,
                    "date": day,
                    "attachment_ids": [fields.Command.set(self.attachment_ids.ids)],
                    "note": self.file_id.name,
                }
            )
        )
        self.sudo()._guarded().write({"act_id": act.id})
