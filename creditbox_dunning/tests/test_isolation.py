"""Gate 1: what one company does is nothing to another, whoever looks and whoever runs.

Walks the registry, so that a model added tomorrow is asked the same questions.
"""

import ast
import contextlib
import inspect
import re
from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.models import BaseModel
from odoo.sql_db import Cursor
from odoo.tests import tagged
from odoo.tools import SQL

from .approval_common import ApprovalCommon

# the head of the group reads these of its members
GROUP_READS = (
    "dunning.case",
    "dunning.action",
    "dunning.action.item",
    "dunning.communication",
    "dunning.run",
    "dunning.run.error",
    "dunning.approval.request",
    "dunning.approval.decision",
    "dunning.hold",
    "dunning.guard.waiver",
    "dunning.payment.plan",
    "dunning.payment.plan.instalment",
)
# what leaves for technical office, agencies, information providers: no run makes them
GROUP_READS_TOO = (
    "dunning.technical.order",
    "dunning.work.file",
    "dunning.work.event",
    "dunning.agency.assignment",
    "dunning.agency.result",
    "dunning.info.request",
    "dunning.legal.file",
    "dunning.legal.step",
)
# level 4 of a group decides for its members; a run is of the companies ticked
DECIDED_ABOVE = frozenset(
    {
        "dunning.approval.request.action_approve",
        "dunning.approval.request.action_decide_many",
        "dunning.run.action_run_now",
    }
)


def _buttons(record):
    """Names of the public methods of a button that ask for nothing."""
    for name, method in inspect.getmembers(type(record), inspect.isfunction):
        if not name.startswith("action_") or hasattr(BaseModel, name):
            continue
        _self, *others = inspect.signature(method).parameters.values()
        if all(one.default is not one.empty for one in others):
            yield name


