"""Two users who export at once: real sessions of the database, real commits."""

from datetime import date

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.utility_supply.tests.world import end_world

from ..models.cmor_practice_evaluation import CmorPractice as Evaluation
from ..models.cmor_practice_export import CmorPractice as Exporter
from ..models.cmor_practice_seller_money import CmorPractice as Seller

VALUES = {
    "PIVA_UTENTE": "12345670017",
    "PIVA_GESTORE": "05877611003",
    "SETTORE": "E",
    "COD_POD": "IT999E00000001",
    "CF": "RSSMRA80A01F205X",
    "CF_STRANIERO": "0",
    "COGNOME": "Rossi",
    "PIVA_CONTROPARTE_COMMERCIALE": "12345670017",
    "DATA_CESSAZIONE": date(2025, 8, 31),
    "VALORE_CREDITO": 100,
    "VALORE_INDENNIZZO": 100,
    "CMOR_PRECEDENTE": "0",
    "NUM_FATTURE": 1,
    "ELENCO_FATTURE": [{"number": "F1"}],
    "NUM_MORA": 1,
    "ELENCO_MORA": [{"reference": "N1"}],
    "DICH_ART4": "1",
}
TABLES = (
    "cmor_deadline",
    "cmor_practice_return",
    "cmor_flow_record",
    "cmor_practice_event",
    "cmor_practice_code",
    "cmor_flow_file",
    "cmor_practice",
    "cmor_company_role",
)


