"""Channels, and what their drivers say, in the reader's words."""

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)
# channels that are no messages: rows of the table name them too
WORK_CHANNELS = {
    "task": _lt("By a person"),
    "file": _lt("By file"),
    "event": _lt("On an event"),
}
# A driver knows no language, and who reads is not who sent: kept in English, said in
# words where it is shown. What the other side said stands behind it as it came.
LOST_SERVER = _lt("The connection was lost before the server answered")
LOST_GATEWAY = _lt("The connection was lost before the gateway answered.")
SILENT_GATEWAY = _lt("The gateway does not answer.")
DRIVER_TEXTS = (LOST_SERVER, LOST_GATEWAY, SILENT_GATEWAY)


def channel_labels(env):
    """{code of a channel: its name in the language of ``env``}"""
    field = env["dunning.communication"]._fields["channel"]
    names = {code: env._(text) for code, text in WORK_CHANNELS.items()}
    return {**dict(field._description_selection(env)), **names}


def driver_words(env, text):
    """``text`` of a driver in the language of ``env``; any other text as it is."""
    for known in DRIVER_TEXTS:
        if text and text.startswith(known._source):
            return f"{env._(known)}{text[len(known._source) :]}"
    return text
