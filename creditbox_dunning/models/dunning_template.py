import hashlib
import json

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import ormcache
from odoo.tools.misc import file_open

from odoo.addons.utility_supply.models.utility_contract import CUSTOMER_TYPES
from odoo.addons.utility_supply.models.utility_supply_point import SERVICES

from ..formats import template_text
from ..rules import notice_contents, sms
from ..rules.notice_text import fill, placeholders, wrong_places
from ..rules.template_choice import Candidate, Wanted, choose
from .dunning_action_rule import OPERATIONS, TABLE_STATES
from .dunning_pec_mailbox import RECEIPT_TYPES
from .legal_parameter_names import NAMES
from .template_texts import missing_sentence

STANDARD = "creditbox_dunning/tables/templates_it.txt"
STANDARD_LANGUAGE = "it_IT"
# operations that say something to the customer
SAYING = (
    *("remind", "collect", "notice", "default", "terminate", "pre_notice"),
    *("writeoff", "plan"),
)
# what serves for an operation that has no text of its own
FALLBACK = {"email": "remind", "sms": "remind"}
LETTER_FALLBACK = "notice"
TEMPLATE_CHANNELS = [
    ("sms", "Text message"),
    ("email", "E-mail"),
    ("letter", "Letters and PEC"),
    ("pp", "Ordinary mail only"),
    ("ar", "Registered letter only"),
    ("pec", "PEC only"),
]
KEYS = (
    "company_id",
    "lang",
    "op",
    "channel",
    "service",
    "customer_type",
    "supply_state",
)
TEXTS = ("subject", "sms_text", "cover", "term_from_letter", "term_from_pec")
# what would tell whoever sees the telephone that there is a debt
TELLING = frozenset(
    {"total", "bills_count", "bill_number", "due", "payment_code", "prescribable"}
)
LAW_NAMES = frozenset(name for name, _label in NAMES)


