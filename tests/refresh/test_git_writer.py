"""Requests and outcomes of Git write-back, as decisions, places and answers change meanwhile."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import Configuration

from cmp.core.image import Repository
from cmp.core.record import ApplicationRecord, SourceRecord
from cmp.errors import GitFailed, GitRefused
from cmp.index.file import FileIndex
from cmp.index.instruction_document import load_instructions
from cmp.refresh.basis import Basis
from cmp.refresh.cluster import Cluster
from cmp.refresh.git_writer import GitWriter
from cmp.refresh.heard import Heard
from cmp.refresh.instruments import Instruments
from cmp.refresh.observed import Observed, parse_observed
from cmp.refresh.projects import Project, parse_project
from cmp.refresh.state import ConfigMapState
from cmp.refresh.wanted import Told, Wanted, wanted_by
from cmp.refresh.watched import Kind, Name, Watched
from cmp.writeback.git_edit import Request
from cmp.writeback.git_outcome import Outcome
from tests.refresh.manifests import APP, SOURCE_ID, application, recorded
from tests.support.loopback import Loopback, QuietServer
from tests.support.waiting import wait_for

NAME, OTHER = ("argocd", "guestbook"), ("argocd", "other")
FILE = "chart/.image-lock-guestbook.yaml"
KEYS = {"image-list": f"app={APP}", "write-back-method": "git"}


class Api(Loopback):
    """The part of an API server that keeps ConfigMaps and Events; it has no Secrets."""

    def __init__(self) -> None:
        super().__init__(QuietServer(("127.0.0.1", 0), self._handler()))
        self.objects: dict[str, dict[str, Any]] = {}
        self.events: list[str] = []
        self.refreshes = 0
        self.secrets, self.listed = 200, 0
        """The status of a list of Secrets, and how often it was given."""
        self.silent = threading.Lock()
        """Held as long as it answers nothing."""
        self.asked = threading.Event()

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.asked.set()
        with self.silent:
            return self._answer(method, path, body)

    def _answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method == "POST" and path.endswith("/events"):
            self.events.append(body["reason"])
            return 201, body
        if method == "POST":
            path = f"{path}/{body['metadata']['name']}"
            body["metadata"]["resourceVersion"] = "1"
            self.objects[path] = body
            return 201, body
        if method == "PATCH" and "applications" in path:
            self.refreshes += 1
            return 200, application()
        if path.endswith("/secrets"):
            self.listed += 1
            return self.secrets, {"items": []}
        if path not in self.objects:
            return 404, {}
        if method == "PATCH":
            self.objects[path].setdefault("data", {}).update(body["data"])
        return 200, self.objects[path]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                status, answer = api.answer(self.command, self.path.partition("?")[0], body)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - names of http.server

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@dataclass
class Engine:
    """Takes requests, and writes when the test says so."""

    given: list[Request] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    at_stop: Callable[[], object] = lambda: None
    tidied: int = 0

    def submit(self, request: Request) -> None:
        self.given.append(request)

    def withdraw(self, application: str) -> None:
        self.withdrawn.append(application)

    def tidy(self, _: float) -> None:
        self.tidied += 1

    def stop(self) -> None:
        self.at_stop()


class Site:
    """A writer, of which one Application is known."""

    def __init__(self, api: Api, folder: Path) -> None:
        self.api, self.engine = api, Engine()
        configuration = Configuration()
        configuration.host = api.url
        cluster = Cluster(configuration, is_patient=False)
        self.applications = Watched[Observed](
            cluster, Kind("applications"), ("argocd",), parse_observed, lambda _: None
        )
        projects = Watched[Project](
            cluster, Kind("appprojects"), ("argocd",), parse_project, lambda _: None
        )
        metadata = {"name": "default", "namespace": "argocd", "resourceVersion": "1"}
        projects.learn({"metadata": metadata, "spec": {"sourceRepos": ["*"]}})
        self.state = ConfigMapState(cluster, "argocd", shards=1)
        heard = Heard(cluster, "argocd", lambda _: None)
        self.writer = GitWriter(
            Basis(
                cluster,
                self.applications,
                projects,
                heard,
                self.state,
                FileIndex(f"file://{folder}"),
            ),
            "argocd",
            Instruments(),
        )
        self.wanted: dict[Name, Wanted] = {}
        self.observe("a" * 40)
        self.observe("a" * 40, OTHER)
        self.writer.start(self.engine)  # type: ignore[arg-type] # as far as it is used

    def observe(self, revision: str, name: Name = NAME) -> None:
        manifest = application()
        manifest["metadata"]["namespace"], manifest["metadata"]["name"] = name
        manifest["metadata"]["resourceVersion"] = str(int(time.monotonic() * 1000))
        manifest["status"]["sync"]["revision"] = revision
        manifest["spec"]["project"] = "default"
        self.applications.learn(manifest)

    def want(self, tag: str, keys: Mapping[str, str] | None = None, name: Name = NAME) -> Wanted:
        decisions = {"app": recorded(Repository.parse(APP), tag)}
        own = SourceRecord(SOURCE_ID, {**KEYS, **(keys or {})}, {}, decisions)
        self.wanted[name] = wanted = wanted_by(ApplicationRecord(name[1], "/".join(name), (own,)))
        self.writer.want(dict(self.wanted))
        return wanted

    def asked(self, number: int = 1) -> Request:
        wait_for("a request", lambda: len(self.engine.given) >= number, within_s=5)
        return self.engine.given[number - 1]

    @property
    def told(self) -> Told | None:
        return self.state.told("guestbook")

    def is_told(self, wanted: Wanted) -> bool:
        return self.told is not None and self.told.decisions == wanted.decisions

    def said(self) -> str:
        (text,) = (o["data"]["guestbook"] for p, o in self.api.objects.items() if "state" not in p)
        (said,) = load_instructions(text.encode(), where="").values()
        return f"{said.tag} for {said.rejected.tag if said.rejected else ''}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Api() as api:
        site = Site(api, tmp_path)
        yield site
        site.writer.stop(leads=True)


def lock(tag: str) -> bytes:
    return f"schema: 1\nimages:\n  app: {tag}\n".encode()


def commit(site: Site, request: Request, content: bytes | None = None) -> None:
    files = {FILE: content} if content else {}
    made = request.edit(files.get) != files
    site.writer.take(Outcome(request, "c" * 40 if made else "", "main"))


def test_what_is_done_is_remembered_and_argo_cd_told(site: Site) -> None:
    wanted = site.want("v2")

    commit(site, site.asked())

    wait_for("told", lambda: site.is_told(wanted), within_s=5)
    assert site.api.events == ["ImageUpdated"]
    assert site.api.refreshes == 1


def test_a_revert_rejects_what_was_reverted_not_what_is_decided_meanwhile(site: Site) -> None:
    wanted = site.want("v2")
    commit(site, site.asked())
    wait_for("told", lambda: site.is_told(wanted), within_s=5)
    site.observe("b" * 40)
    site.writer.wake(NAME)
    look = site.asked(2)
    look.edit({FILE: lock("v1")}.get)
    site.api.asked.clear()

    with site.api.silent:  # the writer is busy with another Application
        site.want("v2", name=OTHER, keys={"git-branch": "a b"})
        site.api.asked.wait(5)
        site.writer.take(Outcome(look, "", "main"))
        site.want("v3")

    wait_for("rolled back", lambda: "ImageRolledBack" in site.api.events, within_s=5)
    assert site.said() == "v1 for v2"


def test_what_was_told_otherwise_is_no_revert_in_a_file_of_before(site: Site) -> None:
    """It was written live last; the file is of an earlier time, and gets what is decided."""
    site.state.put_told("guestbook", Told("d-v2", "p", {"app": f"{APP}:v2"}, uid="u-1"))

    wanted = site.want("v2")
    request = site.asked()

    assert dict(request.edit({FILE: lock("v1")}.get)) == {FILE: lock("v2")}
    commit(site, request, lock("v1"))
    wait_for("told", lambda: site.told and site.told.in_git, within_s=5)
    assert site.is_told(wanted)
    assert site.api.events == []


def test_another_branch_gets_what_the_one_before_has(site: Site) -> None:
    wanted = site.want("v2")
    commit(site, site.asked())
    wait_for("told", lambda: site.is_told(wanted), within_s=5)

    site.want("v2", {"git-branch": "prod"})

    request = site.asked(2)
    assert (request.place.base, request.is_new) == ("prod", True)


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param({"git-branch": "prod"}, id="branch"),
        pytest.param({"git-repository": "https://git.test/y.git"}, id="repository"),
    ],
)
def test_where_it_is_no_longer_wanted_nothing_is_written(
    site: Site, keys: Mapping[str, str]
) -> None:
    site.want("v2")
    site.asked()

    site.want("v2", keys)

    site.asked(2)
    assert site.engine.withdrawn == ["argocd/guestbook"]


def test_what_takes_long_is_told_all_the_same(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was looked at again meanwhile: its request is with the engine still."""
    monkeypatch.setattr("cmp.refresh.git_writer.AGAIN_S", 0.0)
    site.want("v2")
    request = site.asked()
    site.writer.take(Outcome(request, error=GitFailed("no"), again_s=1.0))
    wait_for("it failed", lambda: site.api.events == ["ImageNotUpdated"], within_s=5)
    for _ in range(3):
        site.writer.wake(NAME)
        time.sleep(0.05)

    commit(site, request)

    wait_for("it is told", lambda: "ImageUpdated" in site.api.events, within_s=5)
    assert site.engine.given == [request]