class IsolationCommon(ApprovalCommon):
    """Two companies with bills, cases, actions, messages, letters, requests, runs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first = cls.company
        cls.second = cls._second_company()
        for company in (cls.first, cls.second):
            cls.want_level(2, (3,), company_id=company.id)
            cls._work(company)

    @classmethod
    def _second_company(cls):
        data = cls.setup_other_company(name="Acqua di prova S.p.A.")
        company = data["company"]
        company.email = "acqua@example.com"
        company._utility_setup_books()
        return company

    @classmethod
    def _work(cls, company):
        """A customer with an e-mail sent, a notice that waits and a hold."""
        own = cls.company
        cls.company = company
        cls.env.user.company_ids |= company
        env = cls.env
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": company.ids}
        )
        try:
            customer = cls._create_customer(f"ISO{company.id}")
            contract = cls._create_contract(f"CTISO{company.id}", customer)
            bill = cls._create_bill(
                f"ISO{company.id}",
                contract,
                100.0,
                invoice_date=cls.day(-30),
                invoice_date_due=cls.day(0),
                invoice_payment_term_id=False,
            )
            runs = cls.env["dunning.run"].sudo()
            for number in (7, 15):
                runs.run_for(company, cls.day(number))
            cls.case_of(bill).message_post(body=f"secret of {company.id}")
            plan = cls.env["dunning.payment.plan"].create(
                {"case_id": cls.case_of(bill).id, "number": 2}
            )
            plan.sudo()._guarded()._fix_terms()
        finally:
            cls.company = own
            cls.env = env

    @classmethod
    def _reader(cls, login, level, *companies):
        return cls._user_in(login, level, *companies)

    def _models(self):
        """Our models that keep records of a company."""
        names = []
        for name, model in self.env.registry.items():
            field = model._fields.get("company_id")
            ours = name.startswith("dunning.") and not model._abstract
            if ours and field and field.comodel_name == "res.company":
                names.append(name)
        return sorted(names)

    def _seen(self, user, name):
        """Companies of the records of ``name`` that ``user`` finds and may read."""
        found = self.env[name].with_user(user).search([])
        found.check_access("read")
        return found.sudo().company_id


@tagged("post_install", "-at_install", "slow")
class TestIsolation(IsolationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            company: [
                cls._reader(f"{level}{company.id}", level, company)
                for level in ("operator", "manager", "director", "group", "admin")
            ]
            for company in (cls.first, cls.second)
        }

    def test_gate_1_there_is_something_to_hide(self):
        """Else the tests below would pass on an empty database."""
        for company in (self.first, self.second):
            for name in (
                "dunning.case",
                "dunning.action",
                "dunning.action.item",
                "dunning.communication",
                "dunning.run",
                "dunning.approval.request",
                "dunning.approval.decision",
                "dunning.approval.rule",
                "dunning.action.rule",
            ):
                with self.subTest(model=name, company=company.name):
                    self.assertTrue(
                        self.env[name].sudo().search([("company_id", "=", company.id)])
                    )

    def test_gate_1_no_record_of_the_other(self):
        names = self._models()
        self.assertGreater(len(names), 15, "the registry was not walked")
        for company, users in self.users.items():
            for user in users:
                for name in names:
                    if not self.env[name].with_user(user).has_access("read"):
                        continue
                    with self.subTest(model=name, user=user.login):
                        self.assertFalse(self._seen(user, name) - company)

    def test_gate_1_no_record_by_its_number(self):
        """Not found is not enough: asked for by id it has to be refused."""
        for company, users in self.users.items():
            other = self.second if company == self.first else self.first
            for name in self._models():
                model = self.env[name].sudo()
                if model._transient:
                    continue
                theirs = model.search([("company_id", "=", other.id)], limit=1)
                for user in users:
                    if not theirs or not model.with_user(user).sudo(False).has_access(
                        "read"
                    ):
                        continue
                    with self.subTest(model=name, user=user.login):
                        with self.assertRaises(AccessError):
                            theirs.with_user(user).sudo(False).read(["id"])

    def test_gate_1_every_model_has_a_company_rule(self):
        rules = self.env["ir.rule"].search([("model_id.model", "like", "dunning.%")])
        general = rules.filtered(lambda rule: not rule.groups and rule.perm_read)
        covered = {
            rule.model_id.model
            for rule in general
            if "company_ids" in (rule.domain_force or "")
        }
        wanted = {n for n in self._models() if not self.env[n]._transient}
        self.assertFalse(wanted - covered)

    def test_gate_1_no_message_and_no_attachment_of_the_other(self):
        for company, users in self.users.items():
            other = self.second if company == self.first else self.first
            cases = self.env["dunning.case"].sudo()
            cases = cases.search([("company_id", "=", other.id)])
            messages = cases.message_ids
            letters = (
                self.env["ir.attachment"]
                .sudo()
                .search(
                    [
                        ("res_model", "like", "dunning.%"),
                        ("company_id", "=", other.id),
                    ]
                )
            )
            self.assertTrue(messages)
            for user in users:
                with self.subTest(user=user.login):
                    found = self.env["mail.message"].with_user(user)
                    self.assertFalse(found.search([("id", "in", messages.ids)]))
                    with self.assertRaises(AccessError):
                        messages[:1].with_user(user).sudo(False).read(["body"])
                    for letter in letters:
                        with self.assertRaises(AccessError):
                            letter.with_user(user).sudo(False).read(["raw"])

    def test_gate_1_sums_are_of_one_company(self):
        """Dashboards and pivots go through the same rules."""
        for company, users in self.users.items():
            for name in self._models():
                # what is shipped for all companies belongs to none
                shared = (
                    set() if self.env[name]._fields["company_id"].required else {False}
                )
                for user in users:
                    model = self.env[name].with_user(user)
                    if model._transient or not model.has_access("read"):
                        continue
                    groups = model._read_group([], ["company_id"], ["__count"])
                    with self.subTest(model=name, user=user.login):
                        self.assertFalse(
                            {found.id for found, _count in groups}
                            - {company.id}
                            - shared
                        )

    def test_gate_1_run_as_superuser_makes_nothing_elsewhere(self):
        """The nightly run of one company writes in no table of the other."""

        def counts(company):
            return {
                name: self.env[name]
                .sudo()
                .with_context(active_test=False)
                .search([("company_id", "=", company.id)])
                .ids
                for name in self._models()
                if not self.env[name]._transient
            }

        for company, other in (
            (self.first, self.second),
            (self.second, self.first),
        ):
            before = counts(other)
            stamps = self._stamps(other)
            self.env["dunning.run"].sudo().run_for(company, self.day(40))
            self.assertEqual(counts(other), before)
            self.assertEqual(self._stamps(other), stamps, "nor touches one")

    def _stamps(self, company):
        cases = self.env["dunning.case"].sudo()
        cases = cases.search([("company_id", "=", company.id)])
        return [
            (case.id, case.next_date, case.next_reasons, case.round, case.state)
            for case in cases
        ]

    def test_gate_1_daily_job_of_approvals_stays_inside(self):
        self.env["dunning.approval.request"].sudo()._cron_daily()
        for activity in self.env["mail.activity"].search(
            [("res_model", "=", "dunning.approval.request")]
        ):
            request = self.env["dunning.approval.request"].browse(activity.res_id)
            self.assertIn(request.company_id, activity.user_id.company_ids)

    def test_gate_1_methods_refuse_the_other_company(self):
        """Not only reading: calling."""
        theirs = (
            self.env["dunning.approval.request"]
            .sudo()
            .search(
                [("company_id", "=", self.second.id), ("state", "=", "pending")],
                limit=1,
            )
        )
        self.assertTrue(theirs)
        for user in self.users[self.first]:
            for method in ("action_approve", "action_ask_again", "action_decide_many"):
                with self.assertRaises(AccessError):
                    getattr(theirs.with_user(user).sudo(False), method)()
            case = theirs.case_id.with_user(user).sudo(False)
            with self.assertRaises(AccessError):
                case.action_plan_now()
        self.assertEqual(theirs.state, "pending")


@tagged("post_install", "-at_install", "slow")
class TestGroupLevel(IsolationCommon):
    """Level 4: the head sees and approves for its members, who see only themselves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.head = cls.env["res.company"].create({"name": "Capogruppo S.p.A."})
        cls.group = cls.env["utility.group"].create(
            {
                "name": "Gruppo",
                "head_company_id": cls.head.id,
                "member_ids": [Command.set((cls.head | cls.first).ids)],
            }
        )
        cls.boss = cls._reader("boss", "group", cls.head)
        cls.head_director = cls._reader("headdir", "director", cls.head)
        cls.member_boss = cls._reader("memberboss", "group", cls.first)
        cls.request = cls.env["dunning.approval.request"].search(
            [("company_id", "=", cls.first.id), ("state", "=", "pending")], limit=1
        )

    def test_head_sees_its_members_and_nobody_else(self):
        for name in GROUP_READS:
            with self.subTest(model=name):
                seen = self._seen(self.boss, name)
                self.assertFalse(seen - self.head - self.first)
                there = (
                    self.env[name]
                    .sudo()
                    .search_count([("company_id", "=", self.first.id)])
                )
                self.assertEqual(bool(there), self.first in seen)
        self.assertNotIn(self.first, self.boss.company_ids)

    def test_head_reads_what_its_members_ordered(self):
        rules = self.env["ir.rule"].with_user(self.boss)
        rules = rules.with_context(allowed_company_ids=self.head.ids)
        for name in GROUP_READS_TOO:
            with self.subTest(model=name):
                member = self.env[name].new({"company_id": self.first.id})
                stranger = self.env[name].new({"company_id": self.second.id})
                domain = rules._compute_domain(name, "read")
                self.assertTrue(member.filtered_domain(domain))
                self.assertFalse(stranger.filtered_domain(domain))
                domain = rules._compute_domain(name, "write")
                self.assertFalse(member.filtered_domain(domain))

    def test_head_opens_every_form_of_its_members(self):
        """What a form computes may not trip over a company that is not the reader's."""
        for name in GROUP_READS:
            records = self.env[name].with_user(self.boss)
            record = records.search([("company_id", "=", self.first.id)], limit=1)
            if not record:
                continue
            with self.subTest(model=name):
                known = records.get_views([(False, "form")])["models"][name]["fields"]
                wanted = {
                    field: {"fields": {"display_name": {}}}
                    if info["type"] == "many2one"
                    else {}
                    for field, info in known.items()
                }
                self.assertTrue(record.web_read({**wanted, "display_name": {}}))

    def test_head_reads_and_does_not_write(self):
        case = self.request.case_id.with_user(self.boss)
        self.assertTrue(case.name)
        self.assertTrue(case.partner_phone or case.partner_id.sudo().name)
        with self.assertRaises(AccessError):
            case.write({"note": "from above"})

    def test_no_button_of_the_head_does_anything_there(self):
        """Reading is not acting: pressed on a record of a member, each button of what
        the head reads either refuses or opens a window."""
        for name in ("operator", "manager"):
            group = self.env.ref(f"creditbox_dunning.group_dunning_{name}")
            self.boss.group_ids |= group
        order = self._ordered(self.first)
        pressed, did = 0, []
        for name in (*GROUP_READS, order._name):
            records = self.env[name].with_user(self.boss)
            records = records.with_context(allowed_company_ids=self.head.ids)
            record = records.search([("company_id", "=", self.first.id)], limit=1)
            for method in _buttons(record) if record else ():
                pressed += 1
                if self._writes(record, method):
                    did.append(f"{name}.{method}")
        self.assertGreater(pressed, 40)
        self.assertEqual(sorted(set(did) - DECIDED_ABOVE), [])
        with self.assertRaises(AccessError):
            order.with_user(self.boss).action_told()
        self.assertEqual(order.state, "recall")

    def _ordered(self, company):
        """An order that has to be called back."""
        action = self.env["dunning.action"].search(
            [("company_id", "=", company.id)], limit=1
        )
        orders = self.env["dunning.technical.order"].sudo()._guarded()
        return orders.create(
            {
                "company_id": company.id,
                "partner_id": action.case_id.partner_id.id,
                "case_id": action.case_id.id,
                "action_id": action.id,
                "op": "suspend",
                "state": "recall",
            }
        )

    def _writes(self, record, method):
        """Whether the button wrote anything."""
        written = []
        execute = Cursor.execute

        def seen(cursor, query, *args, **kwargs):
            text = query.code if isinstance(query, SQL) else str(query)
            if re.match(r"\s*(INSERT|UPDATE|DELETE)", text):
                written.append(text)
            return execute(cursor, query, *args, **kwargs)

        self.env.flush_all()
        with (
            self.env.cr.savepoint() as savepoint,
            patch.object(Cursor, "execute", seen),
        ):
            with contextlib.suppress(AccessError, UserError):
                getattr(record, method)()
                self.env.flush_all()
            self.env.invalidate_all(flush=False)
            savepoint.rollback()
        return written

    def test_members_do_not_see_each_other_nor_the_head(self):
        self.group.member_ids |= self.second
        for name in GROUP_READS:
            with self.subTest(model=name):
                self.assertFalse(self._seen(self.member_boss, name) - self.first)

    def test_other_users_of_the_head_see_nothing(self):
        for name in GROUP_READS:
            self.assertFalse(self._seen(self.head_director, name) - self.head)

    def test_ended_group_shows_nothing(self):
        self.group.active = False
        self.assertFalse(self._seen(self.boss, "dunning.case") - self.head)

    def test_level_four_belongs_to_the_head(self):
        self.assertEqual(self.boss._dunning_level(self.first), 4)
        self.assertEqual(self.member_boss._dunning_level(self.first), 3)
        self.assertEqual(self.head_director._dunning_level(self.first), 0)
        self.assertEqual(self.boss._dunning_level(self.second), 0)
        rule = self.env["dunning.approval.rule"].create(
            {
                "company_id": self.head.id,
                "for_group": True,
                "subject": "action",
                "level": "4",
                "amount_from": 50,
            }
        )
        self.assertEqual(rule.company_id, self.head)
        self.assertEqual(self.request.required_level, 4, "the group is stricter")
        for user in (self.member_boss, self.director, self.manager):
            with self.assertRaises(AccessError):
                self.request.with_user(user).action_approve()
        with self.assertRaises(AccessError):
            self.request.with_user(self.head_director).action_approve()
        with freeze_time(self.day(16)):
            self.request.with_user(self.boss).action_approve()
        self.assertEqual(self.request.state, "approved", self.request.end_note)
        action = self.env["dunning.action"].browse(self.request.res_id)
        self.assertEqual(action.state, "done")
        self.assertEqual(action.communication_ids.company_id, self.first)
        row = self.request.decision_ids[-1]
        self.assertEqual((row.user_id, row.level), (self.boss, 4))

    def test_group_row_holds_for_members_only(self):
        types = self.env["dunning.action.type"]._by_code()
        rules = self.env["dunning.approval.rule"]
        rules.create(
            {
                "company_id": self.head.id,
                "for_group": True,
                "subject": "action",
                "action_type_id": types[2].id,
                "level": "2",
            }
        )
        levels = [
            rules._level_for(company, "action", types[2], 10)
            for company in (self.head, self.first, self.second)
        ]
        self.assertEqual(levels, [2, 2, 0])


@tagged("post_install", "-at_install", "slow")
class TestDomains(IsolationCommon):
    def test_rules_are_plain_expressions(self):
        """No rule of ours calls anything but has_group: nothing to be cached wrong."""
        rules = self.env["ir.rule"].search([("model_id.model", "like", "dunning.%")])
        for rule in rules:
            tree = ast.parse((rule.domain_force or "[]").strip(), mode="eval")
            calls = [
                ast.unparse(node.func)
                for node in ast.walk(tree)
                if isinstance(node, ast.Call)
            ]
            self.assertFalse(set(calls) - {"user.has_group"}, rule.name)
