"""The demonstration's workbooks: their size, their sameness and their wrong rows."""

from collections import Counter
from datetime import date

import pytest

from devtools.demo import generator, sheets
from devtools.demo.expected import Expected


@pytest.fixture(scope="module")
def full():
    return {name: generator.generate(name) for name in generator.COMPANIES}


def test_full_size(full):
    counts = sum((dataset.counts for dataset in full.values()), Counter())
    assert counts["customers"] >= 600
    assert counts["contracts"] >= 800
    services = Counter()
    for dataset in full.values():
        book = sheets.read(dataset.deliveries[0].content)
        services.update(row["Servizio"] for _number, row in book["Contratti"].rows)
        issued = [row["Data emissione"] for _number, row in book["Bollette"].rows]
        months = (dataset.anchor - min(filter(None, issued))).days / 30.4
        assert months > 17
    assert {"Acqua", "Gas", "Energia elettrica", "Telefono"} <= set(services)


def test_one_bill_over_forty_sites(full):
    book = sheets.read(full["energy"].deliveries[0].content)
    rows = Counter(row["Numero bolletta"] for _number, row in book["Bollette"].rows)
    assert max(rows.values()) == 40


@pytest.mark.parametrize("name", generator.COMPANIES)
def test_same_arguments_give_the_same_bytes(name):
    once, again = (generator.generate(name, small=True) for _time in range(2))
    assert [one.content for one in once.deliveries] == [
        one.content for one in again.deliveries
    ]
    other = generator.generate(name, seed=1, small=True)
    assert other.deliveries[0].content != once.deliveries[0].content


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("name", generator.COMPANIES)
def test_wrong_rows_are_found_again(name, small):
    """What the generator spoiled and what the reader refuses are counted apart."""
    dataset = generator.generate(name, small=small)
    found = Expected([one.content for one in dataset.deliveries])
    assert {
        sheet: dict(kinds) for sheet, kinds in found.quarantined.items()
    } == dataset.spoiled


def test_sums_of_a_bill_of_two_terms():
    """The reckoning itself, on numbers that anybody can check."""
    day = date(2026, 3, 1)
    row = dict.fromkeys(generator.HEADINGS["Bollette"])
    bill = {
        **row,
        "Numero bolletta": "1",
        "Codice contratto": "C",
        "Tipo documento": "FT",
        "Data emissione": date(2026, 1, 1),
        "Data scadenza": date(2026, 3, 31),
        "Totale": 100,
        "Rate": "2026-01-31:60,00|2026-03-31:40,00",
    }
    note = {**bill, "Numero bolletta": "2", "Tipo documento": "NC", "Totale": 10}
    note.update({"Rate": None, "Bolletta stornata": "1"})
    payment = dict.fromkeys(generator.HEADINGS["Pagamenti"])
    payment.update({"Id pagamento": "P", "Numero bolletta": "1", "Importo": 25})
    payment["Data"] = date(2026, 2, 1)
    back = {**payment, "Id pagamento": "R", "Data": date(2026, 2, 10)}
    back["Storno/Insoluto di"] = "P"
    contents = [
        generator.workbook(
            {
                "Clienti": [
                    {
                        "Codice cliente": "A",
                        "Denominazione": "Uno",
                        "Tipo soggetto": "Consumatore",
                    }
                ],
                "Contratti": [
                    {
                        "Codice contratto": "C",
                        "Codice cliente": "A",
                        "Servizio": "Acqua",
                        "POD/PDR/Punto": "X1",
                        "Tipologia cliente": "Domestico",
                        "Stato": "Attivo",
                        "Data inizio": date(2020, 1, 1),
                    }
                ],
                "Bollette": [note, bill],
                "Pagamenti": [back, payment],
            }
        )
    ]
    found = Expected(contents)
    assert not found.quarantined
    assert (found.billed(), found.paid()) == (90, 0)
    assert found.residual_by_bill() == {"1": 90}
    # sixty were due on 31 January, ten of them credited
    assert found.overdue_contracts(day) == {"C": 50}
    assert found.overdue_contracts(date(2026, 2, 5)) == {"C": 25}
    assert found.overdue_contracts(date(2026, 4, 1)) == {"C": 90}
