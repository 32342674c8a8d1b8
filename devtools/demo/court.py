"""Legal files in the demonstration: six cases before the court, each at another point.

They come from the office that followed them before, so their steps lie in the past; the
step of the table is proposed and approved as any other, everything after it is recorded
by the manager with the buttons. The terms are reckoned once more here, by hand.
"""

import base64
from collections import Counter
from datetime import datetime, timedelta

import holidays

from odoo import Command

from .check import Line
from .credit import as_user

COURT = 10
#: above it the group decides
DIRECTOR = 10000
#: the steps of each file: (kind, days from today, more); days inside are from today too
STORIES = {
    "asked": [("injunction", -10, {"number": "Ing. 4120/2026", "cost_advanced": 145})],
    "notified": [
        (
            "injunction",
            -24,
            {"number": "Ing. 3987/2026", "notified_date": -10, "cost_advanced": 260},
        ),
        ("opposition", -3, {"number": "R.G. 7714/2026", "hearing_at": 60}),
    ],
    "precept": [
        (
            "injunction",
            -130,
            {
                "number": "Ing. 2871/2026",
                "notified_date": -118,
                "final_on": -40,
                "cost_advanced": 260,
            },
        ),
        # it was opposed, and the customer gave it up
        (
            "opposition",
            -95,
            {"number": "R.G. 5120/2026", "result": "rejected", "result_on": -45},
        ),
        ("precept", -12, {"notified_date": -8, "cost_advanced": 35}),
    ],
    "garnishment": [
        (
            "injunction",
            -230,
            {
                "number": "Ing. 1024/2026",
                "notified_date": -215,
                "final_on": -160,
                "cost_advanced": 379.5,
            },
        ),
        ("precept", -120, {"notified_date": -112, "cost_advanced": 35}),
        (
            "seizure",
            -30,
            {
                "number": "R.G.E. 512/2026",
                "notified_date": -24,
                "cost_advanced": 180,
                "note": "Presso terzi: il conto in banca",
            },
        ),
        ("hearing", -20, {"hearing_at": 12, "place": "Aula 4, secondo piano"}),
    ],
    "claim": [
        (
            "insolvency_claim",
            -5,
            {"number": "Liq. giud. 88/2026", "hearing_at": 70, "cost_advanced": 98},
        )
    ],
    "paid": [
        (
            "injunction",
            -230,
            {
                "number": "Ing. 998/2026",
                "notified_date": -220,
                "final_on": -165,
                "cost_advanced": 145,
            },
        ),
        ("precept", -60, {"notified_date": -55, "cost_advanced": 35}),
        ("recovered", 0, {"cost_refunded": 180, "note": "Ha pagato tutto"}),
    ],
}
#: what each is at the end, and what has to be watched: (due, days, start, pause, back)
STATES = {
    "asked": "injunction",
    "notified": "injunction",
    "precept": "precept",
    "garnishment": "seizure",
    "claim": "insolvency_claim",
    "paid": "recovered",
}
TERMS = {
    "asked": ("notify", 60, -10, False),
    # the customer opposed: its hearing, and no more the days to oppose
    "notified": ("appear", 0, 60, False),
    "precept": ("seize", 90, -8, False),
    "garnishment": ("sell", 45, -24, False),
    "claim": ("file", -30, 70, False),
}


def work(demo, company):
    """Six files of ``company``; returns the lines of the comparison."""
    manager = as_user(demo, "responsabile", company)
    # the address book is kept by others
    lawyers = demo.env["res.partner"].create(
        [
            {"name": "Avv. Livia Serra", "email": "serra@example.com"},
            {"name": "Avv. Marco Dolci", "email": "dolci@example.com"},
        ]
    )
    made = {}
    cases = list(choose(demo, company))
    for n, story in enumerate(STORIES):
        file = begin(demo, company, cases, STORIES[story][0][1])
        if not file:
            continue
        mine = manager["dunning.legal.file"].browse(file.id)
        mine.write(
            {
                "lawyer_id": lawyers[n % 2].id,
                "court": "Tribunale di Milano",
                "number": f"R.G. {1200 + n}/2026",
                "user_id": manager.uid,
                "note": "Ripreso dall'ufficio legale che lo seguiva prima.",
            }
        )
        if story == "paid":
            pay(demo, company, mine)
        for kind, day, more in STORIES[story]:
            record(demo, mine, kind, day, more)
        made[story] = mine
    for story in ("notified", "garnishment"):
        if story in made:
            made[story].action_take_dossier()
    demo.env.cr.commit()
    return list(compare(demo, made))


