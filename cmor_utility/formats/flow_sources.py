"""What a field of a record layout may stand for: one closed list for all flows.

Layouts are data that users edit, so nothing of theirs is ever evaluated: a field only
names one of these sources. Writing a file, the source says which value goes in; reading
one, it says what the value means, whatever the column is called.
"""

from ...utility_supply.formats import record_layout

#: (source, meaning); the values are str, int, Decimal, date or a list of dicts (groups)
SOURCES = [
    # header of any flow
    ("service_code", "Service code of the flow"),
    ("flow_code", "Flow code"),
    ("role_vat", "VAT number of our role"),
    ("gestore_vat", "VAT number of the Gestore"),
    ("code", "Practice code (CP_UTENTE)"),
    ("sii_code", "Practice code of the SII (CP_GESTORE)"),
    ("sector_code", "Sector: E or G"),
    ("pod", "POD"),
    ("pdr", "PDR"),
    # the customer
    ("fiscal_code", "Tax code of the customer"),
    ("vat", "VAT number of the customer"),
    ("foreign", "Foreign customer: 0 or 1"),
    ("first_name", "First name"),
    ("last_name", "Surname"),
    ("company_name", "Company name"),
    ("cc_vat", "VAT number of the seller"),
    ("udd_vat", "VAT number of the network user"),
    ("distributor_vat", "VAT number of the distributor"),
    # request of indemnity
    ("date_end", "End of the supply"),
    ("credit", "Credit of the last months"),
    ("indemnity", "Indemnity asked"),
    ("has_prev", "Previous CMOR: 0 or 1"),
    ("prev_sii_code", "SII code of the previous CMOR"),
    ("prev_amount", "Amount of the previous CMOR"),
    ("bill_count", "Number of bills"),
    ("bills", "Bills (group)"),
    ("notice_count", "Number of notices"),
    ("notices", "Formal notices (group)"),
    ("art4", "Declaration of art. 4: 0 or 1"),
    ("note", "Note"),
    # answers
    ("admitted", "Admitted: 0 or 1 (VERIFICA_AMM)"),
    ("outcome", "Outcome: 0 or 1 (ESITO)"),
    ("cause_code", "Cause or outcome code"),
    ("cause_text", "Reason in words"),
    # notices
    ("cmor_amount", "Amount of the CMOR"),
    ("amount_before", "Amount before the update"),
    ("accepted_on", "Day of acceptance"),
    ("suspend_until", "Last day to ask the suspension"),
    ("updated_on", "Day of the update"),
    ("cancelled_on", "Day of the annulment"),
    ("indemnity_paid", "Indemnity paid by CSEA already: 0 or 1"),
    ("suspended", "Suspended (1) or going on again (0)"),
    ("notice_date", "Day of the notice"),
    ("paid_amount", "Amount paid"),
    ("paid_on", "Day of payment"),
    ("payment_ref", "Reference of the payment"),
    # our other requests
    ("cancel_sii_code", "SII code of the practice to annul"),
    ("cancel_code", "Our code of the practice to annul"),
    ("side_code", "Side: U outgoing, E incoming"),
    ("event_date", "Day of the event"),
    ("collected_amount", "Amount collected"),
    ("collected_on", "Day of collection"),
    ("suspend_kind", "1 suspension, 2 its end"),
    ("disconnection_date", "Day of the request of disconnection"),
    ("disconnection_code", "Practice code of the disconnection"),
    ("is_collected", "CMOR collected: 0 or 1"),
    ("is_billed", "CMOR billed: 0 or 1"),
    ("bill_number", "Number of the bill"),
    ("bill_date", "Date of the bill"),
    ("billed_amount", "Amount billed"),
    ("report_state", "State of the report"),
    ("refund_amount", "Amount returned"),
    ("refund_date", "Day of the return"),
    ("refund_mode", "Way of the return"),
    ("refund_ref", "Reference of the return"),
    # lines of the distributor's invoice
    ("document_kind", "Kind of document: F invoice, N credit note"),
    # between a seller and its network user
    ("answered_key", "Flow that is answered"),
    ("practice_state", "State of the practice, in words"),
]
# keys an item of a group may show, with the kind of its value
GROUP_PARTS = {
    "bills": {
        "number": record_layout.TEXT,
        "date": record_layout.DATE,
        "due_date": record_layout.DATE,
        "amount": record_layout.DECIMAL,
        "total": record_layout.DECIMAL,
    },
    "notices": {
        "sent": record_layout.DATE,
        "channel": record_layout.TEXT,
        "received": record_layout.DATE,
        "term": record_layout.DATE,
        "reference": record_layout.TEXT,
    },
}
# heading of a part where it has a column of its own: <field>_<word>
PART_WORDS = {
    "number": "NUMERO",
    "date": "DATA",
    "due_date": "SCADENZA",
    "amount": "IMPORTO",
    "total": "TOTALE",
    "sent": "INVIO",
    "channel": "CANALE",
    "received": "RICEZIONE",
    "term": "TERMINE",
    "reference": "RIFERIMENTO",
}
# source of a group -> source of the number of its items
GROUP_COUNTS = {"bills": "bill_count", "notices": "notice_count"}
# sources that name a practice, a point or a subject: one digit lost is another one
IDENTITIES = frozenset(
    {
        *("code", "sii_code", "prev_sii_code", "cancel_sii_code", "cancel_code"),
        *("disconnection_code", "pod", "pdr", "fiscal_code", "vat"),
        *("role_vat", "gestore_vat", "cc_vat", "udd_vat", "distributor_vat"),
    }
)
# the source that names the practice of a record, the first that a layout has
KEYS = ("code", "sii_code", "cancel_sii_code")
