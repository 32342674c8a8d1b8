"""Invented Italian people, firms and codes with right check characters.

Everything is made from a ``random.Random`` that the caller seeds, so the same seed
gives the same people. Nobody here exists: the e-mail domains are the reserved
``example.com`` ones and the distributors' numbers are made up.
"""

from datetime import date, timedelta

from stdnum import luhn
from stdnum.it import codicefiscale

# name, province, CAP, cadastral code (Belfiore) of some towns
TOWNS = (
    ("Ancona", "AN", "60121", "A271"),
    ("Jesi", "AN", "60035", "E388"),
    ("Senigallia", "AN", "60019", "I608"),
    ("Fano", "PU", "61032", "D488"),
    ("Pesaro", "PU", "61121", "G479"),
    ("Macerata", "MC", "62100", "E783"),
    ("Bologna", "BO", "40121", "A944"),
    ("Modena", "MO", "41121", "F257"),
    ("Forlì", "FC", "47121", "D704"),
    ("Rimini", "RN", "47921", "H294"),
    ("Perugia", "PG", "06121", "G478"),
    ("Teramo", "TE", "64100", "L103"),
)
STREETS = (
    "Via Garibaldi",
    "Via Mazzini",
    "Corso Matteotti",
    "Via Roma",
    "Viale della Vittoria",
    "Via dei Mille",
    "Piazza del Popolo",
    "Via Leopardi",
    "Via delle Grazie",
    "Via XX Settembre",
    "Via Marconi",
    "Via San Martino",
    "Via Gramsci",
    "Via dell'Industria",
    "Largo Donatori di Sangue",
    "Via Nazario Sauro",
)
SURNAMES = (
    "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno "
    "Gallo Conti Mancini Costa Giordano Rizzo Lombardi Moretti Barbieri Fontana "
    "Santoro Mariani Rinaldi Caruso Ferrara Galli Martini Leone Longo Gentile "
    "Martinelli Vitale Lombardo Serra Coppola Marchetti Parisi Villa Conte Ferri "
    "Fabbri Bianco Marini Grasso Valentini Messina Sala Gatti Pellegrini Palumbo "
    "Sanna Farina Rizzi Monti Cattaneo Morelli Amato Silvestri Mazza Testa Grassi"
).split()
MEN = (
    "Mario Luca Giuseppe Marco Antonio Andrea Giovanni Francesco Paolo Stefano "
    "Alessandro Roberto Matteo Davide Simone Fabio Claudio Enrico Giorgio Pietro "
    "Nicolò Emanuele Daniele Filippo Tommaso Riccardo Sergio Massimo Vincenzo Dario"
).split()
WOMEN = (
    "Maria Anna Giulia Francesca Laura Sara Chiara Elena Paola Silvia Martina "
    "Valentina Federica Alessia Giorgia Elisa Roberta Cristina Simona Barbara "
    "Ilaria Monica Claudia Lucia Teresa Angela Rosa Irene Caterina Beatrice"
).split()
TRADES = (
    ("Panificio", "S.n.c."),
    ("Officina Meccanica", "S.r.l."),
    ("Ristorante Da", "S.a.s."),
    ("Ferramenta", "S.n.c."),
    ("Autotrasporti", "S.r.l."),
    ("Farmacia", "S.a.s."),
    ("Studio Tecnico", "S.r.l."),
    ("Bar Pasticceria", "S.n.c."),
    ("Lavanderia", "S.n.c."),
    ("Edilizia", "S.r.l."),
    ("Tipografia", "S.r.l."),
    ("Agriturismo", "S.s."),
)
INDUSTRIES = (
    "Cartiere",
    "Ceramiche",
    "Fonderie",
    "Molini",
    "Salumificio",
    "Vetrerie",
    "Tessitura",
    "Plastiche",
)
PUBLIC_BODIES = (
    "Comune di {town}",
    "Istituto Comprensivo {town} Centro",
    "Liceo Scientifico di {town}",
    "Azienda Sanitaria di {town}",
    "Unione dei Comuni di {town}",
)


