import pytest

from cmp.core.record import SourceId, without_credentials


@pytest.mark.parametrize(
    ("url", "without"),
    [
        pytest.param("https://git.test/r.git", "https://git.test/r.git", id="none"),
        pytest.param("https://me@git.test/r", "https://git.test/r", id="user"),
        pytest.param("https://me:p@ss@git.test:8443/r", "https://git.test:8443/r", id="password"),
        pytest.param("https://git.test/a@b", "https://git.test/a@b", id="at-in-path"),
        pytest.param("https://me:x@git.test", "https://git.test", id="no-path"),
        pytest.param("ssh://git@git.test/r", "ssh://git.test/r", id="ssh"),
        pytest.param("git@git.test:team/r", "git@git.test:team/r", id="scp-form-holds-no-secret"),
        pytest.param("", "", id="empty"),
    ],
)
def test_without_credentials(url: str, without: str) -> None:
    assert without_credentials(url) == without


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(SourceId("r", "p", "c", "main"), True, id="itself"),
        pytest.param(SourceId("r", "p", "c", "v2"), True, id="another-revision"),
        pytest.param(SourceId("x", "p", "c", "main"), False, id="another-repository"),
        pytest.param(SourceId("r", "x", "c", "main"), False, id="another-path"),
        pytest.param(SourceId("r", "p", "x", "main"), False, id="another-chart"),
        pytest.param(SourceId("r", "p", "", "main"), True, id="chart-not-told"),
    ],
)
def test_same_place(other: SourceId, *, same: bool) -> None:
    assert SourceId("r", "p", "c", "main").same_place(other) is same


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param(
            SourceId("https://git.test/r"), "https://git.test/r path . at HEAD", id="repo"
        ),
        pytest.param(
            SourceId("https://git.test/r", path="helm", target_revision="main"),
            "https://git.test/r path helm at main",
            id="path",
        ),
        pytest.param(
            SourceId("https://charts.test", chart="redis", target_revision="1.2.3"),
            "https://charts.test chart redis at 1.2.3",
            id="chart",
        ),
    ],
)
def test_a_source_is_named_for_people(source: SourceId, text: str) -> None:
    assert str(source) == text
