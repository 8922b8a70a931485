"""What docs/ and examples/ have for a cluster, held against a real one."""

import pytest

from tests.documents.test_notifications import ONCE_PER_REVISION, fired
from tests.support.rules import Rules
from tests.support.scene import Scene

pytestmark = pytest.mark.e2e


def test_each_changed_image_is_notified_of_and_not_each_commit(scene: Scene, rules: Rules) -> None:
    app = scene.at_v1()
    once, default = [], []
    for tag in ("v2", "v3"):
        scene.guestbook.push(tag)
        scene.runs(app, tag)
        scene.settle()
        manifest = scene.argocd.kubernetes.get(app.path)
        triggers = fired(rules, manifest)
        assert set(triggers) == {"on-image-updated", "on-operation-succeeded"}
        once.append(triggers["on-image-updated"])
        default.append(rules.evaluate([ONCE_PER_REVISION], {"app": manifest})[0].value)

    assert once[0] != once[1]
    assert default[0] == default[1]
