"""What the SII, CSEA and the network answer to the demonstration, both sides.

The answers are files, written with the shipped layouts and received as any file is:
which practice gets which answer is a plan (``OUTGOING``, ``INCOMING``), given out in
the order of the contracts' codes, so that every list of the app has something to show.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from odoo.addons.cmor_utility.formats import flow_io

#: VAT number of the Acquirente Unico, which runs the SII
GESTORE = "05877611003"
#: what becomes of the claims, one after the other
OUTGOING = (
    "paid",
    "anew",
    "annulled",
    "unknown",
    "updated",
    "late",
    "excess",
    "asked",
    "final",
    "silent",
    "fixable",
)
#: answers to the admissibility: code and words of the refused ones
CAUSES = {
    "anew": ("004", "Campi obbligatori mancanti"),
    "fixable": ("004", "Campi obbligatori mancanti"),
    "unknown": ("0X7", "Verifica supplementare non superata"),
    "final": ("0Z9", "Credito già indennizzato da altro utente"),
}
ADMITTED = ("paid", "annulled", "updated", "asked", "late", "excess")
#: claims that CSEA pays; of those of BANKED the money has come on the bank too
PAID = ("paid", "annulled", "excess")
BANKED = ("paid",)
#: what a "late" customer pays on a bill after it was claimed; an "excess" one pays all
LATE_PAYMENT = Decimal("15.00")
#: of the approval rules that ship: what is given back from here on is decided by two
RETURN_ASKED = 500


@dataclass(frozen=True)
class Notice:
    """A CMOR that we are charged: of ``amount``, the network's line of ``line``.

    ``age`` is how many days ago the SII accepted it: the terms run from there.
    """

    kind: str
    amount: Decimal
    line: Decimal | None = None
    age: int = 3


INCOMING = (
    Notice("charged", Decimal("84.30"), Decimal("84.30")),
    Notice("to_charge", Decimal("142.18"), Decimal("142.18"), age=75),
    Notice("difference", Decimal("96.00"), Decimal("108.50"), age=40),
    Notice("suspension", Decimal("203.77")),
    Notice("updated", Decimal("150.00")),
    Notice("lowered", Decimal("132.40"), Decimal("132.40"), age=60),
    Notice("annulled", Decimal("61.05")),
    Notice("waiting", Decimal("77.40"), age=75),
    Notice("other_holder", Decimal("119.90"), age=8),
    Notice("not_ours", Decimal("55.25")),
)
#: what the SII makes of them later; the lowered one was charged to the customer before
UPDATED_TO = {"updated": Decimal("90.00"), "lowered": Decimal("101.10")}
#: what is put aside, and why
ASIDE = {
    "SII666666666666": "Pratica di un altro venditore: segnalata al Gestore",
    "listino.pdf": "Non è un file del SII: caricato per errore",
}
#: how a claim that was given up is declared again
AGAIN = "Rinuncia per errore: i dati mancanti sono stati trovati"
#: a seller that we, its network user, present a claim for: name, VAT number, amount
SELLER = ("Piccola Vendita S.r.l.", "00743110157", Decimal("118.40"))
#: a line of the network about a point that nobody knows
STRAY_LINE = Decimal("33.10")


def play(demo, company):
    """Send the files, receive all the answers, do what a clerk would do next.

    :return: {"outgoing": {practice: kind}, "incoming": {SII code: Notice},
        "seller": the practice of another seller, "anew": the claims made anew}
    """
    post = Post(demo, company)
    plan = {"outgoing": post.answer_claims(demo.flow)}
    plan["anew"] = post.claim_anew(plan["outgoing"])
    plan["incoming"] = post.send_notices()
    plan["seller"] = post.ask_for_a_seller()
    post.put_aside()
    env = demo.env(context={**demo.env.context, "allowed_company_ids": company.ids})
    env["cmor.practice"]._cron_refresh_terms(demo.today)
    demo.env.cr.commit()
    return plan


class Post:
    """Writes files as the SII would, and receives them as the CMOR clerk."""

    def __init__(self, demo, company):
        self.company, self.today = company, demo.today
        self.manager = demo.users["cmor_responsabile"]
        self.env = demo.env(
            user=demo.users["cmor"],
            context={"allowed_company_ids": company.ids, "lang": "it_IT"},
        )
        self.vat = company.vat.removeprefix("IT")

    def receive(self, key, rows):
        """Write ``rows`` ({source: value}) as a flow and receive the file."""
        layouts = self.env["cmor.flow.layout"].sudo()
        spec = layouts._find(key, self.company, self.today)._spec()
        common = {"role_vat": self.vat, "gestore_vat": GESTORE}
        records = [
            (
                number,
                {
                    field.name: {**common, **row}[field.source]
                    for field in spec.fields
                    if field.source in common or field.source in row
                },
            )
            for number, row in enumerate(rows)
        ]
        result = flow_io.write(spec, records)
        if result.refused:
            raise ValueError(f"{key}: {result.refused}")
        name = f"{key}_{self.today:%Y%m%d}.csv"
        files = self.env["cmor.flow.file"]._receive(name, result.data, self.company)
        self.env.cr.commit()
        return files

    # --- outgoing side --------------------------------------------------------------
    def answer_claims(self, files):
        """{practice: kind}: what the claims of ``files`` were answered."""
        files.with_env(self.env).action_mark_sent()
        practices = files.record_ids.practice_id.filtered(lambda p: p.state == "sent")
        practices = practices.with_env(self.env)
        practices = practices.sorted(lambda practice: practice.contract_id.code)
        plan = {
            practice: OUTGOING[index % len(OUTGOING)]
            for index, practice in enumerate(practices)
        }
        self._admissibility(plan)
        by_kind = {
            kind: practices.filtered(lambda p, kind=kind: plan[p] == kind)
            for kind in OUTGOING
        }
        self._customers_pay(by_kind["late"], LATE_PAYMENT)
        self._customers_pay(by_kind["excess"])
        paid = practices.filtered(lambda p: plan[p] in PAID)
        if paid:
            self.receive("claim_paid", [self._payment(p) for p in paid])
        self._bank(practices.filtered(lambda p: plan[p] in BANKED))
        if by_kind["annulled"]:
            rows = [self._annulment(p) for p in by_kind["annulled"]]
            self.receive("cancel_notice", rows)
        if by_kind["updated"]:
            self.receive("claim_update", [self._update(p) for p in by_kind["updated"]])
        self._clerk(by_kind)
        files = self.env["cmor.flow.file"]
        files._receive("ricevuta_portale.pdf", b"%PDF-1.7 ricevuta", self.company)
        return plan

    def claim_anew(self, plan):
        """What was refused is given up, by a mistake: a new practice with a new code.

        :return: the new practices, sent
        """
        practices = self.env["cmor.practice"]
        old = practices.concat(*(p for p, kind in plan.items() if kind == "anew"))
        if not old:
            return old
        old.with_user(self.manager).action_give_up_refused()
        old.action_claim_anew()
        new = practices.search(
            [
                ("contract_id", "in", old.contract_id.ids),
                ("state", "in", ("candidate", "blocked")),
            ]
        )
        for practice in new:
            codes = (practice.unknown_codes or "").replace(",", " ").split()
            practice.declare(codes, "yes", AGAIN, with_art4=True)
        new.action_confirm()
        new._export(self.today).action_mark_sent()
        self.env.cr.commit()
        return new

    def put_aside(self):
        """An annulment about nobody's practice, and a file that is none of the SII."""
        records = self.env["cmor.flow.record"].search(
            [("company_id", "=", self.company.id), ("state", "=", "waiting")]
        )
        for record in records.filtered(lambda r: r.sii_code in ASIDE):
            record.action_set_aside(ASIDE[record.sii_code])
        files = self.env["cmor.flow.file"]._receive(
            "listino.pdf", b"%PDF-1.7 listino prezzi", self.company
        )
        files.action_set_aside(ASIDE["listino.pdf"])
        self.env.cr.commit()

    def _admissibility(self, plan):
        rows = []
        for number, (practice, kind) in enumerate(plan.items(), start=1):
            if kind == "silent":
                continue
            row = {"code": practice.code, **_point(practice.supply_point_id)}
            if kind in ADMITTED:
                row |= {"admitted": "1", "sii_code": f"SII{number:012d}"}
            else:
                code, words = CAUSES[kind]
                row |= {"admitted": "0", "cause_code": code, "cause_text": words}
            rows.append(row)
        rows.append(
            {
                "code": "E00-00000099",
                "pod": "IT001E99999999",
                "admitted": "1",
                "sii_code": "SII999999999999",
            }
        )
        self.receive("claim_ack", rows)

    def _about(self, practice):
        return {
            "code": practice.code,
            "sii_code": practice.sii_code,
            "sector_code": {"electricity": "E", "gas": "G"}[practice.sector],
            **_point(practice.supply_point_id),
        }

    def _payment(self, practice):
        return {
            **self._about(practice),
            "paid_amount": _money(practice.indemnity),
            "paid_on": self.today,
            "payment_ref": f"CSEA-{self.today:%Y%m}",
        }

    def _customers_pay(self, practices, amount=None):
        """Claimed bills are paid after all: the claim has to be looked at again.

        :param amount: of the bill that brings most of the claim; None: all are paid
        """
        registers = self.env["account.payment.register"].sudo()
        for practice in practices:
            bills = practice.sudo().line_ids.sorted("relevant_amount").move_id
            for bill in bills[-1:] if amount else bills:
                registers.with_context(
                    active_model="account.move", active_ids=bill.ids
                ).create(
                    {
                        "amount": amount or bill.amount_residual,
                        "payment_date": self.today,
                    }
                )._create_payments()
        self.env.cr.commit()

    def _bank(self, practices):
        """The bank tells of CSEA's transfer; the clerk says which practices it pays."""
        if not practices:
            return
        ref = f"CSEA-{self.today:%Y%m}"
        total = sum(_money(practice.indemnity) for practice in practices)
        journals = self.env["account.journal"].sudo()
        journal = journals.search(
            [("type", "=", "bank"), ("company_id", "=", self.company.id)], limit=1
        )
        line = (
            self.env["account.bank.statement.line"]
            .sudo()
            .create(
                {
                    "journal_id": journal.id,
                    "date": self.today,
                    "payment_ref": ref,
                    "amount": total,
                }
            )
        )
        wizard = self.env["cmor.receipt.wizard"].create(
            {
                "company_id": self.company.id,
                "ref": ref,
                "date": self.today,
                "amount": total,
                "remittance": "\n".join(
                    f"{practice.sii_code};{_money(practice.indemnity)}"
                    for practice in practices
                ),
            }
        )
        wizard.sudo().statement_line_id = line
        wizard.action_match()
        wizard.action_apply()
        self.env.cr.commit()

    def _annulment(self, practice):
        return {
            **self._about(practice),
            "cause_code": "N1",
            "cause_text": "Costituzione in mora mancante",
            "cancelled_on": self.today,
            "indemnity_paid": "1",
        }

    def _update(self, practice):
        before = _money(practice.indemnity)
        return {
            **self._about(practice),
            "amount_before": before,
            "cmor_amount": updated(before),
            "updated_on": self.today,
        }

    def _clerk(self, by_kind):
        """Classify a code, give up what is lost, ask an annulment and a decision."""
        final = by_kind["final"]
        if final:
            final.cause_id.action_classify("final")
            final.action_give_up_refused()
        reasons = self.env["cmor.cancel.reason"]
        reason = reasons.search([("code", "=", "N2")], limit=1)
        asked = by_kind["asked"]
        if asked and reason:
            amounts = {practice: Decimal("25.00") for practice in asked}
            asked._ask_cancel(reason, self.today, "Pagamento del cliente", amounts)
        # from 500 € on the manager decides: one waits for that
        for practice in by_kind["annulled"].filtered(
            lambda p: p.to_return_amount >= RETURN_ASKED
        )[:1]:
            self.env["cmor.return.wizard"].create(
                {
                    "practice_id": practice.id,
                    "amount": practice.to_return_amount,
                    "mode": "offset",
                }
            ).action_apply()
        self.env.cr.commit()

    # --- for another seller ---------------------------------------------------------
    def ask_for_a_seller(self):
        """Its request comes, leaves as ours, and the answer goes back to it."""
        name, vat, amount = SELLER
        partner = (
            self.env["res.partner"]
            .sudo()
            .create({"name": name, "vat": f"IT{vat}", "is_company": True})
        )
        self.env["cmor.counterpart"].sudo().create(
            {"partner_id": partner.id, "kind": "cc", "company_id": self.company.id}
        )
        # eight months ago: the window is open by both readings of the day
        end = self.today.replace(day=1)
        for _month in range(8):
            end = (end - timedelta(days=1)).replace(day=1)
        end -= timedelta(days=1)
        request = {**_seller_request(vat, amount, end), "udd_vat": self.vat}
        files = self.receive("cc_request", [request])
        practice = files.record_ids.practice_id
        practice.action_confirm()
        practice._export(self.today).action_mark_sent()
        answer = {
            "code": practice.code,
            "pod": practice.point_code,
            "admitted": "1",
            "sii_code": "SII700000000001",
        }
        self.receive("claim_ack", [answer])
        practice.role_id.action_return_to_sellers()
        self.env.cr.commit()
        return practice

    # --- incoming side --------------------------------------------------------------
    def send_notices(self):
        """{SII code: Notice}: CMOR of customers who came to us."""
        contracts = self._contracts(len(INCOMING))
        cases = {}
        for number, notice in enumerate(INCOMING):
            contract = contracts[number % len(contracts)]
            cases[f"SII8{number:011d}"] = (notice, contract)
        rows = [self._notice(code, *case) for code, case in cases.items()]
        self.receive("claim_notice_in", rows)
        practices = self.env["cmor.practice"].search(
            [("company_id", "=", self.company.id), ("sii_code", "in", list(cases))]
        )
        found = {
            cases[practice.sii_code][0].kind: practice
            for practice in practices
            if practice.side == "incoming"
        }
        self._lines(cases)
        self._later(found)
        found["charged"].action_charge_customer()
        found["suspension"]._ask_suspension(
            "requested", "Richiesta di sospensione inviata al distributore"
        )
        self.env.cr.commit()
        return {code: notice for code, (notice, _contract) in cases.items()}

    def _contracts(self, count):
        """Electricity contracts in force whose holder has a number to compare."""
        found = self.env["utility.contract"].search(
            [
                ("company_id", "=", self.company.id),
                ("service", "=", "electricity"),
                ("supply_state", "=", "active"),
            ],
            order="code",
        )
        found = found.filtered(lambda c: any(_holder(c.partner_id).values()))
        return found[:count]

    def _notice(self, code, notice, contract):
        point, holder = contract.supply_point_id.code, _holder(contract.partner_id)
        if notice.kind == "not_ours":
            point = "IT001E00000000"
        if notice.kind == "other_holder":
            holder = {"fiscal_code": "RSSMRA80A01H501U"}
        return {
            "sii_code": code,
            "sector_code": "E",
            "pod": point,
            **{name: number for name, number in holder.items() if number},
            "distributor_vat": _vat(contract.supply_point_id.distributor_id),
            "cmor_amount": notice.amount,
            "has_prev": "0",
            "accepted_on": self.today - timedelta(days=notice.age),
        }

    def _line(self, code, notice, contract):
        return {
            "sii_code": code,
            "pod": contract.supply_point_id.code,
            "document_kind": "F",
            "bill_number": f"TR/{code[-4:]}",
            "bill_date": self.today - timedelta(days=notice.age - 2),
            "cmor_amount": notice.line,
        }

    def _lines(self, cases):
        rows = [
            self._line(code, notice, contract)
            for code, (notice, contract) in cases.items()
            if notice.line
        ]
        rows.append(
            {
                **rows[0],
                "sii_code": "SII777777777777",
                "pod": "IT001E11111111",
                "bill_number": "TR/9999",
                "cmor_amount": STRAY_LINE,
            }
        )
        self.receive("dso_charge", rows)

    def _later(self, found):
        """Updates and an annulment, and an annulment of nothing that we know."""
        # charged to the customer before the SII lowers it: the charge is taken back
        found["lowered"].action_charge_customer()
        updates = [
            {
                "sii_code": practice.sii_code,
                "sector_code": "E",
                "pod": practice.point_code,
                "amount_before": _money(practice.indemnity),
                "cmor_amount": amount,
                "updated_on": self.today,
            }
            for practice, amount in ((found[k], UPDATED_TO[k]) for k in UPDATED_TO)
        ]
        self.receive("claim_update", updates)
        annulment = {
            "sector_code": "E",
            "pod": found["updated"].point_code,
            "sii_code": found["annulled"].sii_code,
            "cause_code": "N1",
            "cause_text": "Costituzione in mora mancante",
            "cancelled_on": self.today,
            "indemnity_paid": "0",
        }
        unknown = {**annulment, "sii_code": "SII666666666666", "pod": "IT001E22222222"}
        self.receive("cancel_notice", [annulment, unknown])


