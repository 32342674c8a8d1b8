from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from odoo.addons.utility_supply.models.bulk import plain_values

from ..rules import lifecycle, window
from .cmor_company_role import SECTORS
from .texts import NEXT_TEXTS, show_params

STATES = [
    ("candidate", "Candidate"),
    ("blocked", "Blocked"),
    ("ready", "Ready"),
    ("exported", "Exported"),
    ("sent", "Sent"),
    ("file_error", "File refused"),
    ("rejected", "Not admitted"),
    ("accepted", "Accepted"),
    ("suspended", "Suspended"),
    ("to_distributor", "At the distributor"),
    ("updated", "Amount updated"),
    ("awaiting_csea", "Waiting for CSEA"),
    ("cancel_requested", "Annulment requested"),
    ("cancelled", "Annulled"),
    ("paid", "Paid"),
    ("excess_to_return", "Excess to return"),
    ("refund_due", "Refund due"),
    ("closed_lost", "Given up"),
    ("expired", "Expired"),
    ("received", "Received"),
    ("unmatched", "Customer not found"),
    ("matched", "Customer found"),
    ("suspend_requested", "Suspension requested"),
    ("to_charge", "To be charged"),
    ("charged", "Charged"),
    ("collected", "Collected"),
    ("uncollected", "Not collected"),
    ("carried", "Carried to our own claim"),
    ("to_refund", "To be refunded"),
    ("reported", "Reported"),
    ("closed", "Closed"),
]
# columns of the pipeline that are there even when they are empty
PIPELINE = {
    "outgoing": ("candidate", "blocked", "ready", "exported", "sent"),
    "incoming": ("unmatched", "matched", "to_charge", "charged"),
}
# what people may write by hand, at any time (the lines guard themselves) ...
FREE_FIELDS = frozenset(
    {
        "user_id",
        "note",
        "line_ids",
        "condition_ids",
        "complaint_on",
        "complaint_answered_on",
    }
)
FREE_PREFIXES = ("message_", "activity_", "my_activity", "website_message", "rating_")
# ... and as long as nothing has left
DRAFT_FIELDS = frozenset({"prev_cmor_amount", "prev_sii_code"})


