import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

import { Component, onWillStart, useState } from "@odoo/owl";

/** The figures of both sides; each number opens the records it was counted on. */
export class CmorDashboard extends Component {
    static template = "cmor_utility.Dashboard";
    static components = { Layout };
    static props = { ...standardActionServiceProps };
    static displayName = _t("CMOR dashboard");

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = { controlPanel: {} };
        this.state = useState({ data: null });
        onWillStart(() => this.load(true));
    }

    async load(onlyMine) {
        let data = await this.orm.call("cmor.dashboard", "get_data", [onlyMine]);
        if (onlyMine && !data.has_roles) {
            data = await this.orm.call("cmor.dashboard", "get_data", [false]);
        }
        this.state.data = data;
    }

    reload() {
        return this.load(this.state.data.only_mine);
    }

    toggle() {
        return this.load(!this.state.data.only_mine);
    }

    open(number) {
        this.action.doAction(number.action);
    }

    /** Width of a bar, out of the largest of its list. */
    width(number, list) {
        const most = Math.max(...list.map((item) => item.count), 1);
        const share = Math.round((100 * number.count) / most);
        return `width: ${number.count ? Math.max(2, share) : 0}%`;
    }
}

registry.category("actions").add("cmor_utility.dashboard", CmorDashboard);