def choose(demo, company):
    """Open cases that nothing holds and no step is under way on, the largest that the
    director decides on first."""
    cases = demo.env["dunning.case"].search(
        [("company_id", "=", company.id), ("state", "=", "open")], order="id"
    )
    settled = demo.env["dunning.settlement"].search([]).case_id
    planned = demo.env["dunning.payment.plan"].search([]).case_id
    open_states = ("planned", "waiting_approval", "approved", "executing")
    free = (cases - settled - planned).filtered(
        lambda case: (
            case.amount_due <= DIRECTOR
            # without its supply the guard knows too little to let a case go to court
            and case.contract_id
            and not case.hold_count
            and not case.action_ids.filtered(
                lambda a: a.state in open_states or a.op == "legal"
            )
        )
    )
    return free.sorted(lambda case: (-case.amount_due, case.id))


def begin(demo, company, cases, first):
    """The file of the first case with bills that were due before its first step; what
    the guard or a suspension stops is left to wait."""
    day = demo.today + timedelta(days=first)
    for case in tuple(cases):
        lines = case.line_ids.filtered(
            lambda line: line.amount_residual > 0 and line.date_maturity < day
        )
        if lines:
            cases.remove(case)
            file = open_file(demo, company, case, lines)
            if file:
                file.sudo()._guarded().write({"opened_on": day})
                return file
    return None


def open_file(demo, company, case, lines):
    """The step "legal action" of the case's table, approved by the director."""
    rows = case.table_id.rule_ids.filtered(lambda r: r.action_type_id.code == COURT)
    own = rows.filtered(
        lambda r: r.service in (case.service, False) and r.origin != "removed"
    )
    row = (own or rows)[:1]
    action = (
        demo.env["dunning.action"]
        .sudo()
        ._guarded()
        .create(
            {
                "case_id": case.id,
                "company_id": company.id,
                "partner_id": case.partner_id.id,
                "rule_id": row.id,
                "action_type_id": row.action_type_id.id,
                "round": case.round,
                "op": row.op,
                "state": "planned",
                "planned_date": demo.today,
                "amount": sum(lines.mapped("amount_residual")),
                "item_ids": [
                    Command.create(
                        {
                            "move_line_id": line.id,
                            "move_id": line.move_id.id,
                            "bill_number": line.move_id.billing_ref,
                            "date_bill": line.move_id.invoice_date,
                            "date_maturity": line.date_maturity,
                            "amount": line.amount_residual,
                        }
                    )
                    for line in lines
                ],
            }
        )
    )
    asked = action._ask_approval()
    boss = as_user(demo, "direttore", company)
    boss["dunning.approval.request"].browse(asked.ids).action_approve(
        "Si procede per vie legali"
    )
    return demo.env["dunning.legal.file"].search([("action_id", "=", action.id)])


def record(demo, file, kind, day, more):
    """A step, with what came to be known of it afterwards."""
    vals = {"file_id": file.id, "kind": kind, "date": demo.today + timedelta(days=day)}
    for name, value in more.items():
        if name == "hearing_at":
            value = moment(demo.today + timedelta(days=value))
        elif name.endswith(("_date", "_on")):
            value = demo.today + timedelta(days=value)
        vals[name] = value
    if kind not in ("hearing", "recovered"):
        paper = file.env["ir.attachment"].create(
            {
                "name": f"{kind}_{file.name.replace('/', '-')}.pdf",
                "datas": base64.b64encode(b"%PDF-1.4\n% copia della dimostrazione\n"),
            }
        )
        vals["attachment_ids"] = [Command.set(paper.ids)]
    return file.env["dunning.legal.step"].create(vals)


