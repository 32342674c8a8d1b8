from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain

from ..rules import lifecycle, messages, seller
from .cmor_practice_facts import _cents

LAYOUT_ONLY = frozenset({"service_code", "flow_code", "role_vat", "code", "udd_vat"})


class CmorPractice(models.Model):
    """Claims that a network user (UDD) presents for its sellers.

    The figures and documents are the seller's: we have no bills of this customer. They
    are checked as far as the request tells (``rules/seller.py``); then the practice
    lives like any other, and what is answered goes back to the seller.
    """

    _inherit = "cmor.practice"

    cc_partner_id = fields.Many2one(
        "res.partner",
        string="For the seller",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
        help="The seller for which we, its network user, present the claim.",
    )
    cc_vat = fields.Char(string="VAT number of the seller", readonly=True, copy=False)
    cc_code = fields.Char(
        string="Code of the seller", readonly=True, copy=False, help="Its CP_UTENTE."
    )
    cc_values = fields.Json(
        readonly=True, copy=False, help="The request as the seller made it, by source."
    )

    _cc_code_uniq = models.UniqueIndex(
        "(company_id, cc_vat, cc_code) WHERE cc_code IS NOT NULL",
        "This seller used the code before.",
    )

    # --- made of a seller's request ---------------------------------------------

    @api.model
    def _open_for_sellers(self, items, company, today):
        """Practices of requests received from sellers, checked.

        :param items: list of (counterpart, values by source, flow file)
        :return: the practices, in the same order
        """
        roles = self.env["cmor.company.role"]._find_roles(company, today)
        names = self._next_names(len(items))
        vals_list = []
        for (counterpart, values, _file), name in zip(items, names, strict=True):
            vals = self._prepare_for_seller(counterpart, values, company)
            role = roles.get((company.id, vals["sector"]))
            vals_list.append({**vals, "name": name, "role_id": role.id if role else 0})
        made = (
            self.sudo()
            .with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
            ._guarded()
            .create(vals_list)
        )
        made = self.sudo().browse(made.ids)
        event = self.env["cmor.practice.event"]
        event.sudo()._guarded().create(
            [
                event._prepare_vals(
                    practice,
                    "cc_received",
                    {"seller": counterpart.partner_id.name, "code": practice.cc_code},
                    "",
                    "candidate",
                    file,
                )
                for practice, (counterpart, _values, file) in zip(
                    made, items, strict=True
                )
            ]
        )
        made._fill_distributors(today)
        made._evaluate(today)
        return made

    @api.model
    def _prepare_for_seller(self, counterpart, values, company):
        sector = seller.SECTORS.get(values.get("sector_code"), "electricity")
        names = (values.get("first_name"), values.get("last_name"))
        prev = values.get("prev_amount") or 0
        return {
            "company_id": company.id,
            "side": "outgoing",
            "sector": sector,
            "state": "candidate",
            "cc_partner_id": counterpart.partner_id.id,
            "cc_vat": counterpart.vat,
            "cc_code": values["code"],
            "cc_values": messages.encode_params(
                {k: v for k, v in values.items() if k not in LAYOUT_ONLY}
            ),
            "point_code": str(values.get("pod") or values.get("pdr") or "") or False,
            "told_fiscal_code": values.get("fiscal_code") or False,
            "told_vat": values.get("vat") or False,
            "told_name": values.get("company_name")
            or " ".join(filter(None, names))
            or False,
            "date_end": values.get("date_end"),
            "credit_amount": float(values.get("credit") or 0),
            "indemnity": float(values.get("indemnity") or 0),
            "prev_cmor_amount": float(prev),
            "prev_sii_code": values.get("prev_sii_code") or False,
        }

    # --- checks -----------------------------------------------------------------

    def _evaluate(self, today):
        # EXTENDS: what sellers ask has no bills here
        mine = self.filtered("cc_vat")
        result = super(CmorPractice, self - mine)._evaluate(today)
        todo = mine.sudo().filtered(lambda p: p.state in lifecycle.OPEN_STATES)
        for company, practices in todo.grouped("company_id").items():
            terms = self.env["cmor.parameter"]._terms(company, today)
            roles = self.env["cmor.company.role"]._find_roles(company, today)
            twins = practices._sellers_twins(today, terms)
            for practice in practices:
                role = roles.get((company.id, practice.sector))
                practice._evaluate_for_seller(today, terms, role, practice in twins)
            practices._settle_for_seller(today)
            practices._set_next()
        return result

    def _sellers_twins(self, today, terms):
        """Those of these practices for whose supply another seller's claim runs (C13):
        of the same point, end and customer, under whatever code it was asked. What was
        refused, or cannot leave, is put right by a new request: it does not run."""
        idle = (*lifecycle.DEAD_STATES, "rejected", "blocked")
        runs = Domain("side", "=", "outgoing") & Domain("cc_vat", "!=", False)
        runs &= Domain("company_id", "in", self.company_id.ids)
        runs &= Domain("state", "not in", idle)
        runs &= Domain("date_end", "in", list(set(self.mapped("date_end"))))
        keys = {}
        for practice in self.sudo().search(runs, order="id"):
            values = messages.typed_params(practice.cc_values)
            waits = practice.state in lifecycle.OPEN_STATES
            if waits and seller.check(values, today, terms)[1]:
                continue
            keys.setdefault(practice._told_key(), []).append(practice)
        found = self.browse()
        for practice in self:
            same = keys.get(practice._told_key(), [])
            # of two that came in, the first may leave
            before = [p for p in same if p != practice and not p._comes_after(practice)]
            if before:
                found |= practice
        return found

    def _comes_after(self, other):
        """Whether it waits here still, and came in after ``other``."""
        return self.state in lifecycle.OPEN_STATES and self.id > other.id

    def _told_key(self):
        """Point, end and customer of a seller's claim, by what its request says."""
        # a POD may be written with its fifteenth character
        point = "".join((self.point_code or "").split()).upper()[:14]
        customer = self.told_fiscal_code or self.told_vat or ""
        return point, self.date_end, customer.strip().upper().removeprefix("IT")

    def _evaluate_for_seller(self, today, terms, role, has_twin):
        values = messages.typed_params(self.cc_values)
        span, failed = seller.check(values, today, terms, has_twin)
        vals = {
            "verdict": "no" if failed else "yes",
            "failed_codes": ", ".join(failed) or False,
            "unknown_codes": False,
            "evaluated_on": today,
            "role_id": role.id if role else False,
        }
        if span:
            vals.update(
                window_open=span.opens,
                window_close=span.closes,
                window_open_earliest=span.earliest_open,
                window_close_latest=span.latest_close,
            )
        self._update(vals)

    def _settle_for_seller(self, today):
        """States that the checks lead to; the event says what failed."""
        expired = self.filtered(
            lambda p: p.window_close_latest and p.window_close_latest < today
        )
        failed = (self - expired).filtered(lambda p: p.verdict == "no")
        expired._move_to("expired", "expired", lambda p: {"date": p.window_close})
        failed.filtered(lambda p: p.state == "ready")._move_to("candidate", "state")
        failed._move_to(
            "blocked", "evaluated", lambda p: {"failed": p.failed_codes, "unknown": "-"}
        )
        fine = self - expired - failed
        fine.filtered(lambda p: p.state == "blocked")._move_to("candidate", "state")

    def _cannot_confirm_reason(self):
        # EXTENDS: art. 4 is declared by the seller, in its request
        if self.cc_vat and self.state == "candidate":
            if self.verdict != "yes":
                return self.env._("conditions %(codes)s fail.", codes=self.failed_codes)
            return False
        return super()._cannot_confirm_reason()

    def _next_step(self):
        # EXTENDS: nothing is declared here for a seller
        if self.cc_vat and self.state == "candidate":
            return "confirm", {"date": self.window_close}, self.window_close
        return super()._next_step()

    def _to_return(self):
        # EXTENDS: what CSEA paid for a seller is the seller's, nothing is an excess
        return Decimal(0) if self.cc_vat else super()._to_return()

    # --- forwarded --------------------------------------------------------------

    def _flow_sources(self):
        # EXTENDS: the seller's own figures, under our code
        if not self.cc_vat or self.side != "outgoing":
            return super()._flow_sources()
        values = messages.typed_params(self.cc_values)
        return {
            **values,
            "code": self.code,
            "sii_code": self.sii_code,
            "cc_vat": self.cc_vat,
            "bill_count": len(values.get("bills") or []),
            "notice_count": len(values.get("notices") or []),
        }