class People:
    """A source of invented subjects; each call consumes the generator."""

    def __init__(self, rng):
        self.rng = rng
        self._vat = 4200000
        self._names = set()
        self._ipa = 0
        self._mobile = 3330100000

    # --- subjects ---------------------------------------------------------------
    def person(self):
        """An individual: dict with name, fiscal_code, email, mobile and address."""
        rng = self.rng
        while True:
            woman = rng.random() < 0.5
            first = rng.choice(WOMEN if woman else MEN)
            last = rng.choice(SURNAMES)
            if (first, last) not in self._names:
                break
        self._names.add((first, last))
        born = date(1942, 1, 1) + timedelta(days=rng.randrange(60 * 365))
        return {
            "name": f"{first} {last}",
            "fiscal_code": fiscal_code(first, last, born, woman, rng.choice(TOWNS)[3]),
            "email": f"{ascii_word(first)}.{ascii_word(last)}@example.com",
            "mobile": self.mobile(),
            **self.address(),
        }

    def firm(self):
        """A small business with a VAT number and, for most, a PEC."""
        trade, form = self.rng.choice(TRADES)
        owner = self.rng.choice(SURNAMES)
        return self._company(f"{trade} {owner} {form}", ascii_word(trade + owner))

    def industry(self):
        """A large user, connected in medium voltage."""
        kind = self.rng.choice(INDUSTRIES)
        town = self.rng.choice(TOWNS)[0]
        return self._company(f"{kind} {town} S.p.A.", ascii_word(kind + town))

    def condominium(self):
        """A condominium: tax code of eleven digits, no VAT number."""
        place = self.address()
        street = place["street"].rsplit(",", 1)[0]
        number = place["street"].rsplit(" ", 1)[1]
        values = self._company(f"Condominio {street} {number}", "condominio")
        values.update(place)
        values["fiscal_code"] = values.pop("vat")
        return values

    def public_body(self):
        """A public body, with its IPA office code (six characters)."""
        town = self.rng.choice(TOWNS)
        name = self.rng.choice(PUBLIC_BODIES).format(town=town[0])
        values = self._company(name, ascii_word(name))
        self._ipa += 1
        values["ipa_code"] = f"UF{self._ipa:04d}"
        values["fiscal_code"] = values.pop("vat")
        values.update(city=town[0], province=town[1], zip=town[2])
        return values

    def _company(self, name, word):
        while name in self._names:  # two firms of one name would only confuse
            name = f"{name.split(' - ')[0]} - {self.rng.choice(SURNAMES)}"
        self._names.add(name)
        vat = self.vat()
        return {
            "name": name,
            "vat": vat,
            "email": f"info@{word}{vat[2:7]}.example.com",
            "pec": f"{word}{vat[2:7]}@pec.example.com",
            "mobile": self.mobile(),
            **self.address(),
        }

    # --- pieces -----------------------------------------------------------------
    def address(self):
        town, province, cap, _code = self.rng.choice(TOWNS)
        return {
            "street": f"{self.rng.choice(STREETS)}, {self.rng.randrange(1, 180)}",
            "zip": cap,
            "city": town,
            "province": province,
        }

    def mobile(self):
        self._mobile += self.rng.randrange(3, 97)
        return f"+39{self._mobile}"

    def vat(self):
        """The next VAT number of the sequence, with its check digit."""
        self._vat += self.rng.randrange(1, 9)
        return vat_number(self._vat)


def vat_number(serial, office="042"):
    """``serial`` (7 digits) and office -> 11 digits with the check digit."""
    body = f"{serial:07d}{office}"
    return body + luhn.calc_check_digit(body)


def ascii_word(text):
    """Letters and digits only, lower case, accents dropped."""
    table = str.maketrans("àèéìòù", "aeeiou")
    return "".join(c for c in text.lower().translate(table) if c.isalnum())


def fiscal_code(first, last, born, woman, town_code):
    """The codice fiscale of an invented person (decree of 23 December 1976)."""
    consonants = [c for c in ascii_word(first) if c not in "aeiou"]
    if len(consonants) > 3:  # more than three: first, third and fourth
        name = consonants[0] + consonants[2] + consonants[3]
    else:
        name = _three_letters(first)
    day = born.day + (40 if woman else 0)
    month = "ABCDEHLMPRST"[born.month - 1]
    body = f"{_three_letters(last)}{name}{born:%y}{month}{day:02d}{town_code}".upper()
    return body + codicefiscale.calc_check_digit(body)


def _three_letters(text):
    word = ascii_word(text)
    letters = [c for c in word if c not in "aeiou"] + [c for c in word if c in "aeiou"]
    return "".join((letters + ["x"] * 3)[:3])
