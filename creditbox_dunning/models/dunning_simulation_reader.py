from collections import defaultdict
from dataclasses import dataclass, field
from zlib import crc32

from odoo import api, models
from odoo.tools import SQL

from ..rules.facts import CaseFacts, Done, Key
from ..rules.sets import choose_set, normal_key
from ..rules.simulation import Ledger, Receivable, replay
from .amounts import exact
from .dunning_facts import LEGAL_KINDS, PROVEN

LINE_NAMES = ("id", "due", "balance", "known", "move")


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


@dataclass
class Group:
    """The receivables that one case would follow, as read.

    ``owner``: what the case is about, by the company's settings (a supply, a customer
    or a billing account). ``lines``: dicts, oldest first. ``number``: a number of its
    own within the chunk.
    """

    number: int
    company: object
    owner: str
    partner: object
    contract: object = None
    key: Key = field(default_factory=Key)
    lines: list = field(default_factory=list)

    @property
    def stand_in(self):
        """What the engine's readers ask of a case, for a case that never was."""
        return StandIn(self)


class StandIn:
    """Looks like a recovery case to those who only read one; is no record.

    Its id is below zero: nothing that was recorded for a real case is found for it.
    """

    billing_account = customer_type = service = False

    def __init__(self, group):
        self.id = -group.number
        self.company_id = group.company
        self.partner_id = group.partner
        self.contract_id = group.contract


