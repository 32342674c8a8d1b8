"""What an agency invoices beside what the house reckons: frozen, decided, corrected."""

from psycopg2 import IntegrityError

from odoo import SUPERUSER_ID, Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from .test_agency import AgencyCommon


class StatementCommon(AgencyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = new_test_user(
            cls.env,
            login="fees_accountant",
            groups="account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.supplier = cls.env["res.partner"].create({"name": "Recuperi A"})

    def sent(self):
        """The case of 1,400 is with the agency at 10 %; its first day."""
        self.to_agency()
        self.send(self.today)
        return self.today

    def paid_on(self, number, amount):
        with freeze_time(self.day(number)):
            return self.pay(self.bill, amount)

    def statement(self, first, last, user=None, **vals):
        with freeze_time(self.day(last + 1)):
            return (
                self.env["dunning.agency.statement"]
                .with_user(user or self.operator)
                .create(
                    {
                        "company_id": self.company.id,
                        "provider_id": self.agency.id,
                        "date_from": self.day(first),
                        "date_to": self.day(last),
                        **vals,
                    }
                )
            )

    def frozen(self, first, last, user=None):
        one = self.statement(first, last, user)
        with freeze_time(self.day(last + 1)):
            one.action_freeze()
        return one

    def invoice(self, number, amount, user=None, **vals):
        moves = self.env["account.move"].with_user(user or self.env.user)
        bill = moves.create(
            {
                "move_type": "in_invoice",
                "company_id": self.company.id,
                "partner_id": self.supplier.id,
                "invoice_date": self.day(number),
                "date": self.day(number),
                "ref": f"FA-{number}-{amount}",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Compensi",
                            "quantity": 1,
                            "price_unit": amount,
                            "tax_ids": False,
                        }
                    )
                ],
                **vals,
            }
        )
        bill.action_post()
        return bill

    def fees(self, statement):
        return [(line.kind, line.amount, line.fee) for line in statement.line_ids]


