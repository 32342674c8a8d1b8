"""Letters leave as jobs: each at most once, none forgotten (gates 8, 9, 10, 40, 51)."""

import hashlib
import io
import zipfile
from contextlib import suppress
from unittest.mock import patch

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.utility_supply.models import import_folders as folders

from ..rules.outbox import ChannelRefused
from .postal_common import PostalCommon


class Killed(BaseException):
    """Stands for the end of the process: no ``except Exception`` catches it."""


@tagged("post_install", "-at_install")
class TestJob(PostalCommon):
    def test_letters_leave_together(self):
        """Gate 40: the mail house gets the very bytes that are kept as the letters."""
        letters = self.registered("B1", "B2")
        self.assertEqual(letters.provider_id, self.provider)
        job = self.send()
        self.assertEqual((job.state, job.letter_count, job.page_count), ("sent", 2, 2))
        self.assertEqual(set(letters.mapped("state")), {"sent"})
        self.assertEqual(letters.postal_job_id, job)
        [name] = self.left()
        data = (self.root / "out" / name).read_bytes()
        self.assertEqual(data, job.attachment_ids.raw)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            [index] = [n for n in archive.namelist() if n.endswith(".csv")]
            lines = archive.read(index).decode().splitlines()
            columns = lines[0].split(";")
            rows = [
                dict(zip(columns, line.split(";"), strict=True)) for line in lines[1:]
            ]
            for letter in letters:
                [row] = [r for r in rows if r["CODICE_LETTERA"] == letter.key]
                content = archive.read(row["NOME_PDF"])
                self.assertEqual(content, letter.attachment_id.raw)
                digest = hashlib.sha256(content).hexdigest()
                self.assertEqual((row["SHA256"], letter.raw_sha256), (digest, digest))
                self.assertEqual(row["PRODOTTO"], "AR")
                self.assertEqual(row["INDIRIZZO"], letter.partner_id.street)
        # posted is another thing, and another day: the mail house tells it
        self.assertEqual(letters.action_id.mapped("state"), ["executing"] * 2)

    def test_each_letter_once(self):
        """Gate 9: the sender's next turns make nothing of what left."""
        self.ordinary()
        self.send(16)
        self.send(17)
        self.assertEqual(len(self.jobs.search([])), 1)
        self.assertEqual(len(self.left()), 1)

    def test_paid_in_between(self):
        """Gate 8: paid one minute before the job is made, not in it."""
        letters = self.registered("B1", "B2")
        self.pay(letters[0].action_id.item_ids.move_id)
        job = self.send()
        self.assertEqual(job.letter_ids, letters[1])
        self.assertEqual(letters[0].state, "cancelled")
        self.assertEqual(letters[0].action_id.state, "superseded")

    def test_a_bad_letter_stops_no_other(self):
        """Gate 10: one in the tray with its reason, the others leave."""
        letters = self.registered("B1", "B2", "B3")
        letters[0].partner_id.street = "x" * 101
        letters[1].sudo().attachment_id.sudo().copy()
        spoiled = self.env["ir.attachment"].create(
            {"name": "x.html", "raw": b"<html>", "company_id": self.company.id}
        )
        letters[1].sudo()._guarded().write({"attachment_id": spoiled.id})
        job = self.send()
        self.assertEqual(job.letter_ids, letters[2])
        self.assertEqual(letters.mapped("state"), ["failed", "failed", "sent"])
        self.assertIn("INDIRIZZO", letters[0].failure_reason)
        self.assertEqual(letters[0].action_id.outcome, "bad_address")
        self.assertIn("PDF", letters[1].failure_reason)
        self.assertEqual(letters[1].action_id.state, "executing")

    def test_new_address_is_printed(self):
        letter = self.registered()
        old = letter.attachment_id
        letter.partner_id.street = "Via Nuova 9"
        self.send()
        self.assertNotEqual(letter.attachment_id, old)
        self.assertIn("Via Nuova 9", letter.address)
        self.assertTrue(old.exists())

    def test_hours_between_jobs_and_full_jobs(self):
        self.provider.postal_max_letters = 2
        first, *_rest = self.registered("B1", "B2", "B3")
        jobs = self.send()
        self.assertEqual(jobs.mapped("letter_count"), [2])
        self.provider.postal_max_letters = 1
        self.assertEqual(self.send().mapped("letter_count"), [2, 1])
        self.assertEqual(first.state, "sent")

    def test_few_letters_wait_for_the_hour(self):
        self.ordinary()
        self.provider.postal_gap_hours = 10**6
        job = self.send(16)
        self.overdue("B9", self._another_contract(5))
        self.walk(17, 25)
        self.assertEqual(self.send(), job, "one was made just now")
        self.provider.with_user(self.operator).action_make_postal_job()
        self.assertEqual(self.send().mapped("letter_count"), [1, 1])

    def test_by_hand(self):
        self.provider.postal_driver = "hand"
        letter = self.registered()
        job = self.send()
        self.assertEqual((job.state, letter.state), ("made", "sending"))
        self.assertEqual(self.left(), [])
        self.assertEqual(self.send(), job, "nothing leaves by itself")
        action = job.with_user(self.operator).action_download()
        self.assertIn("/web/content/", action["url"])
        job.with_user(self.operator).action_mark_sent()
        self.assertEqual((job.state, letter.state), ("sent", "sent"))
        with self.assertRaises(UserError):
            job.with_user(self.operator).action_mark_sent()

    def test_cancelled_letters_go_into_another(self):
        self.provider.postal_driver = "hand"
        letter = self.registered()
        job = self.send()
        decide = self.env["dunning.postal.decide"].with_user(self.operator)
        values = {"job_ids": job.ids, "verdict": "cancel"}
        with self.assertRaises(UserError):
            decide.create({**values, "reason": " "}).action_confirm()
        decide.create({**values, "reason": "wrong form"}).action_confirm()
        self.assertEqual((job.state, letter.state), ("cancelled", "to_send"))
        self.provider.postal_gap_hours = 0
        again = self.send() - job
        self.assertEqual((letter.postal_job_id, letter.state), (again, "sending"))

    def test_no_provider_is_work_of_a_person(self):
        self.provider.active = False
        self.env.flush_all()
        letter = self.ordinary()
        self.assertFalse(letter.provider_id)
        self.send(16)
        self.assertEqual(letter.state, "to_send")
        with self.assertRaises(UserError):
            letter.with_user(self.operator).action_give_to_post()
        letter.with_user(self.operator).action_mark_posted("2027-02-05")
        self.assertEqual(letter.state, "sent")

    def test_what_waited_for_a_person_can_be_given(self):
        self.provider.active = False
        letter = self.ordinary()
        self.provider.active = True
        letter.with_user(self.operator).action_give_to_post()
        self.send(16)
        self.assertEqual((letter.state, letter.postal_job_id.state), ("sent", "sent"))
        with self.assertRaises(UserError):
            letter.with_user(self.operator).action_give_to_post()

    def test_nobody_writes_a_job(self):
        self.registered()
        job = self.send()
        for user in (self.operator, self.dunning_admin):
            with self.assertRaises(AccessError):
                job.with_user(user).write({"state": "made"})
        with self.assertRaises(AccessError):
            job.sudo().write({"state": "made"})
        with self.assertRaises(AccessError):
            job.letter_ids.sudo().write({"postal_job_id": False})
        with self.assertRaises(AccessError):
            job.letter_ids.sudo().write({"state": "to_send"})
        with self.assertRaises(UserError):
            job.sudo().unlink()
        with self.assertRaises(UserError):
            job.attachment_ids.sudo().write({"raw": b"x"})