def moment(day):
    """Ten in the morning of the first open day from ``day``, roughly."""
    while not is_open(day):
        day += timedelta(days=1)
    return datetime(day.year, day.month, day.day, 9)


def pay(demo, company, file):
    """All the bills of the file, as the bank tells."""
    env = demo.env(context={"allowed_company_ids": company.ids})
    for move in env["account.move"].browse(file.sudo().item_ids.move_id.ids):
        if move.amount_residual > 0:
            env["account.payment.register"].with_context(
                active_model="account.move", active_ids=move.ids
            ).create({"payment_date": demo.today})._create_payments()


# --- the proof ------------------------------------------------------------------------
def is_open(day):
    return day.weekday() < 5 and day not in holidays.country_holidays(
        "IT", years=day.year
    )


def reckon(demo, days, start, has_pause):
    """The last day of a term, counted day by day."""
    day = demo.today + timedelta(days=start)
    if days < 0:  # backwards from the hearing
        day = moment(day).date()
    step = timedelta(days=1 if days > 0 else -1)
    left = abs(days)
    while left or not is_open(day) or (has_pause and day.month == 8):
        day += step
        if left and not (has_pause and day.month == 8):
            left -= 1
    return day


def compare(demo, made):
    """What each file has to be, and to ask for."""
    files = {story: file.sudo() for story, file in made.items()}
    for file in files.values():
        file.invalidate_recordset()
    # a small demonstration has two cases left that may go to court
    yield Line("legal files", len(files), 2 if demo.small else len(STORIES))
    states = {story: file.state for story, file in files.items()}
    yield Line("legal files by state", states, {s: STATES[s] for s in files})
    found, wanted = {}, {}
    for story, (due, days, start, has_pause) in TERMS.items():
        if story in files:
            step = files[story]._open_steps().filtered(lambda s, d=due: s.due == d)
            found[story] = step.deadline
            wanted[story] = reckon(demo, days, start, has_pause)
    yield Line("terms before the court", found, wanted)
    open_terms = {s: len(file._open_steps()) for s, file in files.items()}
    reminders = {s: len(file.activity_ids) for s, file in files.items()}
    yield Line("reminders of the terms", reminders, open_terms)
    if "garnishment" in files:
        hearing = files["garnishment"].step_ids.filtered(lambda s: s.kind == "hearing")
        day = moment(demo.today + timedelta(days=12))
        yield Line("hearing in the calendar", hearing.calendar_at, day)
    ends, told = {}, {}
    for story in ("notified", "precept"):
        if story in files:
            lines = files[story].item_ids.move_line_id.filtered(
                lambda line: line.amount_residual > 0
            )
            ends[story] = set(lines.mapped("dunning_prescription_date"))
            # a judgement lasts ten years, and a precept begins them again
            last = STORIES[story][-1]
            final = last[0] == "precept" and last[2]["notified_date"]
            day = final and demo.today + timedelta(days=final)
            told[story] = {day.replace(year=day.year + 10) if day else False}
    yield Line("bills of the files: last day to claim them", ends, told)
    if "paid" in files:
        paid = files["paid"]
        left = sum(paid.item_ids.move_id.mapped("amount_residual"))
        shown = (left, paid.cost_recoverable, bool(paid.next_deadline))
        yield Line("final and paid: open, costs left, term", shown, (0.0, 0.0, False))


def tables(demo):
    """(title, headings, rows) of the legal files."""
    counts = Counter(demo.env["dunning.legal.file"].search([]).mapped("state"))
    yield (
        "Legal files",
        ["state", "count"],
        [[state, count] for state, count in sorted(counts.items())],
    )
