from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import format_amount

from ..rules.facts import FIRST_EVENT_SEQ
from ..rules.outcomes import PLAN, SETTLE, outcomes_for
from .day_words import day_count
from .dunning_action_rule import CHANNEL_WORDS
from .dunning_action_rule import SET_KEYS as KEYS

SETTLEMENT_ACTION, PLAN_ACTION, COURT_ACTION = 8, 9, 10
# kind of action -> colour of its node
TONES = {
    "sms": "reminder",
    "email": "reminder",
    "letter": "reminder",
    "registered": "formal",
    "pec": "formal",
    "technical": "technical",
    "agency": "agency",
    "settlement": "agreement",
    "plan": "agreement",
    "legal": "legal",
}


class DunningActionTable(models.Model):
    """The picture of one set of a version: nodes, waits, amounts, branches, and how
    many cases stand before each node today."""

    _inherit = "dunning.action.table"

    def action_open_workflow(self):
        """Button: this version drawn as a graph."""
        self.ensure_one()
        return {
            "type": "ir.actions.client",
            "tag": "creditbox_dunning.workflow",
            "name": self.env._("Workflow: %(table)s", table=self.display_name),
            "context": {"active_id": self.id, "active_model": self._name},
        }

    @api.model
    def get_workflow_tables(self, asked=False):
        """RPC: the versions that can be drawn, those in force first.

        [{id, name, state}]: published (the current company's before the others),
        drafts, superseded with open cases. ``asked``: id of one that is wanted even if
        nobody walks it any more.
        """
        self.check_access("read")
        order = {"published": 0, "draft": 1, "superseded": 2}
        tables = self.search([("company_id", "in", self.env.companies.ids)])
        tables = tables.filtered(
            lambda t: t.state != "superseded" or t.case_count or t.id == asked
        )
        return [
            {
                "id": table.id,
                "name": f"{table.company_id.name}: {table.display_name}"
                if len(self.env.companies) > 1
                else table.display_name,
                "state": table.state,
            }
            for table in tables.sorted(
                lambda t: (order[t.state], t.company_id != self.env.company, t.id)
            )
        ]

    def get_workflow_sets(self):
        """RPC: the sets of this version with their open cases, fullest first.

        [{id, keys, label, rows, count, amount}]; ``id`` is what ``get_workflow`` takes.
        """
        self.ensure_one()
        self.check_access("read")
        sets = self._workflow_rules().grouped(_key_of)
        figures = self._workflow_figures(self._workflow_rules())
        found = []
        for key, rules in sets.items():
            mine = [figures[rule.id] for rule in rules if rule.id in figures]
            found.append(
                {
                    "id": _id_of(key),
                    "keys": dict(zip(KEYS, key, strict=True)),
                    "label": self._set_label(rules[0]),
                    "rows": len(rules),
                    "count": sum(count for count, _amount in mine),
                }
            )
        return sorted(found, key=lambda one: (-one["count"], one["label"]))

    def get_workflow(self, keys):
        """RPC: the set with ``keys`` (dict, or the id given by ``get_workflow_sets``).

        {label, nodes, edges, total}: a node is a step (rows of the same tens are its
        alternatives by channel); an edge goes from node to node with what it depends
        on: ``next``, ``ok``, ``ko``, or ``route`` (what the kind of action does by
        itself). Counts and amounts are of the cases that the user may see.
        """
        self.ensure_one()
        self.check_access("read")
        key = _as_key(keys)
        rules = self._workflow_rules().filtered(lambda rule: _key_of(rule) == key)
        if not rules:
            raise UserError(self.env._("This version has no rows for these keys."))
        figures = self._workflow_figures(rules)
        steps = list(rules.sorted("seq").grouped(lambda rule: rule.seq // 10).items())
        nodes = [self._node(step, rows, figures) for step, rows in steps]
        nodes += self._end_node(rules)
        return {
            "label": self._set_label(rules[0]),
            "nodes": nodes,
            "edges": self._edges(steps),
            "total": sum(node["count"] for node in nodes),
            "amount": self._money(sum(node["value"] for node in nodes)),
        }

    # reading

    def _workflow_rules(self):
        """The rows that the cases of this version walk."""
        return self.rule_ids

    def _live_domain(self):
        return Domain([("table_id", "=", self.id), ("state", "!=", "closed")])

    def _workflow_figures(self, rules):
        """{row id: (open cases that have it before them, their overdue)}"""
        rows = self.env["dunning.case"]._read_group(
            self._live_domain() & Domain("next_rule_id", "in", rules.ids),
            ["next_rule_id"],
            ["__count", "amount_due:sum"],
        )
        return {rule.id: (count, amount) for rule, count, amount in rows}

    def _set_label(self, rule):
        """ "Domestic, electricity, active, suspendible"; what is left open says any."""
        parts = []
        for name in KEYS:
            if rule[name]:
                labels = dict(rule._fields[name]._description_selection(self.env))
                parts.append(labels.get(rule[name]))
        return " · ".join(parts) or self.env._("Any supply")

    def _money(self, amount):
        return format_amount(self.env, amount, self.company_id.currency_id)

    # nodes

    def _node(self, step, rows, figures):
        """One step of the set, ready to be drawn."""
        first = rows[0]
        mine = [figures.get(rule.id, (0, 0)) for rule in rows]
        count = sum(number for number, _amount in mine)
        value = sum(amount for _number, amount in mine)
        return {
            "id": str(step),
            "title": first.short_description,
            "action": first.action_type_id.name,
            "icon": first.action_type_id.icon or "fa-bolt",
            "tone": TONES.get(first.action_type_id.kind, "reminder"),
            "is_event": _is_event(first),
            "when": self._when(first),
            "after": self._after(first),
            "amounts": self._band(first),
            "channels": [
                {
                    "seq": rule.seq,
                    "title": rule.short_description,
                    "words": self._channel_words(rule.channel),
                }
                for rule in rows
            ],
            "count": count,
            "value": value,
            "amount": self._money(value) if count else "",
            "open": self._opening(
                first.short_description, [("next_rule_id", "in", rows.ids)]
            ),
        }

    def _end_node(self, rules):
        """Where the ladder ends: the cases that have no row before them any more."""
        domain = [("next_rule_id", "=", False), ("current_rule_id", "in", rules.ids)]
        [(count, amount)] = self.env["dunning.case"]._read_group(
            self._live_domain() & Domain(domain), [], ["__count", "amount_due:sum"]
        )
        title = self.env._("End of the table")
        return [
            {
                "id": "end",
                "title": title,
                "action": self.env._("A person decides"),
                "icon": "fa-hand-paper-o",
                "tone": "end",
                "is_event": False,
                "when": "",
                "after": "",
                "amounts": "",
                "channels": [],
                "count": count,
                "value": amount or 0,
                "amount": self._money(amount) if count else "",
                "open": self._opening(title, domain),
            }
        ]

    def _opening(self, title, domain):
        """The window action that lists the cases of a node."""
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "dunning.case",
            "views": [[False, "list"], [False, "kanban"], [False, "form"]],
            "domain": list(self._live_domain() & Domain(domain)),
            "context": {"create": False},
        }

    def _channel_words(self, channel):
        """ "PEC or registered letter"; "e-mail and text message"."""
        labels = {
            **dict(
                self.env["dunning.communication"]
                ._fields["channel"]
                ._description_selection(self.env)
            ),
            "task": self.env._("by a person"),
            "file": self.env._("by file"),
            "event": self.env._("on an event"),
        }
        either = []
        for alternative in (channel or "").split("|"):
            words = [part.strip() for part in alternative.split("+")]
            known = [labels[word] for word in words if word in CHANNEL_WORDS]
            either.append(" + ".join(known))
        return self.env._(" or ").join(either)

    def _days(self, rule, count):
        return day_count(self.env, count, rule.day_kind or "")

    def _when(self, rule):
        """When the step may begin, in words."""
        anchor = {
            "due": self.env._("the due date"),
            "prev_end": self.env._("the wait of the step before"),
            "plan": self.env._("the planned day"),
            "op_done": self.env._("the work on the supply"),
            "payment": self.env._("the payment"),
        }.get(rule.anchor, "")
        if _is_event(rule):
            return self.env._("Started by an event, never by waiting")
        if not rule.wait_before:
            return self.env._("Right after %(anchor)s", anchor=anchor)
        days = self._days(rule, abs(rule.wait_before))
        if rule.wait_before < 0:
            return self.env._("%(days)s before %(anchor)s", days=days, anchor=anchor)
        return self.env._("%(days)s after %(anchor)s", days=days, anchor=anchor)

    def _after(self, rule):
        """How long the next step waits for this one, in words."""
        if not rule.wait_after:
            return ""
        return self.env._("wait %(days)s", days=self._days(rule, rule.wait_after))

    def _band(self, rule):
        if rule.amount_to:
            return self.env._(
                "from %(low)s to %(high)s",
                low=self._money(rule.amount_from),
                high=self._money(rule.amount_to),
            )
        low = max(rule.amount_from, rule.min_threshold)
        return self.env._("from %(low)s up", low=self._money(low)) if low else ""

    # edges

    def _edges(self, steps):
        """Who comes after whom: the ladder in order, then its branches."""
        ladder = [(step, rows) for step, rows in steps if not _is_event(rows[0])]
        edges = []
        for index, (step, rows) in enumerate(ladder):
            following = ladder[index + 1][0] if index + 1 < len(ladder) else "end"
            branches = {}
            for kind in ("ok", "ko"):
                seq = next((rule[f"next_{kind}"] for rule in rows), 0)
                if seq:
                    branches[kind] = _step_of(steps, seq)
            if "ok" not in branches:
                edges.append(_edge(step, following, "next", self._after(rows[0])))
            for kind, target in branches.items():
                edges.append(_edge(step, target, kind, self._branch_word(kind)))
            edges += self._routes(steps, step, rows, {*branches.values(), following})
        return edges

    def _routes(self, steps, step, rows, drawn):
        """What the outcomes of this kind of action do where the table says nothing.

        ``drawn``: the steps to which an edge goes from here already.
        """
        found = []
        routes = {outcome.route for outcome in outcomes_for(_code(rows))}
        targets = {
            PLAN: (PLAN_ACTION,),
            SETTLE: (SETTLEMENT_ACTION, COURT_ACTION),
        }
        for route, codes in targets.items():
            target = next(
                (s for code in codes for s, r in steps if _code(r) == code), None
            )
            if route in routes and target and target not in {*drawn, step}:
                words = (
                    self.env._("part paid or promised")
                    if route == PLAN
                    else self.env._("nothing collected")
                )
                found.append(_edge(step, target, "route", words))
        return found

    def _branch_word(self, kind):
        return self.env._("positive") if kind == "ok" else self.env._("negative")


class DunningCase(models.Model):
    _inherit = "dunning.case"

    workflow_set = fields.Char(compute="_compute_workflow_set")

    @api.depends("next_rule_id", "current_rule_id")
    def _compute_workflow_set(self):
        """The set that the case walks, as ``get_workflow`` takes it."""
        for case in self:
            rule = case.next_rule_id or case.current_rule_id
            case.workflow_set = _id_of(_key_of(rule)) if rule else False

    def action_open_workflow(self):
        """Button: where this case stands in the picture of its set."""
        self.ensure_one()
        self.check_access("read")
        action = self.table_id.action_open_workflow()
        context = {
            "workflow_set": self.workflow_set,
            "workflow_step": str((self.next_rule_id or self.current_rule_id).seq // 10),
        }
        return {**action, "context": {**action["context"], **context}}


def _key_of(rule):
    return tuple(rule[name] or "" for name in KEYS)


def _id_of(key):
    """The set as the browser names it: the score band only where there is one."""
    return "|".join(key if key[-1] else key[:-1])


def _as_key(keys):
    """The keys of a set from what the browser sent: checked, never trusted."""
    if isinstance(keys, str):
        parts = keys.split("|")
        parts += [""] * (len(parts) == len(KEYS) - 1)
        return tuple(parts) if len(parts) == len(KEYS) else ()
    if isinstance(keys, dict):
        return tuple(str(keys.get(name) or "") for name in KEYS)
    return ()


def _code(rows):
    return rows[0].action_type_id.code


def _is_event(rule):
    return rule.anchor == "event" or rule.seq >= FIRST_EVENT_SEQ


def _step_of(steps, seq):
    """The step that holds ``seq``, or the first one after it; else the end."""
    for step, rows in steps:
        if rows[-1].seq >= seq:
            return step
    return "end"


def _edge(source, target, kind, label):
    return {"from": str(source), "to": str(target), "kind": kind, "label": label}
