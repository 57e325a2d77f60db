"""What a run checks before it writes anything: the right pair of company and org, and API calls left for others."""

from qbsf.config import Config
from qbsf.errors import ConfigError, Unreachable
from qbsf.model import Organization
from qbsf.state.store import State


def check_identity(config: Config, state: State, realm_id: str, organization_id: str) -> None:
    """The profile remembers company and org. Raises ConfigError for others."""
    for key, what, value in (
        ("realm_id", "QuickBooks company", realm_id),
        ("organization_id", "Salesforce organization", organization_id),
    ):
        remembered = state.get(key)
        if remembered is None:
            state.put(key, value)
        elif remembered != value:
            raise ConfigError(
                f"Profile {config.name} belongs to the {what} {remembered}, not to {value}.",
                "Use a configuration with another `name` for another pair of company and org.",
                code="other_company",
            )


def check_production(config: Config, organization: Organization) -> None:
    """Raises ConfigError where test books would write to a production org."""
    allowed = config.sync.allow_sandbox_to_production
    if config.quickbooks.environment == "sandbox" and organization.is_production and not allowed:
        raise ConfigError(
            f"A QuickBooks sandbox does not write to the production org {organization.name}.",
            "Use a Salesforce sandbox, or set sync.allow_sandbox_to_production = true.",
            code="sandbox_to_production",
        )


def check_allowance(config: Config, usage: tuple[int, int] | None) -> None:
    """Raises Unreachable where fewer of Salesforce's daily calls are left than are kept for others. `usage`: calls
    used and the allowance, None where no answer has told.
    """
    if usage is None:
        return
    used, allowance = usage
    floor = config.sync.keep_api_calls.floor(allowance)
    if allowance - used < floor:
        raise Unreachable(
            f"Salesforce has {max(allowance - used, 0)} of {allowance} API calls left today, and {floor} are kept "
            "for others (sync.keep_api_calls).",
            "The next run goes on when there are more; see Setup, System Overview, API Usage.",
            code="api_allowance",
        )
