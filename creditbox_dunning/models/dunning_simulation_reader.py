from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from zlib import crc32

from odoo import api, models
from odoo.tools import SQL

from ..rules.facts import CaseFacts, Done, Key
from ..rules.sets import choose_set, normal_key
from ..rules.simulation import Ledger, Receivable, replay
from .amounts import exact
from .dunning_facts import LEGAL_KINDS, PROVEN

ONE_DAY = timedelta(days=1)
# what is walked one after the other: supplies, then customers whose bills name none
PHASES = ("contract", "partner")


@dataclass(frozen=True)
class Setup:
    """What one chunk and the next have in common."""

    choose: object
    shifts: dict  # company id -> shift
    guards: dict  # company id -> guard
    assumptions: object
    prices: dict  # company id -> {channel: ((date, cost), ...)}
    types: dict  # action code -> id
    names: dict  # row id -> short description
    fingerprint: str


@dataclass(frozen=True)
class Place:
    """A chunk: ``keys`` of one ``phase`` (ids of contracts or partners)."""

    phase: str
    keys: tuple[int, ...]

    @property
    def last(self):
        return self.keys[-1]


@dataclass
class Group:
    """The receivables of one supply (or customer) of one company, as read."""

    company_id: int
    phase: str
    id: int
    partner_id: int
    contract_id: int | None = None
    service: str = ""
    customer_type: str = ""
    key: Key = field(default_factory=Key)
    lines: list = field(default_factory=list)


@dataclass(frozen=True)
class StandIn:
    """What the engine's readers ask of a case, for a case that never was."""

    contract_id: object
    partner_id: object


@dataclass(frozen=True)
class Replayed:
    """One replayed case and whose it is."""

    company_id: int
    key: tuple
    partner_id: int
    contract_id: int | None
    service: str
    customer_type: str
    is_sample: bool
    replay: object


