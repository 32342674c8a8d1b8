import hashlib
import json
import logging

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.utility_supply.models.isolation import apart

from ..formats import writeoff_xlsx
from .amounts import exact

_logger = logging.getLogger(__name__)

# credits of one entry; so many are booked while the approver waits
CHUNK = 200


class DunningWriteoff(models.Model):
    """Approval of a list, and its entries.

    An entry, the state of its credits and what billing is told are one transaction;
    killed in between, the next time goes on with the credits that are left.
    """

    _inherit = "dunning.writeoff"

    def action_request(self):
        """Button: ask for the approval of the list as it stands."""
        self.check_access("write")
        self.env["dunning.case"]._check_is_manager(self)
        for one in self.sudo():
            one._check_state("draft")
            if not one.count_included:
                raise UserError(self.env._("No credit of the list can be written off."))
            problem = one.company_id._dunning_loss_problem()
            if problem:
                raise UserError(problem)
            facts = one._approval_facts()[one.id]
            request = self.env["dunning.approval.request"]._ask(
                one, "writeoff", facts["amount"], facts=facts, note=one.note or ""
            )
            one._guarded().write(
                {
                    "state": "waiting",
                    "request_id": request.id,
                    "asked_by": self.env.uid,
                }
            )
        return True

    def _included(self):
        return self.line_ids.filtered(lambda line: line.state == "included")

    def _approval_facts(self):
        """{id: what the answer is about}: each credit for what is open on it now."""
        facts = {}
        for one in self.sudo():
            open_now = one._included()._open_now()
            told = sorted((key, str(value)) for key, value in open_now.items())
            text = json.dumps(told, separators=(",", ":"))
            facts[one.id] = {
                "record": one.id,
                "kind": one.kind,
                "amount": sum(open_now.values(), exact(0)),
                "credits": str(len(open_now)),
                "document": hashlib.sha256(text.encode()).hexdigest(),
            }
        return facts

    def _on_approved(self, requests):
        for one in self.sudo().filtered(lambda one: one.state == "waiting"):
            one._guarded().write({"state": "approved"})
            if len(one._included()) <= CHUNK:
                one._book()
            else:
                self.env.ref("creditbox_dunning.ir_cron_dunning_writeoffs")._trigger()

    def _on_refused(self, requests):
        waiting = self.sudo().filtered(lambda one: one.state == "waiting")
        waiting._guarded().write({"state": "refused"})

    def _on_lapsed(self, requests):
        """Something was paid meanwhile: the list is proposed again."""
        for one in self.sudo().filtered(lambda one: one.state == "waiting"):
            one._guarded().write({"state": "draft"})
            one._message_log(body=self.env._("Changed since: propose it again."))

    # entries

    @api.model
    def _cron_book(self):
        """Scheduled action: approved lists, a chunk and a commit at a time."""
        for one in self.sudo().search([("state", "=", "approved")], order="id"):
            one._book()
        self.env["dunning.writeoff.line"]._watch_later_payments()

    def action_book_again(self):
        """Button: go on with a list that something stood in the way of."""
        self.check_access("write")
        self.env["dunning.case"]._check_is_manager(self)
        for one in self.sudo():
            one._check_state("approved")
            one._book()
        return True

    def _book(self):
        """All that is left of the list, in entries of ``CHUNK`` credits."""
        self.ensure_one()
        me = self.try_lock_for_update(allow_referencing=True)
        if not me or self.state != "approved":
            return
        problem = self.company_id._dunning_loss_problem()
        if problem:
            self._guarded().write({"problem": problem})
            return
        ids = self._included().ids
        for start in range(0, len(ids), CHUNK):
            chunk = self.line_ids.browse(ids[start : start + CHUNK])
            apart(chunk, lambda some: some._book(), lambda line, e: line._blame(e))
            self.env["dunning.settlement"]._commit_progress(
                len(chunk), len(ids) - start - len(chunk)
            )
        today = self.env["dunning.case"]._today(self.company_id)
        self._guarded().write({"state": "booked", "booked_on": today, "problem": False})

    def action_export_xlsx(self):
        """Button: the list as a workbook, with the reasons of the exclusions."""
        self.ensure_one()
        self.check_access("read")
        lines = self.line_ids.sudo()
        labels = dict(lines._fields["state"]._description_selection(self.env))
        services = dict(lines._fields["service"]._description_selection(self.env))
        rows = [
            (
                line.partner_id.name,
                line.partner_id.l10n_it_codice_fiscale,
                line.partner_id.vat,
                line.contract_id.code,
                services.get(line.service),
                line.case_id.name,
                line.bill_count,
                line.oldest_due,
                line.newest_due,
                line.amount,
                labels[line.state],
                line.reason,
                line.proof_id.display_name,
                line.move_id.name,
            )
            for line in lines
        ]
        notes = [f"{self.name} - {self.company_id.name}", self.law or ""]
        attachment = self.env["ir.attachment"].create(
            {
                "name": f"{self.name.replace('/', '-')}.xlsx",
                "raw": writeoff_xlsx.write(rows, notes),
            }
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "download",
        }


