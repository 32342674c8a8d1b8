from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.utility_supply.formats.workbook import rows_workbook

# Excel holds a million rows; more is another tool's work
MOST = 100_000
FIELDS = (
    "name",
    "code",
    "sii_code",
    "side",
    "sector",
    "state",
    "attention",
    "attention_text",
    "partner_id",
    "supply_point_id",
    "contract_id",
    "date_start",
    "date_end",
    "window_open",
    "window_close",
    "credit_amount",
    "cap_amount",
    "prev_cmor_amount",
    "indemnity",
    "received_amount",
    "excess_amount",
    "paid_on",
    "failed_codes",
    "unknown_codes",
    "next_text",
    "next_date",
    "user_id",
    "role_id",
    "company_id",
)
BILL_FIELDS = (
    "name",
    "invoice_date",
    "invoice_date_due",
    "date_from",
    "date_to",
    "total_amount",
    "open_amount",
    "relevant_amount",
    "reason",
)
NOTICE_FIELDS = (
    "ref",
    "kind",
    "channel",
    "sent_date",
    "notified_date",
    "pay_term",
    "cmor_warning",
)
TERM_FIELDS = ("key", "date_due", "state", "actor", "done_on", "explanation")


class CmorPractice(models.Model):
    """A readable workbook of any selection: practices, bills, notices, terms.

    Numbers are numbers and dates are dates; a text that begins like a formula is a
    text (utility_supply.formats.workbook).
    """

    _inherit = "cmor.practice"

    def action_workbook(self):
        """Button of lists and forms: the workbook of the selection."""
        self.check_access("read")
        if not self:
            raise UserError(self.env._("Select the practices to export."))
        if len(self) > MOST:
            raise UserError(
                self.env._("Not more than %(most)s practices at once.", most=MOST)
            )
        return {
            "type": "ir.actions.client",
            "tag": "cmor_utility.workbook",
            "params": {"ids": self.ids},
        }

    def _workbook(self):
        """Bytes of the workbook, with the rights of the reader."""
        self.check_access("read")
        sheets = [
            self._sheet(self.env._("Practices"), self, FIELDS),
            self._child_sheet(self.env._("Bills"), "cmor.practice.line", BILL_FIELDS),
            self._notice_sheet(),
            self._child_sheet(self.env._("Deadlines"), "cmor.deadline", TERM_FIELDS),
        ]
        return rows_workbook(sheet for sheet in sheets if sheet)

    def _sheet(self, title, records, names, before=()):
        """(title, headings, rows) of a recordset; ``before``: [(heading, values)]."""
        labels = records.fields_get(names, ["string"])
        headings = [heading for heading, _values in before]
        headings += [labels[name]["string"] for name in names]
        readers = [_reader(records, name) for name in names]

        def rows():
            for index, record in enumerate(records):
                first = [values[index] for _heading, values in before]
                yield first + [read(record) for read in readers]

        return title, headings, rows()

    def _child_sheet(self, title, model, names):
        records = self.env[model]
        if not records.has_access("read"):
            return None
        records = records.search(
            Domain("practice_id", "in", self.ids), order="practice_id, id"
        )
        before = [
            (self.env._("Practice"), [r.practice_id.name for r in records]),
            (self.env._("Customer"), [r.practice_id.partner_id.name for r in records]),
        ]
        return self._sheet(title, records, names, before)

    def _notice_sheet(self):
        notices = self.env["utility.notice"]
        if not notices.has_access("read"):
            return None
        pairs = [(p, notice) for p in self for notice in p.notice_ids]
        records = notices.concat(*(notice for _p, notice in pairs))
        before = [
            (self.env._("Practice"), [p.name for p, _notice in pairs]),
            (self.env._("Customer"), [p.partner_id.name for p, _notice in pairs]),
        ]
        return self._sheet(self.env._("Notices"), records, NOTICE_FIELDS, before)


def _reader(model, name):
    """Function record -> plain value of the field, as a spreadsheet wants it."""
    field = model._fields[name]
    if field.type == "many2one":
        return lambda record: record[name].display_name or None
    if field.type == "selection":
        labels = dict(field._description_selection(model.env))
        return lambda record: labels.get(record[name])
    if field.type in ("boolean", "monetary", "float", "integer"):
        return lambda record: record[name]
    return lambda record: record[name] or None
