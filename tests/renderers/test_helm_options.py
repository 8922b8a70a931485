"""The table of Helm options against what is announced, documented and read."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cmp.errors import InvalidSource
from cmp.renderers.helm import arguments
from cmp.renderers.helm_options import HELM_OPTIONS
from cmp.renderers.options import Option
from tests.support.cli import PROJECT
from tests.support.jobs import job

if TYPE_CHECKING:
    from cmp.core.parameters import Value

_VALUES: dict[str, Any] = {"string": "text", "array": ("text",), "map": {"a": "text"}}


def test_plugin_yaml_announces_every_option() -> None:
    plugin = yaml.safe_load((PROJECT / "plugin.yaml").read_text())
    announced = plugin["spec"]["parameters"]["static"]

    assert [a for a in announced if a["name"].startswith("helm.")] == [
        {"name": o.name, "collectionType": o.collection, "tooltip": o.meaning} for o in HELM_OPTIONS
    ]


@pytest.mark.parametrize("option", HELM_OPTIONS, ids=lambda option: str(option.name))
def test_an_empty_option_is_none(tmp_path: Path, option: Option) -> None:
    nothing: tuple[Value, ...] = ("", (), {})
    for empty in nothing:
        asked = job(tmp_path, parameters={option.name: empty})

        assert arguments(asked) == arguments(job(tmp_path))


@pytest.mark.parametrize("name", [o.name for o in HELM_OPTIONS if "`true`" in o.meaning])
@pytest.mark.parametrize("value", ["True", "yes", "1", " true"])
def test_a_boolean_is_true_or_false(tmp_path: Path, name: str, value: str) -> None:
    asked = job(tmp_path, parameters={name: value})

    with pytest.raises(InvalidSource, match="neither true nor false") as error:
        arguments(asked)
    assert error.value.where == f"parameter {name}"
