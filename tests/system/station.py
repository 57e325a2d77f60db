"""A user of this machine with qbsf, configured for a world of the user's own in which an invoice has been paid."""

import shlex
import shutil
import socket
from pathlib import Path

from program.installation import Installation
from program.terminal import TerminalSession
from system.account import Account
from system.cron import CronPass, install_crontab, wait_for_end

from qbsf.sandbox.world import Sandbox

SECRETS_ASKED = (
    "The client secret of the QuickBooks app (not shown): ",
    "The client secret (Consumer Secret) of the Salesforce app (not shown): ",
)


class Station:
    """`wrapper` is what stands before qbsf, at the terminal and in the crontab."""

    def __init__(self, account: Account, sandbox: Sandbox, programs: Path) -> None:
        self.account = account
        self.sandbox = sandbox
        self.wrapper: tuple[str, ...] = ()
        self.told_by_auth = ""
        self._qbsf = str(programs / "qbsf")
        folder = account.home / ".config" / "qbsf"
        folder.mkdir(parents=True)
        self.installation = Installation(sandbox, folder)
        sandbox.books.add_invoice("Acme", "2750.00", invoice_id="2052", number="2052")
        self.deal = self.installation.deal(invoice="2052")
        sandbox.books.receive_payment(
            {"2052": "2750.00"}, date="2025-08-25", method="Test Payment", reference="Manual Test Update"
        )
        authorities = shutil.copy(sandbox.network.certificates.bundle, account.home / "authorities.pem")
        self._network = {
            "HTTPS_PROXY": sandbox.network.proxy_url,
            "NO_PROXY": "localhost,127.0.0.1,::1",
            "REQUESTS_CA_BUNDLE": str(authorities),
        }
        account.variables |= self._network
        account.variables["BROWSER"] = f"{programs / 'python'} -m qbsf.sandbox.browser %s"
        self.configure()
        account.own(account.home)

    def configure(self, **tables: dict[str, object]) -> None:
        """The configuration at its usual place, with a redirect port of this user's own."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            uri = f"http://localhost:{probe.getsockname()[1]}/callback"
        self.sandbox.books.oauth.development.register(uri)
        self.installation.configure(quickbooks={"redirect_uri": uri}, **tables)
        self.account.own(self.installation.config_path)

    def authorize(self) -> None:
        """`qbsf auth` at a terminal: the client secrets are typed, and it opens the browser."""
        secrets = (self.sandbox.books.oauth.development.client_secret, self.sandbox.org.app.client_secret)
        words = self.account.words([*self.wrapper, self._qbsf, "auth"])
        session = TerminalSession(words, self.account.environment(), self.account.home)
        for question, secret in zip(SECRETS_ASKED, secrets, strict=True):
            session.answer(question, secret)
        assert session.end() == 0, session.screen
        self.told_by_auth = session.screen

    def let_the_token_run_out(self) -> None:
        """The next pass has to renew the token, and to store a new refresh token: the old one ends with its use."""
        self.sandbox.books.set_rotation("every")
        self.sandbox.books.expire_access_tokens()

    def schedule(self) -> None:
        """The crontab: no more in it than what leads to this world."""
        install_crontab(self.account, self._network, shlex.join([*self.wrapper, self._qbsf, "sync"]))

    @property
    def pass_by_cron(self) -> CronPass:
        return wait_for_end(self.account)

    def run_as_cron_does(self, *words: str) -> CronPass:
        """A command in the environment that cron gives (auth.md A2)."""
        account = self.account
        bare = {"HOME": str(account.home), "LOGNAME": account.name, "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
        done = account.run(*self.wrapper, self._qbsf, *words, variables=bare | self._network)
        return CronPass(done.stdout + done.stderr, done.returncode)

    @property
    def keyring_file(self) -> Path:
        return self.account.home / ".local/share/keyrings/login.keyring"

    @property
    def secrets_file(self) -> Path:
        return self.account.home / ".local/state/qbsf/default/secrets.json"

    def closed_in_salesforce(self) -> bool:
        """Whether the deal has been won and tells of the payment."""
        told = ("2750.00", "2025-08-25", "Test Payment", "Manual Test Update")
        return (
            self.installation.stage(self.deal) == "Closed Won" and self.installation.payment_fields(self.deal) == told
        )
