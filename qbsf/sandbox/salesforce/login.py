"""The OAuth endpoints of an org: client credentials and JWT bearer, with every recorded refusal (token_errors.json)."""

import base64
import hashlib
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from qbsf.sandbox.clock import SandboxClock
from qbsf.sandbox.exchange import Request, Response
from qbsf.sandbox.salesforce import faults
from qbsf.sandbox.salesforce.faults import TokenRefusal
from qbsf.sandbox.salesforce.schema import Row
from qbsf.sandbox.salesforce.sessions import Sessions

PRODUCTION_LOGIN = "login.salesforce.com"
SANDBOX_LOGIN = "test.salesforce.com"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class ClientApp:
    """The org's External Client App as its administrator set it up."""

    client_id: str = "3MVG9.qbsf.sandbox.consumer.key"
    client_secret: str = field(default="sandbox-salesforce-client-secret", repr=False)
    client_credentials: bool = True
    """Whether the flow is ticked."""
    run_as: str = "qbsf@acme.example"
    """Username of the Run-As user, "" for none."""
    certificate: str = ""
    """PEM of the certificate or public key that signs JWT assertions."""
    approved: set[str] = field(default_factory=lambda: {"qbsf@acme.example"})
    """Usernames that may use the app by JWT."""
    admin_approval: bool = False
    """Permitted users are "admin approved": another refusal for those who are not."""
    login_rate_exceeded: bool = False
    checks_expiry: bool = True
    """False where a test moves the sandbox's clock and not the client's."""


class _RefusedError(Exception):
    def __init__(self, refusal: TokenRefusal) -> None:
        super().__init__(refusal.description)
        self.refusal = refusal


class Login:
    """Answers /services/oauth2/ on the org's host and on the two login hosts."""

    def __init__(
        self, app: ClientApp, sessions: Sessions, clock: SandboxClock, host: str, organization_id: str
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._clock = clock
        self._host = host
        self._organization_id = organization_id
        self._login_host = SANDBOX_LOGIN if ".sandbox." in host else PRODUCTION_LOGIN
        self.users: dict[str, Row] = {}
        """Active users by username."""

    def handle(self, request: Request) -> Response:
        if request.path.rstrip("/").endswith("/revoke") and request.method == "POST":
            self._sessions.end(request.form.get("token", ""))
            return Response(200)
        if request.path.rstrip("/").endswith("/userinfo"):
            return self._user_information(request)
        if not request.path.rstrip("/").endswith("/token") or request.method != "POST":
            error = faults.not_found()
            return Response.of_json(error.status, error.body())
        try:
            return Response.of_json(200, self._token(request), {"Cache-Control": "no-store"})
        except _RefusedError as error:
            return Response.of_json(400, error.refusal.body(), {"Cache-Control": "no-store"})

    def _user_information(self, request: Request) -> Response:
        try:
            session = self._sessions.use(request.headers.get("authorization", ""))
        except faults.ApiError:
            return Response(403, b"Bad_OAuth_Token", {"Content-Type": "text/html;charset=UTF-8"})
        username = next(name for name, user in self.users.items() if user["Id"] == session.user_id)
        information = {
            "sub": f"https://{self._login_host}/id/{self._organization_id}/{session.user_id}",
            "user_id": session.user_id,
            "organization_id": self._organization_id,
            "preferred_username": username,
        }
        return Response.of_json(200, information)

    def _token(self, request: Request) -> dict[str, str]:
        form = request.form
        match form.get("grant_type"):
            case "client_credentials":
                return self._client_credentials(request, form)
            case grant if grant == JWT_BEARER:
                return self._jwt_bearer(request, form.get("assertion", ""))
            case "password":
                raise _RefusedError(faults.WRONG_PASSWORD)
            case "refresh_token":
                raise _RefusedError(faults.REFRESH_ENDED)
            case _:
                raise _RefusedError(faults.UNKNOWN_GRANT)

    def _client_credentials(self, request: Request, form: dict[str, str]) -> dict[str, str]:
        if request.host != self._host:
            raise _RefusedError(faults.NOT_ON_THIS_DOMAIN)
        client_id, secret = _credentials(request, form)
        if client_id != self._app.client_id:
            raise _RefusedError(faults.UNKNOWN_CLIENT)
        if secret != self._app.client_secret:
            raise _RefusedError(faults.WRONG_SECRET)
        if not self._app.client_credentials:
            raise _RefusedError(faults.FLOW_NOT_ENABLED)
        user = self.users.get(self._app.run_as)
        if user is None:
            raise _RefusedError(faults.NO_RUN_AS_USER)
        answer = self._session(user)
        issued = str(int(self._clock.now().timestamp() * 1000))
        signed = hashlib.sha256((answer["id"] + issued + self._app.client_secret).encode()).digest()
        return {
            "access_token": answer["access_token"],
            "signature": base64.b64encode(signed).decode(),
            "token_format": "opaque",
            "scope": "api",
            "instance_url": answer["instance_url"],
            "id": answer["id"],
            "token_type": "Bearer",
            "issued_at": issued,
        }

    def _jwt_bearer(self, request: Request, assertion: str) -> dict[str, str]:
        if request.host not in {self._host, self._login_host}:
            raise _RefusedError(faults.NOT_APPROVED)
        claims = self._claims(assertion)
        if claims.get("aud") not in {f"https://{self._login_host}", f"https://{self._host}"}:
            raise _RefusedError(faults.BAD_AUDIENCE)
        expires = claims.get("exp")
        if self._app.checks_expiry and not (
            isinstance(expires, int | float) and expires > self._clock.now().timestamp()
        ):
            raise _RefusedError(faults.ASSERTION_EXPIRED)
        username = str(claims.get("sub", ""))
        user = self.users.get(username)
        if user is None or username not in self._app.approved:
            raise _RefusedError(faults.NOT_ADMIN_APPROVED if self._app.admin_approval else faults.NOT_APPROVED)
        answer = self._session(user)
        return {
            "access_token": answer["access_token"],
            "scope": "id api",
            "instance_url": answer["instance_url"],
            "id": answer["id"],
            "token_type": "Bearer",
        }

    def _claims(self, assertion: str) -> dict[str, object]:
        """The claims of an assertion that the registered certificate verifies."""
        try:
            issuer = jwt.decode(assertion, options={"verify_signature": False}).get("iss")
            if issuer != self._app.client_id:
                raise _RefusedError(faults.UNKNOWN_CLIENT)
            claims: dict[str, object] = jwt.decode(
                assertion,
                _public_key(self._app.certificate),
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except (jwt.PyJWTError, TypeError, ValueError):
            raise _RefusedError(faults.BAD_ASSERTION) from None
        return claims

    def _session(self, user: Row) -> dict[str, str]:
        if self._app.login_rate_exceeded:
            raise _RefusedError(faults.TOO_MANY_LOGINS)
        return {
            "access_token": self._sessions.open(str(user["Id"])),
            "instance_url": f"https://{self._host}",
            "id": f"https://{self._login_host}/id/{self._organization_id}/{user['Id']}",
        }


def _credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """Client id and secret of a Basic header, else of the form."""
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return client_id, secret


def _public_key(pem: str) -> RSAPublicKey:
    """ValueError or TypeError where no RSA certificate or key is registered."""
    encoded = pem.encode()
    key = (
        load_pem_x509_certificate(encoded).public_key()
        if b"BEGIN CERTIFICATE" in encoded
        else load_pem_public_key(encoded)
    )
    if not isinstance(key, RSAPublicKey):
        raise TypeError("the registered certificate is not an RSA one")
    return key
