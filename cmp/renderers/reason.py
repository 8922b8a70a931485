"""What a tool said, for a person: its error first, shorter, and the same on every replica."""

from __future__ import annotations

import os
import re

_LONGEST = 4000  # characters; Argo CD shows the message in its UI
_HEAD, _TAIL = 2600, 1300

_MANUAL = "\nUsage:\n"  # kustomize explains its command after each error
_NOISE = ("level=", "# Warning: ")  # the error again, and what kustomize would name otherwise
_LOG_TIME = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", re.MULTILINE)
_TEMPORARY = re.compile(r"/[^\s'\"]*/image-cmp(?:-\d+)?/run-[0-9a-f]{16}(?:/kustomize-[a-z-]*\d+)?")

# kustomize tries a resource as a file and as a directory, and puts both failures, quoted into
# each other, into one line (kustomize, kusttarget.go: accumulateResources). The attempt that
# says nothing is left out; what is behind a match may be the next such line.
_FROM = r"accumulation err='accumulating resources from '([^\n]*?)': "
_AS_A_FILE = _FROM + r"'[^'\n]*' must resolve to a file': "
_A_FILE = r"'[^'\n]*': file is not directory"
_NOTHING = r"not a valid directory: [^\n]*?no such file or directory"
_KUSTOMIZE = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (
            r"evalsymlink failure on '([^'\n]*)' : lstat [^\n]*?: no such file or directory",
            r"\1: no such file or directory",
        ),
        (
            _AS_A_FILE + r"(?:recursed accumulation of path '[^'\n]*': )?",
            r"resource '\1': ",
        ),
        (
            rf"accumulation err='([^\n]*?)': must build at directory: (?:{_A_FILE}|{_NOTHING})",
            r"\1",
        ),
        (
            r"accumulation err='([^\n]*?)': (failed to run '|new root ')",
            r"\1; as a directory or repository: \2",
        ),
        (r"accumulating resources: ", ""),
        (r"accumulating resources from '", "resource '"),
    )
)


def reason(said: str, root: str) -> str:
    """Return the error in what a tool printed; paths begin at the repository's root."""
    text = _error_first(_LOG_TIME.sub("", said).partition(_MANUAL)[0])
    text = _TEMPORARY.sub("<temporary>", text)
    for folder in {root, os.path.realpath(root)}:
        text = re.sub(re.escape(folder) + r"/(?=[^\s'\"/])", "", text)
        text = re.sub(re.escape(folder) + r"(?![\w.-])", ".", text)
        above = os.path.dirname(folder) + os.sep
        text = text.replace(above, f"..{os.sep}") if above.strip(os.sep) else text
    for pattern, replacement in _KUSTOMIZE:
        text = pattern.sub(replacement, text)
    return _shortened(text)


def _error_first(said: str) -> str:
    """Return the error before all warnings, and without what helm 4 logs of it besides."""
    before, found, error = said.strip().partition("Error: ")
    if not found:
        return before
    is_line = not before or before.endswith("\n")
    if not is_line:
        return said.strip()
    error = error.strip().removeprefix("Error: ")  # of the helm that kustomize started
    warnings = [line for line in before.splitlines() if not line.startswith(_NOISE)]
    return "\n".join([error, *warnings])


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    left_out = len(text) - _HEAD - _TAIL
    return f"{text[:_HEAD]}\n… {left_out} characters left out …\n{text[-_TAIL:]}"
