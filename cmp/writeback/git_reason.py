"""What git said, as an error: what is wrong, the way out, and whether trying again may help."""

import re
from typing import NamedTuple

from cmp.errors import GitFailed, GitRefused

_LONGEST = 300
_USERINFO = re.compile(r"(://)[^/\s@]*@")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]+")
# What git prefixes: the words after it are the ones that tell.
_PREFIX = re.compile(r"^(?:remote: |fatal: |error: |! )+")


class _Row(NamedTuple):
    pattern: str
    kind: type[GitFailed]
    sentence: str


_TABLE: tuple[_Row, ...] = (
    _Row(
        r"No space left|Disk quota exceeded|File too large|[Ww]rite error|unable to (write|create)",
        GitFailed,
        "the refresher's own disk takes no more; give the volume of its clones more space",
    ),
    _Row(
        r"Authentication failed|could not read (Username|Password)|Access denied"
        r"|returned error: 40[13]",
        GitRefused,
        "the server does not accept the credential, or it may not write; check user and password "
        "or token, and its rights",
    ),
    _Row(
        r"Permission denied \(|Load key|invalid format",
        GitRefused,
        "the server does not accept the SSH key; add its public half there with write access",
    ),
    _Row(
        r"Host key verification failed|no host ?key is known|REMOTE HOST IDENTIFICATION",
        GitRefused,
        "the server's SSH host key is not known, or another than before; put the right one into "
        "the ConfigMap argocd-ssh-known-hosts-cm",
    ),
    _Row(
        r"SSL certificate problem|certificate verification failed|CERT_|unable to get local issuer",
        GitRefused,
        "the server's TLS certificate is not trusted; put its authority into the ConfigMap "
        "argocd-tls-certs-cm",
    ),
    _Row(
        r"couldn't find remote ref",
        GitRefused,
        "there is no such branch; name one that exists in git-branch",
    ),
    _Row(
        r"not found|does not appear to be a git repository|does not exist|not exported",
        GitRefused,
        "there is no such repository, or the credential may not see it",
    ),
    _Row(
        r"url base from redirection|returned error: 30[1278]",
        GitRefused,
        "the server sends to another address; write that one into the Application",
    ),
    _Row(
        r"transport '.*' not allowed|protocol .* not supported|mismatched algorithms",
        GitRefused,
        "this kind of repository cannot be written to",
    ),
)


def failed(said: str, *, where: str) -> GitFailed:
    """Return the error for what a command of git said when it failed."""
    for pattern, kind, sentence in _TABLE:
        if re.search(pattern, said):
            return kind(f"{sentence} ({excerpt(said)})", where=where)
    shown = f" ({excerpt(said)})" if said.strip() else ""
    return GitFailed(
        f"the repository did not answer as it should; it is tried again{shown}", where=where
    )


def declined(status: str, said: str, *, where: str) -> GitRefused:
    """Return the error for a push that the server's rules do not allow."""
    remote = "\n".join(line for line in said.splitlines() if line.startswith("remote: "))
    return GitRefused(
        "the server does not allow this push: the branch may be protected; allow this user to "
        f"push, or name another branch in git-branch as base:branch ({excerpt(remote or status)})",
        where=where,
    )


def excerpt(said: str) -> str:
    """Return the lines that tell, short, on one line, without what may be a password."""
    lines = [_PREFIX.sub("", line.strip()) for line in said.splitlines()]
    told = [line for line in lines if line and not line.startswith(("Cloning", "hint:"))]
    text = _UNPRINTABLE.sub(" ", "; ".join(dict.fromkeys(told)))
    text = _USERINFO.sub(r"\1", text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
