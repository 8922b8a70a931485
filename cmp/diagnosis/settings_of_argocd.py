"""Settings of repo-server and the controller that are worth changing where a plugin renders.

Source: argo-cd, cmd/argocd-repo-server and argocd-application-controller, common/common.go,
util/cmp/stream.go, util/io/files/tar.go (filepath.Match against the path in the repository).
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from cmp.core.duration import parse_duration
from cmp.diagnosis.facts import Facts
from cmp.diagnosis.finding import Finding, advice, ok, unchecked, wrong
from cmp.diagnosis.sidecar import own_plugin
from cmp.diagnosis.workloads import (
    CONTROLLER,
    REPO_SERVER,
    Container,
    flag,
    main_container,
    variable,
    workload,
)
from cmp.errors import CmpError

_EXCLUSIONS = "ARGOCD_REPO_SERVER_PLUGIN_TAR_EXCLUSIONS"
_GENERATE_PATHS = "ARGOCD_REPO_SERVER_PLUGIN_USE_MANIFEST_GENERATE_PATHS"
_LIMIT = "ARGOCD_REPO_SERVER_PARALLELISM_LIMIT"
_CHUNK_SIZE = "ARGOCD_CMP_CHUNK_SIZE"
_MESSAGE = "ARGOCD_GRPC_MAX_SIZE_MB"
_TIMEOUT = "ARGOCD_APPLICATION_CONTROLLER_REPO_SERVER_TIMEOUT_SECONDS"
_DEADLINE = "CMP_RENDER_DEADLINE"
_AT_ONCE = "CMP_RENDER_CONCURRENCY"
_OF_REPO_SERVER = (_EXCLUSIONS, _GENERATE_PATHS, _LIMIT, _CHUNK_SIZE, _MESSAGE)
_OF_PLUGIN = (_AT_ONCE, _MESSAGE)
_PARAMETERS = "ConfigMap argocd-cmd-params-cm"
_GIT_FOLDERS = (".git", ".git/*")
_CHUNK = 1024
_WORTHWHILE_CHUNK = 64 * 1024
_GRPC_MB = 100
_CONTROLLER_S = 60
_RENDER = timedelta(seconds=50)
"""CMP_RENDER_DEADLINE where nothing is set (contract.md)."""
_TO_SEND = timedelta(seconds=5)
"""Before and after a render: the repository is fetched, packed and sent."""
_EXEC_S = 90


def repo_server(facts: Facts) -> Iterator[Finding]:
    """Look at what repo-server sends to the plugin, and how."""
    found = workload(facts, REPO_SERVER)
    own = main_container(found, REPO_SERVER) if found else None
    plugin = own_plugin(facts, found) if found else None
    if own is None or plugin is None:
        return  # said already
    findings = [
        *_unknown(facts, own, _OF_REPO_SERVER),
        *_unknown(facts, plugin, _OF_PLUGIN),
        *_excluded(facts, own),
        *_paths(facts, own),
        *_chunks(facts, own),
        *_messages(facts, own, plugin),
        *_at_once(facts, own, plugin),
    ]
    yield from findings
    if not findings:
        yield ok("what it sends to the plugin is no more than has to be")


def times(facts: Facts) -> Iterator[Finding]:
    """Look at who gives up first: it has to be the plugin, which says why."""
    found = workload(facts, CONTROLLER)
    repo_server = workload(facts, REPO_SERVER)
    plugin = own_plugin(facts, repo_server) if repo_server else None
    own = main_container(found, CONTROLLER) if found else None
    if own is None or plugin is None:
        return
    yield from _unknown(facts, own, (_TIMEOUT,))
    yield from _unknown(facts, plugin, (_DEADLINE,))
    said = _of(facts, own, "--repo-server-timeout-seconds", _TIMEOUT)
    render = _duration(variable(facts, plugin, _DEADLINE), _RENDER)
    wait = timedelta(seconds=_number(said, _CONTROLLER_S))
    if render + _TO_SEND > wait:
        yield wrong(
            f"Argo CD waits {_s(wait)} for manifests, and a render may take {_s(render)}: a slow "
            "one is killed, and nobody is told why",
            f"in {_PARAMETERS} set controller.repo.server.timeout.seconds to "
            f"{_s(render + 2 * _TO_SEND).removesuffix(' s')} or more",
        )
    else:
        yield ok(f"Argo CD waits {_s(wait)} for manifests, and a render may take {_s(render)}")
    server = main_container(repo_server, REPO_SERVER) if repo_server else None
    limit = _duration(server and variable(facts, server, "ARGOCD_EXEC_TIMEOUT"), None)
    if limit and limit > timedelta(seconds=_EXEC_S) and limit > wait:
        yield advice(
            f"ARGOCD_EXEC_TIMEOUT is {_s(limit)}: it does not hold for plugins, which have the "
            f"{_s(wait)} of the controller",
            "raise controller.repo.server.timeout.seconds and CMP_RENDER_DEADLINE instead",
        )


def controller(facts: Facts) -> Iterator[Finding]:
    """Look at how often everything is rendered anew."""
    hard = _duration(facts.argocd_cm.get("timeout.hard.reconciliation"), timedelta())
    if hard:
        yield advice(
            f"each Application is rendered anew every {_s(hard)}: timeout.hard.reconciliation",
            "take it out of argocd-cm: the refresher asks for that when an image changed",
        )
    else:
        yield ok("Applications are not rendered anew but for a change")


def _excluded(facts: Facts, own: Container) -> Iterator[Finding]:
    said = variable(facts, own, _EXCLUSIONS)
    if said is None:
        return
    globs = [*said.split(";"), *flag(own, "--plugin-tar-exclude")]
    if not any(glob in _GIT_FOLDERS for glob in globs):
        yield advice(
            "the .git of each repository is sent to the plugin, which does not need it",
            f"in {_PARAMETERS} set reposerver.plugin.tar.exclusions to .git/*",
        )


def _paths(facts: Facts, own: Container) -> Iterator[Finding]:
    said = _of(facts, own, "--plugin-use-manifest-generate-paths", _GENERATE_PATHS)
    if said == "true":
        yield advice(
            "the plugin is sent only what manifest-generate-paths names: other value files and "
            "bases are missing there, and native rendering has them",
            "name all that an Application reads in its manifest-generate-paths, or set "
            f"reposerver.plugin.use.manifest.generate.paths to false in {_PARAMETERS}",
        )


def _chunks(facts: Facts, own: Container) -> Iterator[Finding]:
    said = variable(facts, own, _CHUNK_SIZE)
    if said is None:
        return
    size = _number(said, _CHUNK)
    if size < _WORTHWHILE_CHUNK:
        yield advice(
            f"a repository is sent to the plugin in parts of {size} bytes",
            f"set ARGOCD_CMP_CHUNK_SIZE=1048576 at the container {own.name}",
        )


def _messages(facts: Facts, own: Container, plugin: Container) -> Iterator[Finding]:
    theirs = variable(facts, own, _MESSAGE)
    its = variable(facts, plugin, _MESSAGE)
    if theirs is None or its is None:
        return
    if _number(theirs, _GRPC_MB) != _number(its, _GRPC_MB):
        yield advice(
            f"{_MESSAGE} is {_number(theirs, _GRPC_MB)} at {own.name}, and "
            f"{_number(its, _GRPC_MB)} at {plugin.name}: the smaller one holds",
            f"set it at {plugin.name} to what {own.name} has",
        )


def _at_once(facts: Facts, own: Container, plugin: Container) -> Iterator[Finding]:
    said = _of(facts, own, "--parallelismlimit", _LIMIT)
    renders = variable(facts, plugin, _AT_ONCE)
    if said is None or renders is None:
        return
    limit, renders_at_once = _number(said, 0), _number(renders, 0)
    if not limit:
        yield advice(
            "repo-server takes any number of requests at once: after a restart, the repositories "
            "of all Applications are sent to the plugin, and wait on its disk",
            f"in {_PARAMETERS} set reposerver.parallelism.limit to some times "
            "CMP_RENDER_CONCURRENCY",
        )
    elif limit < renders_at_once:
        yield advice(
            f"reposerver.parallelism.limit is {limit}, so CMP_RENDER_CONCURRENCY={renders_at_once} "
            "is never reached",
            "raise the one or lower the other",
        )


def _unknown(facts: Facts, container: Container, names: Iterable[str]) -> Iterator[Finding]:
    """Yield what is set where we cannot look, so that it is no silent pass."""
    hidden = [name for name in names if variable(facts, container, name) is None]
    if hidden:
        yield unchecked(f"{container.name} has {', '.join(hidden)} from where we cannot look")


def _of(facts: Facts, container: Container, name: str, otherwise: str) -> str | None:
    """Return a flag's value, else that of the variable which is its default."""
    given = flag(container, name)
    return given[-1] if given else variable(facts, container, otherwise)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() else default


def _duration(text: str | None, default: timedelta | None) -> timedelta:
    try:
        return parse_duration(text) if text else default or timedelta()
    except CmpError:
        return default or timedelta()


def _s(time: timedelta) -> str:
    return f"{time.total_seconds():.0f} s"
