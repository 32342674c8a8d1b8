from odoo import fields, models
from odoo.exceptions import UserError

from ..formats import flow_csv, flow_io, flow_xlsx
from ..formats.flow_rows import FlowRefused

# the flow of the network: no file of the SII, so nothing in it says what it is
NETWORK_FLOW = "dso_charge"


class CmorFlowFile(models.Model):
    """A distributor's file is known by its columns: it has no flow code."""

    _inherit = "cmor.flow.file"

    def _layout_of(self, data):
        # EXTENDS: a file that does not say what it is
        try:
            return super()._layout_of(data)
        except FlowRefused as refusal:
            # FATTURE_2026.csv: what looks like a code in a name may be none
            is_nameless = refusal.code in ("unknown_flow", "unknown_code")
            layout = is_nameless and self._network_layout(data)
            if not layout:
                raise
            return layout

    def _network_layout(self, data):
        """The layout of the network's lines when ``data`` has all its mandatory
        columns; else None."""
        day = fields.Datetime.context_timestamp(
            self.with_context(tz="Europe/Rome"), self.exported_on
        ).date()
        try:
            layout = self.env["cmor.flow.layout"]._find(
                NETWORK_FLOW, self.company_id, day
            )
        except UserError:
            return None
        is_book = flow_io.kind_of(data) in ("xlsx", "xls")
        reader = flow_xlsx if is_book else flow_csv
        rows = reader.first_rows(data, 1)
        names = {str(cell or "").strip().upper() for row in rows for cell in row}
        mandatory = {
            field.name for field in layout.field_ids if field.required == "mandatory"
        }
        return layout if mandatory and mandatory <= names else None
