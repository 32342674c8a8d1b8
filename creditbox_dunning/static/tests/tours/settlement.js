import { registry } from "@web/core/registry";

const current = (state) => ({
    content: `it is ${state}`,
    trigger: `.o_form_view .o_statusbar_status [data-value='${state}'].o_arrow_button_current`,
});

// a clerk proposes less than the debt, from the case
registry.category("web_tour.tours").add("creditbox_settlement_ask", {
    steps: () => [
        {
            trigger: ".o_form_view button[name='action_propose_settlement']",
            run: "click",
        },
        {
            content: "what is owed is there already",
            trigger: ".o_form_view [name='capital']:contains('100')",
        },
        {
            content: "how much is enough",
            trigger: ".o_form_view [name='agreed'] input",
            run: "edit 80",
        },
        {
            trigger: ".o_form_view button[name='action_request']",
            run: "click",
        },
        current("waiting"),
        {
            content: "it says who has to decide",
            trigger: ".o_form_view [name='request_sentence']:not(:empty)",
        },
    ],
});

// the manager approves, and reads what the customer is told
registry.category("web_tour.tours").add("creditbox_settlement_approve", {
    steps: () => [
        {
            trigger: ".o_form_view button[name='action_approve']",
            run: "click",
        },
        current("approved"),
        {
            trigger: ".o_form_view button[name='action_open_record']",
            run: "click",
        },
        current("offered"),
        {
            content: "until when",
            trigger: ".o_form_view [name='valid_until']:not(:empty)",
        },
        {
            trigger: ".o_form_view .o_notebook .nav-link[name='messages']",
            run: "click",
        },
        {
            content: "the offer waits in the outbox",
            trigger: ".o_form_view [name='communication_ids'] .o_data_row",
        },
    ],
});

// money arrived and nobody matched it: the clerk does
registry.category("web_tour.tours").add("creditbox_settlement_paid", {
    url: "/odoo/settlements",
    steps: () => [
        {
            trigger: ".o_list_view .o_data_row .o_data_cell[name='name']",
            run: "click",
        },
        {
            content: "money lies there",
            trigger: ".o_form_view [name='money_words']:contains('80')",
        },
        {
            trigger: ".o_form_view button[name='action_match_payments']",
            run: "click",
        },
        {
            content: "asked before it is done",
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        current("paid"),
        {
            content: "what was given up is booked",
            trigger: ".o_form_view [name='loss']:contains('20')",
        },
        {
            trigger: ".o_form_view .o_notebook .nav-link[name='history']",
            run: "click",
        },
        {
            content: "and the history tells it",
            trigger: ".o_form_view [name='event_ids'] .o_data_row:contains('Paid and booked')",
        },
    ],
});

// a list of small credits is filled by a button and asked for
registry.category("web_tour.tours").add("creditbox_writeoff_propose", {
    url: "/odoo/write-offs",
    steps: () => [
        {
            trigger: ".o_control_panel .o_list_button_add",
            run: "click",
        },
        {
            trigger: ".o_form_view button[name='action_propose']",
            run: "click",
        },
        {
            content: "every credit is in it",
            trigger: ".o_form_view [name='included_ids'] .o_data_row:contains('Cliente C001')",
        },
        {
            trigger: ".o_form_view .o_notebook .nav-link[name='excluded']",
            run: "click",
        },
        {
            content: "or says why not",
            trigger: ".o_form_view [name='excluded_ids'] .o_data_row:contains('above the limit')",
        },
        {
            content: "by which law",
            trigger: ".o_form_view [name='law']:contains('101')",
        },
        {
            trigger: ".o_form_view button[name='action_request']",
            run: "click",
        },
        current("waiting"),
    ],
});

// whoever has the level approves it with others
registry.category("web_tour.tours").add("creditbox_writeoff_approve", {
    steps: () => [
        {
            trigger: ".o_list_view .o_list_record_selector input",
            run: "click",
        },
        {
            trigger: "button[name='action_decide_many']",
            run: "click",
        },
        {
            content: "how many, for how much",
            trigger: ".modal [name='amount_able']:not(:empty)",
        },
        {
            trigger: ".modal button[name='action_approve']",
            run: "click",
        },
        {
            content: "decided",
            trigger: ".modal .alert-success [name='count_done']:contains('1')",
        },
        {
            trigger: ".modal .modal-footer .btn-secondary",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal))",
        },
    ],
});
