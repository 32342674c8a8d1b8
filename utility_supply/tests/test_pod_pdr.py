"""POD and PDR: what people type, what is stored, what is refused."""

import doctest

from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.exceptions import InvalidFormat, InvalidLength, ValidationError

from odoo.tests import BaseCase, tagged

from odoo.addons.utility_supply.formats import pdr, pod

fast = settings(max_examples=100, deadline=None, database=None)
PODS = st.from_regex(r"\AIT[0-9]{3}E[A-Z0-9]{8,9}\Z")
PDRS = st.from_regex(r"\A[0-9]{14}\Z")
NOISE = st.sampled_from([" ", ".", "-", "/", "  "])


def _noisy(draw_from, noise, position):
    cut = position % len(draw_from)
    return draw_from[:cut] + noise + draw_from[cut:]


@tagged("post_install", "-at_install")
class TestPodPdr(BaseCase):
    def test_examples_of_the_docstrings(self):
        for module in (pod, pdr):
            result = doctest.testmod(module)
            self.assertGreater(result.attempted, 1)
            self.assertEqual(result.failed, 0, module.__name__)

    def test_pod_refused(self):
        for bad, error in (
            ("", InvalidLength),
            ("IT001E0000000", InvalidLength),  # 13
            ("IT001E0000000011", InvalidLength),  # 16
            ("IT001X00000001", InvalidFormat),
            ("FR001E00000001", InvalidFormat),
            ("ITA01E00000001", InvalidFormat),
            ("IT001E0000000\u0661", InvalidFormat),  # an Arabic digit one
        ):
            with self.assertRaises(error, msg=bad):
                pod.validate(bad)
            self.assertFalse(pod.is_valid(bad))

    def test_pod_match_ignores_the_15th_character(self):
        self.assertTrue(pod.same_point("IT001E00000001", "it001e000000019"))
        self.assertFalse(pod.same_point("IT001E00000001", "IT001E00000002"))

    def test_pdr_keeps_leading_zeros_and_pads_nothing(self):
        self.assertEqual(pdr.validate("00881234567890"), "00881234567890")
        for bad, error in (
            ("881234567890", InvalidLength),
            ("008812345678901", InvalidLength),
            ("0088123456789A", InvalidFormat),
            ("", InvalidFormat),
            ("0088123456789\u0660", InvalidFormat),
        ):
            with self.assertRaises(error, msg=bad):
                pdr.validate(bad)

    @fast
    @given(PODS, NOISE, st.integers(0, 14))
    def test_pod_survives_how_it_is_typed(self, code, noise, position):
        self.assertEqual(pod.validate(_noisy(code.lower(), noise, position)), code)
        self.assertEqual(pod.validate(pod.format(code)), code)
        self.assertEqual(pod.validate(pod.validate(code)), code)

    @fast
    @given(PDRS, NOISE, st.integers(0, 13))
    def test_pdr_survives_how_it_is_typed(self, code, noise, position):
        self.assertEqual(pdr.validate(_noisy(code, noise, position)), code)
        self.assertEqual(pdr.format(code), code)

    @fast
    @given(st.text(max_size=20))
    def test_any_text_is_valid_or_refused_never_a_crash(self, text):
        for module in (pod, pdr):
            try:
                self.assertTrue(module.validate(text).isascii())
            except ValidationError:
                self.assertFalse(module.is_valid(text))
