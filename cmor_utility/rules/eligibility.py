"""May this credit be claimed? The conditions C1-C14, each yes, no or unknown.

A condition is *no* when a fact known here contradicts it, *yes* when known facts prove
it, *unknown* otherwise. Unknown is never a silent yes: an assigned operator has to
declare it with a proof (the add-on keeps who, when and what). Each answer carries a
reason code with its parameters (texts in ``messages.py``) and, when unknown, a ``key``
made of the facts behind the doubt: a declaration holds for that key only.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from . import amount as amount_rules
from . import window as window_rules
from .window import add_months

YES = "yes"
NO = "no"
UNKNOWN = "unknown"

CODES = tuple(f"C{number}" for number in range(1, 15))
# conditions of art. 4.1, whose breach leads to annulment (art. 12)
ART4_CODES = ("C4", "C6", "C7", "C8", "C9")

FORMAL_CHANNELS = ("ar", "pec")
ACTUAL_READINGS = ("actual", "self")


@dataclass(frozen=True)
class NoticeFact:
    """A notice already sent for some bills of the contract."""

    ref: str
    formal: bool
    channel: str
    warning: bool
    sent: date | None
    notified: date | None
    pay_term: date | None
    has_proof: bool
    bills: frozenset = frozenset()

    @property
    def is_formal(self):
        """Formal notice by registered letter or PEC (TIMOE 3.2)."""
        return self.formal and self.channel in FORMAL_CHANNELS


@dataclass(frozen=True)
class BillFact:
    """What the conditions need to know of a bill."""

    ref: str
    issued: date | None
    date_from: date | None
    date_to: date | None
    reading_kind: str | None
    recalculation: str | None
    is_closing: bool
    residual: Decimal
    billing_residual: Decimal | None
    relevant: Decimal
    excluded: bool = False


@dataclass(frozen=True)
class PracticeFacts:
    """Everything known of a practice on ``today``."""

    today: date
    service: str
    end_reason: str | None
    voltage_level: str | None
    gas_use: str | None
    annual_smc: Decimal | None
    window: window_rules.RequestWindow
    amount: amount_rules.AmountResult
    bills: tuple = ()
    notices: tuple = ()
    transferred_to: str | None = None
    live_twin: str | None = None
    # payments of the customer that no bill takes
    open_credit: Decimal = Decimal("0.00")
    # what he has told, and when, in words that need no translation: complaints that
    # wait and that were answered, that he has paid, that amounts are time-barred
    complaints: tuple = ()
    answered: tuple = ()
    said_paid: tuple = ()
    objected: tuple = ()


@dataclass(frozen=True)
class Condition:
    """Answer to one condition."""

    code: str
    result: str
    reason: str
    params: dict = field(default_factory=dict)

    @property
    def key(self):
        """Fingerprint of the facts behind the answer (16 hex digits)."""
        text = repr((self.code, self.reason, sorted(self.params.items(), key=str)))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def phase(window, today, terms):
    """What of ``today`` the answers may depend on, once none of them is NO.

    Two conditions look at the day. C5 asks whether terms of notices have passed: once
    they have, they have on every later day. C11 asks where the day stands in the window
    of the request. So the same facts give the same answers on any later day of the same
    phase (``test_rules_eligibility.py`` lets Hypothesis look for another).

    :param RequestWindow window: of the practice; None: nothing is known, each day is
        a phase of its own
    :param date today: the day asked about
    :param Terms terms: thresholds in force
    :return: text
    """
    if window is None:
        return today.isoformat()
    return window.status(today, terms.closing_soon_days)


def evaluate(facts, terms):
    """Answer all conditions.

    :param PracticeFacts facts: what is known
    :param Terms terms: thresholds in force
    :return: tuple of ``Condition`` in the order of ``CODES``
    """
    checks = (
        _c1_scope,
        _c2_window_of_credit,
        _c3_readings,
        _c4_notice,
        _c5_term_passed,
        _c6_unpaid,
        _c7_closing_bill,
        _c8_meter_fault,
        _c9_complaints,
        _c10_minimum,
        _c11_window,
        _c12_point,
        _c13_twin,
        _c14_prescription,
    )
    answers = []
    for code, check in zip(CODES, checks, strict=True):
        result, reason, params = check(facts, terms)
        answers.append(Condition(code, result, reason, params))
    return tuple(answers)


def in_force(result, key, declared, declared_key):
    """The answer that counts: a declaration stands in for a doubt, as long as the facts
    behind the doubt are those that it was made on. It never beats a fact.

    :param str result: what the facts say: yes, no or unknown
    :param str key: fingerprint of the facts (``Condition.key``)
    :param str declared: yes or no; empty when nothing was declared
    :param str declared_key: fingerprint that the declaration was made on
    :return: yes, no or unknown
    """
    if result == UNKNOWN and declared and declared_key == key:
        return declared
    return result


def verdict(results):
    """Sum up results.

    :param results: iterable of yes/no/unknown
    :return: ``no`` if any is no, else ``unknown`` if any is unknown, else ``yes``
    """
    results = set(results)
    if NO in results:
        return NO
    return UNKNOWN if UNKNOWN in results else YES


def claimed_bills(facts):
    """The bills that the claim rests on; all open ones when none is relevant."""
    relevant = [bill for bill in facts.bills if bill.relevant > 0]
    return relevant or [
        bill for bill in facts.bills if bill.residual > 0 and not bill.excluded
    ]


def _refs(items):
    return sorted(item.ref for item in items)


def _c1_scope(facts, terms):
    """C1: sector, voltage and use in scope."""
    if facts.service == "electricity":
        if not facts.voltage_level:
            return UNKNOWN, "c1_no_voltage", {}
        inside = facts.voltage_level in terms.scope_ele_voltages
        reason = "c1_voltage_in" if inside else "c1_voltage_out"
        return (YES if inside else NO), reason, {"level": facts.voltage_level}
    if facts.service == "gas":
        return _c1_gas(facts, terms)
    return NO, "c1_service", {"service": facts.service}


def _c1_gas(facts, terms):
    if facts.gas_use == "domestic":
        return YES, "c1_gas_domestic", {}
    if facts.gas_use == "public_service":
        result = YES if terms.scope_gas_public_service else UNKNOWN
        return result, "c1_gas_public", {}
    if facts.gas_use not in ("condominium", "other"):
        return UNKNOWN, "c1_no_gas_use", {}
    limit = (
        terms.scope_gas_condominium_smc
        if facts.gas_use == "condominium"
        else terms.scope_gas_other_smc
    )
    if facts.annual_smc is None:
        return UNKNOWN, "c1_no_smc", {"limit": f"{limit:,f}"}
    inside = facts.annual_smc <= limit
    params = {"smc": f"{facts.annual_smc:,f}", "limit": f"{limit:,f}"}
    return (YES, "c1_smc_in", params) if inside else (NO, "c1_smc_out", params)


def _c2_window_of_credit(facts, terms):
    """C2: the credit refers to the last months before the end (art. 2.2)."""
    chosen = facts.amount.chosen
    if chosen.credit > 0:
        count = sum(1 for share in chosen.bills if share.relevant > 0)
        return YES, "c2_credit", {"amount": chosen.credit, "count": count}
    without = [
        share.ref
        for share in chosen.bills
        if share.note == amount_rules.NOTE_NO_PERIOD and share.open_amount > 0
    ]
    if without:
        return UNKNOWN, "c2_no_period", {"bills": sorted(without)}
    return NO, "c2_no_credit", {"months": terms.credit_window_months}


def _c3_readings(facts, terms):
    """C3: actual readings, or estimated with the true-up already issued."""
    bills = claimed_bills(facts)
    unread = [bill for bill in bills if not bill.reading_kind]
    estimated = [
        bill
        for bill in bills
        if bill.reading_kind
        and bill.reading_kind not in ACTUAL_READINGS
        and not _has_true_up(bill, facts.bills)
    ]
    if estimated:
        return NO, "c3_estimated", {"bills": _refs(estimated)}
    if unread:
        return UNKNOWN, "c3_no_kind", {"bills": _refs(unread)}
    return YES, "c3_actual", {}


def _has_true_up(bill, bills):
    """Is there a later bill on actual readings that covers this one's last day?"""
    return any(
        other.reading_kind in ACTUAL_READINGS
        and (other.is_closing or other.recalculation == "true_up")
        and other.ref != bill.ref
        and bill.date_to
        and other.date_to
        and other.date_to >= bill.date_to
        and other.issued
        and bill.issued
        and other.issued >= bill.issued
        for other in bills
    )


