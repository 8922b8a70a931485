"""A stand-in for GitHub Enterprise: pulls, labels and comments of one repository.

Checked as docs.github.com has it (REST API, "Pulls", "Issues", "Labels"): the token as bearer, the
media type and version that are to be asked for, a User-Agent, the fields of each payload and their
lengths, ``head`` as ``owner:branch`` (another is no filter), pages with ``Link``, 422 for what is
there already, for a branch that is not, and for one that differs in nothing. A request whose
branch is deleted is closed.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.forge import Item, Refused, Requests, checked
from tests.support.git import git
from tests.support.git_server import Asked, GitServer, Reply

_API = "/api/v3"


class GithubServer:
    """Answers beside Git on its server."""

    create, change = "POST /repos/team/app/pulls", "PATCH /repos/team/app/pulls/{}"
    list, comment = "GET /repos/team/app/pulls", "POST /repos/team/app/issues/{}/comments"
    label = "POST /repos/team/app/issues/{}/labels"
    duplicate = 422

    def __init__(self, server: GitServer, requests: Requests) -> None:
        self.requests = requests
        self._url = server.url
        requests.serve(server, _API, self._answer)

    def web(self, number: int) -> str:
        """Return where people see a request."""
        return f"{self._url}/{self.requests.name}/pull/{number}"

    def _answer(self, asked: Asked, headers: Mapping[str, str], payload: Any) -> Reply:
        self._check(asked, headers)
        self.requests.refresh()
        for item in self.requests.items:
            if item.state == "open" and not item.is_fork and not self.requests.bare.has(item.head):
                item.state = "closed"
        path = urlsplit(asked.path).path.removeprefix(_API)
        prefix = f"/repos/{self.requests.name}/"
        if not path.startswith(prefix):
            raise Refused(404, "Not Found")
        match [asked.method, *path.removeprefix(prefix).split("/")]:
            case ["GET", "pulls"]:
                return self._list(asked)
            case ["POST", "pulls"]:
                return self._open(payload)
            case ["PATCH", "pulls", number]:
                return self._change(self.requests.named(number), payload)
            case ["POST", "issues", number, "labels"]:
                item = self.requests.named(number)
                item.labels += checked(payload, {"labels": list}, {})["labels"]
                return Reply(200, [{"name": label} for label in item.labels])
            case ["POST", "issues", number, "comments"]:
                item = self.requests.named(number)
                item.comments.append(checked(payload, {"body": str}, {})["body"])
                return Reply(201, {"id": len(item.comments)})
        raise Refused(404, "Not Found")

    def _check(self, asked: Asked, headers: Mapping[str, str]) -> None:
        if not headers.get("user-agent"):
            raise Refused(403, "Request forbidden by administrative rules.")
        if asked.authorization != f"Bearer {self.requests.token}":
            raise Refused(401, "Bad credentials")
        assert headers["accept"] == "application/vnd.github+json"
        assert headers["x-github-api-version"] == "2022-11-28"

    def _list(self, asked: Asked) -> Reply:
        url = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        state, head = query.get("state", "open"), query.get("head", "")
        owner, colon, branch = head.partition(":")
        items = [
            item
            for item in reversed(self.requests.items)
            if state in ("all", "open" if item.state == "open" else "closed")
            and query.get("base", item.base) == item.base
            and (not colon or (owner, branch) == (self._owner(item), item.head))
        ]
        return self.requests.paged([*map(self._shown, items)], f"{self._url}{url.path}", query)

    def _open(self, payload: Any) -> Reply:
        strings = dict.fromkeys(("title", "head", "base"), str)
        said = self._lengths(checked(payload, strings, {"body": str, "draft": bool}))
        bare, owner = self.requests.bare, self.requests.name.partition("/")[0]
        for name in ("head", "base"):
            if not bare.has(said[name]):
                raise Refused(422, "Validation Failed", [{"field": name, "code": "invalid"}])
        if self.requests.is_open(said["head"], said["base"]):
            message = f"A pull request already exists for {owner}:{said['head']}."
            told = {"resource": "PullRequest", "code": "custom", "message": message}
            raise Refused(422, "Validation Failed", [told])
        if git(bare.path, "rev-list", f"{said['base']}..{said['head']}") == "":
            message = f"No commits between {said['base']} and {said['head']}"
            raise Refused(422, "Validation Failed", [{"code": "custom", "message": message}])
        item = self.requests.add(said["title"], said.get("body", ""), said["head"], said["base"])
        return Reply(201, self._shown(item))

    def _change(self, item: Item, payload: Any) -> Reply:
        names = dict.fromkeys(("title", "body", "state", "base"), str)
        said = self._lengths(checked(payload, {}, names))
        item.title, item.body = said.get("title", item.title), said.get("body", item.body)
        item.state = said.get("state", item.state)
        return Reply(200, self._shown(item))

    def _lengths(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        if len(said.get("title", "")) > 256 or len(said.get("body", "")) > 65_536:
            raise Refused(422, "Validation Failed", [{"code": "custom", "message": "is too long"}])
        return said

    def _owner(self, item: Item) -> str:
        return "stranger" if item.is_fork else self.requests.name.partition("/")[0]

    def _shown(self, item: Item) -> Mapping[str, object]:
        name = self.requests.name
        fork = f"{self._owner(item)}/{name.partition('/')[2]}"
        return {
            "number": item.number,
            "html_url": self.web(item.number),
            "state": "open" if item.state == "open" else "closed",
            "title": item.title,
            "body": item.body or None,
            "merged_at": "2026-11-26T12:00:00Z" if item.state == "merged" else None,
            "head": {"ref": item.head, "sha": item.sha, "repo": {"full_name": fork}},
            "base": {"ref": item.base, "repo": {"full_name": name}},
        }
