import pytest

from cmp.core.image_list import read_image_list
from cmp.core.injection import Choice, helm_parameters, kustomize_image
from tests.support.values import DIGEST


def _choice(image: str, keys: dict[str, str], tag: str, digest: str) -> Choice:
    own = {f"web.{name}": value for name, value in keys.items()}
    (managed,) = read_image_list({"image-list": f"web={image}", **own}).images
    return Choice(managed, tag, digest)


@pytest.mark.parametrize(
    ("image", "keys", "tag", "digest", "parameters"),
    [
        pytest.param(
            "nginx:^1",
            {},
            "1.2",
            "",
            {"image.name": "nginx", "image.tag": "1.2"},
            id="default-names",
        ),
        pytest.param(
            "docker.io/library/nginx",
            {"helm.image-name": "web.repo", "helm.image-tag": "web.tag"},
            "1.2",
            "",
            {"web.repo": "docker.io/library/nginx", "web.tag": "1.2"},
            id="as-the-owner-spelt-it",
        ),
        pytest.param(
            "a.io/b",
            {"helm.image-tag": "web.tag"},
            "latest",
            DIGEST,
            {"image.name": "a.io/b", "web.tag": f"latest@{DIGEST}"},
            id="tag-and-digest",
        ),
        pytest.param(
            "a.io/b",
            {"helm.image-spec": "web.image", "helm.image-name": "n", "helm.image-tag": "t"},
            "1.2",
            "",
            {"web.image": "a.io/b:1.2"},
            id="spec-wins",
        ),
        pytest.param(
            "a.io/b",
            {"helm.image-spec": "web.image"},
            "1.2",
            DIGEST,
            {"web.image": f"a.io/b:1.2@{DIGEST}"},
            id="spec-with-digest",
        ),
        pytest.param(
            "a.io/b",
            {"digest": "digest-only"},
            "1.2",
            DIGEST,
            {"image.name": "a.io/b@sha256", "image.tag": "1" * 64},
            id="digest-only-in-a-chart-that-writes-name-colon-tag",
        ),
        pytest.param(
            "reg:5000/b",
            {"digest": "digest-only", "helm.image-name": "n", "helm.image-tag": "t"},
            "1.2",
            DIGEST,
            {"n": "reg:5000/b@sha256", "t": "1" * 64},
            id="digest-only-with-a-port",
        ),
        pytest.param(
            "a.io/b",
            {"digest": "digest-only", "helm.image-spec": "web.image"},
            "1.2",
            DIGEST,
            {"web.image": f"a.io/b@{DIGEST}"},
            id="spec-digest-only",
        ),
        pytest.param(
            "a.io/b",
            {"digest": "digest-only"},
            "1.2",
            "",
            {"image.name": "a.io/b", "image.tag": "1.2"},
            id="digest-only-and-none-is-known",
        ),
    ],
)
def test_helm_parameters(
    image: str, keys: dict[str, str], tag: str, digest: str, parameters: dict[str, str]
) -> None:
    assert helm_parameters(_choice(image, keys, tag, digest)) == tuple(parameters.items())


@pytest.mark.parametrize(
    ("image", "keys", "tag", "digest", "argument"),
    [
        pytest.param("nginx:^1", {}, "1.2", "", "nginx=*:1.2", id="keeps-new-name"),
        pytest.param("a.io/b", {}, "1", DIGEST, f"a.io/b=*:1@{DIGEST}", id="tag-and-digest"),
        pytest.param("reg:5000/b", {}, "1", "", "reg:5000/b=*:1", id="port"),
        pytest.param(
            "a.io/b", {"kustomize.image-name": "b"}, "1", "", "b=a.io/b:1", id="other-name"
        ),
        pytest.param(
            "a.io/b", {"digest": "digest-only"}, "1", DIGEST, f"a.io/b=*@{DIGEST}", id="digest-only"
        ),
        pytest.param(
            "a.io/b",
            {"digest": "digest-only", "kustomize.image-name": "b"},
            "1",
            DIGEST,
            f"b=a.io/b@{DIGEST}",
            id="digest-only-with-another-name",
        ),
        pytest.param(
            "a.io/b", {"digest": "digest-only"}, "1", "", "a.io/b=*:1", id="digest-only-unknown"
        ),
        pytest.param(
            "a.io/b", {"kustomize.image-name": "a.io/b"}, "1", "", "a.io/b=*:1", id="same-name"
        ),
    ],
)
def test_kustomize_image(
    image: str, keys: dict[str, str], tag: str, digest: str, argument: str
) -> None:
    assert kustomize_image(_choice(image, keys, tag, digest)) == argument
