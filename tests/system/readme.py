"""What the README tells an operator to copy."""

import re

from system.packages import CHECKOUT

_SCRIPT = re.compile(r"```sh\n(# with-keyring\.sh.*?)```", re.DOTALL)


def with_keyring_script() -> str:
    """with-keyring.sh, word for word."""
    found = _SCRIPT.search((CHECKOUT / "README.md").read_text())
    assert found is not None, "the README shows no with-keyring.sh"
    return found[1]
