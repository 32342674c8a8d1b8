from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.utility_supply.models.bulk import insert_rows, update_rows

OPERATOR = "creditbox_dunning.group_dunning_operator"


class ResCompany(models.Model):
    _inherit = "res.company"

    dunning_watch_user_id = fields.Many2one(
        "res.users",
        string="Watches the customers",
        help="Gets the alerts on customers that nobody follows by a case.",
    )


class DunningValuation(models.Model):
    """The watch list: who got worse, until somebody has looked."""

    _inherit = "dunning.valuation"

    def action_watch(self):
        """Button: put these customers on the watch list."""
        self._check_may_watch()
        if any(one.contract_id for one in self):
            raise UserError(
                self.env._("Whole customers are watched, not one of their supplies.")
            )
        todo = self.filtered(lambda one: not one.is_watched).sudo()
        today = fields.Date.context_today(self)
        todo._guarded().write(
            {"is_watched": True, "watched_on": today, "watch_user_id": self.env.uid}
        )
        todo._note("watched", today, self.env.uid)
        return True

    def action_seen(self):
        """Button: these customers were looked at: off the watch list, alerts done."""
        self._check_may_watch()
        todo = self.filtered("is_watched").sudo()
        today = fields.Date.context_today(self)
        todo._guarded().write(
            {"is_watched": False, "watch_user_id": self.env.uid, "worse": False}
        )
        todo._note("seen", today, self.env.uid)
        todo.activity_feedback(["mail.mail_activity_data_todo"])
        return True

    def _check_may_watch(self):
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group(OPERATOR):
            raise AccessError(self.env._("Only CreditBox users keep the watch list."))

    def _note(self, kind, today, user_id, notes=None):
        """A line of history that says who did what."""
        insert_rows(
            self.env["dunning.valuation.history"].sudo(),
            [
                {
                    "valuation_id": one.id,
                    "company_id": one.company_id.id,
                    "date": today,
                    "kind": kind,
                    "score": one.score,
                    "band": one.band,
                    "exposure": one.exposure,
                    "overdue": one.overdue,
                    "note": (notes or {}).get(one.id) or None,
                    "user_id": user_id,
                }
                for one in self
            ],
        )

    def _put_on_watch(self, worse, today):
        """Watch those of ``worse`` ({id: what got worse}) and tell their owner."""
        if not worse:
            return
        update_rows(
            self,
            {
                id_: {"is_watched": True, "watched_on": today, "worse": why}
                for id_, why in worse.items()
            },
        )
        watched = self.browse(worse)
        company = watched.company_id
        watched._note(
            "watched", today, None, watched._worse_words(company.partner_id.lang)
        )
        watched._alert(today)

    def _worse_words(self, lang):
        """{id: what got worse} in the language of who reads it."""
        return {one.id: one.worse_text for one in self.with_context(lang=lang)}

    def _alert(self, today):
        """One activity for each customer that has none yet, for who follows it."""
        kind = self.env.ref("mail.mail_activity_data_todo")
        owners = self._owners()
        activities = self.env["mail.activity"].sudo()
        told = activities.search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )
        told = set(told.mapped("res_id"))
        model = self.env["ir.model"]._get_id(self._name)
        langs = {user.lang for user in owners.values() if user}
        words = {lang: self._worse_words(lang) for lang in langs}
        # no mail for each of them: the list is looked at, and may be long
        activities.with_context(mail_activity_quick_update=True).create(
            [
                {
                    "res_model_id": model,
                    "res_id": one.id,
                    "activity_type_id": kind.id,
                    "summary": words[user.lang][one.id],
                    "date_deadline": today,
                    "automated": True,
                    "user_id": user.id,
                }
                for one in self
                if one.id not in told and (user := owners[one.partner_id.id])
            ]
        )

    def _owners(self):
        """{customer id: who follows the customer's case, or the company's watcher}."""
        groups = self.env["dunning.case"]._read_group(
            [
                ("company_id", "=", self.company_id.id),
                ("partner_id", "in", self.partner_id.ids),
                ("state", "!=", "closed"),
                ("user_id.active", "=", True),
            ],
            ["partner_id"],
            ["user_id:recordset"],
        )
        owners = {partner.id: users[:1] for partner, users in groups}
        watcher = self.company_id.dunning_watch_user_id
        return {
            partner.id: owners.get(partner.id) or watcher for partner in self.partner_id
        }
