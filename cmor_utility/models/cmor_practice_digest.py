import hashlib

from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.bulk import update_changed

from ..rules import eligibility, lifecycle
from .cmor_practice_facts import COST_KINDS, OPEN_CREDITS

# Each part: (practice, what is told of it), a row for each fact that the conditions,
# the amount or the window rest on. ``mine`` are the practices, ``bills`` the journal
# items of their bills, ``notices`` the notices of their contract or bills.
#
# LATERAL with OFFSET 0 keeps PostgreSQL from joining whole tables: of some hundreds out
# of ten thousand it would read each table from end to end, once for every chunk.
PARTS = (
    """
    SELECT mine.id, ROW(mine.sector, mine.date_start, mine.date_end,
           mine.prev_cmor_amount, mine.partner_id, mine.art4_key,
           mine.art4_declared_by_id, mine.complaint_on, mine.complaint_answered_on,
           contract.end_reason, point.voltage_level, point.gas_use,
           point.annual_smc)::text
      FROM mine
 LEFT JOIN utility_contract contract ON contract.id = mine.contract_id
 LEFT JOIN utility_supply_point point ON point.id = mine.supply_point_id
    """,
    """
    SELECT mine.id, ROW(line.move_id, line.is_excluded)::text
      FROM mine CROSS JOIN LATERAL (
           SELECT * FROM cmor_practice_line WHERE practice_id = mine.id OFFSET 0) line
    """,
    """
    SELECT mine.id, ROW(answer.code, answer.computed_result, answer.facts_key,
           answer.declared_result, answer.declared_key)::text
      FROM mine CROSS JOIN LATERAL (
           SELECT * FROM cmor_practice_condition WHERE practice_id = mine.id
           OFFSET 0) answer
    """,
    """
    SELECT bills.practice, ROW(bills.line, bills.balance, bills.residual, move.id,
           move.name, move.billing_ref, move.amount_total, move.invoice_date,
           move.invoice_date_due, move.consumption_from, move.consumption_to,
           move.reading_kind, move.recalculation_kind, move.is_closing_bill,
           move.other_services_amount, move.billing_residual,
           move.billing_residual_date, move.reversed_entry_id,
           reversed.consumption_from, reversed.consumption_to)::text
      FROM bills CROSS JOIN LATERAL (
           SELECT * FROM account_move WHERE id = bills.move OFFSET 0) move
 LEFT JOIN account_move reversed ON reversed.id = move.reversed_entry_id
    """,
    """
    SELECT bills.practice, ROW(charge.id, charge.contract_id, charge.amount)::text
      FROM bills JOIN utility_charge charge ON charge.move_id = bills.move
     WHERE (charge.cmor_practice_id IS NOT NULL OR charge.kind = ANY(%(kinds)s))
       AND charge.state IN ('confirmed', 'invoiced')
    """,
    f"""
    SELECT mine.id, ROW(item.id, item.amount_residual)::text
      FROM mine JOIN res_partner partner ON partner.id = mine.partner_id
     CROSS JOIN LATERAL ({OPEN_CREDITS.code}) item
    """,  # noqa: S608 made of constants
    """
    SELECT notices.practice, ROW(notice.id, notice.ref, notice.contract_id,
           notice.is_formal_notice, notice.channel, notice.cmor_warning,
           notice.sent_date, notice.notified_date, notice.pay_term,
           ARRAY(SELECT rel.move_id FROM utility_notice_account_move_rel rel
                  WHERE rel.notice_id = notice.id ORDER BY 1),
           EXISTS (SELECT FROM utility_notice_attachment_rel rel
                    WHERE rel.notice_id = notice.id))::text
      FROM notices CROSS JOIN LATERAL (
           SELECT * FROM utility_notice WHERE id = notices.notice OFFSET 0) notice
    """,
    """
    SELECT mine.id, ROW(other.code, other.date_start, other.date_end,
           other.end_reason, other.partner_id)::text
      FROM mine CROSS JOIN LATERAL (
           SELECT * FROM utility_contract
            WHERE supply_point_id = mine.supply_point_id OFFSET 0) other
    """,
    """
    SELECT mine.id, ROW(twin.name)::text
      FROM mine JOIN cmor_practice twin
        ON twin.supply_point_id = mine.supply_point_id AND twin.id != mine.id
       AND twin.partner_id = mine.partner_id AND twin.date_end = mine.date_end
     WHERE twin.side = 'outgoing' AND twin.state != ALL(%(dead)s)
    """,
)
QUERY = f"""
    WITH mine AS (SELECT * FROM cmor_practice WHERE id = ANY(%(ids)s)),
         bills AS (
             SELECT mine.id AS practice, line.id AS line, line.move_id AS move,
                    line.balance, line.amount_residual AS residual
               FROM mine CROSS JOIN LATERAL (
                    SELECT * FROM account_move_line
                     WHERE utility_contract_id = mine.contract_id OFFSET 0) line
              WHERE line.display_type = 'payment_term'
                AND line.parent_state = 'posted'
          UNION ALL
             SELECT mine.id, line.id, line.move_id, line.balance, line.amount_residual
               FROM mine CROSS JOIN LATERAL (
                    SELECT item.* FROM account_move move
                      JOIN account_move_line item ON item.move_id = move.id
                     WHERE move.utility_contract_id = mine.contract_id OFFSET 0) line
              WHERE line.utility_contract_id IS NULL
                AND line.display_type = 'payment_term'
                AND line.parent_state = 'posted'),
         notices AS (
             SELECT mine.id AS practice, notice.id AS notice
               FROM mine CROSS JOIN LATERAL (
                    SELECT id FROM utility_notice
                     WHERE contract_id = mine.contract_id OFFSET 0) notice
              UNION
             SELECT bills.practice, rel.notice_id
               FROM bills CROSS JOIN LATERAL (
                    SELECT notice_id FROM utility_notice_account_move_rel
                     WHERE move_id = bills.move OFFSET 0) rel)
    SELECT practice, md5(string_agg(told, chr(10) ORDER BY told))
      FROM ({" UNION ALL ".join(PARTS)}) AS facts (practice, told)
  GROUP BY practice
"""  # noqa: S608 made of constants


