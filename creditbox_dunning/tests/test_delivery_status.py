"""What mail servers report, read without Odoo."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..rules import delivery_status as dsn

KEY = "a" * 40
ID = f"<dunning-{KEY}@example.com>"
HEAD = b"Subject: x\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"


def _report(action, more=b""):
    return (
        HEAD
        + b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x"
        + b"\r\n\r\nAction: "
        + action
        + b"\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp; 552 full\r\n\r\n"
        + b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: "
        + ID.encode()
        + b"\r\n--b--\r\n"
        + more
    )


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (b"failed", "failed"),
        (b"Delivered", "delivered"),
        (b"delayed", "delayed"),
        (b"relayed (to mailer)", "relayed"),
        (b"expanded", "delivered"),
        (b"whatever", "delayed"),
    ],
)
def test_actions(action, state):
    assert dsn.read(_report(action)) == dsn.Report((ID,), state, "552 full", "5.2.2")


def test_no_word_of_ours_is_no_report():
    assert dsn.read(b"Subject: hello\r\n\r\n<other@example.com>") is None


def test_without_its_part_it_failed():
    raw = b"Subject: Undeliverable\r\n\r\nyour message " + ID.encode()
    assert dsn.read(raw) == dsn.Report((ID,), "failed", "Undeliverable")


@settings(max_examples=300)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=20))
def test_mutated_reports_never_break_the_reader(place, noise):
    raw = _report(b"failed")
    cut = raw[: place % len(raw)] + noise + raw[place % len(raw) :]
    report = dsn.read(cut)
    assert report is None or report.state in dsn.ACTIONS.values()