class DunningWriteoffLine(models.Model):
    _inherit = "dunning.writeoff.line"

    def _open_now(self):
        """{id: what is open now on the receivables of the credit}, one statement."""
        if not self:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT own.id, SUM(line.amount_residual)
                  FROM dunning_writeoff_line own
            CROSS JOIN jsonb_array_elements(own.receivables) AS told(pair)
                  JOIN account_move_line line
                    ON line.id = (told.pair->>0)::int
                   AND line.parent_state = 'posted'
                 WHERE own.id = ANY(%s)
              GROUP BY own.id
                """,
                self.ids,
            )
        )
        return {line_id: exact(amount) for line_id, amount in rows}

    def _book(self):
        """One entry for these credits; those that changed meanwhile are left out."""
        writeoff = self.writeoff_id
        company = writeoff.company_id
        today = self.env["dunning.case"]._today(company)
        open_now = self._open_now()
        changed = self.filtered(
            lambda line: open_now.get(line.id, exact(0)) != exact(line.amount)
        )
        changed._guarded().write({"state": "excluded", "reasons": ["changed"]})
        good = self - changed
        if not good:
            return
        ids = [key for line in good for key, _amount in line.receivables]
        items = {
            item.id: item for item in self.env["account.move.line"].browse(ids).sudo()
        }
        rows = [
            (items[key], exact(items[key].amount_residual))
            for key in ids
            if items[key].amount_residual > 0
        ]
        ref = self.env._("Write-off %(name)s", name=writeoff.name)
        move = self.env["dunning.loss"]._book(company, rows, today, ref)
        good._guarded().write(
            {"state": "booked", "move_id": move.id, "booked_on": today}
        )
        good._tell_billing(today)

    def _tell_billing(self, today):
        """What is given up has to be known to the billing system too."""
        company = self.writeoff_id.company_id
        if company.sudo().utility_charge_mode != "billing":
            return
        charges = self.env["utility.charge"].sudo().with_company(company)
        charges = charges.create(
            [
                {
                    "company_id": company.id,
                    "partner_id": line.partner_id.id,
                    "contract_id": line.contract_id.id,
                    "kind": "writeoff",
                    "amount": -line.amount,
                    "date": today,
                    "description": line.writeoff_id.name,
                    "origin": f"{line._name},{line.id}",
                }
                for line in self
            ]
        )
        charges._set_state("to_export")

    def _blame(self, error):
        """One that cannot be booked stops no other."""
        _logger.error("Credit %s cannot be written off.", self.id, exc_info=error)
        self._guarded().write(
            {"state": "excluded", "reasons": [], "problem": str(error)[:200]}
        )


class DunningApprovalRequest(models.Model):
    _inherit = "dunning.approval.request"

    @api.model
    def _approvable_models(self):
        # EXTENDS dunning.approval.request
        return super()._approvable_models() | {"dunning.writeoff"}

    @api.model
    def _fact_labels(self):
        # EXTENDS dunning.approval.request
        return {
            **super()._fact_labels(),
            "kind": self.env._("which credits"),
            "credits": self.env._("number of credits"),
        }

    def _fact_in_words(self, name, value):
        # EXTENDS dunning.approval.request
        if name == "kind" and self.res_model == "dunning.writeoff":
            return self._code_in_words(name, value)
        return super()._fact_in_words(name, value)
