"""Money that arrived and nobody matched with the bills of a settlement; offers that no
row of the table carries."""

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .settlement_common import SettlementCommon


class MoneyCommon(SettlementCommon):
    def receive(self, number, amount, value=None, partner=None):
        """A payment of the customer that is matched with nothing."""
        with self.at(number):
            payment = self.env["account.payment"].create(
                {
                    "amount": amount,
                    "partner_id": (partner or self.customer).id,
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "date": self.day(number),
                    "journal_id": self.company_data["default_journal_bank"].id,
                }
            )
            payment.action_post()
        if value is not None:
            payment.value_date = self.day(value)
        self.env.invalidate_all()
        return payment

    def money(self, one):
        one.invalidate_recordset(["free_money", "elsewhere_money", "money_words"])
        return one.free_money, one.elsewhere_money

    def match(self, one, number, user=None):
        with self.at(number):
            return one.with_user(user or self.operator).action_match_payments()


@tagged("post_install", "-at_install")
class TestMoneySeen(MoneyCommon):
    def test_free_and_elsewhere_are_shown(self):
        self.receive(30, 7)  # before the offer: it is known
        one = self.offered()
        self.assertEqual(self.money(one), (0, 0))
        payment = self.receive(45, 50)
        other = self.overdue("B2", amount=40)
        self.pay_on(46, 40, bill=other)
        # what another customer pays is not his
        stranger = self._create_customer("STR")
        self.receive(46, 9, partner=stranger)
        self.assertEqual(self.money(one), (50, 40))
        self.assertIn(payment.name, one.money_words)
        self.assertIn("B2", one.money_words)
        # matched with the bills of the settlement it is in the payments, not here
        self.match(one, 47)
        self.assertEqual(self.money(one), (0, 40))
        self.assertEqual(one.in_time, 50)

    def test_a_credit_note_is_no_money(self):
        one = self.offered()
        with self.at(45):
            note = self.bill._reverse_moves([{"invoice_date": self.day(45)}])
            note.action_post()
        self.assertEqual(self.money(one), (0, 0))

    def test_statements_do_not_grow(self):
        one = self.offered()
        self.receive(45, 5)
        self.money(one)
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.money(one)
        few = self.env.cr.sql_log_count - before
        for number in range(4):
            self.receive(46 + number, 5)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.money(one)
        self.assertLessEqual(self.env.cr.sql_log_count - before, few + 2)


@tagged("post_install", "-at_install")
class TestMoneyMatched(MoneyCommon):
    def test_button_pays_the_settlement(self):
        one = self.offered()
        self.receive(45, 80)
        self.watch(46)
        self.assertEqual((one.state, one.in_time), ("offered", 0))
        self.match(one, 46)
        self.assertEqual((one.state, one.loss, one.in_time), ("paid", 20, 80))
        self.assertEqual(self.bill.amount_residual, 0)

    def test_no_more_than_agreed_is_taken(self):
        """The rest of a payment stays the customer's; nothing else is given up."""
        one = self.offered()
        payment = self.receive(45, 130)
        self.match(one, 46)
        self.assertEqual((one.state, one.in_time, one.loss), ("paid", 80, 20))
        rest = payment.move_id.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        self.assertEqual(rest.amount_residual, -50)

    def test_several_payments_and_bills(self):
        other = self.overdue("B2", amount=40)
        self.walk(2)
        self.assertEqual(self.case_of(other), self.case)
        one = self.offered(agreed=112)
        self.assertEqual(one.capital, 140)
        self.receive(45, 70)
        self.receive(46, 60)
        self.match(one, 47)
        self.assertEqual((one.state, one.in_time, one.loss), ("paid", 112, 28))
        self.assertEqual((self.bill | other).mapped("amount_residual"), [0, 0])

    def test_value_date_counts_for_what_is_matched_by_hand(self):
        one = self.offered()
        self.receive(73, 80, value=69)
        self.watch(73)
        self.match(one, 74)
        self.assertEqual((one.state, one.paid_on), ("paid", self.day(69)))

    def test_nothing_to_match(self):
        one = self.offered()
        with self.assertRaises(UserError):
            self.match(one, 45)
        draft = self.Settlement.browse()
        with self.at(45):
            one.with_user(self.operator).action_customer_refused("no")
            draft = self.draft()
        self.receive(46, 80)
        with self.assertRaises(UserError):
            self.match(draft, 46)

    def test_who_may(self):
        one = self.offered()
        self.receive(45, 80)
        with self.assertRaises(AccessError):
            self.match(one, 45, user=self._stranger())
        self.assertEqual(self.bill.amount_residual, 100)

    def _stranger(self):
        return self.operator.copy({"login": "nobody", "group_ids": [(5,)]})


