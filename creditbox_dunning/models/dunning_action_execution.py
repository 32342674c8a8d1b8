import hashlib
from collections import Counter

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools import email_normalize

from odoo.addons.utility_supply.models.bulk import insert_rows, update_rows

from ..rules.facts import Reason
from ..rules.terms import pay_term

SEPARATOR = " + "
# channels that a person walks to the post (or to the PEC mailbox) for
BY_HAND = frozenset({"ar", "pec"})
LETTERS = frozenset({"pp", *BY_HAND})
NOTICE_KIND = {"default": "default", "terminate": "termination"}
# services whose unpaid debt can follow the customer to the next seller (TISIND)
CMOR_SERVICES = frozenset({"electricity", "gas"})
FIRST_WORK_ACTION = 6
TECHNICAL_ACTION = 7


class DunningAction(models.Model):
    """Carrying out what was decided, channel by channel, many actions at once.

    Nothing leaves the server here: messages are written down for the outbox, letters
    become files. What touches a supply or goes to court becomes an order to a person.
    """

    _inherit = "dunning.action"

    def _execute(self, today, is_fresh=False):
        """Carry out planned actions on ``today``; returns a Counter for the run.

        What the matrix of approvals wants to be seen first only asks.

        ``is_fresh``: they were planned in this very transaction, which sees the
        payments of its beginning only: to read the balance again would say the same.
        """
        ready = self._recheck(is_fresh)
        asking = ready._needing_approval()
        asking._ask_approval()
        counts = (ready - asking)._carry_out(today)
        counts["waiting"] += len(asking)
        counts["actions"] += len(asking)
        return counts

    def _carry_out(self, today):
        """Do what may be done: free by the matrix, or approved. Returns a Counter."""
        counts = Counter()
        by_person = self.filtered(lambda a: a._needs_person())
        by_person._set_state("executing", Reason.of("to_be_done"))
        by_person.filtered(lambda a: a.op == "reactivate")._promise_back()
        ready = (self - by_person)._drop_lacking(today)
        counts["mails"] += len(ready._write_messages(today))
        letters = ready.filtered(lambda a: a._channel_set() & LETTERS)
        counts["letters"] += len(letters._make_letters(today))
        by_hand = ready.filtered(lambda a: a._channel_set() & BY_HAND)
        by_hand._set_state("executing")
        done = ready - by_hand
        done._set_state("done", executed_date=today, effective_date=today)
        done._write_notices(today)
        counts["actions"] += len(ready) + len(by_person)
        if counts["mails"] or counts["letters"]:
            self.env["dunning.outbox"]._wake()
        return counts

    def _sends(self):
        """Whether carrying it out makes letters or messages."""
        self.ensure_one()
        return not self._needs_person()

    def _recheck(self, is_fresh=False):
        """Read balance and address again; what changed since the plan is not done."""
        paid = self.browse() if is_fresh else self._filter_paid()
        paid._set_state("superseded", Reason.of("paid_before_sending"))
        left = self - paid
        gone = left.filtered(lambda a: a._has_nowhere_to_go())
        gone._set_state("failed", Reason.of("address_gone"))
        return left - gone

    def _needs_person(self):
        """Steps that a person carries out: the program orders them, no more."""
        self.ensure_one()
        is_work = self.action_type_id.code >= FIRST_WORK_ACTION
        return is_work or not (self._channel_set() & self._message_channels())

    def _message_channels(self):
        """The words of the channels that carry a message."""
        return LETTERS | self.env["dunning.channel"]._words()

    def _has_nowhere_to_go(self):
        """Whether it is a message by channels that have no address any more."""
        self.ensure_one()
        words = self._channel_set()
        if self._needs_person() or words & LETTERS:
            return False
        channels = self.env["dunning.channel"]
        return not any(channels._of(word)._get_address(self) for word in words)

    def _channel_set(self):
        self.ensure_one()
        return set((self.channels or "").split(SEPARATOR))

    def _get_email(self):
        self.ensure_one()
        return email_normalize(self.partner_id.email or "") or ""

    def _get_key(self, channel):
        """The same for the same step of the same case, whatever happens in between."""
        self.ensure_one()
        database = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        parts = [database, self.case_id.id, self.rule_id.id, self.round, channel]
        if self.attempt > 1:
            parts.append(self.attempt)
        text = "/".join(str(part) for part in parts)
        return hashlib.sha256(text.encode()).hexdigest()[:40]

    def _communications(self, channel, address):
        """The communication of each action by ``channel``, made if it is not there.

        ``address``: {action: address}. One that was cancelled is taken up again.
        """
        self._check_may_leave()
        keys = {action._get_key(channel): action for action in self}
        messages = self.env["dunning.communication"].sudo()._guarded()
        found = messages.search([("key", "in", list(keys))])
        # bills and day are others by now: it is written anew
        found.filtered(lambda m: m.state == "cancelled")._move(
            "to_send",
            self.env._("The step was planned again."),
            next_try=False,
            subject=False,
            body=False,
            raw_id=False,
            raw_sha256=False,
            attachment_id=False,
        )
        known = set(found.mapped("key"))
        carriers = self._carriers(channel)
        found |= insert_rows(
            messages,
            [
                {
                    "action_id": action.id,
                    "case_id": action.case_id.id,
                    "company_id": action.company_id.id,
                    "partner_id": action.partner_id.id,
                    "channel": channel,
                    "provider_id": carriers[action.company_id].id,
                    "address": address.get(action),
                    "key": key,
                }
                for key, action in keys.items()
                if key not in known
            ],
        )
        return found.filtered(lambda message: message.state == "to_send")

    def _carriers(self, channel):
        """{company: the provider that carries ``channel`` for it, empty = a person}"""
        kind = self.env["dunning.channel"]._of(channel)._kind
        providers = self.env["dunning.service.provider"]
        return {
            company: providers._for(kind, company) if kind else providers
            for company in self.company_id
        }

    def _check_may_leave(self):
        """Last look before something is written that leaves: a message never gets
        ahead of the decision about its step, whatever code asks for it."""
        undecided = self.filtered(lambda a: a.state == "waiting_approval")
        planned = self.filtered(lambda a: a.state == "planned")
        if undecided or planned._needing_approval():
            raise AccessError(self.env._("A message was asked for without approval."))

    # messages

    def _write_messages(self, today):
        """Write down the messages that need no paper, with their texts; returns them.

        They leave by the outbox, or wait there for a person when no provider does it.
        """
        channels = self.env["dunning.channel"]._all()
        written = self.env["dunning.communication"]
        for word in sorted(set(channels) - LETTERS):
            channel = channels[word]
            mine = self.filtered(lambda a, w=word: w in a._channel_set())
            address = {action: channel._get_address(action) for action in mine}
            messages = mine.filtered(lambda a, told=address: told[a])._communications(
                word, address
            )
            todo = messages.filtered(lambda message: not message.body)
            channel._compose(todo, today)
            written |= todo
        return written

    # letters

    def _make_letters(self, today):
        """Write the communications, then their letters as files; returns them."""
        messages = self.env["dunning.communication"]
        for channel in sorted(LETTERS):
            of_channel = self.filtered(lambda a, c=channel: c in a._channel_set())
            address = {action: action._get_address(channel) for action in of_channel}
            messages |= of_channel._communications(channel, address)
        todo = messages.filtered(lambda message: not message.attachment_id)
        files = self.env["dunning.letter"]._render(todo, today)
        attachments = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                [
                    {
                        "name": files[message.id].name,
                        "raw": files[message.id].content,
                        "mimetype": files[message.id].mimetype,
                        "res_model": message._name,
                        "res_id": message.id,
                        "company_id": message.company_id.id,
                    }
                    for message in todo
                ]
            )
        )
        update_rows(
            messages.browse(),
            {
                message.id: {"attachment_id": attachment.id}
                for message, attachment in zip(todo, attachments, strict=True)
            },
        )
        return messages

    def _get_address(self, channel):
        self.ensure_one()
        partner = self.partner_id
        if channel == "pec":
            return partner._dunning_pec_for(self.case_id)
        return self._paper_address(partner)

    @api.model
    def _paper_address(self, partner):
        """Where a letter to ``partner`` goes, in one line."""
        lines = partner._display_address(without_company=True).splitlines()
        return ", ".join(line.strip() for line in lines if line.strip())

    # proofs

    def _write_notices(self, sent_date, notified_date=None):
        """Record as notices the letters that left on ``sent_date`` (3, 4 and 5)."""
        letters = self.filtered(
            lambda a: a._channel_set() & LETTERS and a.case_id.contract_id
        )
        known = letters.filtered("notice_id")
        known.notice_id.sudo().write({"notified_date": notified_date or False})
        new = letters - known
        proofs = new.communication_ids._proofs()
        values = [
            action._prepare_notice_vals(sent_date, notified_date, proofs)
            for action in new
        ]
        notices = self.env["utility.notice"].sudo().create(values)
        update_rows(
            self.sudo().browse(),
            {
                action.id: {"notice_id": notice.id}
                for action, notice in zip(new, notices, strict=True)
            },
        )

    def _prepare_notice_vals(self, sent_date, notified_date, proofs):
        self.ensure_one()
        message = self.communication_ids.filtered(lambda m: m.channel in LETTERS)[:1]
        case = self.case_id
        kind = NOTICE_KIND.get(self.op, "notice")
        is_formal = kind != "notice" and message.channel in BY_HAND
        return {
            "company_id": case.company_id.id,
            "ref": self._get_notice_ref(),
            "partner_id": case.partner_id.id,
            "contract_id": case.contract_id.id,
            "kind": kind,
            "channel": message.channel,
            "is_formal_notice": is_formal,
            "sent_date": sent_date,
            "notified_date": notified_date or False,
            "pay_term": message.pay_term or self._get_pay_term(message, sent_date),
            "cmor_warning": kind == "default" and case.service in CMOR_SERVICES,
            "move_ids": [(6, 0, self.item_ids.move_id.ids)],
            "amount": self.amount,
            "attachment_ids": [(6, 0, proofs.get(message.id, ()))],
            "source": "dunning",
        }

    def _get_pay_term(self, message, sent_date):
        """Last day to pay by the dated legal numbers; False if none."""
        self.ensure_one()
        reminders = self.case_id.action_ids.filtered(
            lambda a: (
                a.op == "notice"
                and a.round == self.round
                and a.state == "done"
                and a != self
            )
        )
        received = max(filter(None, reminders.mapped("effective_date")), default=None)
        service = self.case_id.service or ""
        numbers = self.env["dunning.legal.parameter"]._parameters()
        term = pay_term(service, message.channel, sent_date, received, numbers)
        return term or False
