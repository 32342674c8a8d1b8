import csv

from odoo import api, models
from odoo.tools import file_open

SHIPPED = "cmor_utility/tables/cmor_flow_field.csv"
SHIPPED_FROM = "2018-01-01"  # TISIND: before any practice that can still be asked for
_NUMBERS = ("max_length", "decimals")


class CmorFlowLayout(models.Model):
    """The layouts that ship: one line a field in a CSV file, all to be checked."""

    _inherit = "cmor.flow.layout"

    @api.model
    def _load_shipped(self):
        """Create the shipped layout of each kind of flow that has none.

        Runs at each update of the module: what users changed or replaced stays.
        """
        flows = self.env["cmor.flow.type"].search([("code", "!=", "-")])
        types = flows.grouped("code")
        have = set(self.search([("company_id", "=", False)]).mapped("type_id.code"))
        wanted = {}
        with file_open(SHIPPED, "r") as file:
            for line in csv.DictReader(file, delimiter=";"):
                wanted.setdefault(line.pop("layout"), []).append(line)
        for code, lines in wanted.items():
            if code not in have and code in types:
                self._create_shipped(types[code], lines)

    def _create_shipped(self, flow, lines):
        name = f"cmor_utility.layout_{flow.code.lower().replace('.', '_')}"
        vals = {"name": flow.code, "type_id": flow.id, "date_from": SHIPPED_FROM}
        layout = self._load_records(
            [{"xml_id": name, "values": vals, "noupdate": True}]
        )
        self.env["cmor.flow.field"]._load_records(
            [
                {
                    "xml_id": f"{name}_{line['name'].lower()}",
                    "noupdate": True,
                    "values": {
                        "layout_id": layout.id,
                        "sequence": 10 * number,
                        **{k: v for k, v in line.items() if v and k not in _NUMBERS},
                        **{key: int(line[key] or 0) for key in _NUMBERS},
                    },
                }
                for number, line in enumerate(lines, 1)
            ]
        )
