"""Fifty practices from the switch-out to the cash, both sides, months of post.

Two companies of one database that know nothing of each other: one claims, the other is
charged. Between them only files, made and read by a simulator that keeps its own books
(``tests/sii``). The post is bad on purpose: answers come late, twice, in the wrong
order and contradicting themselves.
"""

import random
from collections import Counter
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

from odoo import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from odoo.addons.cmor_utility.tests.common import ROLE_VAT, TODAY, CmorCommon

from .sii import simulator as sii

ARRIVING_VAT = "09876540015"
COUNT = 50
# from here on the supplies are of gas
GAS = 40
# of each ten supplies: what becomes of the claim
SCRIPTS = (
    sii.NORMAL,
    sii.NORMAL,
    sii.CONTRADICTED,
    sii.FIXABLE,
    sii.FINAL,
    sii.REGISTERED,
    sii.UPDATED,
    sii.ANNULLED_EARLY,
    sii.ANNULLED_CHARGED,
    sii.ANNULLED_PAID,
)
# what a person has to look at, for each contradicted claim
CONTRADICTIONS = (
    "refused_after_admission",
    "notice_amount_differs",
    "paid_amount_differs",
)
LAST_DAY = 150
# from then on the post is on time
QUIET = TODAY + timedelta(days=120)
# day on which the suspended supplies are active again
REACTIVATED = 40


def cents(value):
    return Decimal(str(value)).quantize(Decimal("0.01"))


