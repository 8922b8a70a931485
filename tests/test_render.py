"""What render does with what it finds: the table of design §3, and a person's checkout."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cli import cmp
from tests.support.guestbook import REPO_URL, Guestbook, images
from tests.support.registry import RegistryServer
from tests.support.values import DIGEST

pytestmark = pytest.mark.tools

TARGETS = {
    "guestbook.helm.image-name": "frontend.image.repository",
    "guestbook.helm.image-tag": "frontend.image.tag",
}


@pytest.fixture
def guestbook(tmp_path: Path, registry: RegistryServer, helm: Path, kustomize: Path) -> Guestbook:
    return Guestbook.create(tmp_path, registry)


@pytest.fixture
def indexed(guestbook: Guestbook) -> Guestbook:
    """v1 to v4 are pushed, and one pass was made for the Application guestbook."""
    guestbook.push("v1", "v2", "v3", "v4")
    guestbook.application({"image-list": f"guestbook={guestbook.image}", **TARGETS})
    guestbook.refresh()
    return guestbook


def policy(guestbook: Guestbook, **more: str) -> list[dict[str, Any]]:
    """Return the policy as plugin parameters."""
    keys = {"image-list": f"guestbook={guestbook.image}", **TARGETS}
    keys |= {f"guestbook.{key.replace('_', '-')}": value for key, value in more.items()}
    return [{"name": name, "string": value} for name, value in keys.items()]


def test_an_unknown_application_gets_gits_images_and_a_line(indexed: Guestbook) -> None:
    done = indexed.generate(name="another")

    assert done.returncode == 0
    assert done.stdout == indexed.native(name="another")
    assert done.stderr == (
        "note: application another: neither its parameters nor the index have an image-list "
        "for it, so its images are Git's\n"
    )


def test_an_unknown_application_with_its_policy_in_parameters_gets_the_choice(
    indexed: Guestbook,
) -> None:
    done = indexed.generate(name="another", parameters=policy(indexed, allow_tags="regexp:^v[12]"))

    assert (done.returncode, done.stderr) == (0, "")
    assert images(done.stdout)["frontend"] == f"{indexed.image}:v2"


def test_a_parameter_wins_over_the_annotation_of_the_same_key(indexed: Guestbook) -> None:
    override = [{"name": "guestbook.allow-tags", "string": "regexp:^v3$"}]

    assert images(indexed.generate().stdout)["frontend"] == f"{indexed.image}:v4"
    assert images(indexed.generate(parameters=override).stdout)["frontend"] == f"{indexed.image}:v3"


def test_a_repository_not_indexed_yet_gets_gits_image_and_a_line(indexed: Guestbook) -> None:
    parameters = [{"name": "image-list", "string": f"redis={indexed.redis}"}]

    done = indexed.generate(name="another", parameters=parameters)

    assert done.returncode == 0
    assert done.stdout == indexed.native(name="another")
    assert (
        done.stderr == f"note: image redis: {indexed.redis} is not in the index yet; it is Git's\n"
    )


def test_the_recorded_decision_is_used_as_it_is(indexed: Guestbook) -> None:
    file = indexed.index / "applications" / "guestbook.json"
    file.write_text(file.read_text().replace('"tag": "v4"', '"tag": "v2"'))

    assert images(indexed.generate().stdout)["frontend"] == f"{indexed.image}:v2"


def test_a_policy_no_tag_satisfies_keeps_what_was_chosen(indexed: Guestbook) -> None:
    override = [{"name": "guestbook.allow-tags", "string": "regexp:^v9$"}]

    done = indexed.generate(parameters=override)

    assert images(done.stdout)["frontend"] == f"{indexed.image}:v4"
    assert "image guestbook: v4 is held: none of 4 tags qualifies" in done.stderr


def test_no_tag_and_nothing_chosen_before_is_gits_image(indexed: Guestbook) -> None:
    done = indexed.generate(name="another", parameters=policy(indexed, allow_tags="regexp:^v9$"))

    assert done.returncode == 0
    assert images(done.stdout)["frontend"] == f"{indexed.image}:v1"
    assert "image guestbook: none of 4 tags qualifies; it is Git's" in done.stderr


def test_an_index_that_never_was_is_an_error(guestbook: Guestbook) -> None:
    done = guestbook.generate()

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: index {guestbook.index_url}: cannot be used: nothing was ever published there; "
        "wait for the refresher's first full pass, or run `refresh --once`\n"
    )


def test_an_incomplete_index_is_an_error(indexed: Guestbook) -> None:
    manifest = indexed.index / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "complete": False}))

    done = indexed.generate()

    assert (done.returncode, done.stdout) == (1, "")
    assert "it is not complete" in done.stderr


def test_a_stale_index_is_used_and_its_age_said(indexed: Guestbook) -> None:
    manifest = indexed.index / "manifest.json"
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**content, "time": "2020-01-01T00:00:00Z"}))

    done = indexed.generate()

    assert images(done.stdout)["frontend"] == f"{indexed.image}:v4"
    assert "days old; is the refresher running?" in done.stderr


@pytest.mark.parametrize("document", ["manifest.json", "applications/guestbook.json"])
@pytest.mark.parametrize("length", [0, 1, 40, -3])
def test_a_truncated_document_is_an_error_that_names_it(
    indexed: Guestbook, document: str, length: int
) -> None:
    file = indexed.index / document
    file.write_bytes(file.read_bytes()[:length])

    done = indexed.generate()

    assert (done.returncode, done.stdout) == (1, "")
    assert str(file) in done.stderr
    assert "not a whole document of ours" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_truncated_snapshot_is_an_error_when_it_is_needed(indexed: Guestbook) -> None:
    (file,) = (indexed.index / "repositories").iterdir()
    file.write_bytes(file.read_bytes()[:-20])

    done = indexed.generate(name="another", parameters=policy(indexed))

    assert (done.returncode, done.stdout) == (1, "")
    assert str(file) in done.stderr


def test_the_registry_may_be_gone(tmp_path: Path, registry_binary: Path, helm: Path) -> None:
    storage = tmp_path / "registry"
    storage.mkdir()
    with RegistryServer(binary=registry_binary, root=storage) as server:
        guestbook = Guestbook.create(tmp_path, server)
        guestbook.push("v1", "v4")
        guestbook.application({"image-list": f"guestbook={guestbook.image}", **TARGETS})
        guestbook.refresh()
        server.stop()

        rendered = guestbook.generate()
        log = guestbook.refresh(status=1)
        again = guestbook.generate()

    assert images(rendered.stdout)["frontend"] == f"{guestbook.image}:v4"
    assert again.stdout == rendered.stdout
    assert "no answer" in log


def test_two_sources_that_cannot_be_told_apart_are_named(indexed: Guestbook) -> None:
    file = indexed.index / "applications" / "guestbook.json"
    record = json.loads(file.read_text())
    file.write_text(json.dumps({**record, "sources": record["sources"] * 2}))

    done = indexed.generate()

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count(f"{REPO_URL} path helm at main") == 2


def test_a_person_gives_the_manifest_and_the_checkout_stays_as_it_is(
    indexed: Guestbook,
) -> None:
    file = indexed.application(
        {"image-list": indexed.image}, path="kustomize", name="guestbook-kustomize"
    )
    indexed.refresh()
    before = _tree(indexed.repository)

    done = cmp(
        *("render", "--application", str(file), "--index", indexed.index_url),
        cwd=indexed.repository,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert images(done.stdout)["frontend"] == f"{indexed.image}:v4"
    assert _tree(indexed.repository) == before


def test_diff_shows_the_image_and_nothing_else(indexed: Guestbook) -> None:
    file = indexed.root / "applications" / "guestbook.yaml"

    done = cmp(
        *("render", str(indexed.repository / "helm"), "--application", str(file)),
        *("--index", indexed.index_url, "--diff"),
        cwd=indexed.root,
    )

    changed = [line for line in done.stdout.splitlines()[2:] if line[0] in "+-"]
    assert changed == [
        f'-          image: "{indexed.image}:v1"',
        f'+          image: "{indexed.image}:v4"',
    ]


def test_a_native_application_is_read_as_its_owner_has_it(indexed: Guestbook) -> None:
    file = indexed.root / "applications" / "guestbook.yaml"
    manifest = yaml.safe_load(file.read_text())
    source = manifest["spec"]["source"]
    source["helm"] = {"valueFiles": ["values.yaml"], "releaseName": "renamed"}
    del source["plugin"]
    file.write_text(yaml.safe_dump(manifest))

    done = cmp(
        *("render", "--application", str(file), "--index", indexed.index_url),
        cwd=indexed.repository,
    )

    assert images(done.stdout)["frontend"] == f"{indexed.image}:v4"
    assert "release: renamed" in done.stdout


@pytest.mark.parametrize(
    ("content", "allow_empty", "status"),
    [
        pytest.param("", "", 2, id="nothing"),
        pytest.param("# only a comment\n---\n", "", 2, id="comment"),
        pytest.param("null\n", "", 2, id="null"),
        pytest.param("null # nothing\n", "", 2, id="null-and-comment"),
        pytest.param("apiVersion: v1\nkind: List\nitems: []\n", "", 2, id="empty-list"),
        pytest.param("{apiVersion: v1, kind: List, items: [null, {}]}\n", "", 2, id="flow"),
        pytest.param("kind: List\nitems: [{apiVersion: v1, kind: ConfigMap}]\n", "", 0, id="list"),
        pytest.param('"kind": ConfigMap\n', "", 0, id="quoted-kind"),
        pytest.param("", "false", 2, id="forbidden"),
        pytest.param("", "true", 0, id="allowed"),
        pytest.param("", "maybe", 2, id="neither"),
    ],
)
def test_nothing_rendered_is_an_error_unless_allowed(
    indexed: Guestbook, content: str, allow_empty: str, status: int
) -> None:
    for template in (indexed.repository / "helm" / "templates").iterdir():
        template.write_text(content)
    parameters = [{"name": "allow-empty", "string": allow_empty}]

    done = indexed.generate(parameters=parameters)

    assert done.returncode == status
    assert bool(done.stderr) is bool(status)


def test_the_release_is_called_as_argo_cd_calls_it(indexed: Guestbook) -> None:
    """Outside the control plane's namespace the instance is ``<namespace>_<name>``."""
    done = indexed.generate(name="team-a_guestbook")

    assert "release: guestbook\n" in done.stdout


