from datetime import timedelta

from odoo import api, fields, models

from ..formats.postal_job import MERGED, Form
from ..rules.postal import STANDARD_CODES


class DunningServiceProvider(models.Model):
    """What a mail house wants and says: form of its jobs, words, codes, folders."""

    _inherit = "dunning.service.provider"

    postal_driver = fields.Selection(
        "_selection_postal_driver",
        string="Jobs are handed over",
        default="hand",
        help="How the files of a job get to the mail house.",
    )
    postal_source_ids = fields.One2many(
        "utility.import.source", "postal_provider_id", string="Folders of the outcomes"
    )
    postal_profile_id = fields.Many2one(
        "utility.import.profile",
        string="Columns of its files",
        domain="[('dataset', '=', 'postal_events'),"
        " ('company_id', 'in', [company_id, False])]",
        help="How its files of outcomes are read; empty: our own template.",
    )
    postal_code_ids = fields.One2many(
        "dunning.postal.code", "provider_id", string="Its codes", copy=True
    )
    postal_packing = fields.Selection(
        [
            ("zip", "A ZIP with one PDF a letter and the index"),
            ("merged", "One PDF of all letters, and the index beside it"),
        ],
        string="Form of a job",
        default="zip",
    )
    postal_file_name = fields.Char(
        string="Name of the files",
        default="{job}",
        help="Without extension. {job} is the number of the job, {date} its day,"
        " {sender} our code with the mail house.",
    )
    postal_is_duplex = fields.Boolean(string="On both sides")
    postal_is_colour = fields.Boolean(string="In colour")
    postal_product_ar = fields.Char(string="Word for a registered letter", default="AR")
    postal_product_pp = fields.Char(string="Word for an ordinary letter", default="PP")
    postal_sender_code = fields.Char(string="Our code")
    postal_return_code = fields.Char(string="Code of the return address")
    postal_cost_centre = fields.Char(string="Cost centre")
    postal_contract = fields.Char(string="Contract")
    postal_max_letters = fields.Integer(
        string="Letters in a job", default=2000, help="At most so many; 0 = all."
    )
    postal_gap_hours = fields.Float(
        string="Hours between jobs",
        default=12.0,
        help="A new job is made when so many hours have passed since the last one, or"
        " when enough letters wait to fill one.",
    )
    postal_job_ids = fields.One2many(
        "dunning.postal.job", "provider_id", string="Jobs", readonly=True
    )

    _postal_check = models.Constraint(
        "CHECK(postal_max_letters >= 0 AND postal_gap_hours >= 0)",
        "Letters and hours cannot be negative.",
    )

    @api.model
    def _selection_postal_driver(self):
        drivers = self.env["dunning.postal.driver"]._all()
        return [(word, str(drivers[word]._label)) for word in sorted(drivers)]

    def action_load_postal_codes(self):
        """Button: add the codes of the carriers that this table lacks."""
        self.ensure_one()
        self.check_access("write")
        known = set(self.postal_code_ids.mapped("code"))
        codes = {**STANDARD_CODES["send"], **STANDARD_CODES["poste"]}
        self.env["dunning.postal.code"].create(
            [
                {"provider_id": self.id, "code": code, "normalised": normalised}
                for code, normalised in codes.items()
                if code not in known
            ]
        )
        return True

    def action_open_postal_jobs(self):
        """Button: the jobs made for this mail house."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "creditbox_dunning.dunning_postal_job_action"
        )
        return {**action, "domain": [("provider_id", "=", self.id)]}

    def action_make_postal_job(self):
        """Button: put what waits into a job now, whatever the hours between jobs."""
        self.ensure_one()
        self.env["dunning.case"]._check_is_operator(self)
        self.check_access("read")
        companies = self.env.companies
        jobs = self.env["dunning.postal.job"].sudo()
        made = jobs.browse()
        for company in companies:
            made |= jobs._make(self.sudo(), company)
        if not made:
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "warning",
                    "message": self.env._("No letter waits for this mail house."),
                },
            }
        self.env["dunning.outbox"]._wake()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "creditbox_dunning.dunning_postal_job_action"
        )
        if len(made) == 1:
            return {**action, "views": [(False, "form")], "res_id": made.id}
        return {**action, "domain": [("id", "in", made.ids)]}

    # business

    def _postal_driver_model(self):
        """The driver chosen; the one by hand when it is not installed any more."""
        drivers = self.env["dunning.postal.driver"]._all()
        return drivers.get(self.postal_driver, drivers["hand"])

    def _postal_form(self, company):
        """How this provider wants its jobs (formats/postal_job.py)."""
        self.ensure_one()
        layout = self.env["dunning.file.layout"]._for("post", self, company)
        packing = self.postal_packing or "zip"
        return Form(
            layout._work_file(),
            packing,
            self.postal_file_name or "{job}",
            blank_backs=packing == MERGED and self.postal_is_duplex,
        )

    def _postal_common(self, company, today):
        """What the index says of every letter alike."""
        return {
            "company": company.name,
            "colour": int(self.postal_is_colour),
            "duplex": int(self.postal_is_duplex),
            "sender_code": self.postal_sender_code or "",
            "return_code": self.postal_return_code or "",
            "cost_centre": self.postal_cost_centre or "",
            "contract_code": self.postal_contract or "",
            "send_date": today,
        }

    def _postal_codes(self):
        """{its code: ours} (rules/postal.py, translate)."""
        return {row.code: row.normalised for row in self.sudo().postal_code_ids}

    def _postal_next_job(self, company, waiting, now):
        """When the next job of ``company`` may be made: None = now."""
        if self.postal_max_letters and waiting >= self.postal_max_letters:
            return None
        last = self.env["dunning.postal.job"].search(
            [("provider_id", "=", self.id), ("company_id", "=", company.id)],
            order="id desc",
            limit=1,
        )
        after = (last.create_date or now) + timedelta(hours=self.postal_gap_hours)
        return after if last and after > now else None
