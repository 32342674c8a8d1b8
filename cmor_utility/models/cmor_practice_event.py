from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.models.bulk import insert_rows, kept

from ..rules import messages
from .texts import EVENT_TEXTS, show_params


class CmorPracticeEvent(models.Model):
    """What happened to a practice, in order. Append-only, for everybody."""

    _name = "cmor.practice.event"
    _description = "Event of a CMOR practice"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _rec_name = "kind"
    _check_company_auto = True

    # its company is the practice's: there is nothing to check
    practice_id = fields.Many2one(
        "cmor.practice",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        related="practice_id.company_id", store=True, index=True, precompute=True
    )
    date = fields.Datetime(
        required=True, readonly=True, default=fields.Datetime.now, string="When"
    )
    user_id = fields.Many2one(
        "res.users", readonly=True, default=lambda self: self.env.uid, string="Who"
    )
    kind = fields.Selection(
        [
            ("created", "Found"),
            ("evaluated", "Checked"),
            ("state", "State"),
            ("declared", "Declaration"),
            ("lapsed", "Declaration lapsed"),
            ("edited", "Edited"),
            ("confirmed", "Confirmed"),
            ("exported", "Exported"),
            ("refused", "Refused by the layout"),
            ("discarded", "File discarded"),
            ("sent", "Sent"),
            ("lost", "Given up"),
            ("expired", "Expired"),
        ],
        required=True,
        readonly=True,
    )
    state_from = fields.Char(readonly=True)
    state_to = fields.Char(readonly=True)
    params = fields.Json(readonly=True)
    text = fields.Text(compute="_compute_text", string="What")
    file_id = fields.Many2one("cmor.flow.file", readonly=True, check_company=True)

    @api.depends("kind", "params", "state_from", "state_to")
    @api.depends_context("lang")
    def _compute_text(self):
        states = dict(
            self.env["cmor.practice"]._fields["state"]._description_selection(self.env)
        )
        for event in self:
            params = show_params(self.env, event.params, event.company_id.currency_id)
            parts = []
            if event.state_from != event.state_to and event.state_to:
                source = states.get(event.state_from, "")
                target = states.get(event.state_to, "")
                parts.append(f"{source} → {target}" if source else target)
            if event.kind in EVENT_TEXTS:
                parts.append(self.env._(EVENT_TEXTS[event._text_key()], **params))
            event.text = " · ".join(part for part in parts if part)

    def _text_key(self):
        params = self.params or {}
        if self.kind == "evaluated" and params.get("failed") == "-":
            return "to_declare" if params.get("unknown") != "-" else "all_met"
        return self.kind

    @api.model
    def _prepare_vals(
        self, practice, kind, params=None, source="", target="", file=None
    ):
        """Values of one event; ``params`` are plain Python (see rules.messages)."""
        return {
            "practice_id": practice.id,
            "company_id": kept(practice, "company_id"),
            "kind": kind,
            "params": messages.encode_params(params or {}),
            "state_from": source or False,
            "state_to": target or False,
            "file_id": file.id if file else False,
            "user_id": self.env.uid,
        }

    @api.model
    def _append(self, vals_list):
        """Write events of ``_prepare_vals``, thousands as well as one."""
        insert_rows(self.sudo(), vals_list, flush=False)

    def _check_guarded(self, vals):
        # OVERRIDE utility_supply: only the program writes the history
        if vals and not self._is_guard_open():
            raise UserError(self.env._("The history is written by the program only."))

    def write(self, vals):
        # OVERRIDE: append-only, for everybody, the program included
        if vals:
            raise UserError(self.env._("The history of a practice never changes."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        # for everybody, the superuser included
        raise UserError(self.env._("The history of a practice is never deleted."))
