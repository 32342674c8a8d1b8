"""Gate 50: who may call what, asked over XML-RPC and not by looking at the buttons.

``CALLS`` is the decision. A public method of ours that is in no list below fails the
test of completeness: somebody has to say who may call it.
"""

import inspect
import xmlrpc.client
from datetime import timedelta

from odoo import Command, fields
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .test_approval_many import ManyCommon

ROLES = {
    "outsider": "base.group_user",
    "accountant": "account.group_account_invoice",
    "operator": "creditbox_dunning.group_dunning_operator",
    "manager": "creditbox_dunning.group_dunning_manager",
    "director": "creditbox_dunning.group_dunning_director",
    "group": "creditbox_dunning.group_dunning_group",
    "admin": "creditbox_dunning.group_dunning_admin",
}
PASSWORD = "Roles-of-the-tests-1"
NOBODY = frozenset()
APPROVERS = frozenset({"manager", "director", "group"})
PEOPLE = APPROVERS | {"operator", "admin"}
READERS = PEOPLE | {"accountant"}
# name of the call: (model, method, who may)
CALLS = {
    "approve": ("dunning.approval.request", "action_approve", APPROVERS),
    "refuse": ("dunning.approval.request", "action_refuse", APPROVERS),
    "ask_again": ("dunning.approval.request", "action_ask_again", PEOPLE),
    "decide_many": ("dunning.approval.request", "action_decide_many", PEOPLE),
    "write_request": ("dunning.approval.request", "write", NOBODY),
    "delete_request": ("dunning.approval.request", "unlink", NOBODY),
    "make_request": ("dunning.approval.request", "create", NOBODY),
    "write_decision": ("dunning.approval.decision", "write", NOBODY),
    "delete_decision": ("dunning.approval.decision", "unlink", NOBODY),
    "make_decision": ("dunning.approval.decision", "create", NOBODY),
    "change_matrix": ("dunning.approval.rule", "write", {"admin"}),
    "delete_matrix": ("dunning.approval.rule", "unlink", NOBODY),
    "substitute": ("dunning.substitution", "create", PEOPLE),
    "run": ("dunning.run", "action_run_now", APPROVERS | {"admin"}),
    "run_for": ("dunning.run", "run_for", APPROVERS | {"admin"}),
    "plan": ("dunning.case", "action_plan_now", APPROVERS),
    "take_over": ("dunning.case", "action_take_over", PEOPLE),
    "close_case": ("dunning.case", "write", NOBODY),
    "explain": ("dunning.case", "explain", READERS),
    "publish": ("dunning.action.table", "action_publish", {"admin"}),
    "new_version": ("dunning.action.table", "action_new_version", {"admin"}),
    "load_standard": ("dunning.action.table", "action_load_standard", {"admin"}),
    "write_action": ("dunning.action", "write", NOBODY),
    "delete_action": ("dunning.action", "unlink", NOBODY),
    "post": ("dunning.communication", "action_mark_posted", PEOPLE),
    "decide": ("dunning.communication", "action_decide", PEOPLE),
    "stop_provider": ("dunning.service.provider", "action_stop", {"admin"}),
    "restart_provider": ("dunning.service.provider", "action_restart", {"admin"}),
    "suspend": ("dunning.hold", "suspend", PEOPLE),
    "take_back_act": ("dunning.prescription.act", "action_withdraw", APPROVERS),
    "waive": ("dunning.guard.waiver", "ask_waiver", APPROVERS),
    "today": ("dunning.worklist", "get_today", READERS),
    "checked": ("dunning.legal.parameter", "action_mark_checked", {"admin"}),
    "publish_text": ("dunning.template", "action_publish", {"admin"}),
    "new_text": ("dunning.template", "action_new_version", {"admin"}),
    "withdraw_text": ("dunning.template", "action_withdraw", {"admin"}),
    "judge_pec": ("dunning.pec.message", "action_judge_again", PEOPLE),
    "use_address": ("dunning.info.request", "action_use_address", PEOPLE),
    "cancel_request": ("dunning.info.request", "action_cancel", PEOPLE),
    "file_delivered": ("dunning.work.file", "action_delivered", PEOPLE),
    "file_again": ("dunning.work.file", "action_again", APPROVERS),
    "discard_file": ("dunning.work.file", "action_discard", APPROVERS),
    "to_post": ("dunning.communication", "action_give_to_post", PEOPLE),
    "job_sent": ("dunning.postal.job", "action_mark_sent", PEOPLE),
    "job_again": ("dunning.postal.job", "action_retry_now", PEOPLE),
    "make_job": ("dunning.service.provider", "action_make_postal_job", PEOPLE),
    "codes": ("dunning.service.provider", "action_load_postal_codes", {"admin"}),
    **{
        f"{method} {model}": (model, f"action_{method}", PEOPLE)
        for model in (
            "dunning.technical.order",
            "dunning.agency.assignment",
            "dunning.info.request",
        )
        for method in ("send", "told", "given_back", "load_answers")
    },
    "money_seen": ("dunning.agency.assignment", "action_money_seen", PEOPLE),
    "freeze_fees": ("dunning.agency.statement", "action_freeze", READERS),
    "cancel_fees": ("dunning.agency.statement", "action_cancel", READERS),
    "approve_fees": ("dunning.agency.statement", "action_approve", APPROVERS),
    "contest_fees": ("dunning.agency.statement", "action_contest", APPROVERS),
    "write_fees": ("dunning.agency.statement.line", "write", NOBODY),
    "value_now": ("dunning.valuation.run", "action_value_now", APPROVERS | {"admin"}),
    "watch": ("dunning.valuation", "action_watch", PEOPLE),
    "seen": ("dunning.valuation", "action_seen", PEOPLE),
    "propose_settlement": ("dunning.case", "action_propose_settlement", PEOPLE),
    "ask_settlement": ("dunning.settlement", "action_request", PEOPLE),
    "refresh_settlement": ("dunning.settlement", "action_refresh", PEOPLE),
    "check_settlement": ("dunning.settlement", "action_check_payments", PEOPLE),
    "refuse_settlement": ("dunning.settlement", "action_customer_refused", PEOPLE),
    "cancel_settlement": ("dunning.settlement", "action_cancel", PEOPLE),
    "accept_settlement": ("dunning.settlement", "action_accept_anyway", APPROVERS),
    "match_settlement": ("dunning.settlement", "action_match_payments", PEOPLE),
    "leave_settlement": ("dunning.settlement", "action_leave_expired", APPROVERS),
    "propose_writeoff": ("dunning.writeoff", "action_propose", APPROVERS),
    "ask_writeoff": ("dunning.writeoff", "action_request", APPROVERS),
    "book_writeoff": ("dunning.writeoff", "action_book_again", APPROVERS),
    "cancel_writeoff": ("dunning.writeoff", "action_cancel", APPROVERS),
    "take_out": ("dunning.writeoff.line", "action_take_out", APPROVERS),
    "put_back": ("dunning.writeoff.line", "action_put_back", APPROVERS),
    "to_income": ("dunning.writeoff.line", "action_to_income", APPROVERS),
    "withdraw_proof": ("dunning.loss.proof", "action_withdraw", APPROVERS),
    "write_settlement": ("dunning.settlement", "write", NOBODY),
    "new_plan": ("dunning.case", "action_new_plan", PEOPLE),
    "ask_plan": ("dunning.payment.plan", "action_ask", PEOPLE),
    "accept_plan": ("dunning.payment.plan", "action_accept", PEOPLE),
    "cancel_plan": ("dunning.payment.plan", "action_cancel", PEOPLE),
    "private_ask": ("dunning.approval.request", "_ask", NOBODY),
    "private_decide": ("dunning.approval.request", "_decide", NOBODY),
    "private_execute": ("dunning.action", "_execute_approved", NOBODY),
    "private_state": ("dunning.action", "_set_state", NOBODY),
}
# calls that the right lets through and the record at hand does not fit
UNFIT = frozenset(
    {
        "publish",
        "post",
        "suspend",
        "waive",
        "decide",
        "to_post",
        "take_back_act",
        "withdraw_proof",
        "propose_settlement",
    }
)
# windows, downloads and sums: they show what the record rules let through
SHOWN = (
    "action_open_",
    "action_print_",
    "action_explain_",
    "action_record_outcome",
    "explain_dunning",
    "get_workflow",
)
# covered by the tests of their own capability, as the humble user
ELSEWHERE = {
    ("dunning.ageing.wizard", "action_open"),
    # the interface for programs: test_api.py
    *(
        ("dunning.api", method)
        for method in ("find_cases", "suspend", "resume", "record_outcome")
    ),
    ("dunning.service.provider", "action_pec_read"),
    ("dunning.service.provider", "action_pec_test"),
    ("dunning.service.provider", "action_pec_tray"),
    ("dunning.case", "action_dossier"),
    # one record of its own each: test_payment_plan.py
    ("dunning.payment.plan", "action_print"),
    ("dunning.payment.plan", "action_send"),
    ("dunning.case", "action_dossier_zip"),
    ("dunning.case", "action_statement"),
    ("dunning.result.report", "action_open_record"),
    ("res.partner", "action_dunning_statement"),
    ("dunning.template", "action_preview"),
    ("dunning.postal.event", "action_explain"),
    ("dunning.postal.job", "action_download"),
    ("dunning.work.file", "action_download"),
    ("dunning.writeoff", "action_export_xlsx"),
    # test_legal_file.py
    ("dunning.legal.file", "action_take_dossier"),
    ("dunning.legal.file", "action_add_step"),
    ("dunning.legal.file", "action_download_dossier"),
    ("dunning.legal.file", "action_open_calendar"),
    # abstract: asked of the models that are made of them
    *(
        (model, f"action_{method}")
        for model in ("dunning.work.mixin", "dunning.work.step")
        for method in ("send", "told", "given_back", "load_answers")
    ),
    ("dunning.action.rule", "action_change_here"),
    ("dunning.action.rule", "action_switch_off_here"),
    ("dunning.action.rule", "web_resequence"),
    ("dunning.action.set", "action_copy_set"),
    ("dunning.action.set", "action_new_set"),
    ("dunning.action.set", "action_delete_set"),
    ("dunning.action.table", "action_check"),
    ("dunning.action.table", "action_compare"),
    ("dunning.action.table", "action_export_xlsx"),
    ("dunning.action.table", "action_import_xlsx"),
    ("dunning.action.table", "action_make_group_table"),
    ("dunning.action.table", "action_own_rows"),
    ("dunning.action.table", "action_restore_standard"),
    ("dunning.action", "action_record_withdrawn"),
    ("dunning.case", "action_record_event"),
    ("dunning.case", "action_replan"),
    ("dunning.case.event", "action_withdraw"),
    ("dunning.case.event", "record_event"),
    ("dunning.pec.message", "action_judge_again"),
    ("dunning.protection.release", "ask_release"),
    ("dunning.service.provider", "action_pec_read"),
    ("dunning.service.provider", "action_pec_test"),
    ("dunning.case", "action_suspend"),
    ("dunning.hold", "action_answer"),
    ("dunning.hold", "action_end"),
    ("dunning.hold.target", "action_suspend"),
    ("dunning.hold", "action_extend"),
    ("dunning.hold.term", "action_mark_checked"),
    ("dunning.moratorium", "action_apply"),
    ("dunning.run", "action_refresh"),
    ("dunning.run", "action_retry_errors"),
    ("dunning.run", "action_stop"),
    ("dunning.run", "dry_run"),
    ("dunning.run", "run_on_old_data"),
    ("dunning.run", "start_for"),
    ("dunning.run.error", "action_retry"),
    ("dunning.simulation", "action_start"),
    ("dunning.simulation", "action_cancel"),
    ("dunning.simulation", "action_resume"),
    ("dunning.score.table", "action_publish"),
    ("dunning.score.table", "action_new_version"),
    # test_interest.py
    ("dunning.checked.mixin", "action_mark_checked"),
    # test_loss_proof.py
    ("dunning.withdrawn.mixin", "action_withdraw"),
    ("dunning.dated.rule", "action_mark_checked"),
    ("dunning.interest.rate", "action_mark_checked"),
    ("dunning.interest.rule", "action_mark_checked"),
    ("dunning.cost.tariff", "action_mark_checked"),
    ("dunning.journal.export", "action_download"),
    ("dunning.journal.export", "action_download_xlsx"),
    ("dunning.journal.export", "action_export_waiting"),
}