class CmorPractice(models.Model):
    """A practice of the Sistema Indennitario.

    Outgoing side: the claim for the open bills of a customer who switched away.
    Terms, amounts and conditions come from ``rules/``; the state changes only along
    ``rules/lifecycle.py``, by ``_move_to``, and each change leaves an event. Users
    write notes; everything else is written by the program in checked methods.
    """

    _name = "cmor.practice"
    _description = "CMOR practice"
    _inherit = ("mail.thread", "mail.activity.mixin", "utility.guarded.mixin")
    _keeps_notes = True
    _order = "window_close, id"
    _rec_names_search = (
        *("name", "code", "sii_code", "partner_id.name", "supply_point_id.code"),
        *("told_name", "point_code"),
    )
    _check_company_auto = True
    _mail_post_access = "read"

    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    name = fields.Char(string="Reference", required=True, readonly=True, copy=False)
    side = fields.Selection(
        [("outgoing", "Outgoing"), ("incoming", "Incoming")],
        required=True,
        readonly=True,
        default="outgoing",
    )
    sector = fields.Selection(SECTORS, required=True, readonly=True)
    state = fields.Selection(
        STATES,
        required=True,
        readonly=True,
        default="candidate",
        copy=False,
        group_expand="_group_expand_state",
    )
    role_id = fields.Many2one(
        "cmor.company.role",
        readonly=True,
        index=True,
        check_company=True,
        help="The role for which the request leaves.",
    )
    code = fields.Char(
        string="Practice code",
        readonly=True,
        copy=False,
        help="CP_UTENTE: our code towards the SII, given at the first export.",
    )
    sii_code = fields.Char(
        string="SII code", readonly=True, copy=False, help="CP_GESTORE."
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    contract_id = fields.Many2one(
        "utility.contract", readonly=True, index=True, check_company=True
    )
    supply_point_id = fields.Many2one(
        "utility.supply.point",
        string="POD / PDR",
        readonly=True,
        index=True,
        check_company=True,
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", readonly=True, index=True, check_company=True
    )
    date_start = fields.Date(string="Supplied from", readonly=True)
    date_end = fields.Date(
        string="Last day of supply", readonly=True, help="D, read as last day supplied."
    )
    # window (rules/window.py)
    window_open = fields.Date(string="Window opens", readonly=True)
    window_close = fields.Date(string="Window closes", readonly=True)
    window_open_earliest = fields.Date(
        readonly=True, help="Opening by the other reading of the end date."
    )
    window_close_latest = fields.Date(
        readonly=True, help="Closing by the other reading of the end date."
    )
    window_state = fields.Selection(
        [
            ("not_open", "Not open yet"),
            ("doubtful_open", "Open by one reading only"),
            ("open", "Open"),
            ("closing", "About to close"),
            ("doubtful_close", "Closed by one reading"),
            ("closed", "Closed"),
        ],
        string="Window",
        compute="_compute_window_state",
    )
    # amounts (rules/amount.py)
    credit_amount = fields.Monetary(string="Credit of the last months", readonly=True)
    cap_amount = fields.Monetary(string="Cap", readonly=True)
    cap_mean = fields.Monetary(string="Cap by the mean", readonly=True)
    cap_dearest = fields.Monetary(string="Cap by the dearest months", readonly=True)
    prev_cmor_amount = fields.Monetary(
        string="Previous CMOR",
        copy=False,
        help="CMOR charged to this customer for another seller and not collected.",
    )
    prev_sii_code = fields.Char(string="SII code of the previous CMOR", copy=False)
    # a person has written it: the program proposes nothing any more
    prev_by_hand = fields.Boolean(readonly=True, copy=False)
    indemnity = fields.Monetary(readonly=True)
    reading_used = fields.Selection(
        [
            ("last_day_old", "Last day of the old supply"),
            ("first_day_new", "First day of the new supply"),
        ],
        string="End date read as",
        readonly=True,
    )
    reading_difference = fields.Monetary(
        string="Difference of the other reading",
        readonly=True,
        help="How much more the other reading of the end date would give.",
    )
    # long: of many practices it is read only where it is asked for
    amount_details = fields.Json(readonly=True, prefetch=False)
    amount_explanation = fields.Html(
        compute="_compute_amount_explanation", sanitize=False
    )
    # conditions (rules/eligibility.py)
    condition_ids = fields.One2many("cmor.practice.condition", "practice_id")
    failed_codes = fields.Char(string="Failed conditions", readonly=True)
    unknown_codes = fields.Char(string="To be declared", readonly=True)
    verdict = fields.Selection(
        [("yes", "All met"), ("unknown", "To be declared"), ("no", "Failed")],
        string="Conditions",
        readonly=True,
    )
    art4_declared_by_id = fields.Many2one(
        "res.users", string="Art. 4 declared by", readonly=True, copy=False
    )
    art4_declared_on = fields.Datetime(
        string="Art. 4 declared on", readonly=True, copy=False
    )
    art4_proof = fields.Text(string="Art. 4 declaration", readonly=True, copy=False)
    art4_key = fields.Char(readonly=True, copy=False)
    evaluated_on = fields.Date(string="Checked on", readonly=True)
    # children
    line_ids = fields.One2many("cmor.practice.line", "practice_id", string="Bills")
    notice_ids = fields.Many2many(
        "utility.notice",
        "cmor_practice_notice_rel",
        "practice_id",
        "notice_id",
        string="Notices",
        readonly=True,
        copy=False,
    )
    event_ids = fields.One2many("cmor.practice.event", "practice_id", string="Events")
    record_ids = fields.One2many("cmor.flow.record", "practice_id", string="Flows")
    request_ids = fields.One2many(
        "cmor.practice.request", "practice_id", string="Requests"
    )
    exported_on = fields.Datetime(readonly=True, copy=False)
    sent_on = fields.Datetime(readonly=True, copy=False)
    # what is next
    next_action = fields.Char(readonly=True)
    next_params = fields.Json(readonly=True)
    next_date = fields.Date(string="Not later than", readonly=True, index=True)
    next_text = fields.Char(string="Next", compute="_compute_next_text")
    can_operate = fields.Boolean(compute="_compute_can_operate")
    role_warning = fields.Char(compute="_compute_can_operate")
    note = fields.Text()

    _code_uniq = models.UniqueIndex(
        "(company_id, code) WHERE code IS NOT NULL",
        "Another practice has this code.",
    )
    _name_uniq = models.Constraint(
        "UNIQUE(company_id, name)", "Another practice has this reference."
    )
    # one live claim per point, customer and supply period (C13)
    _live_uniq = models.UniqueIndex(
        "(supply_point_id, partner_id, date_end) WHERE side = 'outgoing' AND state"
        " NOT IN ('cancelled', 'closed', 'closed_lost', 'expired')",
        "A live practice exists already for this point, customer and period.",
    )
    _prev_check = models.Constraint(
        "CHECK(prev_cmor_amount >= 0)", "The previous CMOR cannot be negative."
    )
    _state_idx = models.Index("(company_id, state, window_close)")

    @api.model
    def _group_expand_state(self, states, domain):
        """Columns of the pipeline, in the order of a practice's life."""
        order = [key for key, _label in STATES]
        told = [
            set(condition.value)
            for condition in Domain(domain).optimize(self).iter_conditions()
            if condition.field_expr == "side" and condition.operator == "in"
        ]
        sides = set(PIPELINE).intersection(*told)
        shown = {state for side in sides for state in PIPELINE[side]}
        return sorted({*states, *shown}, key=order.index)

    @api.depends("name", "partner_id", "code")
    def _compute_display_name(self):
        for practice in self:
            parts = [practice.code or practice.name or "", practice.partner_id.name]
            practice.display_name = " - ".join(part for part in parts if part)

    @api.depends("window_open", "window_close")
    def _compute_window_state(self):
        today = fields.Date.context_today(self)
        for practice in self:
            shown = practice._window()
            practice.window_state = shown.status(today) if shown else False

    @api.depends("next_action", "next_params")
    @api.depends_context("lang")
    def _compute_next_text(self):
        for practice in self:
            text = NEXT_TEXTS.get(practice.next_action)
            params = show_params(self.env, practice.next_params, practice.currency_id)
            practice.next_text = self.env._(text, **params) if text else False

    @api.depends("role_id")
    @api.depends_context("uid")
    def _compute_can_operate(self):
        today = fields.Date.context_today(self)
        for practice in self:
            role = practice.role_id.sudo(self.env.su)
            practice.can_operate = bool(role) and role.can_operate
            practice.role_warning = practice._role_warning(today)

    @api.depends("amount_details")
    @api.depends_context("lang")
    def _compute_amount_explanation(self):
        for practice in self:
            if not practice.amount_details:
                practice.amount_explanation = False
                continue
            practice.amount_explanation = self.env["ir.qweb"]._render(
                "cmor_utility.amount_explanation", practice._explanation_values()
            )

    @api.constrains("side", "state")
    def _check_state_fits_side(self):
        for side, state in set(plain_values(self.sudo(), ("side", "state")).values()):
            if state not in lifecycle.states(side):
                raise ValidationError(
                    self.env._("%(state)s is not a state of this side.", state=state)
                )

    def write(self, vals):
        result = super().write(vals)
        if DRAFT_FIELDS & set(vals) and not self._is_guard_open():
            self._after_draft_edit(vals)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("A practice is never deleted: give it up, with the reason.")
        )

    # --- actions --------------------------------------------------------------

    @api.model
    def action_find_candidates(self):
        """Menu: look for candidates of the user's companies now.

        :return: action that shows the new ones, or a message that there are none
        """
        created = self.find_candidates()
        if created:
            return created._action_show()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._(
                    "No new candidate: every switched-out supply with open bills has"
                    " its practice already."
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_recompute(self):
        """Button: check the facts of today again."""
        self.check_access("write")
        self.sudo()._evaluate(fields.Date.context_today(self))

    def action_confirm(self):
        """Button of an operator: conditions and amount are right, it may leave."""
        self._check_may_operate()
        practices = self.sudo()
        practices._evaluate(fields.Date.context_today(self))
        for practice in practices:
            reason = practice._cannot_confirm_reason()
            if reason:
                raise UserError(
                    self.env._(
                        "%(name)s: %(reason)s",
                        name=practice.display_name,
                        reason=reason,
                    )
                )
        todo = practices.filtered(lambda practice: practice.state == "candidate")
        cleared, asked = todo.with_env(self.env)._clear("confirm")
        todo &= cleared
        todo._move_to("ready", "confirmed", lambda p: {"amount": p._claimed()})
        todo._set_next()
        return asked._asked_notice() if asked else True

    def action_back_to_candidate(self):
        """Button of an operator: take the confirmation back."""
        self._check_may_operate()
        todo = self.sudo().filtered(lambda practice: practice.state == "ready")
        todo._move_to("candidate", "state")
        todo._set_next()

    def action_mark_sent(self):
        """Button: the file of these practices was uploaded."""
        return self._live_files().action_mark_sent()

    def action_discard_file(self):
        """Button: throw the file of these practices away and go back to ready."""
        return self._live_files().action_discard()

    def action_open_files(self):
        """Smart button: the files this practice is in."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "cmor_utility.cmor_flow_file_action"
        )
        return {**action, "domain": [("id", "in", self.record_ids.file_id.ids)]}

    def _action_show(self):
        """Action that opens these practices: the form when there is one only."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "cmor_utility.cmor_practice_action"
        )
        action = {**action, "context": {}, "domain": [("id", "in", self.ids)]}
        if len(self) == 1:
            # each side has a form of its own
            views = [(self.get_formview_id(), "form")]
            action.update(res_id=self.id, view_mode="form", views=views)
        return action

    # --- guards ---------------------------------------------------------------

    def _check_guarded(self, vals):
        # OVERRIDE utility_supply: an allow-list, so that a new field is guarded
        if self._is_guard_open():
            return
        drafts = not self or all(p.state in ("candidate", "blocked") for p in self)
        allowed = FREE_FIELDS | (DRAFT_FIELDS if drafts else set())
        refused = sorted(
            name
            for name in vals
            if name not in allowed and not name.startswith(FREE_PREFIXES)
        )
        if refused:
            raise AccessError(
                self.env._(
                    "Only the program sets these fields of a practice, use the"
                    " buttons: %(fields)s",
                    fields=", ".join(refused),
                )
            )

    def _check_may_operate(self):
        """Access to the practices and assignment to their roles."""
        self.check_access("write")
        for practice in self:
            if not practice.role_id and not self.env.su:
                raise AccessError(
                    self.env._(
                        "%(name)s: %(reason)s",
                        name=practice.display_name,
                        reason=practice._no_role_text(),
                    )
                )
        self.role_id._check_operator()

    def _cannot_confirm_reason(self):
        """Why the practice cannot become ready; False when it can."""
        self.ensure_one()
        if self.state == "ready":
            return False
        if self.state != "candidate":
            return self.env._(
                "it is not a candidate (failed: %(codes)s).",
                codes=self.failed_codes or "-",
            )
        if self.verdict != "yes":
            return self.env._(
                "conditions %(codes)s are not declared.", codes=self.unknown_codes
            )
        if not self.art4_declared_by_id:
            return self.env._("the conditions of art. 4 are not declared.")
        return False

    def _role_warning(self, today):
        if not self.role_id:
            return self._no_role_text()
        return self.role_id.sudo()._cannot_export_reason(today, self.side)

    def _no_role_text(self):
        if self.side == "incoming":
            return self.env._(
                "The company has no incoming role for this sector in force: a manager"
                " makes it in Configuration, Roles."
            )
        return self.env._(
            "The company has no outgoing role for this sector in force: a manager makes"
            " it in Configuration, Roles."
        )

    # --- business -------------------------------------------------------------

    def _move_to(self, target, kind="state", params=None, file=None):
        """Change state along the life cycle and write the event.

        :param str target: new state; practices that are there already are skipped
        :param str kind: kind of the event
        :param params: parameters of the event's text, or a function practice -> dict
        :raise UserError: the change is not one of the life cycle
        """
        known = plain_values(self.sudo(), ("side", "state"))
        todo = self.filtered(lambda practice: known[practice.id].state != target)
        event, events = self.env["cmor.practice.event"], []
        for practice in todo:
            side, before = known[practice.id]
            if not lifecycle.can_move(side, before, target):
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "%(name)s cannot pass from %(before)s to %(after)s.",
                        name=practice.display_name,
                        before=labels[before],
                        after=labels.get(target, target),
                    )
                )
            told = params(practice) if callable(params) else params
            events.append(
                event._prepare_vals(practice, kind, told, before, target, file)
            )
        vals = {"state": target}
        if target == "exported":
            vals["exported_on"] = fields.Datetime.now()
        elif target == "sent":
            vals["sent_on"] = fields.Datetime.now()
        todo.sudo()._guarded().write(vals)
        event._append(events)

    def _window(self):
        """The stored window as ``rules.window.RequestWindow``, or None."""
        if not self.window_open or not self.window_close:
            return None
        return window.RequestWindow(
            opens=self.window_open,
            closes=self.window_close,
            earliest_open=self.window_open_earliest or self.window_open,
            latest_close=self.window_close_latest or self.window_close,
            readings=(),
        )

    def _after_draft_edit(self, vals):
        """The previous CMOR was typed in: keep who did it, reckon again."""
        event = self.env["cmor.practice.event"]
        labels = {
            name: self._fields[name]._description_string(self.env)
            for name in DRAFT_FIELDS
        }
        self.sudo()._guarded().write({"prev_by_hand": True})
        event.sudo()._guarded().create(
            [
                event._prepare_vals(
                    practice,
                    "edited",
                    {"what": labels[name], "value": str(vals[name] or "-")},
                )
                for practice in self
                for name in sorted(DRAFT_FIELDS & set(vals))
            ]
        )
        self.sudo()._evaluate(fields.Date.context_today(self))

    def _live_files(self):
        files = self.record_ids.filtered(lambda r: r.state == "written").file_id
        if not files:
            raise UserError(self.env._("No file of these practices waits to be sent."))
        return files
