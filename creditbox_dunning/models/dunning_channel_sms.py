import hashlib
import json
from decimal import Decimal, InvalidOperation

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from odoo import api, models
from odoo.tools import html2plaintext

from odoo.addons.phone_validation.tools import phone_validation
from odoo.addons.utility_supply.models.bulk import update_rows

from ..drivers import sms_gateway
from ..rules import sms
from ..rules.outbox import (
    ChannelInDoubt,
    ChannelRefused,
    ChannelTemporary,
    ProviderRefused,
)
from .channel_words import LOST_GATEWAY, SILENT_GATEWAY

TIMEOUT = 30
# a text message that costs more was told in another unit
MAX_COST = 100
# what Odoo's services answer -> what it means; all the others are refusals
ODOO_TAKEN = frozenset({"success", "processing", "sent", "queued", "accepted"})
ODOO_STOPS = frozenset(
    {
        *("unregistered", "insufficient_credit", "registration_needed"),
        *("twilio_authentication", "twilio_acc_unverified", "twilio_from_missing"),
    }
)
# also what Twilio's answer never came of
ODOO_DOUBT = frozenset({"server_error", ""})


class DunningChannelSms(models.AbstractModel):
    """Text messages, by Odoo's own services or by a gateway described by data.

    Another driver: one more choice of ``sms_driver`` and a method ``_send_by_<it>``.
    """

    _name = "dunning.channel.sms"
    _inherit = "dunning.channel"
    _description = "Channel: text message"

    _channel = "sms"
    _kind = "sms"

    @api.model
    def _lacks(self, company, today):
        provider = self.env["dunning.service.provider"]._for(self._kind, company)

        def lack(partner, service):
            if not (partner.dunning_mobile or "").strip():
                return "no_mobile"
            return None if provider else "no_gateway"

        return lack

    @api.model
    def _get_address(self, action):
        """The number with its country, "" when it is none that can be called."""
        partner = action.partner_id
        number = (partner.dunning_mobile or "").strip()
        if not number:
            return ""
        country = partner.country_id or action.company_id.country_id
        return (
            phone_validation.phone_format(
                number,
                country.code,
                country.phone_code,
                force_format="E164",
                raise_exception=False,
            )
            if number
            else ""
        )

    @api.model
    def _compose(self, messages, today):
        texts = messages.action_id._render_texts(self._channel, today)
        rows = {
            message.id: {
                "subject": texts[message.action_id.id].get("subject") or "",
                "body": texts[message.action_id.id].get("body_html") or "",
                "template_id": texts[message.action_id.id].get("template_id"),
            }
            for message in messages
        }
        update_rows(messages.browse(), rows)

    @api.model
    def _prepare(self, messages, today):
        contents = {
            message: json.dumps(
                {
                    "to": message.address,
                    "text": self._text(message),
                    "from": message.provider_id.sms_sender or "",
                    "reference": self._reference(message),
                },
                ensure_ascii=False,
            ).encode()
            for message in messages
        }
        messages._keep_raw(contents, "application/json", "json")

    def _text(self, message):
        return html2plaintext(message.body or "").strip()

    def _reference(self, message):
        """Our own number of the message: the same for each try, another one when a
        person has it sent again."""
        again = message._times_resent()
        text = f"{message.key}/{again}" if again else message.key
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @api.model
    def _send(self, message, session=None):
        driver = message.provider_id.sms_driver
        told = json.loads(message.raw_id.raw)
        return getattr(self, f"_send_by_{driver}")(message.provider_id, told)

    # Odoo's own services

    @api.model
    def _send_by_odoo(self, provider, told):
        company = provider.company_id
        api_class = company._get_sms_api_class()
        service = api_class(self.env(context={**self.env.context}))
        service._set_company(company)
        numbers = [{"uuid": told["reference"], "number": told["to"]}]
        try:
            results = service._send_sms_batch(
                [{"content": told["text"], "numbers": numbers}],
                delivery_reports_url=f"{provider.get_base_url()}/sms/status",
            )
        except requests.exceptions.ConnectionError as error:
            raise self._connection_error(error) from None
        except Exception as error:
            raise ChannelInDoubt(str(error) or type(error).__name__) from error
        result = (results or [{}])[0]
        state = str(result.get("state") or "")
        words = str(result.get("failure_reason") or state)
        if state in ODOO_STOPS:
            raise ProviderRefused(words, state)
        if state in ODOO_DOUBT:
            raise ChannelInDoubt(words or "-", state)
        if state not in ODOO_TAKEN:
            raise ChannelRefused(words or "-", state)
        self.env["sms.tracker"].sudo().create({"sms_uuid": told["reference"]})
        return _left(told["reference"], result.get("credit"))

    # HTTP

    @api.model
    def _send_by_http(self, provider, told):
        provider = provider.sudo()
        places = {
            "number": told["to"],
            "text": told["text"],
            "sender": told["from"],
            "reference": told["reference"],
        }
        try:
            data, kind = sms_gateway.fill(
                provider.sms_body or "", provider.sms_body_kind, places
            )
        except sms_gateway.BadDescription as error:
            raise ProviderRefused(str(error)) from None
        status, answer = self._post(provider, data, kind)
        result = sms_gateway.judge(status, answer, provider._sms_answer())
        return _left(result["reference"] or told["reference"], result["cost"])

    def _post(self, provider, data, kind):
        """(HTTP status, first bytes of the answer)."""
        headers, auth = {"Content-Type": kind}, None
        user, secret = provider.sms_user or "", provider.sms_secret or ""
        if provider.sms_auth == "basic":
            auth = (user, secret)
        elif provider.sms_auth == "bearer":
            headers["Authorization"] = f"Bearer {secret}"
        elif provider.sms_auth == "header":
            headers[user or "X-Api-Key"] = secret
        try:
            with requests.post(
                provider.sms_url,
                data=data,
                headers=headers,
                auth=auth,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as response:
                answer = response.raw.read(sms_gateway.MAX_ANSWER, decode_content=True)
                return response.status_code, answer
        except requests.exceptions.ConnectionError as error:
            raise self._connection_error(error) from None
        except (requests.exceptions.InvalidURL, ValueError) as error:
            raise ProviderRefused(str(error)) from None
        except Exception as error:
            # it was on its way: nobody knows what the gateway made of it
            raise ChannelInDoubt(type(error).__name__) from error

    def _connection_error(self, error):
        """What a failed connection means: not reached, or lost on the way."""
        reason = getattr(error.args[0], "reason", None) if error.args else None
        if isinstance(reason, NewConnectionError | ConnectTimeoutError):
            return ChannelTemporary(SILENT_GATEWAY._source, is_provider=True)
        return ChannelInDoubt(LOST_GATEWAY._source)

    @api.model
    def _pieces(self, message):
        return sms.size(self._text(message)).parts

    # what comes back

    @api.model
    def _read(self, provider, data, *args, **kwargs):
        """A delivery report of the gateway (bytes): tells the messages it is about.
        Returns how many were known."""
        known = 0
        for reference, state, words in sms_gateway.report(data, provider._sms_report()):
            message = (
                self.env["dunning.communication"]
                .sudo()
                .search(
                    [
                        ("provider_id", "=", provider.id),
                        ("external_ref", "=", reference),
                    ],
                    limit=1,
                )
            )
            if not message:
                continue
            known += 1
            message._hear(state, words)
        return known

    @api.model
    def _alerts(self, provider):
        texts = []
        if provider.sms_driver == "http":
            url = provider.sms_url or ""
            if url.startswith("http://"):
                texts.append(
                    self.env._("The gateway's address is not encrypted (http).")
                )
            if not provider.sudo().sms_report_secret:
                texts.append(
                    self.env._(
                        "Without the secret of the reports no delivery report is"
                        " believed."
                    )
                )
        if not provider.sms_sender:
            texts.append(self.env._("No sender alias: customers see a number."))
        return texts


def _left(reference, cost):
    """What is written on a message that left; its cost only when it was told."""
    told = {"external_ref": reference}
    try:
        price = Decimal(str(cost or "").replace(",", "."))
    except InvalidOperation:
        return told
    if price.is_finite() and 0 <= price < MAX_COST:
        told["cost"] = float(price)
    return told
