import { registry } from "@web/core/registry";

// a clerk sees what a case owes besides its bills, proposes it, asks to waive a part
registry.category("web_tour.tours").add("creditbox_interest_clerk", {
    url: "/odoo/dunning-cases",
    steps: () => [
        {
            trigger: ".o_data_row:contains('Cliente C001') .o_data_cell[name='name']",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_control_panel .o_cp_action_menus .fa-cog",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu .dropdown-item:contains('Interest and costs')",
            run: "click",
        },
        {
            content: "bill by bill, stretch by stretch: 21 days on the whole",
            trigger:
                ".modal [name='line_ids'] .o_data_row:has([name='days']:contains('20')):has([name='base']:contains('1,000.00'))",
        },
        {
            content: "then on what was left after the payment",
            trigger:
                ".modal [name='line_ids'] .o_data_row:has([name='days']:contains('40')):has([name='base']:contains('600.00'))",
        },
        {
            trigger: ".modal button[name='action_propose']",
            run: "click",
        },
        {
            content: "drafts, with who has to act",
            trigger:
                ".o_list_view .o_data_row:contains('B-1') td[name='confirm_hint']:contains('An accountant confirms')",
        },
        {
            content: "the smaller one is given up",
            trigger: ".o_list_view .o_data_row:contains('B-2') .o_list_record_selector input",
            run: "click",
        },
        {
            trigger: ".o_cp_action_menus .dropdown-toggle:contains('Actions')",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu .dropdown-item:contains('Ask to waive charges')",
            run: "click",
        },
        {
            trigger: ".modal div[name='reason'] textarea",
            run: "edit the bank was late",
        },
        {
            trigger: ".modal button[name='action_ask']",
            run: "click",
        },
        {
            content: "it says so",
            trigger:
                "body:not(:has(.modal)) .o_data_row:contains('B-2') td[name='waiver_state']:contains('Waiver requested')",
        },
    ],
});

// a manager decides on the waiver
registry.category("web_tour.tours").add("creditbox_interest_manager", {
    url: "/odoo/dunning-today",
    steps: () => [
        {
            trigger: ".o_dunning_worklist[data-worklist='approve']",
            run: "click",
        },
        {
            trigger: ".o_data_row:has([name='amount']:contains('0.60')) .o_data_cell[name='name']",
            run: "click",
        },
        {
            trigger: ".o_form_view button[name='action_approve']",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) .o_form_view:not(:has(button[name='action_approve']))",
        },
    ],
});

// an accountant confirms the other one, and exports the entries
registry.category("web_tour.tours").add("creditbox_interest_accountant", {
    url: "/odoo/dunning-charges",
    steps: () => [
        {
            content: "what was waived does not wait any more",
            trigger: ".o_list_view:not(:has(.o_data_row:contains('B-2')))",
        },
        {
            trigger: ".o_data_row:contains('B-1') .o_data_cell[name='ref']",
            run: "click",
        },
        {
            content: "day by day, nothing to ask of others",
            trigger:
                ".o_form_view:not(:has(div[name='confirm_hint'])) [name='stretch_ids'] .o_data_row",
        },
        {
            trigger: ".o_form_view button[name='action_confirm']",
            run: "click",
        },
        {
            trigger: ".o_form_view button[name='action_export']",
            run: "click",
        },
        {
            content: "the file for billing is there",
            trigger: ".o_form_view [name='charge_ids'] .o_data_row",
        },
    ],
});
registry.category("web_tour.tours").add("creditbox_interest_journal", {
    url: "/odoo/dunning-journal",
    steps: () => [
        {
            trigger: ".o_list_view button[name='action_export_waiting']",
            run: "click",
        },
        {
            content: "one file, in both forms",
            trigger: ".o_form_view button[name='action_download_xlsx']",
        },
        {
            trigger: ".o_form_view [name='charge_ids'] .o_data_row:contains('B-1')",
        },
    ],
});
