"""Texts of the answers received and of the files between seller and network user."""


def _lt(source):
    return source


EVENTS = {}
NEXT = {}
PROBLEMS = {}

# why a received file is refused as a whole, beside what the readers say
REFUSALS = {
    "unknown_flow": _lt(
        "Nothing tells which flow this is: choose the layout and read it again."
    ),
    "unknown_code": _lt("%(detail)s is no flow that the program knows."),
    "no_layout": _lt("No layout of %(detail)s was in force on the day it arrived."),
    "unexpected": _lt("The file cannot be read (%(detail)s)."),
    "member_known": _lt("%(name)s was received before, as %(first)s."),
    "words": "%(detail)s",
}
