import csv

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import file_open
from odoo.tools.translate import LazyTranslate

from ..rules.score import Limits, Table, faults
from .amounts import exact
from .valuation_texts import fault_words

_lt = LazyTranslate(__name__)
STANDARD = "creditbox_dunning/tables/default_score_table.csv"
TOPS = ("top_a", "top_b", "top_c", "top_d")


class DunningScoreTable(models.Model):
    """One version of a company's score table, with its bands and thresholds.

    Drafts are edited; a published version is frozen, as those of the action table are:
    a score names the version that it was made with.
    """

    _name = "dunning.score.table"
    _description = "Score table"
    _inherit = ("mail.thread", "utility.versioned.mixin")
    _order = "company_id, version desc, id desc"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    _guarded_fields = frozenset({"date_published", "is_standard"})
    _version_content = frozenset(
        {
            "company_id",
            "row_ids",
            *TOPS,
            "watch_bands",
            "watch_points",
            "watch_overdue",
            "switch_limit",
            "switch_months",
            "left_debt",
        }
    )

    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_published = fields.Date(readonly=True, copy=False)
    is_standard = fields.Boolean(
        readonly=True,
        copy=False,
        help="Published by the program for a new company: nobody chose it.",
    )
    row_ids = fields.One2many("dunning.score.row", "table_id", copy=True)
    top_a = fields.Integer(string="Band A up to", default=10)
    top_b = fields.Integer(string="Band B up to", default=30)
    top_c = fields.Integer(string="Band C up to", default=60)
    top_d = fields.Integer(
        string="Band D up to", default=90, help="Above it the band is E."
    )
    watch_bands = fields.Integer(
        string="Bands lost",
        default=1,
        help="A customer who loses so many bands goes onto the watch list; 0 = never.",
    )
    watch_points = fields.Integer(
        string="Points more",
        help="So many risk points more since last night; 0 = never.",
    )
    watch_overdue = fields.Monetary(
        string="Overdue more",
        default=1000,
        help="So much more overdue since last night; 0 = never.",
    )
    switch_limit = fields.Integer(
        string="More than so many switches",
        default=2,
        help="Supplies gone to another seller in the months told; 0 = not looked at.",
    )
    switch_months = fields.Integer(string="Switches in so many months", default=24)
    left_debt = fields.Monetary(
        string="Debt left behind",
        default=50,
        help="Overdue of a supply that went to another seller, from this amount on;"
        " 0 = not looked at.",
    )

    _version_uniq = models.UniqueIndex(
        "(company_id, version) WHERE version > 0", "This version exists already."
    )
    _one_published = models.UniqueIndex(
        "(company_id) WHERE state = 'published'",
        "A company follows one published score table.",
    )
    _limits_check = models.Constraint(
        "CHECK(top_a >= 0 AND watch_bands >= 0 AND watch_points >= 0"
        " AND watch_overdue >= 0 AND switch_limit >= 0 AND left_debt >= 0"
        " AND switch_months BETWEEN 1 AND 240)",
        "Limits cannot be negative; the months go from 1 to 240.",
    )

    # actions

    def action_publish(self):
        """Freeze the draft and make it the version that the nightly valuation uses."""
        self.ensure_one()
        self._check_may_edit()
        self._check_to_publish()
        wrong = fault_words(self.env, faults(self._as_table()))
        if wrong:
            raise UserError("\n".join(wrong))
        self._publish()

    def action_new_version(self):
        """A draft with the same rows, opened for editing."""
        self.ensure_one()
        self._check_may_edit()
        return self.copy()._open_form()

    # business

    def _check_may_edit(self):
        if not self.env.su and not self.env.user.has_group(
            "creditbox_dunning.group_dunning_admin"
        ):
            raise AccessError(
                self.env._("Only a CreditBox administrator changes the score table.")
            )
        self.check_access("write")

    def _versions_domain(self):
        # OVERRIDE utility.versioned.mixin
        return [("company_id", "=", self.company_id.id)]

    def _published_values(self):
        # EXTENDS utility.versioned.mixin
        return {
            **super()._published_values(),
            "date_published": fields.Date.context_today(self),
        }

    @api.model
    def _published_for(self, company):
        """The version that values the customers of ``company``.

        A branch follows the company it belongs to; who chose none gets the standard.
        """
        tables = self.sudo()
        for owner in dict.fromkeys((company, company.root_id)):
            found = tables.search(
                [("company_id", "=", owner.id), ("state", "=", "published")], limit=1
            )
            if found:
                return found
        table = self._load_standard(company.root_id)
        table._publish(is_standard=True)
        return table

    @api.model
    def _load_standard(self, company):
        """A draft with the shipped rows."""
        with file_open(STANDARD, "r") as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        return self.sudo().create(
            {
                "name": _lt("Standard table")._translate("it_IT"),
                "company_id": company.id,
                "row_ids": [
                    fields.Command.create(
                        {
                            "measure": row["measure"],
                            "value_from": float(row["from"]),
                            "value_to": float(row["to"] or 0),
                            "points": int(row["points"]),
                        }
                    )
                    for row in rows
                ],
            }
        )

    def _as_table(self):
        """This version as plain values of ``rules.score``."""
        self.ensure_one()
        return Table(self.row_ids._as_rows(), tuple(self[name] for name in TOPS))

    def _as_limits(self):
        """The thresholds of this version as plain values."""
        self.ensure_one()
        return Limits(
            bands=self.watch_bands,
            points=self.watch_points,
            overdue=exact(self.watch_overdue),
            switches=self.switch_limit,
            left_debt=exact(self.left_debt),
        )
