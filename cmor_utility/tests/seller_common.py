"""A network user with a seller that it acts for."""

from .common import ROLE_VAT
from .receive_common import ReceiveCommon

SELLER_VAT = "00743110157"


class NetworkUserCommon(ReceiveCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls.env["res.partner"].create(
            {"name": "Venditore S.r.l.", "vat": f"IT{SELLER_VAT}", "is_company": True}
        )
        cls.counterpart = cls.env["cmor.counterpart"].create(
            {"partner_id": cls.seller.id, "kind": "cc"}
        )

    def row(self, code="V-1", **more):
        return {
            "PIVA_CONTROPARTE_COMMERCIALE": SELLER_VAT,
            "PIVA_UTENTE": ROLE_VAT,
            "CP_UTENTE": code,
            "SETTORE": "E",
            "COD_POD": "IT001E00000009",
            "CF": "RSSMRA80A01F205X",
            "CF_STRANIERO": "0",
            "NOME": "Mario",
            "COGNOME": "Rossi",
            "DATA_CESSAZIONE": "31/08/2025",
            "VALORE_CREDITO": "300.00",
            "VALORE_INDENNIZZO": "250.00",
            "CMOR_PRECEDENTE": "0",
            "NUM_FATTURE": "1",
            "ELENCO_FATTURE": "F1|10/08/2025|30/08/2025|300.00",
            "NUM_MORA": "1",
            "ELENCO_MORA": "20/10/2025|R|25/10/2025|10/11/2025|R-1",
            "DICH_ART4": "1",
            **more,
        }

    def ask(self, *rows):
        file = self._receive("cc_request", rows)
        return file, file.record_ids.practice_id.with_user(self.operator)

    def present(self, practice):
        practice.action_confirm()
        practice.action_export()
        practice.action_mark_sent()