class DunningSimulationReader(models.AbstractModel):
    """Reads the past in bulk and hands it to the pure replay. Writes nothing."""

    _name = "dunning.simulation.reader"
    _description = "Reader of the past for simulations"

    # what is the same for all chunks

    @api.model
    def _setup(self, simulation):
        """The rows, calendars, guards and prices of ``simulation``."""
        records = simulation.table_id.rule_ids
        rules = records._as_rules()
        companies = simulation.company_ids
        prices = self.env["dunning.channel.cost"]._prices_for(companies)
        years = range(simulation.date_from.year - 6, simulation.date_to.year + 3)
        facts, guard = self.env["dunning.facts"], self.env["dunning.guard"]
        types = self.env["dunning.action.type"]._by_code()
        return Setup(
            choose=self._chooser(rules),
            shifts={c.id: facts._shift_for(c, years) for c in companies},
            guards={c.id: guard._guard_for(c, simulation.date_to) for c in companies},
            assumptions=simulation._assumptions(),
            prices=prices,
            types={code: kind.id for code, kind in types.items()},
            names={rule.id: rule.short_description for rule in records},
            fingerprint=simulation._fingerprint_of(rules, prices),
        )

    def _chooser(self, rules):
        chosen = {}

        def choose(key):
            key = normal_key(key)
            if key not in chosen:
                chosen[key] = choose_set(rules, key)
            return chosen[key]

        return choose

    # chunks

    def _keys_sql(self, simulation, phase):
        """Ids to walk in ``phase``, one column ``id``."""
        if phase == "contract":
            return SQL(
                """
                SELECT id FROM utility_contract
                 WHERE company_id = ANY(%(companies)s)
                   AND (%(service)s IS NULL OR service = %(service)s)
                   AND (%(kind)s IS NULL OR customer_type = %(kind)s)
                """,
                companies=simulation.company_ids.ids,
                service=simulation.service or None,
                kind=simulation.customer_type or None,
            )
        return SQL(
            """
            SELECT DISTINCT line.partner_id AS id
              FROM account_move_line line
              JOIN account_move move ON move.id = line.move_id
             WHERE line.company_id = ANY(%(companies)s)
               AND line.display_type = 'payment_term'
               AND line.parent_state = 'posted'
               AND line.utility_contract_id IS NULL
               AND move.utility_contract_id IS NULL
               AND move.move_type IN ('out_invoice', 'out_refund')
               AND line.date_maturity < %(end)s
               AND line.partner_id IS NOT NULL
            """,
            companies=simulation.company_ids.ids,
            end=simulation.date_to,
        )

    def _phases(self, simulation):
        """A filter on the supply leaves out the bills that name none."""
        if simulation.service or simulation.customer_type:
            return PHASES[:1]
        return PHASES

    def _count_total(self, simulation):
        total = 0
        for phase in self._phases(simulation):
            rows = self.env.execute_query(
                SQL("SELECT COUNT(*) FROM (%s) keys", self._keys_sql(simulation, phase))
            )
            total += rows[0][0]
        return total

    def _next_place(self, simulation, size):
        """The chunk after the one that was finished last, or None at the end."""
        phases = self._phases(simulation)
        start = phases.index(simulation.phase) if simulation.phase in phases else 0
        for phase in phases[start:]:
            cursor = simulation.cursor if phase == simulation.phase else 0
            rows = self.env.execute_query(
                SQL(
                    "SELECT id FROM (%s) keys WHERE id > %s ORDER BY id LIMIT %s",
                    self._keys_sql(simulation, phase),
                    cursor,
                    size,
                )
            )
            if rows:
                return Place(phase, tuple(key for (key,) in rows))
        return None

    # one chunk

    def _replay(self, simulation, setup, place):
        """[Replayed] of a chunk, those without any overdue bill left out."""
        groups = self._read_groups(simulation, place)
        if not groups:
            return []
        ledgers = self._ledgers(simulation, groups)
        share = self._sample_share(simulation)
        found = []
        for group in groups:
            ledger = ledgers[group.company_id, group.id]
            result = replay(
                ledger,
                setup.choose,
                simulation.date_from,
                simulation.date_to,
                setup.shifts[group.company_id],
                setup.guards[group.company_id],
                setup.assumptions,
            )
            if not result.opened:
                continue
            found.append(
                Replayed(
                    group.company_id,
                    (group.phase, group.id),
                    group.partner_id,
                    group.contract_id,
                    group.service,
                    group.customer_type,
                    ledger.seed % 100_000 < share,
                    result,
                )
            )
        return found

    def _sample_share(self, simulation):
        """Of 100,000 cases so many are kept: by their number, never by chance."""
        total = simulation.count_total or 1
        return 100_000 * simulation.sample_size // total

    def _read_groups(self, simulation, place):
        """[Group] with the receivables that were open and overdue at some time."""
        rows = self.env.execute_query(self._lines_sql(simulation, place))
        groups = {}
        for company, owner, partner, *line in rows:
            group = groups.get((company, owner))
            if group is None:
                group = groups[company, owner] = Group(
                    company, place.phase, owner, partner
                )
            group.lines.append(line)
        groups = [g for g in groups.values() if any(ln[2] > 0 for ln in g.lines)]
        self._read_keys(groups)
        return groups

    def _lines_sql(self, simulation, place):
        """(company, owner, partner, id, due, balance, day of the bill, bill) of the
        receivables that matter in the period, oldest first.

        Left out: paid before the period began, or never overdue when they were paid.
        """
        own = (
            SQL("COALESCE(line.utility_contract_id, move.utility_contract_id)")
            if place.phase == "contract"
            else SQL("line.partner_id")
        )
        return SQL(
            """
            SELECT line.company_id, %(own)s, line.partner_id, line.id,
                   line.date_maturity, line.balance,
                   COALESCE(move.invoice_date, move.date), line.move_id
              FROM (%(candidates)s) candidate
              JOIN account_move_line line ON line.id = candidate.id
              JOIN account_move move ON move.id = line.move_id
             WHERE line.company_id = ANY(%(companies)s)
               AND line.display_type = 'payment_term'
               AND line.parent_state = 'posted'
               AND line.partner_id IS NOT NULL
               AND move.move_type IN ('out_invoice', 'out_refund')
               AND line.no_followup IS NOT TRUE
               AND COALESCE(move.payment_state, '') != 'blocked'
               AND %(own)s = ANY(%(keys)s)
               AND (line.balance < 0 OR line.date_maturity < %(end)s)
               AND (line.reconciled IS NOT TRUE
                    OR EXISTS (
                       SELECT 1 FROM account_partial_reconcile partial
                        WHERE (partial.debit_move_id = line.id
                               OR partial.credit_move_id = line.id)
                          AND partial.max_date >= %(start)s
                          AND (line.balance < 0
                               OR partial.max_date > line.date_maturity)))
          ORDER BY line.company_id, 2, line.date_maturity, line.id
            """,
            own=own,
            candidates=self._candidates_sql(place),
            companies=simulation.company_ids.ids,
            keys=list(place.keys),
            start=simulation.date_from,
            end=simulation.date_to,
        )

    def _candidates_sql(self, place):
        """Ids of journal items by the indexes that there are."""
        keys = list(place.keys)
        if place.phase == "partner":
            return SQL(
                """
                SELECT line.id FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                 WHERE line.partner_id = ANY(%s)
                   AND line.utility_contract_id IS NULL
                   AND move.utility_contract_id IS NULL
                """,
                keys,
            )
        return SQL(
            """
            SELECT line.id FROM account_move_line line
             WHERE line.utility_contract_id = ANY(%(keys)s)
             UNION
            SELECT line.id FROM account_move move
              JOIN account_move_line line ON line.move_id = move.id
             WHERE move.utility_contract_id = ANY(%(keys)s)
               AND line.utility_contract_id IS NULL
            """,
            keys=keys,
        )

    def _read_keys(self, groups):
        """The four keys of each group, as the engine makes them for a case."""
        contracts = self.env["utility.contract"].browse(
            [g.id for g in groups if g.phase == "contract"]
        )
        known = {contract.id: contract for contract in contracts}
        facts = self.env["dunning.facts"]
        partners = self.env["res.partner"].browse({g.partner_id for g in groups})
        partners = {partner.id: partner for partner in partners}
        for group in groups:
            contract = known.get(group.id) if group.phase == "contract" else None
            group.key = facts._key(StandIn(contract, partners[group.partner_id]))
            group.contract_id = contract.id if contract else None
            group.service = group.key.service
            group.customer_type = group.key.customer_type

    # ledgers

    def _ledgers(self, simulation, groups):
        """{(company, owner): Ledger} in a fixed number of statements."""
        line_ids = [line[0] for group in groups for line in group.lines]
        payments = self._read_payments(line_ids)
        missing = self._read_missing(groups)
        done, covered = {}, {}
        if simulation.with_history:
            done, covered = self._read_history(simulation, groups, line_ids)
        holds = self._read_holds(simulation, groups)
        supplies = self._read_supplies(simulation, groups)
        ledgers = {}
        for group in groups:
            place = group.company_id, group.id
            lines = {line[0] for line in group.lines}
            facts = CaseFacts(
                key=group.key,
                missing=missing[group.company_id, group.partner_id],
                done=tuple(done.get(place, ())),
                holds=holds.get(place, ()),
                supply=supplies.get(place),
            )
            ledgers[place] = Ledger(
                facts,
                tuple(
                    Receivable(
                        line_id,
                        due,
                        exact(balance),
                        day or due,
                        tuple(payments.get(line_id, ())),
                    )
                    for line_id, due, balance, day, _move in group.lines
                ),
                {i: ops for i, ops in covered.items() if i in lines} if covered else {},
                crc32(f"{group.phase}/{group.id}".encode()),
            )
        return ledgers

    def _read_payments(self, line_ids):
        """{receivable id: [(day, amount that lowered it)]}; credits are negative."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT debit_move_id, max_date, amount
                  FROM account_partial_reconcile WHERE debit_move_id = ANY(%(ids)s)
                 UNION ALL
                SELECT credit_move_id, max_date, -amount
                  FROM account_partial_reconcile WHERE credit_move_id = ANY(%(ids)s)
              ORDER BY 1, 2, 3
                """,
                ids=line_ids,
            )
        )
        found = defaultdict(list)
        for line_id, day, amount in rows:
            found[line_id].append((day, exact(amount)))
        return found

    def _read_missing(self, groups):
        """{(company id, partner id): {channel: why it cannot be used}}."""
        facts = self.env["dunning.facts"]
        companies = self.env["res.company"].browse({g.company_id for g in groups})
        partners = self.env["res.partner"].browse({g.partner_id for g in groups})
        company = {company.id: company for company in companies}
        partner = {partner.id: partner for partner in partners}
        pairs = {(group.company_id, group.partner_id) for group in groups}
        return {
            (a, b): facts._missing(partner[b], company[a].with_company(company[a]))
            for a, b in pairs
        }

    def _read_history(self, simulation, groups, line_ids):
        """What was done before the period for the bills that matter in it.

        :return: ({(company, owner): [Done]}, {receivable id: operations})
        """
        owner = {
            line[0]: (group.company_id, group.id)
            for group in groups
            for line in group.lines
        }
        done, covered = defaultdict(list), defaultdict(set)
        seen = set()
        for row in self._history_rows(simulation, line_ids):
            line_id, action, rule, code, op, state, executed, effective = row
            if state == "done":
                covered[line_id].add(op)
            place = owner[line_id]
            if (place, action) in seen:
                continue
            seen.add((place, action))
            done[place].append(
                Done(rule, code, op, state, executed, effective or executed)
                if state == "done"
                else Done(rule, code, op, state, executed)
            )
        self._read_notices(simulation, groups, done, covered)
        for actions in done.values():
            actions.sort(key=lambda d: d.executed)
        return done, {line: frozenset(ops) for line, ops in covered.items()}

    def _history_rows(self, simulation, line_ids):
        """Own actions before the period: a letter still on its way counts as done."""
        return self.env.execute_query(
            SQL(
                """
                SELECT item.move_line_id, action.id, action.rule_id, kind.code,
                       action.op,
                       CASE action.state WHEN 'failed' THEN 'failed' ELSE 'done' END,
                       action.executed_date, action.effective_date
                  FROM dunning_action_item item
                  JOIN dunning_action action ON action.id = item.action_id
                  JOIN dunning_action_type kind ON kind.id = action.action_type_id
                 WHERE item.move_line_id = ANY(%s)
                   AND action.executed_date < %s
                   AND action.state IN ('done', 'executing', 'failed')
              ORDER BY action.executed_date, action.id, item.move_line_id
                """,
                line_ids,
                simulation.date_from,
            )
        )

    def _read_notices(self, simulation, groups, done, covered):
        """Notices of others before the period that name one of the bills."""
        moves = defaultdict(list)
        for group in groups:
            for line in group.lines:
                moves[line[4]].append((line[0], (group.company_id, group.id)))
        notices = self.env["utility.notice"].search(
            [
                ("move_ids", "in", list(moves)),
                ("sent_date", "<", simulation.date_from),
                ("source", "!=", "dunning"),
                ("kind", "in", list(PROVEN)),
            ],
            order="sent_date, id",
        )
        for notice in notices:
            legal = notice.kind in LEGAL_KINDS
            if legal and not (notice.is_formal_notice and notice.notified_date):
                continue
            op, code = PROVEN[notice.kind]
            places = set()
            for move in notice.move_ids.ids:
                for line_id, place in moves.get(move, ()):
                    covered[line_id].add(op)
                    places.add(place)
            for place in places:
                day = notice.sent_date
                effective = notice.notified_date or day
                done[place].append(Done(None, code, op, "done", day, effective))

    def _read_holds(self, simulation, groups):
        """{(company, owner): holds that touch the period}."""
        return {}

    def _read_supplies(self, simulation, groups):
        """{(company, owner): what the legal guard knows of the supply}."""
        return {}
