from odoo import api, fields, models

from ..rules import agency, work
from ..rules.facts import Reason
from .dunning_action import OUTCOME_LABELS
from .dunning_work_step import STEP_GUARDED
from .work_words import debt_row, notice_text


class DunningAgencyAssignment(models.Model):
    """A case in the hands of a collection agency, from one day to another.

    Lots are the files: what is paid meanwhile is called back, what is not collected by
    the last day of the mandate comes back by itself.
    """

    _name = "dunning.agency.assignment"
    _description = "Assignment to an agency"
    _inherit = "dunning.work.step"
    _purpose = "agency"
    _ref_prefix = "AF"
    _answers = "agency_answers"

    _guarded_fields = STEP_GUARDED | {"mandate_from", "mandate_to"}

    outcome = fields.Selection(OUTCOME_LABELS, readonly=True)
    file_id = fields.Many2one(string="Lot")
    mandate_from = fields.Date(readonly=True)
    mandate_to = fields.Date(string="Mandate until", readonly=True)
    result_ids = fields.One2many(
        "dunning.agency.result", "assignment_id", string="Told by the agency"
    )
    collected = fields.Monetary(
        compute="_compute_collected",
        store=True,
        help="Payments that the agency told: the books have their own.",
    )
    promised = fields.Date(
        string="Promised for", compute="_compute_collected", store=True
    )
    _open_idx = models.Index(
        "(company_id, state) WHERE state NOT IN ('done', 'failed', 'withdrawn')"
    )
    _name_uniq = models.UniqueIndex(
        "(name) WHERE name != '/'", "This number was already given."
    )

    @api.depends("result_ids")
    def _compute_collected(self):
        for one in self:
            paid = one.result_ids.filtered(lambda r: r.kind == "payment")
            one.collected = sum(paid.mapped("amount"))
            promises = one.result_ids.filtered("promised").sorted("date")
            one.promised = promises[-1:].promised

    # sending

    def _by_provider(self, company):
        """OVERRIDE: an agency that had the case does not get it again, and each new
        one goes where fewest are."""
        new = self.filtered(lambda one: one.state == work.TO_SEND)
        groups = (self - new).filtered("provider_id").grouped("provider_id")
        providers = self.env["dunning.service.provider"]._serving("agency", company)
        ready = new._ready_providers(providers, company)
        if not new or not ready:
            return groups
        chosen = agency.choose(
            {one.id: one.case_id.id for one in new.sorted("id")},
            ready.ids,
            self._had(new.case_id),
            self._load(ready, company),
        )
        for one in new:
            provider = ready.browse(chosen[one.id])
            groups[provider] = groups.get(provider, self.browse()) | one
        return groups

    def _had(self, cases):
        """{case id: ids of the agencies that had it}"""
        rows = self.sudo()._read_group(
            [("case_id", "in", cases.ids), ("provider_id", "!=", False)],
            ["case_id"],
            ["provider_id:array_agg"],
        )
        return {case.id: set(ids) for case, ids in rows}

    def _load(self, providers, company):
        """{agency id: how many of the company's cases it has}"""
        rows = self.sudo()._read_group(
            [
                ("company_id", "=", company.id),
                ("provider_id", "in", providers.ids),
                ("state", "in", sorted(work.OUTSIDE)),
            ],
            ["provider_id"],
            ["__count"],
        )
        return {provider.id: count for provider, count in rows}

    def _leave(self, file, provider, today):
        # EXTENDS: the mandate begins
        left = super()._leave(file, provider, today)
        end = agency.mandate_end(today, provider.sudo().mandate_days)
        self._guarded().write({"mandate_from": today, "mandate_to": end})
        return left

    def _row(self, provider, today):
        is_new = self.state == work.TO_SEND
        end = agency.mandate_end(today, provider.sudo().mandate_days)
        return {
            **super()._row(provider, today),
            "mandate_from": today if is_new else self.mandate_from,
            "mandate_to": end if is_new else self.mandate_to,
            "fee_class": provider.sudo().fee_class,
            "notices": notice_text(self.case_id.action_ids.notice_id),
        }

    def _bill_rows(self, row, is_per_bill):
        if not is_per_bill:
            return [row]
        items = self.action_id.item_ids.filtered(lambda item: item.residual > 0)
        rows = [
            {
                **row,
                "bill_number": item.bill_number,
                "bill_date": item.date_bill,
                "bill_due": item.date_maturity,
                "bill_amount": debt_row([(item, item.residual)], self.currency_id)[
                    "amount"
                ],
            }
            for item in items
        ]
        return rows or [row]

    # the end of the mandate

    @api.model
    def _end_mandates(self):
        """Assignments whose mandate is over come back as not collected."""
        known = self.sudo()._read_group([("mandate_to", "!=", False)], ["company_id"])
        for (company,) in known:
            today = self.env["dunning.case"]._today(company)
            over = self.sudo().search(
                [
                    ("company_id", "=", company.id),
                    ("state", "in", sorted(work.WANTED - {work.TO_SEND})),
                    ("mandate_to", "<", today),
                ]
            )
            for day, of_day in over.grouped("mandate_to").items():
                of_day.with_company(company).action_id._record_outcome(
                    "negative",
                    today,
                    note=self.env._("End of the mandate"),
                    reason=Reason.of("mandate_over", date=day),
                )