def test_what_was_refused_is_asked_anew(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmp.refresh.git_writer._REFUSED_AGAIN_S", 0.0)
    site.want("v2")
    site.writer.take(Outcome(site.asked(), error=GitRefused("no")))
    wait_for("it is refused", lambda: site.api.events == ["ImageNotUpdated"], within_s=5)

    site.writer.wake(NAME)

    site.asked(2)


@pytest.mark.parametrize("leads", [True, False])
def test_what_is_pushed_while_it_ends_is_told_by_who_leads(site: Site, *, leads: bool) -> None:
    wanted = site.want("v2")
    request = site.asked()
    site.engine.at_stop = lambda: commit(site, request)

    site.writer.stop(leads=leads)

    assert site.is_told(wanted) is leads
    assert site.api.events == ["ImageUpdated"] * leads
    assert any("d-v2" in json.dumps(one) for one in site.api.objects.values()) is leads


def test_one_of_which_the_outcome_cannot_be_taken_in_keeps_no_other_waiting(site: Site) -> None:
    wanted = site.want("v2")
    request = site.asked()

    site.writer.take(Outcome(request, commit=7))  # type: ignore[arg-type] # a mistake
    site.writer.wake(NAME)

    commit(site, site.asked(2))
    wait_for("told", lambda: site.is_told(wanted), within_s=5)


def test_a_new_application_of_its_name_hears_what_is_in_the_way(site: Site) -> None:
    for _ in range(2):
        site.want("v2", {"git-branch": "a b"})
        wait_for("it is told", lambda: site.api.events == ["ImageNotUpdated"], within_s=5)
        site.api.events.clear()
        site.writer.want({})
        wait_for("it is forgotten", lambda: site.writer.is_idle, within_s=5)


def test_an_api_server_that_fails_is_not_asked_for_each_application(site: Site) -> None:
    site.api.secrets = 500
    site.want("v2")
    site.want("v2", name=OTHER)
    wait_for("both are told", lambda: len(site.api.events) == 2, within_s=5)

    assert site.api.listed == 1


def test_what_differs_only_in_a_count_is_told_once(site: Site) -> None:
    site.want("v2")
    request = site.asked()
    for ms in (12, 130):
        error = GitFailed(f"Failed to connect to git.test port 443 after {ms} ms")
        site.writer.take(Outcome(request, error=error, again_s=1.0))
    site.writer.take(Outcome(request, error=GitFailed("no such branch"), again_s=1.0))

    wait_for("all is taken in", lambda: len(site.api.events) >= 2, within_s=5)
    site.writer.stop(leads=True)
    assert site.api.events == ["ImageNotUpdated"] * 2


def test_clones_that_nobody_uses_are_looked_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cmp.refresh.git_writer._TIDY_EVERY_S", 0.0)

    wait_for("it is tidied", lambda: site.engine.tidied, within_s=5)
