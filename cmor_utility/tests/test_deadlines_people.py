"""Who is told of the terms, when people leave, roles end and terms run again."""

from datetime import date, datetime
from unittest.mock import patch

from lxml import etree

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.tests import BaseCase, freeze_time, tagged

from odoo.addons.utility_supply.rules import workdays

from ..rules.attention import RISK, AttentionFacts, attention
from ..rules.deadlines import Deadline
from ..rules.reckoning import Calendar, Term, TermRow, TermTable, first_running, reckon
from .common import TODAY, CmorCommon
from .common_incoming import IncomingCommon
from .test_deadlines import _domain, _filters

NEAR = date(2026, 8, 10)  # the request window closes on 31 August
FIRST_OF_MAY = date(2026, 5, 1)


@tagged("post_install", "-at_install")
class TestRunning(BaseCase):
    """The other way round: since when something must have happened to be late."""

    def test_agrees_with_the_term(self):
        calendar = Calendar(
            frozenset({date(2026, 4, 6), FIRST_OF_MAY}),
            workdays.add_working_days,
            workdays.next_working_day,
        )
        day = date(2026, 4, 1)
        for offset in range(45):
            today = date.fromordinal(day.toordinal() + offset)
            for term in (
                Term(0, is_working=True),
                Term(2, is_working=True),
                Term(10, is_working=True),
                Term(2),
                Term(1, "months"),
            ):
                first = first_running(today, term, calendar)
                before = date.fromordinal(first.toordinal() - 1)
                self.assertGreaterEqual(reckon(first, term, calendar)[0], today)
                self.assertLess(reckon(before, term, calendar)[0], today)

    def test_spells(self):
        table = TermTable(
            [
                TermRow("a", date(2018, 1, 1), Term(2)),
                TermRow("a", date(2026, 1, 1), Term(3)),
                TermRow("a", date(2025, 1, 1), Term(5), True),
            ]
        )
        # the company's own value stands, whatever is shipped later
        self.assertEqual(
            table.spells("a"),
            [
                (date(2018, 1, 1), date(2025, 1, 1), Term(2)),
                (date(2025, 1, 1), date(2026, 1, 1), Term(5)),
                (date(2026, 1, 1), None, Term(5)),
            ],
        )

    def test_a_complaint_outlives_the_practice(self):
        reply = Deadline(
            "complaint_reply", TODAY, TODAY, "complaint", "us", "must", "", {}, "open"
        )
        told = attention(
            AttentionFacts("closed", "report", None, (reply,), 1, {"": TODAY}), TODAY
        )
        self.assertEqual((told.level, told.key), (RISK, "complaint_reply"))
        self.assertFalse(told.needs_check)


