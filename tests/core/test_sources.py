"""Which of an Application's sources an image belongs to."""

from collections.abc import Mapping
from typing import Any

import pytest

from cmp.core.application import Application, parse_application
from cmp.core.image_list import for_source
from cmp.core.keys import PREFIX
from cmp.errors import InvalidPolicy
from cmp.refresh.plan import plan

_BOTH = {"image-list": "web=a.io/web, db=a.io/db:^1", "db.source": "data"}


@pytest.mark.parametrize(
    ("keys", "names", "is_default", "expected"),
    [
        pytest.param(
            _BOTH, ["data"], False, {"image-list": "db=a.io/db:^1", "db.source": "data"}, id="named"
        ),
        pytest.param(
            _BOTH, ["web", "charts/web"], True, {"image-list": "web=a.io/web"}, id="the-rest"
        ),
        pytest.param(_BOTH, ["web", ""], False, {}, id="none"),
        pytest.param(
            {"image-list": "web=a.io/web", "web.source": "charts/web"},
            ["", "charts/web"],
            False,
            {"image-list": "web=a.io/web", "web.source": "charts/web"},
            id="by-path",
        ),
        pytest.param(
            {**_BOTH, "web.allow-tags": "any", "db.allow-tags": "any", "ignore-tags": "x"},
            ["data"],
            False,
            {
                "image-list": "db=a.io/db:^1",
                "db.source": "data",
                "db.allow-tags": "any",
                "ignore-tags": "x",
            },
            id="keys-of-other-images-are-left-out",
        ),
        pytest.param(
            {"image-list": "a.io/team/web,b=a.io/b", "team_web.source": "x", "web.source": "y"},
            ["x"],
            False,
            {"image-list": "a.io/team/web", "team_web.source": "x", "web.source": "y"},
            id="the-most-telling-name-of-an-image-without-alias",
        ),
        pytest.param(
            {"image-list": "web=a.io/web", "web.source": "data", "allow-empty": "true"},
            ["first"],
            True,
            {"allow-empty": "true"},
            id="the-default-source-keeps-the-rest-of-the-keys",
        ),
        pytest.param(
            {"image-list": "web=a.io/web", "web.source": " "},
            ["first"],
            True,
            {"image-list": "web=a.io/web", "web.source": " "},
            id="an-empty-name-is-none",
        ),
    ],
)
def test_the_annotations_of_one_source(
    keys: Mapping[str, str],
    names: list[str],
    is_default: bool,  # noqa: FBT001 - of a table
    expected: dict[str, str],
) -> None:
    assert for_source(keys, names, is_default=is_default) == expected


def _ours(path: str, name: str = "", **parameters: str) -> dict[str, Any]:
    """Return a source that our plugin renders."""
    given = [{"name": k.replace("_", "-"), "string": v} for k, v in parameters.items()]
    return {"path": path, "name": name, "plugin": {"name": "image-cmp", "parameters": given}}


def _application(*sources: dict[str, Any], **keys: str) -> Application:
    annotations = {f"{PREFIX}{k.replace('_', '.')}": value for k, value in keys.items()}
    annotations[f"{PREFIX}image-list"] = "web=a.io/web,db=a.io/db"
    return parse_application(
        {
            "metadata": {"name": "shop", "annotations": annotations},
            "spec": {"sources": [{"repoURL": "https://git.test/x.git", **s} for s in sources]},
        }
    )


_TWO = (_ours("charts/web", "front"), _ours("charts/db", "data"))


@pytest.mark.parametrize(
    ("application", "expected"),
    [
        pytest.param(_application(*_TWO), [["web", "db"], []], id="all-are-the-firsts"),
        pytest.param(_application(*_TWO, db_source="data"), [["web"], ["db"]], id="by-name"),
        pytest.param(_application(*_TWO, db_source="charts/db"), [["web"], ["db"]], id="by-path"),
        pytest.param(
            _application(*_TWO, db_source="data", web_source="data"),
            [[], ["web", "db"]],
            id="none-is-the-firsts",
        ),
        pytest.param(
            _application({"path": "native"}, *_TWO, db_source="data"),
            [["web"], ["db"]],
            id="a-native-source-has-none",
        ),
        pytest.param(
            _application({"path": "native", "name": "front"}, {"path": "other"}, db_source="front"),
            [["web", "db"]],
            id="the-native-one-that-is-the-default",
        ),
    ],
)
def test_what_is_planned_for_each_source(
    application: Application, expected: list[list[str]]
) -> None:
    (found,) = plan([application], "")

    aliases = [[image.alias for image in s.image_list.images] for s in found.sources]
    assert aliases == expected
    assert [source.problem for source in found.sources] == [None] * len(expected)
    assert [source.image_list.notes for source in found.sources] == [()] * len(expected)


def test_a_parameter_still_wins_over_the_annotations_of_its_source() -> None:
    sources = (_TWO[0], _ours("charts/db", "data", allow_tags="regexp:^v"))

    (found,) = plan([_application(*sources, db_source="data")], "")

    allowed = [[i.policy.allow_tags for i in s.image_list.images] for s in found.sources]
    assert allowed == [["any"], ["regexp:^v"]]


_UNKNOWN = "source: no source is called 'dat'; they are charts/db, charts/web, data, front"


def test_a_source_that_nothing_is_called() -> None:
    application = _application(*_TWO, db_source="dat")

    with pytest.raises(InvalidPolicy) as caught:
        application.policy(application.sources[0])

    assert str(caught.value) == f"{_UNKNOWN}; did you mean 'data'?"


def test_a_source_that_nothing_is_called_is_a_problem_of_each() -> None:
    (found,) = plan([_application(*_TWO, db_source="dat")], "")

    assert [str(source.problem)[: len(_UNKNOWN)] for source in found.sources] == [_UNKNOWN] * 2
    assert [source.image_list.images for source in found.sources] == [(), ()]
