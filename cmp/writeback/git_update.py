"""What changes for one Application, as templates of branches and messages see it."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple


class Change(NamedTuple):
    """One image that gets another tag."""

    image: str
    """Without its registry, as argocd-image-updater prints it."""
    alias: str
    old: str
    """The tag or, where there is one, the digest."""
    new: str
    labels: Mapping[str, str] = {}


class Update(NamedTuple):
    """What changes for one Application."""

    application: str
    namespace: str
    changes: tuple[Change, ...]
    target_key: str = ""
    explain: str = ""
    """Why, as plain text of several lines: it goes into a pull request."""

    @property
    def name(self) -> str:
        """``<namespace>/<name>``, of which there is one in a cluster."""
        return f"{self.namespace}/{self.application}" if self.namespace else self.application

    def branch_fields(self) -> Mapping[str, object]:
        """Return what a template of a branch may name (docs/basics/update-methods.md)."""
        changed = "".join(f"{c.image}-{c.old}-{c.new}," for c in self.changes)
        return {
            "Images": [
                {"Name": c.image, "Alias": c.alias, "OldTag": c.old, "NewTag": c.new}
                for c in self.changes
            ],
            "SHA256": hashlib.sha256(changed.encode()).hexdigest(),
            "TargetKey": self.target_key,
            "AppNamespace": self.namespace,
            "AppName": self.application,
        }

    def message_fields(self) -> Mapping[str, object]:
        """Return what a template of a message may name (the same page)."""
        return {
            "AppName": self.application,
            "AppChanges": [
                {"Image": c.image, "OldTag": c.old, "NewTag": c.new, "Labels": c.labels}
                for c in self.changes
            ],
        }


def target_key(repository: str, branch: str, path: str) -> str:
    """Return the short name of a place that is written (argocd-image-updater, ``TargetKey``)."""
    return hashlib.sha256(f"{repository}|{branch}|{path}".encode()).hexdigest()[:8]
