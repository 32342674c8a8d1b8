import { registry } from "@web/core/registry";

// a manager looks at a customer's valuation, puts it on the watch list and takes it off
registry.category("web_tour.tours").add("creditbox_valuation", {
    url: "/odoo/valuations",
    steps: () => [
        {
            content: "the riskiest customer comes first",
            trigger: ".o_data_row:first td[name='partner_id']",
            run: "click",
        },
        {
            content: "the points are explained",
            trigger: "div[name='reason_text']:contains('points')",
        },
        {
            trigger: "button[name='action_watch']",
            run: "click",
        },
        {
            content: "it says so",
            trigger: ".alert-warning div[name='watch_text']",
        },
        {
            trigger: "button[name='action_seen']",
            run: "click",
        },
        {
            content: "off again, and the history tells who looked",
            trigger: "div[name='history_ids'] td:contains('Looked at')",
        },
    ],
});
