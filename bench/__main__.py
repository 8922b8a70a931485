"""All measurements, or those that are named: render, generate, decide, refresh."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.decide import decisions
from bench.generate import generations
from bench.refresh import cycles
from bench.render import renders


def main(names: Sequence[str]) -> int:
    """Print measurements."""
    with tempfile.TemporaryDirectory(prefix="image-cmp-bench-") as folder:
        measured = {
            "render": lambda: renders(Path(folder)),
            "generate": generations,
            "decide": decisions,
            "refresh": cycles,
        }
        for name, measure in measured.items():
            if name in names or not names:
                measure()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
