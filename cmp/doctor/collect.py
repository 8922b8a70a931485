"""What can be seen of an installation: its cluster, its store, a checkout.

Nothing is changed. What may not be read, or does not answer, is noted, and the rest is read.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cmp.diagnosis.facts import Facts, Unread
from cmp.doctor.checkout import left_over
from cmp.doctor.cluster_facts import FIELDS, ClusterFacts
from cmp.doctor.store_facts import of_store
from cmp.refresh.cluster import connect
from cmp.refresh.scope import control_plane
from cmp.settings import setting

if TYPE_CHECKING:
    from argparse import Namespace


def collect(args: "Namespace", env: Mapping[str, str], now: datetime) -> Facts:
    """Return what is known; raise `InvalidInput` where there is nothing to look at."""
    found: dict[str, Any] = {}
    unread: dict[str, Unread] = {}
    kubeconfig = setting(args.kubeconfig, env, "KUBECONFIG")
    url = setting(args.store, env, "CMP_STORE")
    if kubeconfig or "KUBERNETES_SERVICE_HOST" in env or not (args.checkout or url):
        cluster, own = connect(kubeconfig, otherwise="look at a checkout alone with --checkout DIR")
        namespace = control_plane(args.argocd_namespace, env, own)
        seen = ClusterFacts(cluster, namespace)
        seen.read_all(setting(args.application_namespaces, env, "CMP_APPLICATION_NAMESPACES"))
        found = {**seen.found, "control_plane": namespace}
        unread = seen.unread
    else:
        unread = dict.fromkeys(FIELDS, Unread("no cluster was named: --kubeconfig FILE"))
    stored, why = of_store(url, env)
    found |= stored
    unread |= why
    if args.checkout:
        found["left_over"] = left_over(args.checkout)
    else:
        unread["left_over"] = Unread("no checkout was named: --checkout DIR")
    return Facts(now=now, unread=unread, **found)
