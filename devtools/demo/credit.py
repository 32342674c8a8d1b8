"""The demonstration's people of the credit department: what they do, and its proof.

Each of them uses only what their own group allows, through the methods behind the
buttons.
"""

from collections import Counter, defaultdict
from datetime import timedelta

from .check import Line

#: days after which a registered letter or a PEC is recorded as sent and delivered
POSTED, ARRIVED = 1, 4


def as_user(demo, login, company):
    """An environment of a user of the demonstration, working in ``company``."""
    return demo.env(
        user=demo.users[login],
        context={"allowed_company_ids": company.ids, "lang": "it_IT"},
    )


def record_letters(demo, company, day):
    """The clerk records the letters that were posted and have arrived by ``day``."""
    env = as_user(demo, "operatore", company)
    waiting = env["dunning.action"].search(
        [
            ("company_id", "=", company.id),
            ("state", "=", "executing"),
            ("planned_date", "<=", day - timedelta(days=ARRIVED)),
            # the letters of those who left stay open: the independent reckoning of
            # their claims knows only the notices of the past
            ("contract_id.supply_state", "!=", "ceased"),
        ]
    )
    letters = waiting.filtered(
        lambda action: action.communication_ids.filtered(
            # PEC by the mailbox of the demonstration bring their own receipts
            lambda message: message.channel in ("ar", "pec") and not message.provider_id
        )
    )
    for planned, actions in letters.grouped("planned_date").items():
        env["dunning.outcome.wizard"].create(
            {
                "action_ids": actions.ids,
                "result": "notified",
                "sent_date": planned + timedelta(days=POSTED),
                "notified_date": planned + timedelta(days=ARRIVED),
                "note": "Registro della posta della dimostrazione",
            }
        ).action_confirm()
    return len(letters)


def day_of_work(demo, company):
    """Suspensions, a moratorium and approvals: what a day brings."""
    clerk = as_user(demo, "operatore", company)
    cases = clerk["dunning.case"].search(
        [
            ("company_id", "=", company.id),
            ("state", "=", "open"),
            ("contract_id", "!=", False),
        ],
        order="id",
    )
    holds = clerk["dunning.hold"]
    asked = []
    if len(cases) >= 4:
        bill = cases[2].line_ids.move_id[:1]
        asked = [
            ("case", cases[0].ids, "complaint", "Reclamo scritto sui consumi"),
            ("case", cases[1].ids, "payment_communicated", "Dice di aver pagato ieri"),
            ("bill", bill.ids, "bill_disputed", "Contesta la lettura"),
        ]
    for scope, ids, reason, note in asked:
        holds.suspend(scope, ids, reason, note=note)
    manager = as_user(demo, "responsabile", company)
    requests = manager["dunning.approval.request"].search(
        [("company_id", "=", company.id), ("state", "=", "pending")]
    )
    if requests:
        half = requests[: (len(requests) + 1) // 2]
        half.action_approve("Verificato il saldo della dimostrazione")
    demo.env.cr.commit()
    return {scope: (ids, reason) for scope, ids, reason, _note in asked}


def decisions(env, company):
    """Lines that must hold whatever the people did: nobody decided on their own ask."""
    log = env["dunning.approval.decision"].search([("company_id", "=", company.id)])
    own = log.filtered(
        lambda entry: (
            entry.kind == "approved" and entry.user_id in entry.request_id.asker_ids
        )
    )
    yield Line("approvals given to oneself", len(own), 0)
    protected = env["dunning.action"].search(
        [
            ("company_id", "=", company.id),
            ("op", "in", ("limit", "reduce", "suspend", "deactivate")),
            ("state", "not in", ("skipped", "superseded")),
            ("case_id.contract_id.suspendibility", "=", "not_suspendible"),
        ]
    )
    yield Line("technical orders on protected supplies", len(protected), 0)
    cases = env["dunning.case"].search(
        [("company_id", "=", company.id), ("state", "!=", "closed")]
    )
    silent = cases.filtered(lambda case: not (case.sentence and case.next_reason))
    yield Line("open cases that do not say why", len(silent), 0)


def tables(demo):
    """(title, headings, rows) of what the credit department did."""
    requests = demo.env["dunning.approval.request"].search([])
    states = defaultdict(Counter)
    for request in requests:
        states[request.required_level][request.state] += 1
    order = ("pending", "approved", "refused", "lapsed", "cancelled")
    yield (
        "Approvals by level",
        ["level", *order],
        [
            [level, *(counts[state] for state in order)]
            for level, counts in sorted(states.items())
        ],
    )
    holds = Counter(
        (hold.company_id.name, hold.reason_id.with_context(lang="it_IT").name)
        for hold in demo.env["dunning.hold"].search([])
    )
    yield (
        "Suspensions",
        ["company", "reason", "count"],
        [[*key, count] for key, count in sorted(holds.items())],
    )
