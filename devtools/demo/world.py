"""Customers and contracts of the two invented companies.

Only *who* and *what* is decided here; bills, payments and notices come from
``billing``. Sizes are in ``PLANS``; every subject carries the behaviour by which it
pays, so that each way through the product has its example.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from .people import People, vat_number

# (share of the customers, behaviour): how households and small firms pay
BEHAVIOURS = (
    (0.46, "good"),
    (0.20, "direct_debit"),
    (0.14, "late"),
    (0.10, "bad"),
    (0.05, "partial"),
    (0.03, "excess"),
    (0.02, "never"),
)
# what may be wrong, or right, with a customer who left (see billing.SWITCH_OUTS)
SWITCH_OUTS = (
    "claimable",
    "no_warning",
    "no_notice",
    "too_early",
    "too_late",
    "below_minimum",
    "settled",
    "old_debt",
    "estimated",
    "meter_fault",
    "no_closing_bill",
    "out_of_scope",
    "term_running",
    "paid_in_month",
    "transfer",
    "telephone",
)
PLANS = {
    ("energy", False): {
        "household": 236,
        "firm": 58,
        "industry": 12,
        "public_body": 14,
        "chain_sites": 40,
        "condominium": 15,
        "life_support": 8,
        "bonus": 12,
        "seasonal": 8,
        "suspended": 5,
        "terminated": 6,
        "switch_outs": 2,
        "claimable": 12,
    },
    ("energy", True): {
        "household": 8,
        "firm": 2,
        "industry": 1,
        "public_body": 1,
        "chain_sites": 3,
        "condominium": 1,
        "life_support": 1,
        "bonus": 1,
        "seasonal": 1,
        "suspended": 1,
        "terminated": 1,
        "switch_outs": 1,
        "claimable": 8,
    },
    ("water", False): {
        "household": 138,
        "firm": 22,
        "public_body": 6,
        "condominium": 12,
        "bonus": 8,
        "seasonal": 4,
        "terminated": 4,
    },
    ("water", True): {
        "household": 5,
        "firm": 1,
        "public_body": 1,
        "condominium": 1,
        "bonus": 1,
        "seasonal": 1,
        "terminated": 1,
    },
}
# invented distributors: digits 3-5 of the POD, first four of the PDR -> VAT number
ELECTRICITY_DISTRIBUTORS = {
    "001": vat_number(5700101, "058"),
    "012": vat_number(5700202, "015"),
}
GAS_DISTRIBUTORS = {
    "0388": vat_number(5800101, "015"),
    "0161": vat_number(5800202, "037"),
}


@dataclass
class Customer:
    """A subject that is billed; ``values`` are the cells of the sheet Clienti."""

    code: str
    legal_form: str
    customer_type: str
    values: dict
    behaviour: str = "good"
    switch_out: str = ""
    contracts: list = field(default_factory=list)
    one_bill: bool = False  # one bill for all its supply points


@dataclass
class Contract:
    """A supply; ``values`` are further cells of the sheet Contratti."""

    code: str
    customer: Customer
    service: str
    point: str
    start: date
    monthly: Decimal  # average monthly spend before tax, euro
    end: date | None = None
    end_reason: str = ""
    state: str = "Attivo"
    values: dict = field(default_factory=dict)


class World:
    """All customers and contracts of one company, as at ``anchor``."""

    def __init__(self, company, anchor, rng, *, small):
        self.company = company
        self.anchor = anchor
        self.rng = rng
        self.plan = PLANS[company, small]
        self.people = People(rng)
        self.customers = []
        self.contracts = []
        self._point = 10000000 + rng.randrange(1000000)
        self._make()

    def _make(self):
        build = {
            "household": self._household,
            "firm": self._firm,
            "industry": self._industry,
            "public_body": self._public_body,
            "condominium": self._condominium,
            "life_support": self._life_support,
            "bonus": self._bonus,
            "seasonal": self._seasonal,
            "suspended": self._suspended,
            "terminated": self._terminated,
        }
        for kind, make in build.items():
            for index in range(self.plan.get(kind, 0)):
                make(index)
        if self.plan.get("chain_sites"):
            self._chain(self.plan["chain_sites"])
        for kind in SWITCH_OUTS:
            count = self.plan.get(kind, self.plan.get("switch_outs", 0))
            for index in range(count):
                self._switch_out(kind, index)

    # --- subjects ---------------------------------------------------------------
    def _customer(self, legal_form, customer_type, values, behaviour=None):
        letter = "E" if self.company == "energy" else "A"
        customer = Customer(
            code=f"{letter}{len(self.customers) + 1:05d}",
            legal_form=legal_form,
            customer_type=customer_type,
            values=values,
            behaviour=behaviour or self._behaviour(),
        )
        self.customers.append(customer)
        return customer

    def _behaviour(self):
        point = self.rng.random()
        for share, name in BEHAVIOURS:
            point -= share
            if point < 0:
                return name
        return "good"

    def _household(self, index):
        # the first of each kind walk through all behaviours, the rest as they fall
        behaviour = BEHAVIOURS[index][1] if index < len(BEHAVIOURS) else None
        customer = self._customer(
            "Consumatore", "Domestico", self.people.person(), behaviour
        )
        if self.company == "water":
            self._water(customer, "16", resident=True)
            return customer
        self._electricity(customer, "48")
        if self.rng.random() < 0.38:
            self._gas(customer, "55")
        if self.rng.random() < 0.10:
            self._telephone(customer)
        return customer

    def _firm(self, index):
        form = "Microimpresa" if index % 3 else "Impresa"
        customer = self._customer(form, "Non domestico", self.people.firm())
        if self.company == "water":
            self._water(customer, "42", resident=False)
            return customer
        self._electricity(customer, "310")
        if self.rng.random() < 0.30:
            self._gas(customer, "240", use="Altri usi")
        if self.rng.random() < 0.25:
            self._telephone(customer, "65")
        return customer

    def _industry(self, index):
        behaviour = "late" if index % 4 == 0 else "good"
        customer = self._customer(
            "Impresa", "Grande utente", self.people.industry(), behaviour
        )
        self._electricity(customer, "5800", voltage="Media tensione", remote="N")

    def _public_body(self, index):
        behaviour = ("late", "never", "good", "late")[index % 4]
        customer = self._customer(
            "Ente pubblico", "Ente", self.people.public_body(), behaviour
        )
        customer.one_bill = True
        for site in range(3 if self.company == "energy" else 2):
            values = {"Uso pubblico": "S"} if site == 0 else {}
            if self.company == "water":
                self._water(customer, "120", resident=False, **values)
            else:
                self._electricity(customer, "420", **values)

    def _condominium(self, index):
        behaviour = "bad" if index % 5 == 2 else None
        customer = self._customer(
            "Condominio", "Domestico", self.people.condominium(), behaviour
        )
        dwellings = self.rng.randrange(6, 40)
        if self.company == "water":
            contract = self._water(customer, "190", resident=True)
            contract.values["Unità abitative"] = dwellings
            return
        self._electricity(customer, "95")
        contract = self._gas(customer, "780", use="Condominio")
        contract.values["Smc annui"] = Decimal(dwellings * 900)

    def _life_support(self, index):
        customer = self._household(100)
        customer.behaviour = "bad" if index % 2 == 0 else "good"
        customer.contracts[0].values["Dispositivo salvavita"] = "S"
        customer.values.update(
            bonus="Salvavita",
            bonus_from=date(2024, 1, 1),
            bonus_protocol=f"DS-{index + 1:04d}/2024",
        )

    def _bonus(self, index):
        customer = self._household(100)
        customer.behaviour = "bad" if index % 2 == 0 else "late"
        word = "Bonus idrico" if self.company == "water" else "Bonus economico"
        customer.values.update(
            bonus=word,
            bonus_from=date(self.anchor.year, 1, 1),
            bonus_to=date(self.anchor.year, 12, 31),
            bonus_protocol=f"SGATE-{self.anchor.year}-{index + 1:06d}",
        )

    def _seasonal(self, index):
        customer = self._household(100)
        customer.behaviour = "bad" if index % 2 == 0 else "good"
        for contract in customer.contracts:
            contract.values["Uso stagionale"] = "Seconda casa"

    def _suspended(self, index):
        customer = self._household(100)
        customer.behaviour = "bad"
        for contract in customer.contracts:
            contract.state = "Sospeso"

    def _terminated(self, index):
        customer = self._household(100)
        customer.behaviour = "good" if index % 2 else "never"
        months = 3 + index % 4
        for contract in customer.contracts:
            contract.end = months_before(self.anchor, months).replace(day=14)
            contract.end_reason = "Cessazione"
            contract.state = "Cessato"

    def _chain(self, sites):
        """A chain of shops: one customer, one bill over all its sites."""
        customer = self._customer("Impresa", "Non domestico", self.people.firm(), "bad")
        customer.values["name"] = "Supermercati Adriatico S.p.A."
        customer.one_bill = True
        for _site in range(sites):
            self._electricity(customer, "640")

    def _switch_out(self, kind, index):
        firm = kind == "out_of_scope" or (kind == "claimable" and index % 4 == 3)
        if firm:
            customer = self._customer(
                "Microimpresa", "Non domestico", self.people.firm()
            )
        else:
            customer = self._customer("Consumatore", "Domestico", self.people.person())
        customer.behaviour, customer.switch_out = "switch_out", kind
        if kind == "telephone":
            contract = self._telephone(customer)
        elif kind == "out_of_scope":
            contract = self._gas(customer, "2600", use="Altri usi")
            contract.values["Smc annui"] = Decimal("82000")
        elif index % 3 == 1:
            contract = self._gas(customer, "62")
        else:
            contract = self._electricity(customer, "210" if firm else "58")
        # months back from the anchor; the middle of the month keeps clear of borders
        months = {"too_early": 3, "too_late": 15}.get(kind, 7 + index % 3)
        contract.end = months_before(self.anchor, months).replace(day=11 + index % 5)
        contract.end_reason = "Voltura" if kind == "transfer" else "Switch-out"
        contract.state = "Cessato"

    # --- supplies ---------------------------------------------------------------
    def _contract(self, customer, service, point, monthly, **values):
        letters = {
            "Energia elettrica": "EE",
            "Gas": "GAS",
            "Acqua": "H2O",
            "Telefono": "TEL",
        }
        back = self.rng.randrange(700, 2600)
        spread = Decimal(self.rng.randrange(75, 130)) / 100
        contract = Contract(
            code=f"{letters[service]}-{len(self.contracts) + 1:06d}",
            customer=customer,
            service=service,
            point=point,
            start=self.anchor - timedelta(days=back),
            monthly=(Decimal(monthly) * spread).quantize(Decimal("0.01")),
            values=values,
        )
        contract.values.setdefault(
            "Rete vendita", self.rng.choice(("Sportelli", "Agenti", "Web"))
        )
        self.contracts.append(contract)
        customer.contracts.append(contract)
        return contract

    def _next_point(self):
        self._point += self.rng.randrange(1, 60)
        return self._point

    def _electricity(
        self, customer, monthly, voltage="Bassa tensione", remote="S", **values
    ):
        digits = self.rng.choice(sorted(ELECTRICITY_DISTRIBUTORS))
        return self._contract(
            customer,
            "Energia elettrica",
            f"IT{digits}E{self._next_point():08d}",
            monthly,
            **{
                "Tensione": voltage,
                "Riduzione remota": remote,
                "Distributore (P.IVA)": ELECTRICITY_DISTRIBUTORS[digits],
                "Divisione": "Luce",
                **values,
            },
        )

    def _gas(self, customer, monthly, use="Domestico"):
        digits = self.rng.choice(sorted(GAS_DISTRIBUTORS))
        return self._contract(
            customer,
            "Gas",
            f"{digits}{self._next_point():010d}",
            monthly,
            **{
                "Uso gas": use,
                "Smc annui": Decimal(self.rng.randrange(500, 1600)),
                "Distributore (P.IVA)": GAS_DISTRIBUTORS[digits],
                "Divisione": "Gas",
            },
        )

    def _telephone(self, customer, monthly="29"):
        number = f"07{self._next_point():08d}"
        return self._contract(
            customer, "Telefono", number, monthly, Divisione="Fibra e voce"
        )

    def _water(self, customer, monthly, *, resident, **values):
        members = self.rng.randrange(1, 6)
        return self._contract(
            customer,
            "Acqua",
            f"UI{self._next_point():08d}",
            monthly,
            **{
                "Residente": "S" if resident else "N",
                "Componenti": members,
                "Fascia agevolata annua": Decimal(members) * Decimal("21.40"),
                "Divisione": "Idrico",
                **values,
            },
        )


def months_before(day, months):
    """The same day ``months`` earlier, clipped to the 28th."""
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, min(day.day, 28))
