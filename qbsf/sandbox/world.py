"""A sandbox: both simulated services on one network, with one clock, and the environment that leads qbsf to them."""

import os
import shlex
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from qbsf.sandbox.clock import SandboxClock
from qbsf.sandbox.faults import Faults
from qbsf.sandbox.network import Network
from qbsf.sandbox.quickbooks.api import QuickBooksService
from qbsf.sandbox.quickbooks.company import Company, CompanySettings
from qbsf.sandbox.quickbooks.oauth import OAuthServer
from qbsf.sandbox.quickbooks.people import Books
from qbsf.sandbox.salesforce import OrgOptions, SalesforceOrg

_KEYRING_BACKEND = "qbsf.sandbox.keyring_backend.SandboxKeyring"


class Sandbox:
    """Use as a context manager: the servers run inside the `with`."""

    def __init__(
        self,
        *,
        start: datetime | None = None,
        settings: CompanySettings | None = None,
        org: OrgOptions | None = None,
        latency: float = 0.0,
        clock: SandboxClock | None = None,
    ) -> None:
        """`clock` takes the place of one that starts at `start` and runs."""
        self.clock = clock or SandboxClock(start)
        company = Company(self.clock, settings or CompanySettings())
        oauth = OAuthServer(self.clock, lambda: company.settings.realm_id)
        self.books = Books(company, oauth)
        self.quickbooks = QuickBooksService(company, oauth)
        self.org = SalesforceOrg(self.clock, org)
        self.faults = Faults()
        self._folder = tempfile.TemporaryDirectory(prefix="qbsf-sandbox-")
        services = (self.quickbooks, self.org)
        self.network = Network(services, self.clock, self.faults, self.folder, latency=latency)

    @property
    def folder(self) -> Path:
        """The sandbox's own temporary folder, gone when it closes."""
        return Path(self._folder.name)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        self.network.start()

    def close(self) -> None:
        self.network.close()
        self._folder.cleanup()

    def environment(self, home: Path) -> dict[str, str]:
        """The whole environment of a qbsf process whose home, configuration, state and keyring are under `home`,
        and whose network is this sandbox.
        """
        inherited = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "TMPDIR", "COVERAGE_PROCESS_START")
        environment = {name: os.environ[name] for name in inherited if name in os.environ}
        return environment | {
            "HOME": str(home),
            "HTTPS_PROXY": self.network.proxy_url,
            "https_proxy": self.network.proxy_url,
            "NO_PROXY": "localhost,127.0.0.1,::1",
            "no_proxy": "localhost,127.0.0.1,::1",
            "REQUESTS_CA_BUNDLE": str(self.network.certificates.bundle),
            "PYTHON_KEYRING_BACKEND": _KEYRING_BACKEND,
            "QBSF_SANDBOX_KEYRING": str(home / "keyring.json"),
            "QBSF_CONFIG": str(home / "config.toml"),
            "QBSF_STATE_DIR": str(home / "state"),
            "BROWSER": f"{shlex.quote(sys.executable)} -m qbsf.sandbox.browser %s",
        }
