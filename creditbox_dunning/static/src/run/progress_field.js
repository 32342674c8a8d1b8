import { registry } from "@web/core/registry";
import { progressBarField, ProgressBarField } from "@web/views/fields/progress_bar/progress_bar_field";
import { onWillUnmount } from "@odoo/owl";

// how often the page of a run that is under way looks at it again
const EVERY = 3000;

/** A progress bar that reads the record again while `is_alive`. */
export class DunningProgressField extends ProgressBarField {
    setup() {
        super.setup();
        const timer = setInterval(() => this.look(), EVERY);
        onWillUnmount(() => clearInterval(timer));
    }

    async look() {
        const { record } = this.props;
        if (record.data.is_alive && record.resId && !document.hidden) {
            await record.load();
        }
    }
}

export const dunningProgressField = {
    ...progressBarField,
    component: DunningProgressField,
    fieldDependencies: [{ name: "is_alive", type: "boolean" }],
};

registry.category("fields").add("dunning_progress", dunningProgressField);
