from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import LazyTranslate

from odoo.addons.utility_supply.models.bulk import insert_rows, update_rows, update_same

from ..rules import work

_lt = LazyTranslate(__name__)

# the rules of a layout (utility_supply/formats/record_layout.py) in words
PROBLEMS = {
    "required": _lt("%(field)s is needed and is blank."),
    "too_long": _lt("%(field)s is too long for the layout: %(value)s"),
    "unencodable": _lt("%(field)s has letters that the file cannot carry: %(value)s"),
    "formula": _lt("%(field)s begins like a formula: %(value)s"),
    "negative": _lt("%(field)s is negative: %(value)s"),
}

WORK_GUARDED = frozenset(
    {
        "name",
        "company_id",
        "partner_id",
        "state",
        "provider_id",
        "file_id",
        "recall_file_id",
        "sent_on",
        "recalled_on",
        "done_date",
        "note",
        "problem",
    }
)


class DunningWorkMixin(models.AbstractModel):
    """What is asked of somebody outside, in files or by word of mouth.

    Written down first; in one file at most; called back when the reason for it is
    gone. Its state changes through ``_move`` only, which writes the history too.
    """

    _name = "dunning.work.mixin"
    _description = "Something ordered outside"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _check_company_auto = True

    # kind of the provider, and purpose of the files
    _purpose = ""
    _ref_prefix = ""
    # dataset of the answers
    _answers = ""

    name = fields.Char(string="Number", required=True, readonly=True, default="/")
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index=True, readonly=True
    )
    state = fields.Selection(
        [
            (work.TO_SEND, "To be sent"),
            # of an order or an assignment: in Italian both are masculine
            (work.SENT, "Sent out"),
            (work.TAKEN, "In hand"),
            (work.PLANNED, "Day fixed"),
            (work.RECALL, "To be called back"),
            (work.RECALLED, "Called back"),
            (work.DONE, "Concluded"),
            (work.FAILED, "Not carried out"),
            (work.WITHDRAWN, "Taken back"),
        ],
        string="Status",
        required=True,
        default=work.TO_SEND,
        readonly=True,
        index=True,
    )
    provider_id = fields.Many2one(
        "dunning.service.provider",
        readonly=True,
        index="btree_not_null",
        check_company=False,
        ondelete="restrict",
    )
    file_id = fields.Many2one(
        "dunning.work.file",
        string="Sent with",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    recall_file_id = fields.Many2one(
        "dunning.work.file",
        string="Called back with",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    sent_on = fields.Date(readonly=True)
    recalled_on = fields.Date(string="Called back on", readonly=True)
    done_date = fields.Date(string="Done on", readonly=True)
    note = fields.Char(readonly=True)
    problem = fields.Char(
        string="Kept back",
        readonly=True,
        help="Why it is in no file: put it right, the next file takes it.",
    )
    event_ids = fields.One2many(
        "dunning.work.event",
        "res_id",
        domain=lambda self: [("res_model", "=", self._name)],
        string="History",
        readonly=True,
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("What was ordered is never deleted."))

    # buttons

    def action_send(self):
        """Button: write what waits in files, one for each provider; all that waits in
        the companies ticked when nothing is chosen."""
        self.env["dunning.case"]._check_is_operator(self)
        chosen = self or self.search(
            [
                ("state", "in", sorted(work.TO_TELL)),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        chosen.check_access("read")
        files = chosen.sudo()._send()
        return self._open_files(files) if files else chosen._tell_nothing_left()

    def _tell_nothing_left(self):
        """A message: an error would undo what was taken back and why the rest waits."""
        problems = [f"{one.name}: {one.problem}" for one in self if one.problem]
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": bool(problems),
                "title": self.env._("No file was written"),
                "message": "\n".join(problems[:10])
                or self.env._("Nothing waits to be sent."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _open_files(self, files):
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Files to providers"),
            "res_model": files._name,
            "view_mode": "list,form",
            "domain": [("id", "in", files.ids)],
        }
        if len(files) == 1:
            action |= {"view_mode": "form", "res_id": files.id}
        return action

    def action_told(self):
        """Button: who has it was told to stop, by telephone."""
        self.check_access("read")
        self.env["dunning.case"]._check_is_operator(self)
        waiting = self.filtered(lambda one: one.state == work.RECALL)
        waiting.sudo()._move(
            work.RECALLED,
            self.env._("Told by %(name)s.", name=self.env.user.name),
            recalled_on=fields.Date.context_today(self),
        )
        return True

    def action_given_back(self):
        """Button: who had it confirms that nothing will be done.

        :raise UserError: nobody told who has it to stop: it would go on there
        """
        self.check_access("read")
        self.env["dunning.case"]._check_is_operator(self)
        untold = self.filtered(lambda one: one.state == work.RECALL)[:1]
        if untold:
            raise UserError(
                self.env._(
                    "Tell first who has %(name)s to stop, with a file or by telephone.",
                    name=untold.name,
                )
            )
        called = self.filtered(lambda one: one.state == work.RECALLED)
        called.sudo()._give_back(
            self.env._("Confirmed to %(name)s.", name=self.env.user.name)
        )
        return True

    def action_load_answers(self):
        """Button: load a file of answers."""
        self.env["dunning.case"]._check_is_operator(self)
        profiles = self.env["utility.import.profile"].search(
            [("dataset", "=", self._answers)]
        )
        action = self.env["ir.actions.actions"]._for_xml_id(
            "utility_supply.utility_import_upload_action"
        )
        context = {"default_profile_id": profiles.id} if len(profiles) == 1 else {}
        return {**action, "context": context}

    # life

    def _move(self, state, note="", **vals):
        """Set ``state`` where it may be reached; the one door. Returns those moved."""
        moved = self.filtered(lambda one: work.may_move(one.state, state)).sudo()
        if not moved:
            return moved
        # read before it changes
        events = [
            {
                "res_model": one._name,
                "res_id": one.id,
                "company_id": one.company_id.id,
                "at": fields.Datetime.now(),
                "user_id": self.env.uid,
                "state_from": one.state,
                "state_to": state,
                "note": note or False,
            }
            for one in moved
        ]
        update_same(moved, {"state": state, **vals})
        insert_rows(self.env["dunning.work.event"].sudo(), events)
        moved.invalidate_recordset(["event_ids"])
        return moved.with_env(self.env)

    def _take_back(self, note):
        """The reason is gone: withdrawn when it never left, else to be called back."""
        for state in (work.WITHDRAWN, work.RECALL):
            self.filtered(lambda one, s=state: work.withdrawal(one.state) == s)._move(
                state, note, problem=False
            )

    def _give_back(self, note):
        """Who had it will do nothing."""
        self._move(work.WITHDRAWN, note)

    @api.model
    def _write_down(self, rows):
        """New records from ``rows`` (dicts with the same keys), with their numbers."""
        records = insert_rows(self.sudo()._guarded(), rows)
        update_rows(
            records,
            {one.id: {"name": f"{self._ref_prefix}/{one.id:06d}"} for one in records},
        )
        return records

    @api.model
    def _with_ref(self, refs, company):
        """{number: record} of the company, for the answers that name them."""
        found = self.sudo().search(
            [("name", "in", list(refs)), ("company_id", "=", company.id)]
        )
        return {one.name: one for one in found}

    # files

    def _send(self, providers=None):
        """Write what waits of these in files: one for each company and provider.

        What may not leave any more is taken back first; a row that the layout cannot
        carry keeps its problem and waits. Returns the files.

        :param providers: only files to these
        """
        files = self.env["dunning.work.file"]
        locked = self.try_lock_for_update(allow_referencing=True)
        locked.invalidate_recordset(["state"])
        waiting = locked.filtered(lambda one: one.state in work.TO_TELL)
        for company, of_company in waiting.grouped("company_id").items():
            mine = of_company.with_company(company)
            for provider, rows in mine._recheck()._by_provider(company).items():
                if providers is not None and provider not in providers:
                    continue
                for lot in rows._lots(provider):
                    files |= lot._send_file(company, provider)
        return files

    def _lots(self, provider):
        """These in the portions of one file each."""
        return [self]

    def _tell_more(self, file):
        """These stand in ``file`` and are neither new nor called back."""

    def _recheck(self):
        """Those that may still leave, or be called back."""
        return self.filtered(lambda one: one.state in work.TO_TELL)

    def _by_provider(self, company):
        """{provider: records}; a recall goes to who has it."""
        new = self.filtered(lambda one: one.state == work.TO_SEND)
        groups = (self - new).filtered("provider_id").grouped("provider_id")
        provider = self.env["dunning.service.provider"]._for(self._purpose, company)
        if new._ready_providers(provider, company):
            groups[provider] = groups.get(provider, self.browse()) | new
        return groups

    def _ready_providers(self, providers, company):
        """Those of ``providers`` that may be given something new; when there is none,
        these say why they wait."""
        ready = providers.filtered(lambda one: one._work_problem() is None)
        if self and not ready:
            problem = (
                providers[:1]._work_problem()
                if providers
                else self.env._(
                    "No provider of this kind serves the company: make one."
                )
            )
            update_same(self, {"problem": problem})
        return ready

    def _send_file(self, company, provider):
        files = self.env["dunning.work.file"]
        layout = self.env["dunning.file.layout"]._for(self._purpose, provider, company)
        writer = layout._work_file()
        today = self.env["dunning.case"]._today(company)
        lines, sent, bad = [], self.browse(), {}
        for one in self.sorted("id"):
            rows = one._bill_rows(one._row(provider, today), writer.is_per_bill)
            issues = [issue for row in rows for issue in writer.check(row)]
            if issues:
                bad[one.id] = {"problem": self._problem_text(issues)}
            else:
                lines += rows
                sent |= one
        update_rows(self.browse(), bad)
        if not sent:
            return files
        new = sent.filtered(lambda one: one.state == work.TO_SEND)
        recalled = sent.filtered(lambda one: one.state == work.RECALL)
        file = files._open(
            provider,
            company,
            layout.purpose,
            row_count=len(new),
            recall_count=len(recalled),
        )
        file._keep(
            layout, writer.to_bytes([{**row, "lot": file.name} for row in lines])
        )
        rest = sent - new - recalled
        new._leave(file, provider, today)
        rest._tell_more(file)
        recalled._move(
            work.RECALLED, file.name, recall_file_id=file.id, recalled_on=today
        )
        return file

    def _leave(self, file, provider, today):
        """They are in ``file``."""
        self._move(
            work.SENT,
            file.name,
            file_id=file.id,
            provider_id=provider.id,
            sent_on=today,
            problem=False,
        )

    def _problem_text(self, issues):
        texts = []
        for issue in issues:
            template = PROBLEMS.get(issue.rule)
            params = {"field": issue.field, "value": issue.value}
            texts.append(
                self.env._(template) % params  # pylint: disable=translation-not-lazy
                if template
                else f"{issue.field}: {issue.rule}"
            )
        return " ".join(dict.fromkeys(texts))

    def _row(self, provider, today):
        """{source: value} of formats/work_file.py for one record."""
        self.ensure_one()
        is_new = self.state == work.TO_SEND
        return {
            "ref": self.name,
            "movement": "N" if is_new else "R",
            # checked before the file has its name
            "lot": self._purpose,
            "company": self.company_id.name,
            "note": self.note,
            **self._customer_row(self.partner_id),
        }

    def _customer_row(self, partner):
        return {
            "customer_code": partner.billing_code,
            "customer": partner.name,
            "tax_code": partner.l10n_it_codice_fiscale,
            "vat": partner.vat,
            "street": ", ".join(filter(None, (partner.street, partner.street2))),
            "zip": partner.zip,
            "city": partner.city,
            "province": partner.state_id.code,
            "phone": partner.phone,
            "mobile": partner.dunning_mobile,
            "email": partner.email,
            "pec": partner.l10n_it_pec_email,
        }

    def _bill_rows(self, row, is_per_bill):
        return [row]
