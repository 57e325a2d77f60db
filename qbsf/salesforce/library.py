"""simple-salesforce, taught to use the body that was decoded already when the answer was judged.

It takes 0.3 s to import (salesforce.md section 1): import this module with the first request.
"""

import requests
from simple_salesforce.api import Salesforce as _Salesforce

from qbsf.answers import json_body
from qbsf.records import Json


class Salesforce(_Salesforce):
    """The library's client."""

    def parse_result_to_json(self, result: requests.Response) -> Json:
        """The body, fractions as exact Decimals; it was found to be an object or a list before."""
        return json_body(result)
