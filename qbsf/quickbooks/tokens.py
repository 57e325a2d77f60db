"""What the QuickBooks client needs of the stored grant."""

from typing import Protocol


class QuickBooksTokens(Protocol):
    """The grant of one company. Both methods may ask Intuit, and raise AuthorizationNeeded or Unreachable."""

    @property
    def realm_id(self) -> str:
        """The company's id, digits."""
        ...

    def access_token(self) -> str:
        """A token that is not known to be expired."""
        ...

    def replace(self, rejected: str) -> str:
        """Another token in the place of one that QuickBooks rejected: somebody else's newer one, or a fresh one."""
        ...
