from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import LazyTranslate

from odoo.addons.utility_supply.models.bulk import update_rows

from ..formats.postal_job import Piece, build

_lt = LazyTranslate(__name__)

# rules of utility_supply's record layouts that a letter of ours may break, in words
RULES = {
    "not_pdf": _lt("there is no PDF: the server cannot make one"),
    "required": _lt("%(column)s is empty"),
    "too_long": _lt("%(column)s is too long: %(value)s"),
    "unencodable": _lt("%(column)s has letters that the file cannot carry: %(value)s"),
}
OTHER_RULE = _lt("%(column)s is not right: %(value)s")
# what of the index comes from the customer's address
ADDRESS = frozenset(
    {
        *("customer", "customer2", "street", "street2", "zip", "city"),
        *("province", "country", "country_name"),
    }
)


class DunningPostalJob(models.Model):
    """Letters looked at once more, then written into the files of a job."""

    _inherit = "dunning.postal.job"

    @api.model
    def _make(self, provider, company):
        """Make a job of the letters that wait; empty when none may go. Commits.

        What is no longer right goes back, a letter that cannot be printed is left out
        with its reason: neither stops the others.
        """
        outbox = self.env["dunning.outbox"]
        today = self.env["dunning.case"]._today(company)
        letters = self._get_letters(provider, company, today)
        outbox._commit()
        if not letters:
            return self.browse()
        form = provider._postal_form(company)
        number = self.env["ir.sequence"].with_company(company)
        name = number.next_by_code(self._name) or f"{provider.id}/{letters[0].id}"
        common = provider._postal_common(company, today)
        pieces = (letter._postal_piece(provider) for letter in letters)
        made = build(form, name, pieces, common)
        letters = {letter.key: letter for letter in letters}
        self._leave_out(form, letters, made.refused, provider)
        job = self._write_down(provider, company, name, letters, made)
        outbox._commit()
        return job

    def _get_letters(self, provider, company, today):
        """The letters of the next job, looked at again (paid, suspended, address)."""
        found = self.env["dunning.communication"].search(
            [*self._waiting_domain(provider), ("company_id", "=", company.id)],
            order="id",
            limit=provider.postal_max_letters or None,
        )
        outbox = self.env["dunning.outbox"]
        before = {letter.id: letter.address for letter in found}
        ready = found.browse()
        for channel, letters in found.grouped("channel").items():
            model = self.env["dunning.channel"]._of(channel)
            ready |= outbox._recheck(letters, model, today)
        changed = ready.filtered(
            lambda m: m.attachment_id and m.address != before[m.id]
        )
        changed._print_again(today)
        return ready.sorted("id")

    def _leave_out(self, form, letters, refused, provider):
        """Letters that cannot be in the job: in the tray, with the reason."""
        sources = {column.heading: column.source for column in form.index.columns}
        for one in refused:
            letter = letters[one.uuid]
            reason = self.env._(
                "Not given to %(provider)s: %(why)s.",
                provider=provider.name,
                why="; ".join(self._rule_text(issue) for issue in one.issues),
            )
            letter._move("failed", reason)
            if ADDRESS & {sources.get(issue.field) for issue in one.issues}:
                letter._tell_failure(reason, "bad_address")

    def _rule_text(self, issue):
        text = str(self.env._(RULES.get(issue.rule, OTHER_RULE)))
        return text % {"column": issue.field, "value": issue.value}

    def _write_down(self, provider, company, name, letters, made):
        """The job with its files, and its letters in it."""
        if not made.rows:
            return self.browse()
        job = self._guarded().create(
            {
                "name": name,
                "company_id": company.id,
                "provider_id": provider.id,
                "sha256": made.sha256,
                "letter_count": len(made.rows),
                "page_count": sum(row.pages for row in made.rows),
            }
        )
        files = self.env["ir.attachment"].create(
            [
                {
                    "name": file_name,
                    "raw": data,
                    "res_model": self._name,
                    "res_id": job.id,
                    "company_id": company.id,
                }
                for file_name, data in made.files
            ]
        )
        job.attachment_ids = [fields.Command.set(files.ids)]
        rows = {letters[row.uuid].id: row for row in made.rows}
        inside = self.env["dunning.communication"].browse(rows)
        update_rows(
            inside.browse(),
            {
                letter.id: {
                    "postal_job_id": job.id,
                    "postal_row": rows[letter.id].number,
                    "raw_id": letter.attachment_id.id,
                    "raw_sha256": rows[letter.id].sha256,
                }
                for letter in inside
            },
        )
        inside._move(
            "sending",
            self.env._("In job %(name)s.", name=name),
            tried_at=fields.Datetime.now(),
        )
        return job.with_env(self.env)


class DunningCommunication(models.Model):
    _inherit = "dunning.communication"

    def action_give_to_post(self):
        """Button: letters that waited for a person go with the next postal job."""
        self.check_access("read")
        self.env["dunning.case"]._check_is_operator(self)
        channels = self.env["dunning.postal.job"]._letter_channels()
        letters = self.filtered(
            lambda m: m.state == "to_send" and m.channel in channels
        )
        if not letters:
            raise UserError(self.env._("Choose letters that are still to be sent."))
        for company, group in letters.grouped("company_id").items():
            provider = self.env["dunning.service.provider"]._for("post", company)
            if not provider:
                raise UserError(
                    self.env._(
                        "%(company)s has no mail house: make a provider of kind Post"
                        " under Configuration.",
                        company=company.name,
                    )
                )
            group.sudo()._guarded().write({"provider_id": provider.id})
        self.env["dunning.outbox"]._wake()
        return True

    def _postal_piece(self, provider):
        """This letter as a `Piece` of a job."""
        self.ensure_one()
        pdf = self.attachment_id.raw or b""
        return Piece(self.key, self._postal_values(provider), pdf)

    def _postal_values(self, provider):
        """What the index may say of this letter (formats/work_file.py, "post")."""
        partner, case = self.partner_id, self.case_id
        is_registered = self.channel == "ar"
        firm = partner.parent_id if not partner.is_company else partner.browse()
        country = partner.country_id or self.company_id.country_id
        product = provider.postal_product_ar if is_registered else None
        return {
            "case": case.name,
            "customer_code": partner.billing_code or "",
            "customer": firm.name or partner.name or "",
            "customer2": partner.name if firm and partner.name else "",
            "tax_code": partner.l10n_it_codice_fiscale or partner.vat or "",
            "street": partner.street or "",
            "street2": partner.street2 or "",
            "zip": partner.zip or "",
            "city": partner.city or "",
            "province": partner.state_id.code or "",
            "country": country.code or "",
            "country_name": country.name or "",
            "amount": Decimal(f"{self.action_id.amount:.2f}"),
            "product": product or provider.postal_product_pp or "",
            "is_registered": int(is_registered),
            "ar_text": case.name,
        }

    def _print_again(self, today):
        """Letters whose address changed after they were printed; the old ones stay
        attached."""
        if not self:
            return
        files = self.env["dunning.letter"]._render(self, today)
        for letter in self:
            file = files[letter.id]
            attachment = self.env["ir.attachment"].create(
                {
                    "name": file.name,
                    "raw": file.content,
                    "mimetype": file.mimetype,
                    "res_model": self._name,
                    "res_id": letter.id,
                    "company_id": letter.company_id.id,
                }
            )
            letter._guarded().write({"attachment_id": attachment.id})
