"""Gate 11, the rules: what a receipt is about, and what it does, in any order."""

import itertools
from datetime import timedelta

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.formats import pec_receipt
from odoo.addons.creditbox_dunning.rules import pec
from odoo.addons.creditbox_dunning.rules.outbox import MOVES

from . import pec_golden, pec_samples
from .test_pec_reader import load

WHEN = pec_samples.WHEN
NOW = WHEN + timedelta(hours=1)
SENT_AT = WHEN - timedelta(minutes=2)


def outgoing(state="sent", address=pec_samples.CUSTOMER, sent_at=SENT_AT):
    return pec.Outgoing(state, address, sent_at)


def receipt(kind, **facts):
    return pec_receipt.read(pec_samples.receipt(kind, **facts))


def judge(received, state="sent", now=NOW, policy=None, **facts):
    return pec.judge(received, outgoing(state, **facts), now, policy or pec.Policy())


@tagged("post_install", "-at_install")
class TestPecMatch(BaseCase):
    def setUp(self):
        super().setUp()
        self.index = pec.Index(
            ids={pec_golden.OURS: "ours"},
            locals={"dun.0123456789abcdef": "ours"},
            refs={pec_samples.REF: "learned"},
        )

    def match(self, received):
        return pec.match(received, self.index)

    def test_by_the_msgid_of_the_evidence_first(self):
        received = receipt("accettazione", reference="<other@x>")
        self.assertEqual(self.match(received), ("ours", "msgid"))

    def test_by_the_header(self):
        received = receipt("accettazione", msgid="<a@b>", reference=pec_samples.MSGID)
        self.assertEqual(self.match(received), ("ours", "reference"))

    def test_by_the_local_part(self):
        """Providers are seen to rewrite the domain."""
        received = receipt("accettazione", msgid="<DUN.0123456789abcdef@other.it>")
        self.assertEqual(self.match(received), ("ours", "local_part"))

    def test_by_the_providers_number(self):
        received = receipt("avvenuta-consegna", msgid=None)
        self.assertEqual(self.match(received), ("learned", "provider_ref"))

    def test_by_the_thread_of_an_answer(self):
        received = pec_receipt.read(load("busta"))
        self.assertEqual(self.match(received), ("ours", "thread"))

    def test_an_envelope_is_never_linked_by_its_own_reference(self):
        inner = pec_samples.reply(to="<another@x>")
        raw = pec_samples.envelope(inner=inner, msgid=pec_samples.MSGID)
        self.assertEqual(self.match(pec_receipt.read(raw)), (None, ""))

    def test_nothing(self):
        received = receipt("accettazione", msgid="<a@b>", ref="c")
        self.assertEqual(self.match(received), (None, ""))
        self.assertEqual(pec.match(received, pec.Index()), (None, ""))