@tagged("standard", "post_install", "-at_install", "slow")
class TestCmorLife(CmorCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rng = random.Random(20261128)  # noqa: S311 repeatable, not secret
        cls.leaving = cls.company
        cls.arriving = cls.setup_other_company(name="Entrante Energia S.p.A.")[
            "company"
        ]
        cls.operator.sudo().company_ids = [Command.link(cls.arriving.id)]
        with cls.acting(cls.arriving):
            cls.arriving._utility_setup_books()
            for sector in ("electricity", "gas"):
                cls._create_role(
                    sector=sector,
                    vat=ARRIVING_VAT,
                    side_outgoing=False,
                    side_incoming=True,
                )
        cls._create_role(sector="gas")
        cls.env["cmor.flow.layout"].sudo().search([]).action_acknowledge()
        cls.env["cmor.approval.rule"].sudo().search([]).write({"active": False})
        cls.env["res.partner"].create(
            {"name": "Rete S.p.A.", "vat": "IT05779711000", "is_company": True}
        )
        cls.points = [f"IT001E{70000000 + n}" for n in range(GAS)]
        cls.points += [f"00881{n:09d}" for n in range(GAS, COUNT)]
        cls.bad_payers = {f"E{n:02d}" for n in range(0, COUNT, 3)}
        for number, point in enumerate(cls.points):
            cls._create_both_ends(number, point)
        cls.gestore = cls._make_simulator()
        cls._count_rows()

    @classmethod
    def _count_rows(cls):
        """Statistics of what only this transaction sees: without them Odoo's own query
        of the invoices of a payment takes minutes."""
        cls.env.flush_all()
        for table in ("account_move", "account_move_line", "account_payment"):
            cls.env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
        cls.env.cr.execute("ANALYZE account_partial_reconcile")

    @classmethod
    @contextmanager
    def acting(cls, company):
        """The helpers of the world build for ``company``."""
        before, cls.company = cls.company, company
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": company.ids}
        )
        try:
            yield
        finally:
            cls.company = before
            cls.env = cls.env(
                context={**cls.env.context, "allowed_company_ids": before.ids}
            )

    @classmethod
    def _create_both_ends(cls, number, point):
        """The supply that was left, with its debt, and the one that goes on."""
        kind = {"voltage_level": "low"}
        if number >= GAS:
            kind = {"service": "gas", "gas_use": "domestic"}
        with cls.acting(cls.leaving):
            cls._create_switch_out(
                f"U{number:02d}", point=cls._create_point(point, **kind)
            )
        with cls.acting(cls.arriving):
            customer = cls._create_customer(f"E{number:02d}", name="Mario Rossi")
            cls._create_contract(
                f"E{number:02d}",
                customer,
                # the register of the SII knows fifteen characters
                cls._create_point(point, **kind),
                date_start=date(2025, 9, 1),
                supply_state="suspended" if number % 10 == 1 else "active",
            )

    @classmethod
    def _make_simulator(cls):
        layouts = {}
        for flow in cls.env["cmor.flow.type"].sudo().search([]):
            layout = flow.layout_ids.filtered(lambda la: not la.company_id)[:1]
            if layout:
                layouts[flow.key] = layout._spec()
        scripts = {
            point: SCRIPTS[number % len(SCRIPTS)]
            for number, point in enumerate(cls.points)
        }
        holders = dict.fromkeys(cls.points, ARRIVING_VAT)
        return sii.Sii(layouts, holders, scripts, distributor="05779711000")

    # --- the people -------------------------------------------------------------

    def mine(self, company, model, domain):
        """Records of a company as its operator sees them."""
        records = self.env[model].with_user(self.operator)
        records = records.with_context(allowed_company_ids=company.ids)
        return records.search([("company_id", "=", company.id), *domain])

    def outgoing(self, *domain):
        domain = [("side", "=", "outgoing"), *domain]
        return self.mine(self.leaving, "cmor.practice", domain)

    def incoming(self, *domain):
        domain = [("side", "=", "incoming"), *domain]
        return self.mine(self.arriving, "cmor.practice", domain)

    def send(self, files, today):
        """The operator uploads the files to the portal."""
        for file in files:
            self.assertEqual(file.state, "generated", file.record_ids.mapped("issues"))
            data = file.sudo().attachment_id.raw
            file.action_mark_sent()
            sender = file.sudo().role_id.vat
            self.gestore.receive(sender, data, today)

    def send_requests(self, company, today):
        requests = self.mine(
            company, "cmor.practice.request", [("state", "=", "to_export")]
        )
        if requests:
            self.send(requests._export(today), today)

    def claim(self, today):
        """Outgoing: what is refused for a fixable cause is asked for again."""
        for practice in self.outgoing(("state", "=", "rejected")):
            if practice.cause_kind == "fixable":
                practice.action_claim_again()
                self._declare(practice)
        ready = self.outgoing(("state", "=", "candidate"), ("verdict", "=", "yes"))
        if ready:
            ready.action_confirm()
        ready = self.outgoing(("state", "=", "ready"))
        if ready:
            self.send(ready._export(today), today)

    def suspend(self, today):
        """Incoming: the claim stands still while the supply is suspended."""
        for practice in self.incoming(("state", "=", "matched")):
            if practice.can_suspend and practice.contract_id.supply_state == (
                "suspended"
            ):
                practice._ask_suspension("suspended", "Fornitura sospesa")
        if today < TODAY + timedelta(days=REACTIVATED):
            return
        for practice in self.incoming(("state", "=", "suspended")):
            asked = practice.sudo().request_ids.mapped("key")
            practice.sudo().contract_id.supply_state = "active"
            if "suspend_revoke" not in asked:
                practice._ask_resumption("Fornitura riattivata")

    def charge(self, today):
        """Incoming: what the network charged is charged on, or given back."""
        todo = self.incoming(("state", "=", "to_charge"), ("to_bill_amount", ">", 0))
        for practice in todo.filtered(lambda p: not p.pending_amount):
            practice.action_charge_customer()
        refunds = self.incoming(("return_amount", ">", 0))
        if refunds:
            refunds.action_refund_customer()
        self.bill(today)

    def vendor_bills(self):
        """The accountant enters the bills and credit notes of the network."""
        lines = self.mine(
            self.arriving,
            "cmor.network.charge",
            [("state", "=", "matched"), ("move_line_id", "=", False)],
        )
        if lines:
            lines.sudo()._make_vendor_bills().action_post()

    def bill(self, today):
        """The billing system bills what it was asked to; some customers pay."""
        charges = self.mine(
            self.arriving, "utility.charge", [("state", "=", "to_export")]
        )
        with self.acting(self.arriving):
            for charge in charges.sudo():
                contract = charge.contract_id
                move = self._create_bill(
                    charge.ref,
                    contract,
                    abs(charge.amount),
                    move_type="out_invoice" if charge.amount > 0 else "out_refund",
                    invoice_date=today,
                    invoice_date_due=today + timedelta(days=20),
                )
                charge._confirm_from_bill(move, [charge.ref])
                if charge.amount > 0 and contract.code not in self.bad_payers:
                    self._pay(move)

    def give_back(self, today):
        """Outgoing: what CSEA paid of an annulled claim goes back to the customer."""
        for practice in self.outgoing(
            ("state", "in", ("refund_due", "excess_to_return"))
        ):
            left = practice.sudo()._to_return()
            if left > 0:
                bank = self.leaving_bank
                practice._return_money("transfer", left, today, "CRO 1", bank)

    def report(self):
        due = self.incoming(("report_needed", "=", True))
        for practice in due:
            practice.action_report()

    # --- the post ---------------------------------------------------------------

    def deliver(self, company, vat, today):
        """Late, in the wrong order, and the same once more."""
        arrived = [
            item[2:] for item in self.late if item[0] == company.id and item[1] <= today
        ]
        self.late = [item for item in self.late if item[2:] not in arrived]
        for name, data in self.gestore.deliver(vat, today):
            if today < QUIET and self.rng.random() < 0.2:
                day = today + timedelta(days=self.rng.choice((3, 6, 9)))
                self.late.append((company.id, day, name, data))
            else:
                arrived.append((name, data))
        self.rng.shuffle(arrived)
        for name, data in arrived:
            for _time in range(self.rng.choice((1, 1, 2))):
                self.receive(company, name, data)
            if data.count(b"\n") > 2 and self.rng.random() < 0.7:
                self.receive(company, f"again_{name}", self._shuffled(data))

    def receive(self, company, name, data):
        files = self.env["cmor.flow.file"].with_user(self.operator)
        files = files.with_context(allowed_company_ids=company.ids)
        received = files._receive(name, data, company)
        for file in received:
            self.assertIn(file.state, ("applied", "partial"), file.refusal_text)

    def _shuffled(self, data):
        head, *rows = data.decode().strip("\r\n").split("\r\n")
        self.rng.shuffle(rows)
        return ("\r\n".join([head, *rows]) + "\r\n").encode()

    def look_again(self, company):
        """The operator tries again what waits: an answer may have overtaken another.
        What contradicts the answers before is set aside."""
        waiting = self.mine(
            company,
            "cmor.flow.record",
            [("direction", "=", "in"), ("state", "=", "waiting")],
        )
        if waiting:
            waiting.action_retry()
        wrong = waiting.filtered(
            lambda r: r.state == "waiting" and r.problem in CONTRADICTIONS
        )
        if wrong:
            wrong.action_set_aside("Sentito il SII: vale la prima risposta")

    def night(self):
        """Every scheduled action of the app, as the server runs them."""
        jobs = self.env["ir.cron"].search([("model_id.model", "=like", "cmor.%")])
        with self.enter_registry_test_mode():
            for job in jobs:
                job.method_direct_trigger()

    def live(self, today):
        self.deliver(self.leaving, ROLE_VAT, today)
        self.deliver(self.arriving, ARRIVING_VAT, today)
        self.look_again(self.leaving)
        self.look_again(self.arriving)
        if not self.late:
            self._check_nothing_waits(today)
        self.night()
        self._count_rows()
        self.claim(today)
        self.vendor_bills()
        self.suspend(today)
        self.charge(today)
        self.give_back(today)
        self.report()
        self.send_requests(self.leaving, today)
        self.send_requests(self.arriving, today)

    def _check_nothing_waits(self, today):
        records = self.env["cmor.flow.record"].sudo()
        waiting = records.search([("direction", "=", "in"), ("state", "=", "waiting")])
        told = [(r.type_id.key, r.problem, r.values) for r in waiting[:3]]
        self.assertFalse(waiting, f"{today}: {told}")

    # --- the test ---------------------------------------------------------------

    def test_fifty_practices_on_both_sides(self):
        self.leaving_bank = self.env["account.journal"].search(
            [
                ("company_id", "=", self.leaving.id),
                ("type", "=", "bank"),
                ("id", "!=", self.leaving.utility_payment_journal_id.id),
            ],
            limit=1,
        )
        self.late = []
        with freeze_time(f"{TODAY} 10:30:00"):
            found = self._find()
            self.assertEqual(len(found), COUNT)
            self._declare(found)
        for step in range(0, LAST_DAY, 3):
            today = TODAY + timedelta(days=step)
            with freeze_time(f"{today} 10:30:00"):
                self.live(today)
        self._check_outgoing()
        self._check_incoming()
        self._check_money()
        self._check_nothing_lost()

    def _check_outgoing(self):
        ended = {}
        for practice in self.outgoing():
            script = self.gestore.scripts[practice.supply_point_id.code]
            ended.setdefault(script, Counter())[practice.state] += 1
        each = COUNT // len(SCRIPTS)
        self.assertEqual(
            ended,
            {
                sii.NORMAL: Counter(paid=2 * each),
                sii.CONTRADICTED: Counter(paid=each),
                sii.FIXABLE: Counter(paid=each),
                sii.FINAL: Counter(rejected=each),
                sii.REGISTERED: Counter(paid=each),
                sii.UPDATED: Counter(paid=each),
                sii.ANNULLED_EARLY: Counter(cancelled=each),
                sii.ANNULLED_CHARGED: Counter(cancelled=each),
                sii.ANNULLED_PAID: Counter(closed=each),
            },
        )

    def _check_incoming(self):
        practices = self.incoming()
        self.assertEqual(len(practices), len(self.gestore.claims))
        claimed = {
            claim.values["sector_code"] for claim in self.gestore.claims.values()
        }
        self.assertEqual(claimed, {"E", "G"})
        self.assertEqual(set(practices.mapped("sector")), {"electricity", "gas"})
        for practice in practices:
            claim = self.gestore.claims[practice.sii_code]
            unpaid = practice.contract_id.code in self.bad_payers
            state = {
                sii.ANNULLED_EARLY: "closed",
                sii.ANNULLED_CHARGED: "closed",
            }.get(claim.script, "uncollected" if unpaid else "closed")
            told = f"{claim.script} {practice.display_name}"
            self.assertEqual(practice.state, state, told)
            self.assertFalse(practice.report_needed, told)
            is_paid = claim.script == sii.ANNULLED_PAID
            self.assertEqual(practice.stands_annulled, is_paid, told)

    def _check_money(self):
        self._check_money_in()
        self._check_money_out()

    def _check_money_in(self):
        """To the cent: what the network charged is what the customer is charged."""
        for practice in self.incoming().sudo():
            claim = self.gestore.claims[practice.sii_code]
            told = f"{claim.script} {practice.display_name}"
            self.assertEqual(cents(practice.indemnity), claim.amount, told)
            self.assertEqual(cents(practice.network_amount), claim.charged, told)
            self.assertEqual(cents(practice.billed_amount), claim.charged, told)
            self.assertEqual(cents(practice.transit_balance), 0, told)
            if practice.state == "closed" and claim.charged:
                self.assertEqual(cents(practice.collected_amount), claim.charged, told)
                report = claim.reports[-1]
                self.assertEqual(report["collected_amount"], claim.charged, told)
                self.assertEqual(report["report_state"], "3", told)
        account = self.arriving.cmor_transit_account_id
        lines = self.env["account.move.line"].sudo()
        lines = lines.search(
            [("account_id", "=", account.id), ("parent_state", "=", "posted")]
        )
        self.assertEqual(cents(sum(lines.mapped("balance"))), 0)
        self.assertFalse(lines.filtered(lambda line: not line.cmor_practice_id))

    def _check_money_out(self):
        """To the cent: what CSEA paid, what the old debt shrank by, what went back."""
        for practice in self.outgoing(("sii_code", "!=", False)).sudo():
            claim = self.gestore.claims[practice.sii_code]
            booked = practice.receipt_ids.filtered(lambda r: r.state == "booked")
            self.assertEqual(cents(sum(booked.mapped("amount"))), claim.paid)
            debt = sum(practice.contract_id.bill_ids.mapped("amount_residual"))
            if claim.state == "cancelled":
                self.assertEqual(cents(debt), Decimal("300.00"))
                refunds = sum(amount for amount, _day in claim.refunds)
                self.assertEqual(refunds, claim.paid)
            else:
                self.assertEqual(cents(debt), Decimal("300.00") - claim.paid)

    def _check_nothing_lost(self):
        self._check_nothing_waits(LAST_DAY)
        records = self.env["cmor.flow.record"].sudo()
        received = records.search([("direction", "=", "in")])
        states = Counter(received.mapped("state"))
        self.assertEqual(set(states), {"applied", "repeated", "set_aside"})
        self.assertGreater(states["repeated"], 20)
        # each contradiction waited for a person, once for each time it was told
        aside = received.filtered(lambda r: r.state == "set_aside")
        told = {(r.problem, r.practice_id) for r in aside}
        each = COUNT // len(SCRIPTS)
        self.assertEqual(
            Counter(problem for problem, _practice in told),
            Counter(dict.fromkeys(CONTRADICTIONS, each)),
        )
        sent = self.env["cmor.flow.file"].sudo().search([("direction", "=", "out")])
        self.assertEqual(set(sent.mapped("state")), {"sent"})
        requests = self.env["cmor.practice.request"].sudo().search([])
        asked = Counter(r.key for r in requests if r.state == "accepted")
        self.assertEqual(asked["suspend_request"], COUNT // len(SCRIPTS))
        self.assertEqual(asked["suspend_revoke"], COUNT // len(SCRIPTS))
