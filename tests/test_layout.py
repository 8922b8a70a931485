"""What holds the design: what render imports and starts, folders against tables, plugin.yaml."""

import sys
from pathlib import Path

import pytest
import yaml

from cmp.core.policy import STRATEGY_NAMES
from cmp.core.strategies import STRATEGIES
from cmp.diagnosis import CHECKS
from cmp.index import BACKENDS
from cmp.renderers import RENDERERS
from cmp.writeback import TARGETS
from cmp.writeback.forges import FORGES
from tests.support.cli import PATH, PROJECT, TOOLS, run
from tests.support.guestbook import Guestbook, images
from tests.support.hostile import plant
from tests.support.registry import RegistryServer

# Each costs every render milliseconds, or gives it a way to the network.
FORBIDDEN = frozenset(
    {
        "argparse",
        "asyncio",
        "dataclasses",
        "hashlib",
        "http",
        "inspect",
        "jsonpatch",
        "kubernetes",
        "logging",
        "pathlib",
        "re2",
        "redis",
        "requests",
        "shutil",
        "socket",
        "ssl",
        "tempfile",
        "urllib",
        "urllib3",
        "yaml",
    }
)
# What a render with a recorded decision loads of ours, and no more.
LOADED = frozenset(
    {
        "cmp",
        "cmp.choose",
        "cmp.core",
        "cmp.core.image",
        "cmp.core.image_list",
        "cmp.core.injection",
        "cmp.core.keys",
        "cmp.core.parameters",
        "cmp.core.policy",
        "cmp.core.record",
        "cmp.core.remarks",
        "cmp.errors",
        "cmp.index",
        "cmp.index.documents",
        "cmp.index.file",
        "cmp.index.json_document",
        "cmp.index.names",
        "cmp.render",
        "cmp.renderers",
        "cmp.renderers.ending",
        "cmp.renderers.paths",
        "cmp.renderers.scratch",
        "cmp.renderers.slots",
        "cmp.settings",
    }
)
RENDERER = {
    "helm": {
        "cmp.renderers.helm",
        "cmp.renderers.helm_options",
        "cmp.renderers.helm_sets",
        "cmp.renderers.options",
        "cmp.renderers.process",
    },
    "directory": {
        "cmp.core.documents",
        "cmp.core.flow",
        "cmp.core.go_scalars",
        "cmp.core.json_values",
        "cmp.core.manifests",
        "cmp.core.placing",
        "cmp.core.splice",
        "cmp.core.yaml_tree",
        "cmp.compose",
        "cmp.renderers.directory",
        "cmp.renderers.directory_files",
        "cmp.renderers.directory_manifests",
        "cmp.renderers.directory_options",
        "cmp.renderers.images",
        "cmp.renderers.options",
        "cmp.renderers.rendered",
    },
    "kustomize": {
        "cmp.renderers.checkout",
        "cmp.renderers.kustomize",
        "cmp.renderers.kustomize_build",
        "cmp.renderers.kustomize_edits",
        "cmp.renderers.kustomize_options",
        "cmp.renderers.options",
        "cmp.renderers.process",
    },
}
# What each renderer needs besides that is forbidden to the others.
ALLOWED = {"directory": {"yaml"}}
# Runs the command and lists the modules afterwards, where nothing else can see them.
SPY = """
import runpy, sys
sys.argv = ["cmp", {command!r}]
try:
    runpy.run_module("cmp", run_name="__main__", alter_sys=True)
except SystemExit as end:
    status = end.code
open({report!r}, "w").write("\\n".join(sys.modules))
sys.exit(status)
"""


@pytest.fixture
def guestbook(tmp_path: Path, registry: RegistryServer, helm: Path, kustomize: Path) -> Guestbook:
    guestbook = Guestbook.create(tmp_path, registry)
    guestbook.push("v1", "v4")
    for path, name in (("kustomize", "k"), ("directory", "d")):
        guestbook.application({"image-list": f"app={guestbook.image}"}, path=path, name=name)
    guestbook.plain_directory()
    guestbook.application(
        {
            "image-list": f"app={guestbook.image}",
            "app.helm.image-name": "frontend.image.repository",
            "app.helm.image-tag": "frontend.image.tag",
        }
    )
    guestbook.refresh()
    return guestbook


