from datetime import date, datetime
from unittest.mock import patch

from freezegun import freeze_time
from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from odoo.addons.cmor_utility.tests.common import TODAY, CmorCommon

BEFORE_CHRISTMAS = date(2026, 12, 23)


@tagged("post_install", "-at_install")
class TestDeadlines(CmorCommon):
    """The terms of practices as records: gate 34, and who is told of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_switch_out("T1")
        cls.practice = cls._find()
        cls.deadlines = cls.env["cmor.deadline"]

    def _move(self, practice, *steps):
        """Walk the practice through (day, state), the events on those days."""
        for day, state in steps:
            practice.sudo()._move_to(state)
            practice.sudo()._set_next()
            moment = datetime.combine(day, datetime.min.time()).replace(hour=10)
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE cmor_practice_event SET date = %s"
                " WHERE id = (SELECT max(id) FROM cmor_practice_event"
                " WHERE practice_id = %s)",
                (moment, practice.id),
            )
            self.env.invalidate_all()

    def _ready(self, practice):
        self._declare(practice)
        practice.with_user(self.operator).action_confirm()

    def _terms(self, practice, today):
        practice.sudo()._refresh_terms(today)
        return {d.key: d for d in practice.sudo().deadline_ids}

    def test_terms_are_there_when_the_transaction_ends(self):
        self.assertFalse(self.practice.sudo().deadline_ids)
        with freeze_time(TODAY):
            self.env.cr.precommit.run()
        keys = self.practice.sudo().deadline_ids.mapped("key")
        self.assertLessEqual({"mora_term", "request_open", "request_close"}, set(keys))
        self.assertEqual(self.practice.attention, "action")

    def test_holiday_week(self):
        """Gate 34: the board over Christmas: no working term ends on a holiday, the
        holidays left out are named, calendar days run on (F06)."""
        steps = [
            (date(2026, 12, 21), "ready"),
            (date(2026, 12, 22), "exported"),
            (BEFORE_CHRISTMAS, "sent"),
        ]
        self._move(self.practice, *steps)
        with freeze_time(BEFORE_CHRISTMAS):
            self.practice.with_user(self.operator).complaint_on = BEFORE_CHRISTMAS
        terms = self._terms(self.practice, BEFORE_CHRISTMAS)
        self.assertEqual(terms["sii_check"].date_due, date(2026, 12, 28))
        self.assertIn("25/12/2026", terms["sii_check"].explanation)
        self.assertEqual(terms["complaint_reply"].date_due, date(2027, 1, 22))
        # the board of that week, as the operator sees it
        board = self.deadlines.with_user(self.operator).search(
            [
                ("date_due", ">=", date(2026, 12, 28)),
                ("date_due", "<=", date(2027, 1, 3)),
            ]
        )
        self.assertEqual(board, terms["sii_check"])
        self.assertEqual(board.state, "open")
        for day, state in (
            (date(2026, 12, 28), "open"),
            (date(2026, 12, 29), "missed"),
        ):
            terms = self._terms(self.practice, day)
            self.assertEqual(terms["sii_check"].state, state)
        self.assertTrue(self.practice.needs_check)
        self._move(self.practice, (date(2026, 12, 30), "accepted"))
        terms = self._terms(self.practice, date(2026, 12, 30))
        self.assertEqual(terms["sii_check"].state, "met")
        self.assertEqual(terms["sii_check"].done_on, date(2026, 12, 30))
        # 31 December, 4, 5, 7, 8, 11 to 15 January
        self.assertEqual(terms["waiting"].date_due, date(2027, 1, 15))

    def test_night_is_repeatable(self):
        self.practice.sudo()._refresh_terms(TODAY)
        before = self.practice.sudo().deadline_ids.read(["key", "state", "write_date"])
        with _NoWrites(self):
            self.practice.sudo()._refresh_terms(TODAY)
        after = self.practice.sudo().deadline_ids.read(["key", "state", "write_date"])
        self.assertEqual(before, after)

    def test_activity_once_and_closed(self):
        self.practice.sudo().user_id = self.operator
        near = date(2026, 8, 10)
        self._terms(self.practice, near)
        close = self.practice.sudo().deadline_ids.filtered(
            lambda d: d.key == "request_close"
        )
        activity = close.activity_id
        self.assertEqual(activity.user_id, self.operator)
        self.assertEqual(activity.date_deadline, date(2026, 8, 31))
        self.assertEqual(self.practice.attention, "risk")
        self._terms(self.practice, near)
        self.assertEqual(len(self.practice.sudo().activity_ids), 1)
        # somebody else takes the practice over
        self.practice.sudo().user_id = self.manager
        self._terms(self.practice, near)
        self.assertEqual(activity.user_id, self.manager)
        # thrown away by hand: it is not made again
        activity.unlink()
        self._terms(self.practice, near)
        self.assertFalse(self.practice.sudo().activity_ids)

    def test_activity_closes_when_the_request_has_left(self):
        self._terms(self.practice, date(2026, 8, 10))
        activity = self.practice.sudo().deadline_ids.activity_id
        # no responsible: the first operator of the role
        self.assertEqual(activity.user_id, self.operator)
        self._move(
            self.practice,
            (date(2026, 8, 10), "ready"),
            (date(2026, 8, 10), "exported"),
            (date(2026, 8, 11), "sent"),
        )
        self._terms(self.practice, date(2026, 8, 11))
        self.assertFalse(activity.active)
        self.assertFalse(self.practice.needs_action)

    def test_no_activity_while_the_term_is_far(self):
        self._terms(self.practice, date(2026, 7, 31))
        self.assertFalse(self.practice.sudo().deadline_ids.activity_id)
        self._terms(self.practice, date(2026, 8, 1))
        self.assertTrue(self.practice.sudo().deadline_ids.activity_id)

    def test_escalation(self):
        """Missed on Friday 1 May: the manager knows two working days later."""
        with freeze_time(TODAY):
            self.practice.with_user(self.operator).complaint_on = date(2026, 4, 1)
        self.role.escalate_to_id = self.manager
        for today, told in (
            (date(2026, 5, 4), False),
            (date(2026, 5, 5), True),
            (date(2026, 5, 6), True),
        ):
            self._terms(self.practice, today)
            with patch.object(type(self.env["ir.cron"]), "_commit_progress"):
                self.deadlines._escalate(today)
            alarm = self.practice.sudo().activity_ids.filtered(
                lambda a: a.user_id == self.manager
            )
            self.assertEqual(len(alarm), told, today)
        reply = self._terms(self.practice, today)["complaint_reply"]
        self.assertEqual(reply.escalated_on, date(2026, 5, 5))
        self.assertEqual(self.practice.attention, "late")

    def test_a_new_value_counts_from_its_day(self):
        self.env["cmor.parameter"].with_user(self.manager).create(
            {
                "company_id": self.company.id,
                "key": "complaint_reply_days",
                "name": "Ours",
                "value": "20",
                "unit": "days",
                "day_kind": "working",
                "date_from": date(2026, 4, 1),
            }
        )
        practice = self.practice.with_user(self.operator)
        for day, due in (
            (date(2026, 3, 31), date(2026, 4, 30)),
            # Easter Monday, the week-ends, 1 May
            (date(2026, 4, 1), date(2026, 4, 30)),
        ):
            with freeze_time(TODAY):
                practice.complaint_on = day
            found = self._terms(self.practice, TODAY)["complaint_reply"]
            self.assertEqual(found.date_due, due)
        self.assertIn("working", found.explanation)

    def test_only_the_program_writes(self):
        self.practice.sudo()._refresh_terms(TODAY)
        found = self.practice.sudo().deadline_ids[:1]
        for user in (self.operator, self.manager):
            with self.assertRaises(UserError):
                found.with_user(user).write({"date_due": date(2030, 1, 1)})
            with self.assertRaises(UserError):
                found.with_user(user).unlink()
        with self.assertRaises(UserError):
            found.write({"state": "met"})
        with self.assertRaises(AccessError):
            self.practice.with_user(self.operator).write({"attention": False})

    def test_other_company_sees_nothing(self):
        self.practice.sudo()._refresh_terms(TODAY)
        other = self.env["res.company"].create({"name": "Other seller"})
        stranger = self._create_other_user("stranger", other)
        self.assertFalse(self.deadlines.with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            self.practice.sudo().deadline_ids[:1].with_user(stranger).read(["key"])

    def test_statements_do_not_grow(self):
        for number in range(20):
            self._create_switch_out(f"N{number}")
        practices = self._find().sudo()
        self.assertEqual(len(practices), 20)
        practices._refresh_terms(TODAY)
        few, many = practices[:2], practices
        counts = []
        for chosen, day in ((few, date(2026, 8, 5)), (many, date(2026, 8, 6))):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            chosen._refresh_terms(day)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 6, counts)

    def test_form(self):
        form = Form(self.practice.with_user(self.operator))
        form.complaint_on = TODAY
        with freeze_time(TODAY):
            form.save()
        self.assertEqual(self.practice.complaint_on, TODAY)


@tagged("post_install", "-at_install")
class TestRoleFilters(CmorCommon):
    """Roles decide what the menus show first, and what the server lets do."""

    def _defaults(self, user, side=None):
        found = (
            self.env["cmor.company.role"]
            .with_user(user)
            ._open_by_role("cmor_utility.cmor_practice_action_work", side)
        )
        return {
            key
            for key in found["context"]
            if key.startswith("search_default_") and found["context"][key]
        }

    def test_operator_of_one_side_and_sector(self):
        self.assertEqual(
            self._defaults(self.operator),
            {
                "search_default_attention",
                "search_default_my_roles",
                "search_default_electricity",
                "search_default_outgoing",
            },
        )

    def test_both_sides_and_sectors(self):
        self._create_role(sector="gas", side_incoming=True)
        self.assertEqual(
            self._defaults(self.operator),
            {"search_default_attention", "search_default_my_roles"},
        )
        # the outgoing menu of somebody who does both sectors
        self.assertNotIn(
            "search_default_gas", self._defaults(self.operator, "outgoing")
        )
        self.assertIn("search_default_gas", self._defaults(self.operator, "incoming"))

    def test_nobody_s_operator_sees_all(self):
        self.assertEqual(self._defaults(self.bystander), {"search_default_attention"})

    def test_a_role_of_the_past_no_longer_counts(self):
        self.role.date_to = date(2021, 1, 1)
        self.assertEqual(self._defaults(self.operator), {"search_default_attention"})

    def test_next_button_of_who_may_not(self):
        """The button opens the practice; the step itself is refused on the server
        (A10)."""
        self._create_switch_out("R1")
        practice = self._find()
        mine = practice.with_user(self.operator).action_next()
        self.assertEqual(mine["res_model"], "cmor.declare.wizard")
        theirs = practice.with_user(self.bystander).action_next()
        self.assertEqual(theirs["res_model"], "cmor.practice")
        with self.assertRaises(AccessError):
            practice.with_user(self.bystander).action_confirm()

    def test_filters_of_the_views_work(self):
        """Every filter of every search of the app is a valid domain."""
        views = self.env["ir.ui.view"].search(
            [
                ("model", "in", [m for m in self.env if m.startswith("cmor.")]),
                ("type", "=", "search"),
                ("mode", "=", "primary"),
            ]
        )
        self.assertGreater(len(views), 5)
        for view in views:
            model = self.env[view.model].with_user(self.manager)
            filters = _filters(model.get_view(view.id, "search")["arch"])
            for name, domain in filters.items():
                with self.subTest(view=view.name, filter=name):
                    model.search(_domain(domain, self.manager.id), limit=1)

    def test_filters_of_both_sides(self):
        """Role, sector, state, window, amount, distributor, counterpart, deadline."""
        for name, own in (
            ("cmor_practice_view_search", {"window_open", "closing"}),
            ("cmor_practice_view_search_incoming", {"can_suspend", "notice_date"}),
        ):
            arch = etree.fromstring(self._search_arch(name))
            fields = {node.get("name") for node in arch.iter("field")}
            filters = {node.get("name") for node in arch.iter("filter")}
            with self.subTest(view=name):
                wanted = {"role_id", "state", "indemnity", "distributor_id"}
                wanted |= {"cc_partner_id", "term_key"}
                self.assertLessEqual(wanted, fields)
                wanted = {"electricity", "gas", "live", "ended", "from_2000"}
                wanted |= {"to_do", "to_check", "late", "term_this_week", *own}
                self.assertLessEqual(wanted, filters)

    def test_what_is_typed_in_the_search(self):
        """An amount as it is written in Italy, a term by its name."""
        self._create_switch_out("R1")
        practice = self._find()
        practice.sudo()._refresh_terms(TODAY)
        practice = practice.with_user(self.operator)
        term = practice.deadline_ids.filtered(lambda d: d.state == "open")[:1]
        arch = etree.fromstring(self._search_arch("cmor_practice_view_search"))

        def found(name, typed, value):
            node = arch.find(f".//field[@name='{name}']")
            told = {"self": typed, "raw_value": value}
            domain = safe_eval(node.get("filter_domain"), told)
            return practice.search(domain)

        self.assertEqual(found("indemnity", "0,50", 0.5), practice)
        self.assertFalse(found("indemnity", "1.000.000,50", 1000000.5))
        label = dict(
            practice._fields["term_key"].get_description(self.env)["selection"]
        )
        self.assertEqual(found("term_key", label[term.key], term.key), practice)
        self.assertFalse(found("term_key", label["refund_report"], "refund_report"))

    def test_favourites_ship(self):
        """The operator finds them in the lists, and they count on what is there."""
        names = set()
        for model, least in (("cmor.practice", 3), ("cmor.deadline", 2)):
            records = self.env[model].with_user(self.operator)
            found = records.env["ir.filters"].get_filters(model)
            self.assertGreaterEqual(len(found), least)
            for favourite in found:
                with self.subTest(favourite["name"]):
                    records.search(_domain(favourite["domain"], self.operator.id))
                    names.add(favourite["name"])
        self.assertIn("Soldi da restituire al cliente", names)

    def _search_arch(self, name):
        view = self.env.ref(f"cmor_utility.{name}")
        model = self.env["cmor.practice"].with_user(self.operator)
        return model.get_view(view.id, "search")["arch"]


def _filters(arch):
    return {
        node.get("name"): node.get("domain")
        for node in etree.fromstring(arch).iter("filter")
        if node.get("domain")
    }


def _domain(text, uid):
    return safe_eval(text, {"uid": uid})


class _NoWrites:
    """Context manager: the statements inside change no row."""

    def __init__(self, case):
        self.case = case

    def __enter__(self):
        self.case.env.flush_all()
        self.before = self._stamp()

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.case.env.flush_all()
            self.case.assertEqual(self.before, self._stamp())

    def _stamp(self):
        self.case.env.cr.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)"
            " FROM pg_stat_xact_user_tables WHERE relname LIKE 'cmor%'"
        )
        return self.case.env.cr.fetchone()[0]
