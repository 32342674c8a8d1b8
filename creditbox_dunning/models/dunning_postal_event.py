import hashlib
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..formats.postal_package import proof_key, proof_type
from ..rules.postal import Event, clean_code, translate

ZONE = ZoneInfo("Europe/Rome")
# marks, among the files received, the scanned cards that events name
CARD = "postal card: "


class DunningPostalEvent(models.Model):
    """One thing that a mail house told of a letter, as it told it. Never deleted.

    Only what it means may come later: the meaning of a code that nobody knew, the
    scanned card that was not there yet.
    """

    _name = "dunning.postal.event"
    _description = "Event of a letter"
    _inherit = "utility.guarded.mixin"
    _order = "at desc, id desc"
    _rec_name = "event_text"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "communication_id",
            "company_id",
            "provider_id",
            "batch_id",
            "fingerprint",
            "at",
            "day",
            "code",
            "event_code",
            "cause_code",
            "event_text",
            "registered_no",
            "receiver",
            "image_name",
            "image_key",
            "image_id",
            "pages",
            "cost",
            "event_ref",
        }
    )
    _kept_attachment_field = "image_id"
    _kept_attachment_domain = ()

    communication_id = fields.Many2one(
        "dunning.communication",
        string="Letter",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    case_id = fields.Many2one(related="communication_id.case_id")
    partner_id = fields.Many2one(
        related="communication_id.partner_id", string="Customer"
    )
    provider_id = fields.Many2one(
        "dunning.service.provider",
        string="Mail house",
        readonly=True,
        index="btree_not_null",
        check_company=False,
    )
    batch_id = fields.Many2one(
        "utility.import.batch",
        string="File",
        readonly=True,
        index="btree_not_null",
        help="The file that told it, kept as it was received.",
    )
    fingerprint = fields.Char(required=True, readonly=True)
    at = fields.Datetime(string="When", required=True, readonly=True)
    day = fields.Date(required=True, readonly=True, help="The day where the post is.")
    code = fields.Selection(
        "_selection_code", string="Meaning", readonly=True, index=True
    )
    event_code = fields.Char(string="Its code", required=True, readonly=True)
    cause_code = fields.Char(string="Cause", readonly=True)
    event_text = fields.Char(string="Its words", readonly=True)
    registered_no = fields.Char(string="Registered number", readonly=True)
    receiver = fields.Char(string="Taken by", readonly=True)
    image_name = fields.Char(string="Name of the card", readonly=True)
    image_key = fields.Char(
        string="Name of the card, for the search", readonly=True, index="btree_not_null"
    )
    image_id = fields.Many2one("ir.attachment", string="Card", readonly=True)
    pages = fields.Integer(readonly=True)
    cost = fields.Float(digits=(12, 4), readonly=True)
    event_ref = fields.Char(string="Its number", readonly=True)

    _once = models.Constraint(
        "UNIQUE(communication_id, fingerprint)", "This event was told already."
    )

    @api.model
    def _selection_code(self):
        return self.env["dunning.postal.code"]._selection_normalised()

    @api.model_create_multi
    def create(self, vals_list):
        self._check_program()
        return super().create(vals_list)

    def write(self, vals):
        self._check_program()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("What the post told is never deleted."))

    def _check_program(self):
        if not self._is_guard_open():
            self._check_guarded(dict.fromkeys(self._guarded_fields))

    def action_explain(self):
        """Button: say what the code means, for this provider and from now on."""
        self.ensure_one()
        self.check_access("read")
        if not self.provider_id:
            raise UserError(
                self.env._(
                    "This letter went by no mail house: record what came of it with"
                    " its step."
                )
            )
        code = "+".join(
            filter(None, map(clean_code, (self.event_code, self.cause_code)))
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What %(code)s means", code=code),
            "res_model": "dunning.postal.code",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_provider_id": self.provider_id.id,
                "default_code": code,
                "default_note": self.event_text,
            },
        }

    def action_open_card(self):
        """Button: the scanned card."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.image_id.id}",
            "target": "new",
        }

    # business

    @api.model
    def _fingerprint(self, record):
        """What makes an event the same: a record of formats/postal_events.py.

        When, code and cause; the rest may be told better the second time.
        """
        parts = (
            record["event_at"].isoformat(),
            clean_code(record["event_code"]),
            clean_code(record.get("cause_code")),
            record.get("event_id") or "",
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]

    @api.model
    def _prepare_vals(self, letter, record, codes, batch):
        """Values of the event that ``record`` tells of ``letter``."""
        when = record["event_at"]
        moment = when.replace(tzinfo=ZONE).astimezone(ZoneInfo("UTC"))
        cause = record.get("cause_code") or ""
        image = record.get("image_name") or ""
        return {
            "communication_id": letter.id,
            "company_id": letter.company_id.id,
            "provider_id": letter.provider_id.id,
            "batch_id": batch.id,
            "fingerprint": self._fingerprint(record),
            "at": moment.replace(tzinfo=None),
            "day": when.date(),
            "code": translate(record["event_code"], cause, codes) or False,
            "event_code": record["event_code"],
            "cause_code": cause or False,
            "event_text": record.get("event_text") or False,
            "registered_no": record.get("registered_no") or False,
            "receiver": record.get("receiver") or False,
            "image_name": image or False,
            "image_key": proof_key(image) if image else False,
            "pages": record.get("pages") or 0,
            "cost": float(record.get("cost") or 0),
            "event_ref": record.get("event_id") or False,
        }

    def _as_event(self):
        """This event as rules/postal.py takes it, in local time."""
        self.ensure_one()
        there = self.at.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZONE)
        return Event(there.replace(tzinfo=None), self.code or "")

    @api.model
    def _explain(self, providers):
        """Events of ``providers`` that nobody understood, looked up again."""
        events = self.search(
            [("provider_id", "in", providers.ids), ("code", "=", False)]
        )
        told = self.browse()
        for provider, group in events.grouped("provider_id").items():
            codes = provider._postal_codes()
            for event in group:
                code = translate(event.event_code, event.cause_code, codes)
                if code:
                    event._guarded().write({"code": code})
                    told |= event
        told.communication_id._apply_postal_events()

    @api.model
    def _keep_cards(self, file, proofs):
        """Keep scanned cards beside the file that brought them, and give each to the
        events that name it: some are here, others come later.

        :param file: the ``utility.import.file``
        :param dict proofs: {file name: bytes}
        """
        attachments = self.env["ir.attachment"].sudo()
        there = set(
            attachments.search(
                [("res_model", "=", file._name), ("res_id", "=", file.id)]
            ).mapped("description")
        )
        attachments.create(
            [
                {
                    "name": name,
                    "raw": data,
                    "mimetype": proof_type(data),
                    "description": CARD + proof_key(name),
                    "res_model": file._name,
                    "res_id": file.id,
                    "company_id": file.company_id.id,
                }
                for name, data in proofs.items()
                if CARD + proof_key(name) not in there
            ]
        )
        self.search(
            [
                ("company_id", "=", file.company_id.id),
                ("image_key", "in", [proof_key(name) for name in proofs]),
                ("image_id", "=", False),
            ]
        )._find_cards()

    def _find_cards(self):
        """Attach to these events the cards that they name, when they are here."""
        waiting = self.filtered(lambda e: e.image_key and not e.image_id)
        for company, events in waiting.grouped("company_id").items():
            names = [CARD + key for key in set(events.mapped("image_key"))]
            cards = (
                self.env["ir.attachment"]
                .sudo()
                .search(
                    [
                        ("res_model", "=", "utility.import.file"),
                        ("company_id", "=", company.id),
                        ("description", "in", names),
                    ],
                    order="id desc",
                )
            )
            by_name = {card.description: card for card in cards}
            for event in events:
                card = by_name.get(CARD + event.image_key)
                if card:
                    event._attach(card)
        waiting.communication_id._link_proofs()

    def _attach(self, card):
        """A copy of the card for this event: it is proof, and kept."""
        copy = card.copy(
            {"description": False, "res_model": self._name, "res_id": self.id}
        )
        self._guarded().write({"image_id": copy.id})
