"""GitHub and GitHub Enterprise (docs.github.com, REST API, "Pulls", "Issues")."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cmp.errors import GitFailed, GitRefused
from cmp.writeback.forges import Access, Duplicate, Found, State, Text
from cmp.writeback.forges.api import Answer, Api, Refusing, objects

log = logging.getLogger(__name__)

API = "https://api.github.com"
_HOSTS = frozenset({"github.com", "www.github.com"})
_RESIDENT = ".ghe.com"  # Enterprise Cloud with data residency
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_SOME = "30"
_MOST = "100"
_INVALID = 422


def api_url(host: str, origin: str) -> str:
    """Return where the API of a repository's host is."""
    host = host.lower()
    if host in _HOSTS:
        return API
    if host.endswith(_RESIDENT):
        return f"https://api.{host}"
    return f"{origin}/api/v3"


class Github:
    """Pull requests of one repository."""

    name = "GitHub"
    rights = "`Pull requests` and `Contents` read and write (a classic token: `repo`)"

    def __init__(self, access: Access) -> None:
        """Read whose it is; nothing is sent yet."""
        address, credential = access.address, access.credential
        names = address.path.strip("/").removesuffix(".git").split("/")
        if len(names) != 2 or not all(names):  # noqa: PLR2004 - owner and name
            raise GitRefused(
                "not a repository of GitHub's; its URL is https://host/owner/name.git",
                where=str(address),
            )
        self._owner = names[0]
        self._repository = f"/repos/{quote(names[0])}/{quote(names[1])}"
        url = credential.github_api or api_url(address.host, address.origin)
        # Trusted for the repository's host; the public API is another.
        certificates = "" if url == API else access.trust.certificates
        self.api = Api(url, access.token, credential, certificates, HEADERS)
        self._refused = Refusing(self.name, self.rights)

    def of_branch(self, head: str, base: str) -> Sequence[Found]:
        """Return a branch's requests, the newest first."""
        query = {"head": f"{self._owner}:{head}", "base": base, "state": "all", "per_page": _SOME}
        query |= {"sort": "created", "direction": "desc"}
        path = f"{self._repository}/pulls"
        pulls = objects(self.api.ask("GET", path, query=query), self.api.base + path, self._refused)
        # A filter that GitHub cannot read is none.
        return [one for one in map(_found, pulls) if one and one.head == head]

    def open_into(self, base: str) -> Iterator[Found]:
        """Yield what is open into a branch."""
        query = {"base": base, "state": "open", "per_page": _MOST}
        for pull in self.api.pages(f"{self._repository}/pulls", query, self._refused):
            found = _found(pull)
            if found:
                yield found

    def open(self, head: str, base: str, text: Text, labels: Sequence[str]) -> Found:
        """Open a request, and label it; without its labels it is one too."""
        payload = {"title": text.title, "body": text.body, "head": head, "base": base}
        answer = self.api.ask("POST", f"{self._repository}/pulls", payload=payload)
        if answer.status == _INVALID and "already exists" in str(answer.document):
            raise Duplicate("there is a pull request already", where=head)
        found = _found(self._taken(answer, "/pulls"))
        if found is None:
            raise GitFailed("GitHub answered with no pull request", where=self._repository)
        if labels:
            self._extra(f"/issues/{found.number}/labels", {"labels": list(labels)})
        return found

    def update(self, number: int, text: Text) -> None:
        """Replace title and body."""
        self._patch(number, {"title": text.title, "body": text.body})

    def close(self, number: int, body: str, comment: str) -> None:
        """Close it, then say why: closed without a word is better than told twice."""
        self._patch(number, {"state": "closed", "body": body})
        self._extra(f"/issues/{number}/comments", {"body": comment})

    def _patch(self, number: int, payload: Mapping[str, object]) -> None:
        path = f"/pulls/{number}"
        self._taken(self.api.ask("PATCH", f"{self._repository}{path}", payload=payload), path)

    def _extra(self, path: str, payload: Mapping[str, object]) -> None:
        """Send what is not worth failing for."""
        try:
            self._taken(self.api.ask("POST", f"{self._repository}{path}", payload=payload), path)
        except GitFailed as error:
            log.warning("a pull request lacks something", extra={"error": str(error)})

    def _taken(self, answer: Answer, path: str) -> Mapping[str, Any]:
        if not answer.is_success:
            raise self._refused.error(answer, f"{self.api.base}{self._repository}{path}")
        return answer.document if isinstance(answer.document, dict) else {}


def _found(pull: Mapping[str, Any]) -> Found | None:
    """Return a pull request of the API; None for one of a fork, or what is none."""
    try:
        head, base = pull["head"], pull["base"]
        if not head["repo"] or head["repo"]["full_name"] != base["repo"]["full_name"]:
            return None
        state = State.OPEN if pull["state"] == "open" else State.CLOSED
        if pull.get("merged_at"):
            state = State.MERGED
        return Found(
            int(pull["number"]),
            str(pull["html_url"]),
            state,
            str(head["ref"]),
            str(head["sha"]),
            str(pull.get("body") or ""),
        )
    except (KeyError, TypeError, ValueError):
        return None
