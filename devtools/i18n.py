"""`./dev i18n`: keeps the translations in step with the source.

Exports the terms of each module into i18n/MODULE.pot, merges them into i18n/it.po,
and counts what is untranslated. Terms that Odoo itself has in Italian ("Created by")
are taken over from its catalogues. With --check nothing is written.
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
#: Odoo's modules whose Italian terms are taken over, the first that has one wins
CORE = ("base", "mail", "account", "web", "sms", "l10n_it_edi")
#: header lines that change with the day and not with the terms
_DATES = re.compile(r'^"(POT-Creation-Date|PO-Revision-Date):.*$', re.MULTILINE)


def export(env, folder):
    """Runs inside Odoo: writes FOLDER/MODULE.pot for each of our modules."""
    from odoo.tools.translate import trans_export

    logging.getLogger("odoo.tools.translate").setLevel(logging.ERROR)
    for module in modules():
        with open(Path(folder) / f"{module}.pot", "wb") as out:
            trans_export(None, [module], out, "po", env)


def _differs(catalog, path):
    """Whether writing the catalogue would change more than a date."""
    if not path.exists():
        return True
    texts = (str(catalog), path.read_text(encoding="utf-8"))
    return len({_DATES.sub("", text).strip() for text in texts}) > 1


def _core_terms(room):
    """English -> Italian of Odoo's own catalogues."""
    terms = {}
    for module in reversed(CORE):
        for addons in room.core_addons:
            for folder in (Path(addons), Path(room.site) / "odoo" / "addons"):
                path = folder / module / "i18n" / f"{LANGUAGE}.po"
                if path.is_file():
                    entries = polib.pofile(str(path)).translated_entries()
                    terms |= {entry.msgid: entry.msgstr for entry in entries}
                    break
    return terms


def _merge(template, po_path, core):
    """it.po with the terms of the .pot; known translations stay."""
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
    for entry in _untranslated(catalog):
        if entry.msgid in core and not entry.msgid_plural:
            entry.msgstr = core[entry.msgid]
            entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]
    catalog.sort(key=lambda entry: entry.msgid)
    return catalog


def _untranslated(catalog):
    return [e for e in catalog if not e.obsolete and (not e.msgstr or e.fuzzy)]


def _one(module, fresh, core, check):
    """Renew one module; (number of untranslated terms, is something out of date)."""
    folder = ROOT / module / "i18n"
    pot, po = folder / f"{module}.pot", folder / f"{LANGUAGE}.po"
    template = polib.pofile(str(fresh), wrapwidth=78)
    template.sort(key=lambda entry: entry.msgid)
    catalog = _merge(template, po, core)
    left = _untranslated(catalog)
    stale = [
        path for file, path in ((template, pot), (catalog, po)) if _differs(file, path)
    ]
    note(f"{module}: {len(catalog)} terms, {len(left)} untranslated")
    if check:
        for entry in left[:10]:
            note(f"    {entry.msgid[:70]!r}")
        return len(left), bool(stale)
    folder.mkdir(exist_ok=True)
    for file, path in ((template, pot), (catalog, po)):
        if path in stale:
            file.save(str(path))
    return len(left), False


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
        untranslated, stale, core = 0, [], _core_terms(room)
        for module in modules():
            left, old = _one(module, Path(folder) / f"{module}.pot", core, args.check)
            untranslated += left
            stale += [module] if old else []
    if stale:
        note("not in step with the source (run ./dev i18n): " + ", ".join(stale))
    return 1 if args.check and (untranslated or stale) else 0
