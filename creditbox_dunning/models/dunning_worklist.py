from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.misc import format_amount, format_date

# how far back what went wrong is still today's work
RECENT_DAYS = 30
AHEAD_DAYS = 7
# kinds of action that somebody carries out; all the others are messages
WORK_KINDS = ("technical", "agency", "settlement", "plan", "legal")
# model -> field that is summed beside the count
AMOUNTS = {
    "dunning.case": "amount_due",
    "dunning.action": "amount",
    "dunning.approval.request": "amount",
    "dunning.hold": "amount",
    "dunning.payment.plan": "amount_total",
    "utility.charge": "amount",
}


class DunningWorklist(models.AbstractModel):
    """What waits for a person today: lists with their count and euro.

    Nothing is stored: each list is a domain on a model, counted with the rights and in
    the companies of who asks. A list whose model the user may not read is not shown.
    """

    _name = "dunning.worklist"
    _description = "Worklists of today"

    @api.model
    def get_today(self):
        """The page "Today": RPC, with the rights of who asks.

        Returns {day, lists, companies, has_cases}; each list has key, title, help,
        icon, tone, count, amounts (text), companies (when there are several), the
        window action that opens it and ``elsewhere``: what waits in the companies of
        the same groups that are not ticked.
        """
        self.env["dunning.case"].check_access("read")
        today = fields.Date.context_today(self)
        lists = []
        for values in self._lists(today):
            if self.env[values["model"]].has_access("read"):
                lists.append(self._counted(values))
        return {
            "day": format_date(self.env, today, date_format="EEEE d MMMM y"),
            "lists": lists,
            "companies": self._companies(today),
            "has_cases": bool(self.env["dunning.case"].search_count([], limit=1)),
        }

    def _lists(self, today):
        """The lists in the order of the page."""
        return [
            *self._lists_of_decisions(today),
            *self._lists_of_sending(today),
            *self._lists_of_trouble(today),
            *self._lists_of_plans(today),
            *self._lists_of_cases(today),
        ]

    def _lists_of_decisions(self, today):
        level = self.env.user._dunning_group_level()
        return [
            {
                "key": "approve",
                "title": self.env._("To approve"),
                "help": self.env._("Requests of others that your level may decide."),
                "icon": "fa-gavel",
                "tone": "primary",
                "model": "dunning.approval.request",
                "domain": [
                    ("state", "=", "pending"),
                    ("required_level", "<=", level),
                    ("requested_by", "!=", self.env.uid),
                ],
            },
            {
                "key": "decide",
                "title": self.env._("A person has to decide"),
                "help": self.env._(
                    "The table has no more to say, or a step needs an address, a"
                    " choice, a look at the case."
                ),
                "icon": "fa-hand-paper-o",
                "tone": "warning",
                "model": "dunning.case",
                "domain": [("state", "!=", "closed"), ("next_kind", "=", "stop")],
            },
            {
                "key": "guard",
                "title": self.env._("Stopped by the law"),
                "help": self.env._(
                    "The legal guard forbids the next step as things stand: the case"
                    " says which rule and why."
                ),
                "icon": "fa-balance-scale",
                "tone": "warning",
                "model": "dunning.case",
                "domain": [("state", "!=", "closed"), ("is_guard_blocked", "=", True)],
            },
        ]

    def _lists_of_sending(self, today):
        """What the person does with a step: no step is in two of them.

        Steps that wait for an answer are in "To approve", as the requests they are.
        """
        return [
            {
                "key": "to_send",
                "title": self.env._("To be sent by hand"),
                "help": self.env._(
                    "Registered letters and PEC lie ready as files: send them, then"
                    " record the day."
                ),
                "icon": "fa-envelope-o",
                "tone": "primary",
                "model": "dunning.action",
                "domain": [
                    ("state", "=", "executing"),
                    ("action_type_id.kind", "not in", WORK_KINDS),
                    # what a provider carries waits for it, not for a person
                    ("communication_ids", "not any", [("provider_id", "!=", False)]),
                ],
            },
            {
                "key": "to_do",
                "title": self.env._("To be carried out"),
                "help": self.env._(
                    "Approved work of the technical office, the agency, settlements,"
                    " court: do it, then record what came of it."
                ),
                "icon": "fa-wrench",
                "tone": "primary",
                "model": "dunning.action",
                "domain": [
                    ("state", "in", ("approved", "executing")),
                    ("action_type_id.kind", "in", WORK_KINDS),
                ],
            },
            {
                "key": "refused_steps",
                "title": self.env._("Steps refused"),
                "help": self.env._(
                    "Nobody waits for an answer any more: ask again, or record"
                    " what was done instead."
                ),
                "icon": "fa-ban",
                "tone": "warning",
                "model": "dunning.action",
                "domain": [
                    ("state", "=", "waiting_approval"),
                    ("approval_state", "=", "refused"),
                ],
            },
        ]

    def _lists_of_trouble(self, today):
        since = fields.Date.to_string(today - timedelta(days=RECENT_DAYS))
        now = fields.Datetime.to_string(fields.Datetime.now())
        return [
            {
                "key": "failed",
                "title": self.env._("Failed steps"),
                "help": self.env._(
                    "Steps of the last 30 days that could not be done, on cases that"
                    " are still open."
                ),
                "icon": "fa-exclamation-triangle",
                "tone": "danger",
                "model": "dunning.action",
                "domain": [
                    ("state", "=", "failed"),
                    ("planned_date", ">=", since),
                    ("case_id.state", "!=", "closed"),
                ],
            },
            {
                "key": "messages",
                "title": self.env._("Messages failed or uncertain"),
                "help": self.env._("They may not have left: look before sending again"),
                "icon": "fa-question-circle-o",
                "tone": "danger",
                "model": "dunning.communication",
                "domain": [
                    "|",
                    ("state", "=", "uncertain"),
                    "&",
                    ("state", "=", "failed"),
                    ("create_date", ">=", since),
                ],
            },
            {
                "key": "providers",
                "title": self.env._("Providers stopped"),
                "help": self.env._(
                    "Nothing leaves by them, or they do not answer: put right what is"
                    " wrong, then start them again."
                ),
                "icon": "fa-plug",
                "tone": "danger",
                "model": "dunning.service.provider",
                "domain": [
                    "|",
                    ("state", "=", "stopped"),
                    ("paused_until", ">", now),
                ],
            },
            *self._lists_of_runs(today),
        ]

    def _lists_of_runs(self, today):
        week = fields.Date.to_string(today - timedelta(days=7))
        return [
            {
                "key": "refused",
                "title": self.env._("Runs refused"),
                "help": self.env._(
                    "Payments or bank entries are too old to dun upon: load them, then"
                    " run again."
                ),
                "icon": "fa-hourglass-end",
                "tone": "danger",
                "model": "dunning.run",
                "domain": [
                    ("state", "=", "refused"),
                    ("date", ">=", week),
                ],
            },
            {
                "key": "errors",
                "title": self.env._("Cases left out by a run"),
                "help": self.env._("An error stopped them: the others went on."),
                "icon": "fa-bug",
                "tone": "danger",
                "model": "dunning.run",
                "domain": [
                    ("state", "=", "partial"),
                    ("date", ">=", week),
                ],
            },
        ]

    def _lists_of_plans(self, today):
        soon = fields.Date.to_string(today + timedelta(days=AHEAD_DAYS))
        now = fields.Date.to_string(today)
        return [
            {
                "key": "holds",
                "title": self.env._("Suspensions that end"),
                "help": self.env._(
                    "They end within seven days, or had to be checked by now: answer,"
                    " extend or let them end."
                ),
                "icon": "fa-pause-circle-o",
                "tone": "info",
                "model": "dunning.hold",
                "domain": [
                    ("state", "=", "active"),
                    "|",
                    ("resume_date", "<=", soon),
                    ("check_date", "<=", now),
                ],
            },
            {
                "key": "disputes",
                "title": self.env._("Disputes to answer"),
                "help": self.env._(
                    "Bills that customers dispute: the answer is due within seven days,"
                    " or was due."
                ),
                "icon": "fa-comments-o",
                "tone": "warning",
                "model": "dunning.hold",
                "domain": [
                    ("is_dispute", "=", True),
                    ("answered_on", "=", False),
                    ("end_reason", "in", (False, "date")),
                    ("answer_date", "<=", soon),
                ],
            },
            {
                "key": "week",
                "title": self.env._("Next seven days"),
                "help": self.env._("What the runs will do by themselves this week."),
                "icon": "fa-calendar-o",
                "tone": "info",
                "model": "dunning.case",
                "domain": [
                    ("state", "!=", "closed"),
                    ("next_date", ">=", now),
                    ("next_date", "<=", soon),
                ],
                "views": ["calendar", "list", "kanban", "form"],
            },
        ]

    def _lists_of_cases(self, today):
        late = fields.Date.to_string(today - timedelta(days=AHEAD_DAYS))
        return [
            {
                "key": "late",
                "title": self.env._("Stuck"),
                "help": self.env._("Their day is more than a week past: why?"),
                "icon": "fa-anchor",
                "tone": "danger",
                "model": "dunning.case",
                "domain": [("state", "!=", "closed"), ("next_date", "<", late)],
            },
            {
                "key": "mine",
                "title": self.env._("Followed by me"),
                "help": self.env._("The open cases that bear your name."),
                "icon": "fa-user-o",
                "tone": "info",
                "model": "dunning.case",
                "domain": [("state", "!=", "closed"), ("user_id", "=", self.env.uid)],
            },
        ]

    # figures

    def _counted(self, values):
        """``values`` with its figures and the action that opens the list."""
        amount = AMOUNTS.get(values["model"])
        rows = self._rows_of(values, self.env.companies)
        per_company = self._per_company(rows)
        return {
            **{key: values[key] for key in ("key", "title", "help", "icon", "tone")},
            "count": sum(row["count"] for row in per_company),
            "amounts": self._totals(rows) if amount else [],
            "companies": per_company if len(self.env.companies) > 1 else [],
            "action": self._window(values, self.env.companies),
            "elsewhere": self._elsewhere(values),
        }

    def _rows_of(self, values, companies):
        """(company, count[, sum]) of a list in each of ``companies``."""
        model = values["model"]
        amount = AMOUNTS.get(model)
        aggregates = ["__count", *([f"{amount}:sum"] if amount else [])]
        domain = Domain(values["domain"]) & Domain("company_id", "in", companies.ids)
        return self.env[model]._read_group(domain, ["company_id"], aggregates)

    def _per_company(self, rows):
        return [
            {
                "name": company.sudo().name,
                "count": count,
                "amount": format_amount(self.env, total[0], company.sudo().currency_id)
                if total
                else "",
            }
            for company, count, *total in rows
        ]

    def _elsewhere(self, values):
        """What waits in the other companies of the groups of those ticked: {count,
        companies, action}; the action only where the user reads without ticking."""
        others = self._other_companies()
        if not others:
            return {"count": 0, "companies": [], "action": False}
        own = self.env.user.company_ids
        wide = self.with_context(allowed_company_ids=(self.env.companies | own).ids)
        per_company = self._per_company(wide._rows_of(values, others))
        readable = sum(count for _c, count, *_t in self._rows_of(values, others))
        return {
            "count": sum(row["count"] for row in per_company),
            "companies": per_company,
            "action": readable and self._window(values, others),
        }

    def _other_companies(self):
        """The companies of the same groups as those ticked, but these."""
        ticked = self.env.companies
        groups = (
            self.env["utility.group"]
            .sudo()
            .search(
                Domain("member_ids", "in", ticked.ids)
                | Domain("head_company_id", "in", ticked.ids)
            )
        )
        return (groups.member_ids | groups.head_company_id) - ticked

    def _totals(self, rows):
        """Sums as text, one a currency."""
        totals = {}
        for company, _count, total in rows:
            currency = company.sudo().currency_id
            totals[currency] = totals.get(currency, 0) + total
        return [
            format_amount(self.env, total, currency)
            for currency, total in totals.items()
        ]

    def _window(self, values, companies):
        """The list of ``values``, of the companies that its figure counts."""
        kinds = values.get("views") or ["list", "kanban", "form"]
        if values["model"] != "dunning.case":
            kinds = ["list", "form"]
        own = values.get("view") and self.env.ref(values["view"]).id
        return {
            "type": "ir.actions.act_window",
            "name": values["title"],
            "res_model": values["model"],
            "views": [[kind == "list" and own or False, kind] for kind in kinds],
            "domain": [*values["domain"], ("company_id", "in", companies.ids)],
            "context": {"create": False},
            "help": self.env._("Nothing waits here. Well done."),
        }

    def _companies(self, today):
        """Each company's exposure and how fresh its last run was."""
        exposure = self.env["dunning.case"]._read_group(
            [
                ("state", "!=", "closed"),
                ("company_id", "in", self.env.companies.ids),
            ],
            ["company_id"],
            ["__count", "amount_due:sum"],
        )
        figures = {company: rest for company, *rest in exposure}
        return [
            {
                "id": company.id,
                "name": company.name,
                "cases": figures.get(company, (0, 0))[0],
                "amount": format_amount(
                    self.env, figures.get(company, (0, 0))[1], company.currency_id
                ),
                **self._freshness(company, today),
            }
            for company in self.env.companies
        ]

    def _freshness(self, company, today):
        """The last run of ``company`` in words; ``tone`` warns when it is old."""
        runs = self.env["dunning.run"]
        last = runs.has_access("read") and runs.search(
            [("company_id", "=", company.id)], limit=1
        )
        if not last:
            return {"run": self.env._("No run yet."), "run_tone": "muted"}
        labels = dict(runs._fields["state"]._description_selection(self.env))
        text = self.env._(
            "Last run %(date)s: %(state)s. %(freshness)s",
            date=format_date(self.env, last.date),
            state=labels.get(last.state),
            freshness=last.message or "",
        )
        old = (today - last.date).days > 1 or last.state in ("refused", "partial")
        return {"run": text, "run_tone": "warning" if old else "success"}
