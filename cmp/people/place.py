"""Where a person's word goes: a cluster, or a store on one machine; and of which images it is."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.application import parse_application
from cmp.core.image_list import read_image_list
from cmp.core.instructions import parse_until
from cmp.core.keys import nearest
from cmp.core.people import Instruction
from cmp.core.record import History, SourceId, named
from cmp.errors import CmpError, InvalidInput
from cmp.index import open_index
from cmp.index.found import find
from cmp.settings import setting

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from cmp.refresh.cluster import Cluster
    from cmp.refresh.people import People

_FEW = 5


class Place(NamedTuple):
    """One Application, and where to say something of its images."""

    application: str
    instance: str
    names: tuple[str, ...]
    """Of its images: the alias, with the source's path where several sources have it."""
    people: "People"
    history: Callable[[], History]
    who: str

    def name(self, written: str) -> str:
        """Return the name of an image; raise `InvalidInput` with the nearest one."""
        if written in self.names:
            return written
        known = ", ".join(self.names[:_FEW]) or "none"
        raise InvalidInput(
            f"no image is called {written!r}{nearest(written, self.names)}; it has {known}",
            where=self.application,
        )

    def chosen(self, written: str | None) -> tuple[str, ...]:
        """Return the name of one image, or of all where none is written."""
        return (self.name(written),) if written else self.names

    def say(self, told: Mapping[str, Instruction]) -> None:
        """Say something of some images, in place of what was said of them before."""
        self.people.change(self.instance, lambda before: {**before, **told})


def configure_place(parser: "ArgumentParser") -> None:
    """Declare what all these commands are given."""
    parser.add_argument("application", metavar="APP", help="name, or namespace/name")
    parser.add_argument(
        "--kubeconfig", metavar="FILE", help="the cluster, where it is not the Pod's own"
    )
    parser.add_argument(
        "--argocd-namespace",
        metavar="NAME",
        help="the namespace of Argo CD's control plane (default: the Pod's own)",
    )
    parser.add_argument(
        "--store", metavar="URL", help="file://DIR of a refresher that serves no cluster"
    )


def configure_words(parser: "ArgumentParser", *, needs_reason: bool = False) -> None:
    """Declare why, and until when."""
    parser.add_argument("--reason", metavar="R", required=needs_reason, help="what people read")
    parser.add_argument("--until", metavar="T", help="RFC 3339, as 2026-11-30T18:00:00Z")


def until(text: str | None, now: datetime) -> datetime | None:
    """Read a time to come; raise `InvalidInput`."""
    if not text:
        return None
    found = parse_until(text, "--until")
    if found <= now:
        raise InvalidInput(f"{text} is past; name a time to come", where="--until")
    return found


@contextmanager
def opened(args: "Namespace", env: Mapping[str, str]) -> Iterator[Place]:
    """Find the Application; raise `InvalidInput` with the nearest one.

    A store that is a folder is used unless a cluster is named beside it.
    """
    url = setting(args.store, env, "CMP_STORE")
    if args.kubeconfig or not url.startswith("file:"):
        yield _in_cluster(args, env)
        return
    from cmp.refresh.people import StorePeople

    store = open_index(url, env)
    record = find(store, url, args.application)
    aliases = []
    for source in record.sources:
        aliases += [(source.source, alias) for alias in source.decisions]
        aliases += _listed(source.source, {**source.annotations, **source.parameters})
    with store.writing():
        yield Place(
            record.application,
            record.instance,
            named(dict.fromkeys(aliases)),
            StorePeople(store),
            lambda: store.history(record.instance),
            setting(None, env, "USER", "somebody"),
        )


def _in_cluster(args: "Namespace", env: Mapping[str, str]) -> Place:
    from cmp.refresh.cluster import connect
    from cmp.refresh.people import ConfigMapPeople
    from cmp.refresh.plan import plan
    from cmp.refresh.rights import user
    from cmp.refresh.scope import control_plane
    from cmp.refresh.state import ConfigMapState

    cluster, own = connect(
        setting(args.kubeconfig, env, "KUBECONFIG"), otherwise="name a folder with --store file://"
    )
    namespace = control_plane(args.argocd_namespace, env, own)
    application = parse_application(_manifest(cluster, args.application, namespace))
    (planned,) = plan([application], namespace) or (None,)
    sources = planned.sources if planned else ()
    for source in sources:
        if source.problem:
            raise source.problem.within(planned.application if planned else "")
    aliases = [(s.source.id, image.alias) for s in sources for image in s.image_list.images]
    instance = application.instance(namespace)

    def history() -> History:
        state = ConfigMapState(cluster, namespace)
        state.load()
        return state.history(instance)

    return Place(
        str(application),
        instance,
        named(aliases),
        ConfigMapPeople(cluster, namespace),
        history,
        user(cluster) or setting(None, env, "USER", "somebody"),
    )


def _manifest(cluster: "Cluster", written: str, control_plane: str) -> dict[str, object]:
    from cmp.refresh.cluster import API

    namespace, _, name = written.rpartition("/")
    namespace = namespace or control_plane
    if not all(c.isascii() and (c.isalnum() or c in "-.") for c in namespace + name) or not name:
        raise InvalidInput(f"not an Application: {written!r}; write name, or namespace/name")
    folder = f"{API}/namespaces/{namespace}/applications"
    found, _ = cluster.list(folder, only=name)  # what the refresher's own account may, too
    if found:
        return found[0]
    known = [other["metadata"]["name"] for other in cluster.list(folder)[0]]
    raise InvalidInput(
        f"no Application {name!r} in the namespace {namespace}{nearest(name, known)}"
    )


def _listed(source: SourceId, keys: Mapping[str, str]) -> Iterable[tuple[SourceId, str]]:
    try:
        return [(source, image.alias) for image in read_image_list(keys).images]
    except CmpError:
        return []
