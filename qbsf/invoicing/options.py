"""What one `qbsf invoice` was asked to do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class InvoicingOptions:
    """The options of one run, as given on the command line."""

    dry_run: bool = False
    """Plan and show; take no lock, write nothing anywhere."""
    opportunity: str | None = None
    """The id of the one Opportunity to look at, of 15 or 18 characters."""
    allow_large: bool = False
    """Lift the brake for this run."""

    @property
    def looks_only(self) -> bool:
        """Whether somebody asked to be shown something."""
        return self.dry_run or self.opportunity is not None
