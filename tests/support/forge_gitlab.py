"""A stand-in for GitLab: merge requests and notes of one project, which may lie in subgroups.

Checked as docs.gitlab.com has it ("REST API", "Merge requests API", "Notes API"): the token as
bearer, the project's path encoded as one part of the URL, the fields of each payload and their
lengths, pages with ``Link``, 409 for what is there already. A request whose branch is deleted
stays open.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from tests.support.forge import Item, Refused, Requests, checked
from tests.support.git_server import Asked, GitServer, Reply

_API = "/api/v4"
_STATES = {"open": "opened"}


class GitlabServer:
    """Answers beside Git on its server."""

    create = list = change = comment = label = ""
    duplicate = 409

    def __init__(self, server: GitServer, requests: Requests) -> None:
        self.requests = requests
        self._url = server.url
        self._prefix = f"/projects/{quote(requests.name, safe='')}/merge_requests"
        self.create, self.list = f"POST {self._prefix}", f"GET {self._prefix}"
        self.change, self.comment = f"PUT {self._prefix}/{{}}", f"POST {self._prefix}/{{}}/notes"
        requests.serve(server, _API, self._answer)

    def web(self, number: int) -> str:
        """Return where people see a request."""
        return f"{self._url}/{self.requests.name}/-/merge_requests/{number}"

    def _answer(self, asked: Asked, _: Mapping[str, str], payload: Any) -> Reply:
        if asked.authorization != f"Bearer {self.requests.token}":
            raise Refused(401, "401 Unauthorized")
        self.requests.refresh()
        path = urlsplit(asked.path).path.removeprefix(_API)
        if not path.startswith(self._prefix):
            raise Refused(404, "404 Project Not Found")
        match [asked.method, *path.removeprefix(self._prefix).split("/")[1:]]:
            case ["GET"]:
                return self._list(asked)
            case ["POST"]:
                return self._open(payload)
            case ["PUT", number]:
                return self._change(self.requests.named(number), payload)
            case ["POST", number, "notes"]:
                item = self.requests.named(number)
                item.comments.append(checked(payload, {"body": str}, {})["body"])
                return Reply(201, {"id": len(item.comments)})
        raise Refused(404, "404 Not Found")

    def _list(self, asked: Asked) -> Reply:
        url = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        state = query.get("state", "all")
        items = [
            item
            for item in reversed(self.requests.items)
            if state in ("all", _STATES.get(item.state, item.state))
            and query.get("target_branch", item.base) == item.base
            and query.get("source_branch", item.head) == item.head
        ]
        return self.requests.paged([*map(self._shown, items)], f"{self._url}{url.path}", query)

    def _open(self, payload: Any) -> Reply:
        required = dict.fromkeys(("title", "source_branch", "target_branch"), str)
        said = checked(payload, required, {"description": str, "labels": str})
        self._check_lengths(said)
        head, base = said["source_branch"], said["target_branch"]
        open_ = [
            i for i in self.requests.items if (i.head, i.base, i.state) == (head, base, "open")
        ]
        if open_:
            told = "Another open merge request already exists for this source branch"
            raise Refused(409, [f"{told}: !{open_[0].number}"])
        if not self.requests.bare.has(head):
            raise Refused(400, {"source_branch": ["does not exist"]})
        item = self.requests.add(said["title"], said.get("description", ""), head, base)
        item.labels = [label for label in said.get("labels", "").split(",") if label]
        return Reply(201, self._shown(item))

    def _change(self, item: Item, payload: Any) -> Reply:
        said = checked(payload, {}, dict.fromkeys(("title", "description", "state_event"), str))
        self._check_lengths(said)
        item.title, item.body = said.get("title", item.title), said.get("description", item.body)
        if said.get("state_event"):
            item.state = {"close": "closed", "reopen": "open"}[said["state_event"]]
        return Reply(200, self._shown(item))

    def _check_lengths(self, said: Mapping[str, Any]) -> None:
        if len(said.get("title", "")) > 255 or len(said.get("description", "")) > 1_048_576:
            raise Refused(400, {"title": ["is too long"]})

    def _shown(self, item: Item) -> Mapping[str, object]:
        return {
            "id": 1000 + item.number,
            "iid": item.number,
            "web_url": self.web(item.number),
            "state": _STATES.get(item.state, item.state),
            "title": item.title,
            "description": item.body or None,
            "source_branch": item.head,
            "target_branch": item.base,
            "source_project_id": 8 if item.is_fork else 7,
            "target_project_id": 7,
            "sha": item.sha,
            "labels": item.labels,
        }
