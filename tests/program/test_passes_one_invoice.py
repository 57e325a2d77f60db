"""`qbsf sync --invoice`: one invoice as a person names it, and all that has to do with its Opportunity."""

import sqlite3
from typing import Any

import pytest
from program.installation import Installation
from program.passes import reason_of, won
from program.scenes import Scene, later

WON = "Closed Won"
NASTY = (
    *("", " ", "\t", "\n", "'", '"', "\\", "\\'", "%", "_", "*", "' OR '1'='1", "') OR Id > '0", "2052' AND", "id:"),
    *(
        "id:'",
        "id: ",
        "id:abc",
        "ID:-1",
        "id:id:1",
        "-1",
        "--full",
        "0",
        "00",
        "1e3",
        "²",
        "١٢٣",
        "株式会社",
        "🧾" * 40,
    ),
    *("x" * 22, "x" * 5000, "a,b;c", "a\nb", "{}", "${HOME}", "$(id)", "; rm -rf /", "../../etc/passwd", "\x1b[31mred"),
    *("\x07\x00"[:1], "\udcff\udcfe", "\u202eevil", "\ufeff1", "NULL", "null", "9" * 300, "&%26=", "<script>"),
)


def watermarks(qbsf: Installation) -> dict[str, str]:
    connection = sqlite3.connect(qbsf.state_path)
    rows = connection.execute("SELECT key, value FROM meta WHERE key LIKE '%watermark%'").fetchall()
    connection.close()
    return dict(rows)


def refused(qbsf: Installation, text: str) -> dict[str, Any]:
    """The error of `--invoice TEXT`, which changes nothing and exits 2."""
    writes = qbsf.all_writes()
    outcome = qbsf.sync(f"--invoice={text}", expect=2)
    assert qbsf.all_writes() == writes
    error: dict[str, Any] = outcome.json["error"]
    return error


def test_by_its_number_as_quickbooks_shows_it(qbsf: Installation) -> None:
    invoice = qbsf.books.add_invoice("Acme Corp", "100.00", number="INV-100")
    deal, other = qbsf.deal(invoice=invoice), Scene(qbsf)
    qbsf.books.receive_payment([invoice])
    other.pay()
    outcome = qbsf.sync("--invoice", "INV-100")
    assert outcome.json["run"]["mode"] == "invoice"
    assert reason_of(outcome, deal) == ("updated", "paid")
    assert len(outcome.records) == 1
    assert (qbsf.stage(deal), other.writes) == (WON, 0)
    quiet = qbsf.sync("--invoice", "INV-100")
    assert reason_of(quiet, deal) == ("unchanged", "in_step")  # shown all the same
    qbsf.sync()
    qbsf.settled()


@pytest.mark.parametrize("prefix", ["", "id:", "ID:", "id: "])
def test_by_its_quickbooks_id_where_no_invoice_has_that_number(qbsf: Installation, prefix: str) -> None:
    scene = Scene(qbsf)
    scene.pay()
    assert reason_of(qbsf.sync("--invoice", f"{prefix}{scene.invoice}"), scene.deal) == ("updated", "paid")


