"""Configured stage names against the stages that the org has (rules.md section 4).

The API stores an unknown stage without a word and nothing is won: so every configured stage must be active, and one
for paid deals must be won (salesforce.md section 4).
"""

from collections.abc import Sequence
from dataclasses import replace

from qbsf.config import StagesConfig
from qbsf.errors import ConfigError
from qbsf.model import Stage


def resolve(stages: StagesConfig, org: Sequence[Stage]) -> StagesConfig:
    """The same configuration with every stage by its API name.

    Raises ConfigError for one that is not an active stage of the org, or does not win (or wins) where it should not.
    """
    return replace(
        stages,
        paid=_resolved("stages.paid", stages.paid, org, won=True),
        partially_paid=_resolved("stages.partially_paid", stages.partially_paid, org, won=False),
        reversed=_resolved("stages.reversed", stages.reversed, org, won=False),
        from_=tuple(_resolved("stages.from", name, org, won=None) for name in stages.from_),
        by_record_type=tuple(
            (record_type, _resolved(f"stages.by_record_type.{record_type}", name, org, won=True))
            for record_type, name in stages.by_record_type
        ),
    )


def _resolved(key: str, name: str, org: Sequence[Stage], *, won: bool | None) -> str:
    if not name:
        return ""
    stage = next((s for s in org if s.api_name == name), None) or next((s for s in org if s.label == name), None)
    active = ", ".join(s.label for s in org if s.is_active and (won is None or s.is_won == won))
    if stage is None or not stage.is_active:
        what = "is not a stage of the Salesforce org" if stage is None else "is not an active stage"
        raise ConfigError(f'{key} = "{name}" {what}.', f"Set {key} to one of: {active}.", code="stage")
    if won and not stage.is_won:
        raise ConfigError(
            f'{key} = "{name}" is a stage that wins nothing.', f"Set {key} to one of: {active}.", code="stage"
        )
    if won is False and stage.is_won:
        raise ConfigError(f'{key} = "{name}" is a won stage.', f"Set {key} to one of: {active}.", code="stage")
    return stage.api_name
