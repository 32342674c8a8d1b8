from collections import Counter

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.bulk import insert_rows

from ..models.reason_texts import pack, unpack
from ..rules.facts import Reason

KINDS = [
    ("execute", "Would be done"),
    ("wait", "Waits"),
    ("park", "Parked"),
    ("stop", "A person has to decide"),
    ("close", "Would be closed"),
    ("left_out", "Bill in no case"),
]
# rows kept for the page; the counts are of all
SHOWN = 5000
CHUNK = 1000


class DunningRun(models.Model):
    """What a run would do, without doing it."""

    _inherit = "dunning.run"

    @api.model
    def dry_run(self, companies, today=None):
        """What :meth:`run_for` would decide, case by case; changes nothing.

        Works in a transaction of its own that is always undone, so that the cases
        which are not open yet are decided by the same code as the real ones. Returns a
        list of dicts: company_id, case_id (False when the run would open it), name,
        partner_id, contract_id, kind (execute, wait, park, stop, close, left_out),
        rule_id, date, channels, amount, lines (receivables listed), reasons (codes and
        figures), reason (in words), skipped ([(row id, reasons)]). Rights as for a run.
        """
        found = []
        days = self._check_days(companies, today)
        for company, day in days.items():
            self._as_runner(company)
            with self.env.registry.cursor() as cr:
                runs = self.with_env(self.env(cr=cr, su=True))
                runs = runs.with_company(company.id).with_context(active_test=False)
                found += runs._decide_all(runs.env.company, day)
                runs.env.clear()
                cr.rollback()
        return found

    def _decide_all(self, company, today):
        cases = self.env["dunning.case"]
        known = set(cases.search([("company_id", "=", company.id)]).ids)
        self.env["dunning.engine"]._refresh_lines(company, today, is_dry=True)
        live = cases.search(
            [("company_id", "=", company.id), ("state", "!=", "closed")], order="id"
        )
        found = []
        for start in range(0, len(live), CHUNK):
            chunk = cases.browse(live.ids[start : start + CHUNK])
            decisions, facts, _rounds, _outdated = self.env["dunning.engine"]._decide(
                chunk, today
            )
            found += [
                self._prepare_tryout(case, decision, facts[case.id], case.id in known)
                for case, decision in decisions.items()
            ]
            self.env.invalidate_all(flush=False)
        return found + self._left_out(company, today)

    def _prepare_tryout(self, case, decision, facts, is_known):
        packed = pack(decision.reasons)
        wanted = set(decision.lines)
        listed = [line for line in facts.lines if line.id in wanted]
        amount = sum(line.residual for line in listed) if listed else facts.amount
        return {
            "company_id": case.company_id.id,
            "case_id": case.id if is_known else False,
            "name": case.name if is_known else "",
            "partner_id": case.partner_id.id,
            "contract_id": case.contract_id.id,
            "kind": decision.kind,
            "rule_id": decision.rule.id if decision.rule else False,
            "date": decision.date or False,
            "channels": " + ".join(decision.channels),
            "amount": float(amount),
            "lines": sorted(wanted),
            "reasons": packed,
            "reason": unpack(self.env, packed, case.currency_id),
            "skipped": [(s.rule.id, pack(s.reasons)) for s in decision.skipped],
        }

    @api.model
    def _left_out(self, company, today):
        """The overdue receivables that no case follows, each with its reason."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.partner_id, line.amount_residual, line.id, line.move_name,
                       COALESCE(line.utility_contract_id, move.utility_contract_id),
                       CASE WHEN line.partner_id IS NULL THEN 'no_customer'
                            WHEN move.payment_state = 'blocked' THEN 'bill_blocked'
                            WHEN line.no_followup THEN 'bill_excluded'
                            WHEN move.move_type NOT IN ('out_invoice', 'out_refund')
                            THEN 'not_a_bill'
                            ELSE 'not_a_term' END
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                  JOIN account_account account ON account.id = line.account_id
             LEFT JOIN dunning_case kase ON kase.id = line.dunning_case_id
                 WHERE line.company_id = %(company)s
                   AND account.account_type = 'asset_receivable'
                   AND line.parent_state = 'posted'
                   AND line.reconciled IS NOT TRUE
                   AND line.amount_residual > 0
                   AND line.date_maturity < %(today)s
                   AND (kase.id IS NULL OR kase.state = 'closed')
              ORDER BY line.id
                """,
                company=company.id,
                today=today,
            )
        )
        currency = company.currency_id
        found = []
        for partner, amount, line, name, contract, code in rows:
            packed = pack((Reason.of(code, bill=name or ""),))
            found.append(
                {
                    "company_id": company.id,
                    "case_id": False,
                    "name": name or "",
                    "partner_id": partner or False,
                    "contract_id": contract or False,
                    "kind": "left_out",
                    "rule_id": False,
                    "date": False,
                    "channels": "",
                    "amount": float(amount),
                    "lines": [line],
                    "reasons": packed,
                    "reason": unpack(self.env, packed, currency),
                    "skipped": [],
                }
            )
        return found


