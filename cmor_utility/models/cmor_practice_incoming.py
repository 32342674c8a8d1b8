from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.utility_supply.models.bulk import (
    insert_rows,
    plain_values,
    update_changed,
)

from ..rules import incoming, incoming_match
from .cmor_company_role import SECTOR_CODES
from .cmor_practice_export import _plain_vat
from .cmor_practice_facts import _cents

SECTOR_OF_CODE = {"E": "electricity", "G": "gas"}
# what an answer is judged against
ANSWER_FACTS = (
    *("state", "indemnity", "first_amount", "point_key", "is_annulled"),
    *("billed_amount", "pending_amount", "updated_on", "stands_annulled"),
    *("contract_id", "collected_amount", "given_up_amount", "open_amount"),
)

TOLD_CUSTOMER = ("told_name", "told_fiscal_code", "told_vat")


class CmorPractice(models.Model):
    """Incoming side: we are charged the CMOR of a customer who came to us.

    A practice begins with the SII's notice and is known by its code (CP_GESTORE). Who
    the outgoing seller is, nobody tells us and nothing here needs it. How the contract
    is found: ``cmor_practice_matching.py``; the money: ``cmor_practice_settling.py``.
    """

    _inherit = "cmor.practice"

    # what the notice says
    first_amount = fields.Monetary(
        string="Amount of the notice", readonly=True, copy=False
    )
    point_code = fields.Char(string="POD / PDR told", readonly=True, copy=False)
    point_key = fields.Char(readonly=True, copy=False)
    told_fiscal_code = fields.Char(string="Tax code told", readonly=True, copy=False)
    told_vat = fields.Char(string="VAT number told", readonly=True, copy=False)
    told_name = fields.Char(string="Customer told", readonly=True, copy=False)
    told_prev = fields.Boolean(
        string="Contains a previous CMOR", readonly=True, copy=False
    )
    distributor_id = fields.Many2one(
        "res.partner",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
    )
    notice_date = fields.Date(string="Notice of", readonly=True, copy=False)
    accepted_on = fields.Date(
        string="Accepted by the SII on", readonly=True, copy=False
    )
    suspend_until = fields.Date(
        string="Suspension by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Last day to ask the suspension: told by the SII, or the term of TISIND"
        " 8.4 as set in the parameters.",
    )
    updated_on = fields.Date(string="Amount updated on", readonly=True, copy=False)
    cancelled_on = fields.Date(string="Annulled on", readonly=True, copy=False)
    is_annulled = fields.Boolean(string="Annulled", readonly=True, copy=False)
    stands_annulled = fields.Boolean(
        string="Annulled after CSEA's payment",
        readonly=True,
        copy=False,
        help="CSEA had paid: the outgoing seller gives the money back to the customer,"
        " the CMOR that the network charged us stays due (TISIND 12).",
    )
    cancel_cause = fields.Char(string="Why annulled", readonly=True, copy=False)

    _sii_code_in_uniq = models.UniqueIndex(
        "(company_id, sii_code) WHERE side = 'incoming' AND sii_code IS NOT NULL",
        "An incoming practice with this SII code exists already.",
    )
    _point_key_idx = models.Index("(company_id, point_key) WHERE side = 'incoming'")

    @api.depends("name", "partner_id", "code", "sii_code", "side", "told_name")
    def _compute_display_name(self):
        # EXTENDS: an incoming practice is known by the SII's code
        result = super()._compute_display_name()
        for practice in self.filtered(lambda p: p.side == "incoming"):
            parts = [
                practice.sii_code or practice.name,
                practice.partner_id.name or practice.told_name,
            ]
            practice.display_name = " - ".join(part for part in parts if part)
        return result

    # --- opening ----------------------------------------------------------------

    def get_formview_id(self, access_uid=None):
        # EXTENDS base: the two sides have forms of their own
        if len(self) == 1 and self.side == "incoming":
            return self.env.ref("cmor_utility.cmor_practice_view_form_incoming").id
        return super().get_formview_id(access_uid)

    def _action_show(self):
        # EXTENDS: incoming practices among themselves
        if not self or any(practice.side != "incoming" for practice in self):
            return super()._action_show()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "cmor_utility.cmor_practice_action_incoming"
        )
        action = {**action, "context": {}, "domain": [("id", "in", self.ids)]}
        if len(self) == 1:
            views = [(self.get_formview_id(), "form")]
            action.update(res_id=self.id, view_mode="form", views=views)
        return action

    # --- notices ----------------------------------------------------------------

    @api.model
    def _incoming_by_code(self, companies, codes):
        """{(company id, SII code): incoming practice}."""
        found = self.sudo().search(
            Domain("side", "=", "incoming")
            & Domain("company_id", "in", companies.ids)
            & Domain("sii_code", "in", [code for code in codes if code])
        )
        return {(p.company_id.id, p.sii_code): p for p in found}

    def _answer_facts(self):
        """{practice id: ``rules.incoming.Practice``}, read of all of them together."""
        facts = {}
        for id_, values in plain_values(self, ANSWER_FACTS).items():
            state, amount, first, point, annulled, *rest = values
            billed, pending, updated_on, stands, *rest = rest
            contract, collected, given_up, opened = rest
            facts[id_] = incoming.Practice(
                state=state,
                amount=_cents(amount),
                first_amount=_cents(first),
                point=point or "",
                is_annulled=bool(annulled),
                is_charged=bool(billed or pending),
                updated_on=updated_on or None,
                stands_annulled=bool(stands),
                is_returned=bool(annulled) and self.browse(id_)._has_returned(),
                is_matched=bool(contract),
                is_collected=_cents(collected) > 0,
                is_given_up=_cents(given_up) > 0 >= _cents(opened),
            )
        return facts

    @api.model
    def _open_incoming(self, notices, company, today):
        """Make practices of notices, find their contracts and their network lines.

        :param notices: list of (values by source, flow file or empty), each with a
            new SII code
        :return: the practices, in the same order
        """
        roles = self.env["cmor.company.role"]._find_roles(company, today, "incoming")
        names = self._next_names(len(notices))
        partners = self._partners_by_vat(
            company, [values.get("distributor_vat") for values, _file in notices]
        )
        vals_list = [
            {
                **self._prepare_incoming(values, company, today),
                "name": name,
                "distributor_id": partners.get(values.get("distributor_vat"), False),
            }
            for (values, _file), name in zip(notices, names, strict=True)
        ]
        for vals in vals_list:
            role = roles.get((company.id, vals["sector"]))
            vals["role_id"] = role.id if role else False
        # many in one statement: `create` would note nothing and subscribe nobody
        made = insert_rows(self.sudo(), vals_list, flush=False)
        made._log_notices([file for _values, file in notices])
        made._match_contracts(today)
        made._fill_distributors(today)
        self.env["cmor.network.charge"]._match_waiting(made)
        made._settle(today)
        return made

    def _prepare_incoming(self, values, company, today):
        sector = notice_sector(values)
        point = values.get("pod") if sector == "electricity" else values.get("pdr")
        amount = float(values["cmor_amount"])
        accepted = values.get("accepted_on") or None
        notice_date = values.get("notice_date") or accepted or today
        until = values.get("suspend_until") or self._suspension_term(
            company, accepted or notice_date
        )
        names = (values.get("first_name"), values.get("last_name"))
        return {
            "company_id": company.id,
            "side": "incoming",
            "sector": sector,
            "state": "received",
            "sii_code": values["sii_code"],
            "indemnity": amount,
            "first_amount": amount,
            "point_code": str(point or "") or False,
            "point_key": incoming_match.point_key(sector, point) or False,
            "told_fiscal_code": values.get("fiscal_code") or False,
            "told_vat": values.get("vat") or False,
            "told_name": values.get("company_name")
            or " ".join(name for name in names if name)
            or False,
            "told_prev": str(values.get("has_prev") or "0") == "1",
            "notice_date": notice_date,
            "accepted_on": accepted,
            "suspend_until": until,
        }

    @api.model
    def _suspension_term(self, company, start):
        """Last day to ask the suspension, counted from the acceptance; False when the
        term is not set."""
        return self.env["cmor.parameter"]._last_day(
            company, "suspension_request_days", start
        )

    @api.model
    def _partners_by_vat(self, company, numbers):
        """{VAT number as written: partner id} of partners that the company may use."""
        plain = {
            number: next(iter(incoming_match.person_keys(None, number)), "")
            for number in numbers
            if number
        }
        wanted = {text for text in plain.values() if text}
        if not wanted:
            return {}
        found = (
            self.env["res.partner"]
            .sudo()
            .search(
                Domain("vat", "in", [*wanted, *(f"IT{text}" for text in wanted)])
                & Domain("company_id", "in", [False, company.id])
                & Domain("parent_id", "=", False),
                order="id desc",
            )
        )
        by_vat = {partner.vat.removeprefix("IT"): partner.id for partner in found}
        return {
            number: by_vat[text] for number, text in plain.items() if text in by_vat
        }

    def _log_notices(self, files):
        event, events = self.env["cmor.practice.event"], []
        known = plain_values(self, ("indemnity", "point_code", *TOLD_CUSTOMER))
        for practice, file in zip(self, files, strict=True):
            amount, point, *words = known[practice.id]
            told = {
                "amount": _cents(amount),
                "point": point or "-",
                "customer": next(filter(None, words), "-"),
            }
            events.append(
                event._prepare_vals(practice, "notice_in", told, "", "received", file)
            )
        event._append(events)

    def _flow_sources(self):
        # EXTENDS: towards the SII a practice is named as the SII named it
        if self.side != "incoming":
            return super()._flow_sources()
        electric = self.sector == "electricity"
        point = self.point_code or self.supply_point_id.code or None
        return {
            "code": self.code,
            "sii_code": self.sii_code,
            "sector_code": SECTOR_CODES[self.sector],
            "pod": point if electric else None,
            "pdr": None if electric else point,
            "fiscal_code": self.told_fiscal_code
            or self.partner_id.l10n_it_codice_fiscale
            or None,
            "vat": self.told_vat or _plain_vat(self.partner_id.vat) or None,
            "cmor_amount": _cents(self.indemnity),
            "indemnity": _cents(self.indemnity),
            "distributor_vat": _plain_vat(self.distributor_id.vat) or None,
            "note": None,
        }

    # --- annulment and update told by the SII ------------------------------------

    def _annul(self, told, file=None):
        """The SII annulled these practices: stop what can be stopped, give back.

        :param told: {practice: (date of the annulment, cause: code and reason)}
        """
        update_changed(
            self, {p: {"is_annulled": True, **_cancelled(*told[p])} for p in self}
        )
        self._move_to("cancelled", "annulled", lambda p: _annulled(*told[p]), file)
        self._overtake_requests()
        self._stop_pending_charges()

    def _annul_paid(self, told, file=None):
        """The SII annulled these practices after CSEA had paid (TISIND 12): the
        outgoing seller gives back, our charge stands.

        :param told: {practice: (date of the annulment, cause: code and reason)}
        """
        same = {"is_annulled": False, "stands_annulled": True}
        update_changed(self, {p: {**same, **_cancelled(*told[p])} for p in self})
        self._log("annulled_paid", lambda p: _annulled(*told[p]), file)

    def _overtake_requests(self):
        """What was asked is pointless now; what was charged is reported all the same"""
        self.request_ids.filtered(
            lambda r: r.key != incoming.REPORT and r.state in OVERTAKEN_SOURCES
        )._set_state("overtaken")

    def _has_returned(self):
        """Whether something was given back to the customer, or is on its way."""
        return bool(
            self.charge_ids.filtered(lambda c: c.amount < 0 and c.state != "cancelled")
        )

    def _update_amounts(self, told, file=None):
        """The SII changed the amounts of these practices (TISIND art. 10).

        :param told: {practice: (Decimal, date of the update)}
        """
        known = plain_values(self, ("indemnity",))
        before = {practice: _cents(known[practice.id].indemnity) for practice in self}
        rows = {
            p: {"indemnity": float(told[p][0]), "updated_on": told[p][1]} for p in self
        }
        update_changed(self, rows)
        self._log(
            "amount_updated",
            lambda p: {"before": before[p], "after": told[p][0], "what": ""},
            file,
        )
        self.filtered(lambda p: told[p][0] < before[p])._stop_pending_charges()


OVERTAKEN_SOURCES = ("to_export", "exported", "sent", "admitted")


def steps(paths):
    """(state, the practices that enter it together), step by step.

    :param paths: {practice: states to enter one after the other}
    """
    left = {practice: list(path) for practice, path in paths.items() if path}
    while left:
        targets = defaultdict(list)
        for practice, path in left.items():
            targets[path.pop(0)].append(practice.id)
        model = next(iter(left)).browse()
        yield from ((target, model.browse(ids)) for target, ids in targets.items())
        left = {practice: path for practice, path in left.items() if path}


def _cancelled(day, cause):
    return {"cancelled_on": day, "cancel_cause": cause or False}


def _annulled(day, cause):
    """Parameters of the event that tells of an annulment."""
    return {"date": day, "cause": cause or "-"}


def notice_sector(values):
    """Sector of a notice: as told, else by the kind of point it names."""
    code = str(values.get("sector_code") or "").strip().upper()
    if code in SECTOR_OF_CODE:
        return SECTOR_OF_CODE[code]
    return "gas" if values.get("pdr") and not values.get("pod") else "electricity"
