"""What every command starts from: the configuration asked for, the streams, the clock."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from qbsf.clock import Clock, SystemClock
from qbsf.config import Config
from qbsf.output.voice import Voice
from qbsf.paths import ProfilePaths, profile_paths


@dataclass(frozen=True)
class Context:
    """The global options, and the machine around the command."""

    voice: Voice
    config_path: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Clock = field(default_factory=SystemClock)

    def config(self) -> Config:
        """The checked configuration. Raises ConfigError."""
        from qbsf.config_file import find_config, load_config

        return load_config(find_config(self.config_path, self.environ), self.environ)

    def paths(self, config: Config) -> ProfilePaths:
        """The files of the configuration's profile."""
        return profile_paths(config.name, self.environ)


def from_machine(
    *, config_path: Path | None = None, json: bool = False, verbose: bool = False, quiet: bool = False
) -> Context:
    """The context of this process."""
    voice = Voice(
        stdout=sys.stdout,
        stderr=sys.stderr,
        environ=os.environ,
        json=json,
        verbose=verbose,
        quiet=quiet and not verbose,
    )
    return Context(voice=voice, config_path=config_path)
