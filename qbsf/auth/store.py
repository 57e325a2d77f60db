"""The secret store: what is kept, under which names, and where (shared/reference/auth.md part A)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

from qbsf.config import Config
from qbsf.paths import ProfilePaths, keyring_lock

SERVICE = "qbsf"
"""The keyring's service name."""

SecretName = Literal[
    "quickbooks.client_secret",
    "quickbooks.refresh",
    "quickbooks.access",
    "salesforce.client_secret",
    "salesforce.session",
    "probe",
]
QUICKBOOKS_SECRETS: tuple[SecretName, ...] = (
    "quickbooks.access",
    "quickbooks.refresh",
    "quickbooks.client_secret",
)
SALESFORCE_SECRETS: tuple[SecretName, ...] = ("salesforce.session", "salesforce.client_secret")

CLIENT_SECRET_VARIABLES: dict[SecretName, str] = {
    "quickbooks.client_secret": "QBSF_QUICKBOOKS_CLIENT_SECRET",
    "salesforce.client_secret": "QBSF_SALESFORCE_CLIENT_SECRET",
}
"""These environment variables win over the store."""


class SecretStore(Protocol):
    """Texts by name, of one profile. Every method raises StoreUnavailable, with the cure, and nothing else."""

    @property
    def place(self) -> str:
        """Where the secrets are, for messages and to notice another place: "keyring (SecretService Keyring)"."""
        ...

    @property
    def refresh_lock(self) -> Path:
        """The lock file of token refreshes: it has the scope of what it guards."""
        ...

    def get(self, name: SecretName) -> str | None:
        """The secret, or None where there is none."""
        ...

    def set(self, name: SecretName, value: str) -> None:
        """Stores the secret and reads it back."""
        ...

    def delete(self, name: SecretName) -> None:
        """Deletes the secret; one that is not there is fine."""
        ...


def open_store(config: Config, paths: ProfilePaths) -> SecretStore:
    """The store that `[secrets]` names. Touches nothing yet."""
    if config.secrets.store == "file":
        from qbsf.auth.file_store import FileStore  # noqa: PLC0415 - only the store that is used

        return FileStore(Path(config.secrets.file) if config.secrets.file else paths.secrets, config.name)
    from qbsf.auth.keyring_store import KeyringStore  # noqa: PLC0415 - only the store that is used

    return KeyringStore(config.name, keyring_lock(config.name))


def client_secret(name: SecretName, store: SecretStore, environ: Mapping[str, str]) -> str | None:
    """A client secret from the environment, else from the store, else None. Raises StoreUnavailable."""
    return environ.get(CLIENT_SECRET_VARIABLES[name], "").strip() or store.get(name)


def probe(store: SecretStore) -> None:
    """Raises StoreUnavailable unless the store can be written and read right now."""
    store.set("probe", "qbsf writes this to see that it can")
    store.delete("probe")
