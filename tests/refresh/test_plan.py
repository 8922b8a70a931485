"""What a cycle has to do, read from Applications."""

from typing import Any

import pytest

from cmp.core.application import Application, parse_application
from cmp.core.keys import PREFIX
from cmp.errors import InvalidApplication
from cmp.refresh.plan import images, plan, policies

APP = "app=registry.test/app"
OURS = {"name": "image-cmp"}


def application(
    *sources: dict[str, Any], name: str = "guestbook", namespace: str = "argocd", **keys: str
) -> Application:
    """Return an Application; ``image_list`` among ``keys`` is the annotation ``image-list``."""
    annotations = {f"{PREFIX}{key.replace('_', '-')}": value for key, value in keys.items()}
    return parse_application(
        {
            "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
            "spec": {"sources": [{"repoURL": "https://git.test/x.git", **s} for s in sources]},
        }
    )


def ours(path: str = "helm", **parameters: str) -> dict[str, Any]:
    """Return a source that our plugin renders."""
    given = [{"name": k.replace("_", "-"), "string": v} for k, v in parameters.items()]
    return {"path": path, "plugin": {**OURS, "parameters": given}}


def planned(*applications: Application, control_plane: str = "argocd") -> list[list[object]]:
    """Return, for each plan, instance, and for each source its path and aliases."""
    return [
        [
            found.instance,
            *((s.source.id.path, [i.alias for i in s.image_list.images]) for s in found.sources),
        ]
        for found in plan(applications, control_plane)
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(application(ours()), [["guestbook", ("helm", [])]], id="no-policy"),
        pytest.param(
            application(ours(), image_list=APP),
            [["guestbook", ("helm", ["app"])]],
            id="annotations",
        ),
        pytest.param(
            application(ours(image_list=APP)), [["guestbook", ("helm", ["app"])]], id="parameters"
        ),
        pytest.param(
            application(ours(image_list="b=x.test/b"), image_list=APP),
            [["guestbook", ("helm", ["b"])]],
            id="parameter-wins",
        ),
        pytest.param(
            application({"path": "native"}, image_list=APP),
            [["guestbook", ("native", ["app"])]],
            id="native",
        ),
        pytest.param(
            application({"path": "x", "plugin": {"name": "other"}}, image_list=APP),
            [["guestbook"]],
            id="other-plugin",
        ),
        pytest.param(
            application({"path": "native"}, ours("a"), ours("b"), image_list=APP),
            [["guestbook", ("a", ["app"]), ("b", [])]],
            id="annotations-are-the-first-plugin-source's",
        ),
        pytest.param(
            application(ours("a"), ours("b", image_list="b=x.test/b"), image_list=APP),
            [["guestbook", ("a", ["app"]), ("b", ["b"])]],
            id="two-sources",
        ),
        pytest.param(
            application({"ref": "values"}, {"path": "native"}, image_list=APP),
            [["guestbook", ("native", ["app"])]],
            id="reference-source",
        ),
    ],
)
def test_which_sources_have_a_policy(given: Application, expected: list[list[object]]) -> None:
    assert planned(given) == expected


@pytest.mark.parametrize(
    ("control_plane", "instances"),
    [
        pytest.param("argocd", ["guestbook", "team_guestbook"], id="named"),
        pytest.param("team", ["argocd_guestbook", "guestbook"], id="another"),
    ],
)
def test_instances(control_plane: str, instances: list[str]) -> None:
    found = planned(
        application(ours(), image_list=APP),
        application(ours(), image_list=APP, namespace="team"),
        control_plane=control_plane,
    )

    assert [instance for instance, *_ in found] == instances


@pytest.mark.parametrize(
    ("namespace", "complaint"),
    [
        pytest.param(
            "argocd",
            "the Application argocd/guestbook is there twice; remove one of its manifests",
            id="same",
        ),
        pytest.param(
            "team",
            "the Applications argocd/guestbook and team/guestbook cannot be told apart; "
            "name the control plane's namespace with --argocd-namespace",
            id="namespaces",
        ),
    ],
)
def test_two_with_one_name(namespace: str, complaint: str) -> None:
    one = application(ours(), image_list=APP)
    other = application(ours(), image_list=APP, namespace=namespace)

    with pytest.raises(InvalidApplication) as caught:
        plan((one, other), "")

    assert str(caught.value) == complaint


@pytest.mark.parametrize("turned", [False, True], ids=["as-is", "turned"])
def test_two_with_one_name_of_which_one_has_no_policy(*, turned: bool) -> None:
    both = [application(ours(), image_list=APP), application(ours(), namespace="team")]

    found = planned(*(reversed(both) if turned else both), control_plane="")

    assert found == [["guestbook", ("helm", ["app"])]]


def test_a_policy_that_cannot_be_read_is_the_sources_problem() -> None:
    bad, good = ours("bad", image_list=APP, update_strategy="x"), ours("good", image_list=APP)

    (found,) = plan([application(bad, good)], "argocd")

    assert [source.problem is None for source in found.sources] == [False, True]
    assert "no strategy 'x'" in str(found.sources[0].problem)
    assert [image.alias for image in images([found])] == ["app"]


def test_policies_are_shared_by_repository() -> None:
    applications = [
        application(ours(), image_list="app=x.test/app,b=x.test/b", name="one"),
        application(ours(), image_list="other=x.test/app", name="two"),
        application(ours(), image_list="app=x.test/app:^1", name="three"),
    ]

    found = policies(plan(applications, "argocd"))

    assert {str(r): [p.constraint for p in given] for r, given in found.items()} == {
        "x.test/app": ["", "^1"],
        "x.test/b": [""],
    }