def test_a_changed_revision_keeps_what_was_chosen(indexed: Guestbook) -> None:
    """Argo CD renders the new revision at once, the refresher records it seconds later."""
    done = indexed.generate(ARGOCD_APP_SOURCE_TARGET_REVISION="release-2")

    assert images(done.stdout)["frontend"] == f"{indexed.image}:v4"


def test_a_source_that_is_not_recorded_yet_is_worth_another_try(indexed: Guestbook) -> None:
    """Git's images could be a step back from what runs."""
    done = indexed.generate(path="kustomize")

    assert (done.returncode, done.stdout) == (1, "")
    assert f"is recorded with {REPO_URL} path helm at main, and not with" in done.stderr
    assert "wait for the refresher" in done.stderr


def test_a_renamed_alias_is_the_same_image(indexed: Guestbook) -> None:
    """Although v4 is gone, and the refresher has not seen the new alias yet."""
    (file,) = (indexed.index / "repositories").iterdir()
    snapshot = json.loads(file.read_text())
    del snapshot["tags"]["v4"]
    file.write_text(json.dumps(snapshot))
    parameters = [
        {"name": name.replace("guestbook.", "web."), "string": value}
        for name, value in TARGETS.items()
    ]
    parameters.append({"name": "image-list", "string": f"web={indexed.image}"})

    done = indexed.generate(parameters=parameters)

    assert images(done.stdout)["frontend"] == f"{indexed.image}:v4"