def _covering(notices, bill):
    """Formal notices that name the bill."""
    return [item for item in notices if item.is_formal and bill.ref in item.bills]


def _c4_notice(facts, terms):
    """C4: formal notice served, with the warning that CMOR may be applied."""
    bills = claimed_bills(facts)
    missing, silent, doubtful, proofs = [], [], [], set()
    for bill in bills:
        grade, refs = _grade_notice(facts.notices, bill, terms)
        if grade == "proved":
            proofs.update(refs)
        else:
            {"missing": missing, "silent": silent, "doubtful": doubtful}[grade].append(
                bill
            )
    if missing or not bills:
        return NO, "c4_missing", {"bills": _refs(missing)}
    if silent:
        return NO, "c4_no_warning", {"bills": _refs(silent)}
    if doubtful:
        return UNKNOWN, "c4_unproved", {"bills": _refs(doubtful)}
    return YES, "c4_proved", {"notices": sorted(proofs)}


def _grade_notice(notices, bill, terms):
    """Best notice of a bill: proved, doubtful (unproved), silent (no warning),
    missing."""
    covering = _covering(notices, bill)
    warned = [item for item in covering if item.warning]
    proved = _proved(warned, terms)
    if proved:
        return "proved", [item.ref for item in proved]
    if warned:
        return "doubtful", []
    if covering:
        return "silent", []
    # a notice that does not say which bills it covers may cover this one
    vague = [i for i in notices if i.is_formal and i.warning and not i.bills]
    return ("doubtful" if vague else "missing"), []


