"""A stream of YAML taken apart as Argo CD does: at lines, before anything is parsed.

Rules: k8s.io/apimachinery, util/yaml/decoder.go (YAMLReader, LineReader).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SEPARATOR = "---"


def documents(text: str) -> Iterator[str]:
    """Yield the documents between lines that begin with ``---``, each with its last line's end.

    Such a line belongs to the document that it begins, unless it ended the one before. Raises
    `ValueError` where one goes on with anything but a comment.
    """
    if _SEPARATOR not in text and "\r" not in text:
        yield from (_ended(text),) if text else ()
        return
    lines: list[str] = []
    for line in _lines(text):
        if not line.startswith(_SEPARATOR):
            lines.append(line)
            continue
        after = line[len(_SEPARATOR) :].strip()
        if after and not after.startswith("#"):
            raise ValueError(f"invalid Yaml document separator: {after}")
        if lines:
            yield _joined(lines)
            lines = []
        else:
            lines.append(line)
    if lines:
        yield _joined(lines)


def bare(document: str) -> str:
    """Return a document without the line or the byte order mark that begins it, if one does."""
    if document.startswith(_SEPARATOR):
        return document.partition("\n")[2]
    return document.removeprefix("\ufeff")


def stream(texts: Iterable[str]) -> str:
    """Return one stream of documents, each without a line that begins it.

    argocd-cmp-server takes the stream's last line end away (cmpserver/plugin/plugin.go). Where
    blank lines end a document they may belong to a text, so that a separator goes after them.
    """
    whole = "".join(f"{_SEPARATOR}\n{text}" for text in texts)
    return f"{whole}{_SEPARATOR}\n" if whole.endswith("\n\n") else whole


def _lines(text: str) -> Iterator[str]:
    for line in text.removesuffix("\n").split("\n"):
        yield line.removesuffix("\r")


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