@tagged("post_install", "-at_install")
class TestMoneyKeepsTheOffer(MoneyCommon):
    def test_reminder_when_the_term_is_near(self):
        one = self.offered()
        self.receive(45, 80)
        self.watch(60)
        self.assertFalse(one.activity_ids)
        self.watch(66)
        (told,) = one.activity_ids
        self.assertEqual(told.user_id, self.operator)
        self.assertEqual(told.date_deadline, self.day(70))
        # once
        self.watch(67)
        self.assertEqual(one.activity_ids, told)
        # over when the money found its bills
        self.match(one, 68)
        self.assertEqual(one.state, "paid")
        self.assertFalse(one.activity_ids)

    def test_how_long_before_is_the_company_s_choice(self):
        self.company.dunning_settlement_remind_days = 12
        one = self.offered()
        self.receive(45, 80)
        self.watch(57)
        self.assertFalse(one.activity_ids)
        self.watch(58)
        self.assertTrue(one.activity_ids)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.company.dunning_settlement_remind_days = -1
            self.env.flush_all()

    def test_no_reminder_without_money(self):
        one = self.offered()
        self.watch(69)
        self.assertFalse(one.activity_ids)

    def test_a_sum_that_lies_unmatched_never_expires(self):
        one = self.offered()
        self.receive(60, 80)
        self.watch_until(one)
        self.assertEqual((one.state, one.attention), ("offered", "unmatched"))
        # the case stays still although the days of the offer are over
        self.assertGreater(one.hold_id.date_to, self.day(80))
        count = len(one.event_ids)
        self.watch(90)
        self.assertEqual((one.state, len(one.event_ids)), ("offered", count))
        self.assertEqual(self.bill.amount_residual, 100)
        lists = self.env["dunning.worklist"].with_user(self.operator)
        lists = lists.with_context(allowed_company_ids=self.company.ids).get_today()
        counts = {told["key"]: told["count"] for told in lists["lists"]}
        self.assertEqual(counts["settlements_decide"], 1)
        self.match(one, 91)
        self.assertEqual((one.state, one.attention), ("paid", False))
        self.assertEqual((one.loss, self.bill.amount_residual), (20, 0))

    def test_a_person_says_it_is_for_something_else(self):
        one = self.offered()
        self.receive(60, 80)
        self.watch_until(one)
        with self.at(78):
            with self.assertRaises(AccessError):
                one.with_user(self.operator).action_leave_expired("no")
            one.with_user(self.manager).action_leave_expired("for his gas")
        self.assertEqual((one.state, one.attention), ("expired", False))
        self.assertEqual(one.action_id.outcome, "expired")
        self.assertTrue(one.hold_id.ended_on)
        # decided once
        self.watch(90)
        self.assertEqual((one.state, one.attention), ("expired", False))

    def test_less_than_agreed_lies_unmatched(self):
        one = self.offered()
        self.receive(60, 30)
        self.watch_until(one)
        self.assertEqual((one.state, one.attention), ("expired", "short"))
        # what is free is matched before anything is given up
        with self.at(78), self.assertRaises(UserError):
            one.with_user(self.manager).action_accept_anyway()
        self.match(one, 78)
        self.assertEqual((one.state, one.in_time), ("expired", 30))
        self.assertEqual(self.bill.amount_residual, 70)

    def test_the_sum_paid_other_bills(self):
        """It expires, but somebody is told that the customer did pay."""
        other = self.overdue("B2", amount=80)
        one = self.offered()
        self.assertEqual(one.capital, 100)
        self.pay_on(60, 80, bill=other)
        self.watch_until(one)
        self.assertEqual((one.state, one.attention), ("expired", "elsewhere"))
        self.assertIn("80.00", one.attention_note)
        with self.at(78):
            one.with_user(self.manager).action_leave_expired("his new bill")
        self.watch(90)
        self.assertFalse(one.attention)
        # of an offer that is over later payments are payments like any other
        self.pay_on(95, 10, bill=self.overdue("B3", amount=10))
        self.receive(96, 7)
        self.assertEqual(self.money(one), (0, 80))

    def test_money_that_comes_to_an_expired_offer_unmatched(self):
        """With a value date in time: told; weeks later it is a payment like others."""
        one = self.offered()
        self.watch_until(one)
        self.assertEqual((one.state, one.attention), ("expired", False))
        self.receive(100, 80)
        self.watch(101)
        self.assertFalse(one.attention)
        self.receive(102, 80, value=69)
        self.watch(103)
        self.assertEqual((one.state, one.attention), ("expired", "unmatched"))


