import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

import { Component, onWillStart, useState } from "@odoo/owl";

import { layOut, NODE } from "./layout";

/** One set of an action table drawn as a graph; each node opens its cases. */
export class DunningWorkflow extends Component {
    static template = "creditbox_dunning.Workflow";
    static components = { Layout };
    static props = { ...standardActionServiceProps };
    static displayName = _t("Workflow");

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = { controlPanel: {} };
        this.node = NODE;
        this.kinds = [
            ["next", _t("next step")],
            ["ok", _t("after a good outcome")],
            ["ko", _t("after a bad outcome")],
            ["route", _t("what the action does by itself")],
        ];
        this.tones = [
            ["reminder", _t("reminder")],
            ["formal", _t("formal notice")],
            ["technical", _t("technical office")],
            ["agency", _t("agency")],
            ["agreement", _t("settlement or plan")],
            ["legal", _t("court")],
        ];
        this.state = useState({
            tables: [],
            table: null,
            sets: [],
            set: null,
            picture: null,
            label: "",
            total: 0,
            amount: "",
            here: null,
        });
        onWillStart(() => this.start());
    }

    async start() {
        const context = this.props.action.context || {};
        // after a reload, or opened from the menu, the context may be anybody's
        const isTable = context.active_model === "dunning.action.table";
        const asked = isTable && Number.isInteger(context.active_id) && context.active_id;
        this.state.tables = await this.orm.call(
            "dunning.action.table",
            "get_workflow_tables",
            [asked || false]
        );
        const wanted = this.state.tables.find((table) => table.id === asked);
        this.state.here = (wanted && context.workflow_step) || null;
        const table = wanted || this.state.tables[0];
        if (table) {
            await this.chooseTable(table.id, wanted && context.workflow_set);
        }
    }

    async chooseTable(id, set) {
        this.state.table = Number(id);
        this.state.sets = await this.orm.call(
            "dunning.action.table",
            "get_workflow_sets",
            [this.state.table]
        );
        const known = this.state.sets.find((one) => one.id === set);
        const first = known || this.state.sets[0];
        if (first) {
            await this.chooseSet(first.id);
        } else {
            this.state.picture = null;
        }
    }

    async chooseSet(id) {
        this.state.set = id;
        const workflow = await this.orm.call("dunning.action.table", "get_workflow", [
            this.state.table,
            id,
        ]);
        this.state.label = workflow.label;
        this.state.total = workflow.total;
        this.state.amount = workflow.amount;
        this.state.picture = layOut(workflow);
    }

    onTable(ev) {
        this.state.here = null;
        return this.chooseTable(ev.target.value);
    }

    onSet(ev) {
        this.state.here = null;
        return this.chooseSet(ev.target.value);
    }

    describe(node) {
        return [node.title, node.action, node.when, node.amounts, this.casesOf(node)]
            .filter(Boolean)
            .join(". ");
    }

    casesOf(node) {
        return node.count ? _t("%(count)s cases, %(amount)s", node) : _t("no case");
    }

    open(node) {
        this.action.doAction(node.open);
    }
}

registry.category("actions").add("creditbox_dunning.workflow", DunningWorkflow);
