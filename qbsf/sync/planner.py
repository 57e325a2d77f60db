"""Plans for many Opportunities: each is made once, from facts that are fetched a batch at a time."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from qbsf.sync.context import Context
from qbsf.sync.facts import batches, fetch_money
from qbsf.sync.kept_plans import KeptPlans
from qbsf.sync.linking import relink
from qbsf.sync.planning import Planned, plan

_AT_A_TIME = 100
"""Opportunities that are planned before it is seen whether what is waited for has come."""


class Planner:
    """Plans, made anew or as they were made before, where nothing has moved since."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._kept = KeptPlans(context)
        self._ahead: dict[str, None] = {}

    def plan_ahead(self, opportunity_ids: Iterable[str]) -> None:
        """Have these planned when there is time, by what is known then; what is heard later makes the plan anew."""
        self._ahead.update(dict.fromkeys(opportunity_ids))

    def plan_some(self) -> list[Planned]:
        """Plans for some of those; none where there is nothing to plan."""
        if self._kept.useless:
            self._ahead.clear()
        batch = list(islice(self._ahead, _AT_A_TIME))
        for opportunity_id in batch:
            del self._ahead[opportunity_id]
        relink(self._context, batch)
        return self.made(batch)

    def anew(self, opportunity_id: str) -> Planned | None:
        """What is to be done about one by what is known now."""
        return next((planned for _, planned in self.last_plans([opportunity_id])), None)

    def made(self, opportunity_ids: Sequence[str]) -> list[Planned]:
        """The plans of those that are known and linked."""
        return [planned for _, planned in self.plans(opportunity_ids) if planned is not None]

    def plans(self, opportunity_ids: Sequence[str]) -> Iterator[tuple[str, Planned | None]]:
        """What is to be done about each; None for one that is unknown or linked to nothing."""
        for batch in batches(opportunity_ids):
            fetch_money(self._context, [each for each in batch if self._kept.get(each) is None])
            for opportunity_id in batch:
                # Asked once more: what was done about those before may have to do with it.
                yield opportunity_id, self._kept.get(opportunity_id) or self._plan(opportunity_id)

    def last_plans(self, opportunity_ids: Sequence[str]) -> Iterator[tuple[str, Planned | None]]:
        """The same for those that are written now: their plans are not needed again."""
        for opportunity_id, planned in self.plans(opportunity_ids):
            self._kept.drop(opportunity_id)
            yield opportunity_id, planned

    def drop(self, opportunity_id: str) -> None:
        """Its plan is not needed again."""
        self._kept.drop(opportunity_id)

    def _plan(self, opportunity_id: str) -> Planned | None:
        planned = plan(self._context, opportunity_id)
        if planned is not None:
            self._kept.keep(planned)
        return planned
