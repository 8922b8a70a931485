import pytest

from cmp.core.keys import KEYS, PREFIX, is_policy_key, policy_keys, split_alias


def test_only_our_annotations_are_policy_keys_and_lose_their_prefix() -> None:
    annotations = {
        f"{PREFIX}image-list": "a",
        f"{PREFIX}web.allow-tags": "b",
        "argocd.argoproj.io/refresh": "hard",
        f"x-{PREFIX}image-list": "c",
    }

    assert policy_keys(annotations) == {"image-list": "a", "web.allow-tags": "b"}


@pytest.mark.parametrize(
    ("name", "split"),
    [
        pytest.param("web.allow-tags", ("web", "allow-tags"), id="alias"),
        pytest.param("a.b.allow-tags", ("a.b", "allow-tags"), id="alias-with-dot"),
        pytest.param("web.helm.image-tag", ("web", "helm.image-tag"), id="key-with-dot"),
        pytest.param("helm.helm.image-tag", ("helm", "helm.image-tag"), id="alias-like-the-key"),
        pytest.param("helm.image-tag", None, id="no-alias"),
        pytest.param("allow-tags", None, id="application-wide"),
        pytest.param("weballow-tags", None, id="no-dot"),
        pytest.param("web.image-list", None, id="never-of-an-image"),
        pytest.param("web.unknown", None, id="unknown"),
    ],
)
def test_split_alias(name: str, split: tuple[str, str] | None) -> None:
    assert split_alias(name) == split


@pytest.mark.parametrize(
    ("name", "is_key"),
    [
        pytest.param("image-list", True, id="list"),
        pytest.param("allow-tags", True, id="application-wide"),
        pytest.param("web.allow-tags", True, id="per-image"),
        pytest.param("helm.image-tag", False, id="only-per-image"),
        pytest.param("helm.valueFiles", False, id="native-option"),
        pytest.param("web.git-branch", False, id="only-application-wide"),
    ],
)
def test_is_policy_key(name: str, *, is_key: bool) -> None:
    assert is_policy_key(name) is is_key


def test_every_key_stands_somewhere_and_says_what_it_is_for() -> None:
    assert len({key.name for key in KEYS}) == len(KEYS)
    assert all(key.meaning and (key.per_image or key.application_wide) for key in KEYS)
