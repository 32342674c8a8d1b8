from datetime import timedelta

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
        mine = self.env["cmor.company.role"]._mine()
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
            domain &= Domain("role_id", "in", roles.ids)
        practices = self.env["cmor.practice"]
        return {
            "key": side,
            "label": label,
            "has_practices": bool(practices.search_count(domain, limit=1)),
            "attention": self._attention(domain),
            "pipeline": self._pipeline(domain, side),
            "totals": self._totals(domain) if side == "outgoing" else [],
            "terms": self._terms(domain, side, roles, today),
            **self._money(domain, side, roles),
        }

    # --- numbers ----------------------------------------------------------------

    def _attention(self, domain):
        labels = self._labels("cmor.practice", "attention")
        groups = self._practice_groups(domain, "attention")
        return [
            {
                **self._number(
                    labels[level],
                    groups.get(level, (0, 0)),
                    domain & Domain("attention", "=", level),
                    "cmor_utility.cmor_practice_action_work",
                ),
                "key": level,
                "tone": TONES[level],
                "icon": ICONS[level],
            }
            for level in attention.LEVELS
        ]

    def _pipeline(self, domain, side):
        labels = self._labels("cmor.practice", "state")
        groups = self._practice_groups(domain, "state")
        return [
            {
                **self._number(
                    labels[state], groups[state], domain & Domain("state", "=", state)
                ),
                "key": state,
            }
            for state in lifecycle.states(side)
            if state in groups
        ]

    def _totals(self, domain):
        received = self.env["cmor.practice"]._read_group(
            domain & Domain("received_amount", ">", 0),
            [],
            ["__count", "received_amount:sum"],
        )[0]
        return [
            self._sum(self.env._("Requested"), domain, REQUESTED),
            self._sum(self.env._("Accepted"), domain, ACCEPTED),
            self._number(
                self.env._("Paid by CSEA"),
                received,
                domain & Domain("received_amount", ">", 0),
            ),
        ]

    def _sum(self, label, domain, states):
        domain &= Domain("state", "in", states)
        found = self.env["cmor.practice"]._read_group(
            domain, [], ["__count", "indemnity:sum"]
        )[0]
        return self._number(label, found, domain)

    def _terms(self, domain, side, roles, today):
        """Terms of ours missed or near, and those that others have missed, by kind."""
        live = Domain("side", "=", side) & Domain(
            "practice_id.state", "not in", attention.DEAD
        )
        if roles is not None:
            live &= Domain("role_id", "in", roles.ids)
        labels = self._labels("cmor.deadline", "key")
        deadlines = self.env["cmor.deadline"]
        values = self.env["cmor.parameter"]._values(self.env.company, today)
        until = today + timedelta(days=values.get("deadline_risk_days", 0))
        ours = Domain("actor", "=", "us") & Domain("kind", "=", "must")
        missed = Domain("state", "=", "missed")
        kinds = (
            ("danger", self.env._("missed"), live & ours & missed),
            (
                "warning",
                self.env._("near"),
                live
                & ours
                & Domain("state", "=", "open")
                & Domain("date_due", "<=", until),
            ),
            (
                "secondary",
                self.env._("others are late"),
                live & Domain("actor", "!=", "us") & missed,
            ),
        )
        found = []
        for tone, what, chosen in kinds:
            for key, count in deadlines._read_group(chosen, ["key"], ["__count"]):
                action = self._action(
                    "cmor_utility.cmor_deadline_action",
                    chosen & Domain("key", "=", key),
                    labels[key],
                )
                found.append(
                    {
                        "label": labels[key],
                        "what": what,
                        "tone": tone,
                        "count": count,
                        "action": action,
                    }
                )
        return found

    def _money(self, domain, side, roles):
        """{expected, lost}: receipts by month and why money was lost."""
        return {"expected": [], "lost": []}

    # --- helpers ----------------------------------------------------------------

    def _practice_groups(self, domain, name):
        groups = self.env["cmor.practice"]._read_group(
            domain & Domain(name, "!=", False), [name], ["__count", "indemnity:sum"]
        )
        return {value: (count, amount) for value, count, amount in groups}

    def _number(self, label, found, domain, xml_id=None):
        count, amount = found
        return {
            "label": label,
            "count": count,
            "amount": format_amount(
                self.env, amount or 0, self.env.company.currency_id
            ),
            "action": self._action(
                xml_id or "cmor_utility.cmor_practice_action", domain, label
            ),
        }

    def _action(self, xml_id, domain, label):
        """The window action of a list, on the records that were counted."""
        action = self.env["ir.actions.actions"]._for_xml_id(xml_id)
        return {**action, "name": label, "domain": list(domain), "context": {}}

    def _labels(self, model, name):
        return dict(self.env[model]._fields[name]._description_selection(self.env))
