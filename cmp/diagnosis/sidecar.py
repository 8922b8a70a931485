"""Whether the plugin is beside repo-server, and as Argo CD needs it.

Source: argo-cd, docs/operator-manual/config-management-plugins.md, cmpserver/plugin/config.go and
plugin.go.
"""

from collections.abc import Iterator

from cmp.core.application import PLUGIN
from cmp.diagnosis.facts import Facts, Object
from cmp.diagnosis.finding import Finding, advice, ok, unchecked, wrong
from cmp.diagnosis.workloads import (
    CMP_SERVER,
    REPO_SERVER,
    Container,
    containers,
    first_containers,
    main_container,
    ready,
    variable,
    workload,
)
from cmp.settings import DEFAULT_INDEX

CONFIGURATION = "/home/argocd/cmp-server/config/plugin.yaml"
_APPLY = "apply the component kustomize/components/sidecar to argocd-repo-server"
_USER = 999
"""Repo-server's: only it may use a socket that it owns."""
_INITS = ("tini", "dumb-init", "catatonit")
_TOOLS = ("helm", "kustomize")


def own_plugin(facts: Facts, repo_server: Object) -> Container | None:
    """Return the container that serves our plugin."""
    servers = [c for c in containers(repo_server) if c.runs(CMP_SERVER)]
    for server in servers:
        metadata = (_configuration(facts, server) or {}).get("metadata") or {}
        if metadata.get("name") == PLUGIN:
            return server
    # Its configuration may be part of the image.
    return next((c for c in servers if c.name == PLUGIN), None)


def sidecar(facts: Facts) -> Iterator[Finding]:
    """Look for the plugin's container, and at what it has to have."""
    repo_server = workload(facts, REPO_SERVER)
    if repo_server is None:
        where = facts.control_plane
        yield wrong(
            f"there is no {REPO_SERVER} in the namespace {where}",
            "name the namespace of Argo CD's control plane with --argocd-namespace",
        )
        return
    plugin = own_plugin(facts, repo_server)
    if plugin is None and "plugins" in facts.unread:
        yield unchecked(facts.unread["plugins"].why)
        return
    if plugin is None:
        others = [c.name for c in containers(repo_server) if c.runs(CMP_SERVER)]
        seen = f"; it has {', '.join(others)}" if others else ""
        yield wrong(f"{REPO_SERVER} has no container with the plugin {PLUGIN}{seen}", _APPLY)
        return
    there, wanted = ready(repo_server)
    if there < wanted:
        yield advice(
            f"{there} of {wanted} Pods of {REPO_SERVER} are ready",
            f"see what the others wait for: kubectl describe pod; container {plugin.name} begins "
            "after the first complete copy of the index",
        )
    found = [*_settings(repo_server, plugin), *_mirror(facts, repo_server, plugin)]
    yield from found
    if not found:
        yield ok(f"the container {plugin.name} of {REPO_SERVER} serves the plugin {PLUGIN}")


def configuration(facts: Facts) -> Iterator[Finding]:
    """Look at plugin.yaml, where it lies in a ConfigMap."""
    repo_server = workload(facts, REPO_SERVER)
    plugin = own_plugin(facts, repo_server) if repo_server else None
    if plugin is None:
        return  # said already
    if CONFIGURATION not in plugin.mounts:
        yield ok(f"plugin.yaml is that of the image {plugin.image}")
        return
    found = _configuration(facts, plugin)
    if found is None:
        yield wrong(
            f"the ConfigMap with plugin.yaml that {plugin.name} mounts is not there, or no YAML",
            "apply it as it is in kustomize/components/sidecar",
        )
        return
    spec = found.get("spec") or {}
    command = [*_words(spec, "command"), *_words(spec, "args")]
    found_wrong = list(_differences(spec, command))
    yield from found_wrong or [ok("plugin.yaml is as it should be")]


def _differences(spec: Object, command: list[str]) -> Iterator[Finding]:
    ours = "write the command of the plugin.yaml that comes with this version"
    if version := spec.get("version"):
        yield wrong(
            f"plugin.yaml has spec.version, so Argo CD calls the plugin {PLUGIN}-{version}",
            "take spec.version out: Applications name the plugin without one",
        )
    if "cmp" not in command or "render" not in command:
        yield wrong(f"plugin.yaml starts {' '.join(command) or 'nothing'}", ours)
    elif "-I" not in command:
        yield wrong(
            "plugin.yaml starts the plugin without -I: Python runs a yaml.py that lies in an "
            "Application's repository",
            ours,
        )
    if "discover" in spec:
        yield advice(
            "plugin.yaml has discover, for which Argo CD sends each repository once more",
            "take it out: Applications name the plugin",
        )


def _settings(repo_server: Object, plugin: Container) -> Iterator[Finding]:
    own = main_container(repo_server, REPO_SERVER)
    if plugin.user not in (None, _USER):
        yield wrong(
            f"{plugin.name} runs as user {plugin.user}, so repo-server cannot use its socket",
            f"let it run as {_USER}, as repo-server does",
        )
    temporary = plugin.volume("/tmp")  # noqa: S108 - the path in the container
    if own and temporary and temporary == own.volume("/tmp"):  # noqa: S108 - as above
        yield wrong(
            f"{plugin.name} has repo-server's /tmp, where the repositories of all Applications lie",
            "give it an emptyDir of its own",
        )
    # Without a command it is the image's entry point that starts it, and tini is ours.
    if plugin.manifest.get("command") and not any(plugin.runs(init) for init in _INITS):
        yield advice(
            f"{CMP_SERVER} is the first process of {plugin.name}, and does not bury processes that "
            "it ends",
            "begin its command with tini",
        )
    for tools in first_containers(repo_server):
        if all(tools.runs(tool) for tool in _TOOLS) and own and tools.image != own.image:
            yield advice(
                f"helm and kustomize are those of {tools.image}, and repo-server is {own.image}",
                f"give the init container {tools.name} repo-server's image: what renders natively "
                "and what the plugin renders may differ",
            )


def _mirror(facts: Facts, repo_server: Object, plugin: Container) -> Iterator[Finding]:
    """Look for who fills the directory that the plugin reads."""
    mirrors = [c for c in containers(repo_server) if c.runs("cmp") and c.runs("mirror")]
    if not mirrors:
        yield wrong(
            f"no container of {REPO_SERVER} runs `mirror`, so the plugin reads no index", _APPLY
        )
        return
    folder = (variable(facts, plugin, "CMP_INDEX") or DEFAULT_INDEX).removeprefix("file://")
    mount = plugin.mounts.get(folder.rstrip("/"), {})
    volumes = {m.get("name") for mirror in mirrors for m in mirror.mounts.values()}
    if mount.get("name") not in volumes:
        yield wrong(
            f"{plugin.name} reads {folder}, which is no volume that {mirrors[0].name} writes to",
            "mount one volume in both, at CMP_INDEX of the one and CMP_TO of the other",
        )
    elif not mount.get("readOnly"):
        yield advice(
            f"{plugin.name} may write to the index that it reads", "mount it with readOnly: true"
        )


def _configuration(facts: Facts, container: Container) -> Object | None:
    """Return plugin.yaml of a container; None where it is in the image, or cannot be read."""
    volume = container.volume(CONFIGURATION)
    name = str((volume.get("configMap") or {}).get("name", ""))
    found: Object | None = facts.plugins.get(name)
    return found


def _words(spec: Object, key: str) -> list[str]:
    generate = spec.get("generate") or {}
    return [str(word) for word in generate.get(key) or ()]
