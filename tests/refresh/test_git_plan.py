"""What is to be written to Git of an Application: files, branches, and what was there before."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cmp.core.image import Repository
from cmp.core.lock import Locked
from cmp.core.people import PERSON, PIN, Instruction
from cmp.core.record import ApplicationRecord, Recorded, SourceId, SourceRecord
from cmp.errors import InvalidPolicy
from cmp.refresh.git_edits import Found
from cmp.refresh.git_plan import GitWish, Known, Spot, git_wishes
from cmp.refresh.observed import Observed
from cmp.refresh.wanted import Told, Wanted, wanted_by
from cmp.writeback.git_branch import Branches
from tests.refresh.manifests import APP, NOW, SOURCE, SOURCE_ID, observed, recorded

REPOSITORY = Repository.parse(APP)
KEYS = {"image-list": f"app={APP}", "write-back-method": "git"}
FILE = "chart/.image-lock-guestbook.yaml"
EMPTY: dict[str, bytes] = {}
V1 = b"schema: 1\nimages:\n  app: v1\n"
V2 = b"schema: 1\nimages:\n  app: v2\n"


def asked(
    tag: str = "v2",
    keys: Mapping[str, str] | None = None,
    source: SourceId = SOURCE_ID,
    told: Instruction | None = None,
) -> Wanted:
    decisions = {"app": recorded(REPOSITORY, tag)}
    instructions = {"app": told} if told else {}
    own = SourceRecord(source, {**KEYS, **(keys or {})}, {}, decisions, instructions)
    return wanted_by(ApplicationRecord("guestbook", "argocd/guestbook", (own,)))


def known(*written: str, past: tuple[Recorded, ...] = ()) -> Known:
    """Return what is known where these decisions were written."""
    told = Told(",".join(written), "p", {"app": f"{APP}:v1"}) if written else None
    return Known(told, {"app": past}, "guestbook")


def app(source: Mapping[str, Any] | None = None, **more: Any) -> Observed:
    return observed(spec={"source": {**SOURCE, **(source or {})}}, **more)


def the_wish(app: Observed, wanted: Wanted, known: Known) -> GitWish:
    (wish,) = git_wishes(app, wanted, known)
    return wish


def test_a_new_decision() -> None:
    wish = the_wish(app(), asked(), known("d-v1"))

    assert wish.spot == Spot(SOURCE_ID.repo_url, Branches(""))
    assert wish.is_new
    assert [(one.before, one.after) for one in wish.images] == [(f"{APP}:v1", f"{APP}:v2")]
    assert [(c.image, c.old, c.new) for c in wish.update.changes] == [("app", "v1", "v2")]
    assert dict(wish.edit({FILE: V1}.get)) == {FILE: V2}
    assert wish.edit.found == Found()


def test_the_first_file_of_an_application() -> None:
    wish = the_wish(app(), asked(), known())

    assert wish.edit(EMPTY.get)[FILE] == (
        b"# Written by argocd-image-cmp. The images of application guestbook; edit or revert to "
        b"change them.\n" + V2
    )
    assert wish.edit.found == Found()


@pytest.mark.parametrize(
    ("content", "written", "found"),
    [
        pytest.param(V2, V2, Found(), id="as-it-was-written"),
        pytest.param(V1, V1, Found({"app": Locked("v1", "")}, files=(FILE,)), id="a-revert-stays"),
        pytest.param(
            b"schema: 1\nimages: {app: v7}  # mine\n",
            b"schema: 1\nimages: {app: v7}  # mine\n",
            Found({"app": Locked("v7", "")}, files=(FILE,)),
            id="what-a-person-wrote-stays",
        ),
        pytest.param(
            b"schema: 1\nimages:\n  other: x\n",
            b"schema: 1\nimages:\n  other: x\n  app: v2\n",
            Found(gone=("app",), files=(FILE,)),
            id="an-alias-that-is-gone",
        ),
    ],
)
def test_what_was_written_before(content: bytes, written: bytes, found: Found) -> None:
    wish = the_wish(app(), asked(), known("d-v2"))

    assert not wish.is_new
    assert wish.edit({FILE: content}.get)[FILE] == written
    assert wish.edit.found == found


def test_a_file_that_is_gone_is_written_again() -> None:
    wish = the_wish(app(), asked(), known("d-v2"))

    assert (wish.edit(EMPTY.get)[FILE] or b"").endswith(V2)
    assert wish.edit.found == Found(gone=("app",), files=(FILE,))


def test_a_pin_goes_before_what_another_wrote() -> None:
    pin = Instruction(PIN, "ops", NOW, "v2")

    wish = the_wish(app(), asked(told=pin), known("d-v2"))

    assert wish.edit({FILE: V1}.get)[FILE] == V2
    assert wish.edit.found == Found()


@pytest.mark.parametrize(
    ("wanted", "past", "is_said"),
    [
        pytest.param(asked(), (recorded(REPOSITORY, "v1"),), False, id="chosen"),
        pytest.param(asked(told=Instruction(PIN, "ops", NOW, "v2")), (), True, id="pinned"),
        pytest.param(
            asked(),
            (recorded(REPOSITORY, "v2"), recorded(REPOSITORY, "v1")._replace(by=PERSON)),
            True,
            id="released",
        ),
    ],
)
def test_what_a_person_said_just_now(
    wanted: Wanted, past: tuple[Recorded, ...], *, is_said: bool
) -> None:
    assert the_wish(app(), wanted, known("d-v1", past=past)).is_said is is_said
    assert not the_wish(app(), wanted, known("d-v2", past=past)).is_said


PARAMETERS = (
    "helm:\n  parameters:\n  - name: image.name\n    value: registry.test/app\n"
    "    forcestring: true\n  - name: image.tag\n    value: {}\n    forcestring: true\n"
)


def native(kind: str = "Helm") -> Observed:
    made = app()
    (source,) = made.application.sources
    sources = (replace(source, plugin=None, kind=kind),)
    return replace(made, application=replace(made.application, sources=sources))


def test_a_native_application_has_argo_cds_own_file() -> None:
    file = "chart/.argocd-source-guestbook.yaml"
    wish = the_wish(native(), asked(), known())

    assert (wish.edit(EMPTY.get)[file] or b"").decode() == PARAMETERS.format("v2")


def test_a_revert_in_argo_cds_own_file_is_known_by_what_was_chosen_before() -> None:
    file = "chart/.argocd-source-guestbook.yaml"
    content = PARAMETERS.format("v1").encode()
    past = (recorded(REPOSITORY, "v2"), recorded(REPOSITORY, "v1"))
    wish = the_wish(native(), asked(), known("d-v2", past=past))

    assert wish.edit({file: content}.get)[file] == content
    assert wish.edit.found == Found({"app": Locked("v1", "")}, files=(file,))


def test_of_a_source_that_argo_cd_has_not_looked_at_nothing_is_written() -> None:
    assert git_wishes(native(""), asked(), known()) == ()


@pytest.mark.parametrize(
    ("source", "keys", "url", "branches"),
    [
        pytest.param({}, {}, SOURCE["repoURL"], Branches(""), id="what-the-remote-says"),
        pytest.param({"targetRevision": "HEAD"}, {}, SOURCE["repoURL"], Branches(""), id="head"),
        pytest.param(
            {"targetRevision": "prod"}, {}, SOURCE["repoURL"], Branches("prod"), id="revision"
        ),
        pytest.param(
            {"repoURL": "ssh://git@git.test:2222/x.git", "targetRevision": "prod"},
            {},
            "ssh://git@git.test:2222/x.git",
            Branches("prod"),
            id="whom-ssh-logs-in-as",
        ),
        pytest.param(
            {"targetRevision": "prod"},
            {"git-branch": "main"},
            SOURCE["repoURL"],
            Branches("main"),
            id="key",
        ),
        pytest.param(
            {"targetRevision": "prod"},
            {"git-repository": "https://git.test/y.git"},
            "https://git.test/y.git",
            Branches(""),
            id="another-repository-has-another-branch",
        ),
        pytest.param(
            {"targetRevision": "prod"},
            {"git-repository": "https://git.test/X"},
            "https://git.test/X",
            Branches("prod"),
            id="the-same-repository-spelt-otherwise",
        ),
    ],
)
def test_where(
    source: Mapping[str, str], keys: Mapping[str, str], url: str, branches: Branches
) -> None:
    observed_app = app(source)
    own = observed_app.application.sources[0].id

    wish = the_wish(observed_app, asked(keys=keys, source=own), known())

    assert wish.spot == Spot(url, branches)


@pytest.mark.parametrize(
    ("source", "keys", "complaint"),
    [
        pytest.param(
            {"targetRevision": "a" * 40},
            {},
            "git-branch: its target revision is the commit aaaaaaaaaaaa, which stays as it is; "
            "name a branch in git-branch",
            id="commit",
        ),
        pytest.param(
            {"path": "", "chart": "redis"},
            {},
            "git-repository: the chart redis lies in no Git repository; name one in "
            "git-repository and the values file in write-back-target",
            id="chart",
        ),
        pytest.param(
            {},
            {"git-branch": "a b"},
            "git-branch: not the name of a branch: 'a b'; write one as main or updates/app-1.2",
            id="branch",
        ),
    ],
)
def test_what_its_owner_has_to_change(
    source: Mapping[str, str], keys: Mapping[str, str], complaint: str
) -> None:
    observed_app = app(source)
    own = observed_app.application.sources[0].id

    with pytest.raises(InvalidPolicy) as caught:
        git_wishes(observed_app, asked(keys=keys, source=own), known())

    assert str(caught.value) == complaint


@pytest.mark.parametrize("url", ["https://git.test/x.git", "https://git.test/X"])
def test_sources_of_one_repository_are_one_wish(url: str) -> None:
    other = {**SOURCE, "repoURL": url, "path": "worker"}
    both = observed(spec={"source": None, "sources": [SOURCE, other]})
    records = tuple(
        SourceRecord(source.id, KEYS, {}, {"app": recorded(REPOSITORY, "v2")})
        for source in both.application.sources
    )
    wanted = wanted_by(ApplicationRecord("guestbook", "argocd/guestbook", records))

    wish = the_wish(both, wanted, known())

    assert sorted(wish.edit(EMPTY.get)) == [FILE, "worker/.image-lock-guestbook.yaml"]
