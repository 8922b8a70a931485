"""The record of an Application by the name people give it."""

from cmp.core.keys import nearest
from cmp.core.record import ApplicationRecord
from cmp.errors import IndexUnavailable, InvalidInput
from cmp.index.protocols import IndexReader

_FEW = 5


def find(index: IndexReader, url: str, name: str) -> ApplicationRecord:
    """Return the record of ``<name>`` or ``<namespace>/<name>``.

    Raises `InvalidInput` with the nearest name, `IndexUnavailable` where there is no index.
    """
    if index.manifest() is None:
        raise IndexUnavailable("nothing was ever published there; run `refresh`", where=url)
    known = index.instances()
    namespace, _, plain = name.rpartition("/")
    for instance in (name.replace("/", "_"), plain):
        record = index.application(instance)
        if record and (not namespace or record.application == name):
            return record
    raise InvalidInput(
        f"the index has no application {name!r}{nearest(plain, known)}; "
        f"it has {', '.join(known[:_FEW]) or 'none'}{', …' if len(known) > _FEW else ''}",
        where=url,
    )
