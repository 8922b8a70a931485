"""The message of a commit that may serve many Applications."""

from collections.abc import Sequence
from typing import NamedTuple

from cmp.errors import InvalidInput
from cmp.writeback.git_update import Update
from cmp.writeback.go_template import Template

# What argocd-image-updater writes without a template of one's own.
DEFAULT = Template.parse(
    "build: automatic update of {{ .AppName }}\n\n"
    "{{ range .AppChanges -}}\n"
    "updates image {{ .Image }} tag '{{ .OldTag }}' to '{{ .NewTag }}'\n"
    "{{ end -}}\n"
)
_EMPTY = "Update parameters"  # its message where a template gives none
_SKIP_CI = "[skip ci]"
_LONGEST = 64 * 1024


class Author(NamedTuple):
    """Who commits."""

    name: str = "argocd-image-updater"
    email: str = "noreply@argoproj.io"

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


def author(name: str, email: str) -> Author:
    """Return an author as git can write it; raise `InvalidInput` for another."""
    for what, text in (("name", name), ("email", email)):
        if not text.strip(" .,:;\"'") or any(char in text for char in "<>\n\r\0"):
            raise InvalidInput(
                f"not an author's {what}: {text!r}; it may not be empty or have <, > or a newline"
            )
    return Author(name, email)


def message(
    updates: Sequence[Update],
    template: Template = DEFAULT,
    *,
    skip_ci: bool = False,
    sign_off: Author | None = None,
) -> str:
    """Return the message of one commit for ``updates``, one paragraph each if they are several."""
    texts = [_one(update, template) for update in updates]
    alike = dict.fromkeys(texts)
    if len(alike) == 1:
        text = texts[0]
    else:
        told = "\n\n".join(text.rstrip("\n") for text in alike)
        text = f"build: automatic update of {len(updates)} applications\n\n{told}"
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    subject, newline, body = text.rstrip("\n").partition("\n")
    if skip_ci:
        subject = f"{subject} {_SKIP_CI}"
    trailer = f"\n\nSigned-off-by: {sign_off}" if sign_off else ""
    return f"{subject}{newline}{body}{trailer}\n"


def _one(update: Update, template: Template) -> str:
    text = template.render(update.message_fields()).strip("\n").replace("\0", "")
    return text if text.strip() else _EMPTY
