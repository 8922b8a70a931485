"""kustomize/: what is built from it is safe, complete, and named as the program has it.

tests/e2e/test_deployed.py applies it to an API server, and runs what is deployed.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp import __version__
from cmp.__main__ import _parser
from cmp.refresh.scope import Scope
from tests.support.cli import PROJECT
from tests.support.kubernetes import Object
from tests.support.needs import lacks
from tests.support.shipped import ARGO_CD, COMPONENTS, EXAMPLES, SHIPPED, Manifests, containers

pytestmark = pytest.mark.tools

STORES = ("argocd-redis", "redis")
OTHERS = tuple(name for name in COMPONENTS if name not in {*STORES, "redis-tls"})
OVERLAYS = (
    *(f"examples/{name}" for name in EXAMPLES),
    *(f"{first}+{second}" for s in STORES for first, second in ((s, "sidecar"), ("sidecar", s))),
    *(f"{store}+{'+'.join(OTHERS)}" for store in (*STORES, "redis+redis-tls")),
    *STORES,  # where something else installs Argo CD
)
ARGO_CDS = {"argocd-repo-server/argocd-repo-server", "argocd-repo-server/copyutil"}
REPO_SERVER = ("Deployment", "argocd-repo-server")
TOKEN = {"image-cmp-refresher"}
"""The accounts of Pods that speak to the API server."""
VOLUMES = {"configMap", "emptyDir", "secret"}
SETTING = re.compile(r'"(CMP_[A-Z_]+)"')


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory, kustomize: Path) -> Manifests:
    return Manifests(tmp_path_factory.mktemp("manifests"))


@pytest.fixture(scope="module", params=OVERLAYS)
def built(request: pytest.FixtureRequest, manifests: Manifests) -> list[Object]:
    return overlay(manifests, request.param)


def overlay(manifests: Manifests, name: str) -> list[Object]:
    """Build an example, or base with the components of a name like ``redis+sidecar``."""
    if name.startswith("examples/"):
        return manifests.built(name)
    names = name.split("+")
    argo_cd = ["../argo-cd"] if "sidecar" in names else []
    components = (f"components/{name}" for name in names)
    return manifests.built("base", *argo_cd, *components, namespace="argocd")


def ours(built: list[Object]) -> list[tuple[str, Object, Object]]:
    return [found for found in containers(built) if found[0] not in ARGO_CDS]


# --- what no container of ours may, and each must


def test_no_container_may_more_than_it_must(built: list[Object]) -> None:
    for name, pod, container in ours(built):
        security = {**pod.get("securityContext", {}), **container["securityContext"]}
        assert (
            security.items()
            >= {
                "runAsNonRoot": True,
                "runAsUser": 999,
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            }.items()
        ), name
        assert not security.get("privileged"), name
        assert not {"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"} & set(pod), name


def test_each_container_has_its_share_of_a_node(built: list[Object]) -> None:
    for name, _, container in ours(built):
        resources = container["resources"]
        for kind in ("requests", "limits"):
            assert {"cpu", "memory"} <= set(resources[kind]), (name, kind)
        # See the comment there.
        shared = name.startswith("argocd-repo-server/")
        assert ("ephemeral-storage" in resources["limits"]) is not shared, name


def test_images_are_of_one_version(built: list[Object]) -> None:
    for name, _, container in ours(built):
        repository, _, tag = container["image"].rpartition(":")
        assert repository, name
        assert tag != "latest", name
        if repository.endswith("argocd-image-cmp"):
            assert tag == __version__, name


def test_volumes_are_of_the_pod_and_bounded(built: list[Object]) -> None:
    for name, pod, container in ours(built):
        volumes = {volume["name"]: volume for volume in pod.get("volumes", ())}
        for mount in container.get("volumeMounts", ()):
            volume = volumes.get(mount["name"], {})  # else a claim of the StatefulSet
            assert set(volume) - {"name"} <= VOLUMES, name
            if mount["name"].startswith("image-cmp-") and "emptyDir" in volume:
                assert volume["emptyDir"]["sizeLimit"], name


def test_only_the_refresher_has_a_token(built: list[Object]) -> None:
    for name, pod, container in ours(built):
        has_token = pod["automountServiceAccountToken"]
        assert has_token is (pod.get("serviceAccountName") in TOKEN), name
        mounts = [mount["mountPath"] for mount in container.get("volumeMounts", ())]
        assert not [path for path in mounts if "serviceaccount" in path], name
    accounts = [found for found in built if found["kind"] == "ServiceAccount"]
    assert [account["automountServiceAccountToken"] for account in accounts] == [False]


def test_passwords_come_from_secrets(built: list[Object]) -> None:
    for name, _, container in containers(built):
        for variable in container.get("env", ()):
            if variable["name"].endswith(("PASSWORD", "SECRET")):
                assert "secretKeyRef" in variable["valueFrom"], (name, variable)
    assert not [found for found in built if found["kind"] == "Secret"]


@pytest.mark.parametrize("readable", ["image-cmp", "image-cmp-tools"])
def test_the_plugin_holds_no_credential(built: list[Object], readable: str) -> None:
    """Tenants' charts are rendered there (design §1)."""
    for name, _, container in ours(built):
        if name == f"argocd-repo-server/{readable}":
            assert "Secret" not in yaml.safe_dump(container)
            assert "secret" not in yaml.safe_dump(container)
            assert "CMP_STORE" not in yaml.safe_dump(container)
            index = [m for m in container["volumeMounts"] if m["name"] == "image-cmp-index"]
            assert all(mount["readOnly"] for mount in index)


