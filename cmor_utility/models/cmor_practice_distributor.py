from odoo import models

from odoo.addons.utility_supply.models.bulk import update_changed


class CmorPractice(models.Model):
    """Who distributes at the point, where no flow and no contract has told it."""

    _inherit = "cmor.practice"

    def _fill_distributors(self, today):
        """Of the supply point, else of the codes of the counterparts; set-wise.

        :param date today: day on which the counterparts have to be in force
        """
        table, rows = self.env["cmor.counterpart"], {}
        todo = self.sudo().filtered(lambda practice: not practice.distributor_id)
        for company, practices in todo.grouped("company_id").items():
            points = {
                p: (p.sector, p.supply_point_id.code or p.point_code) for p in practices
            }
            known = table._distributors(company, list(points.values()), today)
            for practice, point in points.items():
                told = practice.supply_point_id.distributor_id or known.get(point)
                if told:
                    rows[practice] = {"distributor_id": told.id}
        update_changed(todo, rows)
