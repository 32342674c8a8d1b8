from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..rules import incoming_match
from .cmor_practice_facts import _cents

LIVE = ("unmatched", "matched")


class CmorNetworkCharge(models.Model):
    """A line by which the distributor (or our UDD) charges us a CMOR, or gives it back.

    From a flow, typed in, or taken from a vendor bill. Matched to its practice by the
    SII's code, else by point and amount, else by a person. Never deleted.
    """

    _name = "cmor.network.charge"
    _description = "CMOR charged by the network"
    _inherit = ("utility.track.mixin", "utility.guarded.mixin")
    _keeps_notes = True
    _order = "date desc, id desc"
    _rec_name = "ref"
    _check_company_auto = True
    _mail_post_access = "read"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    practice_id = fields.Many2one(
        "cmor.practice",
        readonly=True,
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        domain="[('side', '=', 'incoming')]",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Distributor or UDD",
        index="btree_not_null",
        check_company=True,
    )
    ref = fields.Char(string="Invoice number", required=True)
    date = fields.Date(string="Invoice date", required=True)
    sii_code = fields.Char(string="SII code", index="btree_not_null")
    point_code = fields.Char(string="POD / PDR")
    point_key = fields.Char(readonly=True)
    amount = fields.Monetary(
        required=True, help="Negative when the network gives a CMOR back."
    )
    expected_amount = fields.Monetary(
        related="practice_id.indemnity", string="Amount of the SII"
    )
    difference = fields.Monetary(
        related="practice_id.network_difference", string="Difference"
    )
    source = fields.Selection(
        [
            ("flow", "Flow"),
            ("typed", "Typed in"),
            ("bill", "Vendor bill"),
            ("loaded", "Loaded from the past"),
        ],
        required=True,
        readonly=True,
        default="typed",
    )
    state = fields.Selection(
        [
            ("unmatched", "No practice found"),
            ("matched", "Matched"),
            ("set_aside", "Line set aside"),
            ("withdrawn", "Withdrawn"),
        ],
        required=True,
        readonly=True,
        default="unmatched",
        tracking=True,
    )
    record_id = fields.Many2one(
        "cmor.flow.record", readonly=True, index="btree_not_null", check_company=True
    )
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Line of the vendor bill",
        readonly=True,
        index="btree_not_null",
        check_company=True,
        ondelete="set null",
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Vendor bill")
    note = fields.Char()

    _amount_check = models.Constraint(
        "CHECK(amount <> 0)", "A line of zero charges nothing."
    )
    _line_uniq = models.UniqueIndex(
        "(move_line_id) WHERE move_line_id IS NOT NULL",
        "The line of the vendor bill is taken already.",
    )
    _state_idx = models.Index("(company_id, state)")

    _guarded_fields = frozenset(
        {
            "company_id",
            "practice_id",
            "point_key",
            "source",
            "state",
            "record_id",
            "move_line_id",
        }
    )
    # what was said by a file, or counts already, is not rewritten
    _frozen_fields = frozenset(
        {"ref", "date", "sii_code", "point_code", "amount", "partner_id"}
    )

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: what an operator types in is matched at once
        self._check_guarded_create(vals_list)
        company = self.env.company
        for vals in vals_list:
            vals.setdefault("company_id", company.id)
            vals["sii_code"] = (vals.get("sii_code") or "").strip().upper() or False
            vals["point_key"] = _any_point_key(vals.get("point_code"))
        if not self._is_guard_open():
            self._check_not_told(vals_list)
        made = super(CmorNetworkCharge, self._guarded()).create(vals_list)
        made = made.with_env(self.env)
        made.sudo()._match()
        return made

    def write(self, vals):
        if self._frozen_fields & set(vals) and not self._is_guard_open():
            if any(c.source != "typed" or c.state != "unmatched" for c in self):
                raise UserError(
                    self.env._(
                        "What a file said, or what is matched, is not rewritten: set"
                        " it aside and type the right line in."
                    )
                )
            if "point_code" in vals:
                key = _any_point_key(vals["point_code"])
                super(CmorNetworkCharge, self._guarded()).write({"point_key": key})
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A line is set aside, never deleted."))

    # --- actions ----------------------------------------------------------------

    def action_match(self):
        """Button: look for the practices again."""
        self._check_may_work()
        self.sudo()._match()

    def action_match_to(self, practice):
        """A person says which practice these lines are about."""
        self._check_may_work()
        practice = practice.exists()
        practice.check_access("read")
        if practice.side != "incoming" or practice.company_id != self.company_id:
            raise UserError(
                self.env._("Choose an incoming practice of the same company.")
            )
        todo = self.sudo().filtered(lambda c: c.state in LIVE)
        before = todo.practice_id
        todo._guarded().write({"practice_id": practice.id, "state": "matched"})
        todo.move_line_id.sudo().write({"cmor_practice_id": practice.id})
        (before | practice.sudo())._settle(fields.Date.context_today(self))

    def action_choose_practice(self):
        """Button: dialog that asks which practice it is about."""
        self._check_may_work()
        return {
            "type": "ir.actions.act_window",
            "res_model": "cmor.line.wizard",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Choose the practice"),
            "context": {"default_charge_ids": self.ids},
        }

    def action_set_aside(self):
        """Button: not a charge of ours, or told twice; it no longer counts."""
        self._check_may_work()
        todo = self.sudo().filtered(lambda c: c.state in LIVE)
        todo._drop("set_aside")

    def action_take_back(self):
        """Button: what was set aside counts again."""
        self._check_may_work()
        todo = self.sudo().filtered(lambda c: c.state == "set_aside")
        todo._guarded().write({"state": "unmatched", "practice_id": False})
        todo._match()

    def action_vendor_bill(self):
        """Button of accounting: one draft vendor bill per distributor and number."""
        self.check_access("read")
        self.env["account.move"].check_access("create")
        moves = self.sudo()._make_vendor_bills()
        return moves.sudo(False)._get_records_action(name=self.env._("Vendor bills"))

    # --- guards -----------------------------------------------------------------

    def _check_may_work(self):
        self.check_access("read")
        if not self.env.su and not (
            self.env.user.has_group("cmor_utility.group_cmor_user")
            or self.env.user.has_group("account.group_account_invoice")
        ):
            raise AccessError(self.env._("You may read these lines only."))

    # --- business ---------------------------------------------------------------

    def _drop(self, state):
        practices = self.practice_id
        self._guarded().write({"state": state})
        practices._settle(fields.Date.context_today(self))

    def _match(self):
        """Match these lines to practices, in bulk; what is not found waits."""
        todo = self.filtered(lambda c: c.state == "unmatched")
        practices = self.env["cmor.practice"].sudo()
        touched = practices
        for company, charges in todo.grouped("company_id").items():
            awaiting = charges._awaiting(company)
            for charge in charges:
                found = incoming_match.match_line(
                    charge.sii_code or "",
                    charge.point_key or "",
                    _cents(charge.amount),
                    awaiting[charge],
                )
                if found:
                    charge._guarded().write(
                        {"practice_id": found.key.id, "state": "matched"}
                    )
                    touched |= found.key
        lines = todo.filtered("practice_id").move_line_id
        for line in lines:
            line.cmor_practice_id = line.cmor_network_charge_ids.practice_id[:1]
        touched._settle(fields.Date.context_today(self))

    def _awaiting(self, company):
        """{line: [rules.incoming_match.Awaiting]} that it may be about."""
        practices = (
            self.env["cmor.practice"]
            .sudo()
            .search(
                Domain("side", "=", "incoming")
                & Domain("company_id", "=", company.id)
                & (
                    Domain("sii_code", "in", [c for c in self.mapped("sii_code") if c])
                    | Domain(
                        "point_key", "in", [k for k in self.mapped("point_key") if k]
                    )
                )
            )
        )
        items = [
            incoming_match.Awaiting(
                practice,
                practice.sii_code or "",
                practice.point_key or "",
                _still_charged(practice),
            )
            for practice in practices
        ]
        by_code, by_point = {}, {}
        for item in items:
            by_code.setdefault(item.sii_code, []).append(item)
            by_point.setdefault(item.point, []).append(item)
        return {
            charge: by_code.get(charge.sii_code, [])
            if charge.sii_code
            else by_point.get(charge.point_key, [])
            for charge in self
        }

    @api.model
    def _match_waiting(self, practices):
        """New practices: lines that came before their notice find them now."""
        if not practices:
            return
        waiting = self.sudo().search(
            Domain("company_id", "in", practices.company_id.ids)
            & Domain("state", "=", "unmatched")
            & (
                Domain("sii_code", "in", practices.mapped("sii_code"))
                | Domain(
                    "point_key", "in", [k for k in practices.mapped("point_key") if k]
                )
            )
        )
        waiting._match()

    # --- told twice -------------------------------------------------------------

    @api.model
    def _told_before(self, company, vals_list):
        """Lines that are here already, whoever has told them: by a flow, by hand or by
        a vendor bill. The same line of the same invoice is one charge.

        :param vals_list: values of lines with ref, amount, sii_code and point_code
        :return: list of the line that is here, or empty, for each of them
        """
        found = self.sudo().search(
            Domain("company_id", "=", company.id)
            & Domain("source", "!=", "loaded")
            & Domain("ref", "in", list({vals["ref"].strip() for vals in vals_list})),
            order="id",
        )
        by_key = found.grouped(lambda c: (c.ref.strip(), _cents(c.amount)))
        told = []
        for vals in vals_list:
            here = by_key.get((vals["ref"].strip(), _cents(vals["amount"])), ())
            told.append(
                next((c for c in here if c._is_about(vals)), self.sudo().browse())
            )
        return told

    def _is_about(self, vals):
        """Whether this line and ``vals`` name the same claim, or the same point."""
        code = vals.get("sii_code") or ""
        if self.sii_code and code:
            return self.sii_code == code
        point = _any_point_key(vals.get("point_code"))
        if self.point_key or point:
            return self.point_key == point
        return self.sii_code == (code or False)

    def _told_again(self, vals):
        """A flow says this line as well: what it knows more of is kept.

        A line that was withdrawn with its vendor bill counts again: the flow stands.
        The caller matches.
        """
        more = {"record_id": vals["record_id"]} if not self.record_id else {}
        if not self.sii_code and vals["sii_code"]:
            more["sii_code"] = vals["sii_code"]
        if self.state == "withdrawn":
            more.update(state="unmatched", source="flow")
        if more:
            self._guarded().write(more)

    @api.model
    def _check_not_told(self, vals_list):
        """What a person types in may be here already."""
        companies = {}
        for vals in filter(lambda vals: vals.get("ref"), vals_list):
            companies.setdefault(vals["company_id"], []).append(vals)
        for company_id, group in companies.items():
            company = self.env["res.company"].browse(company_id)
            told = self.union(*self._told_before(company, group))
            told = told.filtered(lambda line: line.state in LIVE)[:1]
            if told:
                raise UserError(
                    self.env._(
                        "Invoice %(ref)s with this amount is here already for"
                        " %(what)s: one charge counts once.",
                        ref=told.ref,
                        what=told.practice_id.display_name
                        or told.sii_code
                        or told.point_code
                        or "-",
                    )
                )

    # --- vendor bills -----------------------------------------------------------

    def _is_on_vendor_bill(self):
        """Whether a vendor bill that was not cancelled carries the line."""
        return bool(self.move_line_id) and self.move_id.state != "cancel"

    def _make_vendor_bills(self):
        todo = self.filtered(lambda c: c.state in LIVE and not c._is_on_vendor_bill())
        if not todo or todo != self:
            raise UserError(
                self.env._("Choose lines that are on no vendor bill and count.")
            )
        if not all(charge.partner_id for charge in todo):
            raise UserError(self.env._("Say which distributor or UDD charges them."))
        moves = self.env["account.move"]
        todo.company_id._cmor_setup_books()
        groups = todo.grouped(lambda c: (c.company_id, c.partner_id, c.ref, c.date))
        for (company, partner, ref, date), charges in groups.items():
            sign = 1 if sum(charges.mapped("amount")) >= 0 else -1
            move = moves.with_company(company).create(
                {
                    "move_type": "in_invoice" if sign > 0 else "in_refund",
                    "company_id": company.id,
                    "partner_id": partner.id,
                    "ref": ref,
                    "invoice_date": date,
                    "invoice_line_ids": [
                        fields.Command.create(charge._prepare_vendor_line(sign))
                        for charge in charges
                    ],
                }
            )
            lines = move.invoice_line_ids.sorted("id")
            for charge, line in zip(charges, lines, strict=True):
                charge._guarded().write({"move_line_id": line.id})
            moves |= move
        return moves

    def _prepare_vendor_line(self, sign):
        codes = (self.sii_code, self.point_code)
        return {
            "name": " ".join(["CMOR", *(code for code in codes if code)]),
            "quantity": 1,
            "price_unit": sign * self.amount,
            "account_id": self.company_id.cmor_transit_account_id.id,
            "tax_ids": [fields.Command.clear()],
            "cmor_practice_id": self.practice_id.id,
        }

    @api.model
    def _take_vendor_lines(self, lines):
        """Posted lines of vendor bills on the transit account are charges to us.

        A line that says what a flow or a person has said already is the same charge.
        """
        taken = self.sudo().search([("move_line_id", "in", lines.ids)])
        again = taken.filtered(lambda c: c.state == "withdrawn")
        again._guarded().write({"state": "unmatched"})
        again._match()
        todo = lines - taken.move_line_id
        vals_list = []
        for line in todo:
            vals = self._prepare_from_line(line)
            twin = self._same_told(line, vals)
            if twin:
                twin._guarded().write({"move_line_id": line.id})
                line.cmor_practice_id = twin.practice_id
                continue
            vals_list.append(vals)
        if vals_list:
            made = self.sudo()._guarded().create(vals_list)
            for charge in made.filtered(lambda c: c.state == "unmatched"):
                if charge.move_line_id.cmor_practice_id:
                    charge.action_match_to(charge.move_line_id.cmor_practice_id)

    def _prepare_from_line(self, line):
        code, point = incoming_match.codes_in(line.name)
        practice = line.cmor_practice_id
        return {
            "company_id": line.company_id.id,
            "partner_id": line.move_id.commercial_partner_id.id,
            "ref": line.move_id.ref or line.move_id.name,
            "date": line.move_id.invoice_date or line.date,
            "sii_code": practice.sii_code or code,
            "point_code": practice.point_code or point,
            "amount": line.balance,
            "source": "bill",
            "move_line_id": line.id,
        }

    def _same_told(self, line, vals):
        """The charge, told by a flow or a person, that this vendor line is."""
        keys = (
            Domain("sii_code", "=", vals["sii_code"])
            if vals["sii_code"]
            else (Domain("point_key", "=", _any_point_key(vals["point_code"]) or "-"))
        )
        found = self.sudo().search(
            Domain("company_id", "=", line.company_id.id)
            & (
                Domain("move_line_id", "=", False)
                | Domain("move_line_id.parent_state", "=", "cancel")
            )
            & Domain("state", "in", LIVE)
            & keys
        )
        same = found.filtered(lambda c: _cents(c.amount) == _cents(vals["amount"]))
        # two invoices may charge the same: the number tells them apart
        exact = same.filtered(lambda c: _same_ref(c.ref, vals["ref"]))
        same = exact[:1] or same
        return same if len(same) == 1 else self.browse()


def _still_charged(practice):
    """What the network has still to charge us of a practice; negative: to give back."""
    due = 0 if practice.is_annulled else practice.indemnity
    return _cents(due) - _cents(practice.network_amount)


def _same_ref(one, other):
    """Whether two writings of an invoice number are the same number."""
    return (one or "").strip().upper() == (other or "").strip().upper()


def _any_point_key(code):
    """``point_key`` of a POD or PDR whose sector is not told; False for none."""
    text = str(code or "").strip()
    sector = "gas" if text.isdigit() else "electricity"
    return incoming_match.point_key(sector, text) or False
