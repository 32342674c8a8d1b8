"""The Italian catalogues hold every term of the running modules."""

from io import BytesIO
from pathlib import Path

import polib

from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import trans_export

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(path.parent.name for path in ROOT.glob("*/__manifest__.py"))


@tagged("standard", "post_install", "-at_install")
class TestTranslations(TransactionCase):
    def test_no_term_is_missing_from_italian(self):
        """Zero untranslated: `./dev i18n` renews the files, a person fills them."""
        for module in MODULES:
            with self.subTest(module), BytesIO() as out:
                trans_export(None, [module], out, "po", self.env)
                terms = {e.msgid for e in polib.pofile(out.getvalue().decode())}
                path = ROOT / module / "i18n" / "it.po"
                self.assertTrue(path.is_file(), f"{path} is missing: run ./dev i18n")
                catalog = polib.pofile(path.read_text(encoding="utf-8"))
                done = {e.msgid for e in catalog if e.translated() and not e.obsolete}
                missing = sorted(terms - done)
                self.assertFalse(missing, f"{len(missing)} terms, first {missing[:5]}")
