import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

/** Opens an app, one of its sections and an entry of the section, by menu XML ids. */
function openMenu(app, section, entry) {
    const steps = [
        stepUtils.showAppsMenuItem(),
        { trigger: `.o_app[data-menu-xmlid='${app}']`, run: "click" },
        { trigger: `.o_menu_sections [data-menu-xmlid='${section}']`, run: "click" },
    ];
    if (entry) {
        steps.push({ trigger: `[data-menu-xmlid='${entry}']`, run: "click" });
    }
    return steps;
}

/** Puts the workbook that the test serves into the file field of the dialog. */
async function chooseWorkbook() {
    const response = await fetch("/tour/first_way.xlsx");
    if (!response.ok) {
        throw new Error(`The workbook is not served: ${response.status}`);
    }
    const transfer = new DataTransfer();
    transfer.items.add(new File([await response.blob()], "first_way.xlsx"));
    const input = document.querySelector(".modal [name='data'] .o_input_file");
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
}

const WRONG = "RSSMRA80A01H501X";
const RIGHT = "RSSMRA80A01H501U";

registry.category("web_tour.tours").add("utility_first_way_upload", {
    url: "/odoo",
    steps: () => [
        ...openMenu(
            "utility_supply.menu_root",
            "utility_supply.menu_acquisition",
            "utility_supply.utility_import_upload_menu"
        ),
        {
            content: "choose the workbook",
            trigger: ".modal .o_field_widget[name='data']",
            run: chooseWorkbook,
        },
        {
            content: "the five sheets of the template are found",
            trigger: ".modal [name='line_ids'] .o_data_row:eq(4)",
        },
        {
            content: "load the good rows",
            trigger: ".modal button[name='action_apply']",
            run: "click",
        },
        {
            content: "one batch a sheet",
            trigger: "body:not(:has(.modal)) .o_list_view .o_data_row:eq(4)",
            timeout: 60000,
        },
        {
            content: "the rows that wait",
            trigger: ".o_menu_sections [data-menu-xmlid='utility_supply.menu_acquisition']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='utility_supply.utility_import_row_menu']",
            run: "click",
        },
        {
            content: "the reason names the sheet, the row and the column",
            trigger: `.o_data_row:contains('${WRONG}'):contains('Codice fiscale') button[name='action_correct']`,
            run: "click",
        },
        {
            content: "the wrong cell comes first",
            trigger: `.modal .o_data_row:eq(0) .o_data_cell[name='value']:contains('${WRONG}')`,
            run: "click",
        },
        {
            trigger: ".modal .o_data_row:eq(0) [name='value'] input",
            run: `edit ${RIGHT}`,
        },
        {
            content: "save and retry",
            trigger: ".modal button[name='action_retry']",
            run: "click",
        },
        {
            content: "it waits no longer",
            trigger: `body:not(:has(.modal)) .o_list_view:not(:contains('${WRONG}'))`,
        },
    ],
});

registry.category("web_tour.tours").add("utility_first_way_case_and_file", {
    url: "/odoo",
    steps: () => [
        ...openMenu(
            "creditbox_dunning.menu_root",
            "creditbox_dunning.menu_cases",
            "creditbox_dunning.dunning_case_menu"
        ),
        {
            content: "open the case of the customer who owes",
            trigger:
                ".o_data_row:contains('Cliente del percorso') .o_data_cell, .o_kanban_record:contains('Cliente del percorso')",
            run: "click",
        },
        {
            content: "one sentence says what comes next",
            trigger: ".o_form_view .alert [name='sentence']:not(:empty)",
        },
        {
            content: "and the next line says why",
            trigger: ".o_form_view .alert [name='next_reason']:not(:empty)",
        },
        {
            content: "what was done is listed",
            trigger: ".o_form_view .o_utility_timeline .o_utility_entry",
        },
        ...openMenu(
            "cmor_utility.menu_root",
            "cmor_utility.menu_flows",
            "cmor_utility.cmor_flow_file_menu"
        ),
        {
            content: "the request file lies ready",
            trigger: ".o_data_row .o_data_cell:contains('SI1.0050')",
            run: "click",
        },
        {
            content: "with its fingerprint",
            trigger: ".o_form_view [name='sha256']:not(:empty)",
        },
        {
            content: "download it",
            trigger: ".o_form_view button[name='action_download']",
            run: "click",
        },
        {
            content: "what is downloaded is the request",
            trigger: ".o_form_view",
            async run() {
                const id = location.pathname.split("/").at(-1);
                const url = `/web/content/cmor.flow.file/${id}/content?download=true`;
                const text = await (await fetch(url)).text();
                if (!text.startsWith("COD_SERVIZIO;")) {
                    throw new Error(`Not a request: ${text.slice(0, 80)}`);
                }
            },
        },
    ],
});
