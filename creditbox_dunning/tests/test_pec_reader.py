"""Gate 11, the reader: every kind of PEC message, whole and malformed.

Compared with the files of files/pec, which are bytes and not what a program of today
would make.
"""

from datetime import datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.formats import certified_mail, pec_receipt

from . import pec_golden, pec_mutations, pec_samples

UTC = timezone.utc
# file -> (kind, issues)
EXPECTED = {
    "accettazione": ("acceptance", ()),
    "non_accettazione": ("refusal", ()),
    "presa_in_carico": ("taken_over", ()),
    "consegna": ("delivery", ()),
    "consegna_breve": ("delivery", ()),
    "consegna_sintetica": ("delivery", ()),
    "errore_indirizzo": ("failure", ()),
    "errore_piena": ("failure", ()),
    "preavviso": ("warning", ()),
    "preavviso_finale": ("warning", ()),
    "virus": ("virus", ()),
    "busta": ("envelope", ()),
    "anomalia": ("anomaly", ()),
    "ordinaria": ("ordinary", ()),
    "accettazione_esterno": ("acceptance", ()),
    "intestazioni_maiuscole": ("acceptance", ()),
    "ricevuta_falsa_nella_busta": ("envelope", ()),
    "ricevuta_falsa_ordinaria": ("delivery", ("not_from_provider",)),
    "due_intestazioni": ("unknown", ("two_headers",)),
    "ricevuta_e_busta": ("unknown", ("two_headers",)),
    "tipo_sconosciuto": ("unknown", ("unknown_kind",)),
    "tipo_diverso": ("delivery", ("kind_differs",)),
    "mancata_consegna": ("failure", ()),
    "senza_daticert": ("delivery", ("no_evidence", "no_time")),
    "daticert_due": ("acceptance", ("two_evidences", "no_evidence", "no_time")),
    "daticert_msgid_nudo": ("acceptance", ("bad_evidence",)),
    "daticert_msgid_doppio": ("acceptance", ()),
    "daticert_senza_msgid": ("acceptance", ()),
    "daticert_carattere": ("acceptance", ()),
    "daticert_troncato": ("delivery", ("bad_evidence",)),
    "daticert_latin1": ("acceptance", ("bad_evidence",)),
    "daticert_dtd": ("acceptance", ("forbidden_xml",)),
    "daticert_senza_zona": ("delivery", ("no_time",)),
    "daticert_giorno_impossibile": ("delivery", ("no_time",)),
    "senza_message_id": ("acceptance", ()),
    "oggetto_codificato": ("acceptance", ()),
    "troncata": ("delivery", ("no_evidence", "no_time")),
    "vuota": ("ordinary", ()),
    "rumore": ("ordinary", ()),
}
# whose evidence does not name our message, or is none
WITHOUT_MSGID = {
    "busta",
    "anomalia",
    "ordinaria",
    "ricevuta_falsa_nella_busta",
    "senza_daticert",
    "daticert_due",
    "daticert_senza_msgid",
    "troncata",
    "vuota",
    "rumore",
}


def load(name):
    return (pec_golden.FOLDER / f"{name}.eml").read_bytes()


