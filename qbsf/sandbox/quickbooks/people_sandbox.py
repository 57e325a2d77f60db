"""What no person does: tokens that die, records that age, answers of a bad moment, and large worlds."""

from datetime import timedelta
from typing import TypedDict
from urllib.parse import parse_qsl, urlencode, urlsplit

from qbsf.sandbox.quickbooks.oauth import Rotation
from qbsf.sandbox.quickbooks.people_base import Instant, Money, PeopleBase, as_instant, as_money, locked
from qbsf.sandbox.quickbooks.records import Document, Invoice, Payment, PaymentLine, Record


class Tokens(TypedDict):
    access_token: str
    refresh_token: str
    realm_id: str


class SandboxPeople(PeopleBase):
    # -- authorization --------------------------------------------------------------------------------------------

    def consent(self, authorize_url: str, *, allow: bool = True) -> str:
        """A person opens the authorize address and decides: the address the browser is sent to."""
        asked = dict(parse_qsl(urlsplit(authorize_url).query))
        app = self.oauth.app(asked.get("client_id", ""))
        if app is None or asked.get("redirect_uri") not in app.redirect_uris:
            raise ValueError("Intuit knows no such client_id with that redirect_uri")
        return f"{asked['redirect_uri']}?{urlencode(self.oauth.decide(app, asked, allow=allow))}"

    def issue_tokens(self, *, production: bool = False) -> Tokens:
        """Tokens as a whole authorization would bring them."""
        app = self.oauth.production if production else self.oauth.development
        redirect_uri = next(iter(app.redirect_uris))
        access, refresh = self.oauth.exchange(app, self.oauth.consent(app, redirect_uri), redirect_uri)
        return {
            "access_token": access.value,
            "refresh_token": refresh.value,
            "realm_id": access.grant.realm_id,
        }

    def set_rotation(self, rotation: Rotation) -> None:
        """How often the refresh token changes: "daily", or with "every" refresh, which ends the old one."""
        self.oauth.rotation = rotation

    def expire_access_tokens(self) -> None:
        """All of them, now."""
        self.oauth.expire_access_tokens()

    def expire_refresh_tokens(self) -> None:
        """All of them, now: as after 100 idle days."""
        self.oauth.expire_refresh_tokens()

    def disconnect(self) -> None:
        """Somebody disconnects the app in QuickBooks: every grant ends."""
        self.oauth.revoke_all()

    # -- looking --------------------------------------------------------------------------------------------------

    @locked
    def invoice(self, invoice_id: str) -> Document:
        """An invoice as the API shows it."""
        return self._renderer.document(self._invoice(invoice_id))

    @locked
    def payment(self, payment_id: str) -> Document:
        """A payment as the API shows it."""
        return self._renderer.document(self._payment(payment_id))

    @locked
    def payments_of(self, invoice_id: str) -> list[str]:
        """Ids of the payments that settle an invoice."""
        return list(self._invoice(invoice_id).links)

    @locked
    def invoice_ids(self) -> list[str]:
        """Of all invoices that are not deleted, in the order they were made."""
        return [invoice.id for invoice in self.company.invoices]

    # -- bad moments ----------------------------------------------------------------------------------------------

    @locked
    def show_stale(self, invoice_id: str, for_reads: int = 1, balance: Money | None = None) -> None:
        """The next reads of an invoice show its balance before its last change: a read in the middle of one."""
        invoice = self._invoice(invoice_id)
        invoice.shown_balance = invoice.last_balance if balance is None else as_money(balance)
        invoice.shown_reads = for_reads

    @locked
    def corrupt_payment(
        self,
        payment_id: str,
        *,
        unapplied: Money | None = None,
        line_type: str = "",
        extra_line: tuple[str, str, Money] | None = None,
    ) -> None:
        """A payment that does not add up: another UnappliedAmt, an unknown type on its first line, a line more."""
        payment = self._payment(payment_id)
        if unapplied is not None:
            payment.unapplied = as_money(unapplied)
        if line_type:
            first = payment.lines[0]
            payment.lines[0] = PaymentLine(first.amount, line_type, first.txn_id)
        if extra_line is not None:
            kind, txn_id, amount = extra_line
            payment.lines.append(PaymentLine(as_money(amount), kind, txn_id))
        self._edited(payment)

    @locked
    def backdate(
        self,
        entity: str,
        record_id: str,
        *,
        created: Instant | None = None,
        updated: Instant | None = None,
    ) -> None:
        """Let a record have been entered, or last changed, at another time."""
        table = self.company.table(entity)
        record = table.get(record_id)
        if record is None:
            raise ValueError(f"there is no {entity} {record_id}")
        if created is not None:
            record.created = as_instant(created)
        if updated is not None:
            record.updated = as_instant(updated)
            table.disorder()

    @locked
    def touch(self, entity: str, record_id: str) -> None:
        """Save a record without changing anything: its LastUpdatedTime moves."""
        record: Record | None = self.company.table(entity).get(record_id)
        if record is None:
            raise ValueError(f"there is no {entity} {record_id}")
        record.sync_token += 1
        self.company.touch(record)

    @locked
    def delay_visibility(self, seconds: float) -> None:
        """From now on every other change is seen by queries and the change feed only that much later; 0 ends it."""
        self.company.late_seconds = seconds

    # -- large worlds ---------------------------------------------------------------------------------------------

    @locked
    def bulk_seed(
        self,
        invoices: int,
        *,
        paid: int | None = None,
        amount: Money = "100.00",
        customer: str = "Acme Corp",
        note: str = "",
        days: int = 60,
    ) -> list[str]:
        """Many invoices, the first `paid` of them (None: all) each with its payment, spread over the last days.
        `note` may hold {n}, the invoice's position. Returns the ids.
        """
        who = self._customer(customer).id
        count_paid = invoices if paid is None else paid
        each = as_money(amount)
        method = self.company.lists["PaymentMethod"].by_key("Check")[0].id
        first = self.company.now() - timedelta(days=days)
        step = timedelta(days=days) / max(invoices, 1)
        ids: list[str] = []
        for position in range(invoices):
            at = (first + step * position).replace(microsecond=0)
            invoice = Invoice(
                id=self.company.next_txn_id(),
                created=at,
                updated=at,
                customer=who,
                txn_date=at.date(),
                due_date=at.date(),
                currency=self.company.customer_currency(who),
                number=self.company.next_number(),
                private_note=note.format(n=position),
                total=each,
                lines=[self._line({"amount": each})],
            )
            if position < count_paid:
                payment = Payment(
                    id=self.company.next_txn_id(),
                    created=at,
                    updated=at,
                    customer=who,
                    txn_date=at.date(),
                    currency=invoice.currency,
                    total=each,
                    method=method,
                    reference=f"REF-{position}",
                    lines=[PaymentLine(each, "Invoice", invoice.id)],
                )
                invoice.links[payment.id] = each
                self.company.payments.add(payment)
            self.company.invoices.add(invoice)
            ids.append(invoice.id)
        self.company.invoices.disorder()
        self.company.payments.disorder()
        return ids
