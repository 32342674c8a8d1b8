import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const START = [
    stepUtils.showAppsMenuItem(),
    { trigger: ".o_app[data-menu-xmlid='creditbox_dunning.menu_root']", run: "click" },
    {
        content: "the app opens on Today",
        trigger: ".o_dunning_today .o_dunning_day_title:not(:empty)",
    },
];

registry.category("web_tour.tours").add("creditbox_daily_clerk", {
    url: "/odoo",
    steps: () => [
        ...START,
        {
            content: "what waits has its count and its euro",
            trigger:
                ".o_dunning_worklist[data-worklist='decide']:has(.o_dunning_amount:contains('70'))",
            run: "click",
        },
        {
            content: "the worklist has the case",
            trigger: ".o_list_view .o_data_row:contains('Cliente C9') .o_data_cell[name='name']",
            run: "click",
        },
        {
            content: "one sentence and one date",
            trigger:
                ".o_form_view .alert:has([name='sentence'] span:not(:empty)) [name='key_date']:not(:empty)",
        },
        {
            content: "everything that happened, in one list",
            trigger: ".o_form_view .o_utility_timeline .o_utility_entry",
        },
        {
            content: "a clerk starts no run from here",
            trigger: "body:not(:has(.modal)) .o_form_view:not(:has(button[name='action_plan_now']))",
        },
        {
            content: "the clerk takes the case over",
            trigger: ".o_form_view button[name='action_take_over']",
            run: "click",
        },
        {
            content: "and the button is gone",
            trigger: "body:not(:has(.modal)) .o_form_view:not(:has(button[name='action_take_over']))",
        },
        {
            content: "why",
            trigger: ".o_form_view .o_notebook .nav-link[name='why']",
            run: "click",
        },
        {
            content: "the explanation is there",
            trigger: ".o_form_view .o_notebook .tab-pane.active:not(:empty)",
        },
        {
            content: "back to the list",
            trigger: ".o_control_panel .breadcrumb-item.o_back_button a",
            run: "click",
        },
        {
            content: "search by what is said on the phone",
            trigger: ".o_list_view .o_data_row",
        },
        {
            trigger: ".o_searchview_input",
            run: "edit B9999",
        },
        {
            trigger: ".o_searchview_autocomplete .o-dropdown-item:contains('B9999'):first",
            run: "click",
        },
        {
            content: "found by its bill",
            trigger: ".o_searchview_facet:contains('B9999')",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('Cliente C9')",
        },
    ],
});

registry.category("web_tour.tours").add("creditbox_daily_manager", {
    url: "/odoo",
    steps: () => [
        ...START,
        {
            content: "the picture of the table",
            trigger: ".o_menu_sections [data-menu-xmlid='creditbox_dunning.menu_cases']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='creditbox_dunning.dunning_workflow_menu']",
            run: "click",
        },
        {
            content: "edges are drawn",
            trigger: ".o_dunning_workflow svg .o_dunning_edge:has(path[d^='M']) text:contains('wait')",
        },
        {
            content: "each node is a link with words for who cannot see",
            trigger: ".o_dunning_workflow a.o_dunning_node[aria-label][href]",
        },
        {
            content: "a node with cases opens them",
            trigger: ".o_dunning_workflow .o_dunning_node.o_dunning_busy",
            run: "click",
        },
        {
            content: "the cases of the node",
            trigger: ".o_list_view .o_data_row .o_data_cell[name='name']",
            run: "click",
        },
        {
            content: "a manager may plan now, and is asked first",
            trigger: ".o_form_view button[name='action_plan_now']",
            run: "click",
        },
        {
            content: "and says no",
            trigger: ".modal .modal-footer .btn-secondary",
            run: "click",
        },
        {
            content: "nothing happened",
            trigger: "body:not(:has(.modal)) .o_form_view [name='sentence']",
        },
        {
            content: "where it stands in the picture",
            trigger: ".o_form_view button[name='action_open_workflow']",
            run: "click",
        },
        {
            content: "its node is marked",
            trigger: ".o_dunning_workflow .o_dunning_node.o_dunning_here",
        },
    ],
});
