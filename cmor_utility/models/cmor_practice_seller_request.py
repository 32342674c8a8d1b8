from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.models.bulk import update_changed

from ..rules import incoming, messages
from .cmor_practice_cancel import WAITING_SOURCES

# what names the sender's own file and codes: not the request itself
SENDERS_OWN = frozenset(
    {"service_code", "flow_code", "role_vat", "gestore_vat", "udd_vat", "cc_vat"}
) | {"code", "cancel_code"}


class CmorPracticeRequest(models.Model):
    """Requests that a seller makes through us, its network user."""

    _inherit = "cmor.practice.request"

    cc_code = fields.Char(
        string="Code of the seller", readonly=True, help="Its CP_UTENTE."
    )

    _cc_code_uniq = models.UniqueIndex(
        "(practice_id, type_id, cc_code) WHERE cc_code IS NOT NULL",
        "This request of the seller is known already.",
    )


class CmorPractice(models.Model):
    """Practices of our sellers' customers: forwarded, charged on to the seller."""

    _inherit = "cmor.practice"

    can_be_sellers = fields.Boolean(
        string="May be a seller's",
        compute="_compute_can_be_sellers",
        help="We are a network user: who is not found may be a seller's customer.",
    )

    # --- what a seller asks -------------------------------------------------------

    def _forward(self, key, asked):
        """Open the request of a seller about each of these practices, to be exported
        like ours. The caller has checked that it may be asked.

        :param dict asked: {practice: (values by source, flow file)}
        :return: the requests
        """
        requests = self.env["cmor.practice.request"]._open(
            self, key, lambda practice: practice._prepare_forward(asked[practice][0])
        )
        flow = requests.type_id.name
        for file in {file for _said, file in asked.values()}:
            mine = self.filtered(lambda p, file=file: asked[p][1] == file)

            def params(practice):
                seller = practice.cc_partner_id.name or "-"
                code = asked[practice][0].get("code") or "-"
                return {"flow": flow, "seller": seller, "code": code}

            waits = mine.filtered(
                lambda p: (
                    p.side == "outgoing"
                    and key == incoming.CANCEL
                    and p.state in WAITING_SOURCES
                )
            )
            waits._move_to("cancel_requested", "cc_request", params, file)
            (mine - waits)._log("cc_request", params, file)
        self._set_next()
        return requests

    def _prepare_forward(self, said):
        amount = said.get("collected_amount") or said.get("refund_amount") or 0
        values = {k: v for k, v in said.items() if k not in SENDERS_OWN}
        return {
            "cc_code": said.get("code") or False,
            "reason": said.get("cause_code") or False,
            "event_date": said.get("event_date") or said.get("refund_date") or False,
            "amount": float(amount),
            "values": messages.encode_params(
                {k: v for k, v in values.items() if v not in (None, "")}
            ),
        }

    # --- charged to us, of a seller's customer ------------------------------------

    @api.depends("state", "side", "role_id")
    def _compute_can_be_sellers(self):
        for practice in self:
            practice.can_be_sellers = (
                practice.side == "incoming"
                and practice.state == "unmatched"
                and practice.role_id.sudo().role == "udd"
            )

    def action_match_seller(self):
        """Button of an operator: dialog that says of which seller the customer is."""
        action = self.action_match()
        return {
            **action,
            "name": self.env._("The customer of a seller"),
            "context": {**action["context"], "default_owner": "seller"},
        }

    def _sellers(self):
        """The sellers that the customer of this practice may be of: counterparts."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        found = self.env["cmor.counterpart"]._in_force(self.company_id, "cc", today)
        return found.filtered(lambda c: c.sector in (False, self.sector))

    def _match_seller_by_hand(self, counterpart, note):
        """A person says that the customer of this notice is a seller's.

        :param counterpart: one of ``_sellers``
        :param str note: how it is known, mandatory: nothing that was received says it
        :raise UserError: it waits for no match, the seller is none of ours, no reason
        """
        self.ensure_one()
        self._check_may_operate()
        practice, note = self.sudo(), (note or "").strip()
        practice._lock_for_money()
        if practice.role_id.role != "udd":
            raise UserError(
                self.env._("Only a network user (UDD) is charged for its sellers.")
            )
        if counterpart not in practice._sellers():
            raise UserError(
                self.env._(
                    "Choose a seller that is a counterpart of ours today: the list is"
                    " under Configuration, Counterparts."
                )
            )
        if not note:
            raise UserError(
                self.env._("Write how you know that the customer is this seller's.")
            )
        practice._match_to_seller(counterpart.sudo(), note=note)

    def _match_to_seller(self, counterpart, file=None, note=""):
        """The customers of these notices are a seller's: it is charged, not them.

        :param counterpart: cmor.counterpart of kind cc
        :param file: the flow in which the seller has told it
        :param str note: how a person knows it, who says so by hand
        :raise UserError: one of them waits for no match
        """
        wrong = self.filtered(
            lambda p: p.side != "incoming" or p.state not in ("received", "unmatched")
        )
        if wrong:
            raise UserError(
                self.env._("Only a practice whose customer was not found is matched.")
            )
        seller = counterpart.partner_id
        vals = {
            "cc_partner_id": seller.id,
            "cc_vat": counterpart.vat,
            "partner_id": seller.id,
            "match_reason": False,
        }
        if note:
            vals.update(matched_by_id=self.env.uid, match_note=note)
        update_changed(self, dict.fromkeys(self, vals))
        kind = "seller_by_hand" if note else "matched_seller"
        params = {"seller": seller.name, **({"note": note} if note else {})}
        self._move_to("matched", kind, params, file)
        self._settle(fields.Date.context_today(self))

    def action_unmatch(self):
        # EXTENDS: nor of a seller
        result = super().action_unmatch()
        for practice in self.sudo():
            practice._update({"cc_partner_id": False, "cc_vat": False})
        return result

    def _is_report_due(self, money, last):
        # EXTENDS: the seller bills its customer, the report is its own
        return not self.cc_vat and super()._is_report_due(money, last)
