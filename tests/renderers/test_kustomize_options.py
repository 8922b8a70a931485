"""One table of options: what plugin.yaml says, and values that are wrong."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.core.application import parse_application
from cmp.errors import InvalidApplication
from cmp.renderers.kustomize_options import TABLE, KustomizeOptions
from tests.support.cli import PROJECT, cmp
from tests.support.guestbook import Guestbook, images
from tests.support.registry import RegistryServer

KINDS = {"string": "", "array": (), "map": {}}


@pytest.fixture(scope="module")
def guestbook(
    tmp_path_factory: pytest.TempPathFactory,
    registry: RegistryServer,
    helm: Path,
    kustomize: Path,
) -> Guestbook:
    """No test changes it: what is rendered is a copy."""
    guestbook = Guestbook.create(tmp_path_factory.mktemp("guestbook"), registry)
    guestbook.push("v1", "v4")
    guestbook.application({"image-list": guestbook.image}, path="kustomize")
    guestbook.refresh()
    return guestbook


def test_plugin_yaml_announces_the_table() -> None:
    plugin = yaml.safe_load((PROJECT / "plugin.yaml").read_text())

    announced = [
        item
        for item in plugin["spec"]["parameters"]["static"]
        if item["name"].startswith("kustomize.")
    ]
    assert announced == [
        {
            "name": option.name,
            "collectionType": option.collection,
            "tooltip": option.meaning,
        }
        for option in TABLE
    ]


def test_each_option_is_read_as_the_table_says() -> None:
    read = KustomizeOptions.read({})._asdict()

    assert len(read) == len(TABLE)
    for option, (field, value) in zip(TABLE, read.items(), strict=True):
        assert option.name.partition(".")[2].lower() == field.replace("_", "")
        assert option.native == f"spec.source.{option.name}"
        assert (value or KINDS[option.collection]) == KINDS[option.collection]
        assert isinstance(value, bool) is option.meaning.startswith("`true`: ")


def _bad(name: str, complaint: str, **value: Any) -> Any:
    parameters = [{"name": f"kustomize.{name}", **value}]
    return pytest.param(parameters, complaint, id=f"{name}-{complaint[:20]}")


@pytest.mark.tools
@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        _bad("forceCommonLabels", "'True' is neither true nor false", string="True"),
        _bad("replicas", "expected integer value for count. Received: 1.5", map={"web": "1.5"}),
        _bad("replicas", f"Received: {2**63}", map={"web": str(2**63)}),
        _bad("replicas", f"Received: {'9' * 40}\n", map={"web": "9" * 5000}),
        _bad("replicas", "'--help=1' begins with a dash", map={"--help": "1"}),
        _bad("images", "kustomize.images: '--help' begins with a dash", array=["--help"]),
        _bad("images", "invalid format of image", array=["nginx"]),
        _bad("commonLabels", "'-h:x' begins with a dash", map={"-h": "x"}),
        _bad("commonAnnotations", "'-h:x' begins with a dash", map={"-h": "x"}),
        _bad("components", "'/base' is no path from the source's directory", array=["/base"]),
        _bad("components", "'-x' is no path from the source's directory", array=["-x"]),
        _bad("components", "'' is no path from the source's directory", array=[""]),
        _bad("components", "'../..' leads out of the repository", array=["../.."]),
        _bad("components", "has no match", array=["../no-such"]),
        _bad("patches", "kustomize.patches: not YAML", string="a: ["),
        _bad("patches", "not a list of patches", string="a: b"),
        _bad("patches", "kustomize.patches[1]: not a mapping", string="[{patch: x}, x]"),
        _bad("patches", "no field 'taget'; did you mean 'target'?", string="[{taget: {}}]"),
        _bad("patches", "kustomize.patches[0].target: no field 'k'", string="[{target: {k: x}}]"),
        _bad("patches", "[0].patch: not text; write it as a block", string="[{patch: {a: b}}]"),
        _bad("patches", "options.x: 'yes' is neither true nor", string="[{options: {x: yes}}]"),
        _bad("patches", "'../../x' leads out of the repository", string="[{path: ../../x}]"),
        _bad("patches", "kustomize build: ", string="[{path: no-such.yaml}]"),
        _bad("kubeVersion", "kustomize.kubeVersion: could not parse", string="x"),
        _bad("version", "leave this Application native", string="v4.5.7"),
        _bad("namePrefx", "did you mean 'kustomize.namePrefix'?", string="x"),
    ],
)
def test_a_bad_value_is_one_sentence(
    guestbook: Guestbook, parameters: list[dict[str, Any]], complaint: str
) -> None:
    done = guestbook.generate(path="kustomize", parameters=parameters)

    assert (done.returncode, done.stdout) == (2, "")
    said = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
    assert said[0].startswith("error: ")
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.tools
def test_build_options_come_from_the_sidecars_settings(guestbook: Guestbook) -> None:
    done = guestbook.generate(path="kustomize", CMP_KUSTOMIZE_BUILD_OPTIONS="--enable-exec")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: CMP_KUSTOMIZE_BUILD_OPTIONS: --enable-exec is refused: ")


@pytest.mark.tools
@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--kustomize-build-options=--enable-exec"], "CMP_KUSTOMIZE_BUILD_OPTIONS: --enable-exec"),
        (["--offline"], "'https://git.test/base' is not in the repository"),
    ],
)
def test_a_setting_is_a_flag_too(
    guestbook: Guestbook, tmp_path: Path, flags: list[str], complaint: str
) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: ['https://git.test/base']\n")
    file = guestbook.root / "applications" / "guestbook.yaml"
    known = ("--application", str(file), "--index", guestbook.index_url)

    done = cmp("render", str(tmp_path), *known, *flags, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr


@pytest.mark.tools
def test_options_and_the_chosen_image_together(guestbook: Guestbook) -> None:
    parameters: list[dict[str, Any]] = [
        {"name": "kustomize.namePrefix", "string": "a-"},
        {"name": "kustomize.images", "array": [f"{guestbook.image}:v1", f"{guestbook.redis}:9"]},
    ]

    done = guestbook.generate(path="kustomize", parameters=parameters)

    assert (done.returncode, done.stderr) == (0, "")
    assert images(done.stdout) == {
        "a-frontend": f"{guestbook.image}:v4",
        "a-redis-master": f"{guestbook.redis}:9",
        "a-redis-slave": f"{guestbook.redis}:9",
    }


def _native(**kustomize: Any) -> dict[str, Any]:
    manifest = {
        "metadata": {"name": "a"},
        "spec": {"source": {"repoURL": "r", "path": "p", "kustomize": kustomize}},
    }
    (source,) = parse_application(manifest).sources
    return dict(source.parameters)


def test_a_native_section_is_the_same_as_parameters() -> None:
    patches = [{"patch": "- é", "target": {"kind": "X"}, "options": {"allowNameChange": True}}]

    found = _native(
        namePrefix="a-",
        images=["a:1"],
        replicas=[{"name": "web", "count": 2}, {"name": "db", "count": "3"}],
        commonLabels={"a": "b"},
        forceCommonLabels=True,
        labelWithoutSelector=False,
        patches=patches,
        components=["../x"],
    )

    assert yaml.safe_load(found.pop("kustomize.patches")) == patches
    assert found == {
        "kustomize.namePrefix": "a-",
        "kustomize.images": ("a:1",),
        "kustomize.replicas": {"web": "2", "db": "3"},
        "kustomize.commonLabels": {"a": "b"},
        "kustomize.forceCommonLabels": "true",
        "kustomize.components": ("../x",),
    }


@pytest.mark.parametrize(
    ("kustomize", "complaint"),
    [
        pytest.param({"commonLabels": {"a": 1}}, "put its values in quotes", id="label"),
        pytest.param({"replicas": ["web"]}, "not a list of name and count", id="replica"),
        pytest.param({"patches": [{"patch": {1, 2}}]}, "put it in quotes", id="patch"),
    ],
)
def test_a_native_section_that_argo_cd_would_not_take(
    kustomize: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InvalidApplication, match=complaint):
        _native(**kustomize)