class DunningTemplate(models.Model):
    """The words of a message, for whom and by which channel it is.

    Written as a draft, checked, published. What is published is never edited: a new
    version takes its place, and what was sent names the version that it was made of.
    Without a company it is the standard that comes with the program.
    """

    _name = "dunning.template"
    _description = "Text of a dunning message"
    _inherit = "utility.versioned.mixin"
    _order = "op, channel, service, customer_type, supply_state, lang, version desc"
    _check_company_auto = True

    _guarded_fields = frozenset({"published_on", "content_hash"})
    _version_content = frozenset({"name", *KEYS, *TEXTS, "pec_receipt", "part_ids"})

    company_id = fields.Many2one(
        "res.company",
        index=True,
        default=lambda self: self.env.company.root_id,
        help="Empty: the standard text, for the companies that have none of their own.",
    )
    lang = fields.Selection(
        "_selection_lang",
        string="Language",
        required=True,
        default=lambda self: self._default_lang(),
    )
    op = fields.Selection("_selection_op", string="Operation", required=True)
    channel = fields.Selection(TEMPLATE_CHANNELS, required=True, default="letter")
    service = fields.Selection(SERVICES, help="Empty = any.")
    customer_type = fields.Selection(CUSTOMER_TYPES, help="Empty = any.")
    supply_state = fields.Selection(TABLE_STATES, help="Empty = any.")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("published", "In use"),
            ("superseded", "No longer used"),
        ],
        index=True,
    )
    published_on = fields.Datetime(readonly=True, copy=False)
    content_hash = fields.Char(readonly=True, copy=False)
    subject = fields.Char(help="Of the e-mail or PEC; letters show their own title.")
    sms_text = fields.Text(string="Text of the message")
    cover = fields.Text(
        string="Text of the PEC", help="What the PEC says; the letter is attached."
    )
    pec_receipt = fields.Selection(
        RECEIPT_TYPES,
        string="PEC receipt",
        help="What the delivery receipt brings back (X-TipoRicevuta). Empty: as the"
        " mailbox says.",
    )
    term_from_letter = fields.Char(
        string="Term counts from (letter)",
        help="How a letter says from when the days to pay are counted.",
    )
    term_from_pec = fields.Char(
        string="Term counts from (PEC)",
        help="How a PEC says from when the days to pay are counted.",
    )
    part_ids = fields.One2many("dunning.template.part", "template_id", copy=True)
    sms_size = fields.Char(string="Length", compute="_compute_sms_size")
    missing = fields.Text(string="What is missing", compute="_compute_missing")
    message_made_count = fields.Integer(
        string="Made of it", compute="_compute_message_made_count"
    )

    # one text in use for the same keys
    _in_use_uniq = models.UniqueIndex(
        "(COALESCE(company_id, 0), lang, op, channel, COALESCE(service, ''),"
        " COALESCE(customer_type, ''), COALESCE(supply_state, ''))"
        " WHERE state = 'published'",
        "A text with these keys is in use already.",
    )

    @api.model
    def _selection_lang(self):
        languages = dict(self.env["res.lang"].get_installed())
        languages.setdefault(STANDARD_LANGUAGE, self.env._("Italian"))
        return list(languages.items())

    @api.model
    def _default_lang(self):
        known = dict(self._selection_lang())
        return self.env.lang if self.env.lang in known else STANDARD_LANGUAGE

    @api.model
    def _selection_op(self):
        labels = dict(
            self.env["dunning.action"]._fields["op"]._description_selection(self.env)
        )
        return [(op, labels[op]) for op, _label in OPERATIONS if op in SAYING]

    @api.depends("name", "version", "state")
    def _compute_display_name(self):
        for template in self:
            number = f" ({template.version})" if template.version else ""
            template.display_name = f"{template.name or ''}{number}"

    @api.depends("sms_text", "channel")
    def _compute_sms_size(self):
        for template in self:
            text = sms.plain(template.sms_text)
            template.sms_size = template._size_words(sms.size(text)) if text else False

    @api.depends(*KEYS, *TEXTS, "part_ids")
    def _compute_missing(self):
        for template in self:
            template.missing = "\n".join(template._find_missing())

    def _compute_message_made_count(self):
        counts = dict(
            self.env["dunning.communication"]._read_group(
                [("template_id", "in", self.ids)], ["template_id"], ["__count"]
            )
        )
        for template in self:
            template.message_made_count = counts.get(template, 0)

    # what is in use is not edited

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            # `_choose` keeps what is in use in memory
            self.env.registry.clear_cache()
        return result

    def _check_draft(self):
        # OVERRIDE utility.versioned.mixin
        if any(template.state != "draft" for template in self):
            raise UserError(
                self.env._(
                    "A text that is or was in use is never changed: what was sent was"
                    " made of it. Make a new version."
                )
            )

    def copy_data(self, default=None):
        # a copy belongs to whoever makes it: the standard has no company
        found = super().copy_data(default)
        for vals in found:
            vals["company_id"] = vals.get("company_id") or self.env.company.root_id.id
        return found

    # actions

    def action_publish(self):
        """Button: put into use, in the place of the version before.

        Refused when a mandatory content lacks or a placeholder is unknown.
        """
        self._check_is_administrator()
        self.check_access("write")
        for template in self:
            template._check_complete()
        self._publish()
        return True

    def action_new_version(self):
        """Button: a draft with the same words, to be changed and published."""
        self.ensure_one()
        self._check_is_administrator()
        draft = self.copy({"name": self.name})
        return draft._open_form()

    def action_withdraw(self):
        """Button: use it no longer; the company's messages take the standard again."""
        self._check_is_administrator()
        self.check_access("write")
        in_use = self.filtered(lambda template: template.state == "published")
        if any(not template.company_id for template in in_use):
            raise UserError(
                self.env._(
                    "The standard text stays: publish one of your company's instead."
                )
            )
        in_use.sudo()._guarded().write({"state": "superseded"})
        return True

    def action_preview(self):
        """Button: what it looks like for a real case."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview"),
            "res_model": "dunning.template.preview",
            "view_mode": "form",
            "target": "new",
            "context": {"default_template_id": self.id},
        }

    def action_open_messages(self):
        """Smart button: what was made of this version."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Messages"),
            "res_model": "dunning.communication",
            "view_mode": "list,form",
            "domain": [("template_id", "=", self.id)],
        }

    def _check_is_administrator(self):
        if not self.env.user.has_group("creditbox_dunning.group_dunning_admin"):
            raise AccessError(
                self.env._("Only an administrator of CreditBox decides the texts.")
            )

    # checks

    def _check_complete(self):
        self.ensure_one()
        self._check_to_publish()
        found = self._find_missing()
        if found:
            raise UserError(
                self.env._(
                    "%(name)s cannot be used yet:\n%(what)s",
                    name=self.name,
                    what="\n".join(f"- {line}" for line in found),
                )
            )

    def _find_missing(self):
        """Sentences about all that keeps this text from being used."""
        self.ensure_one()
        found = []
        if self.channel == "sms":
            if not (self.sms_text or "").strip():
                found.append(self.env._("The text of the message is empty."))
            for name in sorted(TELLING & set(placeholders(self.sms_text))):
                found.append(
                    self.env._(
                        "A text message is read by others too: it must not tell the"
                        " debt (%(place)s).",
                        place=f"{{{{{name}}}}}",
                    )
                )
        elif not self.part_ids:
            found.append(self.env._("The message has no parts."))
        if self.channel == "email" and not self.subject:
            found.append(self.env._("The e-mail has no subject."))
        for place in self._wrong_places():
            found.append(self.env._("Nobody knows what %(place)s is.", place=place))
        lacks = notice_contents.missing(
            self._as_parts(),
            self.op,
            self.channel,
            self.service or "",
            self.customer_type or "",
            self.supply_state or "",
        )
        return found + [missing_sentence(self.env, lack) for lack in lacks]

    def _wrong_places(self):
        texts = [*(self[name] for name in TEXTS), *self.part_ids.mapped("text")]
        places = (p for text in texts for p in wrong_places(text, LAW_NAMES))
        return list(dict.fromkeys(places))

    # filled

    def _subject_text(self, values):
        """The subject for :class:`Values`; the text's name where there is none."""
        self.ensure_one()
        return fill(self.subject or self.name, values.words, must=True)

    def _sms_text(self, values):
        """The text message for :class:`Values`, in plain characters where possible."""
        self.ensure_one()
        return sms.plain(fill(self.sms_text, values.words, must=True))

    def _size_words(self, size):
        """The length of a text message in words."""
        return self.env._(
            "%(places)s characters (%(alphabet)s), messages paid for:"
            " %(parts)s%(more)s",
            places=size.places,
            alphabet="GSM" if size.encoding == "gsm7" else "Unicode",
            parts=size.parts,
            more=self.env._(" - because of %(chars)s", chars=size.strange)
            if size.strange
            else "",
        )

    # publishing

    def _published_values(self):
        # EXTENDS utility.versioned.mixin
        return {
            **super()._published_values(),
            "published_on": fields.Datetime.now(),
            "content_hash": self._get_content_hash(),
        }

    def _get_content_hash(self):
        """SHA-256 of all the words: what an approval is bound to."""
        self.ensure_one()
        told = [
            *(self[name] or "" for name in TEXTS),
            *(
                [part.kind, part.text, part.service, part.condition, part.content]
                for part in self._as_parts()
            ),
        ]
        if self.pec_receipt:
            told.append(self.pec_receipt)
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    @api.model
    def _load_standard(self):
        """The texts that come with the program, where they are new or have changed."""
        with file_open(STANDARD, "r") as file:
            found = template_text.read(file.read())
        made = self.sudo().browse()
        for told in found:
            draft = self.sudo().create(self._prepare_standard_vals(told))
            current = self.sudo().search(
                [("state", "=", "published"), *draft._versions_domain()]
            )
            if current.content_hash == draft._get_content_hash():
                draft.unlink()
            else:
                made |= draft
        made._publish()
        return made

    def _prepare_standard_vals(self, told):
        return {
            "name": told["name"],
            "company_id": False,
            "lang": told["language"],
            "sms_text": told.get("sms"),
            **{name: told.get(name) for name in KEYS[2:]},
            **{name: told.get(name) for name in TEXTS if name != "sms_text"},
            "part_ids": [
                Command.create({"sequence": 10 * number, **part})
                for number, part in enumerate(told["parts"], 1)
            ],
        }

    # which one

    @api.model
    def _for_case(self, case, op, channel, lang=None):
        """The text in use for a message to the customer of ``case``."""
        state = case.supply_state or ""
        known = dict(TABLE_STATES)
        id_ = self._choose(
            Wanted(
                company=case.company_id.root_id.id,
                language=lang or case.partner_id.lang or STANDARD_LANGUAGE,
                op=op,
                channel=channel,
                service=case.service or "",
                customer_type=case.customer_type or "",
                supply_state=state if state in known else "active",
            )
        )
        return self.sudo().browse(id_)

    @ormcache("wanted")
    def _choose(self, wanted):
        rows = self.sudo().search([("state", "=", "published")])
        candidates = [
            Candidate(
                id=row.id,
                company=row.company_id.id or 0,
                **{name: row[name] or "" for name in KEYS[2:]},
                language=row.lang,
            )
            for row in rows
        ]
        fallback = FALLBACK.get(wanted.channel, LETTER_FALLBACK)
        return choose(candidates, wanted, (STANDARD_LANGUAGE,), fallback) or 0

    def _as_parts(self):
        """The parts as plain values for ``rules.notice_text``."""
        return self.part_ids._as_parts()

    def _versions_domain(self):
        # OVERRIDE utility.versioned.mixin: the texts of the same keys
        self.ensure_one()
        keys = ((key, self[key]) for key in KEYS)
        return [
            (key, "=", value.id if key == "company_id" else value)
            for key, value in keys
        ]
