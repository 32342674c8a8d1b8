import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const METHODS = {
    "dunning.case": "explain",
    "account.move": "explain_dunning",
};

/** Row status -> Bootstrap colour of its badge. */
const TONES = {
    done: "success",
    open: "warning",
    failed: "danger",
    skipped: "secondary",
    next: "primary",
    ahead: "info",
};

/**
 * The explanation of a case, or of a bill, on a day that the user chooses.
 *
 * Everything that is shown comes as text from the server, in the user's language.
 */
export class DunningWhy extends Component {
    static template = "creditbox_dunning.Why";
    static props = {
        resModel: String,
        resId: { type: [Number, Boolean] },
        stamp: { type: String, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ date: "", answer: null, failed: false });
        onWillStart(() => this.load(this.props));
        onWillUpdateProps((next) => {
            if (next.resId !== this.props.resId || next.stamp !== this.props.stamp) {
                return this.load(next);
            }
        });
    }

    async load({ resModel, resId }) {
        if (!resId) {
            this.state.answer = null;
            return;
        }
        this.state.failed = false;
        const args = [[resId], this.state.date || false];
        try {
            this.state.answer = await this.orm.call(resModel, METHODS[resModel], args);
        } catch (error) {
            this.state.answer = null;
            this.state.failed = error.data?.message || error.message;
        }
    }

    get cases() {
        const answer = this.state.answer;
        if (!answer) {
            return [];
        }
        return answer.cases || [answer];
    }

    tone(status) {
        return TONES[status] || "light";
    }

    async onDate(ev) {
        this.state.date = ev.target.value;
        await this.load(this.props);
    }

    async onToday() {
        this.state.date = "";
        await this.load(this.props);
    }

    openBill(line) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "account.move",
            res_id: line.move_id,
            views: [[false, "form"]],
        });
    }
}

/** On the form of a case: <widget name="dunning_why"/>. */
export class DunningWhyWidget extends Component {
    static template = "creditbox_dunning.WhyWidget";
    static components = { DunningWhy };
    static props = { ...standardWidgetProps };

    /** Changes whenever the case moved on: then the answer is asked again. */
    get stamp() {
        const { next_date, next_rule_id, state, amount_due } = this.props.record.data;
        return JSON.stringify([next_date, next_rule_id, state, amount_due]);
    }
}

registry.category("view_widgets").add("dunning_why", {
    component: DunningWhyWidget,
});

/** From the button of a bill: a client action in a dialog. */
export class DunningWhyAction extends Component {
    static template = "creditbox_dunning.WhyAction";
    static components = { DunningWhy };
    static props = { ...standardActionServiceProps };
}

registry.category("actions").add("creditbox_dunning.why", DunningWhyAction);
