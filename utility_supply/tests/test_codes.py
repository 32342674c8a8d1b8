"""Codes of the trade: what files write, what the database keeps."""

from odoo.tests import BaseCase, tagged

from odoo.addons.utility_supply.rules import codes


@tagged("post_install", "-at_install")
class TestCodes(BaseCase):
    def test_digits_of_the_seed(self):
        self.assertEqual(codes.normalise("service", "1"), "water")
        self.assertEqual(codes.normalise("service", "3"), "electricity")
        self.assertEqual(codes.normalise("customer_type", "4"), "public_body")
        self.assertEqual(codes.normalise("supply_state", "4"), "to_reactivate")
        self.assertEqual(codes.normalise("suspendibility", "2"), "not_suspendible")

    def test_number_cell_of_a_spreadsheet(self):
        self.assertEqual(codes.normalise("service", 2), "gas")
        self.assertEqual(codes.normalise("service", "2.0"), "gas")
        self.assertIsNone(codes.normalise("legal_form", "2.0"))

    def test_italian_words_whatever_the_case(self):
        for text in ("Acqua", "ACQUA", " acqua ", "Servizio  idrico"):
            self.assertEqual(codes.normalise("service", text), "water", text)
        self.assertEqual(codes.normalise("service", "Elettricità"), "electricity")
        self.assertEqual(codes.normalise("service", "E.E."), None)
        self.assertEqual(codes.normalise("service", "EE"), "electricity")
        self.assertEqual(codes.normalise("legal_form", "Società"), "business")
        self.assertEqual(codes.normalise("notice_channel", "Raccomandata A/R"), "ar")
        self.assertEqual(codes.normalise("end_reason", "Voltura"), "transfer")
        self.assertEqual(codes.normalise("recalculation_kind", "Sì"), "true_up")

    def test_the_unknown_is_none_never_a_guess(self):
        for text in ("", None, "5", "boh", "0", "1 2", "domestic gas"):
            self.assertIsNone(codes.normalise("service", text), text)
        with self.assertRaises(KeyError):
            codes.normalise("no such list", "1")

    def test_every_word_means_one_thing(self):
        for kind, words in codes.WORDS.items():
            seen = {}
            for key, synonyms in words.items():
                for word in (key, *synonyms):
                    folded = codes.fold(word)
                    self.assertEqual(seen.setdefault(folded, key), key, (kind, word))
                    self.assertEqual(codes.normalise(kind, word), key, (kind, word))
            for digit, key in codes.DIGITS.get(kind, {}).items():
                self.assertIn(key, words)
                self.assertEqual(codes.normalise(kind, digit), key)

    def test_reduced_and_limited_count_as_active(self):
        self.assertEqual(codes.action_table_state("reduced"), "active")
        self.assertEqual(codes.action_table_state("limited"), "active")
        self.assertEqual(codes.action_table_state("suspended"), "suspended")
