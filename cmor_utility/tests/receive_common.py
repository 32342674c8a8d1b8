"""Files as the SII would send them, for the tests of what is received."""

from ..formats import flow_io
from .common import ROLE_VAT, CmorCommon

GESTORE = "05877611003"


class ReceiveCommon(CmorCommon):
    """Two claims that were sent, and a hand to write answers with."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["cmor.flow.layout"].sudo().search([]).action_acknowledge()
        cls.files = cls.env["cmor.flow.file"].with_user(cls.operator)

    @classmethod
    def _create_sent(cls, count=2):
        """Claims that were exported and sent, in the order of their codes."""
        contracts = [cls._create_switch_out(f"R{n}") for n in range(count)]
        practices = cls._find().filtered(
            lambda p: p.contract_id.id in [c.id for c in contracts]
        )
        practices = practices.sorted("id")
        cls._declare(practices)
        practices.action_confirm()
        practices.action_export()
        practices.action_mark_sent()
        return practices

    @classmethod
    def _create_bare(cls, count=1, state="sent", prefix="B", **vals):
        """Practices in a state, without their past."""
        return (
            cls.env["cmor.practice"]
            .sudo()
            ._guarded()
            .create(
                [
                    {
                        "company_id": cls.company.id,
                        "name": f"{prefix}/{n}",
                        "code": f"{prefix}-{n:08d}",
                        "sector": "electricity",
                        "side": "outgoing",
                        "state": state,
                        "role_id": cls.role.id,
                        "indemnity": 100.0,
                        **vals,
                    }
                    for n in range(count)
                ]
            )
            .with_user(cls.operator)
        )

    @classmethod
    def _bytes(cls, key, rows):
        """A file of ``key``: ``rows`` are dicts of field names and texts."""
        layout = (
            cls.env["cmor.flow.layout"]
            .sudo()
            ._find(key, cls.company, cls.env.cr.now().date())
        )
        spec = layout._spec()
        names = [field.name for field in spec.fields]
        common = {"PIVA_UTENTE": ROLE_VAT, "PIVA_GESTORE": GESTORE}
        common |= {f.name: f.fixed for f in spec.fields if f.fixed}
        lines = [";".join(names)]
        for row in rows:
            full = {**common, **row}
            lines.append(";".join(full.get(name, "") for name in names))
        return ("\r\n".join(lines) + "\r\n").encode()

    @classmethod
    def _receive(cls, key, rows, name=None):
        """Receive a file of ``key`` as the operator."""
        data = cls._bytes(key, rows)
        return cls.files._receive(name or f"{key}.csv", data, cls.company)

    def _rows_written(self, *tables):
        """{table: rows updated so far in this transaction}."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT relname, n_tup_upd FROM pg_stat_xact_user_tables"
            " WHERE relname = ANY(%s)",
            [list(tables)],
        )
        return dict(self.env.cr.fetchall())

    @staticmethod
    def _ack(practice, ok=True, **more):
        """Row of a claim_ack about ``practice``."""
        row = {"CP_UTENTE": practice.code or "", "COD_POD": "IT001E00000001"}
        if ok:
            row |= {
                "VERIFICA_AMM": "1",
                "CP_GESTORE": f"SII{practice.id:012d}",
            }
        else:
            row |= {
                "VERIFICA_AMM": "0",
                "COD_CAUSALE": "004",
                "MOTIVAZIONE": "Campi obbligatori mancanti",
            }
        return {**row, **more}


__all__ = ["GESTORE", "ReceiveCommon", "flow_io"]