@tagged("post_install", "-at_install")
class TestPecGolden(BaseCase):
    def test_kinds_and_issues(self):
        files = {path.stem for path in pec_golden.FOLDER.glob("*.eml")}
        self.assertEqual(files, set(EXPECTED))
        found = {}
        for name in EXPECTED:
            received = pec_receipt.read(load(name))
            found[name] = (received.kind, received.issues)
        self.assertEqual(found, EXPECTED)

    def test_the_files_are_what_the_samples_make(self):
        for name, data in pec_golden.messages().items():
            self.assertEqual(data, load(name), name)

    def test_msgid_is_ours(self):
        for name in EXPECTED:
            msgid = pec_receipt.read(load(name)).msgid
            if name not in WITHOUT_MSGID:
                self.assertEqual(msgid, pec_golden.OURS, name)
            else:
                self.assertNotEqual(msgid, pec_golden.OURS, name)

    def test_a_delivery(self):
        received = pec_receipt.read(load("consegna"))
        self.assertEqual(received.reference, pec_golden.OURS)
        self.assertEqual(received.recipient, pec_samples.CUSTOMER)
        self.assertEqual(received.sender, pec_samples.MAILBOX)
        self.assertEqual(received.recipients, ((pec_samples.CUSTOMER, "certificato"),))
        self.assertEqual(received.provider_ref, pec_samples.REF)
        self.assertEqual(received.receipt_type, "completa")
        self.assertEqual(received.when, pec_samples.WHEN)
        self.assertEqual(received.error, "nessuno")
        self.assertTrue(received.signed)
        self.assertIn("è stato consegnato nella casella", received.text)

    def test_the_zone_counts(self):
        received = pec_receipt.read(load("consegna_breve"))
        self.assertEqual(
            received.when.astimezone(UTC), datetime(2027, 6, 30, 22, 30, tzinfo=UTC)
        )
        self.assertEqual(received.receipt_type, "breve")

    def test_errors(self):
        received = pec_receipt.read(load("errore_indirizzo"))
        self.assertEqual(received.error, "no-dest")
        self.assertEqual(received.error_text, "5.1.1 - Gestore - indirizzo non valido")

    def test_an_external_recipient_is_told(self):
        received = pec_receipt.read(load("accettazione_esterno"))
        self.assertEqual(received.recipients, (("mario@example.com", "esterno"),))

    def test_an_envelope_is_about_the_mail_in_it(self):
        received = pec_receipt.read(load("busta"))
        self.assertEqual(received.thread, (pec_golden.OURS,))
        self.assertEqual(received.sender, pec_samples.CUSTOMER)
        self.assertEqual(received.subject, "Re: Sollecito di pagamento")
        self.assertEqual(received.text, "Ho pagato ieri.")

    def test_a_forged_receipt_in_an_envelope_is_no_receipt(self):
        received = pec_receipt.read(load("ricevuta_falsa_nella_busta"))
        self.assertEqual(received.kind, certified_mail.ENVELOPE)
        # not even the daticert.xml in it is looked at
        self.assertEqual(received.msgid, "reply.1@cliente.example")

    def test_no_entity_is_followed(self):
        received = pec_receipt.read(load("daticert_dtd"))
        self.assertEqual(received.msgid, pec_golden.OURS)
        evidence, issues = pec_receipt.read_evidence(
            '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY e "x">]>'
            '<postacert tipo="accettazione" errore="&e;"/>'.encode("utf-16")
        )
        self.assertEqual(issues, ["forbidden_xml"])
        self.assertEqual(evidence.error, "&e;", "not expanded")

    def test_the_key_is_of_the_message_id(self):
        data = load("accettazione")
        moved = b"Received: from elsewhere\r\n" + data
        self.assertEqual(pec_receipt.read(data).key, pec_receipt.read(moved).key)
        bare = load("senza_message_id")
        self.assertNotEqual(
            pec_receipt.read(bare).key,
            pec_receipt.read(bare + b"\r\n").key,
            "without an id it is its bytes",
        )

    def test_encoded_subject(self):
        received = pec_receipt.read(load("oggetto_codificato"))
        self.assertIn("=?x?b?!!!?=", received.subject)


@tagged("post_install", "-at_install")
class TestReaders(BaseCase):
    """The reader is chosen by content: another kind of certified mail can come."""

    def setUp(self):
        super().setUp()
        readers = list(certified_mail.READERS)
        self.addCleanup(certified_mail.READERS.__setitem__, slice(None), readers)

    def test_another_reader(self):
        """A REM evidence (EN 319 532) read by a reader that a module adds."""

        def read(raw, headers):
            return certified_mail.Received(
                reader="rem", kind=certified_mail.DELIVERY, msgid="a@b"
            )

        raw = b"REM-Evidence: ContentConsignment\r\nFrom: x@y.eu\r\n\r\n"
        self.assertEqual(certified_mail.read(raw).kind, certified_mail.ORDINARY)
        certified_mail.register(
            certified_mail.Reader("rem", lambda head: "REM-Evidence" in head, read)
        )
        self.assertEqual(certified_mail.read(raw).reader, "rem")
        self.assertEqual(certified_mail.read(load("consegna")).reader, "pec")
        # registered again it replaces itself
        count = len(certified_mail.READERS)
        certified_mail.register(certified_mail.Reader("rem", lambda head: True, read))
        self.assertEqual(len(certified_mail.READERS), count)


@tagged("post_install", "-at_install")
class TestPecMutations(BaseCase):
    def test_gate_11_broken_messages_never_break_the_reader(self):
        """500 broken messages of each kind of fault; 10,000 in the benchmark."""
        read, wrong = pec_mutations.run(500, "test")
        self.assertEqual(read, 500 * len(pec_mutations.KINDS))
        told = [f"{kind} {number}: {why}" for kind, number, why, _data in wrong[:10]]
        self.assertFalse(wrong, "\n".join(told))

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=3000))
    def test_any_bytes(self, data):
        self.assertIsNone(pec_mutations.guarded(data))

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=600))
    def test_any_evidence(self, data):
        evidence, issues = pec_receipt.read_evidence(data)
        self.assertTrue(issues or evidence.kind is not None)
        self.assertFalse(set(issues) - certified_mail.ISSUES)

    @settings(max_examples=100, deadline=None)
    @given(
        st.sampled_from(sorted(pec_samples.WORDS)),
        st.text(max_size=80),
        st.integers(min_value=-14 * 60, max_value=14 * 60),
        st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1)),
    )
    def test_what_a_provider_writes_is_read(self, kind, subject, minutes, when):
        """Any subject, zone and time comes back as it was certified."""
        zone = timezone(timedelta(minutes=minutes))
        when = when.replace(microsecond=0, tzinfo=zone)
        subject = "".join(c for c in subject if c.isprintable())
        evidence = pec_samples.daticert(kind, when=when, subject=subject)
        raw = pec_samples.receipt(kind, when=when, evidence=evidence.encode())
        received = pec_receipt.read(raw)
        self.assertEqual(received.when, when)
        self.assertEqual(received.msgid, pec_golden.OURS)
        self.assertEqual(received.issues, ())
