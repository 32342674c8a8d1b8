import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const menu = (name) => `[data-menu-xmlid='cmor_utility.${name}']`;

/** Opens an entry of a section of the CMOR app, or the section when it is an entry. */
function openMenu(section, entry) {
    const steps = [{ trigger: `.o_menu_sections ${menu(section)}`, run: "click" }];
    if (entry) {
        steps.push({ trigger: menu(entry), run: "click" });
    }
    return steps;
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
        ...openMenu("menu_flows", "cmor_flow_record_waiting_menu"),
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
        // a practice and all that happened to it
        ...openMenu("menu_practices", "cmor_practice_menu"),
        {
            trigger: ".o_list_view .o_data_row .o_data_cell:contains('TOUR/0')",
            run: "click",
        },
        {
            content: "the timeline",
            trigger: ".o_form_view .o_notebook .nav-link[name='events']",
            run: "click",
        },
        {
            content: "has the SII's answer with its code",
            trigger: ".o_form_view .o_utility_timeline .o_utility_entry:contains('SII')",
        },
        // terms
        ...openMenu("menu_practices", "cmor_deadline_menu"),
        {
            content: "the terms of the practices",
            trigger: ".o_view_controller.o_calendar_view, .o_list_view .o_data_row",
        },
        // the other side
        ...openMenu("menu_incoming", "cmor_practice_incoming_menu"),
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
            trigger: ".o_form_view:not(:has(button[name='action_charge_customer']))",
        },
    ],
});
