import { registry } from "@web/core/registry";

// the clerk tries out a plan on a case and asks for it
registry.category("web_tour.tours").add("creditbox_plan_ask", {
    steps: () => [
        {
            content: "from the case",
            trigger: ".o_form_view .o_statusbar_buttons button[name='action_new_plan']",
            run: "click",
        },
        {
            content: "a new plan has a name that people understand",
            trigger: ".o_form_view .oe_title h1:contains('New plan')",
        },
        {
            content: "the simulation is there before anything is asked",
            trigger: ".o_form_view [name='simulation'] tbody tr:nth-child(6)",
        },
        {
            content: "fewer instalments",
            trigger: ".o_form_view [name='number'] input",
            run: "edit 4",
        },
        {
            trigger: ".o_form_view [name='note'] textarea, .o_form_view [name='months'] input",
            run: "click",
        },
        {
            content: "four now",
            trigger:
                ".o_form_view [name='simulation']:not(:has(tbody tr:nth-child(5))) tbody tr:nth-child(4)",
        },
        {
            content: "ask for it",
            trigger: ".o_form_view .o_statusbar_buttons button[name='action_ask']",
            run: "click",
        },
        {
            content: "it waits for somebody else, and says until when",
            trigger:
                ".o_form_view:has(.o_arrow_button_current[data-value='waiting']) .alert-info [name='held_until']:not(:empty)",
        },
    ],
});

// the manager decides
registry.category("web_tour.tours").add("creditbox_plan_approve", {
    steps: () => [
        {
            trigger: ".o_form_view .o_statusbar_buttons button[name='action_approve']",
            run: "click",
        },
        {
            content: "approved",
            trigger: ".o_form_view .o_arrow_button_current[data-value='approved']",
        },
    ],
});

// the clerk sends the offer
registry.category("web_tour.tours").add("creditbox_plan_send", {
    steps: () => [
        {
            content: "offered, with its days",
            trigger:
                ".o_form_view:has(.o_arrow_button_current[data-value='offered']) .alert-info [name='valid_until']:not(:empty)",
        },
        {
            trigger: ".o_form_view .o_statusbar_buttons button[name='action_send']",
            run: "click",
        },
        {
            content: "the history says how it leaves",
            trigger: ".o-mail-Message:contains('The offer leaves: E-mail')",
        },
    ],
});

// paid: it runs
registry.category("web_tour.tours").add("creditbox_plan_running", {
    steps: () => [
        {
            trigger: ".o_form_view .o_arrow_button_current[data-value='running']",
        },
        {
            content: "the first instalment is paid, the others are to come",
            trigger:
                ".o_form_view .o_notebook .nav-link[name='instalments'].active, .o_form_view .o_notebook .nav-link[name='instalments']",
            run: "click",
        },
        {
            trigger:
                ".o_form_view [name='instalment_ids'] .o_data_row:first-child .o_data_cell[name='state'] .text-bg-success",
        },
        {
            trigger:
                ".o_form_view [name='instalment_ids'] .o_data_row:nth-child(2) .o_data_cell[name='state'] .badge:not(.text-bg-success)",
        },
    ],
});
