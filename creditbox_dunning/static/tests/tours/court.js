/* global luxon */
import { registry } from "@web/core/registry";

const AT = "MM/dd/yyyy HH:mm:ss";

// a manager opens a legal file, records a hearing, sees its term and the calendar
registry.category("web_tour.tours").add("creditbox_court", {
    url: "/odoo/legal-files",
    steps: () => [
        {
            content: "the file stands where its case is",
            trigger: ".o_kanban_group:contains('To prepare') .o_kanban_record:contains('LG/')",
            run: "click",
        },
        {
            content: "it says what comes first",
            trigger: ".o_form_view .alert:contains('record the first step')",
        },
        {
            trigger: ".o_form_view button[name='action_add_step']",
            run: "click",
        },
        {
            content: "a hearing",
            trigger: ".modal div[name='kind'] input, .modal div[name='kind'] select",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains('Hearing')",
            run: "click",
        },
        {
            content: "of today: the month in the calendar is this one",
            trigger: ".modal div[name='hearing_at'] input",
            run: `edit ${luxon.DateTime.now().toFormat(AT)}`,
        },
        {
            trigger: ".modal div[name='place'] input",
            run: "edit Aula 4",
        },
        {
            trigger: ".modal .modal-footer .o_form_button_save",
            run: "click",
        },
        {
            content: "its term is on the file",
            trigger:
                "body:not(:has(.modal)) div[name='step_ids'] .o_data_row td[name='due']:contains('Hearing')",
        },
        {
            content: "and is the next one",
            trigger: ".o_form_view div[name='next_deadline']:not(:empty)",
        },
        {
            content: "with a reminder",
            trigger: ".o-mail-Activity:contains('Hearing')",
        },
        {
            trigger: ".o_form_view button[name='action_open_calendar']",
            run: "click",
        },
        {
            content: "it stands in the calendar",
            trigger: ".o_calendar_view .fc-event:contains('Hearing')",
        },
    ],
});
