"""Plans kept from when they were made until they are carried out."""

from qbsf.core.case import Rules
from qbsf.sync.context import Context
from qbsf.sync.planning import Planned


class KeptPlans:
    """A plan stays true while its row is fresh, nothing was heard of it, and the rules are the same."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._plans: dict[str, Planned] = {}
        self._rules: Rules | None = None

    @property
    def useless(self) -> bool:
        """Whether there are so many that none is kept: each is made again before it is carried out."""
        return self._context.state.is_large

    def keep(self, planned: Planned) -> None:
        """Keep a plan that was just made."""
        if self._rules is not self._context.rules:
            self._plans.clear()
            self._rules = self._context.rules
        self._context.deals.touched.discard(planned.opportunity.id)
        if self.useless:
            self._plans.clear()
        else:
            self._plans[planned.opportunity.id] = planned

    def get(self, opportunity_id: str) -> Planned | None:
        """The plan that was made; None where there is none, or it may not be true any more."""
        planned = self._plans.get(opportunity_id)
        if planned is None:
            return None
        context = self._context
        true = self._rules is context.rules and opportunity_id not in context.deals.touched
        if true and context.is_fresh(opportunity_id):
            return planned
        del self._plans[opportunity_id]
        return None

    def drop(self, opportunity_id: str) -> None:
        """The plan is not needed any more."""
        self._plans.pop(opportunity_id, None)