@tagged("post_install", "-at_install")
@freeze_time("2026-12-31 10:00:00")
class TestPeople(CmorCommon):
    """Activities: of whom, when, and what becomes of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_switch_out("TP1")
        cls.practice = cls._find().sudo()

    def _refresh(self, day, practice=None):
        practice = practice or self.practice
        practice._refresh_terms(day)
        return {d.key: d for d in practice.deadline_ids}

    def _activity(self, key="request_close"):
        return self.practice.deadline_ids.filtered(lambda d: d.key == key).activity_id

    def _commit(self, day):
        """What happens when the transaction ends."""
        with freeze_time(day):
            self.env.cr.precommit.run()

    def test_responsible_has_left_already(self):
        self.practice.user_id = self.bystander
        self.bystander.sudo().active = False
        self._refresh(NEAR)
        self.assertEqual(self._activity().user_id, self.operator)

    def test_responsible_no_longer_works_on_cmor(self):
        self.practice.user_id = self.bystander
        self.bystander.sudo().group_ids = self.env.ref("base.group_user")
        self._refresh(NEAR)
        self.assertEqual(self._activity().user_id, self.operator)

    def test_nobody_left_the_manager_has_it(self):
        self.role.escalate_to_id = self.manager
        self.operator.sudo().active = False
        self._refresh(NEAR)
        self.assertEqual(self._activity().user_id, self.manager)

    def test_archived_user_is_succeeded(self):
        """Odoo deletes the activities of who is archived: the terms stay."""
        self.role.escalate_to_id = self.manager
        self._refresh(NEAR)
        self.assertEqual(self._activity().user_id, self.operator)
        self._commit(NEAR)
        self.operator.sudo().action_archive()
        self._commit(NEAR)
        self.assertEqual(self._activity().user_id, self.manager)

    def test_archived_manager_is_succeeded(self):
        """The missed term is told to the next one."""
        self.practice.complaint_on = date(2026, 4, 1)
        self.role.escalate_to_id = self.manager
        self._refresh(date(2026, 5, 5))
        with patch.object(type(self.env["ir.cron"]), "_commit_progress"):
            self.env["cmor.deadline"]._escalate(date(2026, 5, 5))
            self.manager.sudo().action_archive()
            other = self._create_user("second", "cmor_utility.group_cmor_manager")
            self.role.escalate_to_id = other
            self.env["cmor.deadline"]._escalate(date(2026, 5, 6))
        self.assertIn(other, self.practice.activity_ids.user_id)

    def test_a_term_that_runs_again_is_told_again(self):
        """Sent, refused, to be sent again: the first activity was closed, the term is
        as near as before."""
        steps = ("ready", "exported", "sent")
        self._refresh(NEAR)
        first = self._activity()
        for state in steps:
            self.practice._move_to(state)
        self._refresh(date(2026, 8, 12))
        self.assertFalse(first.active)
        self.practice._move_to("rejected")
        self.practice._move_to("candidate")
        terms = self._refresh(date(2026, 8, 20))
        self.assertEqual(terms["request_close"].state, "open")
        self.assertNotEqual(self._activity(), first)
        self.assertTrue(self._activity().active)

    def test_a_second_miss_is_escalated(self):
        """Two complaints, both missed: the manager is told of both."""
        self.role.escalate_to_id = self.manager
        told = []
        for received, night in (
            (date(2026, 4, 1), date(2026, 5, 8)),
            (date(2026, 6, 1), date(2026, 7, 10)),
        ):
            with freeze_time(night):
                self.practice.write(
                    {"complaint_on": received, "complaint_answered_on": False}
                )
                self._refresh(night)
                with patch.object(type(self.env["ir.cron"]), "_commit_progress"):
                    self.env["cmor.deadline"]._escalate(night)
                told.append(len(self.practice.activity_ids.filtered(self._alarms)))
                self.practice.complaint_answered_on = night
                self._refresh(night)
        self.assertEqual(told, [1, 2])

    def _alarms(self, activity):
        return activity.activity_type_id == self.env.ref(
            "cmor_utility.activity_type_escalation"
        )

    def test_activity_follows_the_last_day(self):
        with freeze_time("2026-05-05"):
            self.practice.complaint_on = date(2026, 4, 8)
            self._refresh(date(2026, 5, 5))
            activity = self._activity("complaint_reply")
            self.assertEqual(activity.date_deadline, date(2026, 5, 8))
            self.practice.complaint_on = date(2026, 4, 10)
            self._refresh(date(2026, 5, 5))
        self.assertEqual(self._activity("complaint_reply"), activity)
        self.assertEqual(activity.date_deadline, date(2026, 5, 10))

    def test_kept_late(self):
        """A reply three days after its term was given, but late: that stays visible."""
        with freeze_time("2026-05-20"):
            self.practice.write(
                {
                    "complaint_on": date(2026, 4, 1),
                    "complaint_answered_on": date(2026, 5, 4),
                }
            )
        reply = self._refresh(date(2026, 5, 20))["complaint_reply"]
        self.assertEqual((reply.state, reply.days_late), ("met", 3))
        entry = [
            entry
            for entry in self.practice.timeline
            if entry["kind"] == "deadline" and entry["id"] == reply.id
        ]
        self.assertEqual(entry[0]["badge"], "Kept late")

    def test_complaint_after_the_end(self):
        self.practice._move_to("closed_lost", "lost", {"reason": "x"})
        self.practice.complaint_on = date(2026, 4, 1)
        self._refresh(date(2026, 4, 1))
        self.assertFalse(self.practice.attention)
        with patch.object(type(self.env["ir.cron"]), "_commit_progress"):
            self.practice._cron_refresh_terms(date(2026, 4, 28))
        self.assertEqual(self.practice.attention, "risk")
        self.assertTrue(self._activity("complaint_reply").active)
        with freeze_time("2026-04-30"):
            self.practice.complaint_answered_on = date(2026, 4, 30)
        self._refresh(date(2026, 4, 30))
        self.assertFalse(self.practice.attention)

    def test_days_of_a_complaint(self):
        """A wrong year would be a term that is over for centuries, or never."""
        with freeze_time(TODAY):
            for vals in (
                {"complaint_on": date(202, 4, 1)},
                {"complaint_on": date(9999, 12, 31)},
                {"complaint_answered_on": date(2026, 4, 1)},
                {
                    "complaint_on": date(2026, 4, 10),
                    "complaint_answered_on": date(2026, 4, 9),
                },
            ):
                with self.subTest(vals), self.assertRaises(ValidationError):
                    with self.env.cr.savepoint():
                        self.practice.write(vals)

    def test_one_bad_practice_costs_the_others_nothing(self):
        """The night goes on; the bad one is logged and tried again."""
        for number in range(3):
            self._create_switch_out(f"TP2{number}")
        others = self._find().sudo()
        every = self.practice | others
        every._refresh_terms(TODAY)
        facts = type(self.practice)._deadline_facts
        bad = others[1]

        def broken(practices):
            if bad in practices:
                raise ValueError("broken")
            return facts(practices)

        tomorrow = date(2026, 4, 16)
        with (
            patch.object(type(self.practice), "_deadline_facts", broken),
            patch.object(type(self.env["ir.cron"]), "_commit_progress"),
            self.assertLogs(
                "odoo.addons.cmor_utility.models.cmor_practice_terms", "ERROR"
            ) as log,
        ):
            self.practice._cron_refresh_terms(tomorrow)
        self.assertIn(str(bad.id), log.output[0])
        self.assertEqual(set((every - bad).mapped("terms_on")), {tomorrow})
        self.assertEqual(bad.terms_on, TODAY)

    # --- without a role ---------------------------------------------------------

    def test_no_role_stays_in_sight(self):
        """The role ended: its candidates have none, and are still somebody's."""
        gas = self._create_role(sector="gas")
        self.role.date_to = date(2026, 4, 1)
        self.practice._evaluate(TODAY)
        self.assertFalse(self.practice.role_id)
        roles = self.env["cmor.company.role"].with_user(self.operator)
        with freeze_time(TODAY):
            defaults = roles._default_filters("outgoing")
            self.assertNotIn("search_default_gas", defaults)
            data = self.env["cmor.dashboard"].with_user(self.operator).get_data(True)
        self.assertEqual(sum(n["count"] for n in data["sides"][0]["pipeline"]), 1)
        mine = self._filter("cmor_practice_view_search", "my_roles")
        seen = self.practices.search(mine & Domain("id", "=", self.practice.id))
        self.assertEqual(seen, self.practice)
        # the operator of the other sector only is not bothered with it
        gas.user_ids = self.bystander
        data = self.env["cmor.dashboard"].with_user(self.bystander).get_data(True)
        self.assertFalse(data["sides"])

    def _filter(self, view, name):
        view = self.env.ref(f"cmor_utility.{view}")
        arch = self.practices.get_view(view.id, "search")["arch"]
        return Domain(_domain(_filters(arch)[name], self.operator.id))

    def test_archived_role_sends_nothing(self):
        self.assertFalse(self.role._cannot_export_reason(TODAY))
        self.role.active = False
        self.assertIn("archived", self.role._cannot_export_reason(TODAY))


