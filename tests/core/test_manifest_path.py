import pytest

from cmp.core.image_list import read_image_list
from cmp.core.manifest_path import ManifestPath, parse_manifest_paths
from cmp.errors import InvalidPolicy


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param(
            "x.test/Widget:/spec/image", ("x.test", "Widget", ("spec", "image")), id="group"
        ),
        pytest.param("/Pod:/a", ("", "Pod", ("a",)), id="core-group"),
        pytest.param("Pod:/a", ("", "Pod", ("a",)), id="core-group-without-slash"),
        pytest.param("a/B:/x~1y/z~0/~01", ("a", "B", ("x/y", "z~", "~1")), id="escaped"),
        pytest.param("a/B:/*/0/", ("a", "B", ("*", "0", "")), id="items-and-empty-name"),
        pytest.param("a/B:/c:d", ("a", "B", ("c:d",)), id="colon"),
    ],
)
def test_a_path(text: str, path: tuple[str, str, tuple[str, ...]]) -> None:
    parsed = ManifestPath.parse(text)

    assert parsed == path
    assert ManifestPath.parse(str(parsed)) == parsed


def test_several() -> None:
    assert [str(p) for p in parse_manifest_paths(" a/B:/c ,, D:/e")] == ["a/B:/c", "/D:/e"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param(
            "a/B", "'a/B' has no pointer; write <group>/<kind>:<JSON pointer>", id="no-pointer"
        ),
        pytest.param("a/B:c", "'c' is no pointer to a field; begin it with /", id="no-slash"),
        pytest.param("a/B:", "'' is no pointer to a field", id="empty"),
        pytest.param("a/B:/", "'/' is no pointer to a field", id="root"),
        pytest.param("a/B:/c~2", "'/c~2': a ~ is written ~0", id="escape"),
        pytest.param("a/B:/c~", "'/c~': a ~ is written ~0", id="escape-at-the-end"),
        pytest.param(
            "a.b/v1alpha1/B:/c", "names a version; write a.b/B: any version", id="version"
        ),
        pytest.param("/v1/B:/c", "names a version; write /B: any version", id="core-version"),
        pytest.param("a b/C:/d", "'a b/C' is no group and kind", id="group"),
        pytest.param("a/:/d", "'a/' is no group and kind", id="no-kind"),
        pytest.param(":/d", "'' is no group and kind", id="nothing"),
    ],
)
def test_what_is_no_path(text: str, complaint: str) -> None:
    with pytest.raises(InvalidPolicy) as error:
        read_image_list({"image-list": "app=x/y", "app.manifest-path": text})

    assert error.value.where == "image app: manifest-path"
    assert complaint in error.value.message


def test_a_path_is_no_policy() -> None:
    with_path, without = (
        read_image_list({"image-list": "app=x/y", **keys}).images[0]
        for keys in ({"app.manifest-path": "a/B:/c"}, {})
    )

    assert with_path.policy.fingerprint() == without.policy.fingerprint()
    assert with_path.target.manifest_paths