@tagged("post_install", "-at_install")
class TestFaults(PostalCommon):
    def killed(self, model, name):
        """The sender's turn, ended where ``name`` is called."""
        # no assertRaises: what was committed before the end would be rolled back
        with patch.object(model, name, side_effect=Killed), suppress(Killed):
            self.send()
            self.fail("it was not killed")

    def test_killed_before_it_was_there(self):
        """Gate 9: nobody can say that it did not leave: a person asks, then it does."""
        letter = self.registered()
        self.killed(folders.LocalFolder, "put")
        job = self.jobs.search([])
        self.assertEqual((job.state, letter.state), ("delivering", "sending"))
        self.send()
        self.assertEqual((job.state, letter.state), ("uncertain", "uncertain"))
        self.send()
        self.assertEqual(self.left(), [], "never again by itself")
        self.env["dunning.postal.decide"].with_user(self.operator).create(
            {"job_ids": job.ids, "verdict": "again", "reason": "asked: not there"}
        ).action_confirm()
        self.send()
        self.assertEqual((job.state, letter.state), ("sent", "sent"))
        self.assertEqual(len(self.left()), 1)

    def test_killed_after_it_was_there(self):
        """Gate 9: the folder proves that it left."""
        letter = self.registered()
        self.killed(self.registry["dunning.postal.job"], "_settle")
        self.assertEqual(len(self.left()), 1)
        job = self.jobs.search([])
        self.assertEqual(job.state, "delivering")
        self.send()
        self.assertEqual((job.state, letter.state), ("sent", "sent"))
        self.assertEqual(len(self.left()), 1)

    def test_taken_before_anybody_looked(self):
        """Gate 9: an outcome proves that it left."""
        letter = self.registered()
        self.killed(self.registry["dunning.postal.job"], "_settle")
        for name in self.left():
            (self.root / "out" / name).unlink()
        self.send()
        job = self.jobs.search([])
        self.assertEqual((job.state, letter.state), ("uncertain", "uncertain"))
        self.told(self.row(letter, "ACC", 33))
        self.assertEqual((job.state, letter.state), ("sent", "accepted"))

    def test_person_says_it_arrived(self):
        letter = self.registered()
        self.killed(folders.LocalFolder, "put")
        self.send()
        job = self.jobs.search([])
        self.env["dunning.postal.decide"].with_user(self.operator).create(
            {"job_ids": job.ids, "verdict": "arrived", "reason": "confirmed by phone"}
        ).action_confirm()
        self.assertEqual((job.state, letter.state), ("sent", "sent"))
        self.assertEqual(job.sent_by, self.operator)

    def test_folder_out_of_reach_is_tried_again(self):
        letter = self.registered()
        (self.root / "out").rmdir()
        job = self.send()
        self.assertEqual((job.state, letter.state), ("made", "sending"))
        self.assertTrue(job.next_try and self.provider.paused_until)
        (self.root / "out").mkdir()
        self.send(32)
        self.assertEqual((job.state, letter.state), ("sent", "sent"))
        self.assertFalse(self.provider.paused_until)

    @mute_logger("odoo.addons.creditbox_dunning.models.dunning_postal_job_work")
    def test_driver_with_a_fault_leaves_a_doubt(self):
        letter = self.registered()
        driver = self.registry["dunning.postal.driver.folder"]
        with patch.object(driver, "_deliver", side_effect=ZeroDivisionError("bug")):
            job = self.send()
        self.assertEqual((job.state, letter.state), ("uncertain", "uncertain"))
        self.assertIn("bug", job.reason)

    def test_refused_by_the_mail_house_stops_it(self):
        self.registered()
        driver = self.registry["dunning.postal.driver.folder"]
        with patch.object(driver, "_deliver", side_effect=ChannelRefused("no credit")):
            job = self.send()
        self.assertEqual((job.state, self.provider.state), ("made", "stopped"))
        self.assertIn("no credit", self.provider.stopped_reason)