@pytest.mark.tools
@pytest.mark.parametrize(
    ("path", "name"), [("helm", "guestbook"), ("kustomize", "k"), ("directory", "d")]
)
def test_render_loads_no_more_than_it_must(
    guestbook: Guestbook, path: str, name: str, tmp_path: Path
) -> None:
    report = tmp_path / "modules"
    env = guestbook.environment(path=path, name=name)
    folder = guestbook.repository / path
    if path == "kustomize":  # as cmp-server unpacks it: nothing is copied there
        folder = tmp_path / "_cmp_server" / "uuid" / path
        folder.parent.mkdir(parents=True)
        (guestbook.repository / path).rename(folder)

    spy = [sys.executable, "-I", "-c", SPY.format(command="render", report=str(report))]

    done = run(spy, folder, env, measured=False)

    assert done.returncode == 0, done.stderr
    assert images(done.stdout)["frontend"] == f"{guestbook.image}:v4"
    loaded = set(report.read_text().split())
    assert loaded & FORBIDDEN == ALLOWED.get(path, set())
    assert {m for m in loaded if m.split(".")[0] == "cmp"} == LOADED | RENDERER[path]


@pytest.mark.tools
def test_the_parameters_tab_loads_no_more_than_it_must(
    guestbook: Guestbook, tmp_path: Path
) -> None:
    report = tmp_path / "modules"
    spy = [sys.executable, "-I", "-c", SPY.format(command="parameters", report=str(report))]

    done = run(spy, guestbook.repository / "helm", guestbook.environment(), measured=False)

    assert done.returncode == 0, done.stderr
    assert "app.pin: v4 since" in done.stdout
    loaded = set(report.read_text().split())
    assert loaded & FORBIDDEN == set()
    ours = {m for m in loaded if m.split(".")[0] == "cmp"}
    rendering = {m for m in LOADED if m == "cmp.render" or m.startswith("cmp.renderers.")}
    assert ours == (LOADED - rendering) | {"cmp.announce", "cmp.core.announcement"}


@pytest.mark.tools
@pytest.mark.parametrize(
    ("path", "name", "started"),
    [
        pytest.param("helm", "guestbook", ["helm template"], id="helm"),
        pytest.param("kustomize", "k", ["kustomize edit", "kustomize build"], id="kustomize"),
        pytest.param("kustomize", "unknown", ["kustomize build"], id="kustomize-no-images"),
        pytest.param("directory", "d", [], id="directory"),
    ],
)
def test_render_starts_exactly_the_processes_it_must(
    guestbook: Guestbook, path: str, name: str, started: list[str], tmp_path: Path
) -> None:
    """Stand-ins on PATH write down how they were called and become the real tools."""
    log = tmp_path / "started"
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("helm", "kustomize", "git", "sh", "python3"):
        stand_in = folder / tool
        stand_in.write_text(f'#!/bin/bash\necho "{tool} $1" >> {log}\nexec {TOOLS}/{tool} "$@"\n')
        stand_in.chmod(0o755)

    done = guestbook.generate(path=path, name=name, PATH=f"{folder}:/usr/bin:/bin")

    assert done.returncode == 0, done.stderr
    assert (log.read_text().splitlines() if log.exists() else []) == started


@pytest.mark.tools
def test_an_applications_repository_cannot_run_code_in_our_process(
    guestbook: Guestbook, tmp_path: Path
) -> None:
    marker = tmp_path / "executed"
    plant(guestbook.repository / "helm", marker)
    plant(guestbook.repository, marker)

    done = guestbook.generate(PYTHONPATH=str(guestbook.repository))

    assert done.returncode == 0, done.stderr
    assert images(done.stdout)["frontend"] == f"{guestbook.image}:v4"
    assert not marker.exists()


