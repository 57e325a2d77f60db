"""What a pass would find in the environment this process has: `python -m qbsf.check.from_cron [CONFIG]`.

The check starts it with cron's bare environment. Prints one JSON document; reads secrets, shows none.
"""

import json
import os
import sys
from pathlib import Path

from qbsf.auth.store import SecretName, client_secret, open_store
from qbsf.config import Config
from qbsf.config_file import find_config, load_config
from qbsf.errors import QbsfError
from qbsf.paths import profile_paths


def main(arguments: list[str]) -> None:
    """Print the document."""
    named = Path(arguments[0]) if arguments else None
    path = find_config(named, os.environ)
    found: dict[str, object] = {"config": str(path)}
    try:
        found |= _seen(load_config(path, os.environ))
    except QbsfError as error:
        found["error"] = {"message": error.message, "todo": error.todo, "exit_code": error.exit_code}
    json.dump(found, sys.stdout)


def _seen(config: Config) -> dict[str, object]:
    paths = profile_paths(config.name, os.environ)
    store = open_store(config, paths)
    missing = [] if store.get("quickbooks.refresh") else ["the QuickBooks grant"]
    needed: list[tuple[SecretName, str]] = [("quickbooks.client_secret", "the QuickBooks client secret")]
    if config.salesforce.flow == "client_credentials":
        needed.append(("salesforce.client_secret", "the Salesforce client secret"))
    missing += [words for name, words in needed if not client_secret(name, store, os.environ)]
    return {"state": str(paths.folder), "place": store.place, "missing": missing}


if __name__ == "__main__":
    main(sys.argv[1:])
