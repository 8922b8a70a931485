"""What an Application may have done in its name (design §7): it names places, others' keys open.

An owner of an Application chooses the repository and the Secret; the refresher can read more
Secrets than that owner. So each is held against what the owner may.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

from cmp.core.gobwas import matches
from cmp.errors import InvalidPolicy, excerpt
from cmp.writeback.git_address import normalized, without_userinfo
from cmp.writeback.git_credential import SECRET_TYPE

_METHOD = re.compile(r"git(?::(?:(repocreds)|secret:(?:([a-z0-9.-]+)/)?([a-z0-9.-]+)))?")
_UNTELLABLE = re.compile(r"[{}\\\[\]]")


class CredentialSource(NamedTuple):
    """What ``write-back-method: git…`` names: Argo CD's own Secrets, or one Secret."""

    namespace: str = ""
    name: str = ""

    @classmethod
    def parse(cls, method: str, application_namespace: str) -> Self:
        """Read ``git``, ``git:repocreds`` or ``git:secret:[<namespace>/]<name>``."""
        found = _METHOD.fullmatch(method)
        if found is None:
            raise InvalidPolicy(
                f"not a way to write to Git: {excerpt(method)}; write git, git:repocreds or "
                "git:secret:<namespace>/<name>",
                where="write-back-method",
            )
        if not found[3]:
            return cls()
        namespace = found[2] or application_namespace
        if namespace != application_namespace:
            raise InvalidPolicy(
                f"the Secret {namespace}/{found[3]} is not in the Application's namespace "
                f"{application_namespace}; copy it there",
                where="write-back-method",
            )
        return cls(namespace, found[3])


def refuse_secret(source: CredentialSource, labels: Mapping[str, str]) -> None:
    """Raise `InvalidPolicy` for a Secret that is Argo CD's own, whoever names it."""
    if SECRET_TYPE in labels:
        raise InvalidPolicy(
            f"the Secret {source.namespace}/{source.name} belongs to Argo CD (its label "
            f"{SECRET_TYPE}); use git:repocreds, or a Secret without that label",
            where="write-back-method",
        )


def refuse_repository(url: str, project: str, source_repos: Sequence[str]) -> None:
    """Raise `InvalidPolicy` where an AppProject does not permit its Applications a repository."""
    if not is_permitted(url, source_repos):
        raise InvalidPolicy(
            f"the project {project} does not permit the repository {without_userinfo(url)}; "
            "add it to the AppProject's sourceRepos, or name another repository",
            where="git-repository",
        )


def is_permitted(url: str, source_repos: Sequence[str]) -> bool:
    """Tell what Argo CD does of a source's repository (argo-cd, IsSourcePermitted).

    ``*`` stops at a slash, ``**`` does not; ``!`` denies. What cannot be told is denied.
    """
    wanted = normalized(url)
    permitted = False
    for pattern in source_repos:
        denies = pattern.startswith("!")
        matched = _matches(normalized(pattern.removeprefix("!")), wanted)
        if denies and matched is not False:
            return False
        # One that denies another permits this (globMatch with its negation).
        permitted = permitted or (matched is True) != denies
    return permitted


def _matches(glob: str, text: str) -> bool | None:
    """Match with slashes as separators (gobwas/glob); None where it cannot be told.

    Braces do not survive Argo CD's own reading of a pattern as a URL.
    """
    if glob == "*":
        return True
    if _UNTELLABLE.search(glob):
        return None
    return _parts_match(glob.split("/"), text.split("/"))


def _parts_match(globs: Sequence[str], texts: Sequence[str]) -> bool | None:
    if not globs or not texts:
        return not globs and not texts
    glob, rest = globs[0], globs[1:]
    if "**" not in glob:
        return matches(glob, texts[0]) and _parts_match(rest, texts[1:])
    if "*" in glob.replace("**", "") or "?" in glob:
        return None
    for taken in range(1, len(texts) + 1):
        if matches(glob, "/".join(texts[:taken])):
            found = _parts_match(rest, texts[taken:])
            if found is not False:
                return found
    return False
