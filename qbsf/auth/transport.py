"""What it means that a token service gave no verdict."""

import requests

from qbsf.answers import NEXT_RUN, kind_of_body, trouble_of_error
from qbsf.errors import ConfigError, QbsfError, Unreachable

TIMEOUT = (10.0, 30.0)
"""Seconds to connect and to wait for an answer."""

_CA_BUNDLE = "CA certificate bundle"


def not_asked(service: str, error: OSError) -> QbsfError:
    """The error of a request that got no answer; requests' exceptions are OSErrors. Their texts hold addresses and
    are not repeated. Anything that is no fault of network or settings is raised again as it is.
    """
    if isinstance(error, requests.exceptions.InvalidProxyURL):
        return ConfigError("HTTPS_PROXY holds no valid address.", "Correct the environment variable.")
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return Unreachable(
            f"{service} answered with a redirect instead of a token.",
            "Check whether a proxy or a sign-in page stands in between.",
        )
    if isinstance(error, requests.RequestException):
        trouble = trouble_of_error(error, TIMEOUT[1])
        return Unreachable(f"{service} {trouble.what}", trouble.todo)
    if _CA_BUNDLE in str(error):
        return ConfigError("The file of trusted certificates does not exist.", "Correct REQUESTS_CA_BUNDLE.")
    raise error


def no_verdict(service: str, answer: requests.Response, trace: str = "") -> Unreachable:
    """An answer that says nothing of the token or the login: a fault of the server, or a page of somebody else."""
    told = f" ({trace})" if trace else ""
    return Unreachable(f"{service} answered HTTP {answer.status_code} with {kind_of_body(answer)}{told}.", NEXT_RUN)
