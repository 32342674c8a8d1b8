from datetime import datetime, time
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.translate import LazyTranslate

from odoo.addons.utility_supply.models.import_message import LOADER_MESSAGES, issue

from ..rules import incoming_match, lifecycle, messages, past, window
from .cmor_practice_facts import _cents
from .practice_dataset import NAME, OWN_CODE, SII_CODE

_lt = LazyTranslate(__name__)

LOADER_MESSAGES.update(
    {
        "cmor_no_code": _lt("Write CP_GESTORE, and CP_UTENTE for the outgoing side."),
        "cmor_bad_code": _lt("%(value)s is not a practice code."),
        "cmor_code_taken": _lt("The code %(value)s is of another practice."),
        "cmor_bad_state": _lt("%(value)s is not a state of this side."),
        "cmor_negative": _lt("%(value)s: an amount is never negative."),
        "cmor_many_contracts": _lt(
            "The customer has several contracts on this point: write the contract code."
        ),
        "cmor_changed": _lt(
            "Practice %(value)s is here already with another value: a running"
            " practice is never changed by a file. Work on it in CMOR."
        ),
        "cmor_live_twin": _lt(
            "Another practice is alive for this point, customer and period: %(value)s."
        ),
        "cmor_needs_payment": _lt(
            "A paid practice needs the day and the amount received."
        ),
        "cmor_bad_days": _lt(
            "A day is in the future, or before the step that comes before it."
        ),
    }
)
# the network has charged it to us
CHARGED_TO_US = ("to_charge", "charged", "collected", "uncollected")
# CSEA has not paid: what the customer pays himself would be paid twice
RUNNING = frozenset(lifecycle.CLAIMED_STATES) - {"paid"}
# answers of the SII have come: it has given its code
NUMBERED = frozenset(lifecycle.SOURCES["outgoing"]) - {"sent", "rejected"}


class UtilityImportProfile(models.Model):
    _inherit = "utility.import.profile"

    dataset = fields.Selection(
        selection_add=[(NAME, "CMOR practices of the past")],
        ondelete={NAME: "cascade"},
    )

    @api.model
    def _datasets(self):
        # EXTENDS utility_supply: after the bills that the practices name
        return [*super()._datasets(), NAME]


class UtilityImportBatch(models.Model):
    _inherit = "utility.import.batch"

    dataset = fields.Selection(
        selection_add=[(NAME, "CMOR practices of the past")],
        ondelete={NAME: "set null"},
    )


