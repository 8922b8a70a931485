"""GitLab, gitlab.com and self-managed (docs.gitlab.com, "Merge requests API", "Notes API")."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cmp.errors import GitFailed, GitRefused
from cmp.writeback.forges import Access, Duplicate, Found, State, Text
from cmp.writeback.forges.api import Answer, Api, Refusing, objects

log = logging.getLogger(__name__)

_SOME = "30"
_MOST = "100"
_CONFLICT = 409
_STATES = {"opened": State.OPEN, "locked": State.OPEN, "merged": State.MERGED}


class Gitlab:
    """Merge requests of one project."""

    name = "GitLab"
    rights = (
        "the scopes `api` and `write_repository` and the role Developer (a deploy token has none)"
    )

    def __init__(self, access: Access) -> None:
        """Read whose it is; nothing is sent yet."""
        address = access.address
        path = address.path.strip("/").removesuffix(".git")
        if "/" not in path:
            raise GitRefused(
                "not a project of GitLab's; its URL is https://host/group/project.git",
                where=str(address),
            )
        self._requests = f"/projects/{quote(path, safe='')}/merge_requests"
        url = f"{address.origin}/api/v4"
        # Personal, project and group tokens are taken so too ("REST API authentication").
        self.api = Api(url, access.token, access.credential, access.trust.certificates, {})
        self._refused = Refusing(self.name, self.rights)

    def of_branch(self, head: str, base: str) -> Sequence[Found]:
        """Return a branch's requests, the newest first."""
        query = {"source_branch": head, "target_branch": base, "state": "all", "scope": "all"}
        query |= {"order_by": "created_at", "sort": "desc", "per_page": _SOME}
        answer = self.api.ask("GET", self._requests, query=query)
        merges = objects(answer, self.api.base + self._requests, self._refused)
        return [one for one in map(_found, merges) if one and one.head == head]

    def open_into(self, base: str) -> Iterator[Found]:
        """Yield what is open into a branch."""
        query = {"target_branch": base, "state": "opened", "scope": "all", "per_page": _MOST}
        for merge in self.api.pages(self._requests, query, self._refused):
            found = _found(merge)
            if found:
                yield found

    def open(self, head: str, base: str, text: Text, labels: Sequence[str]) -> Found:
        """Open a request; GitLab makes labels that it does not know."""
        payload = {"source_branch": head, "target_branch": base, "title": text.title}
        payload |= {"description": text.body}
        if labels:
            payload["labels"] = ",".join(labels)
        answer = self.api.ask("POST", self._requests, payload=payload)
        if answer.status == _CONFLICT:
            raise Duplicate("there is a merge request already", where=head)
        found = _found(self._taken(answer, ""))
        if found is None:
            raise GitFailed("GitLab answered with no merge request", where=self._requests)
        return found

    def update(self, number: int, text: Text) -> None:
        """Replace title and description."""
        self._put(number, {"title": text.title, "description": text.body})

    def close(self, number: int, body: str, comment: str) -> None:
        """Close it, then say why: closed without a word is better than told twice."""
        self._put(number, {"state_event": "close", "description": body})
        path = f"/{number}/notes"
        try:
            self._taken(
                self.api.ask("POST", f"{self._requests}{path}", payload={"body": comment}), path
            )
        except GitFailed as error:
            log.warning("a merge request lacks something", extra={"error": str(error)})

    def _put(self, number: int, payload: Mapping[str, object]) -> None:
        path = f"/{number}"
        self._taken(self.api.ask("PUT", f"{self._requests}{path}", payload=payload), path)

    def _taken(self, answer: Answer, path: str) -> Mapping[str, Any]:
        if not answer.is_success:
            raise self._refused.error(answer, f"{self.api.base}{self._requests}{path}")
        return answer.document if isinstance(answer.document, dict) else {}


def _found(merge: Mapping[str, Any]) -> Found | None:
    """Return a merge request of the API; None for one of a fork, or what is none."""
    try:
        if merge["source_project_id"] != merge["target_project_id"]:
            return None
        return Found(
            int(merge["iid"]),
            str(merge["web_url"]),
            _STATES.get(merge["state"], State.CLOSED),
            str(merge["source_branch"]),
            str(merge.get("sha") or ""),
            str(merge.get("description") or ""),
        )
    except (KeyError, TypeError, ValueError):
        return None
