"""Applications of the plugin as people write them, made native: nobody writes as `convert` does."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.__main__ import main
from tests.convert.test_left import application

_PLUGINS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "two of one field, apart": (
        [
            "parameters:",
            "- name: helm.parameters # by name",
            "  map: {a: '1'}",
            "- {name: helm.releaseName, string: web}",
            "# always text",
            "- name: helm.forceStringParameters",
            "  map:",
            "    b: '2'",
        ],
        {
            "helm": {
                "parameters": [
                    {"name": "a", "value": "1"},
                    {"name": "b", "value": "2", "forceString": True},
                ],
                "releaseName": "web",
            }
        },
    ),
    "the value before the name": (
        ["parameters:", "- string: 'true' # why", "  name: helm.skipCrds", "name: image-cmp"],
        {"helm": {"skipCrds": True}},
    ),
    "YAML in quotes and folded": (
        [
            "parameters:",
            '- {name: helm.valuesObject, string: "a: 1\\nb:\\n- x # inner\\n"}',
            "- name: helm.values",
            "  string: >-",
            "    a: 1",
        ],
        {"helm": {"valuesObject": {"a": 1, "b": ["x"]}, "values": "a: 1"}},
    ),
    "YAML that is JSON": (
        ["parameters:", "- name: kustomize.patches", '  string: \'[{"path": "a.yaml"}]\''],
        {"kustomize": {"patches": [{"path": "a.yaml"}]}},
    ),
    "counts": (
        ["parameters:", "- name: kustomize.replicas", "  map: {web: '3', '{{ .n }}': '{{ .m }}'}"],
        {
            "kustomize": {
                "replicas": [{"name": "web", "count": 3}, {"name": "{{ .n }}", "count": "{{ .m }}"}]
            }
        },
    ),
    "an image called helm": (
        [
            "parameters:",
            "- {name: image-list, string: helm=helm}",
            "- {name: helm.pin, string: v1}",
        ],
        {},
    ),
    "all in braces": (
        ["parameters: [{name: directory.recurse, string: 'true'}]"],
        {"directory": {"recurse": True}},
    ),
}


@pytest.mark.parametrize(("lines", "native"), _PLUGINS.values(), ids=_PLUGINS)
def test_it_becomes_native_with_its_comments(
    lines: list[str], native: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    own = [] if "name: image-cmp" in lines else ["name: image-cmp"]
    text = application("plugin:", *(f"  {line}" for line in [*own, *lines]))
    file = tmp_path / "a.yaml"
    file.write_text(text)

    assert main(["convert", "--to", "native", str(file)]) == 0

    output, notes = capfd.readouterr()
    assert notes == ""
    source = yaml.safe_load(output)["spec"]["source"]
    assert {n: v for n, v in source.items() if n not in ("repoURL", "path")} == native
    assert output.count("#") == text.count("#")


def test_policy_of_another_kind_than_text_is_an_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        application("plugin: {name: image-cmp, parameters: [{name: image-list, array: [a, b]}]}")
    )

    assert main(["convert", "--to", "native", str(file)]) == 2
    assert "parameter image-list: give it as string" in capfd.readouterr().err
