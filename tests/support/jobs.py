"""Jobs for the renderers, with only what a test is about."""

from pathlib import Path
from typing import Any

from cmp.core.image import Repository
from cmp.core.image_list import ManagedImage, Target
from cmp.core.injection import Choice
from cmp.core.policy import Policy
from cmp.core.record import SourceId
from cmp.renderers import Job
from cmp.settings import RenderRequest
from tests.support.cli import PATH


def job(
    root: Path,
    *choices: Choice,
    path: str = "chart",
    env: dict[str, str] | None = None,
    **request: Any,
) -> Job:
    defaults: dict[str, Any] = {
        "instance": "guestbook",
        "namespace": "",
        "kube_version": "",
        "api_versions": (),
        "source": SourceId("https://git.test/x.git", path),
        "parameters": {},
        "variables": {"ARGOCD_APP_NAME": "guestbook"},
    }
    (root / path).mkdir(parents=True, exist_ok=True)
    wanted = RenderRequest(**{**defaults, **request})
    return Job(str(root / path), str(root), wanted, choices, env or {"PATH": PATH})


def choice(tag: str, digest: str = "", **target: Any) -> Choice:
    image = ManagedImage("app", Repository.parse("r.test/app"), Policy(), Target(**target))
    return Choice(image, tag, digest)