# --- that it fits together


def test_what_selects_pods_finds_them(built: list[Object]) -> None:
    pods = [
        found["spec"]["template"]
        for found in built
        if found["kind"] in {"Deployment", "StatefulSet"}
    ]
    argo_cds = [{"app.kubernetes.io/name": name} for name in ("argocd-repo-server", "argocd-redis")]
    labels = [*(pod["metadata"]["labels"] for pod in pods), *argo_cds]
    for found in built:
        for selector in selectors(found):
            assert any(each.items() >= selector.items() for each in labels), (found, selector)
        if found["kind"] == "Service":
            (pod,) = (p for p in pods if matches(found["spec"]["selector"], p["metadata"]))
            names = [port["name"] for c in pod["spec"]["containers"] for port in c.get("ports", ())]
            assert {port["targetPort"] for port in found["spec"]["ports"]} <= set(names)
        if found["kind"] == "ServiceMonitor":
            (service,) = (
                s
                for s in built
                if s["kind"] == "Service"
                and matches(found["spec"]["selector"]["matchLabels"], s["metadata"])
            )
            ports = {port["name"] for port in service["spec"]["ports"]}
            assert {end["port"] for end in found["spec"]["endpoints"]} <= ports


def selectors(found: Any) -> list[Mapping[str, str]]:
    """Return all labels that are looked for in an object."""
    if isinstance(found, list):
        return [labels for item in found for labels in selectors(item)]
    if not isinstance(found, dict) or found.get("kind") == "ServiceMonitor":
        return []
    mine = [found["matchLabels"]] if "matchLabels" in found else []
    return [*mine, *(labels for value in found.values() for labels in selectors(value))]


def matches(selector: Mapping[str, str], metadata: Object) -> bool:
    return bool(metadata.get("labels", {}).items() >= selector.items())


@pytest.mark.parametrize("called", ["argocd-repo-server", "repo-server"])
def test_helm_and_kustomize_are_those_of_argo_cd(
    called: str, tmp_path: Path, kustomize: Path
) -> None:
    """Argo CD's Helm chart calls the container otherwise."""
    theirs, copy = tmp_path / "theirs", tmp_path / "copy"
    shutil.copytree(ARGO_CD, theirs)
    file = theirs / "repo-server.yaml"
    file.write_text(
        file.read_text().replace("        - name: argocd-repo-server", f"        - name: {called}")
    )
    copy.mkdir()
    image = "registry.corp.example/mirror/argocd"
    renamed = {"name": "quay.io/argoproj/argocd", "newName": image, "newTag": "v3.7.0"}

    built = Manifests(copy, theirs).built("examples/redis", images=[renamed])

    images = {name: container["image"] for name, _, container in containers(built)}
    assert images["argocd-repo-server/image-cmp-tools"] == f"{image}:v3.7.0"
    assert images[f"argocd-repo-server/{called}"] == f"{image}:v3.7.0"


def test_the_plugin_is_the_one_at_the_root() -> None:
    copy = SHIPPED / "components" / "sidecar" / "plugin.yaml"

    assert copy.read_bytes() == (PROJECT / "plugin.yaml").read_bytes()