class CmorFlowRecord(models.Model):
    """Answers that go back to the seller, as items of a file (CC1.0100)."""

    _inherit = "cmor.flow.record"

    returned_id = fields.Many2one(
        "cmor.flow.record",
        string="Passes on",
        readonly=True,
        index="btree_not_null",
        check_company=True,
        help="The answer of the SII that this record passes on to the seller.",
    )
    receipt_id = fields.Many2one(
        "cmor.receipt",
        string="Passes on the receipt",
        readonly=True,
        index="btree_not_null",
        check_company=True,
    )

    _returned_uniq = models.UniqueIndex(
        "(returned_id) WHERE state IN ('written', 'sent')",
        "This answer was passed on already.",
    )
    _receipt_uniq = models.UniqueIndex(
        "(receipt_id) WHERE state IN ('written', 'sent')",
        "This receipt was passed on already.",
    )

    def _flow_prefetch(self):
        self.practice_id.fetch(["cc_code", "sii_code", "cc_vat", "state"])

    def _flow_owner(self):
        return self.practice_id, self.env["cmor.practice.request"]

    def _flow_record_vals(self):
        return {
            "practice_id": self.practice_id.id,
            "code": self._seller_code(),
            "sii_code": self.practice_id.sii_code,
            "amount": self.amount,
            "returned_id": self.id,
        }

    def _flow_written(self, file):
        """Nothing follows: the practice lives on."""

    def _flow_values(self, layout, common):
        said = messages.typed_params(self.values)
        said["code"] = self._seller_code()
        return self.practice_id._answer_values(layout, common, self.type_id.key, said)

    def _seller_code(self):
        """The seller's own code of what is answered: its request, or its claim."""
        return self.request_id.cc_code or self.practice_id.cc_code

    def _flow_issues(self, values):
        return []


