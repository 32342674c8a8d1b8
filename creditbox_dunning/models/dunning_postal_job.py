from odoo import api, fields, models
from odoo.exceptions import UserError

STATES = [
    ("made", "To be handed over"),
    ("delivering", "Being handed over"),
    ("sent", "Handed over"),
    ("uncertain", "Uncertain"),
    ("cancelled", "Cancelled"),
]
# what became of a letter -> the states of its message
SUMS = {
    "count_waiting": ("sending", "sent"),
    "count_posted": ("accepted",),
    "count_delivered": ("delivered",),
    "count_back": ("failed",),
    "count_uncertain": ("uncertain",),
}


class DunningPostalJob(models.Model):
    """Letters that go to a mail house together: its files are kept as they left.

    A letter is in one job that was not cancelled. The job is written down and committed
    before anything leaves; one whose sender died is uncertain until the folder, an
    outcome or a person tells.
    """

    _name = "dunning.postal.job"
    _description = "Postal job"
    _inherit = ["mail.thread", "utility.guarded.mixin"]
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "name",
            "company_id",
            "provider_id",
            "state",
            "attachment_ids",
            "sha256",
            "letter_count",
            "page_count",
            "attempts",
            "next_try",
            "sent_at",
            "sent_by",
            "external_ref",
            "reason",
        }
    )
    # the files are what left the house: see utility_supply's ir_attachment.py
    _kept_attachment_field = "attachment_ids"
    _kept_attachment_domain = ()

    name = fields.Char(string="Number", required=True, readonly=True, index=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    provider_id = fields.Many2one(
        "dunning.service.provider",
        string="Mail house",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        # it may be of another company of the group
        check_company=False,
    )
    is_by_hand = fields.Boolean(string="By hand", compute="_compute_is_by_hand")
    state = fields.Selection(
        STATES,
        string="Status",
        required=True,
        default="made",
        readonly=True,
        index=True,
        tracking=True,
    )
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "dunning_postal_job_attachment_rel",
        "job_id",
        "attachment_id",
        string="Files",
        readonly=True,
    )
    sha256 = fields.Char(string="SHA-256", readonly=True)
    letter_ids = fields.One2many(
        "dunning.communication", "postal_job_id", string="Letters", readonly=True
    )
    letter_count = fields.Integer(string="Letters in it", readonly=True)
    page_count = fields.Integer(string="Pages", readonly=True)
    attempts = fields.Integer(readonly=True)
    next_try = fields.Datetime(string="Tried again at", readonly=True)
    sent_at = fields.Datetime(string="Handed over at", readonly=True)
    sent_by = fields.Many2one("res.users", string="By", readonly=True)
    external_ref = fields.Char(string="Provider's reference", readonly=True)
    reason = fields.Char(readonly=True, help="Why it is uncertain or was cancelled.")
    count_waiting = fields.Integer(string="On its way", compute="_compute_counts")
    count_posted = fields.Integer(string="Posted", compute="_compute_counts")
    count_delivered = fields.Integer(string="Delivered", compute="_compute_counts")
    count_back = fields.Integer(string="Failed", compute="_compute_counts")
    count_uncertain = fields.Integer(string="Uncertain", compute="_compute_counts")
    cost = fields.Float(digits=(12, 2), compute="_compute_counts")

    _name_uniq = models.Constraint(
        "UNIQUE(company_id, name)", "A job has this number already."
    )

    @api.depends("provider_id.postal_driver")
    def _compute_is_by_hand(self):
        for job in self:
            job.is_by_hand = job.sudo().provider_id._postal_driver_model()._is_by_hand

    @api.depends("letter_ids.state", "letter_ids.cost")
    def _compute_counts(self):
        groups = self.env["dunning.communication"]._read_group(
            [("postal_job_id", "in", self.ids)],
            ["postal_job_id", "state"],
            ["__count", "cost:sum"],
        )
        found = {(job.id, state): (n, cost) for job, state, n, cost in groups}
        for job in self:
            key = job._origin.id
            for name, states in SUMS.items():
                job[name] = sum(found.get((key, state), (0, 0))[0] for state in states)
            job.cost = sum(
                cost for (id_, _s), (_n, cost) in found.items() if id_ == key
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("What was sent is never deleted."))

    # buttons

    def action_download(self):
        """Button: the files of the job, as they leave."""
        self.ensure_one()
        self.check_access("read")
        files = self.attachment_ids
        if len(files) == 1:
            return {
                "type": "ir.actions.act_url",
                "url": f"/web/content/{files.id}?download=true",
                "target": "download",
            }
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "ir.attachment",
            "view_mode": "kanban,list,form",
            "domain": [("id", "in", files.ids)],
        }

    def action_mark_sent(self):
        """Button: a person handed the files over."""
        self._check_operator("made")
        for job in self.sudo():
            if not job.is_by_hand:
                raise UserError(
                    self.env._("The program hands job %(name)s over.", name=job.name)
                )
            job._set_sent()
        return True

    def action_open_letters(self):
        """Button: the letters of the job and what became of them."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "creditbox_dunning.dunning_communication_action"
        )
        return {
            **action,
            "name": self.name,
            "domain": [("postal_job_id", "=", self.id)],
            "context": {"search_default_by_state": 1},
        }

    def action_retry_now(self):
        """Button: hand it over now, not later."""
        self._check_operator("made")
        self.sudo()._guarded().write({"next_try": False})
        self.env["dunning.outbox"]._wake()
        return True

    def _check_operator(self, *states):
        """Raise when the user may not, or a job is in none of ``states``."""
        self.check_access("read")
        self.env["dunning.case"]._check_is_operator(self)
        wrong = self.filtered(lambda job: job.state not in states)
        if wrong:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "Job %(name)s is already: %(state)s.",
                    name=wrong[0].name,
                    state=labels[wrong[0].state],
                )
            )

    def _decide(self, verdict, reason):
        """What a person decides of jobs, with the reason.

        :param verdict: ``arrived`` or ``again`` (of an uncertain one), ``cancel`` (of
            one that surely did not leave)
        """
        self._check_operator(*(("made",) if verdict == "cancel" else ("uncertain",)))
        if not (reason or "").strip():
            raise UserError(self.env._("Write the reason."))
        for job in self.sudo():
            job.message_post(body=reason)
            if verdict == "arrived":
                job._set_sent(reason)
            elif verdict == "again":
                job._set_again(reason)
            else:
                job._cancel(reason)
        return True
