"""What Argo CD's Parameters tab is told, by our plugin in the real cmp-server."""

import pytest

from tests.parity.helm_sources import FILES
from tests.support.judge import Judge, Source, as_strings
from tests.support.repo_server import RepoServer

pytestmark = pytest.mark.e2e


def test_options_policy_and_the_image_that_is_chosen(judge: Judge, repo_server: RepoServer) -> None:
    judge.index("r.test/team/app", "v1", "v2")
    policy = as_strings({"image-list": "app=r.test/team/app:v1", "app.update-strategy": "semver"})
    plugin = {"name": "image-cmp", "parameters": policy}
    source = {"repoURL": judge.repository(Source("helm", FILES)), "path": "app", "plugin": plugin}

    told = {row.name: row for row in repo_server.announcements(source)}

    assert told["helm.valueFiles"].collectionType == "array"
    assert told["image-list"].string == "app=r.test/team/app:v1"
    assert told["app.pin"].title.startswith("app.pin: v1, newest of 1 allowed tag")


def test_a_tab_that_cannot_be_filled_says_why(judge: Judge, repo_server: RepoServer) -> None:
    plugin = {"name": "image-cmp", "parameters": as_strings({"image-list": "app=r.test/Upper"})}
    source = {"repoURL": judge.repository(Source("helm", FILES)), "path": "app", "plugin": plugin}

    told = {row.name: row for row in repo_server.announcements(source)}

    assert "r.test/Upper" in told["image-list"].title
