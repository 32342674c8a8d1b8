import logging

from odoo import api, fields, models

from ..rules.outbox import (
    ChannelError,
    ChannelInDoubt,
    ChannelTemporary,
    ProviderRefused,
    next_try,
)

_logger = logging.getLogger(__name__)


class DunningOutbox(models.AbstractModel):
    _inherit = "dunning.outbox"

    @api.model
    def _with_work(self):
        # EXTENDS: a job may wait although none of its letters does
        waiting = (
            self.env["dunning.postal.job"]
            .sudo()
            ._read_group([("state", "in", ("made", "delivering"))], ["provider_id"])
        )
        return super()._with_work().union(*(provider for (provider,) in waiting)).sudo()

    @api.model
    def _work(self, provider):
        # EXTENDS: letters leave together
        if provider.kind != "post":
            return super()._work(provider)
        with self._lock(provider) as mine:
            if mine:
                self.env["dunning.postal.job"].sudo()._work(provider)
        return None


class DunningPostalJob(models.Model):
    """Jobs made of what waits, and handed over: under the lock of their provider."""

    _inherit = "dunning.postal.job"

    @api.model
    def _work(self, provider):
        """Find what a dead sender left, make the jobs that are due, hand them over.

        Commits after each step.
        """
        outbox = self.env["dunning.outbox"]
        for job in self._of(provider, "delivering"):
            job._find_out()
            outbox._commit()
        now = fields.Datetime.now()
        may, later = provider._may_send(now)
        if may == 0:
            if later:
                outbox._wake(later)
            return
        for company, waiting in self._waiting(provider):
            later = provider._postal_next_job(company, waiting, now)
            if later:
                outbox._wake(later)
            else:
                self._make(provider, company)
        for job in self._of(provider, "made"):
            paused = provider.paused_until and provider.paused_until > now
            if provider.state != "running" or paused:
                break
            if not job.is_by_hand and (not job.next_try or job.next_try <= now):
                job._deliver()

    @api.model
    def _of(self, provider, state):
        return self.search(
            [("provider_id", "=", provider.id), ("state", "=", state)], order="id"
        )

    @api.model
    def _waiting(self, provider):
        """[(company, how many letters wait for ``provider``)]"""
        return self.env["dunning.communication"]._read_group(
            self._waiting_domain(provider), ["company_id"], ["__count"]
        )

    @api.model
    def _waiting_domain(self, provider):
        return [
            ("provider_id", "=", provider.id),
            ("channel", "in", self._letter_channels()),
            ("state", "=", "to_send"),
        ]

    @api.model
    def _letter_channels(self):
        channels = self.env["dunning.channel"]._all()
        return [word for word, channel in channels.items() if channel._kind == "post"]

    # handing over

    def _files(self):
        """[(name, bytes)] in the order in which they have to arrive."""
        self.ensure_one()
        return [(file.name, file.raw) for file in self.attachment_ids.sorted("id")]

    def _deliver(self):
        """Hand it over: written down and committed before, and after."""
        self.ensure_one()
        outbox = self.env["dunning.outbox"]
        self._guarded().write({"state": "delivering", "attempts": self.attempts + 1})
        outbox._commit()
        result = self._handed_over()
        outbox._attempt(lambda: self._settle(result))

    def _handed_over(self):
        """The provider's reference, or the error."""
        driver = self.provider_id._postal_driver_model()
        try:
            return driver._deliver(self) or ""
        except ChannelError as error:
            return error
        except Exception as error:
            # a fault of ours or of a driver: nobody can say whether it left
            _logger.exception("Job %s: its driver failed.", self.name)
            self.env["dunning.outbox"]._rollback()
            return ChannelInDoubt(f"{type(error).__name__}: {error}")

    def _settle(self, result):
        """Write down what came of handing it over."""
        provider, now = self.provider_id, fields.Datetime.now()
        if isinstance(result, ChannelInDoubt):
            self._set_uncertain(result.reason)
        elif isinstance(result, ChannelError):
            is_temporary = isinstance(result, ChannelTemporary)
            again = next_try(self.attempts, now) if is_temporary else False
            self._guarded().write(
                {"state": "made", "next_try": again, "reason": result.reason}
            )
            if isinstance(result, ProviderRefused) or not is_temporary or not again:
                provider._stop(result.reason)
            elif result.is_provider:
                provider._note_unreachable(result.reason, now)
        else:
            self._set_sent(ref=result)
            provider._note_left()

    def _find_out(self):
        """Its sender died while it handed it over."""
        self.ensure_one()
        told = self.provider_id._postal_driver_model()._was_delivered(self)
        if told:
            self._set_sent()
        elif told is None:
            self._set_uncertain(
                self.env._(
                    "The sender stopped while it handed it over: it may have left."
                )
            )
        else:
            self._guarded().write({"state": "made"})

    # states

    def _letters(self, *states):
        return self.sudo().letter_ids.filtered(lambda letter: letter.state in states)

    def _set_sent(self, reason="", ref=""):
        """The mail house has it. The day of posting is its own, told by an outcome."""
        self.ensure_one()
        values = {
            "state": "sent",
            "sent_at": fields.Datetime.now(),
            "sent_by": self.env.uid,
            "reason": reason or False,
        }
        if ref:
            values["external_ref"] = ref
        self._guarded().write(values)
        words = self.env._("To the mail house with job %(name)s.", name=self.name)
        self._letters("sending", "uncertain")._move("sent", reason or words)

    def _set_uncertain(self, reason):
        self._guarded().write({"state": "uncertain", "reason": reason})
        self._letters("sending")._move("uncertain", reason)

    def _set_again(self, reason):
        """A person looked: it did not arrive. The same files leave once more."""
        self._guarded().write({"state": "made", "next_try": False, "reason": reason})
        letters = self._letters("uncertain")
        letters._move("to_send", reason, by_person=True)
        letters._move("sending", reason)
        self.env["dunning.outbox"]._wake()

    def _cancel(self, reason):
        """It never left: its letters wait for another job."""
        self._guarded().write({"state": "cancelled", "reason": reason})
        letters = self._letters("sending")
        letters._move("to_send", reason, next_try=False)
        letters._guarded().write({"postal_job_id": False, "postal_row": 0})
        self.env["dunning.outbox"]._wake()
