"""A gateway described by data, without Odoo: nothing hostile gets through."""

import base64
import contextlib
import hashlib
import hmac
import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..drivers import sms_gateway as gateway
from ..rules import outbox

BODY = '{"to": "{number}", "msg": {"text": "{text}", "from": "{sender}"}, "n": 1}'
VALUES = {"number": "+39333", "text": 'a"b{number}', "sender": "Acme", "reference": "r"}


def test_json_body_is_filled_in_its_leaves():
    data, kind = gateway.fill(BODY, "json", VALUES)
    assert kind == "application/json"
    assert json.loads(data) == {
        "to": "+39333",
        "msg": {"text": 'a"b{number}', "from": "Acme"},
        "n": 1,
    }


@given(st.text(max_size=200))
def test_no_text_becomes_structure(text):
    values = {**VALUES, "text": text}
    told = json.loads(gateway.fill(BODY, "json", values)[0])
    assert told["msg"]["text"] == text
    assert set(told) == {"to", "msg", "n"}
    form, _kind = gateway.fill("a={text}\nb={number}", "form", values)
    assert parse_qsl(form.decode(), keep_blank_values=True) == [
        ("a", text),
        ("b", "+39333"),
    ]


@pytest.mark.parametrize(
    ("body", "kind"),
    [("{not json", "json"), ('{"a": "{card}"}', "json"), ("", "form")],
)
def test_bad_descriptions_are_refused(body, kind):
    with pytest.raises(gateway.BadDescription):
        gateway.fill(body, kind, VALUES)


ANSWER = gateway.Answer(
    reference="messages.0.id",
    status="messages.0.status",
    cost="messages.0.price",
    error="error.text",
    good=frozenset({"queued"}),
    bad=frozenset({"rejected"}),
    again=frozenset({"busy"}),
)


def _said(status, **more):
    told = {"messages": [{"id": 7, "status": status, "price": "0.05"}], **more}
    return json.dumps(told).encode()


def test_taken():
    assert gateway.judge(200, _said("Queued"), ANSWER) == {
        "reference": "7",
        "cost": "0.05",
    }


@pytest.mark.parametrize(
    ("status", "data", "error"),
    [
        (200, _said("rejected"), outbox.ChannelRefused),
        (200, _said("busy"), outbox.ChannelTemporary),
        (200, _said("who knows"), outbox.ChannelInDoubt),
        (200, b"<html>", outbox.ChannelInDoubt),
        (400, b"", outbox.ChannelRefused),
        (302, b"", outbox.ChannelRefused),
        (401, b"", outbox.ProviderRefused),
        (402, b'{"error": {"text": "no credit"}}', outbox.ProviderRefused),
        (429, b"", outbox.ChannelTemporary),
        (503, b"", outbox.ChannelTemporary),
        (500, b"", outbox.ChannelInDoubt),
        (504, b"", outbox.ChannelInDoubt),
    ],
)
def test_what_an_answer_means(status, data, error):
    with pytest.raises(error):
        gateway.judge(status, data, ANSWER)


@given(st.binary(max_size=300), st.integers(100, 599))
def test_no_answer_breaks_the_reader(data, status):
    with contextlib.suppress(outbox.ChannelError):
        gateway.judge(status, data, ANSWER)
    gateway.report(data, ANSWER)


def test_reports():
    answer = gateway.Answer(
        reference="id",
        status="state",
        error="why",
        good=frozenset({"delivrd"}),
        bad=frozenset({"undeliv"}),
    )
    data = json.dumps(
        [
            {"id": "1", "state": "DELIVRD"},
            {"id": "2", "state": "UNDELIV", "why": "absent"},
            {"id": "3", "state": "ENROUTE"},
            {"state": "DELIVRD"},
        ]
    ).encode()
    assert gateway.report(data, answer) == [
        ("1", "delivered", "DELIVRD"),
        ("2", "failed", "UNDELIV: absent"),
        ("3", "", "ENROUTE"),
    ]
    assert gateway.report(b"id=1&state=DELIVRD", answer) == [
        ("1", "delivered", "DELIVRD")
    ]


def test_signatures():
    data, secret = b'{"id": 1}', "k"
    digest = hmac.new(b"k", data, hashlib.sha256)
    for good in (
        digest.hexdigest(),
        digest.hexdigest().upper(),
        f"sha256={digest.hexdigest()}",
        base64.b64encode(digest.digest()).decode(),
    ):
        assert gateway.is_signed(secret, data, good)
    for bad in ("", "x", digest.hexdigest()[:-1], "ü" * 64):
        assert not gateway.is_signed(secret, data, bad)
    assert not gateway.is_signed("", data, digest.hexdigest())
    assert not gateway.is_signed(secret, data + b" ", digest.hexdigest())
