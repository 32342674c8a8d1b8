from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..rules.approval import HIGHEST_LEVEL, canonical, facts_hash
from .dunning_action_rule import OPERATIONS
from .dunning_approval_rule import SUBJECTS

STATES = [
    ("pending", "Waits"),
    ("approved", "Approved"),
    ("refused", "Refused"),
    ("lapsed", "Lapsed"),
    ("expired", "Expired"),
    ("cancelled", "Cancelled"),
]
LOWEST_LEVEL = 1


class DunningApprovalRequest(models.Model):
    """May we? One question about one record, bound to the facts as they are now.

    Every change of state adds a row to ``decision_ids`` and nothing else writes here.
    A model that asks may define, all set-wise:

    * ``_approval_facts()`` -> {id: dict}: the facts now; when they differ from those
      that were asked for, the request lapses instead of being approved;
    * ``_on_approved(requests)``, ``_on_refused(requests)``, ``_on_lapsed(requests)``:
      what follows; ``self`` holds all the records decided together, ``requests`` their
      requests in the same order.
    """

    _name = "dunning.approval.request"
    _description = "Request of approval"
    _inherit = ("mail.activity.mixin", "utility.guarded.mixin")
    _order = "required_level desc, requested_on, id"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "name",
            "company_id",
            "res_model",
            "res_id",
            "case_id",
            "subject",
            "action_type_id",
            "op",
            "amount",
            "discount",
            "requested_by",
            "requested_on",
            "asker_ids",
            "required_level",
            "level_since",
            "state",
            "facts",
            "facts_hash",
            "expires_on",
            "note",
            "decided_by",
            "decided_on",
            "end_note",
        }
    )

    name = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    res_model = fields.Char(string="Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        string="Record", model_field="res_model", required=True, readonly=True
    )
    case_id = fields.Many2one(
        "dunning.case", index="btree_not_null", readonly=True, check_company=True
    )
    partner_id = fields.Many2one(related="case_id.partner_id", string="Customer")
    subject = fields.Selection(SUBJECTS, required=True, readonly=True)
    action_type_id = fields.Many2one(
        "dunning.action.type", string="Action", readonly=True
    )
    op = fields.Selection(OPERATIONS, string="Operation", readonly=True)
    amount = fields.Monetary(readonly=True)
    discount = fields.Float(string="Discount (%)", digits=(5, 2), readonly=True)
    requested_by = fields.Many2one(
        "res.users", required=True, readonly=True, ondelete="restrict"
    )
    requested_on = fields.Datetime(required=True, readonly=True)
    asker_ids = fields.Many2many(
        "res.users",
        string="Asked by",
        readonly=True,
        help="Whoever asked or asked again: none of them can approve.",
    )
    required_level = fields.Integer(required=True, readonly=True, aggregator="max")
    level_since = fields.Datetime(readonly=True)
    state = fields.Selection(
        STATES,
        string="Status",
        required=True,
        default="pending",
        readonly=True,
        index=True,
    )
    facts = fields.Json(readonly=True)
    facts_hash = fields.Char(readonly=True)
    expires_on = fields.Date(readonly=True, index="btree_not_null")
    note = fields.Text(readonly=True)
    decided_by = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    decided_on = fields.Datetime(readonly=True)
    end_note = fields.Char(string="Reason of the decision", readonly=True)
    decision_ids = fields.One2many(
        "dunning.approval.decision", "request_id", string="Decisions", readonly=True
    )

    _one_open = models.UniqueIndex(
        "(res_model, res_id, subject) WHERE state = 'pending'",
        "This was asked already and waits for an answer.",
    )
    _open_idx = models.Index(
        "(company_id, required_level) WHERE state = 'pending'",
    )
    _record_idx = models.Index("(res_model, res_id)")
    _level_check = models.Constraint(
        f"CHECK(required_level BETWEEN {LOWEST_LEVEL} AND {HIGHEST_LEVEL})",
        "Levels go from 1 to 4.",
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("A request is history: it is never deleted."))

    # asking

    @api.model
    def _approvable_models(self):
        """The closed list of models whose records may be approved: hook."""
        return frozenset(
            {"dunning.action", "dunning.case", "dunning.hold", "dunning.guard.waiver"}
        )

    @api.model
    def _ask(self, record, subject, amount=0, facts=None, note="", **more):
        """The pending request for ``record``: made now, or the one that waits already.

        ``facts``: what the answer is about, plain values; a change makes it lapse.
        ``more``: ``discount`` in percent, ``case``, ``action_type``, ``op``, ``asker``
        (user who asks; the current one by default), ``level`` (not below the matrix).
        Private: the caller has checked that the user may ask.
        """
        record.ensure_one()
        ask = {"record": record, "amount": amount, "facts": facts, "note": note}
        return self._ask_many(subject, [{**ask, **more}])

    @api.model
    def _ask_many(self, subject, asks):
        """The same for many records; ``asks``: dicts with the arguments of ``_ask``."""
        if not asks:
            return self.browse()
        self._check_approvable({ask["record"]._name for ask in asks})
        open_ = self._open_for([ask["record"] for ask in asks], subject)
        new, again, kept = [], [], self.browse()
        for ask in asks:
            found = open_.get((ask["record"]._name, ask["record"].id))
            wanted = facts_hash(ask.get("facts") or {})
            if found and found.facts_hash == wanted:
                kept |= found
                again.append((found, ask))
            else:
                if found:
                    found._end("lapsed", self.env._("Asked again with other facts."))
                new.append(self._prepare_request_vals(subject, ask))
        for request, ask in again:
            request._asked_again(ask.get("asker") or self.env.user)
        created = self.sudo()._guarded().create(new)
        created._log("asked", to_state="pending")
        return kept | created.sudo(self.env.su).with_context(self.env.context)

    def _check_approvable(self, names):
        allowed = self._approvable_models()
        for name in names:
            if name not in allowed:
                raise UserError(
                    self.env._("%(model)s is nothing that is approved.", model=name)
                )

    def _open_for(self, records, subject):
        """{(model, id): pending request} of ``records``."""
        found = self.sudo().search(
            [
                ("res_model", "in", list({record._name for record in records})),
                ("res_id", "in", [record.id for record in records]),
                ("subject", "=", subject),
                ("state", "=", "pending"),
            ]
        )
        return {(request.res_model, request.res_id): request for request in found}

    def _prepare_request_vals(self, subject, ask):
        record = ask["record"].sudo()
        company, kind = record.company_id, ask.get("action_type")
        amount, discount = ask.get("amount") or 0, ask.get("discount") or 0
        level = self.env["dunning.approval.rule"]._level_for(
            company, subject, kind, Decimal(str(amount)), discount, ask.get("op") or ""
        )
        level = min(max(level, ask.get("level") or 0, LOWEST_LEVEL), HIGHEST_LEVEL)
        case = ask.get("case")
        if case is None:
            case = record if record._name == "dunning.case" else record["case_id"]
        now, facts = fields.Datetime.now(), ask.get("facts") or {}
        days = company.dunning_approval_days
        today = fields.Date.context_today(self)
        asker = ask.get("asker") or self.env.user
        return {
            "name": record.display_name or "",
            "company_id": company.id,
            "res_model": record._name,
            "res_id": record.id,
            "case_id": case.id,
            "subject": subject,
            "action_type_id": kind.id if kind else False,
            "op": ask.get("op") or False,
            "amount": float(amount),
            "discount": float(discount),
            "requested_by": asker.id,
            "requested_on": now,
            "asker_ids": [fields.Command.link(asker.id)],
            "required_level": level,
            "level_since": now,
            "facts": canonical(facts),
            "facts_hash": facts_hash(facts),
            "expires_on": fields.Date.add(today, days=days) if days > 0 else False,
            "note": ask.get("note") or False,
        }

    def _asked_again(self, user):
        """``user`` asks for the same: he cannot be the one who approves it."""
        if user in self.asker_ids:
            return
        self.sudo()._guarded().write({"asker_ids": [fields.Command.link(user.id)]})
        self._log("asked_again", to_state="pending", user=user)

    # deciding

    def action_approve(self, note=""):
        """Button: approve; whoever may not, or asked, is refused with the reason."""
        return self._decide_and_tell("approved", note)

    def action_refuse(self, note=""):
        """Button: refuse, with the reason in ``note``."""
        if not (note or "").strip():
            raise UserError(self.env._("Say why it is refused."))
        return self._decide_and_tell("refused", note)

    def _decide_and_tell(self, kind, note):
        left = self._decide(kind, note)
        if not left:
            return True
        if len(self) == 1:
            raise AccessError(left[self])
        return left

    def _decide(self, kind, note=""):
        """Decide those that the current user may; returns {request: why not} of the
        others. In the order: may he read them, are they free, is it for him, are the
        facts the same."""
        self.check_access("read")
        requests = self.sudo()
        locked = requests.try_lock_for_update()
        locked.invalidate_recordset(["state", "asker_ids", "required_level"])
        left = dict.fromkeys(
            requests - locked, self.env._("Somebody else is deciding this just now.")
        )
        acting = {}
        for request in locked:
            level, absent, reason = request._authority(self.env.user)
            if reason:
                left[request] = reason
            else:
                acting[request] = (level, absent)
        left.update(
            self._apply(requests.browse(r.id for r in acting), kind, note, acting)
        )
        by_id = {request.id: request for request in self}
        return {by_id[request.id]: reason for request, reason in left.items()}

    def _authority(self, user):
        """(level, user he acts for, reason why not) of ``user`` for this request."""
        self.ensure_one()
        if self.state != "pending":
            return 0, None, self.env._("%(name)s waits for nothing.", name=self.name)
        if user in self.asker_ids:
            return 0, None, self.env._("Who asks never approves: somebody else has to.")
        level = user._dunning_level(self.company_id)
        if level >= self.required_level:
            return level, None, ""
        return (
            0,
            None,
            self.env._(
                "This needs level %(needed)s, yours is %(own)s.",
                needed=self.required_level,
                own=level,
            ),
        )

    def _apply(self, requests, kind, note, acting):
        """Write the decision on ``requests``, then what follows on their records."""
        requests.flush_recordset()
        requests._guarded().write(
            {
                "state": kind,
                "decided_by": self.env.uid,
                "decided_on": fields.Datetime.now(),
                "end_note": note or False,
            }
        )
        requests._log(kind, "pending", kind, note=note, acting=acting)
        hook = {"approved": "_on_approved", "refused": "_on_refused"}[kind]
        requests._call_hook(hook)
        return {}

    def _call_hook(self, hook):
        for model, requests in self.grouped("res_model").items():
            records = self.env[model].sudo().browse(requests.mapped("res_id"))
            method = getattr(records, hook, None)
            if method:
                method(requests)

    def _end(self, state, reason):
        """Close pending requests without a decision: the facts or the time did it."""
        pending = self.sudo().filtered(lambda request: request.state == "pending")
        if not pending:
            return
        pending._guarded().write({"state": state, "end_note": reason})
        pending._log(state, "pending", state, note=reason)

    def _log(self, kind, from_state=False, to_state=False, **more):
        """One row of the log for each request, in one statement."""
        acting = more.get("acting") or {}
        user = more.get("user") or self.env.user
        values = []
        for request in self:
            level, absent = acting.get(request, (request.required_level, None))
            values.append(
                {
                    "request_id": request.id,
                    "company_id": request.company_id.id,
                    "kind": kind,
                    "user_id": user.id,
                    "acting_for_id": absent.id if absent else False,
                    "from_state": from_state,
                    "to_state": to_state or request.state,
                    "level": level,
                    "note": more.get("note") or False,
                    "facts_hash": request.facts_hash,
                }
            )
        return self.env["dunning.approval.decision"].sudo()._guarded().create(values)
