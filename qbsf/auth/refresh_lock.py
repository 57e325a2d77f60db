"""The lock that every change of the stored QuickBooks grant is made under."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from qbsf.auth.store import SecretStore
from qbsf.errors import Unreachable
from qbsf.files import exclusive
from qbsf.ownership import unusable
from qbsf.paths import prepare_lock

LOCK_SECONDS = 90.0
"""How long another process may take: connect, wait for Intuit's answer, write to a slow keyring."""


@contextmanager
def refresh_lock(store: SecretStore, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Holds the refresh lock of the store's user. Raises Unreachable when another holds it too long, ConfigError."""
    lock = store.refresh_lock
    prepare_lock(lock)
    with ExitStack() as stack:
        try:
            stack.enter_context(exclusive(lock, seconds))
        except TimeoutError as error:
            raise Unreachable(
                f"Another qbsf has been renewing the QuickBooks token for {seconds:.0f} seconds.",
                "The next run tries again.",
            ) from error
        except OSError as error:
            raise unusable(lock, error) from error
        yield
