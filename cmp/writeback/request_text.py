"""What a pull request says: a table of images, why, and a mark by which we know it again.

The mark is a comment of HTML that forges keep and do not show. It holds what was asked for, so
that another life of the refresher knows it, and the commit up to which the branch is ours.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self

from cmp.writeback.forges import Text
from cmp.writeback.git_update import Update

_LONGEST_TITLE = 250  # GitHub takes 256 characters, GitLab 255
_LONGEST_BODY = 60_000  # GitHub takes 65,536
_LONGEST_TABLE = 25_000
_NAME = "argocd-image-cmp"
_MARK = re.compile(rf"<!-- {_NAME} (\{{.*?\}}) -->")
_WHY = re.compile(r"<!-- why (\S+) -->\n(.*?)\n<!-- /why -->", re.DOTALL)
_TICKS = re.compile(r"`+")
_SHORT_DIGEST = len("sha256:") + 12
_FOOT = (
    "Merged, Argo CD syncs these images. This is kept up to date as newer ones appear: what is "
    "written here is then replaced. Closed, the same images are not asked for again."
)


class Row(NamedTuple):
    """One image of one Application; without an image where only that there is one is known."""

    application: str
    key: str
    """Of the place that is written: Applications of two clusters may have one name."""
    image: str
    alias: str
    old: str
    new: str

    @property
    def owner(self) -> tuple[str, str]:
        """Whose it is."""
        return self.application, self.key

    @property
    def wish(self) -> tuple[str, ...]:
        """What it is to become, whatever it was."""
        return self.application, self.key, self.image, self.alias, self.new


class Mark(NamedTuple):
    """What was asked for."""

    rows: tuple[Row, ...] = ()
    tip: str = ""
    """The branch was all ours up to this commit; empty for a branch that others wrote to."""
    is_begun: bool = False
    """It was us who made the branch."""
    is_retired: bool = False
    """It was us who closed it."""

    @classmethod
    def parse(cls, body: str) -> Self | None:
        """Return the mark in a request's body; None where there is none that can be read."""
        found = _MARK.search(body)
        if not found:
            return None
        try:
            document = json.loads(found[1])
            rows = tuple(Row(*map(str, row)) for row in document.get("rows", ()))
            flags = (document.get(flag) is True for flag in ("begun", "retired"))
            return cls(rows, str(document.get("tip", "")), *flags)
        except (ValueError, TypeError, AttributeError, RecursionError):
            return None

    def __str__(self) -> str:
        document: dict[str, object] = {"rows": [list(row) for row in self.rows], "tip": self.tip}
        document |= {"begun": self.is_begun, "retired": self.is_retired}
        # Only strings can hold these: nothing in one may end the comment.
        text = json.dumps(document, separators=(",", ":"))
        for char in "<>-":
            text = text.replace(char, f"\\u{ord(char):04x}")
        return f"<!-- {_NAME} {text} -->"


def rows_of(update: Update, before: Iterable[Row]) -> tuple[Row, ...]:
    """Return what an update asks for, beside what the request has of its Application already.

    What an image comes from is what it was when first asked for.
    """
    key = update.target_key
    rows = {row.alias or row.image: row for row in before if row.owner == (update.name, key)}
    for change in update.changes:
        row = Row(update.name, key, change.image, change.alias, change.old, change.new)
        earlier = rows.get(change.alias or change.image)
        if earlier and change.old in (earlier.new, change.new):
            row = row._replace(old=earlier.old)
        rows[change.alias or change.image] = row
    if len(rows) > 1:
        rows.pop("", None)
    return tuple(rows.values()) or (Row(update.name, key, "", "", "", ""),)


def why_of(update: Update) -> str:
    """Return the section that says why, folded away; empty where nothing is said."""
    text = update.explain.strip("\n").replace("<!--", "<! --").replace("\0", "")
    if not text.strip():
        return ""
    fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))
    summary = html.escape(update.name)
    return f"<details><summary>{summary}</summary>\n\n{fence}text\n{text}\n{fence}\n\n</details>"


def whys_in(body: str) -> dict[str, str]:
    """Return the sections of a request's body by their Applications."""
    return dict(_WHY.findall(body.replace("\r\n", "\n")))


def text(mark: Mark, whys: Mapping[str, str]) -> Text:
    """Return title and body; of what is too long, the explanations are left out first."""
    rows, shown = mark.rows, str(mark)
    if len(shown) > _LONGEST_BODY - _LONGEST_TABLE - 2 * len(_FOOT):
        shown = str(mark._replace(rows=()))
    body = "\n\n".join((_table(rows), _FOOT))
    for application in dict.fromkeys(row.application for row in rows):
        why = whys.get(application, "")
        section = f"\n\n<!-- why {application} -->\n{why}\n<!-- /why -->"
        if why and len(body) + len(section) + len(shown) < _LONGEST_BODY:
            body += section
    return Text(_title(rows)[:_LONGEST_TITLE], f"{body}\n\n{shown}\n")


def retired(body: str) -> str:
    """Return a body as it is when we close the request ourselves: nobody declined anything."""
    mark = str(Mark(is_retired=True))
    return _MARK.sub(lambda _: mark, body)


def _title(rows: Sequence[Row]) -> str:
    applications = dict.fromkeys(row.application for row in rows)
    first = rows[0]
    if len(rows) == 1 and first.image:
        return f"Update {first.image} to {_short(first.new)} in {first.application}"
    if len(applications) == 1:
        return f"Update the images of {first.application}"
    return f"Update the images of {len(applications)} Applications"


def _table(rows: Sequence[Row]) -> str:
    lines = ["| Application | Image | From | To |", "| --- | --- | --- | --- |"]
    size = 0
    for number, row in enumerate(rows):
        cells = (row.application, row.image, _short(row.old), _short(row.new))
        line = f"| {' | '.join(map(_cell, cells))} |"
        size += len(line) + 1
        if size > _LONGEST_TABLE:
            lines.append(f"\n… and {len(rows) - number} more.")
            break
        lines.append(line)
    return "\n".join(lines)


def _short(version: str) -> str:
    return version[:_SHORT_DIGEST] if version.startswith("sha256:") else version


def _cell(value: str) -> str:
    """Return a value as code, in which no forge sees mentions, links or HTML."""
    shown = " ".join(value.replace("`", "'").split()).replace("|", "\\|")
    return f"`{shown}`" if shown else ""