@tagged("post_install", "-at_install")
class TestMoneyOfTwoOffers(MoneyCommon):
    """Two supplies of a customer, an offer for each: what comes once counts once."""

    def two(self, **second):
        """The first on day 40, the second on day 42; 80 of 100 each."""
        contract = self._create_contract("CT2", self.customer)
        bill = self.overdue("G1", contract, amount=100)
        self.walk(2)
        first = self.offered()
        self.case = self.case_of(bill)
        self.assertNotEqual(self.case, first.case_id)
        later = self.offered(42, **second)
        return first, later, bill

    def test_the_older_first_then_the_next(self):
        first, later, _bill = self.two()
        payment = self.receive(45, 80)
        self.assertEqual(self.money(first), (80, 0))
        self.assertEqual(self.money(later), (0, 0))
        self.assertIn(f"counts for {first.name}", later.money_words)
        self.assertIn(payment.name, later.money_words)
        self.receive(46, 30)
        self.assertEqual(self.money(first), (80, 0))
        self.assertEqual(self.money(later), (30, 0))
        # what is beyond both stays with the first
        self.receive(47, 60)
        self.assertEqual(self.money(first), (90, 0))
        self.assertEqual(self.money(later), (80, 0))
        for together in (first | later, later | first):
            together.invalidate_recordset()
            self.assertEqual(sum(together.mapped("free_money")), 170)

    def test_only_one_waits_for_a_person(self):
        first, later, _bill = self.two()
        self.receive(60, 80)
        self.watch(66)
        self.assertTrue(first.activity_ids)
        self.assertFalse(later.activity_ids)
        self.watch_until(later)
        self.assertEqual((first.state, first.attention), ("offered", "unmatched"))
        self.assertEqual((later.state, later.attention), ("expired", False))

    def test_a_person_decides_otherwise(self):
        """The money is for the second: the button of that one takes it."""
        first, later, bill = self.two()
        self.receive(60, 80)
        self.assertTrue(later.can_match)
        self.match(later, 61)
        self.assertEqual((later.state, bill.amount_residual), ("paid", 0))
        self.assertEqual(self.money(first), (0, 0))
        self.watch_until(first)
        self.assertEqual((first.state, first.attention), ("expired", False))

    def test_left_by_the_first_it_is_the_second_s(self):
        first, later, _bill = self.two(valid_days=60)
        self.receive(60, 80)
        self.watch_until(first)
        self.assertEqual(first.attention, "unmatched")
        with self.at(78):
            first.with_user(self.manager).action_leave_expired("for his gas")
        self.assertEqual(first.state, "expired")
        self.assertEqual(self.money(later), (80, 0))

    def test_what_paid_the_one_is_not_elsewhere_for_the_other(self):
        first, later, bill = self.two()
        self.pay_on(60, 80, bill=bill)
        self.assertEqual(self.money(first), (0, 0))
        self.watch(61)
        self.assertEqual(later.state, "paid")
        self.watch_until(first)
        self.assertEqual((first.state, first.attention), ("expired", False))

    def test_what_paid_other_bills_counts_once(self):
        other = self.overdue(
            "B9", self._create_contract("CT3", self.customer), amount=90
        )
        first, later, _bill = self.two()
        self.pay_on(60, 90, bill=other)
        self.assertEqual(self.money(first), (0, 80))
        self.assertEqual(self.money(later), (0, 10))
        self.watch_until(later)
        self.assertEqual((first.state, first.attention), ("expired", "elsewhere"))
        self.assertEqual((later.state, later.attention), ("expired", False))

    def test_what_lay_there_at_the_second_offer_is_the_first_s(self):
        contract = self._create_contract("CT2", self.customer)
        bill = self.overdue("G1", contract, amount=100)
        self.walk(2)
        first = self.offered()
        self.receive(41, 130)
        self.case = self.case_of(bill)
        later = self.offered(42)
        self.assertEqual(self.money(first), (130, 0))
        self.assertEqual((self.money(later), later.can_match), ((0, 0), False))


