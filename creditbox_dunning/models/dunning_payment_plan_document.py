from markupsafe import Markup

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from odoo.addons.utility_supply.formats.dossier_zip import safe_name
from odoo.addons.utility_supply.models.bulk import update_rows

from ..formats.qr import svg
from ..rules.payment_slip import grouped
from .dunning_payment_plan_flow import PLAN_ACTION

DOCUMENT = "creditbox_dunning.payment_plan_document"
LETTER = "creditbox_dunning.payment_plan_page"


class DunningPaymentPlan(models.Model):
    """What the customer gets: the offer with its instalments, and how to accept it.

    Made once, when it is offered, and kept as it is; it leaves by e-mail through the
    outbox, or a person prints it.
    """

    _inherit = "dunning.payment.plan"

    def _document_values(self):
        plan = self.sudo()
        return {
            "plan": plan,
            "company": plan.company_id,
            "partner": plan.partner_id,
            "bills": plan.line_ids.move_id.sorted(lambda m: (m.invoice_date, m.id)),
            "day": plan._day_words,
            "money": plan._money_words,
            "grouped": grouped,
            "slip": lambda one: Markup(svg(one.slip_text)),  # noqa: S704 our own SVG
        }

    def _in_language(self):
        """As the customer reads it."""
        self.ensure_one()
        lang = self.sudo().partner_id.lang or self.company_id.partner_id.lang
        return self.with_context(lang=lang or self.env.lang)

    def _write_document(self):
        """Make the document and keep it."""
        self.ensure_one()
        plan = self._in_language()
        values = plan._document_values()
        html = str(plan.env["ir.qweb"].sudo()._render(DOCUMENT, values))
        stem = safe_name(f"piano-{self.name}".replace("/", "-"))
        content, name, kind = self.env["utility.pdf"]._document(html, stem)
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": name,
                    "raw": content,
                    "mimetype": kind.split(";")[0],
                    "res_model": self._name,
                    "res_id": self.id,
                    "company_id": self.company_id.id,
                }
            )
        )
        self.write({"document_id": attachment.id})

    def action_print(self):
        """Button: the document as it was offered."""
        self.ensure_one()
        self.check_access("read")
        if not self.document_id:
            raise UserError(self.env._("The document is written with the offer."))
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.document_id.id}?download=true",
            "target": "download",
        }

    def action_send(self):
        """Button: send the offer by e-mail; the outbox does it."""
        self.ensure_one()
        self._check_may()
        self._check_state("offered", "running")
        step = self.sudo().action_id
        if not step:
            raise UserError(
                self.env._(
                    "The table of this case has no step for payment plans: print the"
                    " document and hand it over."
                )
            )
        address = email_normalize(self.sudo().partner_id.email or "")
        sender = self.sudo().company_id._dunning_sender()
        if not address or not sender:
            raise UserError(
                self.env._(
                    "The customer or the company has no e-mail address: print the"
                    " document and hand it over."
                )
            )
        new = step._communications("email", {step: address}).filtered(
            lambda message: not message.body
        )
        if not new:
            raise UserError(self.env._("It was sent already: see the messages."))
        plan = self.sudo()._in_language()
        body = plan.env["ir.qweb"].sudo()._render(LETTER, plan._document_values())
        channel = self.env["dunning.channel"].sudo()._of("email")
        update_rows(
            new.browse(),
            {
                message.id: {
                    "subject": plan.env._("Payment plan %(plan)s", plan=plan.name),
                    "body": str(body),
                    "sender": sender,
                    "reply_to": sender,
                    "message_id": channel._message_id(message, sender),
                }
                for message in new
            },
        )
        self.env["dunning.outbox"]._wake()
        self.sudo()._say(self.env._("The offer leaves by e-mail."))
        return True


class DunningCommunication(models.Model):
    _inherit = "dunning.communication"

    def _tell_failure(self, reason, outcome=""):
        # EXTENDS: an offer that does not arrive is no answer of the customer
        offers = self.filtered(
            lambda m: m.sudo().action_id.action_type_id.code == PLAN_ACTION
        )
        for plan in offers.sudo().action_id.plan_ids:
            plan._say(
                self.env._("The e-mail did not arrive: %(reason)s", reason=reason)
            )
        return super(DunningCommunication, self - offers)._tell_failure(reason, outcome)