class UtilityImportLoaderCmorPractices(models.AbstractModel):
    """Running practices of the past, by CP_GESTORE and CP_UTENTE.

    A practice comes in once, with its state and its figures as they were; its code is
    burnt. The same row again changes nothing; another value for a known practice is set
    aside: what runs here is worked on here. A candidate that the nightly search made of
    the same supply becomes the practice.
    """

    _name = "utility.import.loader.cmor_practices"
    _inherit = "utility.import.loader"
    _description = "Loader of CMOR practices of the past"

    def _facts(self, batch, records):
        practices = self.env["cmor.practice"].sudo()
        company = batch.company_id
        codes = self._values_of(records, "code")
        sii_codes = self._values_of(records, "sii_code")
        known = practices.search(
            Domain("company_id", "=", company.id)
            & (Domain("code", "in", codes) | Domain("sii_code", "in", sii_codes))
        )
        contracts = (
            self.env["utility.contract"]
            .sudo()
            .with_context(active_test=False)
            .search(
                Domain("company_id", "=", company.id)
                & Domain(
                    "supply_point_id.code", "in", self._values_of(records, "point_code")
                )
                & Domain(
                    "partner_id.billing_code",
                    "in",
                    self._values_of(records, "customer_code"),
                )
            )
        )
        burnt = (
            self.env["cmor.practice.code"]
            .sudo()
            .search([("company_id", "=", company.id), ("code", "in", codes)])
        )
        refs = {ref for r in records for ref in r.get("billing_refs") or ()}
        return {
            "by_code": {p.code: p for p in known if p.code},
            "by_sii_code": {p.sii_code: p for p in known if p.sii_code},
            "burnt": set(burnt.mapped("code")),
            "contracts": contracts,
            "bills": self._by_key("account.move", "billing_ref", batch, list(refs)),
            "live": practices.search(
                Domain("contract_id", "in", contracts.ids)
                & Domain("state", "not in", lifecycle.DEAD_STATES)
            ),
        }

    # -- judging -------------------------------------------------------------------

    def _judge(self, batch, record, facts, known):
        issues = self._form_issues(record)
        contract, found = self._contract(record, facts)
        issues += found
        for ref in record.get("billing_refs") or ():
            issues += self._known_or_issue(
                facts["bills"], known, "bills", "unknown_bill", "billing_refs", ref
            )
        if issues:
            return issues
        practice = self._practice(record, facts)
        if practice:
            return self._judge_known(record, practice)
        if record.get("code") in facts["burnt"]:
            return [issue("cmor_code_taken", "code", record["code"])]
        twin = self._twin(record, contract, facts)
        if twin and twin.state not in lifecycle.OPEN_STATES:
            return [issue("cmor_live_twin", "point_code", twin.display_name)]
        return "updated" if twin else "created"

    def _form_issues(self, record):
        side, state = record["side"], record["state"]
        code, sii_code = record.get("code"), record.get("sii_code")
        issues = []
        needs_sii = side == "incoming" or state in NUMBERED
        if (side == "outgoing" and not code) or (needs_sii and not sii_code):
            issues.append(issue("cmor_no_code", "code"))
        if code and not OWN_CODE.fullmatch(code):
            issues.append(issue("cmor_bad_code", "code", code))
        if sii_code and not SII_CODE.fullmatch(sii_code.upper()):
            issues.append(issue("cmor_bad_code", "sii_code", sii_code))
        if state not in lifecycle.states(side):
            issues.append(issue("cmor_bad_state", "state", state))
        for name in ("indemnity", "credit", "prev_cmor", "received"):
            if (record.get(name) or 0) < 0:
                issues.append(issue("cmor_negative", name, record[name]))
        today = fields.Date.context_today(self)
        if not past.are_in_order(_told_life(record), today):
            issues.append(issue("cmor_bad_days", "state_on"))
        if state == "paid" and not (record.get("received") and record.get("paid_on")):
            issues.append(issue("cmor_needs_payment", "received"))
        return issues

    def _contract(self, record, facts):
        """(contract, [Issue]) of the record."""
        contracts = facts["contracts"].filtered(
            lambda c: (
                c.supply_point_id.code == record["point_code"]
                and c.partner_id.billing_code == record["customer_code"]
            )
        )
        code = record.get("contract_code")
        if code:
            contracts = contracts.filtered(lambda c: c.code == code)
        elif len(contracts) > 1 and record["side"] == "outgoing":
            ended = contracts.filtered(lambda c: c.end_reason == "switch_out")
            contracts = ended or contracts
        if len(contracts) > 1:
            value = record["point_code"]
            return contracts[:1], [issue("cmor_many_contracts", "contract_code", value)]
        if not contracts:
            value = code or record["point_code"]
            return contracts, [issue("unknown_contract", "contract_code", value)]
        return contracts, []

    def _practice(self, record, facts):
        sii_code = (record.get("sii_code") or "").upper()
        return facts["by_code"].get(record.get("code")) or facts["by_sii_code"].get(
            sii_code
        )

    def _twin(self, record, contract, facts):
        return facts["live"].filtered(
            lambda p: p.contract_id == contract and p.side == record["side"]
        )[:1]

    def _judge_known(self, record, practice):
        """A practice that is here: the same row as then, or a contradiction."""
        told = self._told(record)
        if practice.loaded_values == told:
            return "unchanged"
        code = record.get("code") or record.get("sii_code")
        if not practice.loaded_values:
            return [issue("cmor_code_taken", "code", code)]
        changed = [n for n in told if told[n] != practice.loaded_values.get(n)]
        return [issue("cmor_changed", (changed or ["code"])[0], code)]

    def _told(self, record):
        """The record as kept beside the practice, to know it again."""
        return messages.encode_params(
            {name: value for name, value in record.items() if value}
        )

    # -- writing -------------------------------------------------------------------

    def _apply(self, batch, todo, facts):
        company = batch.company_id
        today = fields.Date.context_today(self)
        terms = self.env["cmor.parameter"]._terms(company, today)
        roles = self.env["cmor.company.role"]._find_roles(company, today)
        practices = self.env["cmor.practice"].sudo()
        new, pairs = [], []
        for _number, record, outcome in todo:
            if outcome == "unchanged":
                continue
            contract, _issues = self._contract(record, facts)
            vals = self._vals(record, contract, terms, roles, company)
            if outcome == "created":
                new.append((record, vals))
                continue
            twin = self._twin(record, contract, facts)
            pairs.append((record, twin, twin.state))
            twin._guarded().write(vals)
        names = practices._next_names(len(new))
        created = (
            practices.with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
            ._guarded()
            .create(
                [
                    {**vals, "name": name}
                    for (_record, vals), name in zip(new, names, strict=True)
                ]
            )
        )
        created = practices.browse(created.ids)
        pairs += [
            (record, practice, "")
            for (record, _vals), practice in zip(new, created, strict=True)
        ]
        self._burn_codes(pairs, today)
        self._claim_bills(pairs, facts)
        self._add_receipts(pairs)
        self._add_incoming_money(pairs, facts)
        self._log(pairs, batch)
        done = practices.union(*(practice for _record, practice, _source in pairs))
        done._sum_receipts()
        done._mark_late(today)
        done._settle(today)
        done._set_next()

    def _vals(self, record, contract, terms, roles, company):
        role = roles.get((company.id, contract.service))
        vals = {
            "company_id": company.id,
            "side": record["side"],
            "state": record["state"],
            "sector": contract.service,
            "role_id": role.id if role else False,
            "code": record.get("code") or False,
            "sii_code": (record.get("sii_code") or "").upper() or False,
            "contract_id": contract.id,
            "supply_point_id": contract.supply_point_id.id,
            "partner_id": contract.partner_id.id,
            "date_start": contract.date_start,
            "date_end": contract.date_end,
            "indemnity": float(record["indemnity"]),
            "credit_amount": float(record.get("credit") or record["indemnity"]),
            "prev_cmor_amount": float(record.get("prev_cmor") or 0),
            "loaded_values": self._told(record),
        }
        if record.get("accepted_on"):
            vals["accepted_on"] = record["accepted_on"]
        if record["side"] == "incoming":
            vals.update(self._incoming_vals(record, contract, company))
        if record.get("sent_on"):
            vals["sent_on"] = vals["exported_on"] = datetime.combine(
                record["sent_on"], time(12)
            )
        if record["side"] == "outgoing" and contract.date_end:
            span = window.request_window(contract.date_end, terms)
            vals.update(
                window_open=span.opens,
                window_close=span.closes,
                window_open_earliest=span.earliest_open,
                window_close_latest=span.latest_close,
            )
        return vals

    def _incoming_vals(self, record, contract, company):
        """What the notice had said, and its last day to ask the suspension."""
        told = record.get("accepted_on")
        practices = self.env["cmor.practice"].sudo()
        point = contract.supply_point_id.code
        vals = {
            "first_amount": float(record["indemnity"]),
            "point_code": point,
            "point_key": incoming_match.point_key(contract.service, point) or False,
        }
        if told:
            vals["notice_date"] = told
            vals["suspend_until"] = practices._suspension_term(company, told)
        return vals

    def _burn_codes(self, pairs, today):
        self.env["cmor.practice.code"].sudo()._guarded().create(
            [
                {
                    "company_id": practice.company_id.id,
                    "code": practice.code,
                    "practice_id": practice.id,
                    "role_id": practice.role_id.id,
                    "date": record.get("sent_on") or today,
                }
                for record, practice, _source in pairs
                if practice.code
            ]
        )

    def _add_receipts(self, pairs):
        """Money of the past is in the books already: no entry."""
        self.env["cmor.receipt"].sudo()._guarded().create(
            [
                {
                    "practice_id": practice.id,
                    "ref": record.get("payment_ref") or f"CSEA {record['paid_on']}",
                    "date": record["paid_on"],
                    "amount": float(record["received"]),
                    "allocated_amount": float(record["received"]),
                    "source": "loaded",
                }
                for record, practice, _source in pairs
                if record.get("received") and record.get("paid_on")
            ]
        )

    def _add_incoming_money(self, pairs, facts):
        """The network's charge and the bill that carries the CMOR, as the file names
        them: known from now on, without an entry, the books have them already."""
        lines, charges = [], []
        today = fields.Date.context_today(self)
        for record, practice, _source in pairs:
            if practice.side != "incoming" or practice.state not in CHARGED_TO_US:
                continue
            day = record.get("state_on") or record.get("accepted_on") or today
            code = practice.sii_code
            lines.append(
                {
                    "company_id": practice.company_id.id,
                    "practice_id": practice.id,
                    "state": "matched",
                    "source": "loaded",
                    "ref": code,
                    "date": day,
                    "sii_code": code,
                    "amount": practice.indemnity,
                }
            )
            bills = [facts["bills"][ref] for ref in record.get("billing_refs") or ()]
            if bills and practice.state != "to_charge":
                charges.append(practice._past_charge(bills[0], day))
        self.env["cmor.network.charge"].sudo()._guarded().create(lines)
        self.env["utility.charge"].sudo()._guarded().create(charges)

    def _log(self, pairs, batch):
        """The steps on the days of the file, then that it was loaded, today."""
        event, vals_list = self.env["cmor.practice.event"], []
        for record, practice, _source in pairs:
            for source, target, day in past.steps(_told_life(record)):
                vals = event._prepare_vals(practice, "state", {}, source, target)
                if day:
                    vals["date"] = datetime.combine(day, time(12))
                vals_list.append(vals)
            params = {"amount": practice._claimed(), "file": batch.name}
            vals_list.append(event._prepare_vals(practice, "loaded", params))
        event.sudo()._guarded().create(vals_list)

    def _claim_bills(self, pairs, facts):
        """Lines of the bills: what each practice claims of them, oldest first.

        A file of the past does not divide the credit: what is open of the bills named
        (or of all) is taken up to it. Of a claim that runs the rest is on what was paid
        of them, the latest first: paid after it had left, somebody has to know.
        """
        pairs = [pair for pair in pairs if pair[1].side == "outgoing"]
        practices = self.env["cmor.practice"].sudo()
        practices = practices.union(*(practice for _r, practice, _s in pairs))
        practices.line_ids._guarded().unlink()
        shares = practices._collect_bills(practices.contract_id)
        vals_list = []
        for record, practice, _source in pairs:
            named = {facts["bills"][ref].id for ref in record.get("billing_refs") or ()}
            vals_list += self._line_vals(
                practice, named, shares.get(practice.contract_id.id, ())
            )
        self.env["cmor.practice.line"].sudo()._guarded().create(vals_list)

    def _line_vals(self, practice, named, items):
        left = _cents(practice.credit_amount)
        items = [
            item
            for item in items
            if item.bill.total > 0 and (not named or item.move.id in named)
        ]
        parts = {}
        for item in items:
            part = parts[item.move.id] = max(Decimal(0), min(left, item.bill.residual))
            left -= part
        if practice.state in RUNNING:
            for item in reversed(items):
                paid = max(Decimal(0), item.bill.total - max(0, item.bill.residual))
                part = min(left, paid)
                parts[item.move.id] += part
                left -= part
        vals_list = []
        for item in items:
            bill, move, part = item.bill, item.move, parts[item.move.id]
            if not part and not named:
                continue
            vals_list.append(
                {
                    "practice_id": practice.id,
                    "move_id": move.id,
                    "name": bill.ref,
                    "date_from": bill.date_from or False,
                    "date_to": bill.date_to or False,
                    "total_amount": float(bill.total),
                    "open_amount": float(bill.residual),
                    "relevant_amount": float(part),
                    "reason_code": "full",
                }
            )
        return vals_list


def _told_life(record):
    return past.Told(
        record["side"],
        record["state"],
        record.get("sent_on"),
        record.get("accepted_on"),
        record.get("state_on"),
        record.get("paid_on"),
    )
