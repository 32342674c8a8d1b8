from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules import approvals
from .cmor_practice_facts import _cents


class CmorPractice(models.Model):
    """Steps of the practice's life that need somebody's approval."""

    _inherit = "cmor.practice"

    approval_ids = fields.One2many("cmor.approval", "practice_id", string="Approvals")
    waits_approval = fields.Boolean(
        compute="_compute_waits_approval", compute_sudo=True
    )

    @api.depends("approval_ids.state")
    def _compute_waits_approval(self):
        for practice in self:
            practice.waits_approval = "asked" in practice.approval_ids.mapped("state")

    def _clear(self, action, amounts=None, payload=None, together=False):
        """Which of these practices may take a step now; approval is asked for others.

        :param str action: key of cmor_approval_rule.ACTIONS
        :param dict amounts: {practice: Decimal}; None: the indemnity
        :param payload: what the step needs besides, as JSON, or a function
            practice -> that
        :param bool together: the step is taken for all or for none (a file)
        :return: (practices that may go on, practices for which approval was asked)
        """
        if self.env.su:
            # no user: the program itself, or an answer of the SII
            return self, self.browse()
        go, ask, used = [], [], {}
        for company, practices in self.grouped("company_id").items():
            rules = self.env["cmor.approval.rule"]._in_force(company)
            known = practices._open_approvals(action)
            for practice in practices:
                amount = practice._claimed() if amounts is None else amounts[practice]
                said = payload(practice) if callable(payload) else payload
                given = known.get(practice)
                is_same = given and given._is_about(amount, said)
                state = practice._cleared_by(action, amount, rules, given, is_same)
                if state is None:
                    ask.append((practice, amount, said, given, is_same))
                    continue
                go.append(practice.id)
                if given and state:
                    used.setdefault(state, given.browse())
                    used[state] |= given
        if not (together and ask):
            for state, given in used.items():
                given._decide(state)
        self._ask_approvals(action, ask)
        return self.browse(go), self.browse([practice.id for practice, *_ in ask])

    def _cleared_by(self, action, amount, rules, given, is_same):
        """None when the step needs an approval that is not there; else what becomes of
        the approval given: "used", "lapsed" (not needed) or "" (nothing).

        :param bool is_same: the approval given is about this very step
        """
        if not approvals.matching(rules, action, amount):
            return ""
        if is_same and given.state == "approved":
            return "used"
        if approvals.clear(rules, action, amount, self.env.uid) == approvals.GO:
            return "lapsed"
        return None

    def _open_approvals(self, action):
        """{practice: its approval asked or given, not used yet}."""
        found = (
            self.env["cmor.approval"]
            .sudo()
            .search(
                [
                    ("practice_id", "in", self.ids),
                    ("action", "=", action),
                    ("state", "in", ("asked", "approved")),
                ]
            )
        )
        return {approval.practice_id.with_env(self.env): approval for approval in found}

    def _ask_approvals(self, action, ask):
        """Ask for what was not asked yet for that amount and those particulars."""
        vals_list = []
        for practice, amount, said, given, is_same in ask:
            if is_same:
                continue
            if given:
                # bound to what was asked: another amount, another reason or another
                # way to pay is another question
                given._decide("lapsed")
            vals_list.append(
                {
                    "practice_id": practice.id,
                    "action": action,
                    "amount": float(amount),
                    "payload": said,
                    "asked_by_id": self.env.uid,
                    "asked_on": fields.Datetime.now(),
                }
            )
        # the unique index must see what lapsed before what is new
        self.env["cmor.approval"].flush_model(["state"])
        asked = self.env["cmor.approval"].sudo()._guarded().create(vals_list)
        labels = dict(asked._fields["action"]._description_selection(self.env))
        event = self.env["cmor.practice.event"]
        event.sudo()._guarded().create(
            [
                event._prepare_vals(
                    approval.practice_id,
                    "approval",
                    {
                        "action": labels[approval.action],
                        "amount": _cents(approval.amount),
                        "decision": self.env._("asked"),
                        "note": "",
                    },
                )
                for approval in asked
            ]
        )

    def _asked_notice(self):
        """Action that tells that an approval was asked for these practices."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": self.env._(
                    "Approval asked for %(count)s practices: see Approvals.",
                    count=len(self),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _run_approved(self, action, payload):
        """Take the step that was approved; ``payload`` as given to ``_clear``."""
        self.ensure_one()
        if action == "confirm":
            self.action_confirm()
        elif action == "mark_sent":
            self.action_mark_sent()
        elif action == "give_up":
            self.action_give_up(payload.get("reason"))
        elif action == "annul":
            self._run_cancel(payload)
        elif action in ("return_excess", "refund"):
            self._run_return(payload)
        else:
            raise UserError(self.env._("Nothing to carry out."))
