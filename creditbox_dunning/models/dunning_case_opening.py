from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.bulk import insert_rows, update_rows

OPEN_CHUNK = 1000
# the columns of `_missing_sql`
OPENING = (
    "group_key",
    "partner_id",
    "due_date",
    "amount_due",
    "contract_id",
    "service",
    "customer_type",
    "billing_account",
    "sales_network",
    "division",
)


class DunningCase(models.Model):
    """Opening: which receivables are followed, and by which case.

    Everything here is one statement for all the receivables of a company: their number
    does not change the number of statements (but for the creation of new cases, which
    goes in chunks). Which receivables belong together is said by their group key, see
    `dunning_case_group.py`.
    """

    _inherit = "dunning.case"

    def _open_for_company(self, company, today, is_dry=False):
        """Put every overdue receivable of ``company`` in its case on ``today``.

        ``is_dry``: the caller will undo it all; no number of the sequence is used up.
        Returns {"opened": n, "reopened": n, "joined": n}.
        """
        lines = self.env["account.move.line"]
        lines.flush_model()
        self.env["account.move"].flush_model()
        self.env["utility.contract"].flush_model()
        self.flush_model()
        reopened = self._reopen(company, today)
        joined = self._join(company, today)
        opened = self._open_missing(company, today, is_dry)
        if opened:
            joined += self._join(company, today)
        self._settle_groups(company)
        lines.invalidate_model(["dunning_case_id"])
        self.invalidate_model()
        return {"opened": opened, "reopened": reopened, "joined": joined}

    def _overdue_sql(self, company, today):
        """Receivables that are overdue on ``today`` and that no case follows.

        Per instalment (style: dun on lines, not on the bill's last due date). Left out:
        what the accountant excluded (`no_followup`) or blocked. Credit notes come along
        whatever their date, to lower what is asked.
        """
        return SQL(
            """
            SELECT line.id, line.partner_id, line.date_maturity, line.amount_residual,
                   contract.id AS contract_id, contract.service,
                   contract.customer_type, contract.billing_account,
                   %(group_key)s AS group_key
              FROM account_move_line line
              JOIN account_move move ON move.id = line.move_id
         LEFT JOIN utility_contract contract
                ON contract.id = COALESCE(line.utility_contract_id,
                                          move.utility_contract_id)
             WHERE line.company_id = %(company)s
               AND line.display_type = 'payment_term'
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.dunning_case_id IS NULL
               AND line.partner_id IS NOT NULL
               AND move.move_type IN ('out_invoice', 'out_refund')
               AND line.no_followup IS NOT TRUE
               AND COALESCE(move.payment_state, '') != 'blocked'
               AND (line.amount_residual < 0
                    OR (line.amount_residual > 0 AND line.date_maturity < %(today)s))
            """,
            group_key=self._group_key_sql(company),
            company=company.id,
            today=today,
        )

    def _join(self, company, today):
        """Add the loose receivables to the open case of their group.

        A supply that has a case of its own stays with it, even if the setting now puts
        it together with others.
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_move_line line
                   SET dunning_case_id = found.case_id
                  FROM (SELECT DISTINCT ON (overdue.id) overdue.id,
                               kase.id AS case_id
                          FROM (%(overdue)s) overdue
                    CROSS JOIN LATERAL (
                               VALUES ('contract:' || overdue.contract_id, 1),
                                      (overdue.group_key, 2)) wanted(key, rank)
                          JOIN dunning_case kase
                            ON kase.company_id = %(company)s
                           AND kase.state != 'closed'
                           AND kase.group_key = wanted.key
                      ORDER BY overdue.id, wanted.rank) found
                 WHERE line.id = found.id
                """,
                overdue=self._overdue_sql(company, today),
                company=company.id,
            )
        )
        return self.env.cr.rowcount

    def _open_missing(self, company, today, is_dry=False):
        """Open a case for each group with loose overdue bills; returns how many.

        The groups come by a cursor of the database and are forgotten chunk by chunk:
        memory does not grow with them.
        """
        self.env.cr.execute(
            SQL(
                "DECLARE dunning_opening NO SCROLL CURSOR FOR %s",
                self._missing_sql(company, today),
            )
        )
        shared = {
            "company_id": company.id,
            "table_id": self.env["dunning.action.table"]._published_for(company).id,
            "opened_on": today,
            "next_action_type_id": False,
        }
        opened = 0
        while rows := self.env.execute_query(
            SQL("FETCH FORWARD %s FROM dunning_opening", OPEN_CHUNK)
        ):
            # a trial uses up no number of the sequence
            names = [f"?{opened + number}" for number in range(len(rows))]
            names = names if is_dry else self._next_names(company, len(rows))
            insert_rows(
                self.sudo(),
                [
                    {"name": name, **dict(zip(OPENING, row, strict=True)), **shared}
                    for name, row in zip(names, rows, strict=True)
                ],
            )
            self.flush_model()
            self.invalidate_model()
            opened += len(rows)
        self.env.cr.execute("CLOSE dunning_opening")
        return opened

    def _missing_sql(self, company, today):
        """The groups with loose overdue bills: the columns named in ``OPENING``.

        What is the supply's is told when all bills are of one supply.
        """
        return SQL(
            """
            SELECT found.group_key, found.partner_id, found.due_date, found.amount,
                   contract.id, found.service, found.customer_type,
                   found.billing_account, contract.sales_network, contract.division
              FROM (SELECT group_key,
                           (array_agg(partner_id ORDER BY date_maturity, id))[1]
                               AS partner_id,
                           MIN(date_maturity) AS due_date,
                           SUM(amount_residual) AS amount,
                           CASE WHEN COUNT(DISTINCT contract_id) = 1
                                 AND COUNT(contract_id) = COUNT(*)
                                THEN MIN(contract_id) END AS contract_id,
                           CASE WHEN COUNT(DISTINCT service) = 1
                                THEN MIN(service) END AS service,
                           MIN(customer_type) AS customer_type,
                           CASE WHEN group_key LIKE 'account:%%'
                                THEN MIN(billing_account) END AS billing_account
                      FROM (%(overdue)s) overdue
                     WHERE amount_residual > 0
                  GROUP BY group_key) found
         LEFT JOIN utility_contract contract ON contract.id = found.contract_id
          ORDER BY found.due_date, found.contract_id, found.partner_id
            """,
            overdue=self._overdue_sql(company, today),
        )

    def _next_names(self, company, count):
        """``count`` numbers of the company's sequence in one statement."""
        sequence = (
            self.env["ir.sequence"]
            .sudo()
            .search(
                [
                    ("code", "=", "dunning.case"),
                    ("company_id", "=", company.root_id.id),
                ],
                limit=1,
            )
        )
        if not sequence:
            company.root_id._dunning_set_up()
            return self._next_names(company, count)
        if sequence.implementation != "standard" or sequence.use_date_range:
            return [sequence.next_by_id() for _number in range(count)]
        rows = self.env.execute_query(
            SQL(
                "SELECT nextval(%s) FROM generate_series(1, %s)",
                f"ir_sequence_{sequence.id:03d}",
                count,
            )
        )
        prefix, suffix = sequence._get_prefix_suffix()
        return [f"{prefix}{number:0{sequence.padding}d}{suffix}" for (number,) in rows]

    def _reopen(self, company, today):
        """Closed cases of which a receivable is open again (a payment was returned).

        The case goes on at the step that it had left: its round and its actions are
        untouched. When the supply meanwhile has another open case, the receivable
        moves there.
        """
        loose = self._loose_receivables_sql(company, today)
        cases = self._revive(loose, today)
        # those of the cases that stay closed join the supply's open one
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_move_line line
                   SET dunning_case_id = NULL
                  FROM (%(loose)s) loose
                 WHERE line.id = loose.id
                """,
                loose=loose,
            )
        )
        self.invalidate_model()
        text = self.env._(
            "A payment was returned: the bill is open again and the case goes on where"
            " it was."
        )
        cases._message_log_batch(dict.fromkeys(cases.ids, text))
        return len(cases)

    def _loose_receivables_sql(self, company, today):
        """Overdue open receivables (id, case_id) that hang on a closed case."""
        return SQL(
            """
            SELECT line.id, line.dunning_case_id AS case_id
              FROM account_move_line line
              JOIN dunning_case kase ON kase.id = line.dunning_case_id
              JOIN account_move move ON move.id = line.move_id
             WHERE kase.company_id = %(company)s
               AND kase.state = 'closed'
               AND line.no_followup IS NOT TRUE
               AND COALESCE(move.payment_state, '') != 'blocked'
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.amount_residual > 0
               AND line.date_maturity < %(today)s
            """,
            company=company.id,
            today=today,
        )

    def _revive(self, loose, today):
        """Open again, of the closed cases of each group, the last one.

        :param loose: SQL of ``_loose_receivables_sql``
        :return: the cases opened again
        """
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE dunning_case kase
                   SET state = 'open', closed_on = NULL, close_reason = NULL,
                       reopened_on = %(today)s, reopen_reasons = %(reasons)s
                 WHERE kase.id IN (
                       SELECT MAX(closed.id)
                         FROM dunning_case closed
                         JOIN (%(loose)s) loose ON loose.case_id = closed.id
                        WHERE NOT EXISTS (
                              SELECT 1
                                FROM dunning_case other
                               WHERE other.company_id = closed.company_id
                                 AND other.state != 'closed'
                                 AND other.group_key = closed.group_key)
                     GROUP BY closed.group_key)
             RETURNING kase.id
                """,
                today=today,
                reasons='[{"code": "payment_returned", "params": {}}]',
                loose=loose,
            )
        )
        return self.browse(case_id for (case_id,) in rows).sudo()

    def _close(self, cases, today, reason="paid"):
        """Close ``cases``, one statement for all; their chatter tells it.

        What was not sent is withdrawn by the engine.
        """
        if not cases:
            return
        told = {
            "state": "closed",
            "closed_on": today,
            "close_reason": reason,
            "next_rule_id": False,
            "next_date": False,
            "next_kind": False,
            "next_since": False,
            "next_reasons": False,
        }
        update_rows(cases.sudo(), dict.fromkeys(cases.ids, told))
        reasons = dict(self._fields["close_reason"]._description_selection(self.env))
        text = f"{self.env._('Closed')}: {reasons[reason]}"
        cases.sudo()._message_log_batch(dict.fromkeys(cases.ids, text))

    def _today(self, company):
        """Today where the company is: a server in another time zone is no excuse."""
        zone = company.partner_id.tz or "Europe/Rome"
        return fields.Date.context_today(self.with_context(tz=zone))