def _proved(warned, terms):
    """Those of the notices with the warning whose delivery is proved."""
    return [
        item
        for item in warned
        if item.notified and (item.has_proof or not terms.notice_proof_required)
    ]


def _counting(notices, bill, terms):
    """The notices whose term counts: those that condition 4 rests on, not an earlier
    letter that said nothing of the CMOR or never arrived. Without such, any formal
    one: condition 4 says what is missing."""
    covering = _covering(notices, bill)
    warned = [item for item in covering if item.warning]
    return _proved(warned, terms) or warned or covering


def _c5_term_passed(facts, terms):
    """C5: the customer did not pay within the term of the notice."""
    bills = claimed_bills(facts)
    waiting, without, terms_end = [], [], []
    for bill in bills:
        covering = _counting(facts.notices, bill, terms)
        ends = [item.pay_term for item in covering if item.pay_term]
        if any(end < facts.today for end in ends):
            continue
        if ends:
            waiting.append(bill)
            terms_end.append(min(ends))
        else:
            without.append((bill, bool(covering)))
    if waiting:
        return (
            NO,
            "c5_running",
            {
                "bills": _refs(waiting),
                "date": max(terms_end),
            },
        )
    if any(not covered for _bill, covered in without) or not bills:
        # nothing formal was served: no term can have passed
        uncovered = [bill for bill, covered in without if not covered]
        return NO, "c5_no_notice", {"bills": _refs(uncovered)}
    if without:
        return UNKNOWN, "c5_no_term", {"bills": _refs([bill for bill, _c in without])}
    return YES, "c5_passed", {}


def _c6_unpaid(facts, terms):
    """C6: debt still unpaid."""
    bills = claimed_bills(facts)
    open_amount = sum((bill.residual for bill in bills), Decimal("0.00"))
    if open_amount <= 0:
        return NO, "c6_paid", {}
    told_paid = [
        bill
        for bill in bills
        if bill.billing_residual is not None and bill.billing_residual <= 0
    ]
    if told_paid:
        return UNKNOWN, "c6_billing_paid", {"bills": _refs(told_paid)}
    told_less = [
        bill
        for bill in bills
        if bill.billing_residual is not None and bill.billing_residual < bill.residual
    ]
    if told_less:
        return UNKNOWN, "c6_billing_less", {"bills": _refs(told_less)}
    if facts.open_credit > 0:
        return UNKNOWN, "c6_open_credit", {"amount": facts.open_credit}
    if facts.said_paid:
        return UNKNOWN, "c6_said_paid", {"what": sorted(facts.said_paid)}
    return YES, "c6_open", {"amount": open_amount}