class CmorReceipt(models.Model):
    """CSEA money that came by the bank, told to the seller like an answer."""

    _inherit = "cmor.receipt"

    def _flow_prefetch(self):
        self.practice_id.fetch(["cc_code", "sii_code", "cc_vat", "state"])

    def _flow_owner(self):
        return self.practice_id, self.env["cmor.practice.request"]

    def _flow_record_vals(self):
        return {
            "practice_id": self.practice_id.id,
            "code": self.practice_id.cc_code,
            "sii_code": self.practice_id.sii_code,
            "amount": self.amount,
            "receipt_id": self.id,
        }

    def _flow_written(self, file):
        """Nothing follows: the practice lives on."""

    def _flow_values(self, layout, common):
        said = {
            "code": self.practice_id.cc_code,
            "paid_amount": _cents(self.amount),
            "paid_on": self.date,
            "payment_ref": self.ref,
        }
        return self.practice_id._answer_values(layout, common, "claim_paid", said)

    def _flow_issues(self, values):
        return []


class CmorCompanyRole(models.Model):
    """A network user passes the answers on to its sellers."""

    _inherit = "cmor.company.role"

    def action_return_to_sellers(self):
        """Button of an operator: files with every answer not passed on yet.

        :return: action that opens the files, one a seller
        """
        self._check_operator()
        files = self.sudo()._return_to_sellers(fields.Date.context_today(self))
        if files:
            return files.with_env(self.env)._action_show()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("Every answer was passed on already."),
            },
        }

    def _return_to_sellers(self, today):
        """Make the files of answers and receipts that no file has passed on.

        :param date today: day of the layout
        :return: cmor.flow.file recordset
        """
        files = self.env["cmor.flow.file"].sudo()
        files._lock_role(self)
        for role in self:
            for items in role._not_passed_on():
                for vat, group in items.grouped(lambda i: i.practice_id.cc_vat).items():
                    files |= files._make(
                        role, "cc_answer", group, today, {"cc_vat": vat}
                    )
        return files

    def _not_passed_on(self):
        """(records, receipts) of this role's sellers that are in no file of ours."""
        role = Domain("practice_id.role_id", "=", self.id)
        role &= Domain("practice_id.cc_vat", "!=", False)
        claims = role & Domain("practice_id.cc_code", "!=", False)
        # of an incoming practice the seller gets the SII's own copies
        mine = claims | (role & Domain("request_id.cc_code", "!=", False))
        records = self.env["cmor.flow.record"].sudo()
        live = Domain("state", "in", ("written", "sent"))
        passed = records.search(live & mine & Domain("direction", "=", "out"))
        answers = records.search(
            mine
            & Domain("direction", "=", "in")
            & Domain("state", "=", "applied")
            & Domain("type_id.key", "not in", ("cc_request", *seller.FORWARDED))
            & Domain("id", "not in", passed.returned_id.ids),
            order="id",
        )
        told = records.search(mine & Domain("type_id.key", "=", "claim_paid"))
        receipts = (
            self.env["cmor.receipt"]
            .sudo()
            .search(
                claims
                & Domain("state", "=", "booked")
                & Domain("record_id", "not in", told.ids)
                & Domain("id", "not in", passed.receipt_id.ids),
                order="id",
            )
        )
        return answers, receipts
