import { download } from "@web/core/network/download";
import { registry } from "@web/core/registry";

/** The workbook of a selection: posted, because a long selection fits no address. */
async function workbook(env, action) {
    await download({
        url: "/cmor_utility/practices.xlsx",
        data: { ids: JSON.stringify(action.params.ids) },
    });
}

registry.category("actions").add("cmor_utility.workbook", workbook);
