"""ImageUpdater resources as policy of the Applications that they select.

Rules: argocd-image-updater 1.x, FilterApplicationsForUpdate; what its own tests say of weights is
run by tests/core/test_cases.py.
"""

from pathlib import Path

import pytest

from cmp.__main__ import main

_UPDATER = """\
apiVersion: argocd-image-updater.argoproj.io/v1alpha1
kind: ImageUpdater
metadata:
  name: images
  namespace: argocd
spec:
  commonUpdateSettings:
    updateStrategy: newest-build
    ignoreTags: [latest, dev-*]
  writeBackConfig:
    method: git:secret:argocd/git
    gitConfig: {branch: main, writeBackTarget: "helmvalues:values.yaml"}
  applicationRefs:
  - namePattern: shop-*
    images:
    - alias: shop
      imageName: registry.test/team/shop:^1
      commonUpdateSettings: {updateStrategy: semver, forceUpdate: true}
      manifestTargets: {helm: {name: shop.image, tag: shop.tag}}
  - namePattern: "*"
    labelSelectors:
      matchLabels: {team: web}
      matchExpressions:
      - {key: tier, operator: NotIn, values: [back]}
    commonUpdateSettings: {platforms: [linux/amd64, linux/arm64]}
    images:
    - {alias: web, imageName: web, manifestTargets: {kustomize: {name: nginx}}}
"""
_PREFIX = "argocd-image-updater.argoproj.io/"


def application(name: str, metadata: str = "") -> str:
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n"
        f"  name: {name}\n{metadata}spec:\n  source:\n"
        "    repoURL: https://git.test/shop.git\n    path: shop # of the team\n"
    )


def convert(
    capfd: pytest.CaptureFixture[str], folder: Path, files: dict[str, str], *flags: str
) -> tuple[int, str, str]:
    for name, text in files.items():
        (folder / name).write_text(text)
    status = main(["convert", *flags, *(str(folder / name) for name in files)])
    output, errors = capfd.readouterr()
    return status, output, errors.replace(f"{folder}/", "")


