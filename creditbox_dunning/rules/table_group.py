"""The table of a group with the rows that a member has of its own.

A member changes, switches off or adds single rows; every other row is the group's.
"""

from .table_diff import identity

CHANGED, OFF, ADDED, GROUP = "changed", "off", "added", "group"


def merge(group_rows, own_rows):
    """(rows in force, own rows that no longer concern any row of the group).

    Both are iterables of mappings with the columns of ``table_diff``; own rows say in
    ``origin`` what they do. The rows in force are new mappings whose ``origin`` tells
    where they come from. A change to a row that the group dropped has nothing to
    change: it is left out and told, never turned into a new row silently.
    """
    own = {identity(row): row for row in own_rows}
    taken, rows = set(), []
    for row in group_rows:
        key = identity(row)
        mine = own.get(key)
        taken.add(key)
        if mine is None:
            rows.append({**row, "origin": GROUP})
        elif mine["origin"] != OFF:
            rows.append({**mine, "origin": CHANGED})
    orphans = []
    for key, row in own.items():
        if key in taken:
            continue
        if row["origin"] == ADDED:
            rows.append({**row, "origin": ADDED})
        else:
            orphans.append(row)
    return rows, orphans
