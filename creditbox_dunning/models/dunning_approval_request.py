from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.models.bulk import insert_rows, update_rows

from ..rules.approval import HIGHEST_LEVEL, Ask, canonical, facts_hash, level_for
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
ASKING = ("asked", "asked_again")


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
    _inherit = ("mail.thread", "mail.activity.mixin", "utility.guarded.mixin")
    _mail_post_access = "read"
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
            "required_level",
            "asked_level",
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
        compute="_compute_asker_ids",
        search="_search_asker_ids",
        help="Whoever asked or asked again: none of them can approve.",
    )
    required_level = fields.Integer(
        string="Level",
        required=True,
        readonly=True,
        aggregator="max",
        help="Whoever has this level or a higher one in the company may decide.",
    )
    asked_level = fields.Integer(
        string="Waits for level",
        required=True,
        readonly=True,
        aggregator=False,
        help="The level that has to act now: it grows when nobody answers.",
    )
    level_since = fields.Datetime(string="Waits since", readonly=True)
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

    @api.depends("decision_ids")
    def _compute_asker_ids(self):
        """Read from the log, which nobody can change."""
        rows = (
            self.env["dunning.approval.decision"]
            .sudo()
            ._read_group(
                [("request_id", "in", self.ids), ("kind", "in", ASKING)],
                ["request_id"],
                ["user_id:recordset"],
            )
        )
        askers = {request.id: users for request, users in rows}
        for request in self:
            request.asker_ids = askers.get(request.id, False)

    def _search_asker_ids(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        log = self.env["dunning.approval.decision"].sudo()
        asked = [("kind", "in", ASKING), ("user_id", "in", list(value))]
        return [("id", operator, log._search(asked).subselect("request_id"))]

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
        """The same for many records in a fixed number of statements.

        ``asks``: dicts with the arguments of ``_ask``.
        """
        if not asks:
            return self.browse()
        self._check_approvable({ask["record"]._name for ask in asks})
        open_ = self._open_for([ask["record"] for ask in asks], subject)
        new, kept, stale = [], self.browse(), self.browse()
        for ask in asks:
            found = open_.get((ask["record"]._name, ask["record"].id))
            if found and found.facts_hash == facts_hash(ask.get("facts") or {}):
                found._asked_again(ask.get("asker") or self.env.user)
                kept |= self.browse(found.id)
                continue
            stale |= self.browse(found.id if found else ())
            new.append(ask)
        stale._end("lapsed", self.env._("Asked again with other facts."))
        created = insert_rows(
            self.sudo()._guarded(), self._prepare_request_vals(subject, new)
        )
        created._log("asked", to_state="pending")
        return kept | self.browse(created.ids)

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

    def _prepare_request_vals(self, subject, asks):
        """Values of the requests for ``asks``, the matrix read once for all."""
        companies = self.env["res.company"].union(
            *(ask["record"].sudo().company_id for ask in asks)
        )
        matrix = self.env["dunning.approval.rule"]._rows_of(companies)
        return [self._prepare_one(subject, ask, matrix) for ask in asks]

    def _prepare_one(self, subject, ask, matrix):
        record = ask["record"].sudo()
        company, kind = record.company_id, ask.get("action_type")
        amount, discount = ask.get("amount") or 0, ask.get("discount") or 0
        wanted = Ask(
            subject,
            kind.code if kind else 0,
            ask.get("op") or "",
            Decimal(str(amount)),
            Decimal(str(discount)),
        )
        level = max(level_for(matrix[company], wanted), ask.get("level") or 0)
        level = min(max(level, LOWEST_LEVEL), HIGHEST_LEVEL)
        now, facts = fields.Datetime.now(), ask.get("facts") or {}
        days = company.dunning_approval_days
        today = self.env["dunning.case"]._today(company)
        return {
            "name": record.display_name or "",
            "company_id": company.id,
            "res_model": record._name,
            "res_id": record.id,
            "case_id": self._case_of(ask, record).id,
            "subject": subject,
            "action_type_id": kind.id if kind else False,
            "op": ask.get("op") or False,
            "amount": float(amount),
            "discount": float(discount),
            "requested_by": (ask.get("asker") or self.env.user).id,
            "requested_on": now,
            "required_level": level,
            "asked_level": level,
            "level_since": now,
            "state": "pending",
            "facts": canonical(facts),
            "facts_hash": facts_hash(facts),
            "expires_on": fields.Date.add(today, days=days) if days > 0 else False,
            "note": ask.get("note") or False,
        }

    def _as_ask(self):
        """What was asked, as the matrix sees it."""
        self.ensure_one()
        return Ask(
            self.subject,
            self.action_type_id.code or 0,
            self.op or "",
            Decimal(str(self.amount)),
            Decimal(str(round(self.discount, 2))),
        )

    def _case_of(self, ask, record):
        if ask.get("case") is not None:
            return ask["case"]
        if record._name == "dunning.case":
            return record
        has_case = "case_id" in record._fields
        return record.case_id if has_case else self.env["dunning.case"]

    def _asked_again(self, user):
        """``user`` asks for the same: he cannot be the one who approves it."""
        if user not in self.sudo().asker_ids:
            self.sudo()._log("asked_again", "pending", "pending", user=user)

    # what happens to it

    def _end(self, state, reason):
        """Close pending requests without a decision: the facts or the time did it."""
        pending = self.sudo().filtered(lambda request: request.state == "pending")
        pending._set_state(state, end_note=reason)
        pending._log(state, "pending", state, note=reason)

    def _lapse_approved(self, reason):
        """What was approved may not be done any more; the log keeps both."""
        approved = self.sudo().filtered(lambda request: request.state == "approved")
        approved._set_state("lapsed", end_note=reason)
        approved._log("lapsed", "approved", "lapsed", note=reason)

    def _set_state(self, state, **vals):
        update_rows(
            self.sudo().browse(),
            {request.id: {"state": state, **vals} for request in self},
        )

    def _log(self, kind, from_state=False, to_state=False, **more):
        """One row of the log for each request, in one statement.

        ``more``: ``user`` (who did it, the current one), ``acting`` ({request id:
        (level used, user he stood in for)}), ``note``.
        """
        acting = more.get("acting") or {}
        values = []
        for request in self:
            user = more.get("user") or self.env.user
            if kind == "asked":
                user = request.requested_by
            level, absent = acting.get(request.id, (request.asked_level, None))
            values.append(
                {
                    "request_id": request.id,
                    "company_id": request.company_id.id,
                    "kind": kind,
                    "user_id": user.id,
                    "acting_for_id": absent.id if absent else False,
                    "date": fields.Datetime.now(),
                    "from_state": from_state,
                    "to_state": to_state or request.state,
                    "level": level,
                    "note": more.get("note") or False,
                    "facts_hash": request.facts_hash,
                }
            )
        return insert_rows(
            self.env["dunning.approval.decision"].sudo()._guarded(), values
        )
