"""A small Sistema Indennitario: Gestore, distributor and CSEA, in one object.

It knows nothing of Odoo and nothing of our models: files come in as bytes, files go
out as bytes, both by the record layouts, and it keeps its own books, against which the
books of the companies are compared at the end.

Days are numbers of its calendar: what it answers falls due on a later day and is
handed over by ``deliver``. A *script* says what becomes of a claim. How the post brings
the answers (late, twice, in the wrong order) is the caller's; that they contradict
themselves is the script's.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from odoo.addons.cmor_utility.formats import flow_io

GESTORE = "05877611003"

# what becomes of a claim
NORMAL = "normal"
FIXABLE = "fixable"  # refused once for a missing field, admitted when asked again
FINAL = "final"  # refused for good
REGISTERED = "registered"  # answered "already received", with its CP_GESTORE
UPDATED = "updated"  # the amount is lowered before CSEA pays
CONTRADICTED = "contradicted"  # like NORMAL, and told otherwise besides
ANNULLED_EARLY = "annulled_early"  # annulled before anybody was charged
ANNULLED_CHARGED = "annulled_charged"  # after the customer was charged
ANNULLED_PAID = "annulled_paid"  # after CSEA paid

# days from the request to each step
ACK, CHARGE, PAY, EARLY, AFTER_CHARGE, AFTER_PAY = 2, 20, 60, 8, 30, 70
# days from the annulment to the distributor's credit note
CREDIT = 12


@dataclass
class Claim:
    """What the Gestore knows of a practice."""

    sii_code: str
    code: str
    udd: str
    script: str
    values: dict
    incoming: str
    amount: Decimal
    state: str = "accepted"
    charged: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    reports: list = field(default_factory=list)
    refunds: list = field(default_factory=list)
    until: object = None  # last day to ask the suspension
    held: list = field(default_factory=list)  # what waits while it is suspended


class Sii:
    """The Gestore with a distributor and CSEA behind it.

    :param dict layouts: {key of the flow: utility_supply's record_layout.Layout}
    :param dict holders: {POD or PDR: VAT number of the network user that holds it now}
    :param dict scripts: {POD or PDR: script}; the others are NORMAL
    :param distributor: VAT number of the distributor
    """

    def __init__(self, layouts, holders, scripts=None, distributor="00000000000"):
        self.layouts, self.holders = layouts, dict(holders)
        self.scripts = dict(scripts or {})
        self.distributor = distributor
        self.claims = {}
        self.by_code = {}
        self.due = []  # (day, number, VAT number, key, values)
        self.handed = defaultdict(set)  # key -> CP_GESTORE of what was delivered
        self.refused = set()
        self._number = 0

    # --- post -----------------------------------------------------------------

    def receive(self, sender, data, today):
        """A file of a network user.

        :return: key of the flow that it was
        """
        key = self._key(data)
        result = flow_io.read(self.layouts[key], data)
        for row in result.rows:
            if row.issues:
                raise AssertionError(f"{key}: {row.issues}")
            values = flow_io.by_source(self.layouts[key], row.values)
            if values["role_vat"] != sender:
                raise AssertionError(f"{sender} sent a file of {values['role_vat']}")
            getattr(self, f"_{key}")(sender, values, today)
        return key

    def deliver(self, receiver, today):
        """What has fallen due for ``receiver``: [(file name, bytes)], in order."""
        ready = [item for item in self.due if item[0] <= today and item[2] == receiver]
        self.due = [item for item in self.due if item not in ready]
        files = []
        by_kind = {}
        for _day, _number, _vat, key, values in sorted(ready, key=lambda i: i[:2]):
            by_kind.setdefault(key, []).append(values)
            self.handed[key].add(values.get("sii_code"))
        for key, rows in by_kind.items():
            code = self.layouts[key].code
            name = f"{code}_{receiver}_{today:%Y%m%d}.csv"
            files.append((name, self._file(key, rows)))
        return files

    def _file(self, key, rows):
        layout = self.layouts[key]
        records = [
            (number, {f.name: values.get(f.source) for f in layout.fields})
            for number, values in enumerate(rows)
        ]
        result = flow_io.write(layout, records)
        if result.refused:
            raise AssertionError(f"{key}: {result.refused[0].issues}")
        return result.data

    def _key(self, data):
        service, flow = flow_io.sniff(data)
        for key, layout in self.layouts.items():
            if layout.code == f"{service}.{flow}":
                return key
        raise AssertionError(f"unknown flow {service}.{flow}")

    def _post(self, day, receiver, key, claim, **values):
        layout = self.layouts[key]
        service, _dot, flow = layout.code.partition(".")
        self._number += 1
        common = {
            "service_code": service,
            "flow_code": flow,
            "role_vat": receiver,
            "gestore_vat": GESTORE,
        }
        if claim:
            given = claim.values
            names = ("sector_code", "pod", "pdr", "fiscal_code", "vat", "foreign")
            common |= {name: given.get(name) for name in names}
            common |= {"sii_code": claim.sii_code, "cc_vat": receiver}
            common |= {"distributor_vat": self.distributor}
        self.due.append((day, self._number, receiver, key, {**common, **values}))

    # --- requests of the outgoing side ------------------------------------------

    def _claim_request(self, udd, values, today):
        code, point = values["code"], values.get("pod") or values.get("pdr")
        script = self.scripts.get(point, NORMAL)
        day = today + timedelta(days=ACK)
        if (udd, code) in self.by_code:
            raise AssertionError(f"{code} was used twice")
        self.by_code[udd, code] = point
        fixable = script == FIXABLE and point not in self.refused
        if fixable or script == FINAL:
            self.refused.add(point)
            cause = "4" if fixable else "15"
            self._refuse(day, udd, "claim_ack", values, cause)
            return
        number = len(self.claims) + 1
        claim = Claim(
            f"SII{number:012d}",
            code,
            udd,
            script,
            values,
            self.holders[point],
            values["indemnity"] + (values.get("prev_amount") or 0),
            until=day + timedelta(days=10),
        )
        # what was asked is what is paid: the previous CMOR is in the indemnity or not
        claim.amount = values["indemnity"]
        self.claims[claim.sii_code] = claim
        self._admit(day, udd, claim)
        self._script(claim, today)

    def _refuse(self, day, receiver, key, values, cause, sii_code=None):
        self._post(
            day,
            receiver,
            key,
            None,
            code=values["code"],
            sii_code=sii_code,
            pod=values.get("pod"),
            pdr=values.get("pdr"),
            admitted=0,
            cause_code=cause,
            cause_text="Rifiutata dal simulatore",
        )

    def _admit(self, day, udd, claim):
        if claim.script == REGISTERED:
            self._refuse(day, udd, "claim_ack", claim.values, "5", claim.sii_code)
        else:
            self._post(day, udd, "claim_ack", claim, code=claim.code, admitted=1)
        self._post(
            day,
            claim.incoming,
            "claim_notice_in",
            claim,
            code=claim.code,
            cmor_amount=claim.amount,
            has_prev=claim.values.get("has_prev") or 0,
            accepted_on=day,
            suspend_until=claim.until,
        )

    def _script(self, claim, today):
        def later(days):
            return today + timedelta(days=days)

        if claim.script == CONTRADICTED:
            self._contradict(later(CHARGE), claim)
        if claim.script == ANNULLED_EARLY:
            self._annul(later(EARLY), claim, "N1")
            return
        if claim.script == UPDATED:
            self._update(later(EARLY), claim, claim.amount - Decimal("10.00"))
        self._charge(later(CHARGE), claim)
        if claim.script == ANNULLED_CHARGED:
            self._annul(later(AFTER_CHARGE), claim, "N4")
            return
        self._pay(later(PAY), claim)
        if claim.script == ANNULLED_PAID:
            self._annul(later(AFTER_PAY), claim, "N3")

    def _contradict(self, day, claim):
        """What was admitted is refused, what was told is told with another amount."""
        self._refuse(day, claim.udd, "claim_ack", claim.values, "15", claim.sii_code)
        self._post(
            day,
            claim.incoming,
            "claim_notice_in",
            claim,
            code=claim.code,
            cmor_amount=claim.amount + 1,
            has_prev=0,
            accepted_on=day,
        )
        self._post(
            day,
            claim.udd,
            "claim_paid",
            claim,
            code=claim.code,
            paid_amount=claim.amount + 1,
            paid_on=day,
            payment_ref=f"X-{claim.sii_code}",
        )

    def _update(self, day, claim, amount):
        for receiver in (claim.udd, claim.incoming):
            self._post(
                day,
                receiver,
                "claim_update",
                claim,
                code=claim.code,
                amount_before=claim.amount,
                cmor_amount=amount,
                updated_on=day,
            )
        claim.amount = amount

    def _charge(self, day, claim):
        claim.charged = claim.amount
        self._post(
            day,
            claim.incoming,
            "dso_charge",
            claim,
            cmor_amount=claim.amount,
            document_kind="F",
            bill_number=f"D{claim.sii_code[-6:]}",
            bill_date=day,
        )

    def _credit(self, day, claim):
        """The distributor gives back what it had charged (TISIND art. 12)."""
        amount, claim.charged = claim.charged, Decimal(0)
        self._post(
            day,
            claim.incoming,
            "dso_charge",
            claim,
            cmor_amount=amount,
            document_kind="N",
            bill_number=f"N{claim.sii_code[-6:]}",
            bill_date=day,
        )

    def _pay(self, day, claim):
        claim.paid = claim.amount
        self._post(
            day,
            claim.udd,
            "claim_paid",
            claim,
            code=claim.code,
            paid_amount=claim.amount,
            paid_on=day,
            payment_ref=f"CSEA-{claim.sii_code}",
        )

    def _annul(self, day, claim, cause):
        paid = int(self._comes("claim_paid", claim, day))
        claim.state = "cancelled"
        claim.paid = claim.paid if paid else Decimal(0)
        is_charged = self._comes("dso_charge", claim, day)
        # nothing that was to come later comes
        self.due = [i for i in self.due if not (self._is_of(i, claim) and i[0] > day)]
        claim.held = []
        for receiver in (claim.udd, claim.incoming):
            self._post(
                day,
                receiver,
                "cancel_notice",
                claim,
                code=claim.code,
                cause_code=cause,
                cause_text="Annullata dal simulatore",
                cancelled_on=day,
                indemnity_paid=paid,
            )
        if not is_charged:
            claim.charged = Decimal(0)
        elif not paid:
            # once CSEA has paid, the outgoing seller gives the money back
            self._credit(day + timedelta(days=CREDIT), claim)

    def _comes(self, key, claim, day):
        """Whether a flow about the claim was delivered, or falls due by ``day``."""
        return claim.sii_code in self.handed[key] or any(
            what == key and values["sii_code"] == claim.sii_code and when <= day
            for when, _number, _vat, what, values in self.due
        )

    @staticmethod
    def _is_of(item, claim):
        return item[4].get("sii_code") == claim.sii_code

    def _cancel_request(self, udd, values, today):
        day = today + timedelta(days=ACK)
        claim = self.claims.get(values["cancel_sii_code"])
        if not claim or claim.state == "cancelled":
            self._refuse(day, udd, "cancel_ack", values, "15")
            return
        asked = {"code": values["code"], "sii_code": f"ANN{claim.sii_code[3:]}"}
        self._post(day, udd, "cancel_ack", claim, **asked, admitted=1)
        later = day + timedelta(days=1)
        self._post(later, udd, "cancel_outcome", claim, **asked, outcome=1)
        self._annul(day + timedelta(days=2), claim, values["cause_code"])

    def _refund_report(self, udd, values, today):
        claim = self.claims[values["sii_code"]]
        claim.refunds.append((values["refund_amount"], values["refund_date"]))

    # --- requests of the incoming side ------------------------------------------

    def _suspend_request(self, vat, values, today):
        claim = self.claims[values["sii_code"]]
        day = today + timedelta(days=ACK)
        if today > claim.until or str(values["is_collected"]) != "0":
            self._refuse(day, vat, "suspend_ack", values, "15")
            return
        self._post(day, vat, "suspend_ack", claim, code=values["code"], admitted=1)
        self._post(day, vat, "suspend_outcome", claim, code=values["code"], outcome=1)
        claim.state = "suspended"
        claim.held = [i for i in self.due if self._is_of(i, claim) and i[0] > day]
        self.due = [i for i in self.due if i not in claim.held]
        self._post(day, claim.udd, "suspend_notice", claim, code=claim.code,
                   suspended=1, notice_date=day)  # fmt: skip

    def _suspend_revoke(self, vat, values, today):
        claim = self.claims[values["sii_code"]]
        day = today + timedelta(days=1)
        claim.state = "accepted"
        self._post(day, vat, "suspend_ack", claim, code=values["code"], admitted=1)
        self._post(day, vat, "suspend_outcome", claim, code=values["code"], outcome=1)
        self._post(day, claim.udd, "suspend_notice", claim, code=claim.code,
                   suspended=0, notice_date=day)  # fmt: skip
        self.due += [(max(i[0], day), *i[1:]) for i in claim.held]

    def _report(self, vat, values, today):
        claim = self.claims[values["sii_code"]]
        claim.reports.append(values)
        day = today + timedelta(days=1)
        self._post(day, vat, "report_ack", claim, code=values["code"], admitted=1)