@pytest.mark.tools
@pytest.mark.parametrize("path", [f":{PATH}", f".:{PATH}", f"templates:{PATH}"])
def test_a_tool_in_the_applications_directory_is_not_started(
    guestbook: Guestbook, path: str
) -> None:
    folder = guestbook.repository / "helm"
    for place in (folder, folder / "templates"):
        (place / "helm").write_text("#!/bin/sh\necho 'kind: Planted'\n")
        (place / "helm").chmod(0o755)
    (folder / ".helmignore").write_text("helm\n")

    done = guestbook.generate(PATH=path)

    assert done.returncode == 0, done.stderr
    assert "Planted" not in done.stdout


def test_the_planted_files_would_run_without_isolation(tmp_path: Path) -> None:
    """So that the test above could fail."""
    marker = tmp_path / "executed"
    plant(tmp_path, marker)

    run([sys.executable, "-m", "cmp", "render"], tmp_path)

    assert "__main__" in marker.read_text()


def test_plugin_yaml_is_what_the_design_says() -> None:
    plugin = yaml.safe_load((PROJECT / "plugin.yaml").read_text())

    assert plugin["metadata"]["name"] == "image-cmp"
    assert plugin["spec"].keys() == {"generate", "parameters"}
    assert plugin["spec"]["parameters"].keys() == {"dynamic", "static"}
    dynamic = plugin["spec"]["parameters"]["dynamic"]
    assert dynamic == {"command": ["python3", "-I", "-m", "cmp", "parameters"]}
    assert plugin["spec"]["generate"] == {"command": ["python3", "-I", "-m", "cmp", "render"]}


@pytest.mark.parametrize(
    ("folder", "table", "other"),
    [
        pytest.param(
            "cmp/core/strategies",
            {module.rpartition(".")[2] for module in STRATEGIES.values()},
            {"base"},
            id="strategies",
        ),
        pytest.param(
            "cmp/renderers",
            {module.rpartition(".")[2] for module in RENDERERS.values()},
            {
                *("checkout", "descendants", "ending", "options", "paths", "process"),
                *("images", "patch_options", "patches", "reason", "rendered"),
                *("scratch", "slots"),
                *("directory_files", "directory_manifests", "directory_options"),
                *("helm_dependencies", "helm_options", "helm_sets", "value_files", "value_globs"),
                *("kustomize_build", "kustomize_charts", "kustomize_components"),
                *("kustomize_edits", "kustomize_options", "kustomize_patches"),
                *("kustomize_remote", "kustomize_tree"),
            },
            id="renderers",
        ),
        pytest.param(
            "cmp/diagnosis",
            {check.look.__module__.rpartition(".")[2] for check in CHECKS},
            {"facts", "finding", "workloads"},
            id="diagnosis",
        ),
        pytest.param(
            "cmp/writeback",
            {target.module.rpartition(".")[2] for target in TARGETS.values()},
            {
                *("changed", "helm_parameters", "kustomize_images"),
                *("git", "git_address", "git_branch", "git_clone", "git_credential"),
                *("git_deputy", "git_edit", "git_engine", "git_files", "git_login"),
                *("git_message", "git_reason", "git_schedule", "git_settings", "git_signing"),
                *("git_update", "git_writer", "github_app", "go_template"),
                *("git_outcome", "git_queue", "git_tip"),
                *("proposal", "proposal_round", "pull_request", "request_text"),
            },
            id="targets",
        ),
        pytest.param(
            "cmp/writeback/forges",
            {forge.partition(":")[0].rpartition(".")[2] for forge in FORGES.values()},
            {"api"},
            id="forges",
        ),
        pytest.param(
            "cmp/index",
            {backend.partition(":")[0].rpartition(".")[2] for backend in BACKENDS.values()},
            {
                *("ack_document", "documents", "json_document", "snapshot_document"),
                *("either_document", "exported", "imported", "instruction_document", "found"),
                *("copied", "names", "protocols", "redis_address", "redis_connection"),
            },
            id="backends",
        ),
    ],
)
def test_a_folder_holds_what_its_table_names(folder: str, table: set[str], other: set[str]) -> None:
    files = {file.stem for file in (PROJECT / folder).glob("[!_]*.py")}

    assert files == table | other


def test_every_strategy_has_a_name_people_write() -> None:
    assert set(STRATEGY_NAMES.values()) == set(STRATEGIES)
