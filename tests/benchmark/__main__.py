"""`python tests/benchmark` measures qbsf against the sandbox; see `--help`."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])

from benchmark.command import main  # noqa: E402 - Python put this folder on the path, the modules are found from tests/

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
