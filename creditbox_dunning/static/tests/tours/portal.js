import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("creditbox_portal_customer", {
    url: "/my/overdue",
    steps: () => [
        {
            content: "the customer opens the overdue bill",
            trigger: ".list-group-item:contains('FT-A')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "how to pay is the first thing",
            trigger: "[name='payment_code']:contains('1111')",
        },
        {
            content: "instalments are asked for",
            trigger: "details[name='plan'] summary",
            run: "click",
        },
        {
            trigger: "details[name='plan'][open] input[name='instalments']",
            run: "edit 3",
        },
        {
            trigger: "details[name='plan'] textarea",
            run: "edit Posso pagare in tre volte?",
        },
        {
            trigger: "details[name='plan'] button[type='submit']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "and the page says that it arrived",
            trigger: ".alert-success",
        },
        {
            content: "and what was told",
            trigger: "ul li:contains('Payment plan asked for')",
        },
    ],
});