@tagged("post_install", "-at_install")
class TestPecEffect(BaseCase):
    def test_each_row_of_the_table(self):
        """Domain notes 2.5: receipt -> new state and effect."""
        for name, moves, outcome, reason in (
            ("accettazione", ("accepted",), "", ""),
            ("non_accettazione", ("failed",), "pec_failed", "refused"),
            ("virus", ("failed",), "pec_failed", "infected"),
            ("presa_in_carico", (), "", ""),
            ("preavviso", (), "", ""),
            ("preavviso_finale", ("failed",), "pec_failed", "too_late"),
            ("consegna", ("delivered",), "delivered", ""),
            ("errore_indirizzo", ("failed",), "pec_failed", "no_mailbox"),
            ("errore_piena", ("failed",), "pec_failed", "full"),
        ):
            effect = judge(pec_receipt.read(load(name)))
            found = (effect.moves, effect.outcome, effect.reason)
            self.assertEqual(found, (moves, outcome, reason), name)
            self.assertFalse(effect.tray, name)
            alert = name in ("non_accettazione", "virus")
            self.assertEqual(effect.alert, alert, name)
            self.assertEqual(effect.drop_address, name == "errore_indirizzo", name)
            self.assertEqual(effect.is_warned, name == "preavviso", name)

    def test_ordinary_address(self):
        """Acceptance for an address that is no PEC: nothing will be delivered."""
        received = pec_receipt.read(load("accettazione_esterno"))
        effect = judge(received, address="Mario@example.com")
        self.assertEqual(effect.moves, ("accepted", "failed"))
        self.assertEqual(effect.reason, "not_certified")
        self.assertTrue(effect.drop_address)

    def test_full_mailbox_may_count_as_delivered(self):
        received = pec_receipt.read(load("errore_piena"))
        effect = judge(received, policy=pec.Policy(full_counts=True))
        self.assertEqual((effect.moves, effect.outcome), (("delivered",), "delivered"))
        # ... but a wrong address never does
        received = pec_receipt.read(load("errore_indirizzo"))
        effect = judge(received, policy=pec.Policy(full_counts=True))
        self.assertEqual(effect.moves, ("failed",))

    def test_reasons_by_words_then_by_code(self):
        for code, words, reason in (
            ("altro", "5.1.1 - Aruba Pec S.p.A. - indirizzo non valido", "no_mailbox"),
            ("altro", "550 5.2.2 mailbox quota exceeded", "full"),
            ("altro", "casella disabilitata", "disabled"),
            ("altro", "552 5.3.4 message size exceeds limit", "too_big"),
            ("altro", "superamento del tempo massimo", "too_late"),
            ("altro", "boh", "other"),
            ("no-dest", "", "no_mailbox"),
            ("no-dominio", "", "no_mailbox"),
            ("virus", "", "infected"),
            ("no-dest", "5.2.2 casella piena", "full"),
        ):
            self.assertEqual(pec.reason_of(code, words), reason, (code, words))

    def test_what_leaves_a_doubt_does_nothing(self):
        for name in (
            "ricevuta_falsa_ordinaria",
            "tipo_diverso",
            "senza_daticert",
            "daticert_due",
            "daticert_dtd",
            "daticert_senza_zona",
            "daticert_giorno_impossibile",
            "troncata",
        ):
            effect = judge(pec_receipt.read(load(name)))
            self.assertEqual(effect, pec.Effect(tray="doubtful"), name)
        for name in ("due_intestazioni", "tipo_sconosciuto", "busta", "ordinaria"):
            effect = judge(pec_receipt.read(load(name)))
            self.assertEqual(effect, pec.Effect(tray="not_receipt"), name)

    def test_slightly_malformed_counts(self):
        for name in ("daticert_msgid_nudo", "daticert_carattere", "daticert_latin1"):
            effect = judge(pec_receipt.read(load(name)))
            self.assertEqual(effect.moves, ("accepted",), name)

    def test_about_another_address(self):
        effect = judge(receipt("avvenuta-consegna"), address="other@pec.example")
        self.assertEqual(effect, pec.Effect(tray="other_recipient"))

    def test_the_time_must_be_possible(self):
        early = receipt("avvenuta-consegna", when=SENT_AT - timedelta(minutes=11))
        self.assertEqual(judge(early).tray, "bad_time")
        late = receipt("avvenuta-consegna", when=NOW + timedelta(minutes=11))
        self.assertEqual(judge(late).tray, "bad_time")
        for when in (SENT_AT - timedelta(minutes=9), NOW + timedelta(minutes=9)):
            self.assertFalse(judge(receipt("avvenuta-consegna", when=when)).tray)
        self.assertFalse(judge(early, sent_at=None).tray)

    def test_a_message_that_is_being_sent(self):
        effect = judge(receipt("accettazione"), state="sending")
        self.assertEqual(effect, pec.Effect(later=True))

    def test_a_doubt_is_resolved(self):
        for kind, state in (
            ("accettazione", "accepted"),
            ("avvenuta-consegna", "delivered"),
            ("presa-in-carico", "sent"),
            ("preavviso-errore-consegna", "sent"),
            ("errore-consegna", "failed"),
        ):
            effect = judge(receipt(kind), state="uncertain")
            self.assertEqual(effect.moves, (state,), kind)

    def test_released_again_but_it_had_left(self):
        """A person let an uncertain message go again: the receipt comes first."""
        effect = judge(receipt("accettazione"), state="to_send")
        self.assertEqual(effect.moves, ("sent", "accepted"))
        effect = judge(receipt("errore-consegna"), state="to_send")
        self.assertEqual(effect.moves, ("sent", "failed"))

    def test_called_off_but_it_left(self):
        effect = judge(receipt("accettazione"), state="cancelled")
        self.assertEqual((effect.tray, effect.alert), ("not_sent", True))

    def test_contradictions(self):
        failed = judge(receipt("errore-consegna"), state="delivered")
        self.assertEqual((failed.tray, failed.moves), ("contradiction", ()))
        arrived = judge(receipt("avvenuta-consegna"), state="failed")
        self.assertEqual((arrived.tray, arrived.moves), ("contradiction", ()))

    def test_gate_11_any_order_and_twice_ends_the_same(self):
        """Out of order and doubled: the last state is that of the strongest receipt,
        each step is one that a message may take, and no outcome is told twice."""
        for last in ("avvenuta-consegna", "errore-consegna"):
            kinds = ("accettazione", "presa-in-carico", "preavviso-errore-consegna")
            for order in itertools.permutations((*kinds, last, last)):
                state, outcomes = "sent", []
                for kind in order:
                    effect = judge(receipt(kind), state=state)
                    self.assertFalse(effect.tray, (order, kind))
                    for move in effect.moves:
                        self.assertIn(move, MOVES[state], (order, kind))
                        state = move
                    outcomes += [effect.outcome] if effect.outcome else []
                expected = "delivered" if last == "avvenuta-consegna" else "failed"
                self.assertEqual(state, expected, order)
                self.assertEqual(len(outcomes), 1, order)

    def test_every_move_is_allowed(self):
        for state in ("to_send", "sent", "accepted", "uncertain"):
            for name in pec_golden.messages():
                effect = judge(pec_receipt.read(load(name)), state=state)
                before = state
                for move in effect.moves:
                    self.assertIn(move, MOVES[before], (state, name))
                    before = move


@tagged("post_install", "-at_install")
class TestPecSilence(BaseCase):
    def test_hours(self):
        for state, hours, told in (
            ("sent", 24, ""),
            ("sent", 24.1, "no_acceptance"),
            ("accepted", 24.1, ""),
            ("accepted", 48, ""),
            ("accepted", 48.1, "no_delivery"),
            ("sent", 48.1, "no_delivery"),
            ("delivered", 99, ""),
            ("failed", 99, ""),
        ):
            now = SENT_AT + timedelta(hours=hours)
            found = pec.overdue(outgoing(state), now, 24, 48)
            self.assertEqual(found, told, (state, hours))
        self.assertEqual(pec.overdue(outgoing(sent_at=None), NOW, 24, 48), "")
