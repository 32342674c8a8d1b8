from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.formats.dossier_zip import safe_name
from odoo.addons.utility_supply.models.bulk import insert_rows

from .dunning_communication import CHANNELS
from .dunning_offer import Offer
from .dunning_payment_plan_flow import PLAN_ACTION, PLAN_OP
from .dunning_template_values import Bill, Subject

# a text message cannot tell a plan
SENT_BY = [(word, label) for word, label in CHANNELS if word != "sms"]
PAPER = "pp"
LIVE_OFFER = ("offered", "running")


class DunningPaymentPlan(models.Model):
    """What the customer gets: the offer with its instalments, and how to accept it.

    Its words are the company's text of the operation "payment plan". It is written once
    as a letter, when it is offered, and kept as it is: a person may print it. It leaves
    by the outbox, on the channel that the plan says.
    """

    _inherit = "dunning.payment.plan"

    channel = fields.Selection(
        SENT_BY,
        string="Sent by",
        compute="_compute_channel",
        store=True,
        readonly=False,
        precompute=True,
        help="PEC where the customer has one, then e-mail, then paper.",
    )

    @api.depends("case_id")
    def _compute_channel(self):
        """The usual one of the customer; a person may choose another."""
        usual = self.env["dunning.settlement"]._usual_channel
        for plan in self:
            plan.channel = plan.case_id and usual(plan.case_id.sudo())

    # the document that is kept

    def _as_subject(self, channel):
        """This plan as the :class:`Subject` of a message by ``channel``."""
        self.ensure_one()
        plan = self.sudo()
        step = plan.action_id
        if step:
            return step._text_subject(channel, key=plan.id)
        return Subject(
            key=plan.id,
            case=plan.case_id,
            template=self.env["dunning.template"]._for_case(
                plan.case_id, PLAN_OP, channel
            ),
            channel=channel,
            bills=tuple(
                Bill(
                    number=line.move_id.billing_ref or line.move_id.name,
                    issued=line.move_id.invoice_date,
                    due=line.date_maturity,
                    amount=line.amount_residual,
                    move=line.move_id,
                )
                for line in plan.line_ids.sorted(lambda x: (x.date_maturity, x.id))
            ),
            amount=plan.amount_total,
        )

    def _list_bills(self, step):
        """What the step's messages list: the bills of the plan, as they are open."""
        known = step.item_ids.move_line_id
        insert_rows(
            self.env["dunning.action.item"].sudo()._guarded(),
            [
                {
                    "action_id": step.id,
                    "company_id": step.company_id.id,
                    "move_line_id": line.id,
                    "move_id": line.move_id.id,
                    "bill_number": line.move_id.billing_ref or line.move_id.name,
                    "date_bill": line.move_id.invoice_date,
                    "date_maturity": line.date_maturity,
                    "amount": line.amount_residual,
                }
                for line in self.line_ids
                if line not in known
            ],
        )
        step.invalidate_recordset(["item_ids"])

    def _write_document(self):
        """Make the document and keep it."""
        self.ensure_one()
        subject, today = self._as_subject(PAPER), self._today()
        values = self.env["dunning.template.values"]._collect([subject], today)
        letters = self.env["dunning.letter"].sudo()
        address = self.env["dunning.action"]._paper_address(self.sudo().partner_id)
        page = letters._page(subject, values[subject.key], address, self.name)
        stem = safe_name(f"piano-{self.name}".replace("/", "-"))
        content, name, kind = self.env["utility.pdf"]._document(
            letters._document([page]), stem
        )
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

    # sending

    def action_send(self):
        """Button: the offer leaves by the outbox, on the plan's channel, once each."""
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
        channel = self.channel
        self._check_can_send(step, channel)
        today = self._today()
        step = step.with_company(self.company_id)
        step._guarded().write({"channels": channel})
        step._write_messages(today)
        step._make_letters(today)
        self.env["dunning.outbox"]._wake()
        label = dict(self._fields["channel"]._description_selection(self.env))[channel]
        self.sudo()._say(self.env._("The offer leaves: %(channel)s.", channel=label))
        return True

    def _check_can_send(self, step, channel):
        if not channel:
            raise UserError(self.env._("Choose how the offer is sent."))
        sent = step.communication_ids.filtered(
            lambda m: m.channel == channel and m.state not in ("cancelled", "failed")
        )
        if sent:
            raise UserError(self.env._("It was sent already: see the messages."))
        address = self.env["dunning.channel"]._of(channel)._get_address(step)
        sender = channel != "email" or self.sudo().company_id._dunning_sender()
        if not address or not sender:
            raise UserError(
                self.env._(
                    "The customer or the company has no address for this channel:"
                    " choose another one, or print the document and hand it over."
                )
            )

    def _tell_not_delivered(self, note):
        """The customer does not know of the offer: somebody has to tell him."""
        for plan in self.filtered(lambda plan: plan.state in LIVE_OFFER):
            plan._say(self.env._("The offer did not arrive: %(reason)s", reason=note))
            user = plan.case_id.user_id or plan.create_uid
            plan.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=plan._today(),
                summary=self.env._("The offer did not arrive: send it another way"),
                user_id=user.id,
            )


class DunningAction(models.Model):
    _inherit = "dunning.action"

    @api.model
    def _offers(self):
        # EXTENDS dunning.action
        return [*super()._offers(), Offer(PLAN_ACTION, PLAN_OP, "plan_ids")]
