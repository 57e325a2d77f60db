"""In which currency a payment may be written (rules.md section 4, Currency)."""

from collections.abc import Iterator

import pytest
from program.installation import Installation
from program.scenes import NOTHING, Scene

from qbsf.sandbox.quickbooks.company import CompanySettings
from qbsf.sandbox.salesforce import OrgOptions
from qbsf.sandbox.world import Sandbox

OPEN = "Proposal and Agreement"
WON = "Closed Won"
SEVERAL = OrgOptions(multi_currency=True)
EUROS = {"invoice_of": "Euro Corp", "currency": "EUR"}

in_an_org_with_several_currencies = pytest.mark.parametrize("sandbox", [SEVERAL], indirect=True)


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A company with many currencies, at home in US dollars; the org has one unless the test asks for another."""
    options: OrgOptions = getattr(request, "param", OrgOptions())
    with Sandbox(settings=CompanySettings(multi_currency=True), org=options) as world:
        yield world


@in_an_org_with_several_currencies
def test_an_opportunity_in_the_invoices_currency_gets_the_amount_in_that_currency(qbsf: Installation) -> None:
    invoice = qbsf.books.add_invoice("Euro Corp", "1000.00", currency="EUR", exchange_rate="1.1")
    deal = qbsf.deal(invoice=invoice, currency="EUR")
    qbsf.books.receive_payment([invoice], exchange_rate="1.2")
    assert qbsf.sync().record(deal)["reason"] == "paid"
    assert (qbsf.stage(deal), qbsf.payment_fields(deal)[0]) == (WON, "1000.00")
    qbsf.settled()


@in_an_org_with_several_currencies
def test_an_opportunity_in_another_currency_is_not_written_until_a_person_corrects_it(qbsf: Installation) -> None:
    scene = Scene(qbsf, **EUROS)
    scene.edit(CurrencyIsoCode="USD")
    scene.pay()
    assert scene.sync() == ("skipped", "currency_mismatch")
    assert (scene.stage, scene.facts, scene.writes, scene.waits) == (OPEN, NOTHING, 0, "currency_mismatch")
    qbsf.settled()
    scene.edit(CurrencyIsoCode="EUR")
    assert scene.sync() == ("updated", "paid")
    assert (scene.stage, scene.amount, scene.waits) == (WON, "1000.00", None)
    qbsf.settled()


@in_an_org_with_several_currencies
def test_the_currency_of_the_configuration_is_not_asked_in_an_org_with_several(qbsf: Installation) -> None:
    qbsf.configure(salesforce={"currency": "EUR"})
    dollars, euros = Scene(qbsf, currency=""), Scene(qbsf, **EUROS)
    euros.edit(CurrencyIsoCode="EUR")
    dollars.pay()
    euros.pay()
    assert dollars.sync() == ("updated", "paid")
    assert (dollars.stage, euros.stage) == (WON, WON)
    qbsf.settled()


def test_an_org_with_one_currency_is_never_asked_for_currencyisocode(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay()
    assert scene.sync() == ("updated", "paid")
    qbsf.settled()
    for asked in qbsf.sandbox.network.log.entries("salesforce"):
        assert "CurrencyIsoCode" not in asked.target
        assert b"CurrencyIsoCode" not in asked.body


def test_an_org_with_one_currency_is_in_quickbooks_home_currency(qbsf: Installation) -> None:
    dollars, euros = Scene(qbsf), Scene(qbsf, **EUROS)
    dollars.pay()
    euros.pay()
    assert euros.sync() == ("skipped", "currency_mismatch")
    assert (euros.stage, euros.facts, euros.writes, euros.waits) == (OPEN, NOTHING, 0, "currency_mismatch")
    assert dollars.stage == WON
    qbsf.settled()


def test_the_configuration_names_the_currency_of_an_org_that_has_another_one(qbsf: Installation) -> None:
    qbsf.configure(salesforce={"currency": "EUR"})
    dollars, euros = Scene(qbsf), Scene(qbsf, **EUROS)
    dollars.pay()
    euros.pay()
    assert dollars.sync() == ("skipped", "currency_mismatch")
    assert (dollars.stage, euros.stage, euros.amount) == (OPEN, WON, "1000.00")
    qbsf.settled()


@pytest.mark.parametrize(("currency", "stage"), [("", WON), ("GBP", WON), ("EUR", OPEN)])
def test_an_invoice_without_a_currency_is_in_the_home_currency(qbsf: Installation, currency: str, stage: str) -> None:
    settings = qbsf.books.settings
    settings.multi_currency, settings.show_currency, settings.home_currency = False, False, "GBP"
    qbsf.configure(salesforce={"currency": currency})
    scene = Scene(qbsf)
    scene.pay()
    assert "CurrencyRef" not in qbsf.books.invoice(scene.invoice)
    scene.sync()
    assert scene.stage == stage
    assert scene.waits == (None if stage == WON else "currency_mismatch")
    qbsf.settled()


def test_invoices_in_different_currencies_are_never_added_up(qbsf: Installation) -> None:
    first = qbsf.books.add_invoice("Acme Corp", "1000.00")
    second = qbsf.books.add_invoice("Euro Corp", "1000.00", currency="EUR")
    deal = qbsf.deal(invoice=f"{first}, {second}")
    for invoice in (first, second):
        qbsf.books.receive_payment([invoice])
    record = qbsf.sync().record(deal)
    assert (record["outcome"], record["reason"]) == ("skipped", "currency_mismatch")
    assert (qbsf.stage(deal), qbsf.payment_fields(deal), qbsf.writes(deal)) == (OPEN, NOTHING, 0)
    qbsf.settled()
