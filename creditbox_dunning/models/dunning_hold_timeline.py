from odoo import models


class DunningHold(models.Model):
    _inherit = "dunning.hold"

    def _timeline_cases(self, scopes):
        """Ids of the cases that this suspension is about.

        ``scopes``: {field of the hold: {record: cases}}.
        """
        self.ensure_one()
        cases = self.move_id.sudo().line_ids.dunning_case_id.ids
        for name, by_record in scopes.items():
            if self[name] in by_record:
                cases += by_record[self[name]].ids
        return cases

    def _timeline_entry(self):
        self.ensure_one()
        labels = dict(self._fields["state"]._description_selection(self.env))
        return {
            "date": self.date_from,
            "kind": "hold",
            "icon": "fa-pause",
            "title": self.reason_id.name,
            "text": self._get_period(),
            "badge": labels.get(self.state),
            "tone": "warning" if self.state == "active" else "muted",
            "model": self._name,
            "id": self.id,
            "minor": self.state == "cancelled",
        }
