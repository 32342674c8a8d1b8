"""What the mail house tells starts clocks, asks for addresses, stays (gates 10-12)."""

import base64
from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .postal_common import PostalCommon
from .postal_files import COLUMNS, archive, events_csv, pdf, tiff


class OutcomeCommon(PostalCommon):
    def setUp(self):
        super().setUp()
        self.letter = self.registered()
        self.action = self.letter.action_id
        self.job = self.send()

    def errors(self, batches):
        return batches.row_ids.filtered(lambda row: row.state == "open").mapped(
            "issue_code"
        )


@tagged("post_install", "-at_install")
class TestOutcomes(OutcomeCommon):
    def test_taken_posted_delivered(self):
        """Gate 12: the clock runs from the delivery, the sending is proved."""
        self.told(self.row(self.letter, "RCV", 31), name="a.csv")
        self.assertEqual(self.letter.state, "sent")
        number = {"Numero raccomandata": "619000000011", "Costo": "4,105"}
        self.told(self.row(self.letter, "ACC", 33, **number), name="b.csv")
        self.assertRecordValues(
            self.letter,
            [
                {
                    "state": "accepted",
                    "protocol": "619000000011",
                    "sent_date": self.day(33),
                    "cost": 4.105,
                }
            ],
        )
        self.assertEqual(self.action.state, "executing")
        self.told(self.row(self.letter, "DP1", 36), name="c.csv")
        self.assertRecordValues(
            self.letter,
            [
                {
                    "state": "delivered",
                    "notified_date": self.day(36),
                    "postal_code": "DEL",
                    "has_postal_conflict": False,
                }
            ],
        )
        self.assertRecordValues(
            self.action,
            [
                {
                    "state": "done",
                    "outcome": "delivered",
                    "executed_date": self.day(33),
                    "effective_date": self.day(36),
                }
            ],
        )
        self.assertRecordValues(
            self.action.notice_id,
            [
                {
                    "sent_date": self.day(33),
                    "notified_date": self.day(36),
                    "is_formal_notice": True,
                    "pay_term": self.action.pay_term,
                }
            ],
        )
        self.assertGreaterEqual(self.action.pay_term, self.day(33) + timedelta(15))

    def test_only_the_number_of_the_registered_letter(self):
        number = {"Numero raccomandata": "619000000011"}
        nameless = {**self.row(self.letter, "DP1", 36, **number), "Codice lettera": ""}
        batch = self.told(nameless, name="a.csv")
        self.assertEqual(self.errors(batch), ["postal_unknown"])
        # both in one file: the row that names the letter makes the number known
        self.told(self.row(self.letter, "ACC", 33, **number), nameless, name="b.csv")
        self.assertEqual(self.letter.state, "delivered")

    def test_sending_not_proved_counts_from_the_delivery(self):
        """Gate 12: no earlier day is taken for the sending than one that is proved."""
        self.told(self.row(self.letter, "DP1", 40))
        self.assertEqual(self.action.notice_id.sent_date, self.day(40))
        self.assertGreaterEqual(self.action.pay_term, self.day(40) + timedelta(15))

    def test_refused_is_notified(self):
        """Gate 12."""
        self.told(self.row(self.letter, "DP10", 36))
        self.assertEqual(self.action.outcome, "delivery_refused")
        self.assertEqual(self.letter.notified_date, self.day(36))

    def test_stored(self):
        """Gate 12: left at the post office, notified on the day that the post says."""
        rows = [("ACC", 33), ("ABS", 36), ("B20", 37), ("DP15", 60)]
        self.told(*(self.row(self.letter, code, day) for code, day in rows))
        self.assertEqual(self.action.outcome, "stored")
        self.assertEqual(self.letter.notified_date, self.day(60))

    def test_stored_by_the_number_of_the_law(self):
        """Gate 12: with a dated number, some days after the notice at the address."""
        self.env["dunning.legal.parameter"].sudo()._guarded().create(
            {
                "name": "stored_days",
                "value": 10,
                "unit": "days",
                "valid_from": self.day(0),
                "source": "prova",
            }
        )
        rows = [("ACC", 33), ("ABS", 36), ("DP15", 60)]
        self.told(*(self.row(self.letter, code, day) for code, day in rows))
        self.assertEqual(self.letter.notified_date, self.day(46))

    def test_returned_asks_for_an_address(self):
        """Gate 12: no clock, another letter once there is another address."""
        self.told(self.row(self.letter, "ACC", 33), self.row(self.letter, "DP2", 40))
        self.assertEqual(
            (self.letter.state, self.action.outcome), ("failed", "unknown")
        )
        self.assertEqual(self.action.state, "failed")
        self.assertFalse(self.action.notice_id.notified_date)
        key = "address_search"
        lists = (
            self.env["dunning.worklist"].with_user(self.operator)._lists(self.day(41))
        )
        [found] = [one for one in lists if one["key"] == key]
        self.assertIn(self.action, self.env[found["model"]].search(found["domain"]))
        self.run_on(41)
        self.assertEqual(len(self.action.case_id.action_ids), 4)
        self.letter.partner_id.street = "Via Trovata 3"
        self.run_on(42)
        again = self.action.case_id.action_ids.sorted("id")[-1]
        self.assertEqual((again.rule_id, again.attempt), (self.action.rule_id, 2))
        self.assertIn("Via Trovata 3", again.communication_ids.address)
        self.assertNotEqual(again.communication_ids.key, self.letter.key)

    def test_deceased_stops(self):
        self.told(self.row(self.letter, "DP5", 40))
        self.assertEqual(self.action.outcome, "deceased")

    def test_rejected_by_the_mail_house(self):
        """Nothing left: in the tray; put right, it goes with the next job."""
        self.told(
            self.row(self.letter, "REJ", 31, **{"Descrizione esito": "PDF illeggibile"})
        )
        self.assertEqual(self.letter.state, "failed")
        self.assertEqual(self.action.state, "executing")
        self.letter._move("to_send", "put right", by_person=True)
        self.provider.postal_gap_hours = 0
        again = self.send(40) - self.job
        self.assertEqual(self.letter.postal_job_id, again)

    def test_ordinary_letter_that_comes_back(self):
        other = self._another_contract(7)
        self.overdue("B7", other)
        self.walk(16, 24)
        letter = self.env["dunning.communication"].search(
            [("case_id.contract_id", "=", other.id), ("channel", "=", "pp")]
        )
        self.provider.postal_gap_hours = 0
        self.send(32)
        self.told(self.row(letter, "ACC", 33), name="a.csv")
        self.assertEqual(letter.action_id.notice_id.sent_date, self.day(33))
        self.told(self.row(letter, "DP4", 40), name="b.csv")
        self.assertEqual(
            (letter.state, letter.action_id.outcome), ("failed", "untraceable")
        )

    def test_out_of_order_and_doubled(self):
        """Gates 11 and 12: later, earlier, twice: the same in the end."""
        self.told(self.row(self.letter, "DP1", 36), name="a.csv")
        self.told(
            self.row(self.letter, "DP1", 36),
            self.row(self.letter, "ACC", 33),
            name="b.csv",
        )
        self.assertEqual(len(self.letter.postal_event_ids), 2)
        self.assertEqual(self.letter.notified_date, self.day(36))
        self.assertEqual(self.letter.state, "delivered")

    def test_same_file_twice(self):
        row = self.row(self.letter, "DP1", 36)
        self.told(row)
        events = self.letter.event_ids
        self.assertFalse(self.told(row))
        self.assertFalse(self.told(row, name="other name.csv"))
        self.assertEqual(self.letter.event_ids, events)
        self.assertEqual(len(self.letter.postal_event_ids), 1)

    def test_contradiction_is_shown_and_changes_nothing(self):
        self.told(self.row(self.letter, "DP1", 36), name="a.csv")
        self.told(self.row(self.letter, "DP2", 44), name="b.csv")
        self.assertTrue(self.letter.has_postal_conflict)
        self.assertEqual(
            (self.letter.state, self.action.outcome), ("delivered", "delivered")
        )

    def test_bad_rows_stop_no_good_one(self):
        """Gate 10: kept as they came, with the reason."""
        good = self.row(self.letter, "DP1", 36)
        bad = [
            {**good, "Codice lettera": "f" * 40},
            {**good, "Codice lettera": ""},
            {**good, "Data esito": "31/02/2027"},
            {**good, "Data esito": "01/01/2020"},
            {**good, "Data esito": "01/01/2030"},
            {**good, "Codice esito": ""},
        ]
        batch = self.told(*bad[:3], good, *bad[3:])
        self.assertCountEqual(
            self.errors(batch),
            [
                "postal_unknown",
                "postal_no_letter",
                "impossible_date",
                "postal_early",
                "postal_future",
                "required",
            ],
        )
        self.assertEqual(self.letter.state, "delivered")

    def test_unknown_code_is_kept_shown_and_explained(self):
        """Gate 12: and once somebody says what it means, it does what it means."""
        self.told(
            self.row(
                self.letter, "Z77", 36, **{"Descrizione esito": "Consegnata al custode"}
            )
        )
        event = self.letter.postal_event_ids
        self.assertRecordValues(
            event,
            [
                {
                    "code": False,
                    "event_code": "Z77",
                    "event_text": "Consegnata al custode",
                }
            ],
        )
        self.assertEqual(self.letter.state, "sent")
        action = event.with_user(self.manager).action_explain()
        self.env["dunning.postal.code"].with_user(self.manager).with_context(
            **action["context"]
        ).create({"normalised": "DEL"})
        self.assertEqual((event.code, self.letter.state), ("DEL", "delivered"))
        with self.assertRaises(AccessError):
            self.env["dunning.postal.code"].with_user(self.operator).create(
                {"provider_id": self.provider.id, "code": "X", "normalised": "DEL"}
            )

    def test_a_person_was_faster(self):
        """What is over stays; the event is kept beside it."""
        with freeze_time(self.day(50)):
            self.outcome(
                self.action,
                result="notified",
                sent_date=self.day(32),
                notified_date=self.day(35),
            )
        self.told(self.row(self.letter, "DP1", 36))
        self.assertEqual(self.letter.notified_date, self.day(35))
        self.assertEqual(self.letter.postal_code, "DEL")
        self.assertFalse(self.letter.has_postal_conflict)

    def test_nobody_writes_what_the_post_told(self):
        self.told(self.row(self.letter, "DP1", 36))
        event = self.letter.postal_event_ids
        for records in (event.with_user(self.dunning_admin), event.sudo()):
            with self.assertRaises(AccessError):
                records.write({"day": self.day(1)})
        with self.assertRaises(AccessError):
            event.sudo().create({"communication_id": self.letter.id})
        with self.assertRaises(UserError):
            event.sudo().unlink()


