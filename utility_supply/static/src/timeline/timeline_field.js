import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, useState } from "@odoo/owl";

/**
 * What happened to a record, newest first; each entry opens its document, and offers
 * its files (`files`: name and url) for download.
 */
export class TimelineField extends Component {
    static template = "utility_supply.TimelineField";
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
        this.state = useState({ showMinor: false });
    }

    get all() {
        return this.props.record.data[this.props.name] || [];
    }

    get entries() {
        return this.all.filter((entry) => this.state.showMinor || !entry.minor);
    }

    get minorCount() {
        return this.all.filter((entry) => entry.minor).length;
    }

    toggleMinor() {
        this.state.showMinor = !this.state.showMinor;
    }

    open(entry) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: entry.model,
            res_id: entry.id,
            views: [[false, "form"]],
        });
    }
}

registry.category("fields").add("utility_timeline", {
    component: TimelineField,
    supportedTypes: ["json"],
});
