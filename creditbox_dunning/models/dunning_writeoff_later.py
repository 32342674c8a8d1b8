from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .amounts import exact


class DunningWriteoffLine(models.Model):
    """Paid after the write-off: money that matches no bill any more.

    It is found every night; that it belongs to the credit written off, and not to a
    bill that is still to come, a person says.
    """

    _inherit = "dunning.writeoff.line"

    @api.model
    def _watch_later_payments(self):
        """Sum of the customer's open payments since the write-off, one statement."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE dunning_writeoff_line own
                   SET later_paid = told.amount
                  FROM (
                      SELECT line.id, COALESCE((
                          SELECT SUM(-paid.amount_residual)
                            FROM account_move_line paid
                            JOIN account_account account
                              ON account.id = paid.account_id
                           WHERE paid.partner_id = line.partner_id
                             AND paid.company_id = line.company_id
                             AND paid.parent_state = 'posted'
                             AND paid.date >= line.booked_on
                             AND account.account_type = 'asset_receivable'
                             AND paid.amount_residual < 0), 0) AS amount
                        FROM dunning_writeoff_line line
                       WHERE line.state = 'booked') told
                 WHERE own.id = told.id
                   AND COALESCE(own.later_paid, 0) != told.amount
                """
            )
        )
        self.invalidate_model(["later_paid"])

    def _open_payments(self):
        """The customer's payments since the write-off that match no bill."""
        self.ensure_one()
        return (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("partner_id", "=", self.partner_id.id),
                    ("company_id", "=", self.company_id.id),
                    ("parent_state", "=", "posted"),
                    ("date", ">=", self.booked_on),
                    ("account_id.account_type", "=", "asset_receivable"),
                    ("amount_residual", "<", 0),
                ],
                order="date, id",
            )
        )

    def action_to_income(self):
        """Button: what was paid belongs to the credit written off: it is income.

        For credit managers. Never more than was written off.
        """
        self.check_access("read")
        self.writeoff_id.check_access("write")
        self.env["dunning.case"]._check_is_manager(self)
        for line in self.sudo():
            locked = line.try_lock_for_update(allow_referencing=True)
            if not locked or line.state != "booked":
                raise UserError(
                    self.env._("%(line)s was not written off.", line=line.display_name)
                )
            line._to_income()
        return True

    def _to_income(self):
        left, chosen = exact(self.amount), []
        for item in self._open_payments():
            amount = min(left, exact(-item.amount_residual))
            if amount > 0:
                chosen.append((item, amount))
                left -= amount
        if not chosen:
            raise UserError(
                self.env._(
                    "%(customer)s paid nothing that is still unmatched.",
                    customer=self.partner_id.name,
                )
            )
        total = sum(amount for _item, amount in chosen)
        today = self.env["dunning.case"]._today(self.company_id)
        ref = self.env._("Paid after write-off %(name)s", name=self.writeoff_id.name)
        move = self.env["dunning.loss"]._book_income(
            self.company_id, chosen, today, ref
        )
        self._guarded().write(
            {
                "state": "income",
                "income": float(total),
                "income_move_id": move.id,
                "later_paid": float(total),
            }
        )


class DunningWorklist(models.AbstractModel):
    _inherit = "dunning.worklist"

    def _lists_of_decisions(self, today):
        # EXTENDS dunning.worklist
        return [
            *super()._lists_of_decisions(today),
            {
                "key": "writeoff_later",
                "title": self.env._("Paid after a write-off"),
                "help": self.env._(
                    "The customer paid after the credit went to a loss: say whether it"
                    " is income."
                ),
                "icon": "fa-undo",
                "tone": "warning",
                "model": "dunning.writeoff.line",
                "domain": [("state", "=", "booked"), ("later_paid", ">", 0)],
            },
        ]
