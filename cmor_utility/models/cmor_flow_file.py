import hashlib
from urllib.parse import quote

from odoo import api, fields, models
from odoo.exceptions import UserError

from .flow_file_maker import CHUNK

OCTETS = "application/octet-stream"


class CmorFlowFile(models.Model):
    """One file of a flow, ours or received: its bytes and what became of it.

    The bytes are kept as an attachment with their SHA-256 and never change. A file of
    ours may be discarded and made again until it is marked as sent, never after; what
    is received is in ``cmor_flow_file_receive.py``. Nobody has a right to create,
    change or delete these records: the program does, in checked methods.
    """

    _name = "cmor.flow.file"
    _description = "Flow file"
    _inherit = ("mail.thread", "utility.guarded.mixin")
    _keeps_notes = True
    _order = "id desc"
    _check_company_auto = True
    _mail_post_access = "read"

    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    name = fields.Char(string="File name", required=True, readonly=True)
    role_id = fields.Many2one(
        "cmor.company.role", readonly=True, index=True, check_company=True
    )
    # a received file that cannot be told has neither
    layout_id = fields.Many2one("cmor.flow.layout", readonly=True, index=True)
    type_id = fields.Many2one(
        "cmor.flow.type", string="Kind of flow", readonly=True, index=True
    )
    code = fields.Char(related="type_id.code", string="Flow")
    layout_state = fields.Selection(
        [("to_check", "To be checked"), ("confirmed", "Confirmed")],
        string="Layout was",
        readonly=True,
        help="State of the layout when the file was made.",
    )
    direction = fields.Selection(
        [("out", "Sent by us"), ("in", "From others")],
        required=True,
        readonly=True,
        default="out",
    )
    state = fields.Selection(
        [
            ("generated", "To be sent"),
            ("sent", "File sent"),
            ("discarded", "Discarded"),
            ("received", "To be applied"),
            ("applied", "Applied"),
            ("partial", "To be checked"),
            ("refused", "Refused as a whole"),
            ("set_aside", "Put aside"),
            ("file_error", "Refused by the portal"),
        ],
        required=True,
        readonly=True,
        default="generated",
        tracking=True,
    )
    answer_state = fields.Selection(
        [
            ("none", "No answer yet"),
            ("waiting", "Some answers"),
            ("answered", "Answered"),
            ("partly", "Partly refused"),
            ("refused", "All refused"),
        ],
        string="State of the answers",
        required=True,
        readonly=True,
        default="none",
    )
    attachment_id = fields.Many2one("ir.attachment", readonly=True, ondelete="restrict")
    content = fields.Binary(
        related="attachment_id.datas", string="File", readonly=True, related_sudo=True
    )
    sha256 = fields.Char(string="SHA-256", readonly=True)
    size = fields.Integer(string="Bytes", readonly=True)
    record_ids = fields.One2many("cmor.flow.record", "file_id", readonly=True)
    count_written = fields.Integer(string="Records", readonly=True)
    count_refused = fields.Integer(string="Records left out", readonly=True)
    amount_total = fields.Monetary(string="Amount asked", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    exported_by_id = fields.Many2one("res.users", string="By", readonly=True)
    exported_on = fields.Datetime(string="Made or received on", readonly=True)
    sent_by_id = fields.Many2one("res.users", string="Marked sent by", readonly=True)
    sent_on = fields.Datetime(string="Marked sent on", readonly=True)
    discard_reason = fields.Char(readonly=True)
    can_operate = fields.Boolean(related="role_id.can_operate")

    _name_uniq = models.UniqueIndex(
        "(company_id, name) WHERE direction = 'out'",
        "A file of ours has this name already.",
    )

    _free_prefixes = ("message_", "website_message", "rating_")

    def _check_guarded(self, vals):
        # OVERRIDE utility_supply: here everything but the chatter is the program's
        if not self._is_guard_open():
            mine = {name for name in vals if not name.startswith(self._free_prefixes)}
            if mine:
                raise UserError(
                    self.env._("A flow file never changes: it is made and kept.")
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        # for everybody, the superuser included
        raise UserError(self.env._("A flow file is kept for ever."))

    # --- actions --------------------------------------------------------------

    def action_download(self):
        """Button: the bytes as they were made."""
        self.ensure_one()
        self.check_access("read")
        if not self.attachment_id:
            raise UserError(
                self.env._("No practice could be written: there is no file.")
            )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/cmor.flow.file/{self.id}/content"
            f"?download=true&filename={quote(self.name)}",
            "target": "download",
        }

    def action_mark_sent(self):
        """Button of an operator: the file was uploaded to the portal."""
        self._check_may_operate()
        for file in self:
            if file.state != "generated":
                raise UserError(
                    self.env._("%(name)s is not waiting to be sent.", name=file.name)
                )
        claims = self.sudo()._locked_records()._claims()
        if claims:
            _cleared, asked = claims.with_env(self.env)._clear(
                "mark_sent", together=True
            )
            if asked:
                return asked._asked_notice()
        self.sudo()._mark_sent()
        return True

    def _mark_sent(self):
        """These files have left: their practices and requests are sent."""
        every = self._locked_records()
        now = fields.Datetime.now()
        for start in range(0, len(every), CHUNK):
            records = every[start : start + CHUNK]
            for file, group in records.grouped("file_id").items():
                group._claims()._move_to("sent", "sent", {"file": file.name})
            records._guarded().write({"state": "sent"})
            asked = records.filtered("request_id")
            for file, group in asked.grouped("file_id").items():
                group.request_id._log_flow("request_sent", file)
            asked.request_id._set_state("sent", sent_on=now)
            records.practice_id._set_next()
            if len(every) > CHUNK:
                self._forget_chunk()
        self._guarded().write(
            {
                "state": "sent",
                "sent_by_id": self.env.uid,
                "sent_on": now,
            }
        )

    def action_discard(self, reason=None):
        """Button of an operator: throw the file away, its practices are ready again.

        The bytes stay; the practices keep their codes, which no other will ever get.

        :param str reason: why, kept on the file
        """
        self._check_may_operate()
        for file in self:
            if file.state != "generated":
                raise UserError(
                    self.env._(
                        "%(name)s cannot be discarded: it was sent or discarded"
                        " already.",
                        name=file.name,
                    )
                )
        self.sudo()._discard({"state": "discarded", "discard_reason": reason or False})

    def action_file_error(self, reason=None):
        """Button of an operator: the portal refused the file as a whole.

        Nothing of it was registered: its practices are ready again, with their codes.

        :param str reason: what the portal said, kept on the file
        """
        self._check_may_operate()
        for file in self:
            if file.state != "sent" or file.answer_state != "none":
                raise UserError(
                    self.env._(
                        "%(name)s was not sent, or its records are answered already.",
                        name=file.name,
                    )
                )
        self.sudo()._discard({"state": "file_error", "discard_reason": reason or False})

    def _discard(self, vals):
        """Take the records out of these files; they may leave again."""
        was_sent = vals["state"] == "file_error"
        records = self._locked_records("sent" if was_sent else "written")
        requests = records.request_id
        records._guarded().write({"state": "discarded"})
        # the index on live records is to know it before a new file is made
        records.flush_recordset(["state"])
        for file, group in records.grouped("file_id").items():
            claims, name = group._claims(), {"file": file.name}
            if was_sent:
                claims._move_to("file_error", "file_refused", name)
                claims._move_to("ready", "state")
            else:
                claims._move_to("ready", "discarded", name)
            claims._late_forgotten()
        for file, group in records.filtered("request_id").grouped("file_id").items():
            kind = "file_refused" if was_sent else "request_discarded"
            group.request_id._log_flow(kind, file)
        requests._set_state("to_export")
        records.practice_id._set_next()
        self._guarded().write(vals)

    def action_open_practices(self):
        """Smart button: the practices in the file."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "cmor_utility.cmor_practice_action"
        )
        return {
            **action,
            "domain": [("id", "in", self.record_ids.practice_id.ids)],
            "context": {},
        }

    # --- business -------------------------------------------------------------

    def _keep(self, data):
        """Keep the bytes of the file, once, with their fingerprint."""
        self.ensure_one()
        if not data:
            return
        # guessed by nobody: the bytes are shown as they are, never as a page
        mimetype = "text/csv" if self.name.endswith(".csv") else OCTETS
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .with_context(cmor_not_indexed=True)
            .create(
                {
                    "name": self.name,
                    "raw": data,
                    "mimetype": mimetype,
                    "res_model": self._name,
                    "res_id": self.id,
                    "company_id": self.company_id.id,
                }
            )
        )
        self.sudo()._guarded().write(
            {
                "attachment_id": attachment.id,
                "sha256": hashlib.sha256(data).hexdigest(),
                "size": len(data),
            }
        )

    def _check_may_operate(self):
        self.check_access("read")
        self.role_id._check_operator()

    def _locked_records(self, state="written"):
        """The records in ``state``, their practices locked against other operators.

        :raise UserError: somebody works on them, or they are not in a file any more
        """
        # of a hundred thousand only what is looked at
        records = self.env["cmor.flow.record"].search_fetch(
            [("file_id", "in", self.ids), ("state", "=", state)],
            ["file_id", "practice_id", "request_id", "returned_id", "receipt_id"],
            order="id",
        )
        locked = records.practice_id.try_lock_for_update()
        if locked != records.practice_id:
            raise UserError(
                self.env._("Another user is working on these practices: try again.")
            )
        locked.invalidate_recordset(["state"])
        locked.fetch(["state"])
        wanted = "exported" if state == "written" else "sent"
        for item in (*records._claims(), *records.request_id):
            if item.state != wanted:
                raise UserError(
                    self.env._(
                        "%(name)s is not in the state of an exported practice.",
                        name=item.display_name,
                    )
                )
        return records

    def _sum_answers(self):
        """What became of a file of ours: no answer yet, some refused, all refused."""
        groups = self.env["cmor.flow.record"]._read_group(
            [("file_id", "in", self.ids), ("state", "=", "sent")],
            ["file_id", "answer"],
            ["__count"],
        )
        counts = {}
        for file, answer, count in groups:
            counts.setdefault(file.id, {})[answer or "none"] = count
        for file in self:
            found = counts.get(file.id, {})
            file._guarded().write({"answer_state": _answer_state(found)})


def _answer_state(found):
    refused, accepted = found.get("refused", 0), found.get("accepted", 0)
    if not refused and not accepted:
        return "none"
    if refused and not accepted and not found.get("none"):
        return "refused"
    if refused:
        return "partly"
    return "waiting" if found.get("none") else "answered"
