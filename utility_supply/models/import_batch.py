from odoo import api, fields, models
from odoo.exceptions import UserError

from .import_profile import DATASET_LABELS

# states from which a batch may still be loaded, and in which it is being worked on
OPEN_STATES = ("draft", "ready")
BUSY_STATES = ("checking", "running")
# how long a button works on a file before it leaves the rest to the scheduled action
BUTTON_SECONDS = 20


class UtilityImportBatch(models.Model):
    """One dataset of one file received: what was read, applied and set aside.

    The work itself is in `import_engine.py`. States: draft -> checking -> ready (a dry
    check) or running -> done | partial (rows in quarantine); refused when the file as a
    whole cannot be used; cancelled by a person before anything was applied.
    """

    _name = "utility.import.batch"
    _description = "Import batch"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "name",
            "company_id",
            "refusal_code",
            "dataset",
            "profile_id",
            "source_id",
            "state",
            "phase",
            "next_row",
            "sha256",
            "file_id",
            "is_feed",
            "is_in_folder",
            "count_total",
            "count_created",
            "count_updated",
            "count_unchanged",
            "count_skipped",
            "count_failed",
            "sum_amount",
            "idempotency_key",
            "answer",
            "scan_data",
            "date_start",
            "date_end",
            "message",
            "report_attachment_id",
        }
    )

    name = fields.Char(required=True, readonly=True, default="/", index="trigram")
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    dataset = fields.Selection(DATASET_LABELS, readonly=True)
    profile_id = fields.Many2one(
        "utility.import.profile",
        readonly=True,
        ondelete="restrict",
        help="Empty: the file was refused before a profile could be chosen.",
    )
    source_id = fields.Many2one(
        "utility.import.source",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    file_id = fields.Many2one(
        "utility.import.file",
        readonly=True,
        required=True,
        index=True,
        ondelete="restrict",
    )
    attachment_id = fields.Many2one(related="file_id.attachment_id")
    filename = fields.Char(related="file_id.filename", store=True)
    sha256 = fields.Char(string="SHA-256", readonly=True, size=64)
    state = fields.Selection(
        [
            ("draft", "To load"),
            ("checking", "Checking"),
            ("ready", "Checked"),
            ("running", "Loading"),
            ("done", "Loaded"),
            ("partial", "Rows to fix"),
            ("refused", "Refused"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        index=True,
    )
    phase = fields.Selection(
        [("scan", "Reading"), ("apply", "Loading"), ("finish", "Closing")],
        default="scan",
        required=True,
        readonly=True,
    )
    next_row = fields.Integer(
        readonly=True, help="First row of the file that is not dealt with yet."
    )
    count_total = fields.Integer(string="Rows", readonly=True)
    count_created = fields.Integer(string="Created", readonly=True)
    count_updated = fields.Integer(string="Updated", readonly=True)
    count_unchanged = fields.Integer(string="Unchanged", readonly=True)
    count_skipped = fields.Integer(
        string="Skipped", readonly=True, help="Totals rows at the end of the file."
    )
    count_failed = fields.Integer(
        string="Errors", readonly=True, help="Rows in error found by the last check."
    )
    count_applied = fields.Integer(string="Applied", compute="_compute_counts")
    count_quarantined = fields.Integer(string="To fix", compute="_compute_counts")
    control_count = fields.Integer(
        string="Declared rows", help="Rows that the sender declares; 0 = not declared."
    )
    control_amount = fields.Monetary(
        string="Declared sum", help="Sum of the amounts that the sender declares."
    )
    has_control_amount = fields.Boolean(string="Check the sum")
    sum_amount = fields.Monetary(string="Sum of the amounts", readonly=True)
    date_start = fields.Datetime(readonly=True)
    date_end = fields.Datetime(readonly=True)
    progress = fields.Float(compute="_compute_progress")
    message = fields.Text(readonly=True)
    report_attachment_id = fields.Many2one(
        "ir.attachment", string="Report of the check", readonly=True
    )
    row_ids = fields.One2many("utility.import.row", "batch_id", string="Rows set aside")
    scan_data = fields.Json(readonly=True, copy=False)
    is_in_folder = fields.Boolean(
        readonly=True, help="Its file has not been moved out of the folder yet."
    )
    is_feed = fields.Boolean(string="Direct feed", readonly=True)
    idempotency_key = fields.Char(readonly=True, copy=False)
    answer = fields.Json(readonly=True, copy=False)
    refusal_code = fields.Char(readonly=True, copy=False)

    _file_uniq = models.UniqueIndex(
        "(company_id, profile_id, sha256) WHERE state NOT IN ('refused', 'cancelled')",
        "This very file was already received.",
    )
    _idempotency_uniq = models.UniqueIndex(
        "(company_id, idempotency_key) WHERE idempotency_key IS NOT NULL",
        "This idempotency key was already used.",
    )

    @api.depends("count_created", "count_updated", "row_ids.state")
    def _compute_counts(self):
        groups = self.env["utility.import.row"]._read_group(
            [("batch_id", "in", self.ids), ("state", "=", "open")],
            ["batch_id"],
            ["__count"],
        )
        opened = {batch.id: count for batch, count in groups}
        for batch in self:
            batch.count_applied = batch.count_created + batch.count_updated
            batch.count_quarantined = opened.get(batch._origin.id, 0)

    @api.depends("state", "next_row", "count_total")
    def _compute_progress(self):
        for batch in self:
            if batch.state in ("done", "partial"):
                batch.progress = 100.0
            elif batch.phase == "finish":
                batch.progress = 99.0
            elif batch.state == "running" and batch.count_total:
                # the header row makes the row number a little larger than the count
                share = 100.0 * batch.next_row / (batch.count_total + 1)
                batch.progress = min(share, 99.0)
            else:
                batch.progress = 0.0

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("name", "/") == "/":
                vals["name"] = self.env["ir.sequence"].next_by_code(self._name) or "/"
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_worked(self):
        if self.filtered(lambda batch: batch.state not in ("refused", "cancelled")):
            raise UserError(
                self.env._("Only refused or cancelled batches can be deleted.")
            )

    # -- buttons -------------------------------------------------------------------

    def action_check(self):
        """Dry check: read everything, list every error, write nothing but the report.

        Works for some seconds and leaves the rest to the scheduled action.
        """
        return self._start("checking", (*OPEN_STATES,))

    def action_apply(self):
        """Load the good rows and set the bad ones aside.

        Works for some seconds and leaves the rest to the scheduled action.
        """
        return self._start("running", (*OPEN_STATES,))

    def action_cancel(self):
        """Give up batches of which nothing was applied yet."""
        self.check_access("write")
        for batch in self.sudo():
            if batch.state not in (*OPEN_STATES, "checking") or batch.next_row:
                raise UserError(
                    self.env._(
                        "%(name)s cannot be cancelled any more: rows of it are loaded.",
                        name=batch.name,
                    )
                )
        self.sudo()._guarded().write({"state": "cancelled", "answer": False})

    def action_retry_rows(self):
        """Try all rows set aside again, as corrected."""
        self.check_access("write")
        rows = self.row_ids.filtered(lambda row: row.state == "open")
        rows.action_retry()

    def action_refresh(self):
        """Show the progress as it is now."""
        self.check_access("read")
        return True

    def action_download_file(self):
        """Download the bytes as they were received."""
        self.ensure_one()
        return self.file_id.action_download()

    def action_download_errors(self):
        """Download the rows in error as XLSX: their cells and a column of reasons."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/utility_supply/import/errors/{self.id}",
            "target": "download",
        }

    def action_open_rows(self):
        """The rows of these batches that wait for a correction."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "utility_supply.utility_import_row_action"
        )
        action["domain"] = [("batch_id", "in", self.ids)]
        action["context"] = {"search_default_open": 1}
        return action

    # -- business ------------------------------------------------------------------

    def _start(self, state, sources):
        """Put the batches of these files to work in ``state`` and begin."""
        self.check_access("write")
        batches = self.sudo().sorted(lambda b: (b.file_id.id, b._dataset_rank()))
        for batch in batches:
            if batch.state not in sources:
                raise UserError(
                    self.env._(
                        "%(name)s is already %(state)s.",
                        name=batch.name,
                        state=dict(self._description_states())[batch.state],
                    )
                )
        batches._guarded().write(
            {
                "state": state,
                "phase": "scan",
                "next_row": 0,
                "message": False,
                "date_start": fields.Datetime.now(),
                "date_end": False,
            }
        )
        batches._work(seconds=BUTTON_SECONDS)
        self.invalidate_recordset()
        return True

    def _description_states(self):
        return self._fields["state"]._description_selection(self.env)

    def _dataset_rank(self):
        order = self.env["utility.import.profile"]._datasets()
        return order.index(self.dataset) if self.dataset else -1
