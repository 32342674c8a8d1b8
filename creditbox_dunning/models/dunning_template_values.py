from dataclasses import dataclass

from odoo import api, models

from ..formats.qr import svg
from ..rules.notice_dates import first_default_day, first_work_day, is_old
from ..rules.notice_format import ITALIAN, Formats
from ..rules.notice_text import LAW, Row, Values
from ..rules.payment_slip import grouped, qr_text
from ..rules.template_choice import LETTERS
from ..rules.terms import pay_term, term_days
from .dunning_prescription import LONG_PRESCRIPTION
from .legal_parameter_names import NAMES

# days to pay where no number of the law says otherwise
USUAL_DAYS = 10
CUTTABLE = frozenset({"suspendible", "deactivable"})
BUSINESS_FORMS = frozenset({"business", "public_body"})
CONSUMER_FORMS = frozenset({"consumer", "condominium"})


@dataclass(frozen=True)
class Bill:
    """A bill to be listed; ``move`` the account.move, possibly empty."""

    number: str
    issued: object
    due: object
    amount: float
    move: object


@dataclass(frozen=True)
class Subject:
    """What a message is about: a step that was decided, or a case that is tried out.

    ``key`` is the caller's own; ``case`` a dunning.case; ``work_date`` the day planned
    for the technical office.
    """

    key: int
    case: object
    template: object
    channel: str
    bills: tuple[Bill, ...]
    amount: float
    work_date: object = None


