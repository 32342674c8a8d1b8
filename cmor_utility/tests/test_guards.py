from datetime import date

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged

from odoo.addons.utility_supply.formats.record_layout import Issue

from ..models.texts import RULE_TEXTS, issue_line, issue_vals
from ..rules import eligibility, messages
from .common import TODAY, CmorCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestGuards(CmorCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_switch_out("K1")
        cls.practice = cls._find()

    def ready(self):
        self._declare(self.practice)
        self.practice.action_confirm()
        return self.practice

    def exported(self):
        action = self.ready().action_export()
        return self.env["cmor.flow.file"].browse(action["res_id"])

    def test_nobody_writes_what_the_program_decides(self):
        admin = self.env.ref("base.user_admin")
        for user in (self.operator, self.manager, admin):
            practice = self.practice.with_user(user)
            for vals in (
                {"state": "ready"},
                {"code": "X"},
                {"indemnity": 1e6},
                {"window_close": "2030-01-01"},
                {"verdict": "yes"},
                {"art4_declared_by_id": user.id},
                {"company_id": self.other_company.id},
                {"notice_ids": [Command.clear()]},
            ):
                with self.assertRaises(UserError):
                    practice.write(vals)
                # a context flag is no key: clients choose their context
                with self.assertRaises(UserError):
                    practice.with_context(utility_guard=True).write(vals)
        with self.assertRaises(UserError):
            self.practice.sudo().write({"state": "ready"})
        self.practice.note = "visto"
        self.practice.message_post(body="visto")

    def test_nobody_creates_by_hand(self):
        for model, vals in (
            ("cmor.practice", {"name": "X", "sector": "gas"}),
            ("cmor.practice.event", {"practice_id": self.practice.id, "kind": "sent"}),
            (
                "cmor.flow.file",
                {"name": "x", "layout_id": self.layout.id, "state": "sent"},
            ),
            (
                "cmor.practice.code",
                {"code": "X", "practice_id": self.practice.id, "date": TODAY},
            ),
            (
                "cmor.practice.condition",
                {
                    "practice_id": self.practice.id,
                    "code": "C99",
                    "computed_result": "yes",
                },
            ),
        ):
            for env in (self.env(user=self.manager), self.env(su=True)):
                with self.assertRaises(UserError):
                    env[model].create({"company_id": self.company.id, **vals})

    def test_conditions_are_not_written(self):
        condition = self.practice.condition_ids[0]
        for vals in ({"computed_result": "yes"}, {"declared_result": "yes"}):
            with self.assertRaises(UserError):
                condition.sudo().write(vals)
            with self.assertRaises(UserError):
                self.practice.write({"condition_ids": [(1, condition.id, vals)]})

    def test_lines_only_leave_out(self):
        line = self.practice.line_ids[0]
        for vals in ({"relevant_amount": 1e6}, {"open_amount": 1e6}):
            with self.assertRaises(UserError):
                line.with_user(self.operator).write(vals)
        with self.assertRaises(AccessError):
            line.with_user(self.bystander).write(
                {"is_excluded": True, "exclude_reason": "x"}
            )
        self.ready()
        with self.assertRaises(UserError):
            line.with_user(self.operator).write(
                {"is_excluded": True, "exclude_reason": "x"}
            )
        with self.assertRaises(UserError):
            self.practice.write({"prev_cmor_amount": 5})

    def test_events_are_append_only(self):
        event = self.practice.event_ids[0].sudo()
        for record in (event, event._guarded()):
            with self.assertRaises(UserError):
                record.write({"kind": "sent"})
            with self.assertRaises(UserError):
                record.unlink()

    def test_nothing_exported_is_deleted(self):
        file = self.exported()
        code = self.env["cmor.practice.code"].sudo().search([], limit=1)
        for record in (
            file,
            file.record_ids[0],
            file.attachment_id,
            self.practice,
            code,
            self.role,
        ):
            with self.assertRaises(UserError):
                record.sudo().unlink()

    def test_nobody_deletes_what_was_exported(self):
        """Whatever the rights, whichever way: record, command, message, attachment."""
        file = self.exported()
        file.with_user(self.operator).action_mark_sent()
        admin = self.env.ref("base.user_admin")
        admin.group_ids |= self.env.ref("cmor_utility.group_cmor_manager")
        code = self.env["cmor.practice.code"].sudo().search([], limit=1)
        kept = (
            *(file, file.record_ids, file.attachment_id, code, self.practice),
            *(self.practice.event_ids, self.practice.line_ids),
            self.practice.condition_ids,
        )
        clear = [Command.clear()]
        ways = (
            *((self.practice, {name: clear}) for name in ("event_ids", "line_ids")),
            *((self.practice, {name: clear}) for name in ("record_ids",)),
            *((self.practice, {"condition_ids": clear}), (file, {"record_ids": clear})),
            *((file, {"attachment_id": False}), (file, {"message_ids": clear})),
        )
        for user in (self.operator, self.manager, self.accountant, admin):
            for record in kept:
                with self.assertRaises(UserError):
                    record.with_user(user).unlink()
            for record, vals in ways:
                with self.assertRaises(UserError):
                    record.with_user(user).write(vals)
        message = file.with_user(self.operator).message_post(
            body="inviato",
            message_type="comment",
            attachment_ids=file.attachment_id.ids,
        )
        message.sudo().unlink()
        self.env.invalidate_all()
        for record in kept:
            self.assertEqual(record.sudo().exists(), record.sudo())
        self.assertTrue(file.attachment_id.sudo().raw)

    def test_the_notes_of_the_program_are_kept(self):
        """What changed and when is history: nobody takes it away or rewrites it. His
        own comment a person may, as everywhere in Odoo."""
        file = self.exported()
        practice = self.practice.with_user(self.operator)
        field = self.env["ir.model.fields"]._get("cmor.flow.file", "state")
        change = {"field_id": field.id, "new_value_char": "Inviato"}
        tracked = file._message_log(tracking_value_ids=[Command.create(change)])
        tracked = self.env["mail.message"].browse(tracked.ids)
        noted = practice.message_post(body="nota")
        admin = self.env.ref("base.user_admin")
        for message in (tracked, noted):
            for user in (self.operator, self.manager, admin):
                with self.assertRaises(UserError):
                    message.with_user(user).unlink()
                with self.assertRaises(UserError):
                    message.with_user(user).body = "altro"
            with self.assertRaises(UserError):
                message.sudo().unlink()
            with self.assertRaises(UserError):
                practice.write({"message_ids": [Command.clear()]})
        values = tracked.sudo().tracking_value_ids
        with self.assertRaises(UserError):
            values.with_user(admin).unlink()
        with self.assertRaises(UserError):
            values.with_user(admin).write({"new_value_char": "altro"})
        # a field that goes leaves its name, as Odoo does when a module is updated
        values.sudo().write({"field_info": {"name": "state", "desc": "Stato"}})
        own = practice.message_post(body="bozza", message_type="comment")
        practice._message_update_content(own, body="corretta")
        self.assertIn("corretta", own.body)
        own.unlink()
        self.assertFalse(own.exists())
        # of a record whose history is not kept nothing changes
        other = self.env.user.partner_id.message_post(body="x")
        other.sudo().unlink()
        self.assertFalse(other.exists())

    def test_bytes_never_change(self):
        attachment = self.exported().attachment_id
        for vals in (
            *({"raw": b"x"}, {"datas": b"eA=="}, {"res_id": 0}),
            *({"type": "url", "url": "http://x"}, {"mimetype": "text/html"}),
            *({"public": True}, {"company_id": False}, {"res_field": "x"}),
        ):
            with self.assertRaises(UserError):
                attachment.sudo().write(vals)
        file = self.env["cmor.flow.file"].sudo().search([], limit=1)
        with self.assertRaises(UserError):
            file.write({"sha256": "0"})

    def test_sent_layout_is_history(self):
        self.exported().with_user(self.operator).action_mark_sent()
        field = self.layout.field_ids[0].with_user(self.manager)
        for act in (
            lambda: field.write({"max_length": 9}),
            field.unlink,
            lambda: self.layout.with_user(self.manager).write({"delimiter": ","}),
        ):
            with self.assertRaises(UserError):
                act()

    def test_life_cycle_is_enforced(self):
        with self.assertRaises(UserError):
            self.practice.sudo()._move_to("sent")
        with self.assertRaises(UserError):
            self.practice.sudo()._move_to("received")

    def test_other_company_sees_nothing(self):
        stranger = self._create_other_user("stranger", self.other_company)
        file = self.exported()
        for record in (
            self.practice,
            self.practice.line_ids[0],
            self.practice.condition_ids[0],
            self.practice.event_ids[0],
            file,
            file.record_ids[0],
            self.role,
        ):
            with self.assertRaises(AccessError):
                record.with_user(stranger).read(["display_name"])
            self.assertFalse(record.with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            file.with_user(stranger).action_download()
        with self.assertRaises(AccessError):
            self.practice.with_user(stranger).action_recompute()

    def test_accountant_reads_from_bill_customer_and_contract(self):
        biller = self.accountant
        practice = self.practice.with_user(biller)
        self.assertEqual(practice.read(["indemnity"])[0]["indemnity"], 296.77)
        self.assertTrue(practice.condition_ids.mapped("evidence"))
        self.assertTrue(practice.event_ids.mapped("text"))
        self.assertTrue(practice.amount_explanation)
        move = self.practice.line_ids.move_id[0].with_user(biller)
        self.assertEqual(move.cmor_practice_count, 1)
        self.assertEqual(move.action_open_cmor_practices()["res_id"], practice.id)
        partner = self.practice.partner_id.with_user(biller)
        self.assertEqual(partner.cmor_practice_count, 1)
        self.assertEqual(partner.action_open_cmor_practices()["res_id"], practice.id)
        contract = self.contract.with_user(self.operator)
        self.assertEqual(contract.cmor_practice_count, 1)
        for vals in ({"note": "x"}, {"state": "ready"}):
            with self.assertRaises(AccessError):
                practice.write(vals)
        with self.assertRaises(AccessError):
            self.env["cmor.flow.file"].with_user(biller).search([])

    def test_humble_user_has_no_access(self):
        with self.assertRaises(AccessError):
            self.practice.with_user(self.utility_user).read(["name"])
        move = self.practice.line_ids.move_id[0].with_user(self.utility_user)
        with self.assertRaises(AccessError):
            move.read(["cmor_practice_count"])

    def test_every_text_is_there(self):
        texts = [*messages.TEXTS.values(), *messages.TITLES.values()]
        self.assertTrue(all(texts))
        self.assertEqual(set(messages.TITLES), set(eligibility.CODES))
        for rule in RULE_TEXTS:
            line = issue_line(self.env, issue_vals(Issue(rule, "F", "v", 0, (3,))))
            self.assertTrue(line)
        for condition in self.practice.condition_ids:
            self.assertTrue(condition.evidence, condition.code)


@tagged("post_install", "-at_install")
class TestParametersAndRoles(CmorCommon):
    def test_parameters_are_dated_and_a_company_may_have_its_own(self):
        parameters = self.env["cmor.parameter"].with_user(self.manager)
        common = {"key": "min_amount", "name": "Minimo", "unit": "eur"}
        parameters.create({**common, "value": "25.00", "date_from": "2026-01-01"})
        parameters.create(
            {
                **common,
                "value": "30.00",
                "date_from": "2026-02-01",
                "company_id": self.company.id,
            }
        )

        def minimum(company, day):
            return str(parameters._terms(company, day).min_amount)

        self.assertEqual(minimum(self.company, date(2025, 12, 31)), "10.00")
        self.assertEqual(minimum(self.company, date(2026, 1, 1)), "25.00")
        self.assertEqual(minimum(self.company, date(2026, 2, 1)), "30.00")
        self.assertEqual(minimum(self.other_company, date(2026, 2, 1)), "25.00")

    def test_shipped_parameters_are_the_rules_defaults(self):
        """What ships as data says the same as what the rules assume."""
        from ..rules.terms import Terms

        shipped = self.env["cmor.parameter"]._terms(self.company, date(2026, 4, 15))
        self.assertEqual(shipped, Terms())

    def test_wrong_values_are_refused(self):
        parameters = self.env["cmor.parameter"].with_user(self.manager)
        for key, unit, value in (
            ("x", "months", "six"),
            ("x", "months", "-1"),
            ("x", "eur", "1,5"),
            ("x", "eur", "NaN"),
            ("x", "flag", "maybe"),
            ("cap_method", "choice", "magic"),
        ):
            with self.assertRaises(ValidationError):
                parameters.create(
                    {
                        "key": key,
                        "name": "x",
                        "unit": unit,
                        "value": value,
                        "date_from": "2030-01-01",
                    }
                )

    def test_humble_cmor_user_does_not_edit_settings(self):
        parameter = self.env.ref("cmor_utility.parameter_min_amount")
        for record, vals in (
            (parameter, {"value": "1"}),
            (self.role, {"accreditation_state": "none"}),
            (self.role, {"user_ids": [Command.link(self.bystander.id)]}),
            (self.layout, {"delimiter": ","}),
        ):
            with self.assertRaises(AccessError):
                record.with_user(self.bystander).write(vals)
        with self.assertRaises(AccessError):
            self.layout.with_user(self.bystander).action_confirm()

    def test_role_pattern_and_vat(self):
        for pattern in ("{seq:16}", "E26", "è{seq}", "{sequenza}"):
            with self.assertRaises(ValidationError):
                self.role.code_pattern = pattern
        with self.assertRaises(ValidationError):
            self.role.vat = "12345678900"
        self.assertTrue(self.role.code_preview.startswith("E"))

    def test_layout_is_confirmed_by_a_manager_and_reset_by_a_change(self):
        layout = self.layout.with_user(self.manager)
        with self.assertRaises(UserError):
            layout.action_confirm()
        layout.source = "Specifiche AU v1"
        layout.action_confirm()
        self.assertRecordValues(
            layout, [{"state": "confirmed", "confirmed_by_id": self.manager.id}]
        )
        layout.field_ids[-1].max_length = 100
        self.assertEqual(layout.state, "to_check")
        with self.assertRaises(AccessError):
            layout.write({"state": "confirmed"})

    def test_layouts_do_not_overlap(self):
        with self.assertRaises(ValidationError):
            self.layout.copy({"date_from": "2026-01-01"})

    def test_layout_field_checks(self):
        fields = self.env["cmor.flow.field"].with_user(self.manager)
        for vals in (
            {"kind": "fixed"},
            {"kind": "group", "source": "bills", "group_parts": "number, password"},
            {"kind": "text", "source": "bills"},
            {"name": "A;B"},
            {"max_length": -1},
        ):
            with self.assertRaises(ValidationError):
                fields.create({"layout_id": self.layout.id, "name": "X", **vals})
