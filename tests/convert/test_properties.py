"""What holds of every conversion, whatever the Application: nothing is lost or changed."""

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from cmp.compose import compose
from cmp.core.conversion.document import converted
from cmp.core.conversion.edits import Job
from cmp.core.conversion.meaning import options_of
from cmp.core.conversion.stream import split
from cmp.settings import VARIABLES

_TO_PLUGIN = Job(is_to_plugin=True, compose=compose, variables=VARIABLES)
_TO_NATIVE = _TO_PLUGIN._replace(is_to_plugin=False)

_characters = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])
_texts = st.text(_characters, min_size=1, max_size=12) | st.sampled_from(
    [
        "true",
        "1",
        "- a",
        "# no",
        "a: b",
        "{{ .x }}",
        "|",
        "'",
        '"',
        "*a",
        "&a",
        "a\nb\n",
        "\n",
        " a ",
    ]
)
_names = st.text("abc.[]\\-_0", min_size=1, max_size=8)
_flags = st.booleans()
_objects = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=6,
)
_pair = st.fixed_dictionaries({"name": _names, "value": _texts}, optional={"forceString": _flags})
_helm = st.fixed_dictionaries(
    {},
    optional={
        "valueFiles": st.lists(_texts.filter(lambda text: "$" not in text), max_size=3),
        "values": _texts,
        "valuesObject": st.dictionaries(_names, _objects, max_size=3),
        "parameters": st.lists(_pair, max_size=3),
        "fileParameters": st.lists(
            st.fixed_dictionaries({"name": _names, "path": st.just("a")}), max_size=2
        ),
        "releaseName": _texts,
        "skipCrds": _flags,
    },
)
_kustomize = st.fixed_dictionaries(
    {},
    optional={
        "images": st.lists(_texts, max_size=2),
        "commonLabels": st.dictionaries(_names, _texts, max_size=2),
        "replicas": st.lists(
            st.fixed_dictionaries({"name": _names, "count": st.integers(0, 9)}), max_size=2
        ),
        "patches": st.lists(st.dictionaries(_names, _objects, min_size=1, max_size=2), max_size=2),
        "forceCommonLabels": _flags,
    },
)
_sections = st.one_of(
    st.fixed_dictionaries({"helm": _helm}), st.fixed_dictionaries({"kustomize": _kustomize})
)
_styles = st.fixed_dictionaries(
    {
        "default_flow_style": st.sampled_from([False, False, None, True]),
        "indent": st.sampled_from([2, 4]),
        "width": st.sampled_from([20, 1000]),
        "default_style": st.sampled_from([None, None, '"', "|"]),
        "allow_unicode": st.sampled_from([True]),
    }
)


def application(section: dict[str, Any]) -> dict[str, Any]:
    source = {"repoURL": "r", "path": "p", **section}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "a"},
        "spec": {"source": source, "project": "default"},
    }


def source_of(text: str) -> dict[str, Any]:
    source: dict[str, Any] = yaml.safe_load(text)["spec"]["source"]
    return source


@given(section=_sections, style=_styles)
def test_all_options_are_the_same_there_and_back(
    section: dict[str, Any], style: dict[str, Any]
) -> None:
    manifest = application(section)
    text = yaml.safe_dump(manifest, sort_keys=False, **style)

    plugin = converted(text, _TO_PLUGIN).text
    back = converted(plugin, _TO_NATIVE).text

    assert "plugin" in source_of(plugin)
    assert not {"helm", "kustomize"} & source_of(plugin).keys()
    assert "plugin" not in source_of(back)
    assert _read(options_of(source_of(back))) == _read(options_of(source_of(text)))
    assert _read(options_of(source_of(plugin))) == _read(options_of(source_of(text)))
    rest = yaml.safe_load(back)
    rest["spec"]["source"] = manifest["spec"]["source"]
    assert rest == manifest


def _read(options: Any) -> dict[str, Any]:
    """Return options with those that are YAML as what they say."""
    return {
        name: json.loads(value) if name in texts and value.startswith(("{", "[")) else value
        for name, value in options.items()
        for texts in [("helm.valuesObject", "kustomize.patches")]
    } | {
        name: yaml.safe_load(options[name])
        for name in ("helm.valuesObject", "kustomize.patches")
        if name in options
    }


@given(
    st.lists(
        st.sampled_from(
            ["---", "--- # a", "a: 1", "# c", "", "---\r", "\ufeff", "text: |", "  ---", "--- b"]
        ),
        max_size=8,
    ),
    st.sampled_from(["\n", "\r\n"]),
)
def test_documents_put_together_are_the_file(lines: list[str], end: str) -> None:
    text = end.join(lines)

    assert "".join(split(text)) == text


@given(section=_sections, comment=st.text("ab #:-'\"{[", max_size=8))
def test_comments_above_and_beside_fields_stay(section: dict[str, Any], comment: str) -> None:
    for options in section.values():
        options["namespace"] = "a"  # so that it is no section without any effect
    lines = []
    for line in yaml.safe_dump(application(section), sort_keys=False, width=1000).splitlines():
        is_field = line.strip().partition(":")[0] in ("helm", "kustomize", *_ABOVE)
        indent = line[: len(line) - len(line.lstrip())]
        lines += [f"{indent}# above {comment}"] * is_field + [line]
    text = "\n".join(lines) + "\n"

    plugin = converted(text, _TO_PLUGIN).text
    back = converted(plugin, _TO_NATIVE).text

    assert plugin.count("# above") >= text.count("# above")
    assert back.count("# above") >= text.count("# above")


_ABOVE = ("valueFiles", "values", "parameters", "releaseName", "skipCrds", "images")
