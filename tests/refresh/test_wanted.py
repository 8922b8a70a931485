import pytest

from cmp.core.image import Image, Repository
from cmp.core.record import ApplicationRecord, Recorded, SourceId, SourceRecord
from cmp.refresh.wanted import Told, Wanted, wanted_by
from tests.refresh.manifests import APP, SOURCE_ID, recorded, wanted, wanted_image
from tests.support.values import DIGEST, OTHER_DIGEST

OTHER_ID = SourceId("https://git.test/x.git", "worker")
REPOSITORY = Repository.parse(APP)


def source(
    id_: SourceId = SOURCE_ID,
    annotations: dict[str, str] | None = None,
    parameters: dict[str, str] | None = None,
    **decisions: Recorded,
) -> SourceRecord:
    return SourceRecord(id_, annotations or {}, parameters or {}, decisions)


def wanted_of(*sources: SourceRecord) -> Wanted:
    return wanted_by(ApplicationRecord("guestbook", "argocd/guestbook", sources))


V1 = recorded(REPOSITORY, "v1")
V2 = recorded(REPOSITORY, "v2", held="v3 cannot be pulled")
NOTHING = recorded(REPOSITORY, "", held="v1 cannot be pulled")


@pytest.mark.parametrize(
    ("sources", "references"),
    [
        pytest.param([], {}, id="no-source"),
        pytest.param([source(app=V1)], {"app": f"{APP}:v1"}, id="one-image"),
        pytest.param(
            [source(app=V1, web=V2)], {"app": f"{APP}:v1", "web": f"{APP}:v2"}, id="two-images"
        ),
        pytest.param(
            [source(app=V1), source(OTHER_ID, web=V2)],
            {"app": f"{APP}:v1", "web": f"{APP}:v2"},
            id="two-sources",
        ),
        pytest.param(
            [source(app=V1), source(OTHER_ID, app=V2)],
            {"chart/app": f"{APP}:v1", "worker/app": f"{APP}:v2"},
            id="two-sources-with-one-alias",
        ),
        pytest.param([source(app=NOTHING)], {}, id="nothing-chosen"),
        pytest.param(
            [source(app=recorded(REPOSITORY, "v1", DIGEST))],
            {"app": f"{APP}:v1@{DIGEST}"},
            id="digest",
        ),
        pytest.param(
            [source(app=recorded(Repository.parse("nginx"), "v1"))],
            {"app": "nginx:v1"},
            id="as-its-owner-wrote-it",
        ),
    ],
)
def test_what_a_record_asks_for(sources: list[SourceRecord], references: dict[str, str]) -> None:
    asked = wanted_of(*sources)

    assert {image.name: image.reference for image in asked.images} == references
    assert asked.told == Told(asked.decisions, asked.policy, references)


def test_decisions_are_those_in_force() -> None:
    assert wanted_of(source(app=V1, web=NOTHING), source(OTHER_ID, web=V2)).decisions == "d-v1,d-v2"


def test_what_is_held_says_why() -> None:
    assert wanted_of(source(app=V1, web=V2, db=NOTHING)).held == {"web": "v3 cannot be pulled"}


@pytest.mark.parametrize(
    ("changed", "is_same"),
    [
        pytest.param(source(app=V1), True, id="nothing"),
        pytest.param(source(app=V2), True, id="decision"),
        pytest.param(source(parameters={"image-list": "b"}), True, id="parameters-are-in-the-spec"),
        pytest.param(source(annotations={"image-list": "b"}), False, id="annotation"),
        pytest.param(source(annotations={}), True, id="no-annotation"),
        pytest.param(source(OTHER_ID), False, id="source"),
        pytest.param(source(SOURCE_ID._replace(target_revision="v2")), False, id="revision"),
    ],
)
def test_policy_is_what_else_a_render_depends_on(changed: SourceRecord, *, is_same: bool) -> None:
    assert (wanted_of(changed).policy == wanted_of(source()).policy) == is_same


def test_policy_does_not_depend_on_the_order_of_annotations() -> None:
    one = source(annotations={"a": "1", "b": "2"})
    other = source(annotations={"b": "2", "a": "1"})

    assert wanted_of(one).policy == wanted_of(other).policy


def test_without_sources_there_is_no_policy() -> None:
    assert wanted_of() == Wanted((), "", {})


def test_the_lock_of_a_source() -> None:
    digest, both = recorded(REPOSITORY, "", DIGEST), recorded(REPOSITORY, "v1", DIGEST)
    asked = wanted_of(source(app=V1, web=both, db=digest), source(OTHER_ID, app=V2))

    assert asked.lock(SOURCE_ID) == {"app": "v1", "web": f"v1@{DIGEST}"}
    assert asked.lock(OTHER_ID) == {"app": "v2"}
    assert asked.lock(SourceId("https://git.test/y.git")) == {}


@pytest.mark.parametrize(
    ("reference", "images", "is_among"),
    [
        pytest.param(f"{APP}:v1", [f"{APP}:v1"], True, id="tag"),
        pytest.param(f"{APP}:v1", [f"{APP}:v2", f"{APP}:v1"], True, id="one-of-two"),
        pytest.param(f"{APP}:v1", [f"{APP}:v1@{DIGEST}"], True, id="tag-that-somebody-pinned"),
        pytest.param(f"{APP}:v1", [f"{APP}@{DIGEST}"], False, id="digest-alone"),
        pytest.param(f"{APP}:v1", [], False, id="none"),
        pytest.param(f"{APP}:v1@{DIGEST}", [f"{APP}@{DIGEST}"], True, id="digest"),
        pytest.param(f"{APP}:v1@{DIGEST}", [f"{APP}:v1"], False, id="digest-not-pinned"),
        pytest.param(
            f"{APP}:v1@{DIGEST}", [f"{APP}:v1@{OTHER_DIGEST}"], False, id="another-digest"
        ),
    ],
)
def test_is_among(reference: str, images: list[str], *, is_among: bool) -> None:
    found = tuple(Image.parse(text) for text in images)

    assert wanted_image(reference).is_among(found) == is_among


def test_other_images_have_other_decisions() -> None:
    one, other = wanted(f"{APP}:v1", policy="a"), wanted(f"{APP}:v1", policy="b")

    assert one.decisions == other.decisions
    assert one.told != other.told


LISTED = {"image-list": f"app={APP},db=redis"}
METHOD = {"write-back-method": "argocd"}


@pytest.mark.parametrize(
    ("sources", "in_spec"),
    [
        pytest.param([source(annotations=LISTED)], {}, id="live"),
        pytest.param(
            [source(annotations=LISTED | METHOD)],
            {SOURCE_ID: frozenset({"app", "db"})},
            id="annotation",
        ),
        pytest.param(
            [source(annotations=METHOD), source(OTHER_ID, parameters=LISTED)],
            {SOURCE_ID: frozenset(), OTHER_ID: frozenset({"app", "db"})},
            id="one-source-speaks-for-all",
        ),
        pytest.param(
            [source(annotations=LISTED | METHOD, parameters={"write-back-method": "live"})],
            {},
            id="parameter-wins",
        ),
        pytest.param(
            [source(annotations=METHOD, parameters={"image-list": "a=b=c d"})], {}, id="unreadable"
        ),
    ],
)
def test_what_stands_in_the_spec(
    sources: list[SourceRecord], in_spec: dict[SourceId, frozenset[str]]
) -> None:
    assert wanted_of(*sources).in_spec == in_spec