class DunningTemplateValues(models.AbstractModel):
    """What a case puts into a text: read for many at once, written in its language."""

    _name = "dunning.template.values"
    _description = "Values of the dunning messages"

    @api.model
    def _collect(self, subjects, today):
        """{subject's key: rules.notice_text.Values} of messages written on ``today``.

        :param subjects: list of :class:`Subject`
        """
        known = self._read_around(subjects, today)
        return {s.key: self._values_of(s, known, today) for s in subjects}

    def _read_around(self, subjects, today):
        """What many subjects share, read once."""
        cases = self.env["dunning.case"].union(*(s.case for s in subjects)).sudo()
        languages = {s.template.lang for s in subjects}
        companies = cases.company_id
        guard = self.env["dunning.guard"].sudo()
        return {
            "formats": {lang: self._formats(lang) for lang in languages},
            "laws": {c.id: guard._law_for(c.root_id, today) for c in companies},
            "creditors": {c.id: c._dunning_creditor() for c in companies},
            "reminders": self._reminders(cases),
            "contacts": {c.id: self._contacts(c) for c in companies},
            "numbers": {},
            "slips": {
                s.template.id
                for s in subjects
                if s.channel in LETTERS and "slip" in s.template.part_ids.mapped("kind")
            },
        }

    @api.model
    def _formats(self, lang):
        """How ``lang`` writes dates and amounts; Italian when it is not installed."""
        data = self.env["res.lang"]._get_data(code=lang)
        if not data:
            return ITALIAN
        return Formats(data.date_format, data.decimal_point, data.thousands_sep or "")

    def _contacts(self, company):
        pec = company.partner_id.l10n_it_pec_email
        told = (
            company.phone and f"tel. {company.phone}",
            company.email,
            pec and f"PEC {pec}",
        )
        return ", ".join(filter(None, told)) or company.name

    def _reminders(self, cases):
        """{case id: (day, reference) of the last friendly notice}: ours of this round,
        or one that was sent before and imported."""
        found = {}
        contracts = cases.contract_id
        notices = self.env["utility.notice"].sudo()
        rows = notices.search_fetch(
            [("contract_id", "in", contracts.ids), ("kind", "in", ("notice",))],
            ["contract_id", "sent_date", "ref", "notified_date"],
            order="sent_date, id",
        )
        for notice in rows:
            found[notice.contract_id.id] = notice
        by_case = {}
        for case in cases:
            notice = found.get(case.contract_id.id)
            if notice:
                day = notice.sent_date
                by_case[case.id] = (day, notice.ref, notice.notified_date)
            for action in case.action_ids:
                day = action.executed_date
                if (
                    action.op == "notice"
                    and action.round == case.round
                    and action.state in ("done", "executing")
                    and day
                ):
                    by_case[case.id] = (day, case.name, action.effective_date)
        return by_case

    # one message

    def _values_of(self, subject, known, today):
        case = subject.case.sudo()
        formats = known["formats"][subject.template.lang]
        service = case.service or ""
        flags = self._flags(case)
        old = self._old_amount(subject, known["laws"][case.company_id.id])
        if old:
            flags.add("prescribable")
        words = {
            **self._law_words(known, service, subject.template.lang, case, today),
            **self._plain_words(subject, case, known, formats),
            **self._date_words(subject, case, known, formats, flags, today),
        }
        if old:
            words["prescribable"] = self._money(case, old, formats)
        return Values(
            service=service,
            words=words,
            flags=frozenset(flags),
            rows=self._rows(subject, case, known, formats),
        )

    def _flags(self, case):
        """The conditions of ``rules.notice_text`` that hold for a case."""
        contract = case.contract_id
        point, partner = contract.supply_point_id, case.partner_id
        flags = set()
        if case.suspendibility in CUTTABLE and case.supply_state != "ceased":
            flags.add("can_cut")
            # what nobody told is told to the customer: too much, never too little
            if case.service == "electricity" and point.voltage_level in (False, "low"):
                flags.add("low_voltage")
        is_home = case.customer_type == "domestic"
        if case.service == "water":
            flags.add("resident" if is_home else "not_resident")
        if partner.legal_form in BUSINESS_FORMS:
            flags.add("business")
        elif is_home or partner.legal_form in CONSUMER_FORMS or not partner.legal_form:
            flags.add("consumer")
        if partner.legal_form == "condominium":
            flags.add("condominium")
        return flags

    def _old_amount(self, subject, law):
        """What is asked for in bills of consumption older than the prescription."""
        case = subject.case.sudo()
        if case.customer_type in LONG_PRESCRIPTION:
            return 0
        amount = 0
        for bill in subject.bills:
            number = bill.issued and law.numbers.get(
                case.service or "", "prescription_years", bill.issued
            )
            start = bill.move.sudo().consumption_from
            if number and is_old(start, bill.issued, number.count):
                amount += bill.amount
        return amount

    def _law_words(self, known, service, lang, case, today):
        """{"law.name": number in force today}: the same for all of a service."""
        key = (service, lang)
        if key not in known["numbers"]:
            numbers = known["laws"][case.company_id.id].numbers
            formats = known["formats"][lang]
            found = {}
            for name, _label in NAMES:
                number = numbers.get(service, name, today)
                if number:
                    found[LAW + name] = formats.number(number.shown)
            known["numbers"][key] = found
        return known["numbers"][key]

    def _plain_words(self, subject, case, known, formats):
        company, partner = case.company_id, case.partner_id
        contract = case.contract_id
        point = contract.supply_point_id
        bills = subject.bills
        place = " ".join(filter(None, (point.street, point.zip, point.city)))
        codes = [bill.move.sudo().payment_code for bill in bills]
        codes = [grouped(code) for code in codes if code]
        return {
            "customer": partner.name or "",
            "customer_code": partner.billing_code or "",
            "company": company.name,
            "contacts": known["contacts"][company.id],
            "phone": company.phone or company.email or company.name,
            "case": case.name or "",
            "contract": contract.code or case.name or "",
            "point": point.code or contract.code or case.name or "",
            "supply_address": place,
            "service": case.service or "",
            "total": self._money(case, subject.amount, formats),
            "bills_count": str(len(bills)),
            "bill_number": bills[0].number if len(bills) == 1 else "",
            "due": formats.date(min((b.due for b in bills if b.due), default=None)),
            "payment_code": codes[0] if len(codes) == 1 else "",
        }

    def _date_words(self, subject, case, known, formats, flags, today):
        """The dates; all strings, empty for what has none."""
        law = known["laws"][case.company_id.id]
        service = case.service or ""
        template = subject.template
        by_pec = subject.channel == "pec"
        day, ref, received = known["reminders"].get(case.id, (None, "", None))
        number = term_days(service, subject.channel, today, law.numbers)
        term = pay_term(service, subject.channel, today, received, law.numbers)
        due = min((b.due for b in subject.bills if b.due), default=None)
        action_day = None
        if "can_cut" in flags and service and term:
            reducible = (
                "low_voltage" in flags
                and case.contract_id.supply_point_id.remote_reduction
            )
            action_day = first_work_day(law, service, term, today, reducible)
        return {
            "today": formats.date(today),
            "term_days": str(number.count if number else USUAL_DAYS),
            "term_from": template.term_from_pec
            if by_pec
            else template.term_from_letter,
            "term_date": formats.date(term),
            "action_date": formats.date(action_day),
            "default_date": formats.date(first_default_day(law, service, due, today)),
            "reminder_date": formats.date(day),
            "reminder_number": ref,
            "work_date": formats.date(subject.work_date),
        }

    def _rows(self, subject, case, known, formats):
        creditor = known["creditors"][case.company_id.id]
        with_slip = subject.template.id in known["slips"]
        rows = []
        for bill in subject.bills:
            code = bill.move.sudo().payment_code or ""
            qr = ""
            if with_slip and bill.amount > 0:
                places = case.currency_id.decimal_places
                amount = f"{bill.amount:.{places}f}"
                qr = svg(qr_text(creditor, code, amount, bill.number))
            rows.append(
                Row(
                    number=bill.number or "",
                    issued=formats.date(bill.issued),
                    due=formats.date(bill.due),
                    code=grouped(code),
                    amount=self._money(case, bill.amount, formats),
                    qr=qr,
                )
            )
        return tuple(rows)

    def _money(self, case, value, formats):
        currency = case.currency_id
        return formats.amount(
            value,
            currency.symbol,
            before=currency.position == "before",
            places=currency.decimal_places,
        )
