import csv
import pathlib
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules.approval import Ask, MatrixRow, level_for
from .amounts import exact
from .dunning_action_rule import OPERATIONS

STANDARD = pathlib.Path(__file__).parents[1] / "tables" / "default_approval_matrix.csv"
SUBJECTS = [
    ("action", "Action"),
    ("settlement", "Settlement"),
    ("charge_waiver", "Waiver of interest and costs"),
    ("plan", "Payment plan"),
    ("hold", "Suspension of a case"),
    ("writeoff", "Write-off"),
    ("legal", "Start of legal action"),
    ("waiver", "Waiver of a legal check"),
    ("release", "Release before full payment"),
]
LEVELS = [
    ("0", "0 - Nobody: carried out"),
    ("1", "1 - Operator"),
    ("2", "2 - Credit manager"),
    ("3", "3 - Director"),
    ("4", "4 - Group"),
]


class DunningApprovalRule(models.Model):
    """A row of the matrix: for which subject and amounts, which level decides.

    Of the rows that match the highest level holds; what matches none needs a director.
    """

    _name = "dunning.approval.rule"
    _description = "Level of approval"
    _inherit = "mail.thread"
    _order = "company_id, subject, action_type_id, level, amount_from, id"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    for_group = fields.Boolean(
        string="For the whole group",
        tracking=True,
        help="A row of the head company that holds for every member of its group too."
        " It can only ask for a higher level than the member's own rows.",
    )
    subject = fields.Selection(SUBJECTS, required=True, default="action", tracking=True)
    action_type_id = fields.Many2one(
        "dunning.action.type", string="Action", tracking=True, help="Empty = any."
    )
    op = fields.Selection(
        OPERATIONS, string="Operation", tracking=True, help="Empty = any."
    )
    amount_from = fields.Monetary(
        tracking=True, aggregator=False, help="From this amount on, included."
    )
    amount_to = fields.Monetary(
        tracking=True,
        aggregator=False,
        help="Up to this amount, included; 0 = no limit.",
    )
    discount_from = fields.Float(
        string="Discount from (%)",
        digits=(5, 2),
        tracking=True,
        aggregator=False,
        help="Included.",
    )
    discount_to = fields.Float(
        string="Discount up to (%)",
        digits=(5, 2),
        tracking=True,
        aggregator=False,
        help="Included; 0 = no limit.",
    )
    level = fields.Selection(LEVELS, required=True, default="2", tracking=True)
    description = fields.Char()
    active = fields.Boolean(default=True, tracking=True)

    @api.depends("description", "subject")
    def _compute_display_name(self):
        labels = dict(self._fields["subject"]._description_selection(self.env))
        for rule in self:
            rule.display_name = rule.description or labels.get(rule.subject, "")

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._raise_open()
        return rules

    def write(self, vals):
        result = super().write(vals)
        self._raise_open()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("A row of the matrix is archived, never deleted."))

    def _raise_open(self):
        """Requests that wait become stricter with the matrix, never easier."""
        requests = (
            self.env["dunning.approval.request"]
            .sudo()
            .search([("state", "=", "pending")])
        )
        matrix = self._rows_of(requests.company_id)
        levels = {
            request.id: level_for(matrix[request.company_id], request._as_ask())
            for request in requests
        }
        requests._raise_level(levels)

    @api.model
    def _level_for(
        self, company, subject, action_type=None, amount=Decimal(0), discount=0, op=""
    ):
        """Level 0-4 that ``subject`` needs in ``company``; 0 = no approval.

        ``action_type``: a record of dunning.action.type or its code.
        """
        code = getattr(action_type, "code", action_type) or 0
        ask = Ask(
            subject,
            int(code),
            op or "",
            Decimal(str(amount or 0)),
            Decimal(str(discount or 0)),
        )
        return level_for(self._rows_of(company).get(company, ()), ask)

    @api.model
    def _rows_of(self, companies):
        """{company: rows that hold for it}, the group's and the parent's included."""
        heads = companies._dunning_heads()
        roots = {company: company.sudo().root_id for company in companies}
        wanted = companies.browse().union(*roots.values(), *heads.values())
        # a run looks at archived contracts too: archived rows count nowhere
        active = self.sudo().with_context(active_test=True)
        rules = active.search([("company_id", "in", wanted.ids)])
        rows = {}
        for company in companies:
            own, head = roots[company], heads.get(company)
            rows[company] = [
                rule._as_row()
                for rule in rules
                if rule.company_id == own
                or (rule.for_group and rule.company_id == head)
            ]
        return rows

    def _as_row(self):
        self.ensure_one()
        return MatrixRow(
            subject=self.subject,
            level=int(self.level),
            action=self.action_type_id.code or 0,
            op=self.op or "",
            amount_from=exact(self.amount_from),
            amount_to=exact(self.amount_to),
            discount_from=Decimal(str(round(self.discount_from, 2))),
            discount_to=Decimal(str(round(self.discount_to, 2))),
        )

    @api.model
    def _load_standard(self, companies):
        """The shipped matrix for those of ``companies`` that have no row."""
        having = self.with_context(active_test=False).search(
            [("company_id", "in", companies.ids)]
        )
        missing = companies - having.company_id
        if not missing:
            return self.browse()
        types = self.env["dunning.action.type"]._by_code()
        with STANDARD.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines, delimiter=";"))
        return self.with_context(tracking_disable=True).create(
            [
                self._prepare_standard_vals(row, company, types)
                for company in missing
                for row in rows
            ]
        )

    def _prepare_standard_vals(self, row, company, types):
        action = row["action"] and types.get(int(row["action"]))
        return {
            "company_id": company.id,
            "subject": row["subject"],
            "action_type_id": action.id if action else False,
            "op": row["op"] or False,
            "amount_from": float(row["amount_from"] or 0),
            "amount_to": float(row["amount_to"] or 0),
            "discount_from": float(row["discount_from"] or 0),
            "discount_to": float(row["discount_to"] or 0),
            "level": row["level"],
            "description": row["description"],
        }