@pytest.mark.parametrize(
    ("lock", "image"),
    [
        pytest.param("v2", ":v2", id="tag"),
        pytest.param(f"v2@{DIGEST}", f":v2@{DIGEST}", id="tag-and-digest"),
    ],
)
def test_a_lock_is_before_all_else(indexed: Guestbook, lock: str, image: str) -> None:
    parameters = [{"name": "image-lock", "map": {"guestbook": lock}}]

    done = indexed.generate(parameters=parameters)

    assert (done.returncode, done.stderr) == (0, "")
    assert images(done.stdout)["frontend"] == f"{indexed.image}{image}"


@pytest.mark.parametrize(
    ("parameter", "complaint"),
    [
        pytest.param({"map": {"guestbook": "v 2"}}, "image-lock: guestbook: not a tag", id="tag"),
        pytest.param({"map": {"guestbook": "@v2"}}, "not a digest: 'v2'", id="digest"),
        pytest.param({"string": "v2"}, "parameter image-lock: give it as map", id="string"),
    ],
)
def test_a_lock_that_cannot_be_read(
    indexed: Guestbook, parameter: dict[str, Any], complaint: str
) -> None:
    done = indexed.generate(parameters=[{"name": "image-lock", **parameter}])

    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr


def test_a_lock_for_nobody_is_said(indexed: Guestbook) -> None:
    done = indexed.generate(parameters=[{"name": "image-lock", "map": {"guestbok": "v2"}}])

    assert done.returncode == 0
    assert done.stderr == (
        "note: image-lock: no image is called 'guestbok'; did you mean 'guestbook'?\n"
    )
    assert images(done.stdout)["frontend"] == f"{indexed.image}:v4"


