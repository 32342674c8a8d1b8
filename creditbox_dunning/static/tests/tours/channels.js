import { registry } from "@web/core/registry";

const BACK = {
    content: "back to the list",
    trigger: ".o_control_panel .breadcrumb-item.o_back_button a",
    run: "click",
};

registry.category("web_tour.tours").add("creditbox_order_leaves", {
    url: "/odoo/technical-orders",
    steps: () => [
        {
            content: "the order waits to be sent",
            trigger: ".o_list_view .o_data_row:contains('Distributore') .o_data_cell, .o_list_view .o_data_row .o_data_cell[name='name']",
            run: "click",
        },
        {
            content: "its form says of which supply it is",
            trigger: ".o_form_view [name='point_code'] span:not(:empty)",
        },
        {
            content: "the clerk writes the file",
            trigger: ".o_form_view button[name='action_send']",
            run: "click",
        },
        {
            content: "the file is there, with its row",
            trigger: ".o_form_view [name='row_count']:contains('1'), .o_list_view .o_data_row [name='row_count']:contains('1')",
        },
        {
            content: "and can be opened",
            trigger: "button[name='action_download']",
        },
        BACK,
        {
            content: "the order was sent with it",
            trigger: ".o_form_view .o_statusbar_status [data-value='sent'].o_arrow_button_current",
        },
        {
            content: "its history says so",
            trigger: ".o_form_view [name='event_ids'] .o_data_row",
        },
        {
            content: "a clerk records no outcome of the technical office",
            trigger: "body:not(:has(.modal)) .o_form_view:not(:has(button[name='action_record_outcome']))",
        },
    ],
});

registry.category("web_tour.tours").add("creditbox_texts_and_providers", {
    url: "/odoo/dunning-texts",
    steps: () => [
        {
            content: "by what they are for",
            trigger: ".o_list_view .o_group_header .o_group_name",
            run: "click",
        },
        {
            content: "the standard texts",
            trigger: ".o_list_view .o_data_row .o_data_cell[name='name']",
            run: "click",
        },
        {
            content: "tried on a real case",
            trigger: ".o_form_view button[name='action_preview']",
            run: "click",
        },
        {
            content: "the text with the values of the case",
            trigger: ".modal [name='html'] :not(:empty), .modal [name='sms_text']",
        },
        {
            trigger: ".modal .btn[special='cancel'], .modal .o_form_button_cancel",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) .o_form_view .o_form_statusbar",
        },
        BACK,
        {
            trigger: ".o_list_view .o_data_row",
        },
    ],
});

registry.category("web_tour.tours").add("creditbox_pec_tray", {
    url: "/odoo/dunning-pec",
    steps: () => [
        {
            content: "what nobody understands waits",
            trigger: ".o_list_view .o_data_row .o_data_cell[name='kind'], .o_list_view .o_data_row .o_data_cell",
            run: "click",
        },
        {
            content: "it says why",
            trigger: ".o_form_view .alert-warning",
        },
        {
            content: "the clerk deals with it",
            trigger: ".o_form_statusbar button.btn-primary",
            run: "click",
        },
        {
            trigger: ".modal [name='note'] input",
            run: "edit Newsletter of the bank",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            // the dialog is a form view too: without it in the way, the page's own
            content: "and it waits no longer",
            trigger: "body:not(:has(.modal)) .o_form_view:not(:has(.alert-warning))",
        },
    ],
});