class CmorPractice(models.Model):
    """What was judged on the very same facts is not judged again.

    The facts are read again, by the database, as a digest: of a practice that nothing
    has touched since its last check the rules would say the same. Of the day they look
    at no more than where it stands in the window (``rules.eligibility.phase``).
    """

    _inherit = "cmor.practice"

    facts_digest = fields.Char(readonly=True, copy=False)

    def _facts_digests(self, company, today):
        """{practice id: digest of all that its check rests on}, as of now.

        :param date today: the day that the window is judged on
        """
        terms = self.env["cmor.parameter"]._terms(company, today)
        roles = self.env["cmor.company.role"]._find_roles(company, today)
        self.env.flush_all()
        # a plan of many look-ups seems dear enough to be compiled, which takes longer
        self.env.cr.execute("SET LOCAL jit = off")
        query = SQL(
            QUERY,
            ids=self.ids,
            dead=list(lifecycle.DEAD_STATES),
            kinds=list(COST_KINDS),
        )
        told, more = dict(self.env.execute_query(query)), self._digest_more()
        found = {}
        for practice in self:
            role = roles.get((company.id, practice.sector))
            phase = eligibility.phase(practice._window(), today, terms)
            text = f"{phase}|{terms}|{role and role.id}|{told[practice.id]}"
            if more.get(practice.id):
                text = f"{text}|{more[practice.id]}"
            found[practice.id] = hashlib.sha256(text.encode()).hexdigest()
        return found

    def _digest_more(self):
        """{practice id: text} of facts that other add-ons bring to the conditions."""
        return {}

    def _untouched(self, company, today):
        """Those that may leave as they were checked last: the same facts, on a day of
        the same phase.

        :param date today: the day that the window is judged on
        """
        ready = self._fine().filtered(
            lambda p: p.facts_digest and p.evaluated_on and p.evaluated_on <= today
        )
        if not ready:
            return ready
        now = ready._facts_digests(company, today)
        return ready.filtered(lambda p: p.facts_digest == now[p.id])

    def _keep_digests(self, company, today):
        """Remember the facts of those that nothing but a person keeps from leaving."""
        fine = self._fine()
        if fine:
            digests = fine._facts_digests(company, today)
            update_changed(fine, {p: {"facts_digest": digests[p.id]} for p in fine})

    def _fine(self):
        """Those that nothing but a person keeps from leaving."""
        return self.filtered(
            lambda p: (
                p.state in ("candidate", "ready")
                and p.verdict == "yes"
                and p.art4_declared_by_id
            )
        )