class FakeDriver(models.AbstractModel):
    """What somebody else writes to speak to a mail house of his."""

    _name = "dunning.postal.driver.fake"
    _inherit = "dunning.postal.driver"
    _description = "Fake mail house"
    _module = "creditbox_dunning"

    _driver = "fake"
    _label = "Fake"
    taken = []

    def _deliver(self, job):
        self.taken.append(dict(job._files()))
        return "REF-1"


@tagged("post_install", "-at_install")
class TestDriver(PostalCommon):
    def test_third_party_driver(self):
        """Gate 51: a class of its own is all that a mail house's driver takes."""
        # as Odoo's own tests do: no module of ours may import it at its top
        from odoo.orm.model_classes import add_to_registry

        add_to_registry(self.registry, FakeDriver)
        self.addCleanup(self.registry.__delitem__, FakeDriver._name)
        self.registry._setup_models__(self.env.cr, [FakeDriver._name])
        self.assertIn(("fake", "Fake"), self.provider._selection_postal_driver())
        self.provider.postal_driver = "fake"
        letter = self.registered()
        job = self.send()
        self.assertEqual((job.state, job.external_ref), ("sent", "REF-1"))
        self.assertEqual(letter.state, "sent")
        self.assertEqual(FakeDriver.taken, [dict(job._files())])
