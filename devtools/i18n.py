"""`./dev i18n`: keeps the translations in step with the source.

Exports the terms of each module into i18n/MODULE.pot, merges them into i18n/it.po,
and counts what is untranslated. With --check nothing is written.
"""

import contextlib
import logging
import re
import tempfile
from pathlib import Path

import polib

from . import databases, processes
from .places import ROOT, modules
from .room import open_room
from .say import DevError, note, step

LANGUAGE = "it"
#: header lines that change with the day and not with the terms
_DATES = re.compile(r'^"(POT-Creation-Date|PO-Revision-Date):.*$', re.MULTILINE)


def export(env, folder):
    """Runs inside Odoo: writes FOLDER/MODULE.pot for each of our modules."""
    from odoo.tools.translate import trans_export

    logging.getLogger("odoo.tools.translate").setLevel(logging.ERROR)
    for module in modules():
        with open(Path(folder) / f"{module}.pot", "wb") as out:
            trans_export(None, [module], out, "po", env)


def _same_terms(one, other):
    def plain(path):
        return _DATES.sub("", path.read_text()) if path.exists() else None

    return plain(one) == plain(other)


def _merge(pot_path, po_path):
    """it.po with the terms of the .pot; known translations stay."""
    template = polib.pofile(str(pot_path), wrapwidth=78)
    if po_path.exists():
        catalog = polib.pofile(str(po_path), wrapwidth=78)
    else:
        catalog = polib.POFile(wrapwidth=78)
        catalog.metadata = dict(template.metadata)
    catalog.metadata |= {
        "Language": LANGUAGE,
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    catalog.merge(template)
    for entry in [entry for entry in catalog if entry.obsolete]:
        catalog.remove(entry)
    catalog.sort(key=lambda entry: (entry.msgctxt or "", entry.msgid))
    return catalog


def _untranslated(catalog):
    return [e for e in catalog if not e.obsolete and (not e.msgstr or e.fuzzy)]


def _one(module, fresh, check):
    """Renew one module; (number of untranslated terms, is something out of date)."""
    folder = ROOT / module / "i18n"
    pot, po = folder / f"{module}.pot", folder / f"{LANGUAGE}.po"
    stale = not _same_terms(fresh, pot)
    catalog = _merge(fresh, po)
    left = _untranslated(catalog)
    known = {(e.msgctxt, e.msgid) for e in polib.pofile(str(po))} if po.exists() else {}
    unknown = [e for e in catalog if (e.msgctxt, e.msgid) not in known]
    if not check:
        folder.mkdir(exist_ok=True)
        if stale:
            pot.write_bytes(fresh.read_bytes())
        text = str(catalog)
        if not po.exists() or _DATES.sub("", po.read_text()) != _DATES.sub("", text):
            catalog.save(str(po))
    note(f"{module}: {len(catalog)} terms, {len(left)} untranslated")
    for entry in left[:10] if check else []:
        note(f"    {entry.msgid[:70]!r}")
    return len(left), bool(check and (unknown or stale))


def i18n(args):
    """The command; with --check the exit status tells whether all is translated."""
    if not modules():
        raise DevError("there are no modules yet")
    with open_room(args.python) as room, contextlib.ExitStack() as stack:
        databases.sweep(room)
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=room.run_dir))
        name = stack.enter_context(databases.temporary(room, "all", "i18n"))
        step("exporting the terms of the modules")
        command = databases.job_command(
            room, room.config("i18n"), name, "devtools.i18n:export", folder
        )
        if processes.run(room, command):
            raise DevError("Odoo could not export the terms")
        untranslated, stale = 0, []
        for module in modules():
            left, old = _one(module, Path(folder) / f"{module}.pot", args.check)
            untranslated += left
            stale += [module] if old else []
    if stale:
        note("not in step with the source (run ./dev i18n): " + ", ".join(stale))
    return 1 if args.check and (untranslated or stale) else 0
