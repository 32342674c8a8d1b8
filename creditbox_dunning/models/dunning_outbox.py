import logging
from contextlib import contextmanager

from odoo import api, fields, models, modules
from odoo.tools import SQL

from odoo.addons.utility_supply.models.isolation import RETRY_ERRORS

from ..rules.outbox import (
    ChannelError,
    ChannelInDoubt,
    ChannelRefused,
    ChannelTemporary,
    ProviderRefused,
    next_try,
)

_logger = logging.getLogger(__name__)

# first number of the advisory lock of a provider; the second is its id
LOCK = 0x0B0C
# messages prepared together: what was looked at last is never older than these
BATCH = 100
ATTEMPTS = 5


class DunningOutbox(models.AbstractModel):
    """What was written down leaves the house: each at most once, none forgotten.

    One sender at a time for each provider, by a lock of the session, which the database
    lets go when the process dies. Before a message is handed over it is written down
    as being sent, and committed; after, what came of it. A message found as being sent
    that no living sender holds may have left: it is uncertain, and waits for a receipt
    or a person.
    """

    _name = "dunning.outbox"
    _description = "Outbox"

    # waking

    @api.model
    def _wake(self, at=None):
        """Have the scheduled action look soon, or at ``at`` (UTC)."""
        cron = self.env.ref("creditbox_dunning.ir_cron_dunning_outbox", False)
        if cron:
            cron.sudo()._trigger(at)

    @api.model
    def _cron_send(self):
        """Send what may leave by now, provider after provider."""
        providers = self._with_work()
        for number, provider in enumerate(providers, 1):
            try:
                self._work(provider)
            except Exception:
                # what one provider does stops no other
                self._rollback()
                _logger.exception("Provider %s: sending failed.", provider.id)
            if self._commit(1, len(providers) - number) <= 0:
                break

    @api.model
    def _with_work(self):
        """The providers by which something waits or is under way."""
        groups = (
            self.env["dunning.communication"]
            .sudo()
            ._read_group(
                [("state", "in", ("to_send", "sending")), ("provider_id", "!=", False)],
                ["provider_id"],
            )
        )
        return (
            self.env["dunning.service.provider"].union(*(p for (p,) in groups)).sudo()
        )

    # one provider

    @api.model
    def _work(self, provider):
        """Send what waits for ``provider`` and may leave now. Commits."""
        # the scheduled action has no language: people read what it tells
        company = provider.company_id
        lang = self.env.lang or company.partner_id.lang or "it_IT"
        outbox = self.sudo().with_company(company).with_context(lang=lang)
        provider = provider.with_env(outbox.env)
        channels = [
            channel
            for channel in outbox.env["dunning.channel"]._all().values()
            if channel._kind == provider.kind
        ]
        with outbox._lock(provider) as mine:
            if not mine:
                return
            outbox._find_lost(provider)
            for channel in channels:
                outbox._send_channel(provider, channel)

    @contextmanager
    def _lock(self, provider, lock=LOCK):
        """Whether this process alone works for ``provider``, inside the with.

        ``lock``: whoever sends and whoever reads do not wait for each other.
        """
        query = "SELECT pg_try_advisory_lock(%s, %s)"
        ((mine,),) = self.env.execute_query(SQL(query, lock, provider.id))
        try:
            yield mine
        except BaseException:
            # the transaction may be broken: the lock is of the session
            self._rollback()
            raise
        finally:
            if mine:
                query = "SELECT pg_advisory_unlock(%s, %s)"
                self.env.execute_query(SQL(query, lock, provider.id))

    @api.model
    def _find_lost(self, provider):
        """Messages whose sender died while it handed them over: they may have left."""
        lost = (
            self.env["dunning.communication"]
            .sudo()
            .search([("provider_id", "=", provider.id), ("state", "=", "sending")])
        )
        if lost:
            lost._move(
                "uncertain",
                self.env._(
                    "The sender stopped while it handed it over: it may have left."
                ),
            )
            self._commit()

    def _send_channel(self, provider, channel):
        """Send what waits on one channel, batch after batch, by pace and hours."""
        session = None
        try:
            while True:
                now = fields.Datetime.now()
                may, later = provider._may_send(now)
                messages = self._waiting(provider, channel, may, now)
                if not messages:
                    self._wake_later(provider, later if may == 0 else None)
                    return
                ready = self._get_ready(provider, channel, messages)
                if ready and session is None:
                    session = self._opened(provider, channel)
                    if session is None:
                        self._wake_later(provider, provider.paused_until)
                        return
                goes_on = self._send_batch(provider, channel, ready, session)
                if self._commit(len(messages), 1) <= 0 or not goes_on:
                    self._wake()
                    return
        finally:
            if session is not None:
                channel._close(session)

    def _waiting(self, provider, channel, may, now):
        """The next messages to send on ``channel``: at most ``may``."""
        limit = BATCH if may is None else min(BATCH, may)
        messages = self.env["dunning.communication"].sudo()
        if not limit:
            return messages
        return messages.search(
            [
                ("provider_id", "=", provider.id),
                ("channel", "=", channel._channel),
                ("state", "=", "to_send"),
                "|",
                ("next_try", "=", False),
                ("next_try", "<=", now),
            ],
            order="id",
            limit=limit,
        )

    def _wake_later(self, provider, later):
        """Come back when something may leave again."""
        ((soonest,),) = (
            self.env["dunning.communication"]
            .sudo()
            ._read_group(
                [("provider_id", "=", provider.id), ("state", "=", "to_send")],
                aggregates=["next_try:min"],
            )
        )
        times = [time for time in (later, soonest) if time]
        if times:
            self._wake(max(times) if later else soonest)

    def _opened(self, provider, channel):
        """What the channel opens for many messages, True when it needs none; None when
        the provider cannot be spoken to now."""
        try:
            return channel._open(provider) or True
        except ProviderRefused as refusal:
            provider._stop(refusal.reason)
        except ChannelTemporary as error:
            provider._note_unreachable(error.reason, fields.Datetime.now())
        self._commit()
        return None

    # handing over

    def _send_batch(self, provider, channel, messages, session):
        """Hand over one message after the other; what one does stops no other.

        Returns False when the time of the scheduled action is over: a process that is
        killed for it would leave a message in doubt.
        """
        for message in messages:
            if provider.state != "running" or provider.paused_until:
                break
            if not self._claim(message):
                continue
            result = self._handed_over(channel, message, session)
            # what was read before is old by now: the result is written on fresh rows
            left = self._commit()
            self._attempt(lambda m=message, r=result: self._settle(provider, m, r))
            if left <= 0:
                return False
        return True

    def _claim(self, message):
        """Write down, and commit, that it is being sent; False when somebody changed
        it in the meantime."""
        now = fields.Datetime.now()
        try:
            claimed = message._move(
                "sending", tried_at=now, attempts=message.attempts + 1
            )
        except RETRY_ERRORS:
            self._rollback()
            return False
        self._commit()
        return bool(claimed)

    def _handed_over(self, channel, message, session):
        """What came of handing it over: values to write, or the error."""
        try:
            return channel._send(message, session) or {}
        except ChannelError as error:
            return error
        except Exception as error:
            # a fault of ours or of a driver: nobody can say whether it left
            _logger.exception("Message %s: its channel failed.", message.id)
            self._rollback()
            return ChannelInDoubt(f"{type(error).__name__}: {error}")

    def _settle(self, provider, message, result):
        """Write down what came of handing ``message`` over."""
        now = fields.Datetime.now()
        if message.state != "sending":
            # its receipt was faster than we are
            told = {} if isinstance(result, Exception) else result
            message._move(message.state, **told)
            return
        if isinstance(result, ChannelTemporary):
            self._put_back(provider, message, result, now)
        elif isinstance(result, ProviderRefused):
            message._move("to_send", result.reason, attempts=message.attempts - 1)
            provider._stop(result.reason)
        elif isinstance(result, ChannelInDoubt):
            message._move("uncertain", result.reason)
        elif isinstance(result, ChannelRefused):
            message._move("failed", result.reason)
            message._tell_failure(result.reason, result.outcome)
            provider._note_refused(result.reason)
        else:
            result.setdefault("cost", self._price(message))
            message._move("sent", **result)
            provider._note_left()

    def _price(self, message):
        """What the price list of the company says of the channel, when the provider
        does not tell what it asks."""
        prices = self.env["dunning.channel.cost"]._prices_for(message.company_id)
        today = self.env["dunning.case"]._today(message.company_id)
        of_channel = prices[message.company_id.id].get(message.channel, ())
        price = next((cost for day, cost in reversed(of_channel) if day <= today), 0.0)
        return price * self.env["dunning.channel"]._of(message.channel)._pieces(message)

    def _put_back(self, provider, message, error, now):
        """Tried again later, until there were enough tries."""
        if error.is_provider:
            # no fault of the message: its own tries are not counted
            message._move("to_send", error.reason, attempts=message.attempts - 1)
            provider._note_unreachable(error.reason, now)
            return
        again = next_try(message.attempts, now)
        if again:
            message._move("to_send", error.reason, next_try=again)
            return
        message._move("failed", error.reason)
        message._tell_failure(error.reason)

    # transactions

    def _attempt(self, work):
        """``work()`` and commit, again when another transaction was in its way.

        When that never ends the message stays as being sent, and will be uncertain: it
        is never sent twice.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                work()
                self.env.flush_all()
                self._commit()
                return
            except RETRY_ERRORS:
                if attempt == ATTEMPTS or modules.module.current_test:
                    raise
                self._rollback()

    @api.model
    def _commit(self, done=0, left=None):
        """Commit; returns the seconds left to the cron, infinite outside of one."""
        in_cron = self.env.context.get("ir_cron_progress_id")
        if not in_cron and modules.module.current_test:
            self.env.flush_all()
            return float("inf")
        seconds = self.env["ir.cron"]._commit_progress(done, remaining=left)
        self.env.invalidate_all()
        return seconds

    @api.model
    def _rollback(self):
        if modules.module.current_test:
            self.env.invalidate_all(flush=False)
            return
        self.env.cr.rollback()
        self.env.invalidate_all(flush=False)
