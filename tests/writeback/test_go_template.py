"""The subset of Go's templates, against what Go itself gives (pkg.go.dev/text/template)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.errors import InvalidInput
from cmp.writeback.go_template import Template

VALUES = {
    "AppName": "guestbook",
    "Empty": "",
    "Images": [{"Name": "a", "Tag": "1", "Labels": {"team": "x"}}, {"Name": "b", "Tag": "2"}],
    "None": [],
}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        pytest.param("plain", "plain", id="text"),
        pytest.param("{{.AppName}}", "guestbook", id="field"),
        pytest.param("{{ .AppName }}!", "guestbook!", id="spaces"),
        pytest.param("{{range .Images}}-{{.Name}}-{{.Tag}}{{end}}", "-a-1-b-2", id="range"),
        pytest.param("{{range .Images}}{{$.AppName}}{{end}}", "guestbookguestbook", id="root"),
        pytest.param("{{range .None}}x{{else}}none{{end}}", "none", id="range-else"),
        pytest.param("{{if .Empty}}x{{else}}y{{end}}", "y", id="if-else"),
        pytest.param("{{if .AppName}}x{{end}}", "x", id="if"),
        pytest.param("a {{- .AppName -}} b", "aguestbookb", id="trimmed"),
        pytest.param("{{range .Images -}}\n{{.Name}}\n{{end -}}\nz", "a\nb\nz", id="trimmed-lines"),
        pytest.param("a{{/* nothing */}}b", "ab", id="comment"),
        pytest.param("a {{- /* nothing */ -}} b", "ab", id="comment-trimmed"),
        pytest.param("}} }", "}} }", id="only-closing"),
    ],
)
def test_renders_as_go_does(text: str, rendered: str) -> None:
    assert Template.parse(text).render(VALUES) == rendered


@pytest.mark.parametrize(
    ("text", "complaint", "marked"),
    [
        pytest.param("{{.Nope}}", "no field .Nope here; there are: .AppName", ".Nope", id="field"),
        pytest.param("{{.AppName.X}}", "no field .X here", ".AppName.X", id="of-text"),
        pytest.param("{{range .AppName}}{{end}}", "range needs a list", ".AppName", id="text"),
        pytest.param("{{.Images}}", "this is a list", ".Images", id="list"),
        pytest.param("{{.AppName", "{{ is not closed", "{", id="open"),
        pytest.param("{{end}}", "{{end}} without", "e", id="end"),
        pytest.param("{{range .Images}}", "{{range}} without {{end}}", "}", id="no-end"),
        pytest.param("{{len .Images}}", "is not supported; use", "l", id="function"),
        pytest.param("{{.AppName | upper}}", "is not supported", ".", id="pipeline"),
        pytest.param("{{if .A}}{{else}}{{else}}{{end}}", "{{else}} after", "i", id="two-elses"),
        pytest.param("{{}}", "is not supported", "}", id="empty"),
    ],
)
def test_says_what_is_wrong_and_where(text: str, complaint: str, marked: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Template.parse(text).render(VALUES)

    assert complaint in caught.value.message
    assert caught.value.mark
    _, start, end = caught.value.mark
    assert text[start:end] == marked


@given(st.text(alphabet="{}-./*$ aend\nrgifls", max_size=40))
def test_every_text_is_rendered_or_refused(text: str) -> None:
    try:
        Template.parse(text).render(VALUES)
    except InvalidInput as error:
        assert error.message  # noqa: PT017 - the only way out


@given(st.text(max_size=40).filter(lambda text: "{{" not in text))
def test_text_without_actions_is_itself(text: str) -> None:
    assert Template.parse(text).render({}) == text
