import base64

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..formats.issues import FileRefused

MAX_PROOFS = 256 * 2**20


class UtilityImportUpload(models.TransientModel):
    """Upload of a workbook or of a single table; one batch a sheet."""

    _name = "utility.import.upload"
    _description = "Upload a data file"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    data = fields.Binary(string="File", attachment=False)
    filename = fields.Char()
    profile_id = fields.Many2one(
        "utility.import.profile",
        domain="[('company_id', 'in', [company_id, False])]",
        help="Empty: the template, or the only profile whose columns are there.",
    )
    proofs = fields.Binary(
        string="Proofs of the notices (ZIP)",
        attachment=False,
        help="The files that the past notices name in column File prova.",
    )
    proofs_filename = fields.Char()
    line_ids = fields.One2many("utility.import.upload.line", "upload_id")
    problem = fields.Text(readonly=True)
    has_notices = fields.Boolean(compute="_compute_has_notices")

    @api.depends("line_ids.dataset")
    def _compute_has_notices(self):
        for upload in self:
            upload.has_notices = "notices" in upload.line_ids.mapped("dataset")

    @api.onchange("data", "profile_id", "company_id")
    def _onchange_data(self):
        self.problem = False
        self.line_ids = [Command.clear()]
        if not self.data:
            return
        try:
            profiles = self._profiles()
        except FileRefused as refusal:
            self.problem = self._sentences(refusal)
            return
        self.line_ids = [
            Command.create({"profile_id": profile.id}) for profile in profiles
        ]

    def _sentences(self, refusal):
        sentence = self.env["utility.import.message"]._sentence
        return "\n".join(sentence(one) for one in refusal.issues)

    def _profiles(self):
        profiles = self.env["utility.import.profile"]
        if self.profile_id:
            return self.profile_id
        return profiles._detect(
            self.company_id, self.filename or "", self._decoded(self.data)
        )

    def _decoded(self, value):
        return base64.b64decode(value or b"")

    def action_check(self):
        """Keep the file and check it: nothing is loaded."""
        return self._upload("action_check")

    def action_apply(self):
        """Keep the file and load its good rows."""
        return self._upload("action_apply")

    def _upload(self, action):
        self.ensure_one()
        batches = self._receive()
        getattr(batches, action)()
        return batches._get_records_action(name=self.env._("Import batches"))

    def _receive(self):
        """The batches of this upload, in state draft."""
        self.env["utility.import.batch"].check_access("create")
        if self.company_id not in self.env.companies:
            raise UserError(self.env._("Choose one of your companies."))
        data, proofs = self._decoded(self.data), self._decoded(self.proofs)
        if len(proofs) > MAX_PROOFS:
            raise UserError(self.env._("The file of the proofs is too large."))
        if not data:
            raise UserError(self.env._("Choose a file that is not empty."))
        profiles = self.line_ids.profile_id
        if not profiles:
            try:
                profiles = self._profiles()
            except FileRefused as refusal:
                raise UserError(self._sentences(refusal)) from refusal
        return self.env["utility.import.batch"]._receive(
            self.company_id,
            self.filename or "",
            data,
            list(profiles),
            proofs=proofs or None,
            values_by_profile={
                line.profile_id.id: line._controls() for line in self.line_ids
            },
        )


class UtilityImportUploadLine(models.TransientModel):
    _name = "utility.import.upload.line"
    _description = "Sheet of a data file"

    upload_id = fields.Many2one(
        "utility.import.upload", required=True, ondelete="cascade", index=True
    )
    profile_id = fields.Many2one("utility.import.profile", required=True, readonly=True)
    dataset = fields.Selection(related="profile_id.dataset")
    currency_id = fields.Many2one(related="upload_id.company_id.currency_id")
    control_count = fields.Integer(string="Declared rows")
    has_control_amount = fields.Boolean(string="Check the sum")
    control_amount = fields.Monetary(string="Declared sum")

    @api.onchange("control_amount")
    def _onchange_control_amount(self):
        self.has_control_amount = bool(self.control_amount)

    def _controls(self):
        return {
            "control_count": self.control_count,
            "has_control_amount": self.has_control_amount,
            "control_amount": self.control_amount,
        }