@tagged("post_install", "-at_install")
class TestCards(OutcomeCommon):
    def test_archive_of_outcomes_and_cards(self):
        """Gate 12: the card is a proof of the letter and of its notice."""
        row = self.row(self.letter, "DP1", 36, Immagine="RR1.TIF")
        data = archive(
            {
                "esiti.csv": events_csv(row, columns=COLUMNS),
                "img/rr1.tif": tiff(),
                "img/altro.pdf": pdf("altro"),
                "note.doc": b"?",
            }
        )
        batch = self.told(name="esiti.zip", data=data)
        event = self.letter.postal_event_ids
        self.assertEqual(event.image_id.raw, tiff())
        self.assertIn(event.image_id, self.action.notice_id.attachment_ids)
        self.assertEqual(batch.file_id.proof_attachment_id.raw, data)
        self.assertIn("note.doc", batch.postal_note)
        with self.assertRaises(UserError):
            event.image_id.sudo().write({"raw": b"x"})
        self.assertFalse(self.told(name="again.zip", data=data))

    def test_cards_later_and_cards_first(self):
        for first in ("card", "row"):
            with self.subTest(first=first):
                name = f"{first}.tif"
                row = self.row(
                    self.letter, "DP1", 36 if first == "row" else 37, Immagine=name
                )
                steps = [
                    lambda n=name: self.told(name=n, data=tiff() + n.encode()),
                    lambda r=row, n=name: self.told(r, name=f"{n}.csv"),
                ]
                for step in steps if first == "card" else reversed(steps):
                    step()
                event = self.letter.postal_event_ids.filtered(
                    lambda e, n=name: e.image_name == n
                )
                self.assertEqual(event.image_id.raw, tiff() + name.encode())

    def test_wizard(self):
        data = events_csv(self.row(self.letter, "DP1", 36), columns=COLUMNS)
        wizard = self.env["dunning.postal.receive"].with_user(self.operator)
        values = {"data": base64.b64encode(data), "filename": "e.csv"}
        with freeze_time(self.day(50)):
            action = wizard.create(values).action_receive()
            self.assertEqual(self.letter.state, "delivered")
            self.assertEqual(action["params"]["type"], "success")
            again = wizard.create(values).action_receive()
            self.assertNotIn("1", again["params"]["message"])
            with self.assertRaises(UserError):
                wizard.create(
                    {"data": base64.b64encode(b"PK\x03\x04x"), "filename": "e.zip"}
                ).action_receive()

    def test_folder(self):
        """Files that the mail house leaves are taken, kept and moved aside."""
        self._folder("in", "postal", postal_provider_id=self.provider.id)
        inbox = self.root / "in"
        data = events_csv(self.row(self.letter, "DP1", 36), columns=COLUMNS)
        (inbox / "esiti.zip").write_bytes(archive({"esiti.csv": data}))
        (inbox / "rotto.zip").write_bytes(b"PK\x03\x04 rotto")
        commit = self.registry["ir.cron"]
        with (
            freeze_time(self.day(50)),
            patch.object(commit, "_commit_progress", return_value=60.0),
        ):
            self.env["utility.import.source"]._cron_poll()
            self.env["utility.import.batch"].search([])._work()
        self.assertEqual(self.letter.state, "delivered")
        self.assertEqual(len(list((inbox / "done").iterdir())), 1)
        self.assertEqual(len(list((inbox / "rejected").iterdir())), 1)


@tagged("post_install", "-at_install")
class TestTwoCompanies(PostalCommon):
    def test_shared_mail_house(self):
        """Gate 1: a job is of one company, whoever's the contract is."""
        letter = self.registered()
        job = self.send()
        other = self.env["res.company"].create({"name": "Altra"})
        self.env["utility.group"].create(
            {
                "name": "G",
                "head_company_id": self.company.id,
                "member_ids": [Command.set((other | self.company).ids)],
            }
        )
        stranger = self._create_dunning_user("stranger", "operator")
        stranger.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        self.told(self.row(letter, "DP1", 36))
        for record in (job, letter.postal_event_ids, letter):
            with self.assertRaises(AccessError):
                record.with_user(stranger).read(["display_name"])
        # the other company's file never reaches a letter that is not its own
        data = events_csv(self.row(letter, "DP2", 37), columns=COLUMNS)
        with freeze_time(self.day(50)):
            batch = self.provider.sudo()._receive_postal("x.csv", data, other)
            batch._work()
        self.assertEqual(batch.row_ids.issue_code, "postal_unknown")
        self.assertEqual(letter.state, "delivered")
