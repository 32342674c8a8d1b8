from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.misc import format_amount, format_date

from ..rules import attention, lifecycle

# what was asked, admitted and not annulled, paid: in the order of a practice's life
REQUESTED = (
    "sent",
    "rejected",
    "accepted",
    "suspended",
    "to_distributor",
    "updated",
    "awaiting_csea",
    "cancel_requested",
    "cancelled",
    "paid",
    "excess_to_return",
    "refund_due",
    "closed",
)
ACCEPTED = tuple(s for s in REQUESTED if s not in ("sent", "rejected", "cancelled"))
# the list of a side, with its own columns and buttons
ACTIONS = {
    "outgoing": "cmor_utility.cmor_practice_action",
    "incoming": "cmor_utility.cmor_practice_action_incoming",
}
TONES = {"late": "danger", "risk": "warning", "action": "info", "check": "secondary"}
ICONS = {
    "late": "fa-exclamation-triangle",
    "risk": "fa-hourglass-end",
    "action": "fa-hand-pointer-o",
    "check": "fa-eye",
}


class CmorDashboard(models.AbstractModel):
    """The figures of both sides, each with the list it is counted on.

    Nothing is stored: every number is a group of a ``_read_group`` with the rights and
    in the companies of who asks, and opens the records of that group.
    """

    _name = "cmor.dashboard"
    _description = "CMOR dashboard"

    @api.model
    def get_data(self, only_mine=False):
        """RPC of the page.

        :param bool only_mine: only the roles that who asks operates
        :return: {day, has_roles, only_mine, sides: [...]}; each number is a dict with
            label, count, amount (text) and action (window action)
        """
        self.env["cmor.practice"].check_access("read")
        mine = self.env["cmor.company.role"]._followed()
        today = fields.Date.context_today(self)
        sides = [
            self._side(side, label, mine if only_mine else None, today)
            for side, label in (
                ("outgoing", self.env._("Outgoing: claims of ours")),
                ("incoming", self.env._("Incoming: CMOR charged to us")),
            )
        ]
        return {
            "day": format_date(self.env, today, date_format="EEEE d MMMM y"),
            "has_roles": bool(mine),
            "only_mine": bool(only_mine),
            "sides": [side for side in sides if side["has_practices"]],
        }

    def _side(self, side, label, roles, today):
        domain = Domain("side", "=", side)
        if roles is not None:
            domain &= roles._practices_domain()
        states, levels = self._groups(domain)
        if side == "outgoing":
            totals = self._totals(domain, states)
        else:
            totals = self._totals_incoming(domain) if states else []
        return {
            "key": side,
            "label": label,
            "has_practices": bool(states),
            "attention": self._attention(domain, levels),
            "pipeline": self._pipeline(domain, side, states),
            "totals": totals,
            "terms": self._terms(side, roles, today),
            **self._money(domain, side, roles),
        }

    # --- numbers ----------------------------------------------------------------

    def _groups(self, domain):
        """({state: (count, amount)}, the same by level of attention), read once."""
        states, levels = {}, {}
        for state, level, count, amount in self.env["cmor.practice"]._read_group(
            domain, ["state", "attention"], ["__count", "indemnity:sum"]
        ):
            for groups, key in ((states, state), (levels, level)):
                before = groups.get(key, (0, 0.0))
                groups[key] = (before[0] + count, before[1] + (amount or 0.0))
        return states, levels

    def _attention(self, domain, levels):
        labels = self._labels("cmor.practice", "attention")
        return [
            {
                **self._number(
                    labels[level],
                    levels.get(level, (0, 0)),
                    domain & Domain("attention", "=", level),
                    "cmor_utility.cmor_practice_action_work",
                ),
                "key": level,
                "tone": TONES[level],
                "icon": ICONS[level],
            }
            for level in attention.LEVELS
        ]

    def _pipeline(self, domain, side, states):
        labels = self._labels("cmor.practice", "state")
        return [
            {
                **self._number(
                    labels[state],
                    states[state],
                    domain & Domain("state", "=", state),
                    ACTIONS[side],
                ),
                "key": state,
            }
            for state in lifecycle.states(side)
            if state in states
        ]

    def _totals(self, domain, states):
        received = self.env["cmor.practice"]._read_group(
            domain & Domain("received_amount", ">", 0),
            [],
            ["__count", "received_amount:sum"],
        )[0]
        return [
            self._sum(self.env._("Requested amounts"), domain, states, REQUESTED),
            self._sum(self.env._("Accepted amounts"), domain, states, ACCEPTED),
            self._number(
                self.env._("Paid by CSEA"),
                received,
                domain & Domain("received_amount", ">", 0),
            ),
        ]

    def _totals_incoming(self, domain):
        """What was charged to us, and what became of it with the customers."""
        names = (
            "network_amount",
            "billed_amount",
            "collected_amount",
            "open_amount",
            "return_amount",
        )
        practices = self.env["cmor.practice"]
        labels = practices.fields_get(names, ["string"])
        totals = []
        for name in names:
            found = domain & Domain(name, ">", 0)
            number = practices._read_group(found, [], ["__count", f"{name}:sum"])[0]
            label = labels[name]["string"]
            totals.append(self._number(label, number, found, ACTIONS["incoming"]))
        return totals

    def _sum(self, label, domain, states, wanted):
        found = [states[state] for state in wanted if state in states]
        count = sum(count for count, _amount in found)
        amount = sum(amount for _count, amount in found)
        return self._number(
            label, (count, amount), domain & Domain("state", "in", wanted)
        )

    def _terms(self, side, roles, today):
        """Terms of ours missed or near, and those that others have missed, by kind."""
        live = Domain("side", "=", side) & self.env["cmor.deadline"]._alive()
        if roles is not None:
            live &= roles._practices_domain()
        labels = self._labels("cmor.deadline", "key")
        ours = Domain("actor", "=", "us") & Domain("kind", "=", "must")
        missed = Domain("state", "=", "missed")
        near = Domain("state", "=", "open") & self.env["cmor.deadline"]._near(today)
        kinds = {
            "danger": (self.env._("missed"), ours & missed),
            "warning": (self.env._("near"), ours & near),
            "secondary": (
                self.env._("others are late"),
                Domain("actor", "!=", "us") & missed,
            ),
        }
        counts = {}
        for actor, state, key, count in self.env["cmor.deadline"]._read_group(
            live & Domain.OR(chosen for _what, chosen in kinds.values()),
            ["actor", "state", "key"],
            ["__count"],
        ):
            tone = "warning" if state == "open" else "danger"
            tone = tone if actor == "us" else "secondary"
            counts[tone, key] = counts.get((tone, key), 0) + count
        return [
            {
                "label": labels[key],
                "what": what,
                "tone": tone,
                "count": counts[tone, key],
                "action": self._action(
                    "cmor_utility.cmor_deadline_action",
                    live & chosen & Domain("key", "=", key),
                    labels[key],
                ),
            }
            for tone, (what, chosen) in kinds.items()
            for key in labels
            if (tone, key) in counts
        ]

    def _money(self, domain, side, roles):
        """{expected, lost}: receipts by month and why money was lost."""
        return {"expected": [], "lost": []}

    # --- helpers ----------------------------------------------------------------

    def _number(self, label, found, domain, xml_id=ACTIONS["outgoing"]):
        count, amount = found
        return {
            "label": label,
            "count": count,
            "amount": format_amount(
                self.env, amount or 0, self.env.company.currency_id
            ),
            "action": self._action(xml_id, domain, label),
        }

    def _action(self, xml_id, domain, label):
        """The window action of a list, on the records that were counted."""
        action = self.env["ir.actions.actions"]._for_xml_id(xml_id)
        return {**action, "name": label, "domain": list(domain), "context": {}}

    def _labels(self, model, name):
        return dict(self.env[model]._fields[name]._description_selection(self.env))
