"""Pull requests of a bare repository, and what forges have in common.

No forge can be installed where these tests run. The servers in `forge_github` and `forge_gitlab`
are stand-ins: they speak the part of each API that its documentation gives and that we use, and
refuse what that does not allow; the branches are those of a real repository.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.bare import Bare
from tests.support.git import commit_all, git
from tests.support.git_server import Asked, GitServer, Reply


@dataclass
class Item:
    """One request."""

    number: int
    title: str
    body: str
    head: str
    base: str
    sha: str
    state: str = "open"
    """``open``, ``closed`` or ``merged``."""
    labels: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    is_fork: bool = False


class Call(NamedTuple):
    """One question, as it was asked and answered."""

    method: str
    path: str
    query: Mapping[str, str]
    payload: Any
    status: int

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"


class Refused(Exception):
    """What the API answers instead."""

    def __init__(self, status: int, message: object, errors: Sequence[object] = ()) -> None:
        super().__init__(message)
        document = {"message": message} | ({"errors": list(errors)} if errors else {})
        self.reply = Reply(status, document)


class Requests:
    """The requests of one repository, whose path on the server is ``name``."""

    def __init__(self, bare: Bare, name: str, token: str) -> None:
        self.bare = bare
        self.name = name
        self.token = token
        self.items: list[Item] = []
        self.calls: list[Call] = []
        self.fails: Callable[[str, str], Reply | None] = lambda _method, _path: None
        """Is asked first, with method and path; None to go on."""
        self.page = 100
        """The most that a page has, whatever is asked for."""

    def serve(
        self,
        server: GitServer,
        begin: str,
        answer: Callable[[Asked, Mapping[str, str], Any], Reply],
    ) -> None:
        """Answer below a path of a server, keeping what was asked."""

        def beside(asked: Asked, headers: Mapping[str, str], body: bytes) -> Reply:
            url = urlsplit(asked.path)
            path = url.path.removeprefix(begin)
            payload = json.loads(body) if body else None
            reply = self.fails(asked.method, path)
            if reply is None:
                try:
                    reply = answer(asked, {k.lower(): v for k, v in headers.items()}, payload)
                except Refused as refused:
                    reply = refused.reply
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            self.calls.append(Call(asked.method, path, query, payload, reply.status))
            return reply

        server.beside[begin] = beside

    def take_calls(self) -> list[str]:
        """Return what was asked since the last time, with the status it got."""
        taken, self.calls = self.calls, []
        return [str(call) for call in taken]

    def refresh(self) -> None:
        """Follow the branches; one that is gone is no head any more."""
        for item in self.items:
            if item.state == "open" and not item.is_fork and self.bare.has(item.head):
                item.sha = self.bare.tip(item.head)

    def add(self, title: str, body: str, head: str, base: str) -> Item:
        """Open a request, as the API and as a person in the browser does."""
        number = 1 + len(self.items)
        self.items.append(Item(number, title, body, head, base, self.bare.tip(head)))
        return self.items[-1]

    def is_open(self, head: str, base: str) -> bool:
        return any((i.head, i.base, i.state) == (head, base, "open") for i in self.items)

    def named(self, number: str) -> Item:
        """Return one by the number in a path."""
        found = [item for item in self.items if str(item.number) == number]
        if not found:
            raise Refused(404, "Not Found")
        return found[0]

    def merge(self, item: Item) -> None:
        """Merge as one commit, as a person does; the branch stays."""
        self.refresh()
        work = self.bare.work
        git(work, "fetch", "--quiet", str(self.bare.path), item.base, item.head)
        git(work, "checkout", "--quiet", "--detach", f"{self.bare.tip(item.base)}")
        git(work, "merge", "--quiet", "--squash", item.sha)
        commit_all(work, f"{item.title} (#{item.number})")
        git(work, "push", "--quiet", str(self.bare.path), f"HEAD:refs/heads/{item.base}")
        item.state = "merged"

    def paged(
        self, items: Sequence[Mapping[str, object]], url: str, query: Mapping[str, str]
    ) -> Reply:
        """Return a page of a list, and in its header where the next is (RFC 8288)."""
        size = min(int(query.get("per_page", "30")), self.page)
        page = int(query.get("page", "1"))
        headers = {}
        if page * size < len(items):
            following = urlencode({**query, "page": str(page + 1)})
            headers["Link"] = f'<{url}?{following}>; rel="next"'
        return Reply(200, list(items[(page - 1) * size : page * size]), headers)


def checked(payload: object, required: Mapping[str, type], optional: Mapping[str, type]) -> Any:
    """Return a payload whose fields are those that the API has; refuse another."""
    if not isinstance(payload, dict):
        raise Refused(400, "Problems parsing JSON")
    known = {**required, **optional}
    for name in required:
        if not payload.get(name):
            raise Refused(422, "Validation Failed", [{"field": name, "code": "missing_field"}])
    for name, value in payload.items():
        if name not in known or not isinstance(value, known[name]):
            raise Refused(422, "Validation Failed", [{"field": name, "code": "invalid"}])
    return payload
