import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { charField, CharField } from "@web/views/fields/char/char_field";

const WORDS = {
    sms: _t("Text message"),
    email: _t("E-mail"),
    pp: _t("Ordinary mail"),
    ar: _t("Registered letter"),
    pec: _t("PEC"),
    task: _t("By a person"),
    file: _t("By file"),
    event: _t("On an event"),
};

/**
 * The channels of a step, "ar + email" or "pec|ar", as people call them. Where they
 * are typed the codes stay.
 */
export class DunningChannelsField extends CharField {
    get formattedValue() {
        const value = super.formattedValue || "";
        return value
            .split("|")
            .map((choice) =>
                choice
                    .split("+")
                    .map((code) => String(WORDS[code.trim()] || code.trim()))
                    .join(" + ")
            )
            .join(_t(" or "));
    }
}

registry.category("fields").add("dunning_channels", {
    ...charField,
    component: DunningChannelsField,
});
