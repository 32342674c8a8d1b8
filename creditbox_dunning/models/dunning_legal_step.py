from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..rules import legal
from .dunning_legal_file import OVER

KINDS = [
    ("injunction", "Injunction (decreto ingiuntivo)"),
    ("opposition", "Opposition to an injunction"),
    ("precept", "Precept (atto di precetto)"),
    ("seizure", "Seizure (pignoramento)"),
    ("insolvency_claim", "Insolvency claim (insinuazione al passivo)"),
    ("hearing", "Hearing"),
    ("recovered", "Recovered"),
    ("uncollectable", "Uncollectable"),
]
RESULTS = [
    ("rejected", "Rejected or given up"),
    ("accepted", "Accepted: the injunction is revoked"),
]
DUES = [
    ("notify", "Notify the injunction"),
    ("oppose", "Customer may oppose until"),
    ("seize", "Begin the seizure"),
    ("sell", "Ask for the sale or assignment"),
    ("file", "File the claim"),
    ("appear", "Hearing"),
]
# (month, day) on which the pause of the courts begins; how long it is, is a number
PAUSE_FROM = (8, 1)


# what has a hearing of its own
HEARD = (legal.HEARING, legal.CLAIM, legal.OPPOSITION)


class DunningLegalStep(models.Model):
    """One step before the court. Recording it records the outcome of the action.

    What happened is not rewritten; what comes later (notification, hearing, the day it
    became final, proofs, refunds) is added; it and the day of the step are corrected
    with a reason. What follows
    from its dates (the reminder, the act against prescription), and from a correction:
    `dunning_legal_follow.py`.
    """

    _name = "dunning.legal.step"
    _description = "Step before the court"
    _inherit = "utility.guarded.mixin"
    _order = "date desc, id desc"
    _check_company_auto = True
    _rec_names_search = ("number",)
    _kept_attachment_field = "attachment_ids"
    _kept_attachment_domain = ()

    _guarded_fields = frozenset({"act_id"})
    # what a person may still tell of a step that is recorded
    _open_fields = frozenset(
        {
            "attachment_ids",
            "cost_advanced",
            "cost_refunded",
            "is_recoverable",
            "item_ids",
            "note",
        }
    )
    # told once, when it is known; `_correct` changes them, and the day of the step
    _once_fields = frozenset(
        {"notified_date", "hearing_at", "final_on", "number", "result", "result_on"}
    )
    _corrected_fields = _once_fields | {"date"}

    file_id = fields.Many2one(
        "dunning.legal.file", string="Legal file", required=True, index=True
    )
    company_id = fields.Many2one(related="file_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(related="file_id.partner_id", string="Customer")
    action_id = fields.Many2one(related="file_id.action_id", string="Step of the table")
    kind = fields.Selection(KINDS, string="Step", required=True)
    number = fields.Char(
        string="Register number",
        help="Of the decree, of the act or of the claim: it tells two of a kind apart.",
    )
    item_ids = fields.Many2many(
        "dunning.action.item",
        "dunning_legal_step_item_rel",
        "step_id",
        "item_id",
        string="Bills",
        check_company=True,
        help="The bills that it is about; those of the file when empty. Only theirs is"
        " the prescription that it interrupts.",
    )
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
    final_on = fields.Date(
        string="Became final on",
        help="Nobody can oppose it any more (passaggio in giudicato). The lawsuit ends"
        " there for prescription, and the years of a judgement begin.",
    )
    opposed_id = fields.Many2one(
        "dunning.legal.step",
        string="Injunction opposed",
        check_company=True,
        index="btree_not_null",
        help="Opposed, it does not become final (art. 645 and 647 c.p.c.).",
    )
    opponent_id = fields.Many2one(
        "res.partner",
        string="Opposed by",
        check_company=True,
        help="The customer, when empty.",
    )
    result = fields.Selection(
        RESULTS,
        help="How the opposition ended. Rejected, the injunction may become final.",
    )
    result_on = fields.Date(
        string="Decided on",
        help="Day of the judgement, or on which the opposition was given up.",
    )
    opposition_ids = fields.One2many(
        "dunning.legal.step",
        "opposed_id",
        string="Oppositions",
        help="Once it is opposed the days to oppose are no longer watched.",
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
    is_all_day = fields.Boolean(
        compute="_compute_is_all_day", help="A term has a day, a hearing its hour."
    )
    act_id = fields.Many2one(
        "dunning.prescription.act",
        string="Act against prescription",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    note = fields.Text()

    _costs_check = models.Constraint(
        "CHECK(cost_advanced >= 0 AND cost_refunded >= 0)",
        "Costs are not negative.",
    )

    @api.depends(
        "kind",
        "date",
        "notified_date",
        "hearing_at",
        "final_on",
        "result",
        "opposition_ids",
    )
    def _compute_deadline(self):
        numbers = self.env["dunning.legal.parameter"].sudo()._parameters()
        told = {step: step._as_rule() for step in self}
        calendar = self._court_calendar(told.values())
        for step, rule in told.items():
            due = rule.day and legal.due_of(rule)
            name = legal.DAYS_OF.get(due)
            found = numbers.get("", name, rule.day) if name else None
            has_pause = bool(found) and found.day_kind == legal.COURT_DAYS
            step.due = due or False
            step.deadline = due and legal.deadline(
                rule, found and found.count, has_pause, calendar
            )

    @api.model
    def _court_calendar(self, rules):
        """rules.legal.Calendar of the years that these steps reach."""
        days = [d for r in rules for d in (r.day, r.notified, r.hearing) if d]
        if not days:
            return legal.NO_CALENDAR
        years = range(min(days).year - 1, max(days).year + 3)
        numbers = self.env["dunning.legal.parameter"].sudo()._parameters()
        pauses = []
        for first in (date(year, *PAUSE_FROM) for year in years):
            found = numbers.get("", "court_pause_days", first)
            if found and found.count:
                pauses.append((first, first + timedelta(days=found.count - 1)))
        holidays = self.env.company.sudo()._utility_holidays(years)
        return legal.Calendar(frozenset(holidays), tuple(pauses))

    @api.depends("deadline", "hearing_at", "date")
    def _compute_calendar_at(self):
        for step in self:
            day = step.deadline or step.date
            step.calendar_at = step.hearing_at or fields.Datetime.to_datetime(day)

    @api.depends("hearing_at")
    def _compute_is_all_day(self):
        for step in self:
            step.is_all_day = not step.hearing_at

    @api.depends("kind", "date", "number", "due", "file_id.display_name")
    @api.depends_context("step_itself")
    def _compute_display_name(self):
        # in a calendar what has to be done, as an injunction opposed what it is
        is_itself = self.env.context.get("step_itself")
        labels = dict(self._fields["kind"]._description_selection(self.env))
        dues = dict(self._fields["due"]._description_selection(self.env))
        for step in self:
            what = labels.get(step.kind, "")
            if is_itself:
                step.display_name = f"{what} {step.number or ''}".strip()
                continue
            what = dues.get(step.due) or what
            step.display_name = f"{what} - {step.file_id.display_name or ''}"

    @api.model_create_multi
    def create(self, vals_list):
        # what an outcome told of happened, whatever came before it, and is told
        is_told = self._is_guard_open()
        if not is_told:
            self.env["dunning.case"]._check_is_manager(self)
        steps = super().create(vals_list)
        for step in steps.filtered(lambda one: not one.item_ids):
            step.sudo().item_ids = step.file_id.sudo().item_ids
        for step in steps.filtered(lambda one: one.kind == legal.OPPOSITION):
            step.sudo()._complete_opposition()
        for step in steps.sorted(lambda one: (one.date, one.id)):
            step._take_documents()
            if not is_told:
                step._check_fits()
                step._tell_action()
        steps._follow()
        return steps

    def write(self, vals):
        is_person = not self.env.su
        papers = {step: step.sudo().attachment_ids for step in self}
        if is_person:
            self.env["dunning.case"]._check_is_manager(self)
            self._check_not_rewritten(vals)
        result = super().write(vals)
        if is_person and not {"result", "result_on"}.isdisjoint(vals):
            self._check_decided()
        for step in self:
            step._take_documents(papers[step])
        if is_person:
            for step in self:
                step._check_dates()
                step._check_bills()
            self._follow()
        return result

    def _check_not_rewritten(self, vals):
        """What may still be told of these steps, and what is known already."""
        closed = set(vals) - self._open_fields - self._once_fields
        if closed - self._guarded_fields:
            raise AccessError(self.env._("A step before the court is not rewritten."))
        known = [n for n in self._once_fields & set(vals) if any(self.mapped(n))]
        if known:
            labels = self.fields_get(known, ["string"])
            raise AccessError(
                self.env._(
                    "%(fields)s is known already: correct it with a reason.",
                    fields=", ".join(labels[name]["string"] for name in known),
                )
            )
        if "item_ids" in vals and self.sudo().act_id:
            raise UserError(
                self.env._(
                    "The act against prescription was recorded for these bills: take it"
                    " back first, or record another step."
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("A step before the court is never deleted."))

    def action_correct(self):
        """Button of a credit manager: what was told wrong of the step, and why."""
        self.ensure_one()
        self.check_access("read")
        self.env["dunning.case"]._check_is_manager(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Correct a step"),
            "res_model": "dunning.legal.correction",
            "views": [[False, "form"]],
            "target": "new",
            "context": {"default_step_id": self.id},
        }

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
            self.number or "",
            self.final_on or None,
            self._origin.id or 0,
            self.opposed_id.id or 0,
            self.result or "",
            self.result_on or None,
            bool(self.opposition_ids),
        )

    def _complete_opposition(self):
        """The customer opposes, and the only injunction, where nothing else is said."""
        decrees = self.file_id.step_ids.filtered(lambda s: s.kind == legal.INJUNCTION)
        if not self.opposed_id and len(decrees) == 1:
            self.opposed_id = decrees
        if not self.opponent_id:
            self.opponent_id = self.file_id.partner_id

    def _check_dates(self):
        today = self.env["dunning.case"]._today(self.company_id)
        told = (self.date, self.notified_date, self.final_on, self.result_on)
        if max(filter(None, told)) > today:
            raise UserError(self.env._("What is recorded cannot lie in the future."))
        if self.notified_date and self.notified_date < self.date:
            raise UserError(self.env._("It cannot be notified before it exists."))
        if self.hearing_at and self.kind not in HEARD:
            raise UserError(
                self.env._("Of this step there is no hearing: record one of its own.")
            )
        if self.kind == legal.HEARING and not self.hearing_at:
            raise UserError(self.env._("Say on which day and hour the hearing is."))
        own = self.result or self.result_on or self.opposed_id
        if own and self.kind != legal.OPPOSITION:
            raise UserError(self.env._("Only an opposition has an injunction opposed."))
        if self.result_on and self.result_on < self.date:
            raise UserError(self.env._("It cannot be decided before it was made."))
        if self.final_on:
            self._check_final()

    def _check_decided(self):
        """How an opposition ended and when are told together."""
        if any(bool(step.result) != bool(step.result_on) for step in self):
            raise UserError(
                self.env._("Say how the opposition ended and on which day.")
            )

    def _check_final(self):
        if self.kind not in legal.FINAL:
            raise UserError(
                self.env._("Only an injunction or an insolvency claim becomes final.")
            )
        if self.kind in legal.NOTIFIED and not self.notified_date:
            raise UserError(
                self.env._("Say first on which day it reached the customer.")
            )
        if self.final_on < (self.notified_date or self.date):
            raise UserError(self.env._("It cannot be final before that day."))
        others = [step._as_rule() for step in self.file_id.sudo().step_ids - self]
        if legal.is_contested(self._as_rule(), others):
            raise UserError(self._misfit_text("opposed"))

    def _check_bills(self):
        """Only bills of the file, not only of the company."""
        if self.sudo().item_ids - self.file_id.sudo().item_ids:
            raise UserError(self.env._("Choose among the bills of the file."))

    def _check_fits(self):
        """Raise UserError when the step cannot follow those before it."""
        self._check_dates()
        self._check_decided()
        self._check_bills()
        file = self.file_id.sudo()
        if file.state in OVER:
            raise UserError(self.env._("%(file)s is over.", file=file.name))
        code = self._misfit(is_new=True)
        if code:
            raise UserError(self._misfit_text(code))

    def _misfit(self, is_new=False):
        """Why it cannot be among the other steps of its file: `legal.problem`."""
        told = self._as_rule()
        others = self.file_id.sudo().step_ids - self
        before = [step._as_rule() for step in others]
        numbers = self.env["dunning.legal.parameter"].sudo()._parameters()
        pay = numbers.get("", "precept_pay_days", self.date)
        calendar = self._court_calendar([told, *before])
        return legal.problem(told, before, pay and pay.count, calendar, is_new)

    def _misfit_text(self, code):
        texts = {
            "needs_injunction": self.env._(
                "It needs an injunction that was notified by then and not revoked."
            ),
            "opposed": self.env._(
                "An injunction that is opposed is not final: it may be from the day on"
                " which the opposition was rejected or given up, to be recorded first."
            ),
            "final": self.env._(
                "The injunction is recorded as final: correct that day first."
            ),
            "needs_precept": self.env._(
                "A seizure needs a precept that was notified by then."
            ),
            "known": self.env._(
                "This step is recorded already. Another of the same kind needs its own"
                " register number."
            ),
            "too_early": self.env._(
                "The days that the precept leaves to pay are not over yet."
            ),
        }
        return texts.get(code) or self.env._("This step does not fit.")
