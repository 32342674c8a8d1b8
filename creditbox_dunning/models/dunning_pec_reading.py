import hashlib
import logging
from datetime import timedelta, timezone

from odoo import api, fields, models

from odoo.addons.utility_supply.models.isolation import RETRY_ERRORS

from ..drivers.pec_mail import Imap
from ..formats import pec_receipt
from ..formats.certified_mail import UNKNOWN, Received
from ..rules.outbox import ChannelTemporary, ProviderRefused

_logger = logging.getLogger(__name__)

# first number of the advisory lock of who reads; the sender has another
READ_LOCK = 0x0B0D
# replays are harmless: what came in the last days is looked at again
LOOK_BACK_DAYS = 2
# a receipt is no bigger than what was sent; what is bigger is left in the mailbox
MAX_BYTES = 60_000_000
# messages read in one go before the others' turn
MAX_MESSAGES = 2_000
HEADERS = "BODY.PEEK[HEADER]"


class DunningServiceProvider(models.Model):
    """Reading the mailbox: every message once, kept raw, whatever it is."""

    _inherit = "dunning.service.provider"

    @api.model
    def _cron_pec_read(self):
        """Read every mailbox, then look for receipts that do not come."""
        mailboxes = self.sudo().search(
            [
                ("kind", "=", "pec"),
                ("pec_imap_host", "!=", False),
                ("pec_login", "!=", False),
                ("pec_is_login_refused", "=", False),
            ]
        )
        outbox = self.env["dunning.outbox"]
        for number, mailbox in enumerate(mailboxes, 1):
            mailbox._pec_read()
            mailbox._pec_speaking()._pec_watch(fields.Datetime.now())
            if outbox._commit(1, len(mailboxes) - number) <= 0:
                break

    def _pec_read(self):
        """Fetch what is new and judge what waits. Commits; returns messages fetched."""
        self.ensure_one()
        outbox = self.env["dunning.outbox"].sudo()
        mailbox = self._pec_speaking()
        with outbox._lock(mailbox, READ_LOCK) as mine:
            if not mine:
                return 0
            count, error = 0, False
            try:
                for _message in mailbox._pec_fetch():
                    count += 1
                    outbox._commit()
            except ProviderRefused as refusal:
                error = refusal.reason
                mailbox._pec_login_refused(refusal)
            except ChannelTemporary as problem:
                error = problem.reason
                _logger.warning("PEC mailbox %s: %s", mailbox.id, error)
            mailbox._guarded().write(
                {"pec_read_at": fields.Datetime.now(), "pec_read_error": error}
            )
            outbox._commit()
            mailbox._pec_judge_waiting()
        return count

    def _pec_speaking(self):
        """This mailbox in the language of its company: the scheduled action has none,
        and people read what it writes down."""
        lang = self.env.lang or self.company_id.partner_id.lang or "it_IT"
        return self.sudo().with_context(lang=lang)

    def _pec_fetch(self):
        """Store, and give one after the other, the messages that were not read yet.

        :raise ChannelError: when the mailbox cannot be read (on)
        """
        with Imap(self._pec_server("imap"), self.pec_imap_folder or "INBOX") as box:
            validity = str(box.uidvalidity)
            is_known = validity == self.pec_uidvalidity
            after = self.pec_last_uid if is_known else None
            uids = box.uids(after, self._pec_since())
            todo = self._pec_unread(validity, uids)[:MAX_MESSAGES]
            sizes = box.sizes(todo) if todo else {}
            for uid in todo:
                is_big = sizes.get(uid, 0) > MAX_BYTES
                raw = box.fetch(uid, HEADERS) if is_big else box.fetch(uid)
                if raw is None:
                    continue
                yield self._pec_store(raw, uid, validity, is_big)
                if not is_known or uid > self.pec_last_uid:
                    is_known = True
                    self._guarded().write(
                        {"pec_uidvalidity": validity, "pec_last_uid": uid}
                    )

    def _pec_since(self):
        """First day that is looked at, whatever was read before."""
        today = fields.Date.context_today(self)
        since = today - timedelta(days=LOOK_BACK_DAYS)
        if not self.pec_uidvalidity:
            # the first time, or never yet with success
            return self.pec_read_from or since
        return max(since, self.pec_read_from or since)

    def _pec_unread(self, validity, uids):
        """Those of ``uids`` that are not stored."""
        known = self.env["dunning.pec.message"].search_fetch(
            [
                ("provider_id", "=", self.id),
                ("uidvalidity", "=", validity),
                ("uid", "in", uids),
            ],
            ["uid"],
        )
        seen = set(known.mapped("uid"))
        return [uid for uid in uids if uid not in seen]

    # storing

    def _pec_store(self, raw, uid=0, validity="", is_big=False):
        """The record of the message in ``raw``: made once, however often it is read.

        What is in ``raw`` never stops the mailbox: what the program cannot read, or
        the database not take, is kept as bytes for a person.
        """
        try:
            with self.env.cr.savepoint():
                received = pec_receipt.read(raw)
                return self._pec_store_read(received, raw, uid, validity, is_big)
        except RETRY_ERRORS:
            raise
        except Exception:
            _logger.exception("A PEC message cannot be read (UID %s).", uid)
            digest = hashlib.sha256(raw).hexdigest()
            nothing = Received(reader="", kind=UNKNOWN, key=digest)
            return self._pec_store_read(nothing, raw, uid, validity, is_big)

    def _pec_store_read(self, received, raw, uid, validity, is_big):
        sha256 = hashlib.sha256(raw).hexdigest()
        messages = self.env["dunning.pec.message"].sudo()._guarded()
        found = messages.search(
            [("provider_id", "=", self.id), ("key", "=", received.key)], limit=1
        )
        if found and found.sha256 == sha256:
            return self._pec_seen(found, uid, validity)
        vals = self._prepare_pec_vals(received, raw, sha256, uid, validity)
        if found:
            # one id for two contents: the second has no effect of its own
            vals["key"] = hashlib.sha256((received.key + sha256).encode()).hexdigest()
            again = messages.search(
                [("provider_id", "=", self.id), ("key", "=", vals["key"])], limit=1
            )
            if again:
                return self._pec_seen(again, uid, validity)
            vals.update(state="tray", tray_reason="same_id")
        elif is_big:
            vals.update(state="tray", tray_reason="too_big")
        message = messages.create(vals)
        message._keep(raw)
        return message

    def _pec_seen(self, message, uid, validity):
        """The same message again: where it is in the mailbox now."""
        if uid and (message.uid, message.uidvalidity) != (uid, validity):
            message._guarded().write({"uid": uid, "uidvalidity": validity})
        return message

    def _prepare_pec_vals(self, received, raw, sha256, uid, validity):
        def utc(moment):
            if moment is None:
                return False
            return moment.astimezone(timezone.utc).replace(tzinfo=None)

        return {
            "provider_id": self.id,
            "company_id": self.company_id.id,
            "key": received.key,
            "uid": uid,
            "uidvalidity": validity,
            "kind": received.kind,
            "raw_kind": received.raw_kind,
            "issues": " ".join(received.issues),
            "certified_at": utc(received.when),
            "mail_date": utc(received.mail_date),
            "subject": received.subject,
            "sender": received.sender,
            "recipient": received.recipient,
            "issuer": received.issuer,
            "provider_name": received.provider,
            "provider_ref": received.provider_ref,
            "own_id": received.own_id,
            "msgid": received.msgid,
            "reference": received.reference,
            "receipt_type": received.receipt_type,
            "error": received.error,
            "error_text": received.error_text,
            "text": received.text,
            "is_signed": received.signed,
            "size": len(raw),
            "sha256": sha256,
        }

    def _pec_judge_waiting(self):
        """Judge what was stored, also by a reader that died before it could."""
        messages = self.env["dunning.pec.message"].sudo()
        waiting = messages.search(
            [("provider_id", "=", self.id), ("state", "=", "new")],
            order="certified_at, id",
        )
        for start in range(0, len(waiting), 200):
            waiting[start : start + 200]._judge()
            self.env["dunning.outbox"]._commit()


class DunningPecMessage(models.Model):
    _inherit = "dunning.pec.message"

    def _keep(self, raw):
        """Keep the bytes of this message."""
        self.ensure_one()
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": f"{self.kind}-{self.key[:12]}.eml",
                    "raw": raw,
                    "mimetype": "message/rfc822",
                    "res_model": self._name,
                    "res_id": self.id,
                    "company_id": self.company_id.id,
                }
            )
        )
        self._guarded().write({"raw_id": attachment.id})
