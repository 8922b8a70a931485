"""Passes of the refresher while something fails: complete or nothing, and nobody else's loss."""

import json
import re

import pytest

from cmp.errors import InvalidInput
from cmp.registry import transport
from tests.refresh.site import HOUR, Site
from tests.support import faults, manners
from tests.support.cli import cmp

pytestmark = pytest.mark.tools

PAGE_2 = r"/tags/list\?.*last=v2"
PASSWORD = "s3cret-Pa55"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a second at most where it would be a minute."""
    monkeypatch.setattr(transport, "_DEADLINE_S", 1)
    monkeypatch.setattr(transport, "_BACKOFF_S", 0.01)


@pytest.mark.parametrize(
    ("where", "fault", "reason"),
    [
        pytest.param("list$", faults.failing(500), "HTTP 500 Internal Server Error", id="500"),
        pytest.param(
            "list$", faults.failing(429), "HTTP 429 Too Many Requests; it wants", id="429"
        ),
        pytest.param(PAGE_2, faults.failing(429), "HTTP 429 Too Many Requests", id="page-2-429"),
        pytest.param(
            "/tags/list",
            faults.failing(429, Retry_After="600"),
            "HTTP 429 Too Many Requests; it wants to be left alone for 600 s",
            id="429-until",
        ),
        pytest.param(
            PAGE_2,
            faults.failing(503, Retry_After="600"),
            "HTTP 503 Service Unavailable; it wants to be left alone for 600 s",
            id="page-2-503-until",
        ),
        pytest.param(
            PAGE_2, manners.trickling(0.1), "the answer was not whole after 1 s", id="slow"
        ),
        pytest.param(
            PAGE_2, manners.reset_in_headers, "Connection reset by peer", id="reset-in-headers"
        ),
        pytest.param(PAGE_2, manners.reset_in_body, "Connection reset by peer", id="reset-in-body"),
        pytest.param(
            "/tags/list",
            manners.Flood(100),
            "the answer is larger than 33554432 bytes",
            id="100-megabytes",
        ),
        pytest.param(
            PAGE_2, faults.failing(401), "HTTP 401 Unauthorized without", id="page-2-refused"
        ),
        pytest.param(PAGE_2, faults.cut, "no answer: ProtocolError", id="page-2-cut"),
        pytest.param(PAGE_2, faults.saying(b"[]"), "is not a JSON object", id="page-2-list"),
        pytest.param(PAGE_2, faults.stating(tags=7), "tags is not a list", id="page-2-tags"),
        pytest.param(PAGE_2, faults.stating(name="x/y"), "it lists 'x/y', not", id="page-2-name"),
        pytest.param(PAGE_2, faults.linking("<?>; rel=next"), "in a circle", id="page-2-loop"),
        pytest.param(
            PAGE_2, faults.linking("<http://x.test/>; rel=next"), "another host", id="page-2-host"
        ),
        pytest.param(
            PAGE_2,
            faults.leading("http://127.0.0.1:1/"),
            "Connection refused",
            id="page-2-led-away",
        ),
        pytest.param(PAGE_2, faults.failing(500), "HTTP 500 Internal Server Error", id="page-2"),
        pytest.param("/tags/list", faults.failing(404), "HTTP 404 Not Found", id="404"),
        pytest.param("/tags/list", faults.cut, "no answer: ProtocolError", id="cut"),
        pytest.param("/tags/list", faults.saying(b"<html>"), "the answer is not JSON", id="html"),
        pytest.param("/tags/list", faults.stating(name="x"), "it lists 'x', not", id="name"),
        pytest.param("/tags/list", faults.linking("<?>; rel=next"), "in a circle", id="loop"),
        pytest.param(
            "/tags/list", faults.linking("<//x.test/>; rel=next"), "on another host", id="host"
        ),
    ],
)
def test_a_listing_that_is_not_complete_changes_nothing(
    site: Site,
    capsys: pytest.CaptureFixture[str],
    impatient: None,
    *,
    where: str,
    fault: faults.Fault,
    reason: str,
) -> None:
    site.push("v1", "v2", "v3")
    site.application()
    site.refresh()
    capsys.readouterr()
    before, manifest = site.contents(), site.manifest
    site.push("v4")
    site.faulty.on("GET", where, fault)

    assert site.refresh() == 1

    after = site.contents()
    assert before.pop("manifest.json") != after.pop("manifest.json")
    assert before == after
    assert site.manifest == manifest._replace(time=site.now)
    said = capsys.readouterr()
    assert f'msg="not refreshed" repository={site.image()} reason="registry' in said.err
    assert reason in said.err
    assert "changed=0 unanswered=1 invalid=0\n" in said.err
    (problem,) = re.findall("^problem: registry .*", said.out, re.MULTILINE)
    assert reason in problem

    site.faulty.mend()
    assert site.refresh() == 0
    assert site.tag() == "v4"


def test_tokens_that_expire_in_the_midst_of_a_listing(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.push("v1", "v2", "v3")
    site.application()
    site.faulty.demand_tokens()
    site.refresh()
    before = site.contents()
    site.push("v4", "v5")
    forget = manners.doing(site.faulty.forget_tokens)
    site.faulty.on("GET", "/tags/list", lambda answer: forget(answer) if answer.body else answer)
    site.faulty.on("GET", "^/token", manners.after(2, faults.failing(500)))
    capsys.readouterr()

    assert site.refresh() == 1  # there is a token for two pages of three

    after = site.contents()
    assert before.pop("manifest.json") != after.pop("manifest.json")
    assert before == after
    said = capsys.readouterr()
    for told in (said.err, said.out):
        assert f"HTTP 500 Internal Server Error ({site.faulty.url}/token)" in told

    site.faulty.mend()
    site.faulty.on("GET", "/tags/list", lambda answer: forget(answer) if answer.body else answer)
    assert site.refresh() == 0  # a token for each page
    assert site.tag() == "v5"
    assert set(site.snapshot().tags) == {"v1", "v2", "v3", "v4", "v5"}


def test_what_a_newer_writer_knew_stays_while_nothing_is_listed(site: Site) -> None:
    site.push("v1")
    site.application()
    site.refresh()
    file = site.file("repositories")
    file.write_text(json.dumps({**json.loads(file.read_text()), "etag": "x"}))
    before = file.read_bytes()
    site.faulty.on("GET", "/tags/list", faults.failing(404))

    assert site.refresh() == 1

    assert file.read_bytes() == before


def test_the_others_go_on(site: Site) -> None:
    for name in ("app", "broken"):
        site.push("v1", to=name)
    site.application(name="well")
    site.application(f"app={site.image('broken')}", name="ill")
    site.application(f"app={site.image()},b={site.image('broken')}", name="half")
    site.refresh()
    ill = site.decision("ill")
    for name in ("app", "broken"):
        site.push("v2", to=name)
    site.faulty.on("GET", "/broken/tags/list", faults.failing(404))

    assert site.refresh() == 1

    assert site.tag("well") == "v2"
    assert site.decision("ill") == ill
    assert {a: d.tag for a, d in site.decisions("half").items()} == {"app": "v2", "b": "v1"}
    assert site.snapshot("broken").listed_at == site.now - HOUR
    assert site.manifest.complete


def test_a_repository_that_was_never_listed(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.application()

    assert site.refresh() == 1

    assert site.decisions() == {}
    assert site.manifest.complete
    log = capsys.readouterr().err
    assert 'reason="its repository could not be listed yet"' in log
    assert "unanswered=1 invalid=0" in log


def test_a_registry_that_is_gone(site: Site) -> None:
    site.push("v1")
    site.application()
    site.refresh()
    before = site.decision()
    site.configure(api_url="http://127.0.0.1:1")

    assert site.refresh() == 1

    assert site.decision() == before


def test_a_tag_that_vanished_is_held(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.push("v1", "v2")
    site.application()
    site.refresh()
    before = site.decision()
    site.delete("v2")

    assert site.refresh() == 0

    held = "v2 is no longer in the registry, and v1 would be a step back from v2"
    assert site.decision() == before._replace(held=held)
    assert set(site.snapshot().tags) == {"v1"}
    assert f'msg="image held" application=guestbook alias=app image={site.image()}' in (
        capsys.readouterr().err
    )


def test_an_empty_list_leads_nowhere_back(site: Site) -> None:
    site.push("v1", "v2")
    site.application()
    site.refresh()
    before = site.decision()
    site.faulty.on("GET", "/tags/list", faults.stating(tags=None))

    assert site.refresh() == 0

    assert (site.tag(), site.decision().id) == ("v2", before.id)
    assert site.decision().held == "no tags"


def test_a_winner_that_cannot_be_pulled_is_not_chosen(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.push("v1")
    site.application()
    site.refresh()
    before = site.decision()
    site.push("v2")
    for method in ("HEAD", "GET"):
        site.faulty.on(method, "/manifests/v2", faults.failing(404))

    assert site.refresh() == 1

    assert (site.tag(), site.decision().id, site.decision().since) == (
        "v1",
        before.id,
        before.since,
    )
    assert site.decision().held.startswith("v2 cannot be pulled: registry")
    assert set(site.snapshot().tags) == {"v1", "v2"}
    assert 'msg="image not decided"' in capsys.readouterr().err

    generation = site.manifest.generation
    assert site.refresh() == 1
    assert site.manifest.generation == generation  # nothing new was found out

    site.faulty.mend()
    assert site.refresh() == 0
    assert (site.tag(), site.decision().held) == ("v2", "")


def test_a_first_winner_that_cannot_be_pulled_leaves_gits_image(site: Site, helm: object) -> None:
    site.push("v1", "v2")
    application = site.application()
    chart = site.root / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: chart\nversion: 1.0.0\n")
    (chart / "values.yaml").write_text("image: {name: from-git, tag: v0}\n")
    (chart / "templates" / "x.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
        'data: {image: "{{ .Values.image.name }}:{{ .Values.image.tag }}"}\n'
    )
    render = ["render", "--application", str(application), "--index", site.store_url]
    for method in ("HEAD", "GET"):
        site.faulty.on(method, "/manifests/", faults.failing(404))

    assert site.refresh() == 1
    assert site.tag() == ""
    assert site.history() == {}
    rendered = cmp(*render, cwd=site.root)
    assert rendered.returncode == 0
    assert "from-git:v0" in rendered.stdout
    assert "image app: v2 cannot be pulled: " in rendered.stderr
    assert "; it is Git's\n" in rendered.stderr

    site.faulty.mend()
    assert site.refresh() == 0
    assert f"{site.image()}:v2" in cmp(*render, cwd=site.root).stdout


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        pytest.param({"allow_tags": "regexp:("}, "not an RE2 expression", id="when-deciding"),
        pytest.param({"update_strategy": "newst"}, "no strategy 'newst'", id="when-reading"),
    ],
)
def test_an_invalid_policy_stops_only_its_own_application(
    site: Site, capsys: pytest.CaptureFixture[str], keys: dict[str, str], complaint: str
) -> None:
    site.push("v1")
    for name in ("well", "ill"):
        site.application(name=name)
    site.refresh()
    before = site.decision("ill")
    site.push("v2")
    site.application(name="ill", **keys)

    assert site.refresh() == 2

    assert site.tag("well") == "v2"
    assert (site.decision("ill").id, site.tag("ill")) == (before.id, "v1")
    log = capsys.readouterr().err
    assert complaint in log
    assert "changed=1 unanswered=0 invalid=1\n" in log

    site.application(name="ill")
    assert site.refresh() == 0
    assert site.tag("ill") == "v2"


def test_what_must_be_changed_comes_before_what_may_be_tried_again(site: Site) -> None:
    site.application(name="unlisted")
    site.application(name="invalid", update_strategy="x")

    assert site.refresh() == 2


def test_a_key_that_nobody_knows_is_named(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.push("v1")
    site.application(alow_tags="any")

    assert site.refresh() == 0

    log = capsys.readouterr().err
    assert 'msg="policy key ignored" application=guestbook' in log
    assert "alow-tags" in log


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        pytest.param(
            {"credentails": "env:X"},
            "registry tests: no key 'credentails'; did you mean 'credentials'?",
            id="unknown-key",
        ),
        pytest.param({"api_url": "x.test"}, "not an URL: 'x.test'", id="url"),
    ],
)
def test_a_bad_registries_conf_stops_everything(
    site: Site, keys: dict[str, str], complaint: str
) -> None:
    site.application()
    site.configure(**keys)

    with pytest.raises(InvalidInput) as caught:
        site.refresh()

    assert str(caught.value).startswith(f"{site.registries}: ")
    assert complaint in str(caught.value)
    assert not site.store.exists()


def test_a_key_without_effect_is_named(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.push("v1")
    site.application()
    site.configure(insecure=True, ca_data="not read")

    assert site.refresh() == 0

    assert 'reason="registries.conf: ca_data of tests has no effect' in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["basic", "bearer"])
@pytest.mark.parametrize(
    ("env", "status", "said"),
    [
        pytest.param({"REGISTRY": f"robot:{PASSWORD}"}, 0, "changed=1", id="right"),
        pytest.param(
            {"REGISTRY": f"robot:{PASSWORD}-wrong"},
            1,
            "HTTP 401 Unauthorized with the credentials of env:REGISTRY",
            id="wrong",
        ),
        pytest.param({"REGISTRY": PASSWORD}, 2, "does not hold user:password", id="shape"),
        pytest.param({}, 2, "registry tests: credentials: could not fetch", id="missing"),
    ],
)
def test_credentials_are_used_and_never_told(
    site: Site, kind: str, env: dict[str, str], status: int, said: str
) -> None:
    site.push("v1")
    site.application()
    site.configure(credentials="env:REGISTRY")
    if kind == "basic":
        site.faulty.demand_basic("robot", PASSWORD)
    else:
        site.faulty.demand_tokens(("robot", PASSWORD))

    done = cmp("refresh", *site.arguments("--log-level", "debug"), cwd=site.root, env=env)

    assert done.returncode == status
    assert said in done.stderr
    told = done.stdout + done.stderr + "".join(d.decode() for d in site.contents().values())
    secrets = [PASSWORD, faults.basic("robot", PASSWORD).split()[1], *site.faulty.tokens]
    assert [secret for secret in secrets if secret in told] == []


def test_credentials_that_are_missing_stop_only_their_registry(site: Site) -> None:
    site.push("v1")
    site.application(name="well")
    other = site.faulty.host.replace("127.0.0.1", "localhost")
    site.application(f"app={other}/x", name="ill")
    site.configure(prefix=other, credentials="env:NOWHERE")

    assert site.refresh() == 2

    assert site.tag("well") == "v1"