def _seller_request(vat, amount, end):
    """What a seller asks its network user to present: {source: value}."""
    bill = {
        "number": "PV/118",
        "date": end + timedelta(days=10),
        "due_date": end + timedelta(days=30),
        "amount": amount,
        "total": amount,
    }
    notice = {
        "sent": end + timedelta(days=50),
        "channel": "R",
        "received": end + timedelta(days=55),
        "term": end + timedelta(days=71),
        "reference": "PV/R1",
    }
    return {
        "cc_vat": vat,
        "code": "PV-00000001",
        "sector_code": "E",
        "pod": "IT001E55500001",
        "fiscal_code": "RSSMRA80A01F205X",
        "foreign": 0,
        "first_name": "Mario",
        "last_name": "Rossi",
        "date_end": end,
        "credit": amount,
        "indemnity": amount,
        "has_prev": 0,
        "bill_count": 1,
        "bills": [bill],
        "notice_count": 1,
        "notices": [notice],
        "art4": 1,
    }


def updated(amount):
    """What the SII makes of a claim that it updates: four fifths, to the cent."""
    return (amount * 4 / 5).quantize(Decimal("0.01"))


def _money(amount):
    return Decimal(str(amount)).quantize(Decimal("0.01"))


def _point(point):
    """Column of the point's code by what it looks like."""
    return {"pod" if point.code.startswith("IT") else "pdr": point.code}


def _holder(partner):
    return {
        "fiscal_code": partner.l10n_it_codice_fiscale or "",
        "vat": _vat(partner),
    }


def _vat(partner):
    return (partner.vat or "").removeprefix("IT")
