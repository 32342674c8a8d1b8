from collections import Counter
from datetime import date

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.utility_supply.models.bulk import insert_rows, update_rows

from ..rules import score
from .amounts import exact
from .dunning_valuation import AGES

MONEY = (
    "exposure",
    "overdue",
    "not_due",
    *AGES,
    "credits",
    "billed",
    "guarantee",
    "left_debt",
)
# what may be unknown: then it is no zero, and no part of an average
UNKNOWN = ("dso", "days_late", "cover", "info_score")
NUMBERS = (
    "oldest_days",
    "broken_promises",
    "broken_plans",
    "returned_debits",
    "switches",
    "cmor_received",
    "score",
    "table_id",
)
WORDS = ("info_class", "info_date", "band")
DOCUMENTS = ("reasons", "serial")
# what a valuation says and last night's is held against
COMPARED = (*MONEY, *UNKNOWN, *NUMBERS, *WORDS, *DOCUMENTS, "is_serial")
WATCHED = ("is_watched", "watched_on", "worse", "watch_user_id")


class DunningValuation(models.Model):
    """How the valuations of a chunk are made: read, rated, and what changed written."""

    _inherit = "dunning.valuation"

    @api.model
    def _value(self, company, partner_ids, today):
        """Value the customers ``partner_ids`` of ``company`` on ``today``.

        The number of statements does not depend on how many they are; rows that say
        what they said are not touched. Returns a Counter (customers, rows, changed,
        worse). The caller commits.
        """
        me = self.sudo()
        table = self.env["dunning.score.table"]._published_for(company)
        facts = self.env["dunning.valuation.facts"].sudo()
        figures = facts._collect(company, partner_ids, today, table.switch_months)
        known = me._read_known(company, partner_ids)
        made, changed, judged = [], {}, []
        limits, plain = table._as_limits(), table._as_table()
        for key, values in figures.items():
            row = me._rated(key, values, table.id, plain, limits)
            old_id, old = known.get(key, (None, None))
            if old_id is None:
                made.append((key, row))
            elif any(row[name] != old[name] for name in COMPARED):
                changed[old_id] = row
            else:
                continue
            judged.append((key, old, row))
        worse = me._worse(judged, known, limits)
        me._write_made(company, made, today)
        me._write_changed(changed, today, worse)
        return Counter(
            customers=len(partner_ids),
            rows=len(figures),
            changed=len(made) + len(changed),
            worse=len(worse),
        )

    @api.model
    def _bands(self, company_ids, partner_ids):
        """{(company id, customer id): band} of whole customers, in one statement."""
        self.env["dunning.valuation"].flush_model()
        return {
            (company, partner): band
            for company, partner, band in self.env.execute_query(
                SQL(
                    "SELECT company_id, partner_id, band FROM dunning_valuation"
                    " WHERE company_id = ANY(%s) AND partner_id = ANY(%s)"
                    " AND contract_id IS NULL",
                    list(company_ids),
                    list(partner_ids),
                )
            )
        }

    def _read_known(self, company, partner_ids):
        """{(customer, contract or None): (id, {field: value})} of last night."""
        rows = self.env.execute_query(
            SQL(
                "SELECT partner_id, contract_id, id, %s FROM dunning_valuation"
                " WHERE company_id = %s AND partner_id = ANY(%s)",
                SQL(", ").join(SQL.identifier(name) for name in COMPARED),
                company.id,
                partner_ids,
            )
        )
        return {
            (partner, contract): (id_, _as_kept(dict(zip(COMPARED, told, strict=True))))
            for partner, contract, id_, *told in rows
        }

    def _rated(self, key, values, table_id, plain, limits):
        """The row of ``key``: figures, points, reasons, as the table keeps them."""
        told = score.rate(values, plain)
        serial = ()
        if key[1] is None:
            serial = score.serial(
                values["switches"], values["left_debt"], values["cmor_received"], limits
            )
        return {
            **{name: float(values[name]) for name in MONEY},
            **{name: _number(values[name]) for name in UNKNOWN},
            **{name: values[name] or 0 for name in NUMBERS[:-2]},
            "info_class": values["info_class"] or None,
            "info_date": values["info_date"],
            "score": told.points,
            "band": told.band,
            "table_id": table_id,
            "reasons": [
                {"measure": why.measure, "value": str(why.value), "points": why.points}
                for why in told.reasons
            ],
            "serial": [[code, str(value)] for code, value in serial],
            "is_serial": bool(serial),
        }

    def _worse(self, judged, known, limits):
        """{id of the valuation: what got worse}, of whole customers only."""
        found = {}
        for (partner, contract), old, row in judged:
            if contract is None and old is not None:
                why = score.worsening(_standing(old), _standing(row), limits)
                if why:
                    id_, _old = known[partner, None]
                    found[id_] = [[code, str(a), str(b)] for code, a, b in why]
        return found

    def _write_made(self, company, made, today):
        records = insert_rows(
            self,
            [
                {
                    "company_id": company.id,
                    "partner_id": partner,
                    "contract_id": contract,
                    "date": today,
                    **row,
                }
                for (partner, contract), row in made
            ],
        )
        self._add_history(
            company,
            [
                (id_, row)
                for id_, (_key, row) in zip(records.ids, made, strict=True)
                if row["score"]
            ],
            today,
        )

    def _write_changed(self, changed, today, worse):
        """Write the rows that changed, their history, and the watch list."""
        if not changed:
            return
        company = self.browse(next(iter(changed))).company_id
        rated = self._read_rated(changed)
        update_rows(self, {id_: {**row, "date": today} for id_, row in changed.items()})
        self._add_history(
            company,
            [
                (id_, row)
                for id_, row in changed.items()
                if rated[id_] != (row["score"], row["band"])
            ],
            today,
        )
        self._put_on_watch(worse, today)

    def _read_rated(self, changed):
        rows = self.env.execute_query(
            SQL(
                "SELECT id, score, band FROM dunning_valuation WHERE id = ANY(%s)",
                list(changed),
            )
        )
        return {id_: (points, band) for id_, points, band in rows}

    def _add_history(self, company, pairs, today):
        """One line for each score that is another than before."""
        insert_rows(
            self.env["dunning.valuation.history"],
            [
                {
                    "valuation_id": id_,
                    "company_id": company.id,
                    "date": today,
                    "kind": "score",
                    "score": row["score"],
                    "band": row["band"],
                    "exposure": row["exposure"],
                    "overdue": row["overdue"],
                    "reasons": row["reasons"],
                }
                for id_, row in pairs
            ],
        )


def _standing(row):
    """(points, band, overdue) as ``rules.score.worsening`` compares them."""
    return row["score"], row["band"], exact(row["overdue"])


def _number(value):
    return None if value is None else float(value)


def _as_kept(row):
    """A row of the database as :meth:`_rated` makes them: empty is one thing."""
    for name in MONEY:
        row[name] = float(row[name] or 0)
    for name in UNKNOWN:
        row[name] = _number(row[name])
    for name in NUMBERS:
        row[name] = row[name] or 0
    for name in DOCUMENTS:
        row[name] = row[name] or []
    row["info_class"] = row["info_class"] or None
    row["info_date"] = row["info_date"] if isinstance(row["info_date"], date) else None
    row["is_serial"] = bool(row["is_serial"])
    return row
