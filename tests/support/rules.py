"""What Prometheus and Argo CD's notifications make of what we ship for them (tools/rules)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.support.answering import Answering


class Said(NamedTuple):
    """What a text comes to, or what is wrong with it."""

    value: Any
    error: str


class Rules(Answering):
    """The parsers of both, to be asked."""

    def expressions(self, rules_file: str) -> Said:
        """Read a rules file as Prometheus does: the expressions in it."""
        (said,) = self._say("rules", [rules_file])
        return said

    def promql(self, expression: str) -> Said:
        """Parse an expression: ``selectors`` (metric and labels), and ``grouping`` labels."""
        (said,) = self._say("promql", [expression])
        return said

    def evaluate(self, expressions: Sequence[str], variables: Mapping[str, Any]) -> list[Said]:
        """Evaluate expressions of triggers."""
        return self._say("trigger", expressions, variables)

    def fill(self, template: str, variables: Mapping[str, Any]) -> Said:
        """Execute a template of a notification; a variable that is not there is an error."""
        (said,) = self._say("template", [template], variables)
        return said

    def _say(
        self, about: str, texts: Sequence[str], variables: Mapping[str, Any] | None = None
    ) -> list[Said]:
        question = {"about": about, "texts": list(texts), "variables": dict(variables or {})}
        return [Said(one["value"], one["error"]) for one in self.ask(question)]
