"""The Go libraries behind Argo CD and argocd-image-updater, to be asked (tools/oracle)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.support.answering import Answering


class Oracle(Answering):
    """What these libraries say, question by question."""

    def compare(self, texts: Sequence[str]) -> list[list[int | None]]:
        """How each version compares to each: -1, 0 or 1; None where one is no version."""
        table: list[list[int | None]] = self._ask("versions", texts)
        return table

    def allows(self, constraint: str, versions: Sequence[str]) -> list[bool | None] | None:
        """Which versions a constraint allows, None for no version; None for no constraint."""
        allowed: list[bool | None] | None = self._ask("constraint", versions, constraint)
        return allowed

    def glob(self, pattern: str, names: Sequence[str]) -> list[bool | None]:
        """Which names ``filepath.Match`` matches; None where it says the pattern is bad."""
        matched: list[bool | None] = self._ask("glob", names, pattern)
        return matched

    def gobwas(self, glob: str, texts: Sequence[str]) -> list[bool] | None:
        """Which texts Argo CD's globs match as a whole; None for a malformed one."""
        matched: list[bool] | None = self._ask("gobwas", texts, glob)
        return matched

    def windows(self, schedule: str, duration: str, times: Sequence[datetime]) -> list[bool] | None:
        """At which times a sync window is active; None where its text is malformed."""
        texts = [time.isoformat() for time in times]
        active: list[bool] | None = self._ask("cron", texts, schedule, duration)
        return active

    def search(self, expression: str, texts: Sequence[str]) -> list[bool] | None:
        """Which texts contain a match of the expression; None when it does not compile."""
        matched: list[bool] | None = self._ask("regexp", texts, expression)
        return matched

    def references(self, texts: Sequence[str]) -> list[dict[str, str] | None]:
        """Domain, path, tag and digest of each reference; None for what is none."""
        found: list[dict[str, str] | None] = self._ask("reference", texts)
        return found

    def expand(self, texts: Sequence[str]) -> list[str]:
        """Each text with ``$NAME`` substituted as Argo CD does it, by ``[NAME]``."""
        expanded: list[str] = self._ask("expand", texts)
        return expanded

    def directory(self, texts: Sequence[str]) -> list[tuple[list[str], str]]:
        """Each YAML file of a plain directory: its objects as JSON, and the error they end in."""
        return self._objects("directory", texts)

    def plugin(self, texts: Sequence[str]) -> list[tuple[list[str], str]]:
        """Each text that a plugin prints: its objects as JSON, and what is wrong with it."""
        return self._objects("plugin", texts)

    def _objects(self, about: str, texts: Sequence[str]) -> list[tuple[list[str], str]]:
        return [(one["objects"] or [], one["error"]) for one in self._ask(about, texts)]

    def _ask(self, about: str, texts: Sequence[str], pattern: str = "", duration: str = "") -> Any:
        return self.ask(
            {"about": about, "pattern": pattern, "duration": duration, "texts": list(texts)}
        )
