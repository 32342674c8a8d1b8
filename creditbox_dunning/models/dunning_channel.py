from odoo import api, models, tools


class DunningChannel(models.AbstractModel):
    """A way to reach a customer: one small class each, that inherits this one.

    A channel says whether it can be used, writes down what will leave, hands it over
    and reads what comes back. It never decides when, how often or how fast: that is the
    sender's (dunning_outbox.py), the same for all. What it has to say about a message
    goes through `dunning.communication._move`, about an action through
    `dunning.action._record_outcome`.

    To add one: a class with ``_channel`` and ``_kind``, and its word among the choices
    of `dunning.communication.channel`. No other file changes.
    """

    _name = "dunning.channel"
    _description = "Channel of communication"

    # the word that rows of the table and communications use
    _channel = ""
    # the kind of provider that serves it
    _kind = ""

    @api.model
    def _all(self):
        """{word: the channel's model} of every channel installed."""
        names = self.env.registry.descendants(["dunning.channel"], "_inherit")
        found = {}
        for name in names:
            channel = self.env[name]
            if channel._channel:
                found[channel._channel] = channel
        return found

    @api.model
    def _of(self, word):
        """The channel of ``word``; this class itself, which does nothing, if none."""
        return self._all().get(word, self.env["dunning.channel"])

    @api.model
    @tools.ormcache()
    def _words(self):
        """The words of all channels, a frozenset."""
        return frozenset(self._all())

    # what each channel says

    @api.model
    def _lacks(self, company, today):
        """A function (customer, service of the debt) -> reason code of why ``company``
        cannot reach him by this channel on ``today``, or None. The customer: a record
        or whatever has its fields."""
        return lambda partner, service: None

    @api.model
    def _applicable(self, actions):
        """{action: None, or the reason code of why this channel cannot be used}."""
        missing = self.env["dunning.facts"]._missing_for(actions.company_id[:1])
        return {
            action: missing(action.partner_id, action.case_id.service).get(
                self._channel
            )
            for action in actions
        }

    @api.model
    def _alerts(self, provider):
        """Texts of what is wrong or risky in how ``provider`` is set up."""
        return []

    @api.model
    def _get_address(self, action):
        """Where a message of ``action`` goes today; "" when nowhere."""
        return action._get_address(self._channel)

    @api.model
    def _compose(self, messages, today):
        """Write the text on new messages (subject, body): what was decided, in words.

        Called by the run for many at once: nothing leaves here.
        """

    @api.model
    def _prepare(self, messages, today):
        """Write down what will leave: the raw copy of each, before it leaves.

        Called for messages of one provider; what raises leaves this message out.
        """

    @api.model
    def _open(self, provider):
        """What is opened once for many messages (a connection); passed to `_send`.

        :raise ChannelTemporary: with ``is_provider``, when it cannot be reached
        :raise ProviderRefused: when it does not know us
        """
        return

    @api.model
    def _close(self, session):
        """Close what `_open` opened; never raises."""

    @api.model
    def _send(self, message, session=None):
        """Hand over one message; called once for each try.

        :return: values to write on the message: ``external_ref``, ``protocol``,
            ``cost``... or {}
        :raise ChannelError: one of those of rules/outbox.py
        """
        raise NotImplementedError

    @api.model
    def _pieces(self, message):
        """How many times the price of the list a message costs."""
        return 1

    @api.model
    def _read(self, provider, *args, **kwargs):
        """Read what the provider has to tell; each channel in its own way."""
