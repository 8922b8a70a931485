import pytest

from cmp.core.image_list import ManagedImage, Target, parse_entry, read_image_list
from cmp.core.policy import Policy
from cmp.errors import InvalidPolicy


@pytest.mark.parametrize(
    ("text", "alias", "repository", "constraint"),
    [
        pytest.param("nginx", "", "docker.io/library/nginx", "", id="bare"),
        pytest.param("web=nginx", "web", "docker.io/library/nginx", "", id="alias"),
        pytest.param(" web = a.io/b:^1 ", "web", "a.io/b", "^1", id="spaces"),
        pytest.param("web=nginx:~1.26", "web", "docker.io/library/nginx", "~1.26", id="tilde"),
        pytest.param("w=a.io/b:>=1 <2 || 3", "w", "a.io/b", ">=1 <2 || 3", id="operators"),
        pytest.param("nginx:>=1.0", "", "docker.io/library/nginx", ">=1.0", id="no-alias-but-="),
        pytest.param("nginx:=1.0", "", "docker.io/library/nginx", "=1.0", id="equals-constraint"),
        pytest.param("a=b:=1.0", "a", "docker.io/library/b", "=1.0", id="alias-and-equals"),
        pytest.param(
            "docker.io/library/nginx:^1", "", "docker.io/library/nginx", "^1", id="hub-constraint"
        ),
        pytest.param("reg:5000/a/b:~1.0", "", "reg:5000/a/b", "~1.0", id="port-and-constraint"),
        pytest.param("a/b.c-d_e=a.io/b", "a/b.c-d_e", "a.io/b", "", id="marks-in-alias"),
    ],
)
def test_parse_entry(text: str, alias: str, repository: str, constraint: str) -> None:
    parsed_alias, parsed_repository, parsed_constraint = parse_entry(text)

    assert (parsed_alias, str(parsed_repository), parsed_constraint) == (
        alias,
        repository,
        constraint,
    )


