from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_date

from .day_words import day_count

ACTIVITY = "mail.mail_activity_data_warning"


class ResCompany(models.Model):
    _inherit = "res.company"

    dunning_max_payment_age = fields.Integer(
        string="Oldest payments",
        default=7,
        help="Days: with payments older than this the run refuses to ask for money."
        " 0: no limit.",
    )

    _dunning_max_payment_age_check = models.Constraint(
        "CHECK(dunning_max_payment_age >= 0)", "Days cannot be negative."
    )

    def _dunning_data_dates(self, today):
        """What is known of payments, as values of a run of ``today``.

        ``is_expected``: the company takes its payments from files or from statements
        of the bank, so that their absence means something.
        """
        self.ensure_one()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT (SELECT MAX(date) FROM account_payment
                         WHERE company_id = %(company)s AND payment_type = 'inbound'
                           AND state IN ('in_process', 'paid')),
                       (SELECT MAX(COALESCE(date_end, create_date))
                          FROM utility_import_batch
                         WHERE company_id = %(company)s AND dataset = 'payments'
                           AND state IN ('done', 'partial')),
                       (SELECT MAX(move.date)
                          FROM account_move move
                          JOIN account_journal journal ON journal.id = move.journal_id
                         WHERE move.company_id = %(company)s
                           AND move.state = 'posted'
                           AND journal.type IN ('bank', 'cash')),
                       EXISTS (SELECT 1 FROM utility_import_batch
                                WHERE company_id = %(company)s
                                  AND dataset = 'payments')
                       OR EXISTS (SELECT 1 FROM account_bank_statement_line
                                   WHERE company_id = %(company)s)
                """,
                company=self.id,
            )
        )
        ((payments, file, bank, expected),) = rows
        return {
            "payments_date": payments,
            "payments_file_date": file and file.date(),
            "bank_date": bank,
            "is_expected": expected or self._dunning_has_payment_source(),
            "max_age": self.dunning_max_payment_age,
        }

    def _dunning_has_payment_source(self):
        """Whether a folder is polled for files of payments."""
        sources = self.env["utility.import.source"].sudo()
        domain = [("company_id", "=", self.id)]
        profiles = sources.search(domain).profile_ids
        return "payments" in profiles.mapped("dataset")

    def _dunning_is_stale(self, known, today):
        """Whether ``known`` is too old to ask customers for money on ``today``.

        The file of payments counts; without any, the entries of the bank.
        """
        if not known["max_age"] or not known["is_expected"]:
            return False
        newest = known["payments_file_date"] or known["bank_date"]
        return not newest or (today - newest).days > known["max_age"]


class DunningRun(models.Model):
    """What a run knows of payments, and refuses when it knows too little."""

    _inherit = "dunning.run"

    @api.depends("payments_date", "payments_file_date", "bank_date", "date", "state")
    @api.depends_context("lang")
    def _compute_message(self):
        for run in self:
            parts = [run._get_data_sentence()]
            if run.state == "refused":
                parts.insert(0, run._get_refusal())
            run.message = " ".join(filter(None, parts))

    def _get_refusal(self):
        self.ensure_one()
        return self.env._(
            "Refused: nobody is asked for money on payments older than %(days)s.",
            days=day_count(self.env, self.max_age),
        )

    def _get_data_sentence(self):
        self.ensure_one()
        newest = self.payments_file_date or self.payments_date
        if not newest or not self.date:
            bank = self.bank_date and format_date(self.env, self.bank_date)
            if not bank:
                return self.env._("No payment has been acquired yet.")
            return self.env._("Bank entries until %(date)s.", date=bank)
        days = max(0, (self.date - newest).days)
        text = self.env._(
            "Payments acquired until %(date)s, %(days)s before the run.",
            date=format_date(self.env, newest),
            days=day_count(self.env, days),
        )
        if self.bank_date:
            bank = self.env._(
                "Bank entries until %(date)s.",
                date=format_date(self.env, self.bank_date),
            )
            text = f"{text} {bank}"
        return text

    def _tell_data_state(self):
        """Ask the credit managers to get the payments, once; take it back when a run
        goes through."""
        self.ensure_one()
        earlier = self.sudo().search(
            [("company_id", "=", self.company_id.id), ("state", "=", "refused")]
        )
        if self.state != "refused":
            earlier.activity_unlink([ACTIVITY])
            return
        if (earlier - self).activity_ids:
            return
        managers = (
            self.env.ref("creditbox_dunning.group_dunning_manager")
            .sudo()
            .all_user_ids.filtered(
                lambda user: user.active and self.company_id in user.company_ids
            )
        )
        for user in managers:
            self.sudo().activity_schedule(
                ACTIVITY,
                user_id=user.id,
                summary=self.with_context(lang=user.lang).env._("Dunning was refused"),
                note=self.with_context(lang=user.lang).message,
            )

    def _restart(self, order):
        """Begin a refused run after all, by ``order`` of a credit manager."""
        self.ensure_one()
        self._guarded().write({"state": "waiting", "finished_at": False})
        self.activity_feedback([ACTIVITY], feedback=order.reason)
        self.env.ref("creditbox_dunning.ir_cron_dunning_started").sudo()._trigger()
        return self
