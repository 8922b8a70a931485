"""What a refresher goes by: the cluster, its memory, and the index."""

from typing import NamedTuple

from cmp.index.protocols import Store
from cmp.refresh.cluster import Cluster
from cmp.refresh.heard import Heard
from cmp.refresh.observed import Observed
from cmp.refresh.projects import Project
from cmp.refresh.state import ConfigMapState
from cmp.refresh.watched import Watched


class Basis(NamedTuple):
    """What a cluster says, where it is remembered, and the index: what all its parts go by."""

    cluster: Cluster
    applications: Watched[Observed]
    projects: Watched[Project]
    heard: Heard
    state: ConfigMapState
    store: Store
