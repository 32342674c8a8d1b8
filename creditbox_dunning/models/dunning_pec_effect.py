import logging
from datetime import timezone

from odoo import fields, models
from odoo.tools import plaintext2html

from odoo.addons.utility_supply.models.isolation import RETRY_ERRORS

from ..formats import pec_receipt
from ..formats.certified_mail import RECEIPTS
from ..rules import pec
from .pec_texts import failure_text

_logger = logging.getLogger(__name__)

FIRMS = frozenset({"business", "micro_enterprise"})
PEC_ACTIVITY = "creditbox_dunning.mail_activity_pec"


class DunningPecMessage(models.Model):
    """What a received message does: linked to ours, judged, applied through the doors
    of the communication and of the action."""

    _inherit = "dunning.pec.message"

    def _judge(self):
        """Link and apply these messages; one that goes wrong stops no other."""
        read = self._read_again()
        index = self._index(read.values())
        now = fields.Datetime.now().replace(tzinfo=timezone.utc)
        for message, received in read.items():
            try:
                with self.env.cr.savepoint():
                    message._judge_one(received, index, now)
            except RETRY_ERRORS:
                # a sender holds our message right now: judged with the next reading
                _logger.info("PEC message %s waits for its communication.", message.id)
                self.env["dunning.outbox"]._rollback()
            except Exception:
                _logger.exception("PEC message %s cannot be dealt with.", message.id)
                message._put_in_tray("fault")
            self.env["dunning.outbox"]._commit()

    def _read_again(self):
        """{message: what is in its bytes}: never from what we made of them before."""
        found = {}
        for message in self:
            try:
                found[message] = pec_receipt.read(message.raw_id.raw or b"")
            except Exception:
                _logger.exception("PEC message %s cannot be read.", message.id)
                message._put_in_tray("fault")
        return found

    def _index(self, all_received):
        """Our messages that these may quote: two statements for all."""
        quoted = [
            each for received in all_received for each in pec.quoted_ids(received)
        ]
        ids = {f"<{each}>" for how, each in quoted if how != pec.BY_PROVIDER_REF}
        keys = {
            each.removeprefix("dun.")
            for how, each in quoted
            if how == pec.BY_LOCAL_PART and each.startswith("dun.")
        }
        refs = {each for how, each in quoted if how == pec.BY_PROVIDER_REF}
        communications = self.env["dunning.communication"].sudo()
        found = communications.search(
            [
                ("channel", "=", "pec"),
                ("provider_id", "in", self.provider_id.ids),
                "|",
                "|",
                ("message_id", "in", list(ids)),
                ("key", "in", list(keys)),
                ("external_ref", "in", list(refs)),
            ]
        )
        return pec.Index(
            ids={(m.message_id or "").strip("<>").lower(): m for m in found},
            locals={f"dun.{m.key}": m for m in found},
            refs={m.external_ref: m for m in found if m.external_ref},
        )

    def _judge_one(self, received, index, now):
        self.ensure_one()
        if self.tray_reason in ("same_id", "too_big"):
            return
        ours, how = pec.match(received, index)
        if ours is not None and ours.provider_id != self.provider_id:
            ours = None
        if ours is None:
            is_receipt = received.kind in RECEIPTS
            self._put_in_tray(pec.UNMATCHED if is_receipt else pec.NOT_RECEIPT)
            return
        link = {
            "communication_id": ours.id,
            "case_id": ours.case_id.id,
            "company_id": ours.company_id.id,
            "matched_by": how,
        }
        if how == pec.BY_THREAD and received.kind not in RECEIPTS:
            self._attach_answer(ours, received, link)
            return
        self._apply(ours, pec.judge(received, *self._facts(ours, now)), received, link)

    def _facts(self, ours, now):
        """(our message, now, policy) as rules/pec.py takes them."""
        sent_at = ours.sent_at or ours.tried_at
        outgoing = pec.Outgoing(
            ours.state,
            ours.address or "",
            sent_at and sent_at.replace(tzinfo=timezone.utc),
        )
        is_firm = ours.partner_id.legal_form in FIRMS
        policy = pec.Policy(self.provider_id.pec_full_counts and is_firm)
        return outgoing, now, policy

    # effects

    def _apply(self, ours, effect, received, link):
        """Do what ``effect`` (rules/pec.py) says to our message."""
        if effect.later:
            return
        if effect.tray:
            self._put_in_tray(effect.tray, **link)
            if effect.alert:
                self._alert(ours, dict(self._reasons())[effect.tray])
            return
        self._set("applied" if effect.moves else "noted", tray_reason=False, **link)
        self.raw_id.sudo().write({"company_id": ours.company_id.id})
        self._learn(ours, received)
        for move in effect.moves:
            getattr(self, f"_apply_{move}")(ours, effect, received)
        if effect.is_warned:
            self._warn(ours, effect, received)
        if effect.drop_address:
            ours.partner_id.sudo()._dunning_drop_pec(ours.address, self._day(received))
        if effect.alert:
            self._alert(ours, failure_text(self.env, effect.reason, effect.words))

    def _reasons(self):
        return self._fields["tray_reason"]._description_selection(self.env)

    def _day(self, received):
        """The day of the certified moment, where the company is."""
        moment = received.when.astimezone(timezone.utc).replace(tzinfo=None)
        return self.provider_id._now_there(moment).date()

    def _moment(self, received):
        return received.when.astimezone(timezone.utc).replace(tzinfo=None)

    def _learn(self, ours, received):
        """The provider's number of our message, and when it was accepted: receipts come
        in any order."""
        vals = {}
        if received.provider_ref and not ours.external_ref:
            vals["external_ref"] = received.provider_ref
        is_acceptance = received.kind == pec.ACCEPTANCE
        if is_acceptance and ours.state != "sent" and not ours.accepted_at:
            vals["accepted_at"] = self._moment(received)
        if vals and ours.state not in ("to_send", "uncertain"):
            text = self.env._("Receipt: %(kind)s", kind=self._kind_label())
            ours._move(ours.state, text, evidence=self.raw_id, **vals)

    def _kind_label(self):
        return dict(self._fields["kind"]._description_selection(self.env))[self.kind]

    def _apply_sent(self, ours, effect, received):
        ours._move(
            "sent",
            self.env._("Its provider has it: %(kind)s", kind=self._kind_label()),
            evidence=self.raw_id,
            sent_at=ours.tried_at or self._moment(received),
        )

    def _apply_accepted(self, ours, effect, received):
        day = self._day(received)
        ours._move(
            "accepted",
            self.env._("Accepted by the provider: the sending is proved."),
            evidence=self.raw_id,
            accepted_at=self._moment(received),
            sent_at=ours.sent_at or self._moment(received),
            sent_date=day,
            failure_reason=False,
        )
        ours._record_leaving(day, self.raw_id)

    def _apply_delivered(self, ours, effect, received):
        day = self._day(received)
        words = self.env._("Delivered: notified.")
        if effect.reason:
            words = failure_text(self.env, effect.reason, effect.words)
        ours._move(
            "delivered",
            words,
            evidence=self.raw_id,
            delivered_at=self._moment(received),
            sent_at=ours.sent_at or ours.tried_at or self._moment(received),
            sent_date=min(ours.sent_date or day, day),
            notified_date=day,
            failure_reason=False,
        )
        ours._record_arrival(effect.outcome, day, words, self.raw_id)

    def _apply_failed(self, ours, effect, received):
        words = failure_text(self.env, effect.reason, effect.words)
        ours._move("failed", words, evidence=self.raw_id)
        ours._tell_failure(words, effect.outcome)

    def _warn(self, ours, effect, received):
        text = self.env._("Not delivered so far: it is still tried.")
        ours._move(
            ours.state,
            " ".join(filter(None, (text, effect.words))),
            evidence=self.raw_id,
            pec_warned_at=self._moment(received),
        )

    def _alert(self, ours, words):
        """Somebody has to look at the case now."""
        case = ours.case_id.sudo()
        case.activity_schedule(
            PEC_ACTIVITY,
            date_deadline=fields.Date.context_today(self),
            summary=self.env._("PEC: %(words)s", words=words)[:200],
            user_id=self._follower(case).id,
        )

    def _follower(self, case):
        return case.user_id or self.provider_id._administrator()

    # answers

    def _attach_answer(self, ours, received, link):
        """Mail written in answer to ours: on the case, with its envelope."""
        self._set("answer", tray_reason=False, **link)
        case = ours.case_id.sudo()
        proves = received.kind == "envelope"
        what = (
            self.env._("The customer answered by PEC")
            if proves
            else self.env._("The customer answered by ordinary mail (no PEC value)")
        )
        text = self.env._(
            "%(what)s: %(subject)s", what=what, subject=received.subject or "-"
        )
        case._message_log(body=text, attachment_ids=[(4, self._copy_for(case).id)])
        case.activity_schedule(
            PEC_ACTIVITY,
            date_deadline=fields.Date.context_today(self),
            summary=text[:200],
            note=plaintext2html(received.text[:2000]),
            user_id=self._follower(case).id,
        )

    def _copy_for(self, case):
        """The envelope among the files of the case; the one received stays apart."""
        return self.raw_id.sudo().copy({"res_model": case._name, "res_id": case.id})