def _c7_closing_bill(facts, terms):
    """C7: closing bill issued under TIF and indemnities of TIF art. 18 recognised."""
    closing = [bill for bill in facts.bills if bill.is_closing]
    if not closing:
        return NO, "c7_no_closing", {}
    # the indemnities are paid outside of what is acquired: to be declared
    return UNKNOWN, "c7_declare", {"bills": _refs(closing)}


def _c8_meter_fault(facts, terms):
    """C8: no amounts from reconstruction after a meter malfunction."""
    bills = claimed_bills(facts)
    silent = [bill for bill in bills if not bill.recalculation]
    if silent and not terms.reconstruction_always_told:
        return UNKNOWN, "c8_not_told", {"bills": _refs(silent)}
    faulty = [
        bill
        for bill in facts.bills
        if bill.recalculation == "meter_fault" and bill.residual > 0
    ]
    if faulty:
        return YES, "c8_left_out", {"bills": _refs(faulty)}
    return YES, "c8_none", {}


def _c9_complaints(facts, terms):
    """C9: complaints answered, TIQV indemnities paid. A complaint that waits for its
    answer is known here; that there is no other, and the indemnities, are not."""
    if facts.complaints:
        return NO, "c9_open", {"complaints": sorted(facts.complaints)}
    bills = {"bills": _refs(claimed_bills(facts))}
    if facts.answered:
        return UNKNOWN, "c9_answered", {**bills, "complaints": sorted(facts.answered)}
    return UNKNOWN, "c9_declare", bills


def _c10_minimum(facts, terms):
    """C10: the indemnity reaches the minimum."""
    value = facts.amount.chosen.indemnity
    reached = (
        value >= terms.min_amount if terms.min_inclusive else value > terms.min_amount
    )
    params = {"amount": value, "limit": terms.min_amount}
    return (YES, "c10_reached", params) if reached else (NO, "c10_below", params)


def _c11_window(facts, terms):
    """C11: today inside the window (art. 7.1)."""
    status = facts.window.status(facts.today, terms.closing_soon_days)
    if status in (window_rules.OPEN, window_rules.CLOSING):
        return YES, f"c11_{status}", {"date": facts.window.closes}
    if status == window_rules.NOT_OPEN:
        return NO, "c11_not_open", {"date": facts.window.opens}
    if status == window_rules.DOUBTFUL_OPEN:
        # waiting costs nothing: the safe reading opens within days
        return NO, "c11_doubtful_open", {"date": facts.window.opens}
    params = {"date": facts.window.closes, "latest": facts.window.latest_close}
    if status == window_rules.DOUBTFUL_CLOSE:
        # closed by one reading, open by the other: only a person may decide to try
        return UNKNOWN, "c11_doubtful_close", params
    return NO, "c11_closed", params


def _c12_point(facts, terms):
    """C12: point active, no transfer (voltura) since."""
    if facts.end_reason != "switch_out":
        return NO, "c12_reason", {"reason": facts.end_reason or "?"}
    if facts.transferred_to:
        return NO, "c12_transfer", {"contract": facts.transferred_to}
    if terms.point_check_by_sii:
        return YES, "c12_by_sii", {}
    return UNKNOWN, "c12_declare", {}


def _c13_twin(facts, terms):
    """C13: one live claim per point, customer and supply period."""
    if facts.live_twin:
        return NO, "c13_twin", {"practice": facts.live_twin}
    return YES, "c13_alone", {}


def _c14_prescription(facts, terms):
    """C14: amounts older than the prescription are out if the customer raised it."""
    old = [
        bill
        for bill in claimed_bills(facts)
        if bill.issued
        and bill.date_from
        and add_months(bill.date_from, terms.prescription_months) < bill.issued
    ]
    if facts.objected:
        # he raised it: what is old is left out, of the rest a person judges
        params = {"what": sorted(facts.objected), "bills": _refs(old)}
        return (NO, "c14_raised", params) if old else (UNKNOWN, "c14_objected", params)
    if old:
        return UNKNOWN, "c14_old", {"bills": _refs(old)}
    return YES, "c14_recent", {"months": terms.prescription_months}
