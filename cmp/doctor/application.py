"""One Application: what its checks found, and what the registry of each of its images answers."""

import re
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.application import parse_application
from cmp.diagnosis import CHECKS, diagnose, exit_status
from cmp.diagnosis.facts import Facts
from cmp.doctor import image
from cmp.doctor.installation import lines
from cmp.errors import CmpError, InvalidInput
from cmp.refresh.cluster import API, ClusterFailed, Object, connect
from cmp.refresh.plan import images, plan
from cmp.registry.auth.reference import allowed_from_annotation, parse
from cmp.settings import setting

if TYPE_CHECKING:
    from argparse import Namespace

_NAME = re.compile(r"(?:([a-z0-9-]+)/)?([a-z0-9][a-z0-9.-]*)")


class Found(NamedTuple):
    """An Application, and the control plane that it belongs to."""

    manifest: Object
    control_plane: str


def find(args: "Namespace", env: Mapping[str, str]) -> Found | None:
    """Return the Application that is called as ``args.image`` is, where a cluster was named."""
    written = _NAME.fullmatch(args.image)
    kubeconfig = setting(args.kubeconfig, env, "KUBECONFIG")
    if written is None or not (kubeconfig or "KUBERNETES_SERVICE_HOST" in env):
        return None
    cluster, own = connect(kubeconfig, is_patient=False)
    control_plane = setting(args.argocd_namespace, env, "CMP_ARGOCD_NAMESPACE", own)
    namespace = written[1] or control_plane
    if not namespace:
        return None
    try:
        folder = f"{API}/namespaces/{namespace}/applications"
        found, _ = cluster.list(folder, only=written[2])
    except ClusterFailed:
        return None  # of an image, that need not be a hindrance
    return Found(found[0], control_plane) if found else None


def main(args: "Namespace", env: Mapping[str, str], now: datetime, found: Found) -> int:
    """Look at an Application and at its images; the worst exit status of all."""
    application = parse_application(found.manifest)
    facts = Facts(now, found.control_plane, applications=(found.manifest,))
    diagnosed = list(diagnose(facts, (c for c in CHECKS if c.needs == ("applications",))))
    sys.stdout.write("".join(f"{line}\n" for line in lines(diagnosed)))
    status = exit_status(facts, diagnosed)
    plans = plan([application], found.control_plane)
    for one in {(i.repository, i.pull_secret): i for i in images(plans)}.values():
        sys.stdout.write(f"\n{one.alias}\n")
        secret = ""
        try:
            if one.pull_secret:
                allowed_from_annotation(parse(one.pull_secret), application.namespace)
                secret = one.pull_secret
        except InvalidInput as error:
            sys.stdout.write(f"note         pull-secret: {error}; it is passed over\n")
        asked = {**vars(args), "image": str(one.repository), "pull_secret": secret}
        try:
            answered = image.main(type(args)(**asked), env, now)
        except CmpError as error:
            sys.stdout.write(f"failed       {error}\n")
            answered = error.exit_status
        status = max(status, answered)
    return status
