import hashlib

from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.bulk import update_changed

from ..rules import eligibility, lifecycle

# Each part: (practice, what is told of it), a row for each fact that the conditions,
# the amount or the window rest on. ``mine`` are the practices, ``bills`` the journal
# items of their bills, ``notices`` the notices of their contract or bills.
PARTS = (
    """
    SELECT mine.id, ROW(mine.sector, mine.date_start, mine.date_end,
           mine.prev_cmor_amount, mine.partner_id, mine.art4_key,
           mine.art4_declared_by_id, contract.end_reason, point.voltage_level,
           point.gas_use, point.annual_smc)::text
      FROM mine
 LEFT JOIN utility_contract contract ON contract.id = mine.contract_id
 LEFT JOIN utility_supply_point point ON point.id = mine.supply_point_id
    """,
    """
    SELECT mine.id, ROW(line.move_id, line.is_excluded)::text
      FROM mine JOIN cmor_practice_line line ON line.practice_id = mine.id
    """,
    """
    SELECT mine.id, ROW(answer.code, answer.computed_result, answer.facts_key,
           answer.declared_result, answer.declared_key)::text
      FROM mine JOIN cmor_practice_condition answer ON answer.practice_id = mine.id
    """,
    """
    SELECT bills.practice, ROW(bills.line, bills.balance, bills.residual, move.id,
           move.name, move.billing_ref, move.amount_total, move.invoice_date,
           move.invoice_date_due, move.consumption_from, move.consumption_to,
           move.reading_kind, move.recalculation_kind, move.is_closing_bill,
           move.other_services_amount, move.billing_residual,
           move.billing_residual_date, move.reversed_entry_id,
           reversed.consumption_from, reversed.consumption_to)::text
      FROM bills JOIN account_move move ON move.id = bills.move
 LEFT JOIN account_move reversed ON reversed.id = move.reversed_entry_id
    """,
    """
    SELECT bills.practice, ROW(charge.id, charge.contract_id, charge.amount)::text
      FROM bills JOIN utility_charge charge ON charge.move_id = bills.move
     WHERE charge.cmor_practice_id IS NOT NULL
       AND charge.state IN ('confirmed', 'invoiced')
    """,
    """
    SELECT notices.practice, ROW(notice.id, notice.ref, notice.contract_id,
           notice.is_formal_notice, notice.channel, notice.cmor_warning,
           notice.sent_date, notice.notified_date, notice.pay_term,
           ARRAY(SELECT rel.move_id FROM utility_notice_account_move_rel rel
                  WHERE rel.notice_id = notice.id ORDER BY 1),
           EXISTS (SELECT FROM utility_notice_attachment_rel rel
                    WHERE rel.notice_id = notice.id))::text
      FROM notices JOIN utility_notice notice ON notice.id = notices.notice
    """,
    """
    SELECT mine.id, ROW(other.code, other.date_start, other.date_end,
           other.end_reason, other.partner_id)::text
      FROM mine JOIN utility_contract other
        ON other.supply_point_id = mine.supply_point_id
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
               FROM mine JOIN account_move_line line
                 ON line.utility_contract_id = mine.contract_id
              WHERE line.display_type = 'payment_term'
                AND line.parent_state = 'posted'
          UNION ALL
             SELECT mine.id, line.id, line.move_id, line.balance, line.amount_residual
               FROM mine JOIN account_move move
                 ON move.utility_contract_id = mine.contract_id
               JOIN account_move_line line ON line.move_id = move.id
              WHERE line.utility_contract_id IS NULL
                AND line.display_type = 'payment_term'
                AND line.parent_state = 'posted'),
         notices AS (
             SELECT mine.id AS practice, notice.id AS notice
               FROM mine JOIN utility_notice notice
                 ON notice.contract_id = mine.contract_id
              UNION
             SELECT bills.practice, rel.notice_id
               FROM bills JOIN utility_notice_account_move_rel rel
                 ON rel.move_id = bills.move)
    SELECT practice, md5(string_agg(told, chr(10) ORDER BY told))
      FROM ({" UNION ALL ".join(PARTS)}) AS facts (practice, told)
  GROUP BY practice
"""  # noqa: S608 made of constants

# what the fields of a practice tell before its facts are asked for
LOOKED_AT = [
    "company_id",
    "sector",
    "state",
    "verdict",
    "art4_declared_by_id",
    "facts_digest",
    "evaluated_on",
    "window_open",
    "window_close",
    "window_open_earliest",
    "window_close_latest",
]


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
        query = SQL(QUERY, ids=self.ids, dead=list(lifecycle.DEAD_STATES))
        told = dict(self.env.execute_query(query))
        found = {}
        for practice in self:
            role = roles.get((company.id, practice.sector))
            phase = eligibility.phase(practice._window(), today, terms)
            text = f"{phase}|{terms}|{role and role.id}|{told[practice.id]}"
            found[practice.id] = hashlib.sha256(text.encode()).hexdigest()
        return found

    def _untouched(self, today):
        """Ids of those that may leave as they were checked last: the same facts, on a
        day of the same phase.

        One question about thousands: of a few at a time the database looks through
        whole tables, once for each of them.

        :param date today: the day that the window is judged on
        """
        self.fetch(LOOKED_AT)
        ready = self._fine().filtered(
            lambda p: p.facts_digest and p.evaluated_on and p.evaluated_on <= today
        )
        found = set()
        for company, practices in ready.grouped("company_id").items():
            now = practices._facts_digests(company, today)
            found.update(p.id for p in practices if p.facts_digest == now[p.id])
        return found

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
