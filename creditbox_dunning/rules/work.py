"""The life of what is asked of somebody outside: technical office, agency, information.

Written down first, sent in a file (or told by telephone), answered row by row. What is
paid before it leaves never leaves; what is paid afterwards is called back, and the one
who has it confirms. Nothing here knows Odoo or the day of today.
"""

TO_SEND = "to_send"  # written down, not in any file yet
SENT = "sent"  # in a file, or told by a person
TAKEN = "taken"  # accepted by who has it
PLANNED = "planned"  # accepted, with the day of the work
RECALL = "recall"  # to be called back: who has it does not know yet
RECALLED = "recalled"  # told to stop: the confirmation is awaited
DONE = "done"
FAILED = "failed"  # not done, refused, nothing found
WITHDRAWN = "withdrawn"  # never left, or given back

STATES = (
    TO_SEND,
    SENT,
    TAKEN,
    PLANNED,
    RECALL,
    RECALLED,
    DONE,
    FAILED,
    WITHDRAWN,
)
# who has it may still act upon it
OUTSIDE = frozenset({SENT, TAKEN, PLANNED, RECALL, RECALLED})
OVER = frozenset({DONE, FAILED, WITHDRAWN})
OPEN = frozenset(STATES) - OVER
WANTED = frozenset({TO_SEND, SENT, TAKEN, PLANNED})
# what goes into the next file
TO_TELL = frozenset({TO_SEND, RECALL})
CALLED_BACK = frozenset({RECALL, RECALLED, WITHDRAWN})

# target -> states that it may be reached from; the same state again is no move
SOURCES = {
    # a file that never left is discarded: its orders wait again
    TO_SEND: frozenset({SENT}),
    SENT: frozenset({TO_SEND}),
    TAKEN: frozenset({TO_SEND, SENT, PLANNED}),
    PLANNED: frozenset({TO_SEND, SENT, TAKEN, PLANNED}),
    # a discarded file of recalls waits again too
    RECALL: frozenset({SENT, TAKEN, PLANNED, RECALLED}),
    RECALLED: frozenset({RECALL}),
    # carried out all the same: a fact, whatever was asked
    DONE: frozenset({*OPEN, WITHDRAWN}),
    FAILED: OPEN,
    WITHDRAWN: OPEN,
}


def may_move(source, target):
    """True when ``target`` may follow ``source``."""
    return source in SOURCES[target]


def withdrawal(state):
    """The state after the reason for the order is gone (paid, held, replanned).

    :return: WITHDRAWN when it never left, RECALL when somebody outside has it, None
        when there is nothing to take back
    """
    if state == TO_SEND:
        return WITHDRAWN
    if state in OUTSIDE - CALLED_BACK:
        return RECALL
    return None
