"""What an org is made of, put together once: schema, records, rights, hazards, users, stages, login."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import wraps
from threading import RLock
from typing import Concatenate, ParamSpec, TypeVar

from qbsf.sandbox.clock import SandboxClock
from qbsf.sandbox.salesforce.access import Access
from qbsf.sandbox.salesforce.allowance import Allowance
from qbsf.sandbox.salesforce.database import Database
from qbsf.sandbox.salesforce.hazards import Hazards
from qbsf.sandbox.salesforce.ids import full_id
from qbsf.sandbox.salesforce.login import ClientApp, Login
from qbsf.sandbox.salesforce.queries import Queries
from qbsf.sandbox.salesforce.saves import Actor, Saver
from qbsf.sandbox.salesforce.schema import PicklistValue, Row
from qbsf.sandbox.salesforce.sessions import Sessions
from qbsf.sandbox.salesforce.standard_objects import standard_schema
from qbsf.sandbox.salesforce.values import whole_second

ORGANIZATION_ID = "00D550000004C92EAE"
INTEGRATION_USERNAME = "qbsf@acme.example"
ADMINISTRATOR = "Setup Admin"
FLOW_USER = "Flow User"
DEFAULT_STAGES = (
    ("Prospecting", False, False, 10, "Pipeline"),
    ("Qualification", False, False, 20, "Pipeline"),
    ("Proposal and Agreement", False, False, 75, "Best Case"),
    ("Negotiation/Review", False, False, 90, "Commit"),
    ("Closed Won", True, True, 100, "Closed"),
    ("Closed Lost", True, False, 0, "Omitted"),
)
"""Label, closed, won, probability in percent, forecast category."""


@dataclass(frozen=True)
class OrgOptions:
    """What an org is from the beginning. A host with `.sandbox.` in it makes it a sandbox."""

    host: str = "acme.my.salesforce.com"
    name: str = "Acme"
    edition: str = "Developer Edition"
    """OrganizationType; production orgs say "Enterprise Edition"."""
    multi_currency: bool = False
    currency: str = "USD"
    """Of new records in a multi-currency org."""
    currencies: tuple[str, ...] = ("USD", "EUR", "GBP", "CHF", "JPY")
    """The active ones of a multi-currency org."""
    allowance: int = 15_000
    """API requests in 24 hours."""

    @property
    def is_sandbox(self) -> bool:
        return ".sandbox." in self.host


class OrgState:
    """The shared base of what administrators, people and the API do with an org."""

    def __init__(self, clock: SandboxClock, options: OrgOptions) -> None:
        self.options = options
        self._clock = clock
        self._lock = RLock()
        self._schema = standard_schema(options.currencies if options.multi_currency else ())
        self._database = Database(self._schema)
        self._access = Access(self._database)
        self._hazards = Hazards()
        self._saver = Saver(self._schema, self._database, self._access, self._hazards, clock)
        self._saver.currency = options.currency if options.multi_currency else ""
        self._queries = Queries(self._schema, self._database, self._access, clock)
        self._allowance = Allowance(clock, options.allowance)
        self.app = ClientApp(run_as=INTEGRATION_USERNAME, approved={INTEGRATION_USERNAME})
        """The External Client App; change its members to misconfigure it."""
        self.sessions = Sessions(clock, ORGANIZATION_ID)
        self._login = Login(self.app, self.sessions, clock, options.host, ORGANIZATION_ID)
        self._actors: dict[str, Actor] = {}
        self._people_organization()

    @property
    def organization_id(self) -> str:
        return ORGANIZATION_ID

    def _people_organization(self) -> None:
        """The rows every org begins with."""
        now = whole_second(self._clock.now())
        row = Row(
            Id=full_id(ORGANIZATION_ID[:15]),
            Name=self.options.name,
            IsSandbox=self.options.is_sandbox,
            OrganizationType=self.options.edition,
            InstanceName="EU55",
            IsDeleted=False,
            CreatedDate=now,
            LastModifiedDate=now,
            SystemModstamp=now,
        )
        self._database.put("Organization", row)
        self._actor(ADMINISTRATOR)
        self._saver.flow_actor = replace(self._actor(FLOW_USER), is_flow=True)
        integration = self._actor("Integration User", username=INTEGRATION_USERNAME)
        self._access.user_id = integration.user_id
        for label, closed, won, probability, category in DEFAULT_STAGES:
            self._add_stage_row(label, label, closed=closed, won=won, probability=probability, category=category)
        self._refresh_stage_field()

    def _actor(self, name: str, *, username: str = "") -> Actor:
        """The user of that name, made where there is none yet."""
        if name not in self._actors:
            first, _, last = name.rpartition(" ")
            values: dict[str, object] = {
                "Username": username or f"{name.lower().replace(' ', '.')}@acme.example",
                "FirstName": first,
                "LastName": last,
                "Name": name,
                "Email": f"{name.lower().replace(' ', '.')}@acme.example",
                "Alias": last[:8].lower(),
                "IsActive": True,
                "UserType": "Standard",
            }
            schema = self._schema.find("User")
            nobody = Actor("", name)
            user_id = self._saver.create(schema, self._saver.read(schema, values, nobody, creating=True), nobody)
            self._actors[name] = Actor(user_id, name)
            user = self._database.table("User").get(user_id)
            if user is not None:
                self._login.users[str(user["Username"])] = user
        return self._actors[name]

    def _integration_actor(self, user_id: str) -> Actor:
        """The actor of a session."""
        user = self._database.table("User").get(user_id)
        return Actor(user_id, "" if user is None else str(user["Name"]), through_api=True)

    def _add_stage_row(
        self, label: str, api_name: str, *, closed: bool, won: bool, probability: int, category: str
    ) -> str:
        schema = self._schema.find("OpportunityStage")
        values: dict[str, object] = {
            "MasterLabel": label,
            "ApiName": api_name,
            "IsActive": True,
            "IsClosed": closed,
            "IsWon": won,
            "DefaultProbability": Decimal(probability),
            "ForecastCategoryName": category,
            "SortOrder": len(self._database.table("OpportunityStage")) + 1,
        }
        admin = self._actors[ADMINISTRATOR]
        return self._saver.create(schema, self._saver.read(schema, values, admin, creating=True), admin)

    def _refresh_stage_field(self) -> None:
        """StageName's picklist is the list of stages."""
        rows = sorted(self._database.table("OpportunityStage").rows(), key=lambda row: int(str(row["SortOrder"])))
        values = tuple(
            PicklistValue(str(row["ApiName"]), str(row["MasterLabel"]), active=bool(row["IsActive"])) for row in rows
        )
        schema = self._schema.find("Opportunity")
        schema.add(replace(schema.fields["stagename"], picklist=values))

    def delay_visibility(self, seconds: float) -> None:
        """From now on saved rows appear in queries on SystemModstamp only this much later."""
        self._saver.visibility_delay = timedelta(seconds=seconds)


S = TypeVar("S", bound=OrgState)
P = ParamSpec("P")
R = TypeVar("R")


def locked(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """One change or request at a time: the network calls from many threads."""

    @wraps(method)
    def alone(org: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with org._lock:  # noqa: SLF001 - a method of the class itself
            return method(org, *args, **kwargs)

    return alone
