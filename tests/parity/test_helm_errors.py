"""What Argo CD refuses we refuse, in one sentence that says as much and can be read."""

import pytest

from tests.parity.helm_errors import ERRORS, Error
from tests.parity.helm_exceptions import EXCEPTIONS
from tests.parity.helm_skeleton import files_of, source
from tests.parity.refusals import sentence
from tests.support.cli import PROJECT
from tests.support.judge import Judge
from tests.support.repo_server import Generated, Refused

pytestmark = pytest.mark.e2e


def _both(judge: Judge, error: Error) -> tuple[Generated | Refused, Generated | Refused]:
    asked = source(error.files)
    url = judge.repository(asked)
    return (
        judge.natively(asked, url, error.options),
        judge.through_us(asked, url, error.options),
    )


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_both_refuse(error: Error, judge: Judge) -> None:
    native, ours = _both(judge, error)

    assert isinstance(native, Refused)
    assert error.native in str(native)
    assert sentence(ours) == error.ours


@pytest.mark.parametrize("error", EXCEPTIONS.values(), ids=EXCEPTIONS)
def test_only_we_refuse(error: Error, judge: Judge) -> None:
    native, ours = _both(judge, error)

    assert isinstance(native, Generated)
    assert sentence(ours, status=2) == error.ours


def test_all_that_only_we_refuse_is_told() -> None:
    text = (PROJECT / "docs" / "compatibility.md").read_text()
    _, _, section = text.partition("## Charts that Argo CD renders and we refuse\n")

    assert [name for name in EXCEPTIONS if f"| {name} |" not in section] == []


@pytest.mark.parametrize("options", [{"valuesObject": {"text": "a\x7fb"}}], ids=["DEL"])
def test_values_that_argo_cd_loses_are_not_rendered_without_them(
    options: dict[str, object], judge: Judge
) -> None:
    native, ours = _both(judge, Error(options, "", ""))

    assert isinstance(native, Generated)
    assert '"values":"{}"' in native.manifests[0]
    assert isinstance(ours, Refused)
    assert str(ours).endswith("control characters are not allowed")


@pytest.mark.parametrize("name", [".argocd-source.yaml", ".argocd-source-guestbook.yaml"])
def test_options_in_a_file_of_argo_cds_are_refused_by_it(name: str, judge: Judge) -> None:
    files = {**files_of(), f"app/{name}": "helm: {releaseName: another}\n"}

    native, ours = _both(judge, Error({}, "", "", files))

    assert isinstance(native, Generated)
    assert isinstance(ours, Refused)
    assert str(ours).endswith("multiple application sources defined: Helm,Plugin")
