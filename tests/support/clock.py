"""A clock that a test sets, for a process that is started with it: the others have their own."""

from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.needs import lacks

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIBRARY = "vendor/libfaketime/src/libfaketime.so.1"


class WallClock:
    """The time of day as some processes have it; how long things take is as it is.

    Example:
        clock = WallClock(tmp_path)
        subprocess.Popen(command, env={**env, **clock.environment})
        clock.jump(timedelta(days=2))

    Args:
        folder: for a file of its own.
    """

    def __init__(self, folder: Path) -> None:
        found = find_spec("libfaketime")
        assert found
        assert found.origin
        library = Path(found.origin).parent / _LIBRARY
        if not library.is_file():
            lacks(f"no {library}: libfaketime is for Linux")
        self._file = folder / "clock"
        self.environment: Mapping[str, str] = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        self.jump(timedelta())

    def jump(self, ahead: timedelta) -> None:
        """From now on be so much ahead of the true time."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{ahead.total_seconds():+.0f}\n")
        fresh.rename(self._file)