def test_a_control_plane_may_have_any_name(manifests: Manifests) -> None:
    components = [f"components/{name}" for name in COMPONENTS if name != "argocd-redis"]

    built = manifests.built("base", "../argo-cd", *components, namespace="appcenter")

    namespaces = [found["metadata"].get("namespace") for found in built]
    subjects = [subject for found in built for subject in found.get("subjects", ())]
    assert set(namespaces) == {"appcenter", None}  # of a cluster's own
    assert {subject["namespace"] for subject in subjects} == {"appcenter"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_has_the_image_in_one_place(example: str) -> None:
    text = (SHIPPED / "examples" / example / "kustomization.yaml").read_text()

    (image,) = yaml.safe_load(text)["images"]
    assert (image["name"], image["newTag"]) == ("argocd-image-cmp", __version__)


# --- that the program knows what is said to it


def settings() -> set[str]:
    """Return the names of all settings that the program reads."""
    return {
        n for file in (PROJECT / "cmp").rglob("*.py") for n in SETTING.findall(file.read_text())
    }


def test_each_setting_and_flag_is_known(built: list[Object]) -> None:
    known = settings()
    for name, _, container in ours(built):
        said = {each["name"] for each in container.get("env", ())}
        assert {each for each in said if each.startswith("CMP_")} <= known, name
        command = [*container.get("command", ()), *container.get("args", ())]
        if "cmp" in command:
            assert command[:2] == ["tini", "--"], name
            python, isolated, *module = command[2:6]
            assert (python, isolated, module) == ("python3", "-I", ["-m", "cmp"]), name
            _parser(command[6:]).parse_args(command[6:])  # it exits, with what is wrong


def test_the_settings_can_be_read(built: list[Object]) -> None:
    (data,) = (m["data"] for m in built if m["metadata"]["name"] == "image-cmp-config")
    assert set(data) <= settings()
    (container,) = (c for name, _, c in ours(built) if name.startswith("image-cmp-refresher/"))
    said = {each["name"]: each.get("value", "") for each in container["env"]}
    args = _parser(["refresh"]).parse_args(["refresh"])

    scope = Scope.read(args, {**data, **said, "CMP_WEBHOOK_SECRET": "x"}, "argocd")

    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert scope.metrics is not None
    assert scope.metrics.port == ports["metrics"]
    assert (scope.webhook and scope.webhook.port) == ports.get("webhook")


# --- reasons


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(file, id=str(file.relative_to(SHIPPED)))
        for file in sorted(SHIPPED.rglob("*.yaml"))
        if re.search(r"^kind: (ClusterRole|Role|NetworkPolicy)$", file.read_text(), re.MULTILINE)
    ],
)
def test_each_permission_has_its_reason(file: Path) -> None:
    rule = re.compile(r"  - apiGroups:|    - (from|to|ports):")
    lines = ["", *file.read_text().splitlines()]

    rules = [(before, line) for before, line in pairwise(lines) if rule.match(line)]

    assert rules
    assert [line for before, line in rules if not before.lstrip().startswith("# ")] == []


def test_the_readme_names_each_folder() -> None:
    text = (SHIPPED / "README.md").read_text()
    folders = {folder.name for folder in SHIPPED.iterdir() if folder.is_dir()} - {"components"}

    linked = set(re.findall(r"^\| \[([a-z-/]+)\]", text, re.MULTILINE))

    assert linked == folders | {f"components/{name}" for name in COMPONENTS}


def test_repo_server_alone_can_be_given_a_token(manifests: Manifests) -> None:
    text = (SHIPPED / "README.md").read_text()
    (patch,) = re.findall(r"^```yaml\n(apiVersion.*?)^```$", text, re.MULTILINE | re.DOTALL)

    built = manifests.built("examples/argocd-redis", patches=[{"patch": patch}])

    with_token = [
        name
        for name, _, container in containers(built)
        if "token" in [mount["name"] for mount in container.get("volumeMounts", ())]
    ]
    assert with_token == ["argocd-repo-server/argocd-repo-server"]


# --- that the stand-in is none but in length


@pytest.mark.parametrize("example", EXAMPLES)
def test_argo_cd_has_what_its_stand_in_has(example: str, tmp_path: Path, kustomize: Path) -> None:
    theirs, copy = tmp_path / "theirs", tmp_path / "copy"
    base = argo_cd() / "manifests" / "base"
    shutil.copytree(base / "repo-server", theirs / "repo-server")
    settings = "argocd-cmd-params-cm.yaml"
    shutil.copyfile(base / "config" / settings, theirs / settings)
    image = {"name": "quay.io/argoproj/argocd", "newTag": "v3.6.1"}
    kustomization = {"resources": ["repo-server", settings], "images": [image]}
    (theirs / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    stand_in = yaml.safe_load((ARGO_CD / "repo-server.yaml").read_text())
    copy.mkdir()

    built = Manifests(copy, theirs).built(f"examples/{example}")

    (found,) = (m for m in built if (m["kind"], m["metadata"]["name"]) == REPO_SERVER)
    assert missing(stand_in, found) == []


def argo_cd() -> Path:
    """Return where Go has unpacked the Argo CD that the tests run."""
    module = "github.com/argoproj/argo-cd/v3"
    (version,) = re.findall(
        rf"{module} (v\S+)", (PROJECT / "tools" / "argocd" / "go.mod").read_text()
    )
    try:
        argv = ["go", "env", "GOMODCACHE"]
        cache = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    except OSError as error:
        lacks(f"no Go, in whose cache Argo CD's manifests are: {error}")
    found = Path(cache) / f"{module}@{version}"
    if not found.is_dir():
        lacks(f"no {found}: go mod download {module}@{version}, in tools/argocd")
    return found


def missing(wanted: Any, found: Any, where: str = "") -> list[str]:
    """Return where ``found`` has not what ``wanted`` has; items of lists by their names."""
    if isinstance(wanted, dict):
        return [
            gap
            for key, value in wanted.items()
            for gap in missing(value, (found or {}).get(key), f"{where}/{key}")
        ]
    if isinstance(wanted, list) and wanted and isinstance(wanted[0], dict):
        by_name = {item.get("mountPath") or item["name"]: item for item in found or ()}
        return [
            gap
            for item in wanted
            for name in [item.get("mountPath") or item["name"]]
            for gap in missing(item, by_name.get(name), f"{where}/{name}")
        ]
    return [] if wanted == found else [f"{where}: {found!r}, not {wanted!r}"]