def test_applications_of_other_files_get_annotations_by_name_and_labels(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The most telling rule counts: a labelled one before a longer name."""
    labelled = "  namespace: argocd\n  labels: {team: web, tier: front}\n"
    files = {
        "updater.yaml": _UPDATER,
        "a.yaml": application("shop-eu"),
        "b.yaml": "---\n" + application("shop-us", labelled),
        "c.yaml": "---\n" + application("shop-us", labelled.replace("argocd", "other")),
    }

    status, output, notes = convert(capfd, tmp_path, files)

    assert (status, notes) == (0, "")
    plugin = "    plugin:\n      name: image-cmp\n"
    common = {"ignore-tags": '"latest, dev-*"'}
    git = {
        "write-back-method": "git:secret:argocd/git",
        "git-branch": "main",
        "write-back-target": "helmvalues:values.yaml",
    }
    shop = {
        "image-list": '"shop=registry.test/team/shop:^1"',
        "update-strategy": "newest-build",
        **common,
        "shop.update-strategy": "semver",
        "shop.force-update": '"true"',
        "shop.helm.image-name": "shop.image",
        "shop.helm.image-tag": "shop.tag",
        **git,
    }
    web = {
        "image-list": "web=web",
        "update-strategy": "newest-build",
        **common,
        "platforms": '"linux/amd64, linux/arm64"',
        "web.kustomize.image-name": "nginx",
        **git,
    }
    assert output == (
        application("shop-eu", _annotations(shop))
        + plugin
        + "---\n"
        + application("shop-us", labelled + _annotations(web))
        + plugin
        + files["c.yaml"]
        + plugin
    )


def _annotations(keys: dict[str, str]) -> str:
    lines = [f"    {_PREFIX}{name}: {value}\n" for name, value in keys.items()]
    return "  annotations:\n" + "".join(lines)


def test_parameters_of_the_plugin_instead(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    updater = _UPDATER.partition('  - namePattern: "*"')[0]
    files = {"a.yaml": f"{updater}---\n{application('shop-eu')}"}

    status, output, notes = convert(capfd, tmp_path, files, "--parameters")

    assert (status, notes) == (0, "")
    assert output.startswith(
        f"---\n{application('shop-eu')}    plugin:\n      name: image-cmp\n      parameters:\n"
        '      - name: image-list\n        string: "shop=registry.test/team/shop:^1"\n'
        "      - name: update-strategy\n        string: newest-build\n"
    )


def test_a_rules_pull_request_replaces_all_of_the_resources(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    updater = _UPDATER.partition('  - namePattern: "*"')[0].replace(
        "branch: main,", "branch: main, pullRequest: {github: {}, labels: [a, b]},"
    )
    own = "    writeBackConfig: {gitConfig: {pullRequest: {gitlab: {}}}}\n"
    files = {"a.yaml": f"{updater}---\n{application('shop-eu')}"}
    more = {"b.yaml": f"{updater}{own}---\n{application('shop-eu')}"}

    _, github, _ = convert(capfd, tmp_path, files)
    _, gitlab, _ = convert(capfd, tmp_path, more)

    assert f"    {_PREFIX}pull-request: github\n" in github
    assert f'    {_PREFIX}pull-request-labels: "a, b"\n' in github
    assert f"    {_PREFIX}pull-request: gitlab\n" in gitlab
    assert "pull-request-labels" not in gitlab


def test_a_rule_without_an_application_keeps_the_resource(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = {"a.yaml": f"{_UPDATER}---\n{application('shop-eu')}"}

    _, output, notes = convert(capfd, tmp_path, files)

    assert output.startswith(_UPDATER)
    assert "note: ImageUpdater images is kept: '*' selects no Application of these files" in notes


def test_annotations_that_counted_already_stay(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    updater = _UPDATER.partition("  applicationRefs")[0]
    updater += "  applicationRefs: [{namePattern: shop-eu, useAnnotations: true}]\n"
    old = f"  annotations:\n    {_PREFIX}image-list: a=b\n"
    files = {"a.yaml": f"{updater}---\n{application('shop-eu', old)}"}

    status, output, notes = convert(capfd, tmp_path, files)

    assert (status, notes) == (0, "")
    assert output.startswith(f"---\n{application('shop-eu', old)}")


def test_annotations_that_count_only_now_are_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    updater = _UPDATER.partition('  - namePattern: "*"')[0]
    old = f"  annotations:\n    {_PREFIX}old.pin: v1\n"
    files = {"a.yaml": f"{updater}---\n{application('shop-eu', old)}"}

    _, _, notes = convert(capfd, tmp_path, files)

    assert notes.startswith("note: Application shop-eu: its annotation 'old.pin' counts now")


_WRONG = {
    "signatures": (
        ("  writeBackConfig:", "  imagesVerification: {cosignKey: {}}\n  writeBackConfig:"),
        "ImageUpdater images: spec.imagesVerification: signatures are not verified here",
    ),
    "pull requests of two forges": (
        ("branch: main", "branch: main, pullRequest: {github: {}, gitlab: {}}"),
        "spec.writeBackConfig.gitConfig.pullRequest: write one of github and gitlab",
    ),
    "variables of a plugin": (
        ("{helm: {name: shop.image, tag: shop.tag}}", "{plugin: {spec: IMAGE}}"),
        "spec.applicationRefs[0].images[0].manifestTargets.plugin: variables of another plugin",
    ),
    "unknown field": (
        ("updateStrategy: newest", "updateStrategie: newest"),
        "no field 'updateStrategie'; did you mean 'updateStrategy'?",
    ),
    "pattern": (("shop-*", "shop-[a"), "spec.applicationRefs[0].namePattern: not a pattern"),
    "comma": (("dev-*", "'a,b'"), "ignoreTags: a comma separates in a policy key"),
    "strategy": (
        ("updateStrategy: semver", "updateStrategy: newest"),
        "ImageUpdater images: Application shop-eu: image shop: update-strategy: no strategy",
    ),
}


@pytest.mark.parametrize(("change", "error"), _WRONG.values(), ids=_WRONG)
def test_what_has_no_equivalent_is_an_error_that_names_it(
    change: tuple[str, str], error: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert change[0] in _UPDATER
    files = {"a.yaml": f"{_UPDATER.replace(*change)}---\n{application('shop-eu')}"}

    status, output, errors = convert(capfd, tmp_path, files)

    assert (status, output) == (2, "")
    assert error in errors


def test_two_resources_for_one_application_are_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = _UPDATER.replace("name: images", "name: more")
    files = {"a.yaml": f"{_UPDATER}---\n{other}---\n{application('shop-eu')}"}

    status, _, errors = convert(capfd, tmp_path, files)

    assert status == 2
    assert "both ImageUpdater images and more select it; convert it with one of them" in errors