@tagged("post_install", "-at_install")
class TestAgencyStatement(StatementCommon):
    def test_frozen_fees_never_change_and_the_rest_comes_later(self):
        """Money taken back or recorded late is in the next statement."""
        day = self.sent()
        self.paid_on(day + 1, 200)
        back = self.paid_on(day + 2, 100)
        first = self.frozen(day, day + 9)
        self.assertEqual(self.fees(first), [("fee", 200, 20), ("fee", 100, 10)])
        self.assertEqual((first.state, first.reckoned), ("frozen", 30))
        self.assertEqual(first.line_ids.move_id, self.bill)
        # one payment comes back, another of the first period was found since
        lines = (back.move_id if "move_id" in back else back).line_ids
        lines.remove_move_reconcile()
        self.paid_on(day + 3, 50)
        self.paid_on(day + 12, 300)
        self.assertEqual(self.fees(first), [("fee", 200, 20), ("fee", 100, 10)])
        second = self.frozen(day + 10, day + 19)
        self.assertEqual(
            self.fees(second),
            [("correction", -100, -10), ("late", 50, 5), ("fee", 300, 30)],
        )
        self.assertEqual(second.reckoned, 25)
        self.assertEqual(second.line_ids[0].move_id, self.bill)
        # together they are the list of fees
        arrivals = self.env["dunning.agency.arrival"].search(
            [("provider_id", "=", self.agency.id), ("company_id", "=", self.company.id)]
        )
        self.assertEqual(sum(arrivals.mapped("fee")), first.reckoned + second.reckoned)
        self.assertFalse(self.fees(self.frozen(day + 20, day + 29)))

    def test_approved_when_it_is_the_same(self):
        day = self.sent()
        self.paid_on(day + 1, 200)
        one = self.frozen(day, day + 9)
        with self.assertRaisesRegex(UserError, "invoice"):
            one.with_user(self.manager).action_approve()
        one.with_user(self.accountant).invoice_id = self.invoice(day + 9, 20)
        self.assertEqual((one.invoiced, one.difference), (20, 0))
        with self.assertRaises(AccessError):
            one.with_user(self.accountant).action_approve()
        one.with_user(self.manager).action_approve()
        self.assertEqual((one.state, one.decided_by), ("approved", self.manager))

    def test_who_froze_never_approves(self):
        """Four eyes: humble people do not approve at all, a manager not his own."""
        day = self.sent()
        self.paid_on(day + 1, 200)
        one = self.frozen(day, day + 9, self.manager)
        one.invoice_id = self.invoice(day + 9, 20)
        self.assertIn("froze", one.with_user(self.manager).cannot_approve_reason)
        with self.assertRaisesRegex(AccessError, "froze"):
            one.with_user(self.manager).action_approve()
        with self.assertRaises(AccessError):
            one.with_user(self.operator).action_approve()
        with self.assertRaises(AccessError):
            one.with_user(self.manager).write({"frozen_by": self.boss.id})
        # contesting asks for no money: he may, and still does not approve
        one.explanation = "Da chiarire"
        one.with_user(self.manager).action_contest()
        with self.assertRaisesRegex(AccessError, "froze"):
            one.with_user(self.manager).action_approve()
        second = self._create_dunning_user("fees_manager", "manager")
        self.assertFalse(one.with_user(second).cannot_approve_reason)
        one.with_user(second).action_approve()
        self.assertEqual((one.state, one.decided_by), ("approved", second))

    def test_who_entered_the_figures_never_approves(self):
        """The tariff as it was when the fees were frozen, and the invoice."""
        day = self.sent()
        self.paid_on(day + 1, 200)
        changer = self._create_dunning_user("fees_percent", "manager")
        author = self._create_dunning_user("fees_tariff", "manager")
        for user in (changer, author):
            user.sudo().group_ids += self.env.ref(
                "creditbox_dunning.group_dunning_admin"
            )
        # whoever leaves out the history is known all the same
        mine = self.agency.with_user(changer).with_context(tracking_disable=True)
        mine.fee_percent = 12
        with self.assertRaises(AccessError):
            mine.fee_author_id = author
        first = self.frozen(day, day + 9)
        self.assertEqual(first.tariff_author_ids, changer)
        tariff = self.env["dunning.agency.fee"].with_user(author)
        row = tariff.create(
            {
                "provider_id": self.agency.id,
                "valid_from": self.day(0),
                "percent": 20,
            }
        )
        second = self.frozen(day + 10, day + 19)
        self.assertEqual(second.tariff_author_ids, author)
        row.unlink()
        self.assertEqual(second.tariff_author_ids, author, "it stays known")
        for one, user in ((first, changer), (second, author)):
            one.invoice_id = self.invoice(day + 9, one.reckoned + 1)
            one.explanation = "Arrotondamento"
            with self.assertRaisesRegex(AccessError, "tariff"):
                one.with_user(user).action_approve()
        with self.assertRaises(AccessError):
            second.with_user(author).write({"tariff_author_ids": [Command.clear()]})
        both = self._create_dunning_user("fees_invoice", "manager")
        both.sudo().group_ids += self.env.ref("account.group_account_invoice")
        second.invoice_id = self.invoice(day + 9, second.reckoned, user=both)
        self.assertIn("invoice", second.with_user(both).cannot_approve_reason)
        with self.assertRaisesRegex(AccessError, "invoice"):
            second.with_user(both).action_approve()
        with self.assertRaisesRegex(AccessError, "level"):
            second.with_user(SUPERUSER_ID).action_approve()
        second.with_user(self.manager).action_approve()
        first.with_user(author).action_approve()
        self.assertEqual((first.state, second.state), ("approved", "approved"))

    def test_a_difference_has_to_be_explained(self):
        day = self.sent()
        self.paid_on(day + 1, 200)
        self.tell_agency(day + 2, ("Incasso", day + 2, "500,00", "", "R1"))
        self.check_difference(day)
        one = self.frozen(day, day + 9)
        bill = self.invoice(day + 9, 50)
        one.invoice_id = bill
        self.assertEqual((one.reckoned, one.invoiced, one.difference), (20, 50, 30))
        self.assertIn("300", one.hint)
        mine = one.with_user(self.manager)
        for button in (mine.action_approve, mine.action_contest):
            with self.assertRaisesRegex(UserError, "30"):
                button()
        one.explanation = "Ha contato un incasso che non è arrivato"
        mine.action_contest()
        self.assertEqual(one.state, "contested")
        # agreed afterwards; the invoice changes no more what was approved
        mine.action_approve()
        self.assertEqual((one.state, one.difference), ("approved", 30))
        bill.button_draft()
        bill.invoice_line_ids.price_unit = 70
        self.assertEqual(one.invoiced, 50)
        for vals in ({"explanation": "x"}, {"invoice_id": False}):
            with self.assertRaises(UserError):
                one.write(vals)

    def check_difference(self, day):
        with freeze_time(self.day(day + 9)):
            self.env["dunning.agency.assignment"]._check_money()

    def test_nobody_writes_what_is_frozen(self):
        day = self.sent()
        self.paid_on(day + 1, 200)
        one = self.frozen(day, day + 9)
        for user in (self.operator, self.manager, self.boss, self.accountant):
            for vals in ({"state": "approved"}, {"frozen_on": False}, {"name": "x"}):
                with self.assertRaises(AccessError):
                    one.with_user(user).write(vals)
            with self.assertRaises(AccessError):
                one.line_ids.with_user(user).write({"fee": 1})
            with self.assertRaises(AccessError):
                one.with_user(user).write(
                    {"line_ids": [Command.delete(one.line_ids.id)]}
                )
        with self.assertRaises(AccessError):
            one.line_ids.sudo().write({"fee": 1})
        for records in (one, one.line_ids):
            with self.assertRaises(UserError):
                records.sudo().unlink()
        with self.assertRaises(UserError):
            one.date_to = self.day(day + 12)
        with self.assertRaises(AccessError):
            self.statement(day + 10, day + 12, state="approved")

    def test_called_off_its_fees_come_again(self):
        day = self.sent()
        self.paid_on(day + 1, 200)
        first = self.frozen(day, day + 9, self.accountant)
        second = self.frozen(day + 10, day + 19)
        # a later one builds upon it
        with self.assertRaises(UserError):
            first.action_cancel()
        second.action_cancel()
        first.action_cancel()
        self.assertEqual(first.state, "cancelled")
        again = self.frozen(day, day + 12)
        self.assertEqual(self.fees(again), [("fee", 200, 20)])
        again.invoice_id = self.invoice(day + 9, 20)
        again.with_user(self.manager).action_approve()
        with self.assertRaises(UserError):
            again.action_cancel()

    def test_what_is_refused(self):
        day = self.sent()
        one = self.statement(day, day + 9)
        with freeze_time(self.day(day + 9)), self.assertRaisesRegex(UserError, "over"):
            one.action_freeze()
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            with self.env.cr.savepoint():
                self.statement(day + 9, day + 12).flush_recordset()
        with self.assertRaises(ValidationError):
            one.invoice_id = self.bill
        with self.assertRaises(ValidationError):
            self.statement(day + 20, day + 21, provider_id=self.office.id)
        # one earlier than a frozen one
        later = self.frozen(day + 30, day + 39)
        with (
            freeze_time(self.day(day + 40)),
            self.assertRaisesRegex(UserError, later.name),
        ):
            one.action_freeze()

    def test_the_usual_period_is_the_last_month(self):
        with freeze_time("2028-03-05"):
            model = self.env["dunning.agency.statement"].with_company(self.company)
            first, last = model._last_month()
        self.assertEqual((str(first), str(last)), ("2028-02-01", "2028-02-29"))

    def test_the_head_of_the_group_reads_the_fees_of_its_members(self):
        """Level 4 sees the list of fees, as it sees the assignments."""
        head = self.env["res.company"].create({"name": "Capogruppo"})
        self.env["utility.group"].create(
            {
                "name": "Gruppo",
                "member_ids": [Command.set((head | self.company).ids)],
                "head_company_id": head.id,
            }
        )
        day = self.sent()
        self.paid_on(day + 1, 200)
        one = self.frozen(day, day + 9)
        for group, count in (("group", 1), ("director", 0)):
            user = new_test_user(
                self.env,
                login=f"fees_{group}",
                groups=f"creditbox_dunning.group_dunning_{group}",
                company_id=head.id,
                company_ids=[Command.set(head.ids)],
            )
            domain = [("provider_id", "=", self.agency.id)]
            for model in (
                "dunning.agency.arrival",
                "dunning.agency.statement",
                "dunning.agency.statement.line",
            ):
                found = self.env[model].with_user(user).search(domain)
                self.assertEqual(len(found), count, (model, group))
            if count:
                with self.assertRaises(AccessError):
                    one.with_user(user).explanation = "x"

    def test_other_company_sees_nothing(self):
        day = self.sent()
        one = self.frozen(day, day + 9)
        other = new_test_user(
            self.env,
            login="fees_other",
            groups="creditbox_dunning.group_dunning_manager",
            company_id=self.env["res.company"].create({"name": "Altra"}).id,
            company_ids=[
                Command.set(
                    self.env["res.company"].search([("name", "=", "Altra")]).ids
                )
            ],
        )
        with self.assertRaises(AccessError):
            one.with_user(other).read(["reckoned"])
        self.assertFalse(
            self.env["dunning.agency.statement"].with_user(other).search([])
        )

    def test_many_in_the_same_number_of_queries(self):
        day = self.sent()
        self.paid_on(day + 1, 10)
        for _number in range(12):
            self.paid_on(day + 11, 10)
        counts = []
        for first in (day, day + 10):
            one = self.statement(first, first + 9)
            self.env.invalidate_all()
            with freeze_time(self.day(first + 10)):
                before = self.env.cr.sql_log_count
                one.action_freeze()
                one.flush_recordset()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(len(one.line_ids), 12)
        self.assertLessEqual(counts[1], counts[0] + 1, counts)
