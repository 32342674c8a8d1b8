import hashlib

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..rules import legal

STATES = [
    ("preparing", "To prepare"),
    ("injunction", "Injunction"),
    ("precept", "Precept"),
    ("seizure", "Seizure"),
    ("insolvency_claim", "Insolvency claim"),
    ("recovered", "Recovered"),
    ("uncollectable", "Uncollectable"),
    ("cancelled", "Called off"),
]
OVER = (*sorted(legal.ENDS), "cancelled")


class DunningLegalFile(models.Model):
    """A case before the court: who follows it, where, at what cost, and its steps.

    Opened by the step "legal action" of the table once it is approved; its state is
    that of its last step (`dunning.legal.step`), and each is an outcome of the action.
    """

    _name = "dunning.legal.file"
    _description = "Legal file"
    _inherit = ("mail.thread", "mail.activity.mixin", "utility.guarded.mixin")
    _mail_post_access = "read"
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "name",
            "company_id",
            "case_id",
            "action_id",
            "state",
            "amount",
            "opened_on",
            "ended_on",
            "dossier_id",
            "dossier_sha256",
            "dossier_on",
        }
    )

    name = fields.Char(
        string="Legal file", required=True, readonly=True, default="/", copy=False
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    case_id = fields.Many2one(
        "dunning.case", required=True, index=True, readonly=True, check_company=True
    )
    partner_id = fields.Many2one(
        related="case_id.partner_id", string="Customer", store=True, index=True
    )
    action_id = fields.Many2one(
        "dunning.action",
        string="Step",
        required=True,
        readonly=True,
        check_company=True,
        copy=False,
        help="The step of the table that it carries out.",
    )
    state = fields.Selection(
        STATES,
        string="Status",
        required=True,
        default="preparing",
        readonly=True,
        index=True,
        copy=False,
        tracking=True,
    )
    amount = fields.Monetary(
        string="Claimed", readonly=True, help="Open on the case when it was opened."
    )
    item_ids = fields.One2many(
        related="action_id.item_ids",
        string="Bills",
        help="What is claimed: the bills that the step of the table listed.",
    )
    opened_on = fields.Date(readonly=True)
    ended_on = fields.Date(readonly=True, copy=False)
    user_id = fields.Many2one("res.users", string="Followed by", tracking=True)
    lawyer_id = fields.Many2one("res.partner", tracking=True)
    court = fields.Char(tracking=True)
    number = fields.Char(string="Docket number", tracking=True)
    judge = fields.Char(tracking=True)
    note = fields.Text()
    step_ids = fields.One2many("dunning.legal.step", "file_id", string="Steps")
    step_count = fields.Integer(compute="_compute_step_count")
    next_deadline = fields.Date(
        compute="_compute_next_deadline", store=True, index="btree_not_null"
    )
    cost_advanced = fields.Monetary(compute="_compute_costs", store=True)
    cost_refunded = fields.Monetary(compute="_compute_costs", store=True)
    cost_recoverable = fields.Monetary(
        string="Cost still to recover", compute="_compute_costs", store=True
    )
    dossier_id = fields.Many2one("ir.attachment", readonly=True, copy=False)
    dossier_sha256 = fields.Char(
        string="SHA-256 of the dossier", readonly=True, copy=False
    )
    dossier_on = fields.Datetime(string="Taken on", readonly=True, copy=False)

    _action_uniq = models.Constraint(
        "UNIQUE(action_id)", "This step has its legal file already."
    )
    _name_uniq = models.UniqueIndex(
        "(company_id, name) WHERE name != '/'", "This number was already given."
    )

    @api.depends(
        "state",
        "step_ids.kind",
        "step_ids.date",
        "step_ids.notified_date",
        "step_ids.deadline",
        "step_ids.result",
    )
    def _compute_next_deadline(self):
        """The first of the terms that nothing answered yet; hearings while they are to
        come; nothing once the file is over."""
        today = fields.Date.context_today(self)
        for file in self:
            days = [
                step.deadline
                for step in file._open_steps()
                if step.due != legal.APPEAR or step.deadline >= today
            ]
            file.next_deadline = min(days, default=False)

    def _steps_in_order(self):
        """The steps as they came, those without a day yet left out."""
        steps = self.step_ids.filtered("date")
        return steps.sorted(lambda step: (step.date, step._origin.id or 0))

    def _open_steps(self):
        """The steps whose term still asks for something."""
        self.ensure_one()
        steps = self._steps_in_order()
        if self.state in OVER:
            return steps.browse()
        told = [step._as_rule() for step in steps]
        ends = [step.deadline or None for step in steps]
        found = legal.unanswered(told, ends)
        return steps.browse(steps[n].id for n in found)

    @api.depends(
        "step_ids.cost_advanced",
        "step_ids.cost_refunded",
        "step_ids.is_recoverable",
    )
    def _compute_costs(self):
        for file in self:
            steps = file.step_ids
            file.cost_advanced = sum(steps.mapped("cost_advanced"))
            file.cost_refunded = sum(steps.mapped("cost_refunded"))
            mine = steps.filtered("is_recoverable")
            file.cost_recoverable = sum(mine.mapped("cost_advanced")) - sum(
                mine.mapped("cost_refunded")
            )

    @api.depends("step_ids")
    def _compute_step_count(self):
        for file in self:
            file.step_count = len(file.step_ids)

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for file in self.sudo():
            file.display_name = f"{file.name} - {file.partner_id.name or ''}"

    @api.model_create_multi
    def create(self, vals_list):
        if not self._is_guard_open():
            raise AccessError(
                self.env._("A legal file is opened by the step of its case.")
            )
        return super().create(vals_list)

    def write(self, vals):
        result = super().write(vals)
        if "user_id" in vals:
            self._sync_reminders()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("A legal file is history: it is never deleted."))

    # buttons

    def action_add_step(self):
        """Button of a credit manager: what happened before the court."""
        self.ensure_one()
        self.check_access("read")
        self.env["dunning.case"]._check_is_manager(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Record a step"),
            "res_model": "dunning.legal.step",
            "views": [[False, "form"]],
            "target": "new",
            "context": {"default_file_id": self.id},
        }

    def action_open_calendar(self):
        """Smart button: hearings and terms of this file."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "creditbox_dunning.dunning_legal_step_action"
        )
        return {**action, "domain": [("file_id", "=", self.id)]}

    def action_take_dossier(self):
        """Button: dossier and originals of the case, as they are now, into the file.

        The ZIP holds an index with the SHA-256 of each original; its own is kept here.
        """
        self.ensure_one()
        self.check_access("read")
        self.env["dunning.case"]._check_is_operator(self)
        data, name, kind = self.case_id._dossier_zip()
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": name,
                    "raw": data,
                    "mimetype": kind,
                    "res_model": self._name,
                    "res_id": self.id,
                }
            )
        )
        told = hashlib.sha256(data).hexdigest()
        self.sudo()._guarded().write(
            {
                "dossier_id": attachment.id,
                "dossier_sha256": told,
                "dossier_on": fields.Datetime.now(),
            }
        )
        self.sudo().message_post(
            body=self.env._(
                "Dossier taken: %(name)s, SHA-256 %(hash)s", name=name, hash=told
            ),
            attachment_ids=attachment.ids,
            author_id=self.env.user.partner_id.id,
        )
        return True

    def action_download_dossier(self):
        """Button: the ZIP of the dossier that was taken last."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.dossier_id.id}?download=true",
            "target": "download",
        }

    # business

    @api.model
    def _open_for(self, actions):
        """The files of these legal actions: those there are, and one for each other."""
        files = self.sudo()._guarded()
        found = files.search([("action_id", "in", actions.ids)])
        vals_list = []
        for action in (actions - found.action_id).sudo():
            company = action.company_id
            claimed = sum(action.item_ids.mapped("residual"))
            sequence = self.env["ir.sequence"].sudo().with_company(company)
            vals_list.append(
                {
                    "name": sequence.next_by_code("dunning.legal.file"),
                    "company_id": company.id,
                    "case_id": action.case_id.id,
                    "action_id": action.id,
                    "amount": claimed or action.case_id.amount_due,
                    "opened_on": self.env["dunning.case"]._today(company),
                    "user_id": action.case_id.user_id.id,
                }
            )
        return found | files.create(vals_list)

    def _add_told(self, kind, day, note="", number=""):
        """Write down the step that an outcome tells of, where it is not yet; told again
        with another day it is the same step, corrected (`rules.legal.find_same`)."""
        # whoever may record the outcome may write it down; the file may be over by it
        steps = self.env["dunning.legal.step"].sudo()._guarded()
        told = legal.Step(kind, day, number=number)
        missing = []
        for file in self:
            known = file._steps_in_order()
            n = legal.find_same(told, [step._as_rule() for step in known])
            if n is not None:
                known[n].sudo()._tell_again(day, number)
                continue
            missing.append(
                {
                    "file_id": file.id,
                    "kind": kind,
                    "date": day,
                    "note": note,
                    "number": number,
                }
            )
        return steps.create(missing)

    @api.model
    def _watch_deadlines(self, today):
        """Hearings that are past leave the next term to what comes after them."""
        past = self.sudo().search(
            [("next_deadline", "<", today), ("state", "not in", OVER)]
        )
        self.env.add_to_compute(self._fields["next_deadline"], past)
        past.flush_recordset(["next_deadline"])