@tagged("post_install", "-at_install", "slow")
class TestRoles(ManyCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: new_test_user(
                cls.env,
                login=f"role_{role}",
                password=PASSWORD,
                groups=group,
                company_id=cls.company.id,
                company_ids=[Command.set(cls.company.ids)],
            )
            for role, group in ROLES.items()
        }
        cls.draft = cls.table.sudo().copy()
        cls.provider = cls.env["dunning.service.provider"]._for("email", cls.company)

    def _arguments(self, call, role):
        """Positional arguments of a call: records of its own for each role."""
        if call in ("run", "value_now", "today"):
            return []
        if call in ("approve", "decide_many", "private_decide"):
            return [self._request().ids]
        if call == "refuse":
            return [self._request().ids, "no"]
        if call == "ask_again":
            request = self._waiting_step()
            request.with_user(self.manager).action_refuse("no")
            return [request.ids, "again"]
        day = fields.Date.to_string(fields.Date.today() + timedelta(days=3))
        request = self.standing
        action = self.case.action_ids[:1]
        parameter = self.env["dunning.legal.parameter"].search([], limit=1)
        return {
            "write_request": [request.ids, {"state": "approved"}],
            "delete_request": [request.ids],
            "make_request": [{"name": "x", "res_model": "dunning.case"}],
            "write_decision": [request.decision_ids.ids, {"note": "x"}],
            "delete_decision": [request.decision_ids.ids],
            "make_decision": [{"request_id": request.id, "kind": "approved"}],
            "change_matrix": [self.rule.ids, {"description": role}],
            "delete_matrix": [self.rule.ids],
            "substitute": [
                {
                    "user_id": self.users[role].id,
                    "substitute_id": self.manager2.id,
                    "company_id": self.company.id,
                    "date_to": day,
                }
            ],
            "run_for": [self.company.ids],
            "plan": [self.case.ids],
            "take_over": [self.case.ids],
            "close_case": [self.case.ids, {"state": "closed"}],
            "explain": [self.case.ids],
            "publish": [self.draft.ids],
            "new_version": [self.table.ids],
            "write_action": [action.ids, {"state": "done"}],
            "delete_action": [action.ids],
            "post": [self.case.communication_ids.ids],
            "decide": [self.case.communication_ids.ids],
            "stop_provider": [self.provider.ids],
            "restart_provider": [self.provider.ids],
            "suspend": ["case", self._cases(1).ids, self.reason, day, day, role],
            "waive": [self.case.id, "suspend", "no such code", role],
            "checked": [parameter.ids],
            "propose_settlement": [self._cases(1).ids],
            "new_plan": [self._cases(1).ids],
            "write_settlement": [[], {"state": "paid"}],
            "write_fees": [[], {"fee": 0}],
            "private_ask": [[], request.id, "action"],
            "private_execute": [action.ids, day],
            "private_state": [action.ids, "done"],
            "new_text": [self.text.ids],
            "make_job": [self.provider.ids],
            "codes": [self.provider.ids],
        }.get(call, [[]])

    def _request(self):
        return self.ask(10, self.operator, record=self._cases(1))

    def _waiting_step(self):
        """A step that waits: only steps know how to be asked again."""
        number = self.env["utility.contract"].search_count([])
        customer = self._create_customer(f"R{number}")
        contract = self._create_contract(f"CR{number}", customer)
        return self.waiting(f"R{number}", contract=contract)[2]

    def _call(self, role, call):
        """ok, denied, or the text of another error (then the right was there)."""
        model, method, _who = CALLS[call]
        arguments = self._arguments(call, role)
        self.env.flush_all()
        try:
            self.xmlrpc_object.execute_kw(
                self.env.cr.dbname,
                self.users[role].id,
                PASSWORD,
                model,
                method,
                arguments,
            )
        except xmlrpc.client.Fault as fault:
            if fault.faultCode in (3, 4):
                return "denied"
            if method.startswith("_") and "private" in fault.faultString.lower():
                return "denied"
            # it was called: XML-RPC only cannot carry the empty values of the answer
            if "cannot marshal None" in fault.faultString:
                return "ok"
            return fault.faultString
        return "ok"

    @mute_logger("odoo.http", "odoo.addons.rpc", "odoo.sql_db", "odoo.models")
    def test_gate_50_role_matrix_by_rpc(self):
        self.want_level(2)
        self.standing = self._request()
        reasons = self.env["dunning.hold.reason"]
        self.reason = reasons.search(
            [("needs_proof", "=", False), ("level", "=", "operator")], limit=1
        ).code
        self.rule = self.Rule.search([("company_id", "=", self.company.id)], limit=1)
        texts = self.env["dunning.template"]
        self.text = texts.search([("state", "=", "published")], limit=1)
        wrong = []
        for call, (model, method, who) in CALLS.items():
            for role in ROLES:
                told = self._call(role, call)
                may = told == "ok" or (told != "denied" and call in UNFIT)
                if may != (role in who):
                    wrong.append(f"{role} {model}.{method}: {told[-300:]}")
        self.assertFalse(wrong, "\n".join(["", *wrong]))
        self.assertEqual(self.standing.state, "pending")

    def test_gate_50_every_public_method_is_decided(self):
        known = {(model, method) for model, method, _who in CALLS.values()}
        missing = set()
        for name, model in self.env.registry.items():
            if not name.startswith("dunning.") or model._transient:
                continue
            for cls in model.__mro__:
                if not cls.__module__.startswith("odoo.addons.creditbox_dunning"):
                    continue
                for method, function in vars(cls).items():
                    if not inspect.isfunction(function) or method.startswith("_"):
                        continue
                    if getattr(function, "_api_private", False):
                        continue
                    if method in ("create", "write", "unlink", "copy", "copy_data"):
                        continue
                    if method.startswith(SHOWN) or (name, method) in ELSEWHERE:
                        continue
                    if (name, method) not in known:
                        missing.add(f"{name}.{method}")
        self.assertFalse(sorted(missing))
