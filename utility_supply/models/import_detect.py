"""Which profiles read a file: by its sheets, else by its headings."""

from odoo import api, models

from ..formats import mapping, tabular
from ..formats.datasets import BY_SHEET
from ..formats.issues import FileRefused
from .import_message import issue


class UtilityImportProfile(models.Model):
    _inherit = "utility.import.profile"

    @api.model
    def _detect(self, company, filename, data):
        """The profiles for the file, in the order of loading.

        A workbook with sheets of the template: one for each sheet that holds rows.
        Anything else: the only profile of ``company`` whose needed columns are there.
        Raises FileRefused when the file is unusable or no profile fits.
        """
        sheets = tabular.list_sheets(data, filename)
        datasets = {BY_SHEET[s.casefold()] for s in sheets if s.casefold() in BY_SHEET}
        shipped = {profile.dataset: profile for profile in self._shipped()}
        found = [shipped[name] for name in self._datasets() if name in datasets]
        if found:
            filled = [p for p in found if p._has_rows(filename, data)]
            return self.concat(*(filled or found[:1]))
        return self._detect_by_headings(company, filename, data)

    def _has_rows(self, filename, data):
        """False when the sheet has headings and nothing below them."""
        options = self._spec().open_options()
        try:
            table = tabular.open_table(data, filename, **options)
            return next(iter(table.rows()), None) is not None
        except FileRefused:
            # the batch of this sheet will say what is wrong with it
            return True

    def _detect_by_headings(self, company, filename, data):
        candidates = self.search([("company_id", "in", [company.id, False])])
        fitting, refusals = self.browse(), []
        for profile in candidates:
            spec = profile._spec()
            try:
                table = tabular.open_table(data, filename, **spec.open_options())
                mapping.compile_profile(spec, table.headings, sheet=table.sheet)
            except FileRefused as refusal:
                refusals.append(refusal)
                continue
            fitting |= profile
        own = fitting.filtered(lambda profile: not profile.is_shipped)
        if len(own or fitting) == 1:
            return own or fitting
        if fitting:
            names = ", ".join(fitting.mapped("name"))
            raise FileRefused(issue("several_profiles", value=names))
        codes = {one.code for refusal in refusals for one in refusal.issues}
        if refusals and not codes & {"missing_sheet", "missing_column"}:
            raise refusals[0]
        raise FileRefused(issue("no_profile"))