@tagged("post_install", "-at_install")
class TestRace(BaseCase):
    """What is under test is locks and states: facts and values are given."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        end_world()
        cls.registry = Registry(get_db_name())
        cls.made = {}
        cls.addClassCleanup(cls._clean)
        with cls.registry.cursor() as cr:
            cls._build(api.Environment(cr, SUPERUSER_ID, {}))

    @classmethod
    def _build(cls, env):
        company = env["res.company"].search([], limit=1)
        user = env.ref("base.user_admin")
        role = env["cmor.company.role"].create(
            {
                "company_id": company.id,
                "role": "udd",
                "sector": "electricity",
                "vat": "12345670017",
                "date_from": "1999-01-01",
                "accreditation_state": "accredited",
                "user_ids": [(6, 0, user.ids)],
                "code_pattern": "RACE_{seq:6}",
            }
        )
        practice = (
            env["cmor.practice"]
            .with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
            ._guarded()
            .create(
                {
                    "company_id": company.id,
                    "name": "RACE",
                    "sector": "electricity",
                    "state": "ready",
                    "role_id": role.id,
                    "window_close": "2026-08-31",
                }
            )
        )
        layout = env.ref("cmor_utility.layout_si1_0050")
        cls.acknowledged = layout.acknowledged_by_id.id
        layout.action_acknowledge()
        cls.made = {"role": role.id, "practice": practice.id, "layout": layout.id}

    @classmethod
    def _clean(cls):
        """The product never deletes these: the test's own rows go by SQL."""
        with cls.registry.cursor() as cr:
            practice, role = cls.made.get("practice"), cls.made.get("role")
            cr.execute(
                "SELECT attachment_id FROM cmor_flow_file WHERE role_id = %s", [role]
            )
            attachments = tuple(row[0] for row in cr.fetchall() if row[0])
            where = {
                "cmor_flow_file": ("role_id", role),
                "cmor_practice": ("id", practice),
                "cmor_company_role": ("id", role),
            }
            for table in TABLES:
                column, value = where.get(table, ("practice_id", practice))
                cr.execute(
                    SQL(
                        "DELETE FROM %s WHERE %s = %s",
                        SQL.identifier(table),
                        SQL.identifier(column),
                        value,
                    )
                )
            if attachments:
                cr.execute("DELETE FROM ir_attachment WHERE id IN %s", [attachments])
            if not cls.acknowledged:
                cr.execute(
                    "UPDATE cmor_flow_layout SET acknowledged_by_id = NULL,"
                    " acknowledged_on = NULL WHERE id = %s",
                    [cls.made.get("layout")],
                )

    def export(self, cr):
        env = api.Environment(cr, SUPERUSER_ID, {})
        return env["cmor.practice"].browse(self.made["practice"]).action_export()

    @mute_logger("odoo.sql_db")
    def test_two_sessions_make_one_file(self):
        self.patch(Evaluation, "_set_next", lambda practices: None)
        self.patch(Evaluation, "_evaluate", lambda practices, today: None)
        self.patch(
            Exporter,
            "_flow_values",
            lambda practice, layout, common: {**VALUES, "CP_UTENTE": practice.code},
        )
        with self.registry.cursor() as one, self.registry.cursor() as two:
            two.execute("SELECT 1")  # the second user's session has begun as well
            self.export(one)
            with self.assertRaisesRegex(UserError, "Another export"):
                self.export(two)
            one.commit()
            # still on its old view of the data, the second one tries again
            with self.assertRaises(SerializationFailure):
                self.export(two)
            two.rollback()
            with self.assertRaisesRegex(UserError, "only ready"):
                self.export(two)
            two.execute(
                "SELECT count(*) FROM cmor_flow_record WHERE practice_id = %s",
                [self.made["practice"]],
            )
            self.assertEqual(two.fetchone()[0], 1)

    def pay_on(self, cr, practice):
        env = api.Environment(cr, SUPERUSER_ID, {})
        journal = env["account.journal"].browse()
        practice = env["cmor.practice"].browse(practice)
        return practice._pay_on(journal, date(2026, 4, 20), "CRO-1")

    def owed(self):
        """A practice of a seller that CSEA has paid, and its own clean-up."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            race = env["cmor.practice"].browse(self.made["practice"])
            seller = env["res.partner"].create({"name": "RACE seller"})
            practice = (
                env["cmor.practice"]
                .with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
                ._guarded()
                .create(
                    {
                        "company_id": race.company_id.id,
                        "name": "RACE 2",
                        "sector": "electricity",
                        "state": "paid",
                        "role_id": race.role_id.id,
                        "cc_partner_id": seller.id,
                        "cc_vat": "00743110157",
                        "seller_due_amount": 250.0,
                    }
                )
            )
            ids = practice.id, seller.id
        self.addCleanup(self._forget, *ids)
        return ids[0]

    def _forget(self, practice, seller):
        with self.registry.cursor() as cr:
            for table in TABLES[:5]:
                if table != "cmor_flow_file":
                    column = "id" if table == "cmor_practice" else "practice_id"
                    cr.execute(
                        SQL(
                            "DELETE FROM %s WHERE %s = %s",
                            SQL.identifier(table),
                            SQL.identifier(column),
                            practice,
                        )
                    )
            cr.execute("DELETE FROM cmor_practice WHERE id = %s", [practice])
            cr.execute("DELETE FROM res_partner WHERE id = %s", [seller])

    @mute_logger("odoo.sql_db")
    def test_two_sessions_pay_a_seller_once(self):
        """The dialog pressed by two users at once: one payment leaves."""
        paid = []

        def pay(practices, journal, day, ref, amount):
            paid.append(amount)
            return practices.env["account.payment"]

        def sum_receipts(practices):
            practices._update({"seller_due_amount": 250.0 - 250.0 * len(paid)})

        self.patch(Seller, "_make_seller_payment", pay)
        self.patch(Seller, "_sum_receipts", sum_receipts)
        practice = self.owed()
        with self.registry.cursor() as one, self.registry.cursor() as two:
            # the second user's session has begun as well; without our lock it would
            # wait for the first one, which here is the same process: for ever
            two.execute("SET LOCAL lock_timeout = '2s'")
            two.execute("SELECT 1")
            self.pay_on(one, practice)
            with self.assertRaisesRegex(UserError, "Another user"):
                self.pay_on(two, practice)
            one.commit()
            # still on its old view of the data, the second one tries again
            with self.assertRaises(SerializationFailure):
                self.pay_on(two, practice)
            two.rollback()
            with self.assertRaisesRegex(UserError, "nothing is to be paid on"):
                self.pay_on(two, practice)
            two.execute(
                "SELECT amount FROM cmor_practice_return WHERE practice_id = %s",
                [practice],
            )
            self.assertEqual([float(row[0]) for row in two.fetchall()], [250.0])
        self.assertEqual(paid, [250])