@pytest.mark.parametrize(
    ("image_list", "complaint"),
    [
        pytest.param("web=", "empty image name in 'web='", id="no-image"),
        pytest.param("a=b,web= ", "empty image name in 'web='", id="no-second-image"),
        pytest.param("=nginx", "empty alias in '=nginx'", id="no-alias"),
        pytest.param("a=b@sha256:0", "'a=b@sha256:0' names a digest", id="digest"),
        pytest.param("Nginx", "not a repository path: 'Nginx'", id="no-repository"),
        pytest.param("a b=nginx", "not an alias: 'a b'", id="space-in-alias"),
        pytest.param("-a=nginx", "not an alias: '-a'", id="dash-before-alias"),
        pytest.param("a=b.io/c,a=b.io/d", "two images would be called 'a'", id="alias-twice"),
        pytest.param("a.io/b/c,a.io/b/c:^1", "two images would be called 'c'", id="image-twice"),
        pytest.param("a_b=c,a_b=d", "two images would be called 'a_b'", id="alias-with-_"),
        pytest.param("x/y=c,x_y=d", "two images would be called 'x_y'", id="alias-like-another"),
    ],
)
def test_refuses_a_list(image_list: str, complaint: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        read_image_list({"image-list": image_list})

    assert complaint in caught.value.message
    assert caught.value.where == "image-list"


@pytest.mark.parametrize(
    ("image_list", "aliases"),
    [
        pytest.param("", [], id="empty"),
        pytest.param(" , ,", [], id="commas"),
        pytest.param("nginx", ["nginx"], id="last-component"),
        pytest.param("a.io/team/app:1", ["app"], id="last-component-of-many"),
        pytest.param("web=a.io/team/app", ["web"], id="alias"),
        pytest.param("a/b=c", ["a/b"], id="alias-with-slash-keeps-it"),
        pytest.param("a.io/x/app,a.io/y/app", ["x_app", "y_app"], id="component-shared"),
        pytest.param("a.io/app,b.io/app", ["a.io_app", "b.io_app"], id="path-is-the-component"),
        pytest.param("a.io/x/app,b.io/x/app", ["a.io_x_app", "b.io_x_app"], id="path-shared"),
        pytest.param("app=a.io/z,a.io/y/app", ["app", "y_app"], id="component-is-an-alias"),
        pytest.param("a.io/y/app,y_app=a.io/z", ["app", "y_app"], id="path-is-an-alias"),
        pytest.param("a=b.io/c,d=b.io/c", ["a", "d"], id="two-aliases-of-one-image"),
    ],
)
def test_what_images_are_called(image_list: str, aliases: list[str]) -> None:
    images = read_image_list({"image-list": image_list}).images

    assert [image.alias for image in images] == aliases


@pytest.mark.parametrize(
    ("image_list", "prefix"),
    [
        pytest.param("web=nginx", "web", id="alias"),
        pytest.param("a/b=nginx", "a_b", id="slash-as-underscore"),
        pytest.param("a/b=nginx", "a/b", id="slash-in-a-parameter"),
        pytest.param("a.b.c=nginx", "a.b.c", id="dots"),
        pytest.param("helm=nginx", "helm", id="alias-like-a-key"),
        pytest.param("a.io/team/app", "app", id="last-component"),
        pytest.param("a.io/team/app", "team_app", id="path"),
        pytest.param("a.io/team/app", "a.io_team_app", id="host-and-path"),
        pytest.param("nginx", "library_nginx", id="path-on-the-hub"),
        pytest.param("a.io/x/app,a.io/y/app", "x_app", id="path-where-the-component-is-shared"),
    ],
)
def test_the_names_an_image_answers_to(image_list: str, prefix: str) -> None:
    read = read_image_list(
        {
            "image-list": image_list,
            f"{prefix}.update-strategy": "latest",
            f"{prefix}.allow-tags": "regexp:^v",
            f"{prefix}.ignore-tags": "*-rc",
            f"{prefix}.platforms": "linux/arm64",
            f"{prefix}.helm.image-name": "i.name",
            f"{prefix}.helm.image-tag": "i.tag",
            f"{prefix}.helm.image-spec": "i.spec",
            f"{prefix}.kustomize.image-name": "k",
            f"{prefix}.force-update": "true",
            f"{prefix}.pull-secret": "secret:a/b#c",
        }
    )
    image = read.images[0]

    assert image.policy == Policy(
        strategy="newest-build",
        allow_tags="regexp:^v",
        ignore_tags=("*-rc",),
        platforms=("linux/arm64",),
    )
    assert image.target == Target(
        helm_name="i.name", helm_tag="i.tag", helm_spec="i.spec", kustomize_name="k"
    )
    assert read.notes == ()


def test_settings_of_two_aliases_of_one_image_do_not_mix() -> None:
    stable, edge = read_image_list(
        {
            "image-list": "stable=a.io/app:^1, edge=a.io/app",
            "edge.update-strategy": "newest-build",
            "stable.helm.image-tag": "stable.tag",
            "edge.helm.image-tag": "edge.tag",
        }
    ).images

    assert stable == ManagedImage(
        "stable", stable.repository, Policy(constraint="^1"), Target(helm_tag="stable.tag")
    )
    assert edge == ManagedImage(
        "edge", stable.repository, Policy("newest-build"), Target(helm_tag="edge.tag")
    )


@pytest.mark.parametrize(
    ("keys", "allow_tags"),
    [
        pytest.param({}, "any", id="default"),
        pytest.param({"allow-tags": "regexp:app"}, "regexp:app", id="application-wide"),
        pytest.param({"web.allow-tags": "regexp:own"}, "regexp:own", id="own"),
        pytest.param(
            {"allow-tags": "regexp:app", "web.allow-tags": "regexp:own"}, "regexp:own", id="both"
        ),
        pytest.param(
            {"web.allow-tags": "any", "allow-tags": "regexp:app"}, "any", id="own-any-over-app"
        ),
        pytest.param(
            {"web.allow-tags": " ", "allow-tags": "regexp:app"}, "regexp:app", id="empty-inherits"
        ),
        pytest.param({"web.allow-tags": "", "allow-tags": " "}, "any", id="empty-everywhere"),
        pytest.param({"other.allow-tags": "regexp:x"}, "any", id="of-another"),
    ],
)
def test_own_over_application_wide_over_default(keys: dict[str, str], allow_tags: str) -> None:
    (image,) = read_image_list({"image-list": "web=nginx", **keys}).images

    assert image.policy.allow_tags == allow_tags


@pytest.mark.parametrize(
    "option", ["helm.image-name", "helm.image-tag", "helm.image-spec", "kustomize.image-name"]
)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("-x", id="option"),
        pytest.param("a b", id="space"),
        pytest.param("a=b", id="equals"),
        pytest.param("a,b", id="comma"),
        pytest.param("{a", id="brace"),
        pytest.param("a}", id="closing-brace"),
        pytest.param("a\nb", id="newline"),
        pytest.param("a\0b", id="nul"),
    ],
)
def test_a_place_that_helm_or_kustomize_would_read_as_something_else(
    option: str, name: str
) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        read_image_list({"image-list": "web=nginx", f"web.{option}": name})

    assert caught.value.message.startswith(f"{name!r} cannot be the name of an image's place")
    assert caught.value.where == f"image web: {option}"


