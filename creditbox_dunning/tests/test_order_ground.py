"""What takes the ground from an order to cut: before it leaves it never leaves, after
that it is called back the same day, not the next night."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged

from .test_technical_order import WorkCommon


class GroundCommon(WorkCommon):
    def paid_on_account(self, amount):
        """A payment of the customer that nobody matched with a bill."""
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "amount": amount,
                "date": self.day(69),
            }
        )
        payment.action_post()
        return payment

    def watch(self, number=70):
        with freeze_time(f"{self.day(number)} 15:00:00"):
            self.env["dunning.technical.order"]._watch_ground()

    def protect(self):
        self.env["utility.protection"].sudo().create(
            {
                "supply_point_id": self.contract.supply_point_id.id,
                "partner_id": self.customer.id,
                "kind": "life_support",
                "date_from": self.day(60),
            }
        )

    def decree(self):
        """A moratorium from today on: whoever recorded it did not apply it."""
        self.env["dunning.moratorium"].with_user(self.manager).create(
            {
                "name": "Alluvione",
                "source": "Ordinanza 2/2027",
                "company_id": self.company.id,
                "date_from": self.day(70),
                "everywhere": True,
            }
        )

    def block(self):
        """The accounting excludes the bill from reminders."""
        self.bill.line_ids.filtered("dunning_case_id").no_followup = True


@tagged("post_install", "-at_install")
class TestOrderGround(GroundCommon):
    def test_it_does_not_leave(self):
        self.to_reduce()
        order = self.order("reduce")
        self.watch()
        self.assertEqual(order.state, "to_send", "nothing changed")
        for name, change in (
            ("a payment on account", lambda: self.paid_on_account(1400)),
            ("all but 40 of the 50 euro of the row", lambda: self.pay(self.bill, 1360)),
            ("excluded by the accounting", self.block),
            ("a moratorium of today", self.decree),
        ):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                change()
                self.assertFalse(self.send(70))
                self.assertEqual(order.state, "withdrawn")
                self.assertEqual(order.action_id.state, "superseded")
                savepoint.rollback()
                self.env.invalidate_all()
        self.assertTrue(self.send(70), "otherwise it leaves")

    def test_it_is_called_back_the_same_day(self):
        self.to_reduce()
        self.send(70)
        order = self.order("reduce")
        self.watch()
        self.assertEqual(order.state, "sent", "nothing changed")
        gone = "superseded"
        for name, change, state in (
            ("a payment on account", lambda: self.paid_on_account(1400), gone),
            ("a small rest", lambda: self.pay(self.bill, 1360), gone),
            ("excluded by the accounting", self.block, gone),
            ("protected", self.protect, gone),
            # as with every suspension: over once the office confirms
            ("a moratorium of today", self.decree, "executing"),
        ):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                change()
                self.watch()
                self.assertEqual(order.state, "recall")
                self.assertEqual(order.action_id.state, state)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_half_a_payment_on_account_stops_nothing(self):
        self.to_reduce()
        self.send(70)
        self.paid_on_account(700)
        self.pay(self.bill, 300)
        self.watch()
        self.assertEqual(self.order("reduce").state, "sent")

    def test_protected_in_spite_of_an_override(self):
        """The class says suspendible by hand: the law does not ask it."""
        self.contract.write(
            {
                "suspendibility_override": "suspendible",
                "suspendibility_override_reason": "prova",
            }
        )
        self.to_reduce()
        self.send(70)
        self.protect()
        self.watch()
        self.assertEqual(self.order("reduce").state, "recall")

    def test_the_order_is_not_given_again_while_the_payment_waits(self):
        self.to_reduce()
        self.send(70)
        self.paid_on_account(1400)
        self.watch()
        newer = self.overdue("B2", amount=80, due=self.day(40))
        self.assertTrue(newer)
        self.night(71)
        self.night(72)
        self.assertEqual(self.order("reduce").state, "recall")
        self.assertEqual(len(self.orders.filtered(lambda o: o.op == "reduce")), 1)
        self.assertIn("unallocated_payment", str(self.case.next_reasons))

    def test_confirmed_only_by_who_was_told(self):
        """Over here and not told there, the supply would be cut all the same."""
        self.to_reduce()
        self.send(70)
        self.pay(self.bill)
        with freeze_time(self.day(70)):
            self.env["dunning.technical.order"]._take_back_paid()
        order = self.order("reduce").with_user(self.operator)
        with self.assertRaisesRegex(UserError, "to stop"):
            order.action_given_back()
        self.assertEqual(order.state, "recall")
        order.action_told()
        order.action_given_back()
        self.assertEqual(order.state, "withdrawn")

    def test_another_company_gives_no_orders(self):
        self.to_reduce()
        stranger = new_test_user(
            self.env,
            login="ground_stranger",
            groups="creditbox_dunning.group_dunning_director",
            company_id=self.other_company.id,
            company_ids=[Command.set(self.other_company.ids)],
        )
        order = self.order("reduce").with_user(stranger)
        for button in (order.action_send, order.action_told, order.action_given_back):
            with self.assertRaises(AccessError):
                button()
        self.assertEqual(self.order("reduce").state, "to_send")

    def test_a_forbidden_day_is_no_missing_ground(self):
        """A Friday keeps an order from leaving; what is out waits for Monday."""
        self.to_reduce()
        self.send(70)
        self.watch(72)
        self.assertEqual(self.day(72).weekday(), 4)
        self.assertEqual(self.order("reduce").state, "sent")

    def test_the_night_takes_back_what_the_accounting_excludes(self):
        self.to_reduce()
        self.send(70)
        self.block()
        self.run_on(71)
        self.assertEqual(self.order("reduce").state, "recall")


@tagged("post_install", "-at_install")
class TestLettersOfThePast(GroundCommon):
    """No term runs from a day on which nothing existed, nor without its proof."""

    def test_a_letter_does_not_leave_before_it_is_made(self):
        self.walk(3, 7, 15)
        self.night(30)
        action = self.open_action()
        with self.assertRaisesRegex(UserError, "cannot have left"):
            self.tell(
                37,
                self.operator,
                result="notified",
                sent_date=self.day(-5),
                notified_date=self.day(2),
            )
        self.assertEqual(action.state, "executing")
        self.assertFalse(action.notice_id)

    def test_a_notice_typed_without_its_proof_starts_no_term(self):
        self.walk(3)
        notices = self.env["utility.notice"].with_user(self.operator)
        notice = notices.create(
            {
                "company_id": self.company.id,
                "contract_id": self.contract.id,
                "kind": "default",
                "channel": "ar",
                "sent_date": self.day(1),
                "notified_date": self.day(2),
                "move_ids": [Command.set(self.bill.ids)],
            }
        )
        self.assertEqual((notice.source, notice.is_formal_notice), ("manual", True))
        self.assertFalse(self.defaults())
        paper = self.env["ir.attachment"].create({"name": "cartolina", "raw": b"x"})
        notice.sudo().attachment_ids = paper
        self.assertEqual(self.defaults(), [self.day(2)])

    def defaults(self):
        """Days on which a notice of default reached the customer, for the guard."""
        self.env.flush_all()
        facts = self.env["dunning.facts"].sudo()._collect(self.case, self.day(4))
        done = facts[self.case.id].done
        return [one.effective for one in done if one.op == "default"]

    def test_a_home_is_a_residence_unless_somebody_says_no(self):
        point = self._create_point("ACQ7", "water")
        contract = self._create_contract("W7", self.customer, point)
        bill = self.overdue("W7", contract)
        self.run_on(3)
        self.env.flush_all()
        case = self.case_of(bill)
        guard_facts = self.env["dunning.facts"].sudo()
        supply = guard_facts._collect(case, self.day(4))[case.id].supply
        self.assertTrue(supply.resident, "nobody told")
        point.water_resident = False
        self.env.flush_all()
        supply = guard_facts._collect(case, self.day(4))[case.id].supply
        self.assertFalse(supply.resident)
