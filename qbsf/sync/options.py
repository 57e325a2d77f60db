"""What one `qbsf sync` was asked to do."""

from dataclasses import dataclass

from qbsf.report import Mode


@dataclass(frozen=True)
class SyncOptions:
    """The options of one pass, as given on the command line."""

    dry_run: bool = False
    """Plan and show; take no lock, write nothing anywhere."""
    invoice: str | None = None
    """One invoice as a person names it: its number, its id, or "id:" and its id."""
    full: bool = False
    """Every linked Opportunity, not only what changed."""
    allow_large: bool = False
    """Lift the brake for this pass."""
    verbose: bool = False
    """Put the quiet records (`in_step`, `not_paid`, `no_opportunity`) in the report too."""

    @property
    def mode(self) -> Mode:
        """The mode of a pass that could not start; one that runs may turn out full by itself."""
        if self.invoice is not None:
            return "invoice"
        return "full" if self.full else "incremental"

    @property
    def looks_only(self) -> bool:
        """Whether somebody asked to be shown something, rather than let the world be brought up to date."""
        return self.dry_run or self.invoice is not None