@tagged("post_install", "-at_install")
class TestListsAgree(CmorCommon):
    """The lists, the deadlines and the dashboard say the same."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_switch_out("TL1")
        cls.practice = cls._find().sudo()

    def _request(self, key, sent):
        requests = self.env["cmor.practice.request"].sudo()
        found = requests._open(self.practice, key, {"reason": "N1"})
        found._set_state("exported")
        found._set_state("sent", sent_on=datetime.combine(sent, datetime.min.time()))
        return found.with_user(self.operator)

    def test_an_annulment_has_its_own_term(self):
        """Ten working days, not the two of the admissibility: the list of the requests
        turns red on the day on which the deadline is missed."""
        sent = date(2026, 4, 15)
        request = self._request("cancel_request", sent)
        for day, level in (
            (date(2026, 4, 20), False),
            (date(2026, 4, 29), False),
            (date(2026, 4, 30), "late"),
        ):
            self.practice._refresh_terms(day)
            term = self.practice.deadline_ids.filtered(lambda d: d.key == "annul")
            with freeze_time(datetime.combine(day, datetime.min.time())):
                request.invalidate_recordset(["attention"])
                self.assertEqual(request.attention, level, day)
            self.assertEqual(term.state == "missed", bool(level), day)

    def test_calendar_days_and_a_new_value(self):
        """The kind of days of the parameter, and its value on the day of the event."""
        self.env["cmor.parameter"].create(
            {
                "company_id": self.company.id,
                "key": "annul_days",
                "name": "Ours",
                "value": "3",
                "unit": "days",
                "day_kind": "solar",
                "date_from": date(2026, 4, 16),
            }
        )
        request = self._request("cancel_request", date(2026, 4, 15))
        with freeze_time("2026-04-20"):
            self.assertFalse(request.attention)
        request._guarded().sudo().write({"sent_on": datetime(2026, 4, 16, 8)})
        with freeze_time("2026-04-19"):
            request.invalidate_recordset(["attention"])
            self.assertFalse(request.attention)
        with freeze_time("2026-04-20"):
            request.invalidate_recordset(["attention"])
            self.assertEqual(request.attention, "late")

    def test_a_file_whose_claims_left_again_is_answered(self):
        """Refused and sent again in another file: the first one waits for nothing."""
        with freeze_time(TODAY):
            self._declare(self.practice)
            self.practice.with_user(self.operator).action_confirm()
            first = self.practice.with_user(self.operator)._export(TODAY)
            first.with_user(self.operator).action_mark_sent()
            first.sudo().record_ids._guarded().write({"answer": "refused"})
            for state in ("rejected", "candidate", "ready", "exported", "sent"):
                self.practice._move_to(state)
        with freeze_time("2026-05-18"):
            self.assertFalse(first.with_user(self.operator).attention)

    def test_near_is_what_the_list_colours(self):
        """The request window warns a month before: on the dashboard too."""
        day = date(2026, 8, 10)
        self.practice._refresh_terms(day)
        with freeze_time(day):
            data = self.env["cmor.dashboard"].with_user(self.operator).get_data()
            (number,) = [n for n in data["sides"][0]["terms"] if n["tone"] == "warning"]
            found = self.env["cmor.deadline"].with_user(self.operator)
            found = found.search(number["action"]["domain"])
            self.assertEqual(number["count"], 1)
            self.assertEqual(found.key, "request_close")
            self.assertEqual(found.urgency, "risk")

    def test_every_list_is_searched_alike(self):
        """What a list of practices is filtered by, the lists around it are too."""
        wanted = {
            "cmor.deadline": {"my_roles", "electricity", "gas", "kept_late", "live"},
            "cmor.practice.request": {"needs_action", "needs_check", "my_roles", "gas"},
            "cmor.flow.file": {"needs_action", "needs_check", "my_roles", "gas"},
            "cmor.flow.record": {"needs_action", "needs_check", "my_roles", "gas"},
            "cmor.receipt": {"needs_action", "needs_check", "my_roles", "gas"},
            "cmor.network.charge": {"needs_action", "needs_check", "my_roles", "gas"},
            "cmor.approval": {"asked", "not_mine", "my_roles", "gas"},
            "cmor.forecast": {"lost", "late", "my_roles", "gas"},
        }
        typed = {"cmor.flow.file": "amount_total", "cmor.deadline": "indemnity"}
        for model, filters in wanted.items():
            arch = self.env[model].get_view(False, "search")["arch"]
            nodes = etree.fromstring(arch)
            with self.subTest(model):
                names = {node.get("name") for node in nodes.iter("filter")}
                self.assertLessEqual(filters, names)
                fields = {node.get("name") for node in nodes.iter("field")}
                self.assertLessEqual({typed.get(model, "amount"), "state"}, fields)
                for node in nodes.iter("field"):
                    if "'ilike', self" in (node.get("filter_domain") or ""):
                        domain = node.get("filter_domain").replace("self", "'Rossi'")
                        self.env[model].search(_domain(domain, 1), limit=1)


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestIncomingFigures(IncomingCommon):
    def test_money_of_the_incoming_side(self):
        """Charged to us, billed, collected: each figure opens its own list."""
        practice = self._to_charge()
        self._on_bill(practice)
        data = self.env["cmor.dashboard"].with_user(self.operator).get_data()
        (side,) = [s for s in data["sides"] if s["key"] == "incoming"]
        totals = {total["label"]: total for total in side["totals"]}
        self.assertEqual(totals["Charged to us"]["count"], 1)
        self.assertIn("100.00", totals["Charged to us"]["amount"])
        self.assertEqual(totals["Collected"]["count"], 0)
        incoming = self.env.ref("cmor_utility.cmor_practice_action_incoming")
        for number in (*side["totals"], *side["pipeline"]):
            self.assertEqual(number["action"]["id"], incoming.id)
            found = self.env["cmor.practice"].with_user(self.operator)
            domain = number["action"]["domain"]
            self.assertEqual(found.search_count(domain), number["count"])

    def test_history_tells_what_was_charged(self):
        practice = self._to_charge()
        practice.action_charge_customer()
        charge = practice.sudo().charge_ids
        event = practice.event_ids.filtered(lambda e: e.kind == "charge_made")
        self.assertIn("100.00", event.text)
        self.assertIn(charge.ref, event.text)

    def test_dossier_tells_the_money(self):
        practice = self._to_charge()
        bill = self._on_bill(practice)
        html = practice._dossier_html()
        for text in ("Charged to us", "Lines of the network", bill.display_name):
            self.assertIn(text, html)


@tagged("post_install", "-at_install")
class TestOtherCompany(CmorCommon):
    def test_layouts_of_others(self):
        """A manager decides on the layouts of his companies only, by RPC too."""
        days = {"date_from": date(2030, 1, 1), "date_to": date(2030, 12, 31)}
        layout = self.layout.sudo().copy({"company_id": self.company.id, **days})
        other = self.env["res.company"].create({"name": "Other seller"})
        stranger = self._create_other_user("layouts", other)
        for method in ("action_unconfirm", "action_confirm", "action_acknowledge"):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(layout.with_user(stranger), method)()
