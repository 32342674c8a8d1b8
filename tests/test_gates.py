"""Every check of the release bar that we claim has a test that names its number.

A gate is named by "gate N" (or ``gate_N``) in the name or the docstring of a test.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: claimed so far; a later step of the product adds its own
GATES = sorted(
    {*range(1, 9), *range(14, 17), 19, 23, 24, 25, 28, 29, *range(35, 38), 39}
    | {*range(42, 45), 49, 50}
    # bills that were asked for
    | {22}
    # ageing, stuck board, week, timeline
    | {48}
    # prescription
    | {45}
    # PEC: receipts, and what follows when they are bad
    | {11, 13}
    # the outbox
    | {9, 10, 13, 40, 41, 51}
    # the CMOR: candidates, proof, answers, payments after the claim, history, terms
    | {26, 27, *range(30, 35)}
    # orders to others: called back when paid, done, refused, withdrawn
    | {20, 47}
    # dossier, messages, what was sent
    | {21, 40, 46}
    # letters through a mail house
    | {12}
    # promises broken, disputes
    | {17}
    # settlements: the loss comes after the agreed sum
    | {18}
    # interest and costs
    | {38}
)
#: rows of the table on data acquisition
ROWS = [f"I{number:02d}" for number in range(1, 14)]
#: rows of the table on CMOR practices and SII flows that are a must
ROWS += [f"A{number:02d}" for number in (*range(1, 14), 17)]
ROWS += [f"F{number:02d}" for number in (*range(1, 8), 9, 10, 14, 15)]


def _tests():
    """Name and docstring of every test of the repository, its class's included."""
    for path in ROOT.glob("**/tests/**/test_*.py"):
        if ".dev" in path.parts:
            continue
        yield from _texts(ast.parse(path.read_text()), "")
    for path in (ROOT / "tests").glob("test_*.py"):
        yield from _texts(ast.parse(path.read_text()), "")


def _texts(node, above):
    for child in getattr(node, "body", ()):
        if isinstance(child, ast.ClassDef):
            yield from _texts(child, f"{child.name} {ast.get_docstring(child) or ''}")
        elif isinstance(child, ast.FunctionDef) and child.name.startswith("test_"):
            yield f"{above} {child.name} {ast.get_docstring(child) or ''}"


TEXTS = list(_tests())


@pytest.mark.parametrize("gate", GATES)
def test_gate_is_named_by_a_test(gate):
    form = re.compile(rf"\bgates?[ _](\d+(, | and |_))*{gate}\b", re.IGNORECASE)
    loose = re.compile(rf"gate_{gate}(?!\d)", re.IGNORECASE)
    assert any(form.search(text) or loose.search(text) for text in TEXTS)


@pytest.mark.parametrize("row", ROWS)
def test_row_is_named_by_a_test(row):
    assert any(re.search(rf"\b{row}\b", text) for text in TEXTS)
