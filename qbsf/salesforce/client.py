"""Salesforce as a pass asks it: which Opportunities, which stages, these updates (salesforce.md sections 2-4)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from random import Random
from urllib.parse import urlencode

from qbsf.clock import Clock, Deadline
from qbsf.errors import UnexpectedAnswer
from qbsf.model import (
    FieldInfo,
    Opportunity,
    OpportunityPage,
    OpportunityUpdate,
    Organization,
    OrgSettings,
    Stage,
    UpdateResult,
)
from qbsf.records import REPORT_IT, Json, Reader
from qbsf.salesforce import parse, soql
from qbsf.salesforce.columns import OpportunityColumns
from qbsf.salesforce.ids import is_id, long_id
from qbsf.salesforce.rest import SalesforceRest
from qbsf.salesforce.session import SalesforceSessions

MAX_BATCH = 200
"""Records of one Collections request (section 2)."""
_OTHER_HEADERS = 600
"""Bytes of a request beside token and query, generously."""
_DESCRIBE = "sobjects/Opportunity/describe"
_STAGES = soql.select(("MasterLabel", "ApiName", "IsActive", "IsClosed", "IsWon"), "OpportunityStage")
_ORGANIZATION = soql.select(("Id", "Name", "IsSandbox", "OrganizationType"), "Organization")


class SalesforceOrg:
    """One Salesforce org, read and written in qbsf's own values. `rest` takes what has no method here.

    Every method raises Unreachable (the next run goes on; code "api_allowance" where the org's allowance is used up),
    OutOfTime, AuthorizationNeeded, ConfigError, SalesforceRefused, or UnexpectedAnswer for a wrong shape.
    """

    def __init__(
        self,
        sessions: SalesforceSessions,
        api_version: str,
        *,
        clock: Clock,
        random: Random,
        deadline: Deadline | None = None,
    ) -> None:
        self.rest = SalesforceRest(sessions, api_version, clock=clock, random=random, deadline=deadline)

    @property
    def requests_sent(self) -> int:
        """API requests sent so far, repeated ones included; logins apart."""
        return self.rest.requests_sent

    @property
    def organization_id(self) -> str:
        """The org's id, as the login told it."""
        return self.rest.login.organization_id

    @property
    def user_id(self) -> str:
        """The integration user's id, as the login told it."""
        return self.rest.login.user_id

    @property
    def server_time(self) -> datetime | None:
        """Salesforce's clock at its last answer (the Date header); None before the first."""
        return self.rest.server_time

    @property
    def api_usage(self) -> tuple[int, int] | None:
        """Calls used in 24 hours and the allowance, of the whole org; None before the first answer that told."""
        return self.rest.api_usage

    def close(self) -> None:
        """Give the connections back."""
        self.rest.close()

    def linked_opportunities(self, columns: OpportunityColumns, since: datetime | None) -> Iterator[OpportunityPage]:
        """The Opportunities of this profile's company that name an invoice, changed at `since` or later where it is
        given, oldest change first. `total` counts what Salesforce sent, which is more where a link field or the
        company field cannot be filtered on.
        """
        for rows, total in self.rest.query(columns.linked(since), "the linked Opportunities"):
            read_at = self.rest.clock_reading()
            found = (parse.opportunity(row, columns) for row in rows)
            ours = tuple(row for row in found if columns.is_ours(row) and columns.is_linked(row))
            yield OpportunityPage(read_at, ours, total)

    def opportunities_by_id(self, columns: OpportunityColumns, ids: Iterable[str]) -> list[Opportunity]:
        """The Opportunities of this profile's company with these ids that exist and are shared with the integration
        user. A text that is no id names none.
        """
        wanted = list(dict.fromkeys(long_id(text) for text in ids if is_id(text)))
        asked = "Opportunities by id"
        room = self._room(columns)
        found: list[Opportunity] = []
        for start in range(0, len(wanted), soql.MOST_IDS):
            condition = soql.is_in("Id", wanted[start : start + soql.MOST_IDS])
            statement = columns.statement([condition])
            fits = soql.encoded_length(condition) <= room
            pages = self.rest.query(statement, asked) if fits else self.rest.query_long(statement, asked)
            found.extend(self._rows(columns, pages))
        return found

    def opportunities_naming(self, columns: OpportunityColumns, texts: Iterable[str]) -> list[Opportunity]:
        """The Opportunities of this profile's company whose link fields contain one of the texts, whatever its case:
        the caller compares again. Only link fields that can be filtered on are searched.
        """
        links = columns.filterable_links

        def conditions(text: str) -> list[str]:
            return [f"{soql.name(link)} LIKE {soql.contains(text)}" for link in links]

        def cost(text: str) -> int:
            return sum(_cost(condition) for condition in conditions(text))

        searchable = [text for text in texts if links and 0 < len(text) <= soql.LONGEST_LITERAL // 2]
        found: dict[str, Opportunity] = {}
        for portion in soql.portions(searchable, self._room(columns), cost):
            any_text = soql.any_of([condition for text in portion for condition in conditions(text)])
            pages = self.rest.query(columns.statement([any_text]), "Opportunities by invoice")
            for row in self._rows(columns, pages):
                found[row.id] = row
        return list(found.values())

    def stages(self) -> list[Stage]:
        """All stages, inactive ones too."""
        return [parse.stage(row) for rows, _ in self.rest.query(_STAGES, "the stages") for row in rows]

    def opportunity_fields(self) -> dict[str, FieldInfo]:
        """What describe says of every Opportunity field that the integration user may see, by API name."""
        return parse.field_infos(self.rest.get(_DESCRIBE, "the Opportunity fields"))

    def organization(self) -> Organization:
        """Which org this is, and whether it is a production org."""
        rows = [row for page, _ in self.rest.query(_ORGANIZATION, "the organization") for row in page]
        return _only_organization(rows)

    def settings(self) -> OrgSettings:
        """Fields, stages and organization, in one request."""
        asked = "the settings of the org"
        found = self.rest.get_all(
            {
                "fields": _DESCRIBE,
                "stages": f"query/?{urlencode({'q': _STAGES})}",
                "organization": f"query/?{urlencode({'q': _ORGANIZATION})}",
            },
            asked,
        )
        stages = Reader.of("Salesforce", f"answer to {asked}", found["stages"])
        if not stages.boolean("done"):
            raise UnexpectedAnswer("Salesforce has more stages than one answer holds.", REPORT_IT)
        return OrgSettings(
            fields=parse.field_infos(found["fields"]),
            stages=tuple(parse.stage(row) for row in stages.values("records")),
            organization=_only_organization(
                Reader.of("Salesforce", f"answer to {asked}", found["organization"]).values("records")
            ),
        )

    def update(self, batch: Sequence[OpportunityUpdate]) -> list[UpdateResult]:
        """Write at most 200 Opportunities with one Collections request, each for itself; verdicts in their order.

        Sent once. AnswerLost means that the writes may have been done: read the rows again. Any other error means
        that none was; SalesforceRefused and ConfigError that Salesforce took offence at the request as a whole.
        """
        if not 0 < len(batch) <= MAX_BATCH:
            raise ValueError("a batch has 1 to 200 records")
        answer = self.rest.send("PATCH", "composite/sobjects", "an update", parse.update_body(batch))
        return parse.update_results(batch, answer)

    def _rows(self, columns: OpportunityColumns, pages: Iterator[tuple[list[Json], int]]) -> Iterator[Opportunity]:
        for rows, _ in pages:
            found = (parse.opportunity(row, columns) for row in rows)
            yield from (row for row in found if columns.is_ours(row))

    def _room(self, columns: OpportunityColumns) -> int:
        """Bytes that the list of one query may have beside address, headers and the rest of the statement."""
        login = self.rest.login
        fixed = soql.encoded_length(columns.statement(["Id IN ()"]))
        return soql.REQUEST_BYTES - _OTHER_HEADERS - len(login.access_token) - len(login.instance_url) - fixed


def _only_organization(rows: Sequence[Json]) -> Organization:
    if len(rows) != 1:
        raise UnexpectedAnswer("Salesforce does not tell which organization it is.", REPORT_IT)
    return parse.organization(rows[0])


def _cost(condition: str) -> int:
    """Bytes of one more item of a list, with what joins it to the others (" OR " at most)."""
    return soql.encoded_length(condition) + len("+OR+")
