import base64

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.dunning_template import TEMPLATE_CHANNELS
from ..models.dunning_template_values import Bill, Subject
from ..rules import sms
from ..rules.notice_text import mail_html

LETTER_CHANNELS = ("pp", "ar", "pec")


class DunningTemplatePreview(models.TransientModel):
    """A text filled with a real case, as the customer would get it. Nothing is sent."""

    _name = "dunning.template.preview"
    _description = "Preview of a dunning text"

    template_id = fields.Many2one(
        "dunning.template", string="Text", required=True, readonly=True
    )
    template_channel = fields.Selection(
        related="template_id.channel", string="Channel of the text"
    )
    template_missing = fields.Text(related="template_id.missing")
    case_id = fields.Many2one(
        "dunning.case",
        compute="_compute_case_id",
        store=True,
        readonly=False,
        precompute=True,
        domain="[('state', '!=', 'closed')]",
    )
    channel = fields.Selection(
        [
            (code, label.removesuffix(" only"))
            for code, label in TEMPLATE_CHANNELS
            if code != "letter"
        ],
        compute="_compute_channel",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    subject = fields.Char(compute="_compute_shown")
    html = fields.Html(compute="_compute_shown", sanitize=False)
    sms_text = fields.Text(compute="_compute_shown")
    sms_size = fields.Char(string="Length", compute="_compute_shown")
    file = fields.Binary(attachment=False, readonly=True)

    @api.depends("template_id")
    def _compute_case_id(self):
        """A case that this text would be for, the last one opened."""
        for preview in self:
            template = preview.template_id
            domain = [("state", "!=", "closed")]
            if template.company_id:
                domain.append(("company_id", "=", template.company_id.id))
            else:
                domain.append(("company_id", "in", self.env.companies.ids))
            domain += [
                (key, "=", template[key])
                for key in ("service", "customer_type")
                if template[key]
            ]
            cases = self.env["dunning.case"].search(domain, limit=1, order="id desc")
            preview.case_id = preview.case_id or cases

    @api.depends("template_id")
    def _compute_channel(self):
        for preview in self:
            channel = preview.template_id.channel
            preview.channel = "ar" if channel == "letter" else channel

    @api.depends("template_id", "case_id", "channel")
    def _compute_shown(self):
        for preview in self:
            shown = preview._show() if preview.case_id else {}
            preview.subject = shown.get("subject")
            preview.html = shown.get("html")
            preview.sms_text = shown.get("sms_text")
            preview.sms_size = shown.get("sms_size")

    def _show(self):
        """The values of the fields that show the message."""
        subject, values, today = self._as_subject()
        template = self.template_id
        if self.channel == "sms":
            text = template._sms_text(values)
            size = sms.size(text)
            told = f"{template._size_words(size)} {self._get_cost(size.parts, today)}"
            return {"sms_text": text, "sms_size": told.strip()}
        told = template._subject_text(values)
        if self.channel == "email":
            return {"subject": told, "html": mail_html(template._as_parts(), values)}
        page = self._page(subject, values)
        style = self.env["ir.qweb"]._render("creditbox_dunning.dunning_letter_style")
        return {"subject": told, "html": Markup("%s<div>%s</div>") % (style, page)}

    def _get_cost(self, parts, today):
        """What the message costs, in words; empty where no price is known."""
        company = self.case_id.company_id
        prices = self.env["dunning.channel.cost"]._prices_for(company)[company.id]
        found = [cost for day, cost in prices.get("sms", ()) if day <= today]
        if not found:
            return ""
        amount = company.currency_id.symbol
        return self.env._(
            "- cost %(cost)s %(currency)s",
            cost=f"{found[-1] * parts:.4f}".rstrip("0").rstrip("."),
            currency=amount,
        )

    def _page(self, subject, values):
        address = ""
        if self.channel == "pec":
            address = self.case_id.partner_id.l10n_it_pec_email or ""
        letters = self.env["dunning.letter"]
        return letters._page(subject, values, address, self.env._("preview"))

    def _as_subject(self):
        """(subject, values, today) of the case's open bills."""
        case = self.case_id
        case.check_access("read")
        today = case._today(case.company_id)
        lines = case.sudo().line_ids.filtered(lambda line: line.amount_residual > 0)
        bills = tuple(
            Bill(
                number=line.move_id.billing_ref or line.move_id.name,
                issued=line.move_id.invoice_date,
                due=line.date_maturity,
                amount=line.amount_residual,
                move=line.move_id,
            )
            for line in lines.sorted("date_maturity")
        )
        subject = Subject(
            key=case.id,
            case=case,
            template=self.template_id,
            channel=self.channel,
            bills=bills,
            amount=sum(bill.amount for bill in bills),
            work_date=today,
        )
        values = self.env["dunning.template.values"]._collect([subject], today)
        return subject, values[case.id], today

    def action_pdf(self):
        """Button: the letter as it would be printed."""
        self.ensure_one()
        if self.channel not in LETTER_CHANNELS:
            raise UserError(self.env._("Only letters are printed."))
        letters = self.env["dunning.letter"]
        if not self.env["utility.pdf"]._can_make():
            raise UserError(self.env._("The server has no wkhtmltopdf to make a PDF."))
        subject, values, _today = self._as_subject()
        content = letters._print([self._page(subject, values)])
        self.sudo().file = base64.b64encode(content)
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/file/anteprima.pdf",
            "target": "new",
        }
