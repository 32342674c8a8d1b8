import io
import zipfile

from odoo import models

from .import_message import issue

MAX_PROOF = 25 * 2**20
PLAIN = ("kind", "channel", "sent_date", "notified_date", "pay_term", "amount")


class UtilityImportLoaderNotices(models.AbstractModel):
    """Notices already sent, key `ref`, with their bills and proofs.

    A notice is proof: a later file may complete what was blank, never change it.
    """

    _name = "utility.import.loader.notices"
    _inherit = "utility.import.loader"
    _description = "Loader of past notices"

    def _facts(self, batch, records):
        refs = {ref for r in records for ref in r.get("billing_refs") or ()}
        bills = self._by_key("account.move", "billing_ref", batch, list(refs))
        lines = self.env["account.move.line"]._read_group(
            [
                ("move_id", "in", [bill.id for bill in bills.values()]),
                ("display_type", "=", "payment_term"),
            ],
            ["move_id", "utility_contract_id"],
        )
        return {
            "notices": self._by_key(
                "utility.notice", "ref", batch, self._values_of(records, "ref")
            ),
            "contracts": self._by_key(
                "utility.contract",
                "code",
                batch,
                self._values_of(records, "contract_code"),
            ),
            "bills": bills,
            "bill_contracts": {(move.id, contract.id) for move, contract in lines},
            "proofs": Proofs(batch.file_id.proof_attachment_id.raw),
        }

    # -- judging -------------------------------------------------------------------

    def _judge(self, batch, record, facts, known):
        issues = self._known_or_issue(
            facts["contracts"],
            known,
            "contracts",
            "unknown_contract",
            "contract_code",
            record["contract_code"],
        )
        notified = record.get("notified_date")
        if notified and notified < record["sent_date"]:
            issues.append(issue("bad_period", "notified_date", notified))
        for ref in record.get("billing_refs") or ():
            issues += self._bill_issues(record, ref, facts, known)
        proof = record.get("proof_file")
        notice = facts["notices"].get(record["ref"])
        if proof and proof not in facts["proofs"] and not self._has(notice, proof):
            issues.append(issue("missing_proof", "proof_file", proof))
        if issues or not notice:
            return issues or "created"
        return self._judge_known(record, notice, facts)

    def _has(self, notice, proof):
        return bool(notice) and proof in notice.attachment_ids.mapped("name")

    def _bill_issues(self, record, ref, facts, known):
        bill = facts["bills"].get(ref)
        contract = facts["contracts"].get(record["contract_code"])
        if not bill:
            return self._known_or_issue(
                {}, known, "bills", "unknown_bill", "billing_refs", ref
            )
        if contract and (bill.id, contract.id) not in facts["bill_contracts"]:
            code = record["contract_code"]
            return [issue("notice_bill_contract", "billing_refs", ref, contract=code)]
        return []

    def _judge_known(self, record, notice, facts):
        vals = self._vals(record, facts)
        for name in self._changes(notice, vals):
            if notice[name] and name != "cmor_warning":
                old = notice[name]
                old = old.display_name if isinstance(old, models.BaseModel) else old
                return [issue("notice_changed", name, record["ref"], old=old)]
        return "updated" if self._additions(record, notice, facts) else "unchanged"

    def _additions(self, record, notice, facts):
        """What ``record`` knows and ``notice`` does not."""
        vals = self._changes(notice, self._vals(record, facts))
        bills = self._bills(record, facts) - notice.move_ids
        if bills:
            vals["move_ids"] = [(4, bill.id) for bill in bills]
        proof = record.get("proof_file")
        if proof and not self._has(notice, proof):
            vals["proof_file"] = proof
        return vals

    # -- writing -------------------------------------------------------------------

    def _bills(self, record, facts):
        found = [facts["bills"][ref] for ref in record.get("billing_refs") or ()]
        return self.env["account.move"].concat(*found)

    def _vals(self, record, facts):
        vals = {name: record[name] for name in PLAIN if record.get(name)}
        if "amount" in vals:
            vals["amount"] = float(vals["amount"])
        if record.get("cmor_warning"):
            vals["cmor_warning"] = True
        contract = facts["contracts"].get(record["contract_code"])
        if contract:
            vals["contract_id"] = contract.id
        return vals

    def _apply(self, batch, todo, facts):
        new = [record for _n, record, outcome in todo if outcome == "created"]
        created = self.env["utility.notice"].create(
            [
                {
                    "company_id": batch.company_id.id,
                    "ref": record["ref"],
                    "source": "imported",
                    "move_ids": [(6, 0, self._bills(record, facts).ids)],
                    **self._vals(record, facts),
                }
                for record in new
            ]
        )
        attached = [
            (notice, record["proof_file"])
            for notice, record in zip(created, new, strict=True)
            if record.get("proof_file")
        ]
        for _number, record, outcome in todo:
            if outcome == "updated":
                notice = facts["notices"][record["ref"]]
                vals = self._additions(record, notice, facts)
                if proof := vals.pop("proof_file", None):
                    attached.append((notice, proof))
                notice.write(vals)
        self._attach(attached, facts["proofs"])

    def _attach(self, attached, proofs):
        """Attach proofs ([(notice, file name)]) to their notices."""
        files = self.env["ir.attachment"].create(
            [
                {
                    "name": name,
                    "raw": proofs.bytes_of(name),
                    "res_model": notice._name,
                    "res_id": notice.id,
                    "company_id": notice.company_id.id,
                }
                for notice, name in attached
            ]
        )
        for (notice, _name), file in zip(attached, files, strict=True):
            notice.attachment_ids = [(4, file.id)]


class Proofs:
    """The proofs received as a ZIP, by file name (folders and case ignored)."""

    def __init__(self, data):
        self._zip, self._names = None, {}
        if not data:
            return
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except zipfile.BadZipFile:
            return
        for info in self._zip.infolist():
            is_plain = not info.is_dir() and not info.flag_bits & 0x1
            if is_plain and info.file_size <= MAX_PROOF:
                self._names[self._key(info.filename)] = info

    def _key(self, name):
        return name.replace("\\", "/").rsplit("/", 1)[-1].casefold()

    def __contains__(self, name):
        return self._key(name) in self._names

    def bytes_of(self, name):
        """The bytes of one proof, never more than the limit whatever the ZIP says."""
        with self._zip.open(self._names[self._key(name)]) as stream:
            return stream.read(MAX_PROOF)
