from odoo import api, fields, models
from odoo.exceptions import UserError


class DunningRunOrder(models.Model):
    """What a person told a run to do: who, when and why. Never changed or deleted.

    A row of its own and not a field of the run, because the run is being written by the
    process that works on it: the two would wait for one another.
    """

    _name = "dunning.run.order"
    _description = "Order given to a dunning run"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset({"run_id", "company_id", "kind", "reason", "user_id"})

    run_id = fields.Many2one(
        "dunning.run", required=True, index=True, readonly=True, check_company=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    kind = fields.Selection(
        [("stop", "Stop"), ("override", "Run on old data"), ("retry", "Try again")],
        required=True,
        readonly=True,
    )
    reason = fields.Char(readonly=True)
    user_id = fields.Many2one("res.users", string="By", required=True, readonly=True)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("What was told to a run is never deleted."))

    @api.model
    def _give(self, runs, kind, reason=""):
        """Record ``kind`` for each of ``runs`` on behalf of the present user."""
        return (
            self.sudo()
            ._guarded()
            .create(
                [
                    {
                        "run_id": run.id,
                        "company_id": run.company_id.id,
                        "kind": kind,
                        "reason": reason,
                        "user_id": self.env.uid,
                    }
                    for run in runs
                ]
            )
        )
