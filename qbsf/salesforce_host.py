"""Which hosts are Salesforce's: a secret is never sent to any other (salesforce.md section 1)."""

import re

# acme, acme--dev.sandbox, acme-dev-ed.develop, acme--dev.cs12: My Domain, its optional partition, then Salesforce.
_MY_DOMAIN = re.compile(
    r"(?P<name>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:\.(?P<partition>[a-z0-9]+))?\.my\.salesforce\.(?:com|mil)"
)
_ADDRESS = re.compile(r"https://(?P<host>[A-Za-z0-9.-]+)/?")
_LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")
_EXPECTED = "must be the address of your My Domain, as in https://yourcompany.my.salesforce.com"
_TEST_PARTITION = re.compile(r"sandbox|scratch|cs[0-9]+")


class NotSalesforceError(ValueError):
    """An address that is not a Salesforce My Domain; its text says why and what to write instead."""


def my_domain_url(text: str) -> str:
    """The address in its plain form, `https://<host in lower case>`. Raises NotSalesforceError."""
    match = _ADDRESS.fullmatch(text.strip())
    host = match["host"].lower() if match else ""
    if _MY_DOMAIN.fullmatch(host):
        return f"https://{host}"
    raise NotSalesforceError(_why(text.strip(), host))


def _why(text: str, host: str) -> str:
    if not text.lower().startswith("https://"):
        return f"{_EXPECTED}: it has to begin with https://"
    if not host:
        return f"{_EXPECTED}: nothing but https:// and the host, no port, path, user or query"
    if host in _LOGIN_HOSTS:
        return f"{_EXPECTED}; {host} does not take this login (Setup, My Domain shows yours)"
    if host.endswith((".lightning.force.com", ".force.com", ".salesforce-setup.com")):
        name = host.split(".", maxsplit=1)[0]
        return f"{_EXPECTED}, not the one the browser shows; try https://{name}.my.salesforce.com"
    return f"{_EXPECTED}; this host is not Salesforce's, and a secret is sent to no other"


def answered_url(text: str) -> str:
    """The instance_url of a token answer in its plain form: any host of Salesforce's. Raises NotSalesforceError."""
    match = _ADDRESS.fullmatch(text.strip())
    host = match["host"].lower() if match else ""
    if re.fullmatch(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+salesforce\.(?:com|mil)", host):
        return f"https://{host}"
    raise NotSalesforceError(_EXPECTED)


def is_test_org(instance_url: str) -> bool:
    """Whether a My Domain address is a sandbox's or scratch org's: they log in at test.salesforce.com."""
    host = instance_url.removeprefix("https://").lower()
    match = _MY_DOMAIN.fullmatch(host)
    if match is None:
        return False
    return "--" in match["name"] or bool(_TEST_PARTITION.fullmatch(match["partition"] or ""))
