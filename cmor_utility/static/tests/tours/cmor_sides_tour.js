import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const OUTGOING = ".o_form_view:has([name='window_open']):not(:has([name='notice_date']))";
const INCOMING = ".o_form_view:has([name='notice_date']):not(:has([name='window_open']))";
const menu = (name) => `[data-menu-xmlid='cmor_utility.${name}']`;

/** Opened at the address of an incoming practice, typed by hand. */
registry.category("web_tour.tours").add("cmor_sides", {
    steps: () => [
        { content: "the form of its side", trigger: INCOMING },
        stepUtils.showAppsMenuItem(),
        { trigger: `.o_app${menu("menu_root")}`, run: "click" },
        { trigger: `.o_menu_sections ${menu("menu_practices")}`, run: "click" },
        { trigger: menu("cmor_practice_work_menu"), run: "click" },
        {
            content: "the work list has both sides",
            trigger:
                ".o_list_view:has([name='side']:contains('Outgoing')) .o_data_cell[name='side']:contains('Incoming')",
            run: "click",
        },
        { content: "opened from it", trigger: INCOMING },
        {
            content: "the next one is of the other side",
            trigger: ".o_form_view .o_pager_next",
            run: "click",
        },
        { trigger: OUTGOING },
        { trigger: ".o_form_view .o_pager_previous", run: "click" },
        { trigger: INCOMING },
        {
            content: "and back to the list",
            trigger: ".o_breadcrumb .o_back_button, .breadcrumb-item.o_back_button",
            run: "click",
        },
        { trigger: ".o_list_view .o_data_cell[name='side']:contains('Outgoing')" },
    ],
});
