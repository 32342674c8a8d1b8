from odoo import api, fields, models

from ..formats import postal_events
from . import agency_dataset, info_dataset, technical_dataset

#: what others tell us in files, beside the datasets of the ground floor
DATASETS = [
    (technical_dataset.NAME, "Answers of the technical office"),
    (agency_dataset.NAME, "Results of collection agencies"),
    (info_dataset.NAME, "Answers of information providers"),
    (postal_events.NAME, "Outcomes of the post"),
]


class UtilityImportProfile(models.Model):
    _inherit = "utility.import.profile"

    dataset = fields.Selection(
        selection_add=DATASETS,
        ondelete={name: "cascade" for name, _label in DATASETS},
    )

    @api.model
    def _datasets(self):
        # EXTENDS utility_supply
        return [*super()._datasets(), *(name for name, _label in DATASETS)]


class UtilityImportBatch(models.Model):
    _inherit = "utility.import.batch"

    # a file that was received outlives the app that reads it
    dataset = fields.Selection(
        selection_add=DATASETS,
        ondelete={name: "set null" for name, _label in DATASETS},
    )
