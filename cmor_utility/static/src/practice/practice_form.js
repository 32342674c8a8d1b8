import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { parseXML } from "@web/core/utils/xml";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";

import { Component, onWillStart, useState, xml } from "@odoo/owl";

class PracticeFormController extends FormController {
    static props = { ...FormController.props, onTurned: Function };

    async onPagerUpdate(params) {
        await super.onPagerUpdate(params);
        await this.props.onTurned(this.model.root.resId);
    }
}

/**
 * The form that the practice itself names: the two sides have a form each, and neither
 * an address typed by hand nor a list of both sides knows which one it opens.
 */
export class PracticeForm extends Component {
    static components = { PracticeFormController };
    static template = xml`
        <PracticeFormController t-key="shown.viewId" t-props="{ ...props, ...form }" onTurned.bind="choose"/>`;
    static props = ["*"];

    setup() {
        this.orm = useService("orm");
        this.views = useService("view");
        this.shown = useState({ viewId: this.env.config.viewId });
        this.form = {};
        // who may not read it is told so by the form, which knows what to propose
        onWillStart(() => this.choose(this.props.resId).catch(() => {}));
    }

    async choose(resId) {
        if (!resId) {
            return;
        }
        const { resModel, context } = this.props;
        const named = await this.orm.call(resModel, "get_formview_id", [[resId]]);
        const description = await this.views.loadViews({
            resModel,
            context,
            views: [[named, "form"]],
        });
        const { id, arch } = description.views.form;
        if (id !== this.shown.viewId) {
            const { fields, relatedModels } = description;
            const parser = new formView.ArchParser();
            const archInfo = parser.parse(parseXML(arch), relatedModels, resModel);
            // what was kept of another record is of no use to this one
            const state = resId === this.props.resId ? this.props.state : undefined;
            this.form = { resId, state, fields, relatedModels, archInfo };
            this.shown.viewId = id;
        }
    }
}

registry.category("views").add("cmor_practice_form", {
    ...formView,
    Controller: PracticeForm,
});
