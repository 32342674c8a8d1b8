from odoo import fields, models

READERS = "utility_supply.group_utility_user,account.group_account_invoice"


class DunningHoldTarget(models.AbstractModel):
    """What can be suspended: a count, a button to see and a button to suspend."""

    _name = "dunning.hold.target"
    _description = "Something that can be suspended"

    # scope of `dunning.hold` and its field: set by each model
    _hold_scope = ""
    _hold_field = ""

    hold_count = fields.Integer(
        string="Suspensions",
        compute="_compute_hold_count",
        groups=READERS,
        help="Those in force or still to come.",
    )

    def _compute_hold_count(self):
        holds = self.env["dunning.hold"]
        domain = [
            (self._hold_field, "in", self.ids),
            ("state", "in", ("planned", "active")),
        ]
        counts = dict(holds._read_group(domain, [self._hold_field], ["__count"]))
        for record in self:
            record.hold_count = counts.get(record, 0)

    def action_suspend(self):
        """Button: choose the reason and the days of a suspension."""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Suspend"),
            "res_model": "dunning.hold.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_scope": self._hold_scope,
                f"default_{self._hold_scope}_ids": [fields.Command.set(self.ids)],
            },
        }

    def action_open_holds(self):
        """Smart button: the suspensions of this record, past ones too."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Suspensions"),
            "res_model": "dunning.hold",
            "view_mode": "list,form",
            "domain": [(self._hold_field, "=", self.id)],
            "context": {"create": False},
        }


class DunningCase(models.Model):
    _name = "dunning.case"
    _inherit = ["dunning.case", "dunning.hold.target"]

    _hold_scope = "case"
    _hold_field = "case_id"

    def _compute_hold_count(self):
        """Of whatever reaches the case: also its bills, contract and customer."""
        counts = {}
        for company, cases in self.sudo().grouped("company_id").items():
            today = self._today(company)
            found = self.env["dunning.hold"].sudo()._for_cases(cases, today)
            for case_id, holds in found.items():
                still = [h for h in holds if h.until is None or h.until >= today]
                counts[case_id] = len(still)
        for case in self:
            case.hold_count = counts.get(case.id, 0)

    def action_open_holds(self):
        # EXTENDS: those of its bills, of its contract and of its customer too
        action = super().action_open_holds()
        case = self.sudo()
        action["domain"] = [
            "|",
            ("case_id", "=", case.id),
            "|",
            ("move_id", "in", case.line_ids.move_id.ids),
            "|",
            ("contract_id", "=", case.contract_id.id or -1),
            ("partner_id", "=", case.partner_id.id),
        ]
        return action


class UtilityContract(models.Model):
    _name = "utility.contract"
    _inherit = ["utility.contract", "dunning.hold.target"]

    _hold_scope = "contract"
    _hold_field = "contract_id"


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "dunning.hold.target"]

    _hold_scope = "bill"
    _hold_field = "move_id"


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "dunning.hold.target"]

    _hold_scope = "customer"
    _hold_field = "partner_id"
