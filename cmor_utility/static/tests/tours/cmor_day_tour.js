import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const menu = (name) => `[data-menu-xmlid='cmor_utility.${name}']`;

/** Opens an entry of a section of the CMOR app and waits for its list. */
function openMenu(section, entry, title) {
    return [
        { trigger: `.o_menu_sections ${menu(section)}`, run: "click" },
        { trigger: menu(entry), run: "click" },
        { trigger: `.o_control_panel .o_last_breadcrumb_item:contains('${title}')` },
    ];
}

registry.category("web_tour.tours").add("cmor_day", {
    url: "/odoo",
    steps: () => [
        stepUtils.showAppsMenuItem(),
        { trigger: `.o_app${menu("menu_root")}`, run: "click" },
        {
            content: "the app opens on the dashboard, both sides",
            trigger: ".o_cmor_dashboard [data-side='outgoing']",
        },
        { trigger: ".o_cmor_dashboard [data-side='incoming']" },
        // what waits for a person
        ...openMenu("menu_flows", "cmor_flow_record_waiting_menu", "Answers to check"),
        {
            content: "the answer about a practice that nobody knows waits",
            trigger: ".o_list_view .o_data_row .o_data_cell:contains('E99-00000001')",
            run: "click",
        },
        {
            content: "it says why, and what the row says",
            trigger: ".o_form_view .alert-danger [name='problem_text']:not(:empty)",
        },
        {
            content: "retry: nothing has changed, it goes on waiting",
            trigger: ".o_form_view button[name='action_retry']",
            run: "click",
        },
        {
            content: "set it aside",
            trigger: ".o_form_view button[name='action_set_aside']",
            run: "click",
        },
        {
            content: "with a reason",
            trigger: ".modal [name='reason'] input",
            run: "edit Pratica di un altro utente",
        },
        { trigger: ".modal button[name='action_apply']", run: "click" },
        {
            content: "the reason stays on the record",
            trigger:
                "body:not(:has(.modal)) .o_form_view [name='set_aside_reason']:contains('altro utente')",
        },
        // the refused practice needs an action: all that happened to it
        ...openMenu("menu_practices", "cmor_practice_menu", "Practices"),
        {
            trigger: ".o_list_view .o_data_row .o_data_cell:contains('TOUR-00000000')",
            run: "click",
        },
        {
            content: "the timeline",
            trigger: ".o_form_view .o_notebook .nav-link[name='events']",
            run: "click",
        },
        {
            content: "has the SII's answer in its own words",
            trigger:
                ".o_form_view .o_utility_timeline .o_utility_entry:contains('Campi obbligatori mancanti')",
        },
        // terms
        ...openMenu("menu_practices", "cmor_deadline_menu", "Deadlines"),
        {
            content: "the terms of the practices",
            trigger: ".o_list_view .o_data_row .o_data_cell[name='practice_id']:contains('SII000000000001')",
        },
        // the other side
        ...openMenu("menu_incoming", "cmor_practice_incoming_menu", "Incoming practices"),
        {
            content: "the customer whose CMOR the network has charged to us",
            trigger: ".o_list_view .o_data_row .o_data_cell:contains('SII000000000001')",
            run: "click",
        },
        {
            content: "goes on his bill",
            trigger: ".o_form_view button[name='action_charge_customer']",
            run: "click",
        },
        {
            content: "once",
            trigger: "body:not(:has(.modal)) .o_form_view:not(:has(button[name='action_charge_customer']))",
        },
    ],
});