@dataclass(frozen=True)
class Replayed:
    """One replayed case and whose it is."""

    company_id: int
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

    def _count_total(self, simulation):
        """Customers with bills that fell due before the end of the period."""
        rows = self.env.execute_query(
            SQL("SELECT COUNT(*) FROM (%s) keys", self._keys_sql(simulation))
        )
        return rows[0][0]

    def _keys_sql(self, simulation):
        """Ids of the customers to walk, one column ``id``."""
        return SQL(
            """
            SELECT partner.id
              FROM res_partner partner
             WHERE EXISTS (
                   SELECT FROM account_move_line line
                    WHERE line.partner_id = partner.id
                      AND line.company_id = ANY(%s)
                      AND line.display_type = 'payment_term'
                      AND line.parent_state = 'posted'
                      AND line.balance > 0
                      AND line.date_maturity < %s)
            """,
            simulation.company_ids.ids,
            simulation.date_to,
        )

    def _next_keys(self, simulation, size):
        """The customers after those that were finished last; [] at the end."""
        rows = self.env.execute_query(
            SQL(
                "%s AND partner.id > %s ORDER BY partner.id LIMIT %s",
                self._keys_sql(simulation),
                simulation.cursor,
                size,
            )
        )
        return [key for (key,) in rows]

    # one chunk

    def _replay(self, simulation, setup, keys):
        """[Replayed] of the customers ``keys``; cases that never opened left out."""
        groups = self._read_groups(simulation, keys)
        if not groups:
            return []
        ledgers = self._ledgers(simulation, groups)
        share = self._sample_share(simulation)
        found = []
        for group, ledger in zip(groups, ledgers, strict=True):
            result = replay(
                ledger,
                setup.choose,
                simulation.date_from,
                simulation.date_to,
                setup.shifts[group.company.id],
                setup.guards[group.company.id],
                setup.assumptions,
            )
            if not result.opened:
                continue
            found.append(
                Replayed(
                    group.company.id,
                    group.partner.id,
                    group.contract.id if group.contract else None,
                    group.key.service,
                    group.key.customer_type,
                    ledger.seed % 100_000 < share,
                    result,
                )
            )
        return found

    def _sample_share(self, simulation):
        """Of 100,000 cases so many are kept: by their number, never by chance."""
        total = simulation.count_total or 1
        return 100_000 * simulation.sample_size // total

    def _read_groups(self, simulation, keys):
        """[Group] with the receivables that were open and overdue at some time."""
        rows = self.env.execute_query(self._lines_sql(simulation, keys))
        found = {}
        for company, owner, partner, contract, *line in rows:
            group = found.setdefault((company, owner), (partner, set(), []))
            group[1].add(contract)
            group[2].append(dict(zip(LINE_NAMES, line, strict=True)))
        companies = self.env["res.company"].browse({key[0] for key in found})
        companies = {company.id: company for company in companies}
        partners = self.env["res.partner"].browse({p for p, _c, _l in found.values()})
        partners = {partner.id: partner for partner in partners}
        contracts = {c for _p, known, _l in found.values() for c in known if c}
        contracts = self.env["utility.contract"].browse(sorted(contracts))
        contracts = {contract.id: contract for contract in contracts}
        bands = self.env["dunning.valuation"]._bands(companies, partners)
        groups = []
        for (company, owner), (partner, known, lines) in found.items():
            if not any(line["balance"] > 0 for line in lines):
                continue
            group = Group(len(groups) + 1, companies[company], owner, partners[partner])
            group.lines = lines
            band = bands.get((company, partner), "")
            mine = [contracts[c] for c in known if c]
            self._read_key(group, mine, None in known, band)
            groups.append(group)
        return groups

    def _read_key(self, group, contracts, has_loose, band):
        """The supply that the case is about, if it is one, and its keys."""
        case = group.stand_in
        if len(contracts) == 1 and not has_loose:
            group.contract = case.contract_id = contracts[0]
        elif contracts:
            services = {contract.service for contract in contracts}
            case.contract_id = self.env["utility.contract"]
            case.customer_type = min(c.customer_type or "" for c in contracts)
            case.service = services.pop() if len(services) == 1 else False
        else:
            case.contract_id = self.env["utility.contract"]
        group.key = self.env["dunning.facts"]._key(case, band)

    def _lines_sql(self, simulation, keys):
        """The receivables of the customers ``keys`` that matter in the period.

        Columns: company, owner, customer, contract and LINE_NAMES, oldest first. Left
        out: paid before the period began, or never overdue when they were paid.
        """
        return SQL(
            """
            SELECT line.company_id, %(owner)s, line.partner_id, contract.id,
                   line.id, line.date_maturity, line.balance,
                   COALESCE(move.invoice_date, move.date), line.move_id
              FROM account_move_line line
              JOIN account_move move ON move.id = line.move_id
         LEFT JOIN utility_contract contract
                ON contract.id = COALESCE(line.utility_contract_id,
                                          move.utility_contract_id)
             WHERE line.partner_id = ANY(%(keys)s)
               AND line.company_id = ANY(%(companies)s)
               AND line.display_type = 'payment_term'
               AND line.parent_state = 'posted'
               AND move.move_type IN ('out_invoice', 'out_refund')
               AND line.no_followup IS NOT TRUE
               AND COALESCE(move.payment_state, '') != 'blocked'
               AND (%(service)s IS NULL OR contract.service = %(service)s)
               AND (%(kind)s IS NULL OR contract.customer_type = %(kind)s)
               AND (line.balance < 0 OR line.date_maturity < %(end)s)
               AND (line.reconciled IS NOT TRUE
                    OR EXISTS (
                       SELECT FROM account_partial_reconcile partial
                        WHERE partial.debit_move_id = line.id
                          AND partial.max_date >= %(start)s
                          AND partial.max_date > line.date_maturity)
                    OR line.balance < 0 AND EXISTS (
                       SELECT FROM account_partial_reconcile partial
                        WHERE partial.credit_move_id = line.id
                          AND partial.max_date >= %(start)s))
          ORDER BY line.company_id, 2, line.date_maturity, line.id
            """,
            owner=self._owner_sql(simulation.company_ids),
            keys=keys,
            companies=simulation.company_ids.ids,
            service=simulation.service or None,
            kind=simulation.customer_type or None,
            start=simulation.date_from,
            end=simulation.date_to,
        )

    def _owner_sql(self, companies):
        """What a receivable's case is about, by the settings of its company."""
        group_key = self.env["dunning.case"]._group_key_sql
        parts = [SQL("WHEN %s THEN (%s)", c.id, group_key(c)) for c in companies]
        return SQL("CASE line.company_id %s END", SQL(" ").join(parts))

    # ledgers

    def _ledgers(self, simulation, groups):
        """[Ledger] of ``groups`` in a fixed number of statements."""
        line_ids = [line["id"] for group in groups for line in group.lines]
        payments = self._read_payments(line_ids)
        done, covered = {}, {}
        if simulation.with_history:
            done, covered = self._read_history(simulation, groups, line_ids)
        holds = self._read_holds(simulation, groups)
        supplies = self._read_supplies(simulation, groups)
        missing = self.env["dunning.facts"]._missing
        ledgers = []
        for group in groups:
            facts = CaseFacts(
                key=group.key,
                missing=missing(group.partner, group.company),
                done=tuple(done.get(group.number, ())),
                holds=tuple(holds.get(group.number, ())),
                supply=supplies.get(-group.number),
            )
            ledgers.append(
                Ledger(
                    facts,
                    tuple(
                        Receivable(
                            line["id"],
                            line["due"],
                            exact(line["balance"]),
                            line["known"] or line["due"],
                            tuple(payments.get(line["id"], ())),
                        )
                        for line in group.lines
                    ),
                    {
                        line["id"]: covered[line["id"]]
                        for line in group.lines
                        if line["id"] in covered
                    },
                    crc32(group.owner.encode()),
                )
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

    def _read_history(self, simulation, groups, line_ids):
        """What was done before the period for the bills that matter in it.

        :return: ({group number: [Done]}, {receivable id: operations})
        """
        owner = {line["id"]: g.number for g in groups for line in g.lines}
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
                   AND action.rule_id IS NOT NULL
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
                moves[line["move"]].append((line["id"], group.number))
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
