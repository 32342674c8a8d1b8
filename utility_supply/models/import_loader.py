from odoo import models

from .import_message import issue


class UtilityImportLoader(models.AbstractModel):
    """What all loaders share: fetch in bulk, judge each record, write in bulk.

    A loader is `utility.import.loader.<dataset>`. Records are dicts of the fields of
    `formats.datasets`, already converted. An empty cell says nothing: it never clears
    what Odoo knows. The same record again is "unchanged"; what changed is compared with
    the values in Odoo, not with the last file, so a row may come in any file.
    """

    _name = "utility.import.loader"
    _description = "Loader of acquired records"

    def _load(self, batch, records):
        """Apply ``records``.

        :param records: [(row number, record)], about one chunk
        :return: [(row number, 'created' | 'updated' | 'unchanged' | [Issue])]
        """
        facts = self._facts(batch, [record for _n, record in records])
        judged = self._classify(batch, records, facts, {})
        todo = [
            (number, record, judged[number])
            for number, record in records
            if isinstance(judged[number], str)
        ]
        if todo:
            judged.update(self._apply(batch, todo, facts) or {})
        return [(number, judged[number]) for number, _record in records]

    def _check(self, batch, records, known):
        """What ``_load`` would answer, without writing anything.

        :param known: {dataset: keys that other sheets of the same workbook bring}
        """
        facts = self._facts(batch, [record for _n, record in records])
        judged = self._classify(batch, records, facts, known)
        return [(number, judged[number]) for number, _record in records]

    def _groups(self, records):
        """Records that stand or fall together, for loading one by one."""
        return [[record] for record in records]

    def _facts(self, batch, records):
        """All that must be read from the database for ``records``, as a dict."""
        raise NotImplementedError

    def _classify(self, batch, records, facts, known):
        """{row number: outcome or [Issue]}, one record after the other."""
        return {
            number: self._judge(batch, record, facts, known)
            for number, record in records
        }

    def _judge(self, batch, record, facts, known):
        """The outcome that ``record`` would have, or its issues. Reads nothing."""
        raise NotImplementedError

    def _apply(self, batch, todo, facts):
        """Write ``todo`` ([(row number, record, outcome)]).

        :return: {row number: outcome or [Issue]} where it differs from the judgement
        """
        raise NotImplementedError

    # -- shared readers ------------------------------------------------------------

    def _values_of(self, records, name):
        """The distinct values of one field, blanks left out."""
        return list({record[name] for record in records if record.get(name)})

    def _by_key(self, model, key, batch, values):
        """{key value: record} of the batch's company, archived ones too."""
        if not values:
            return {}
        found = (
            self.env[model]
            .with_context(active_test=False)
            .search([("company_id", "=", batch.company_id.id), (key, "in", values)])
        )
        return {record[key]: record for record in found}

    def _known_or_issue(self, facts, known, dataset, code, field, value):
        """[] when ``value`` exists in ``facts`` or comes with the same workbook."""
        if value in facts or value in known.get(dataset, ()):
            return []
        return [issue(code, field, value)]

    def _changes(self, record, vals):
        """The part of ``vals`` that differs from what ``record`` holds."""
        changes = {}
        for name, value in vals.items():
            field = record._fields[name]
            current = record[name]
            if field.type == "many2one":
                current = current.id
            if field.type in ("float", "monetary"):
                if abs(current - value) >= 0.00001:
                    changes[name] = value
            elif (current or False) != (value or False):
                changes[name] = value
        return changes
