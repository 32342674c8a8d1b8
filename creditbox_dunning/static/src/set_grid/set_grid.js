import { registry } from "@web/core/registry";
import { listView } from "@web/views/list/list_view";
import { ListRenderer } from "@web/views/list/list_renderer";

/**
 * The grid of one set of an action table. A dragged row takes its whole step along and
 * the server numbers all the rows anew: so the list is read again afterwards.
 */
export class SetGridRenderer extends ListRenderer {
    async sortDrop(dataRowId, dataGroupId, params) {
        await super.sortDrop(dataRowId, dataGroupId, params);
        await this.props.list.load();
    }
}

registry.category("views").add("dunning_set_grid", {
    ...listView,
    Renderer: SetGridRenderer,
});