def test_a_text_that_is_one_invoices_number_and_anothers_id_changes_nothing_and_lists_both(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay()
    namesake = qbsf.books.add_invoice("Another customer", "77.00", number=scene.invoice)
    error = refused(qbsf, scene.invoice)
    for said in (f"id:{scene.invoice}", f"id:{namesake}", "1000.00", "77.00", "Another customer"):
        assert said in error["message"] + error["todo"]
    assert reason_of(qbsf.sync("--invoice", f"id:{scene.invoice}"), scene.deal) == ("updated", "paid")


def test_an_invoice_whose_number_is_its_own_id_is_one_invoice(qbsf: Installation) -> None:
    invoice = qbsf.books.add_invoice("Acme Corp", "10.00", invoice_id="2052", number="2052")
    deal = qbsf.deal(invoice=invoice)
    qbsf.books.receive_payment([invoice])
    assert reason_of(qbsf.sync("--invoice", "2052"), deal) == ("updated", "paid")


def test_a_number_that_several_invoices_share_changes_nothing_and_lists_them(qbsf: Installation) -> None:
    ids = [qbsf.books.add_invoice("Acme Corp", "10.00", number="TWIN") for _ in range(3)]
    qbsf.books.receive_payment([ids[0]])
    deal = qbsf.deal(invoice=ids[0])
    error = refused(qbsf, "TWIN")
    assert all(f"id:{each}" in error["message"] for each in ids)
    assert not won(qbsf, deal)


def test_one_that_does_not_exist_says_so(qbsf: Installation) -> None:
    Scene(qbsf).pay()
    for text in ("NO-SUCH", "987654", "id:987654"):
        error = refused(qbsf, text)
        assert error["code"] == "no_such_invoice"
        assert text in error["message"]
    done = qbsf.run("sync", "--invoice", "NO-SUCH")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "NO-SUCH" in done.stderr


def test_quickbooks_compares_without_letter_case_and_qbsf_does_not(qbsf: Installation) -> None:
    qbsf.books.add_invoice("Acme Corp", "10.00", number="Inv-A")
    assert refused(qbsf, "INV-a")["code"] == "no_such_invoice"


def test_any_text_is_safe_to_pass(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay()
    for text in NASTY:
        done = qbsf.run("sync", f"--invoice={text}")
        assert done.exit_code == 2, f"{text!r}: exit {done.exit_code}, {done.stderr}"
        assert done.stderr.startswith("qbsf: "), f"{text!r}: {done.stderr}"
        assert done.stderr.count("\n") == 1, f"{text!r}: {done.stderr}"
        assert "Traceback" not in done.stderr
        assert "\x1b" not in done.stderr
    assert qbsf.all_writes() == 0
    assert not list(qbsf.home.rglob("crash-*"))
    qbsf.sync()
    assert scene.stage == WON


def test_an_option_as_its_value_is_a_text_like_any_other(qbsf: Installation) -> None:
    Scene(qbsf).pay()
    assert qbsf.run("sync", "--invoice").exit_code == 2
    assert qbsf.all_writes() == 0


def test_it_reads_all_invoices_of_the_invoices_deal(qbsf: Installation) -> None:
    first, second = (qbsf.books.add_invoice("Acme Corp", "10.00") for _ in range(2))
    deal = qbsf.deal(invoice=f"{first}, {second}")
    qbsf.books.receive_payment([first])
    assert reason_of(qbsf.sync("--invoice", f"id:{first}"), deal) == ("updated", "partially_paid")
    qbsf.books.receive_payment([second])
    assert reason_of(qbsf.sync("--invoice", f"id:{first}"), deal) == ("updated", "paid")
    assert str(qbsf.amount(deal)) == "20.00"


@pytest.mark.parametrize("field", ["QB_Invoice_ID__c", "QB_Invoice_Number__c"])
def test_it_finds_the_deal_that_names_the_invoice_in_a_list(qbsf: Installation, field: str) -> None:
    """By LIKE: an id that is only a part of another's is not meant."""
    invoice = qbsf.books.add_invoice("Acme Corp", "10.00", invoice_id="55", number="N_5%")
    other = qbsf.books.add_invoice("Acme Corp", "10.00", invoice_id="155", number="NX5%")
    name, other_name = ("55", "155") if field == "QB_Invoice_ID__c" else ("N_5%", "NX5%")
    deal = qbsf.deal("listed", **{field: f"{other_name}; {name}"})
    stranger = qbsf.deal("stranger", **{field: f"{other_name}5"})
    qbsf.books.receive_payment([invoice, other])
    outcome = qbsf.sync("--invoice", "id:55")
    assert reason_of(outcome, deal) == ("updated", "paid")
    assert stranger not in {each["opportunity_id"] for each in outcome.records}


def test_it_finds_the_deal_that_the_invoice_itself_names(qbsf: Installation) -> None:
    deal = qbsf.deal()
    invoice = qbsf.books.add_invoice("Acme Corp", "10.00", private_note=f"see {deal[:15]}")
    qbsf.books.receive_payment([invoice])
    assert reason_of(qbsf.sync("--invoice", f"id:{invoice}"), deal) == ("updated", "paid")


def test_an_invoice_without_a_deal_is_shown_as_such(qbsf: Installation) -> None:
    invoice = qbsf.books.add_invoice("Acme Corp", "10.00")
    (record,) = qbsf.sync("--invoice", f"id:{invoice}").records
    assert (record["outcome"], record["reason"]) == ("skipped", "no_opportunity")
    assert record["invoices"][0]["id"] == invoice


def test_it_tells_that_two_deals_want_the_invoice(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay()
    twin = qbsf.org.clone(scene.deal)
    outcome = qbsf.sync("--invoice", f"id:{scene.invoice}")
    assert {reason_of(outcome, deal) for deal in (scene.deal, twin)} == {("skipped", "ambiguous_opportunity")}
    assert qbsf.all_writes() == 0


def test_it_lifts_a_hold(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    qbsf.org.lock_for_approval(scene.deal)
    scene.pay()
    assert scene.sync(expect=1) == ("failed", "rejected")
    qbsf.org.lock_for_approval(scene.deal, locked=False)  # moves no SystemModstamp: nothing announces it
    assert reason_of(qbsf.sync("--invoice", f"id:{scene.invoice}"), scene.deal) == ("updated", "paid")
    assert (scene.stage, scene.waits) == (WON, None)
    qbsf.sync()
    qbsf.settled()


def test_it_moves_no_watermark_and_takes_nothing_from_the_next_pass(qbsf: Installation) -> None:
    scene, other, linked = Scene(qbsf), Scene(qbsf), qbsf.deal()
    qbsf.sync()
    later(qbsf, hours=1)
    scene.pay()
    other.pay()
    invoice = qbsf.books.add_invoice("Acme Corp", "10.00")
    qbsf.books.receive_payment([invoice])
    qbsf.org.edit(linked, QB_Invoice_ID__c=invoice)
    before = watermarks(qbsf)
    assert len(before) == 2
    qbsf.sync("--invoice", f"id:{scene.invoice}")
    assert watermarks(qbsf) == before
    assert (scene.stage, other.writes, qbsf.writes(linked)) == (WON, 0, 0)
    outcome = qbsf.sync()
    assert reason_of(outcome, other.deal) == reason_of(outcome, linked) == ("updated", "paid")
    qbsf.settled()


def test_before_any_other_pass_it_works_and_the_first_pass_is_still_full(qbsf: Installation) -> None:
    scene, other = Scene(qbsf), Scene(qbsf)
    scene.pay()
    other.pay()
    qbsf.sync("--invoice", f"id:{scene.invoice}")
    assert (scene.stage, other.writes) == (WON, 0)
    assert qbsf.sync().json["run"]["mode"] == "full"
    assert other.stage == WON
    qbsf.settled()


def test_it_obeys_the_brake(qbsf: Installation) -> None:
    qbsf.configure(sync={"max_reversals": 1})
    scenes = [Scene(qbsf) for _ in range(2)]
    payments = [scene.pay() for scene in scenes]
    qbsf.sync()
    for payment in payments:
        qbsf.books.void_payment(payment)
    one, two = (f"id:{scene.invoice}" for scene in scenes)
    assert reason_of(qbsf.sync("--invoice", one), scenes[0].deal) == ("updated", "reversed")
    assert reason_of(qbsf.sync("--invoice", two, expect=1), scenes[1].deal) == ("skipped", "braked")
    assert reason_of(qbsf.sync("--invoice", two, "--allow-large"), scenes[1].deal) == ("updated", "reversed")


def test_it_obeys_the_start_date(qbsf: Installation) -> None:
    qbsf.configure(sync={"start_date": "2026-01-01"})
    scene = Scene(qbsf)
    payment = scene.pay(date="2025-11-30")
    qbsf.books.backdate("Payment", payment, created="2025-11-30T10:00:00Z")
    outcome = qbsf.sync("--invoice", f"id:{scene.invoice}")
    assert reason_of(outcome, scene.deal) == ("skipped", "before_start")
    assert scene.writes == 0


def test_a_dry_run_of_it_shows_and_writes_nothing(qbsf: Installation) -> None:
    scene = Scene(qbsf)
    scene.pay()
    outcome = qbsf.sync("--dry-run", "--invoice", f"id:{scene.invoice}")
    assert outcome.record(scene.deal)["changes"]["StageName"]["to"] == WON
    assert scene.writes == 0