@tagged("post_install", "-at_install")
class TestOfferWithoutRow(MoneyCommon):
    """The action table has no settlement for such a supply."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE dunning_action_rule SET op = 'remind' WHERE op = 'writeoff'"
        )
        cls.env.invalidate_all()
        cls.env.registry.clear_cache()

    def test_offer_leaves_by_the_outbox(self):
        one = self.offered()
        self.assertFalse(one.action_id.rule_id)
        message = one.communication_ids
        self.assertEqual((message.channel, message.state), ("email", "to_send"))
        self.assertEqual(message.template_id.op, "writeoff")
        for text in ("80,00", "31/03/2027", one.name):
            self.assertIn(text, message.body)
        self.assertTrue(message.provider_id)
        self.assertIn(one.action_id.action_type_id.name, one.action_id.display_name)
        # bounds stay: the approval was the manager's
        self.assertEqual(one.request_id.required_level, 2)

    def test_letters_too(self):
        one = self.offered(channel="ar")
        self.assertTrue(one.communication_ids.attachment_id)
        self.assertFalse(one.action_id.notice_id)

    def test_paid_and_the_case_is_closed(self):
        one = self.offered()
        self.walk(41, 45)
        self.assertEqual(self.case.state, "on_hold")
        self.pay_on(45, 80)
        self.watch(46)
        self.assertEqual((one.state, one.action_id.outcome), ("paid", "accepted"))
        self.walk(47)
        self.assertEqual(self.case.state, "closed")
        titles = [entry["title"] for entry in self.case.timeline]
        self.assertNotIn(False, titles)

    def test_refused_and_the_case_goes_on(self):
        one = self.offered()
        with self.at(45):
            one.with_user(self.operator).action_customer_refused("no money")
        self.assertEqual((one.state, one.action_id.outcome), ("refused", "refused"))
        self.walk(46, 60)
        told = (self.case.state, self.case.next_kind, self.case.next_reason)
        self.assertNotEqual(self.case.state, "on_hold", told)
        self.assertTrue(self.done(), told)

    def test_a_second_offer_has_a_message_of_its_own(self):
        first = self.offered()
        with self.at(45):
            first.with_user(self.operator).action_customer_refused("too much")
        second = self.offered(number=46, agreed=70, user=self.director)
        self.assertNotEqual(first.communication_ids, second.communication_ids)
        self.assertEqual(second.action_id.attempt, 2)
        self.assertIn("70,00", second.communication_ids.body)
