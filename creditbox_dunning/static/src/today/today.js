import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

import { Component, onWillStart, useState } from "@odoo/owl";

/** The start page: what waits for a person, with counts and euro. */
export class DunningToday extends Component {
    static template = "creditbox_dunning.Today";
    static components = { Layout };
    static props = { ...standardActionServiceProps };
    static displayName = _t("Today");

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = { controlPanel: {} };
        this.state = useState({ data: null });
        onWillStart(() => this.load());
    }

    async load() {
        this.state.data = await this.orm.call("dunning.worklist", "get_today", []);
    }

    get todo() {
        return this.state.data.lists.filter((list) => list.count || list.elsewhere.count);
    }

    get done() {
        return this.state.data.lists.filter((list) => !list.count && !list.elsewhere.count);
    }

    open(list) {
        this.action.doAction(list.action);
    }

    namesOf(elsewhere) {
        return elsewhere.companies.map((one) => `${one.name}: ${one.count}`).join("\n");
    }

    /** Only who reads them without ticking the company is led there. */
    openElsewhere(ev, list) {
        ev.preventDefault();
        ev.stopPropagation();
        if (list.elsewhere.action) {
            this.action.doAction(list.elsewhere.action);
        }
    }

    openWarning(warning) {
        this.action.doAction(warning.action);
    }

    openCases() {
        this.action.doAction("creditbox_dunning.dunning_case_action");
    }
}

registry.category("actions").add("creditbox_dunning.today", DunningToday);