def test_the_most_telling_name_wins() -> None:
    (image,) = read_image_list(
        {
            "image-list": "a.io/team/app",
            "app.allow-tags": "regexp:component",
            "team_app.allow-tags": "regexp:path",
            "app.update-strategy": "alphabetical",
        }
    ).images

    assert image.policy == Policy(strategy="alphabetical", allow_tags="regexp:path")


def test_helm_and_kustomize_keys_have_no_application_wide_form() -> None:
    (image,) = read_image_list({"image-list": "web=nginx", "helm.image-tag": "x"}).images

    assert image.target == Target()


@pytest.mark.parametrize(
    ("key", "note"),
    [
        pytest.param(
            "web.allow-tag",
            "unknown key 'web.allow-tag' is ignored; did you mean 'web.allow-tags'?",
            id="of-an-image",
        ),
        pytest.param(
            "update-stratgy",
            "unknown key 'update-stratgy' is ignored; did you mean 'update-strategy'?",
            id="application-wide",
        ),
        pytest.param("zzz", "unknown key 'zzz' is ignored", id="like-no-other"),
        pytest.param(
            "wbe.allow-tags",
            "key 'wbe.allow-tags' is ignored: no image in the image-list answers to 'wbe'; "
            "did you mean 'web'?",
            id="alias-mistyped",
        ),
        pytest.param(
            "q.allow-tags",
            "key 'q.allow-tags' is ignored: no image in the image-list answers to 'q'",
            id="alias-unknown",
        ),
        pytest.param(
            "helm.image-tag",
            "unknown key 'helm.image-tag' is ignored; did you mean 'web.helm.image-tag'?",
            id="only-of-an-image",
        ),
        pytest.param(
            "web.write-back-method",
            "unknown key 'web.write-back-method' is ignored; did you mean 'write-back-method'?",
            id="only-application-wide",
        ),
    ],
)
def test_a_key_that_nothing_answers_to_is_told(key: str, note: str) -> None:
    assert read_image_list({"image-list": "web=nginx", key: "x"}).notes == (note,)


@pytest.mark.parametrize(
    "key",
    ["force-update", "pull-secret", "write-back-target", "allow-empty", "git-branch",
     "git-repository", "web.force-update"],
)  # fmt: skip
def test_the_other_keys_of_argocd_image_updater_are_known(key: str) -> None:
    assert read_image_list({"image-list": "web=nginx", key: "true"}).notes == ()


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        pytest.param(
            {"web.update-strategy": "newest"},
            "image web: update-strategy: no strategy 'newest'; use one of: alphabetical, digest, "
            "first-seen, latest, name, newest-build, pep440, semver; did you mean 'newest-build'?",
            id="own",
        ),
        pytest.param(
            {"platforms": "arm64"},
            "image web: platforms: not a platform: 'arm64'; "
            "write os/arch or os/arch/variant, as linux/arm64",
            id="application-wide",
        ),
    ],
)
def test_a_bad_value_names_image_and_key(keys: dict[str, str], complaint: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        read_image_list({"image-list": "web=nginx", **keys})

    assert str(caught.value) == complaint


@pytest.mark.parametrize("image_list", ["a_b=team/x,a/b=team/y", "a/b=team/x,a_b=team/y"])
def test_an_alias_that_another_stands_for_is_refused(image_list: str) -> None:
    """An annotation `a_b.update-strategy` would be for both."""
    with pytest.raises(InvalidPolicy, match="two images would be called"):
        read_image_list({"image-list": image_list})
