"""What the web client asks of the server when a view opens, read from the views.

No browser: the same calls, with the same arguments, as the models of the web client's
list, kanban, pivot, graph, calendar and form make.
"""

import json
from datetime import timedelta
from types import SimpleNamespace

from lxml import etree

from odoo import fields
from odoo.fields import Domain
from odoo.tools.safe_eval import safe_eval

PAGE, COUNT_LIMIT, SUB_PAGE = 80, 10_001, 40
AGGREGATABLE = ("float", "integer", "monetary")
X2MANY = ("one2many", "many2many")


def actions_of(env, root="creditbox_dunning.menu_root"):
    """[(path of the menu, window action)] of what the user of ``env`` can open."""
    menus = env["ir.ui.menu"].load_web_menus(False)

    def walk(menu_id, path):
        menu = menus[menu_id]
        if menu.get("actionModel") == "ir.actions.act_window":
            action = env["ir.actions.act_window"].browse(menu["actionID"]).sudo()
            if action.target != "new" and action.view_mode != "form":
                yield path, action
        for child in menu["children"]:
            yield from walk(child, [*path, menus[child]["name"]])

    return list(walk(env.ref(root).id, []))


class Client:
    """One user in front of one window action."""

    def __init__(self, env, action):
        self.env = env
        self.model = env[action.res_model]
        if action.context:
            context = safe_eval(action.context, {"uid": env.uid, "active_id": False})
            self.model = self.model.with_context(**context)
        self.kinds = action.view_mode.split(",")
        search = (action.search_view_id.id, "search")
        views = {view.view_mode: view.view_id.id for view in action.view_ids}
        asked = [(views.get(kind, False), kind) for kind in self.kinds]
        found = self.model.get_views([*asked, search], {"toolbar": True})
        self.arch = {
            kind: etree.fromstring(view["arch"])
            for kind, view in found["views"].items()
        }
        self.action_domain = action.domain or "[]"
        self.domain, self.groupby = self._defaults()

    @classmethod
    def of_model(cls, env, model, domain=(), kinds=("list",), context=None):
        """In front of a model's own views, as a button or a worklist opens them."""
        action = SimpleNamespace(
            res_model=model,
            context=repr(context or {}),
            domain=repr(list(domain)),
            view_mode=",".join(kinds),
            search_view_id=env["ir.ui.view"],
            view_ids=(),
        )
        return cls(env, action)

    def open(self, kind):
        """All calls of the first page of a view of this ``kind``."""
        getattr(self, f"_open_{kind}")()
        for node in self.arch["search"].iter("searchpanel"):
            self._open_panel(node)

    def search(self, domain):
        """The list, with something typed into the search box; the ids found."""
        self.domain = Domain.AND([self._domain("[]"), Domain(domain)])
        found = self.page()
        return [row["id"] for row in found["records"]]

    def open_record(self, record_id):
        """The form of one record."""
        specification = self.specification(self.arch["form"], self.model)
        return self.model.browse(record_id).web_read(specification)

    # what the action says

    def _defaults(self):
        """(domain, groupings) of the action with the filters that it switches on."""
        domain, groupby = self._domain(self.action_domain), []
        for key, value in self.model.env.context.items():
            if not key.startswith("search_default_") or not value:
                continue
            name = key.removeprefix("search_default_")
            for node in self.arch["search"].xpath(f"//filter[@name='{name}']"):
                domain &= self._domain(node.get("domain") or "[]")
                context = safe_eval(node.get("context") or "{}")
                group = context.get("group_by") or []
                groupby += [group] if isinstance(group, str) else group
        return domain, groupby

    def _domain(self, text):
        names = {"uid": self.env.uid, "allowed_company_ids": self.env.companies.ids}
        return Domain(safe_eval(text, names))

    # what a view reads

    def specification(self, arch, model):
        """The fields of a view as `web_read` wants them, lines of x2many included."""
        found = {}
        for node in _own_fields(arch):
            field = model._fields.get(node.get("name"))
            if field is None:
                continue
            name, inner = field.name, {}
            if field.type in X2MANY:
                inner = self._lines(node, self.env[field.comodel_name])
            elif field.type in ("many2one", "many2one_reference"):
                inner = {"fields": {"display_name": {}}}
            found[name] = {**found.get(name, {}), **inner}
        return found

    def _lines(self, node, model):
        views = [child for child in node if child.tag in ("list", "kanban")]
        if not views:
            return {"fields": {"display_name": {}}} if node.get("widget") else {}
        limit = int(views[0].get("limit") or SUB_PAGE)
        order = views[0].get("default_order") or ""
        fields = self.specification(views[0], model)
        return {"fields": fields, "limit": limit, "order": order}

    def _sums(self, names):
        """Aggregates of the ``names`` that can be summed, with their currencies."""
        sums, money = [], []
        for name in dict.fromkeys(names):
            field = self.model._fields.get(name)
            if not field or field.type not in AGGREGATABLE or not field.aggregator:
                continue
            if not (field.store or self.model._table_query):
                continue
            sums.append(f"{name}:{field.aggregator}")
            if field.type == "monetary":
                currency = field.get_currency_field(self.model)
                money += [f"{currency}:array_agg_distinct", f"{name}:sum_currency"]
        return list(dict.fromkeys(sums + money))

    # views

    def page(self, kind="list"):
        """The first page of records: {length, records}."""
        arch = self.arch[kind]
        return self.model.web_search_read(
            list(self.domain),
            self.specification(arch, self.model),
            limit=int(arch.get("limit") or PAGE),
            order=arch.get("default_order"),
            count_limit=COUNT_LIMIT,
        )

    def _groups(self, arch, groupby, unfold):
        sums = self._sums(node.get("name") for node in _own_fields(arch))
        return self.model.with_context(read_group_expand=True).web_read_group(
            list(self.domain),
            groupby[:1] if not unfold else groupby,
            sums,
            limit=PAGE if not unfold else None,
            auto_unfold=unfold,
            unfold_read_specification=self.specification(arch, self.model),
            unfold_read_default_limit=PAGE if not unfold else SUB_PAGE,
        )

    def _open_list(self):
        arch = self.arch["list"]
        if self.groupby:
            return self._groups(arch, self.groupby, False)
        return self.page()

    def _open_kanban(self):
        arch = self.arch["kanban"]
        group = arch.get("default_group_by")
        groupby = self.groupby or ([group] if group else [])
        if not groupby:
            self.page("kanban")
            return
        self._groups(arch, groupby, True)
        for bar in arch.iter("progressbar"):
            self.model.read_progress_bar(
                list(self.domain),
                groupby[0],
                {"field": bar.get("field"), "colors": json.loads(bar.get("colors"))},
            )
            sums = self._sums([bar.get("sum_field")])
            self.model.formatted_read_group(list(self.domain), groupby, sums)

    def _axes(self, arch, kind):
        return [
            ":".join(filter(None, (node.get("name"), node.get("interval"))))
            for node in arch.iter("field")
            if node.get("type") == kind
        ]

    def _open_pivot(self):
        arch = self.arch["pivot"]
        rows = self.groupby or self._axes(arch, "row")
        columns = self._axes(arch, "col")
        # the page shows the first division of each axis and the totals
        sets = [
            [*rows[:depth], *columns[:width]]
            for depth in range(len(rows) + 1)
            for width in range(len(columns) + 1)
        ]
        sums = self._sums(self._axes(arch, "measure"))
        self.model.formatted_read_grouping_sets(
            list(self.domain), sets, [*sums, "__count"]
        )

    def _open_graph(self):
        arch = self.arch["graph"]
        axes = [
            ":".join(filter(None, (node.get("name"), node.get("interval"))))
            for node in arch.iter("field")
            if node.get("type") in (None, "row")
        ]
        sums = self._sums(self._axes(arch, "measure"))
        self.model.with_context(fill_temporal=True).formatted_read_group(
            list(self.domain), self.groupby or axes, [*sums, "__count"]
        )

    def _open_calendar(self):
        """The week or month around today, as the calendar reads it: without a limit."""
        arch = self.arch["calendar"]
        start, stop = arch.get("date_start"), arch.get("date_stop")
        today = fields.Date.today()
        first, days = today.replace(day=1) - timedelta(days=6), 42
        if arch.get("mode") == "week":
            first, days = today - timedelta(days=today.weekday()), 7
        last = first + timedelta(days=days - 1)
        domain = Domain(start, "<=", last) & Domain(stop or start, ">=", first)
        names = [node.get("name") for node in _own_fields(arch)]
        names += [start, *filter(None, (stop, arch.get("color")))]
        self.model.search_read(list(self.domain & domain), names)

    def _open_activity(self):
        activities = self.env["mail.activity"]
        activities.get_activity_data(self.model._name, list(self.domain), limit=100)

    def _open_form(self):
        record = self.model.search(self.domain, limit=1)
        if record:
            self.open_record(record.id)

    def _open_panel(self, node):
        for field in node.iter("field"):
            kind = "multi_range" if field.get("select") == "multi" else "range"
            getattr(self.model, f"search_panel_select_{kind}")(
                field.get("name"),
                enable_counters=bool(field.get("enable_counters")),
                expand=bool(field.get("expand")),
                search_domain=list(self.domain),
                limit=200,
            )


def _own_fields(arch):
    """The fields of a view that are not in a view inside one of them."""
    for node in arch.iter("field"):
        inside = any(
            parent.tag == "field" and parent is not arch
            for parent in node.iterancestors()
            if arch in parent.iterancestors() or parent is arch
        )
        if not inside:
            yield node