class DunningTryout(models.TransientModel):
    """The page of a try-out: counts and the list of what would happen."""

    _name = "dunning.tryout"
    _description = "Try-out of a dunning run"

    date = fields.Date(string="Day", readonly=True)
    count_execute = fields.Integer(string="Would be done", readonly=True)
    count_skipped = fields.Integer(string="Rows left out", readonly=True)
    count_wait = fields.Integer(string="Wait", readonly=True)
    count_park = fields.Integer(string="Parked", readonly=True)
    count_stop = fields.Integer(string="For a person", readonly=True)
    count_close = fields.Integer(string="Would be closed", readonly=True)
    count_left_out = fields.Integer(string="Bills in no case", readonly=True)
    line_ids = fields.One2many("dunning.tryout.line", "tryout_id", readonly=True)

    @api.depends("date")
    def _compute_display_name(self):
        for tryout in self:
            tryout.display_name = self.env._("Try-out")

    @api.model
    def _make(self, companies, date):
        """The try-out of a run, as a record of the present user."""
        found = self.env["dunning.run"].dry_run(companies, date)
        counts = Counter(row["kind"] for row in found)
        tryout = self.create(
            {
                "date": date,
                "count_skipped": sum(len(row["skipped"]) for row in found),
                **{f"count_{kind}": counts[kind] for kind, _label in KINDS},
            }
        )
        order = {kind: number for number, (kind, _label) in enumerate(KINDS)}
        found.sort(key=lambda row: order[row["kind"]])
        names = [*self.env["dunning.tryout.line"]._copied, "case_id"]
        insert_rows(
            self.env["dunning.tryout.line"].sudo(),
            [
                {
                    "tryout_id": tryout.id,
                    "user_id": self.env.uid,
                    **{name: row[name] for name in names},
                }
                for row in found[:SHOWN]
            ],
        )
        return tryout

    def action_open_lines(self):
        """Button: the list by kind of decision."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try-out"),
            "res_model": "dunning.tryout.line",
            "view_mode": "list",
            "domain": [("tryout_id", "=", self.id)],
            "context": {"search_default_by_kind": 1},
        }


class DunningTryoutLine(models.TransientModel):
    """One case, or one bill in no case, of a try-out."""

    _name = "dunning.tryout.line"
    _description = "Line of a try-out"

    _copied = (
        "company_id",
        "name",
        "partner_id",
        "contract_id",
        "kind",
        "rule_id",
        "date",
        "channels",
        "amount",
        "reason",
    )

    tryout_id = fields.Many2one(
        "dunning.tryout", required=True, index=True, ondelete="cascade", readonly=True
    )
    user_id = fields.Many2one("res.users", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    case_id = fields.Many2one("dunning.case", readonly=True)
    name = fields.Char(string="Case or bill", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    contract_id = fields.Many2one("utility.contract", readonly=True)
    kind = fields.Selection(KINDS, string="What", readonly=True)
    rule_id = fields.Many2one("dunning.action.rule", string="Row", readonly=True)
    date = fields.Date(string="Not before", readonly=True)
    channels = fields.Char(readonly=True)
    amount = fields.Monetary(readonly=True)
    reason = fields.Char(string="Why", readonly=True)
