from odoo import models

# folder of the ZIP
COURT = "tribunale"


class DunningCase(models.Model):
    """The documents of the steps before the court, in the dossier of the case."""

    _inherit = "dunning.case"

    def _dossier_originals(self):
        # EXTENDS dunning.case
        yield from super()._dossier_originals()
        labels = self.env["dunning.legal.step"]._fields["kind"]
        labels = dict(labels._description_selection(self.env))
        seen = set()
        for file in self._dossier_of("dunning.legal.file").sorted("id"):
            for step in file.step_ids.sorted(lambda one: (one.date, one.id)):
                told = (file.name, labels[step.kind], step.number)
                what = " - ".join(filter(None, told))
                # whoever may read the step may have its documents
                for paper in step.sudo().attachment_ids:
                    yield from self._member(COURT, paper, what, seen)
