"""`qbsf demo`: the story, or the two servers for a second terminal."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qbsf.sandbox.demo import Demo


def demo(*, serve: bool) -> int:
    """Tell it on stdout. 0 when every command of the story ended well, else 1."""
    from qbsf.sandbox.demo import demo as story_of

    with story_of(sys.stdout) as story:
        if serve:
            return _served(story)
        return 0 if story.tell() else 1


def _served(story: "Demo") -> int:
    """Ctrl+C is how it ends."""
    try:
        story.serve()
    except KeyboardInterrupt:
        print("\nEnded; nothing is left behind.")
    return 0
