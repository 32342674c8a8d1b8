import hashlib
import json

from odoo import api, fields, models
from odoo.exceptions import UserError

from .dunning_api_errors import BadArgument, KeyReused

MAX_KEY_LENGTH = 128


class DunningApiCall(models.Model):
    """A call that changed something, with its answer: the same call again gets it.

    Written in the transaction of the change: either both are there or none.
    """

    _name = "dunning.api.call"
    _description = "Call of an outside program"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _rec_name = "idempotency_key"

    _guarded_fields = frozenset(
        {"company_id", "user_id", "idempotency_key", "method", "digest", "answer"}
    )

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", string="Program", required=True, readonly=True, ondelete="restrict"
    )
    idempotency_key = fields.Char(
        string="Key of the call", required=True, readonly=True
    )
    method = fields.Char(required=True, readonly=True)
    digest = fields.Char(required=True, readonly=True)
    answer = fields.Json(readonly=True)

    _once = models.UniqueIndex(
        "(company_id, idempotency_key)",
        "This key is in use by another call at this moment: repeat the call.",
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("What was answered to a program is never deleted."))

    @api.model
    def _only_once(self, company, key, method, arguments, work):
        """The answer of ``work()``, or the one that the same call got before.

        :param key: text of the caller's choice, at most 128 characters
        :param arguments: what was asked, as JSON values
        :raise BadArgument: no key, or none that can be one
        :raise KeyReused: the key was used for something else
        """
        is_text = isinstance(key, str) and key.isprintable() and key.strip()
        if not is_text or len(key) > MAX_KEY_LENGTH:
            raise BadArgument(
                self.env._(
                    "The idempotency key is a text of at most %(max)s characters.",
                    max=MAX_KEY_LENGTH,
                )
            )
        told = json.dumps([method, arguments], sort_keys=True, default=str)
        digest = hashlib.sha256(told.encode()).hexdigest()
        calls = self.sudo()
        known = calls.search(
            [("company_id", "=", company.id), ("idempotency_key", "=", key)]
        )
        if known:
            if known.digest != digest:
                raise KeyReused(
                    self.env._(
                        "The key %(key)s was used for another call.",
                        key=known.display_name,
                    )
                )
            return known.answer
        call = calls._guarded().create(
            {
                "company_id": company.id,
                "user_id": self.env.uid,
                "idempotency_key": key,
                "method": method,
                "digest": digest,
            }
        )
        answer = work()
        call.answer = answer
        return answer
