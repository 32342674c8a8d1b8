from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from ..rules.prescription import NOTICE, Act, clock

# cases whose dates are counted together
CHUNK = 2000
JUDGEMENT_YEARS = 10
# only these customers have the short prescription; who is no consumer, professional or
# micro-enterprise for certain has the long one
LONG_PRESCRIPTION = frozenset({"large", "public_body"})


class DunningPrescription(models.AbstractModel):
    """The clocks of many receivables: their acts read at once, counted by the rules."""

    _name = "dunning.prescription"
    _description = "Clock of prescription"

    @api.model
    def _acts_of(self, contracts, move_ids):
        """({move id: {acts}}, {contract id: {acts}}): formal notices that arrived and
        acts with proof. The second: those that name no bill and hold for all of them.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT notice.contract_id, rel.move_id, notice.notified_date,
                       'notice', NULL::date
                  FROM utility_notice notice
             LEFT JOIN utility_notice_account_move_rel rel
                    ON rel.notice_id = notice.id
                 WHERE notice.contract_id = ANY(%(contracts)s)
                   AND notice.is_formal_notice
                   AND notice.notified_date IS NOT NULL
                   AND (rel.move_id IS NULL OR rel.move_id = ANY(%(moves)s))
             UNION ALL
                SELECT "case".contract_id, rel.move_id, act.date, act.kind, act.until
                  FROM dunning_prescription_act act
                  JOIN dunning_case "case" ON "case".id = act.case_id
             LEFT JOIN dunning_prescription_act_move_rel rel ON rel.act_id = act.id
                 WHERE "case".contract_id = ANY(%(contracts)s)
                   AND act.state = 'valid'
                   AND EXISTS (
                       SELECT FROM dunning_prescription_act_attachment_rel proof
                        WHERE proof.act_id = act.id)
                   AND (rel.move_id IS NULL OR rel.move_id = ANY(%(moves)s))
                """,
                contracts=contracts.ids,
                moves=move_ids,
            )
        )
        moves, whole = defaultdict(set), defaultdict(set)
        for contract_id, move_id, day, kind, until in rows:
            act = Act(day, kind or NOTICE, until)
            (moves[move_id] if move_id else whole[contract_id]).add(act)
        return moves, whole

    @api.model
    def _clocks(self, numbers):
        """Function (service, customer type, due, acts) -> rules.prescription.Clock, or
        None when no number says how long. Bills fall due on few days: what is the same
        is counted once."""
        known = {}

        def tell(service, customer_type, due, acts):
            service = "" if customer_type in LONG_PRESCRIPTION else service or ""
            key = (service, due, frozenset(acts))
            if key not in known:
                years = numbers.get(service, "prescription_years", due)
                judged = numbers.get("", "judgement_years", due)
                known[key] = years and clock(
                    due,
                    years.count,
                    acts,
                    judged.count if judged else JUDGEMENT_YEARS,
                )
            return known[key]

        return tell

    @api.model
    def _dates_of(self, cases):
        """{case id: {line id: (expires, since)}} of the open receivables of ``cases``;
        expires None while a lawsuit goes on."""
        if not cases:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.dunning_case_id, line.id, line.move_id, line.date_maturity,
                       contract.id, contract.service, contract.customer_type
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                  JOIN dunning_case "case" ON "case".id = line.dunning_case_id
             LEFT JOIN utility_contract contract
                    ON contract.id = COALESCE("case".contract_id,
                       line.utility_contract_id, move.utility_contract_id)
                 WHERE line.dunning_case_id = ANY(%s)
                   AND line.parent_state = 'posted'
                   AND line.reconciled IS NOT TRUE
                   AND line.amount_residual > 0
                   AND line.date_maturity IS NOT NULL
                """,
                cases.ids,
            )
        )
        contracts = self.env["utility.contract"].browse(
            {row[4] for row in rows if row[4]}
        )
        moves, whole = self._acts_of(contracts, [row[2] for row in rows])
        tell = self._clocks(self.env["dunning.legal.parameter"]._parameters())
        found = defaultdict(dict)
        for case_id, line_id, move_id, due, contract_id, service, kind in rows:
            acts = moves.get(move_id, set()) | whole.get(contract_id, set())
            told = tell(service, kind, due, acts)
            if told:
                found[case_id][line_id] = (told.expires, told.since)
        return found

    @api.model
    def _cron_refresh(self):
        """Count again the dates of all open cases, chunk by chunk. Commits."""
        cases = self.env["dunning.case"].sudo()
        last = 0
        while True:
            some = cases.search(
                [("id", ">", last), ("state", "!=", "closed")], order="id", limit=CHUNK
            )
            if not some:
                break
            last = some[-1].id
            some._refresh_prescription()
            if self.env["dunning.outbox"]._commit(len(some)) <= 0:
                break
