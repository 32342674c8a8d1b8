"""A case on its way through real channels; a channel of somebody else; one sender."""

from unittest.mock import patch

from odoo import models, sql_db
from odoo.tests import tagged

from ..models.dunning_outbox import LOCK
from ..rules.outbox import ChannelRefused
from ..rules.outcomes import waits_for
from .test_outbox_sms import SmsCommon


@tagged("post_install", "-at_install")
class TestRealChannels(SmsCommon):
    def test_gate_2_a_ladder_through_real_channels(self):
        """Gate 2, with real channels: the text message leaves by a gateway, the e-mail
        by a mail server, the letter waits for its post; each once."""
        gateway_provider = self.gateway_provider()
        bill = self.overdue("G2")
        with self.texts_leave(gateway_provider) as gateway, self.mail_leaves() as mail:
            for day in range(3, 31):
                self.run_on(day)
                self.send(gateway_provider)
                self.send()
        case = self.case_of(bill)
        self.assertEqual(
            sorted((m.channel, m.state) for m in case.communication_ids),
            [
                ("ar", "to_send"),
                ("email", "sent"),
                ("pp", "to_send"),
                ("sms", "sent"),
            ],
        )
        self.assertEqual((len(gateway.received), len(mail.received)), (1, 1))

    def test_price_list_tells_what_the_provider_does_not(self):
        self.env["dunning.channel.cost"].create(
            [
                {
                    "company_id": self.company.id,
                    "channel": "email",
                    "date_from": day,
                    "cost": cost,
                }
                for day, cost in (("2020-01-01", 0.002), ("2999-01-01", 9))
            ]
        )
        (message,) = self.reminders()
        with self.mail_leaves():
            self.send()
        self.assertEqual(message.cost, 0.002)
        action = self.mailer.action_open_costs()
        found = self.env["dunning.communication"].search(action["domain"])
        self.assertEqual(found, message)

    def test_one_sender_at_a_time(self):
        """Gate 9: while another process sends for a provider, this one does nothing."""
        (message,) = self.reminders()
        with sql_db.db_connect(self.env.cr.dbname).cursor() as other:
            other.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK, self.mailer.id])
            with self.mail_leaves() as server:
                self.send()
            self.assertFalse(server.tries)
            other.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, self.mailer.id])
        with self.mail_leaves() as server:
            self.send()
        self.assertEqual((message.state, len(server.received)), ("sent", 1))

    def test_what_a_provider_carries_waits_for_no_person(self):
        told = {
            (sent, carried): waits_for(
                "default",
                "executing",
                "ar",
                is_begun=True,
                is_sent=sent,
                is_carried=carried,
            )
            for sent in (False, True)
            for carried in (False, True)
        }
        self.assertEqual(
            told,
            {
                (False, False): "waits_sending",
                (True, False): "waits_notification",
                (False, True): "waits_outbox",
                (True, True): "waits_receipt",
            },
        )

    def _pigeon(self, left):
        """A channel that notes in ``left`` where its messages went."""

        class Pigeon(models.AbstractModel):
            _module = None
            _name = "dunning.channel.pigeon"
            _inherit = ["dunning.channel"]
            _description = "Channel: pigeon"
            _channel = "pigeon"
            _kind = "pigeon"

            def _lacks(self, company, today):
                return lambda partner, service: None if partner.city else "no_address"

            def _get_address(self, action):
                return action.partner_id.city or ""

            def _compose(self, messages, today):
                messages.sudo()._guarded().write({"body": "coo"})

            def _prepare(self, messages, today):
                messages._keep_raw(
                    {message: b"coo" for message in messages}, "text/plain", "txt"
                )

            def _send(self, message, session=None):
                if message.address == "Nowhere":
                    raise ChannelRefused("no such roof")
                left.append(message.address)
                return {"external_ref": "ring 1"}

        return Pigeon

    def test_gate_51_somebody_elses_channel(self):
        """Gate 51: a whole channel that our code does not know: a class of its own and
        one more choice."""
        left = []
        Pigeon = self._pigeon(left)
        classes = self.registry["dunning.channel"]
        self.addCleanup(self.registry.clear_cache)
        self.addCleanup(self.registry.__delitem__, Pigeon._name)
        self.addCleanup(classes._inherit_children.discard, Pigeon._name)
        # as Odoo's own tests do: no module of ours may import it at its top
        from odoo.orm.model_classes import add_to_registry

        add_to_registry(self.registry, Pigeon)
        self.registry._setup_models__(self.env.cr, [])
        self.registry.clear_cache()
        fields = (
            self.registry["dunning.communication"]._fields["channel"],
            self.registry["dunning.service.provider"]._fields["kind"],
        )
        for field in fields:
            choices = [*field.selection, ("pigeon", "Pigeon")]
            for name, value in (("selection", choices), ("_selection", dict(choices))):
                patcher = patch.object(field, name, value)
                patcher.start()
                self.addCleanup(patcher.stop)
        provider = self.providers.create({"name": "Loft", "kind": "pigeon"})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE dunning_action_rule SET channel = 'pigeon'"
            " WHERE table_id = %s AND seq = 10",
            [self.table.id],
        )
        self.env.invalidate_all()
        self.table.rule_ids[:1]._check_channel()
        bill = self.overdue("P1")
        self.run_on(3)
        message = self.case_of(bill).communication_ids
        self.send(provider)
        self.assertRecordValues(
            message,
            [{"channel": "pigeon", "state": "sent", "external_ref": "ring 1"}],
        )
        self.assertEqual(left, [self.customer.city])