def test_what_is_held_is_said(indexed: Guestbook) -> None:
    file = indexed.index / "applications" / "guestbook.json"
    file.write_text(file.read_text().replace('"held": ""', '"held": "v5 cannot be pulled"'))

    done = indexed.generate()

    assert images(done.stdout)["frontend"] == f"{indexed.image}:v4"
    assert done.stderr == "note: image guestbook: v4 is held: v5 cannot be pulled\n"


@pytest.mark.parametrize("path", ["", "helm/templates"])
def test_a_person_in_the_wrong_folder_is_told(indexed: Guestbook, path: str) -> None:
    file = indexed.root / "applications" / "guestbook.yaml"
    cwd = indexed.repository / path if path else indexed.root

    done = cmp("render", "--application", str(file), "--index", indexed.index_url, cwd=cwd)

    assert (done.returncode, done.stdout) == (2, "")
    assert "render DIR --application FILE" in done.stderr


def test_a_manifest_does_not_lead_out_of_the_repository(indexed: Guestbook) -> None:
    file = indexed.application({"image-list": indexed.image}, path="../other", name="out")

    done = cmp(
        *("render", "--application", str(file), "--index", indexed.index_url),
        cwd=indexed.repository,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert "'../other' leads out of the repository" in done.stderr


def test_an_owner_who_removes_the_policy_gets_gits_images_back(indexed: Guestbook) -> None:
    indexed.application({})
    indexed.refresh()

    done = indexed.generate()

    assert done.stdout == indexed.native()
    assert "neither its parameters nor the index have an image-list" in done.stderr


def _tree(root: Path) -> dict[str, tuple[bytes, float]]:
    return {
        str(path.relative_to(root)): (path.read_bytes(), os.stat(path).st_mtime)
        for path in root.rglob("*")
        if path.is_file()
    }
