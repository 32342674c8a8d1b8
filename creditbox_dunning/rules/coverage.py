"""Which receivables a step may list, and when a new round begins.

A notice has effect only for the bills that it names: a bill that fell due yesterday
does not ride on the formal notice of an older one.
"""

from datetime import date


def _own_time_has_come(line, rule, today, shift):
    return shift(line.due, rule.wait_before, rule.day_kind) <= today


def lines_for(rule, facts, today: date, shift):
    """Ids of the receivables that ``rule`` lists when executed on ``today``.

    * rows that count from the due date list the bills for which that time has passed;
    * a water default notice lists only bills already in a first reminder: it must
      refer to it (REMSI, 311/2019/R/idr, art. 4);
    * other rows list what the formal notice listed, or everything when there is none;
    * open credit notes are always listed: they lower the sum asked.
    """
    owed = [line for line in facts.lines if line.residual > 0]
    if rule.anchor == "due":
        owed = [line for line in owed if _own_time_has_come(line, rule, today, shift)]
        if rule.op == "default" and facts.key.service == "water":
            owed = [line for line in owed if "notice" in line.covered]
    else:
        covered = [line for line in owed if "default" in line.covered]
        owed = covered or owed
    if not owed:
        return ()
    credits = [line for line in facts.lines if line.residual < 0]
    return tuple(sorted(line.id for line in (*owed, *credits)))


def starts_new_round(facts):
    """True when every bill that this round's notices list is paid but others are open.

    The newer bills then begin the ladder from its first row, with their own dates.
    """
    has_notice = any(
        done.rule_id is not None and done.state in ("done", "open")
        for done in facts.done
    )
    owed = [line for line in facts.lines if line.residual > 0]
    return bool(has_notice and owed and not any(line.covered for line in owed))
