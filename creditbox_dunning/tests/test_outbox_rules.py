"""The life of a message, told without Odoo: states, tries, hours, pace."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..rules import outbox

MONDAY = datetime(2027, 3, 1, 9, 30)


def test_every_state_has_its_moves():
    assert set(outbox.MOVES) == set(outbox.STATES)
    assert {t for targets in outbox.MOVES.values() for t in targets} <= set(
        outbox.STATES
    )


def test_what_may_have_left_is_never_sent_again_by_itself():
    """Gate 9: from what is or may be out nothing leads back to be sent but a person;
    from being sent only an error that surely kept it here does."""
    reachable = {}
    for state in outbox.GONE - {outbox.SENDING}:
        seen, todo = set(), [state]
        while todo:
            for target in outbox.MOVES[todo.pop()]:
                if target not in seen:
                    seen.add(target)
                    todo.append(target)
        reachable[state] = seen
    assert all(outbox.TO_SEND not in seen for seen in reachable.values())
    assert all(outbox.SENDING not in seen for seen in reachable.values())
    assert not outbox.may_move("uncertain", "to_send")
    assert outbox.may_move("uncertain", "to_send", by_person=True)
    assert not outbox.may_move("delivered", "to_send", by_person=True)
    assert not outbox.may_move("sent", "to_send", by_person=True)


@given(st.integers(1, 20))
def test_tries_come_later_and_later_and_end(attempts):
    now = datetime(2027, 3, 1)
    first, second = outbox.next_try(attempts, now), outbox.next_try(attempts + 1, now)
    if first is None:
        assert second is None
    else:
        assert first > now
        assert second is None or second > first


@given(pace=st.integers(0, 1000), left=st.integers(0, 2000))
def test_pace_is_never_passed(pace, left):
    count = outbox.allowance(pace, left)
    if not pace:
        assert count is None
    else:
        assert 0 <= count <= pace
        assert count == 0 or count + left <= pace


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        (datetime(2027, 3, 1, 7, 59, 59), False),
        (datetime(2027, 3, 1, 8, 0), True),
        (datetime(2027, 3, 1, 21, 59, 59), True),
        (datetime(2027, 3, 1, 22, 0), False),
        (datetime(2027, 3, 7, 12, 0), False),  # Sunday
        (datetime(2027, 3, 3, 12, 0), False),  # closed day
    ],
)
def test_window_at_its_edges(now, is_open):
    window = outbox.Window(8, 22, frozenset(range(6)), frozenset({date(2027, 3, 3)}))
    assert window.is_open(now) is is_open


ROME = timezone(timedelta(hours=1))


@given(
    st.datetimes(datetime(2027, 1, 1), datetime(2028, 1, 1)),
    st.integers(0, 47),
    st.integers(1, 48),
    st.sets(st.integers(0, 6), min_size=1),
    st.sets(st.dates(date(2027, 1, 1), date(2028, 3, 1)), max_size=20),
)
def test_next_opening_is_open_and_the_first(now, start, length, weekdays, closed):
    end = min(48, start + length)
    window = outbox.Window(start / 2, end / 2, frozenset(weekdays), frozenset(closed))
    now = now.replace(tzinfo=ROME)
    opens = window.next_open(now)
    assert window.is_open(opens)
    assert opens >= now
    # every half hour before it is closed
    before = now
    while before < opens:
        assert not window.is_open(before)
        before += timedelta(minutes=30)


def test_never_open_is_told():
    closed = frozenset(date(2027, 3, 1) + timedelta(days=n) for n in range(400))
    assert (
        outbox.Window(closed_days=closed).next_open(MONDAY.replace(tzinfo=UTC)) is None
    )
