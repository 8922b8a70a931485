"""What people, and Argo CD, hear of what was written to Git."""

import logging
import re
from datetime import UTC, datetime

from cmp.errors import CmpError
from cmp.refresh.cluster import Cluster
from cmp.refresh.events import create_event, event
from cmp.refresh.git_edits import Found
from cmp.refresh.git_plan import GitWish
from cmp.refresh.heard import Heard
from cmp.refresh.observed import Observed
from cmp.refresh.patches import application_path, describe, normal_refresh
from cmp.refresh.rollbacks import describe_rollback, rollback
from cmp.refresh.update_log import log_updates
from cmp.refresh.wanted import Wanted
from cmp.refresh.watched import Name, Watched
from cmp.writeback.git_outcome import Outcome

log = logging.getLogger(__name__)

# What differs each time: curl says after how many ms it failed, a server the id of a request.
_COUNTED = re.compile(r"[0-9A-Fa-f]*[0-9][0-9A-Fa-f]*")
_SHORT = 7  # characters of a commit, as git shows it


class GitReports:
    """Writes Events and lines of the log; what is in the way of an Application once."""

    def __init__(
        self, cluster: Cluster, applications: Watched[Observed], heard: Heard, control_plane: str
    ) -> None:
        """Report to ``cluster``; what people changed in Git is said to ``heard``."""
        self._cluster = cluster
        self._applications = applications
        self._heard = heard
        self._control_plane = control_plane
        self._in_the_way: dict[Name, str] = {}

    def forget(self, name: Name) -> None:
        """Tell again what is in the way, should something be."""
        self._in_the_way.pop(name, None)

    def committed(self, app: Observed, wish: GitWish, outcome: Outcome) -> None:
        """Say that a commit has what was wished, and who is to merge it."""
        commit, url = outcome.commit, outcome.request_url
        known = [image for image in wish.images if image.before]
        if wish.is_new:
            log_updates(app.application.name, known, len(wish.images))
        where = f"{outcome.request.place.address} {outcome.branch}"
        asked = {"pull_request": url} if url else {}
        log.info(
            "written to Git",
            extra={"application": app.application, "where": where, "commit": commit, **asked},
        )
        if gone := wish.edit.found.gone:
            note = f"{', '.join(gone)} had gone from {', '.join(wish.edit.found.files)}"
            log.warning("written again", extra={"application": app.application, "reason": note})
            self._event(app, "ImageRestored", f"{note}; commit {commit[:_SHORT]} has it", commit)
        if known:
            told = describe((image.before, image.after) for image in known)
            if url:
                self._event(app, "ImageProposed", f"{told}: {url}", commit)
            else:
                self._event(app, "ImageUpdated", f"{told}: commit {commit[:_SHORT]}", commit)

    def declined(self, app: Observed, wish: GitWish, url: str) -> None:
        """Say that people closed the request for what is wished, which is their answer."""
        told = describe((image.before, image.after) for image in wish.images if image.before)
        note = f"{told or 'its images'}: declined in {url}; it is asked again with another image"
        self._event(app, "ImageDeclined", note, url)

    def refresh(self, app: Observed) -> None:
        """Have Argo CD look at the branch; by itself it does so every some minutes."""
        if app.refresh_pending:
            return
        try:
            body = normal_refresh(_now())
            self._applications.learn(self._cluster.merge(application_path(app), body))
        except CmpError as error:
            where = {"application": app.application, "reason": error}
            log.warning("Argo CD not told of a commit", extra=where)

    def take_over(self, app: Observed, wanted: Wanted, found: Found) -> bool:
        """Hold what a person put in Git in place of what was written; tell whether that is so."""
        images = {image.name: image for image in wanted.images}
        now, reason = _now().replace(microsecond=0), f"changed in Git, in {', '.join(found.files)}"
        told = {
            name: rollback(images[name], there, "", reason, now)
            for name, there in found.changed.items()
            if name in images
        }
        if not self._heard.correct(app.application.instance(self._control_plane), told):
            return False
        for name, said in told.items():
            key = f"{images[name].decision.id} {said.tag}"
            self._event(app, "ImageRolledBack", describe_rollback(images[name], said), key)
        return True

    def in_the_way(self, name: Name, app: Observed, wanted: Wanted, error: CmpError) -> None:
        """Say why nothing is written, once as long as it is the same."""
        text = str(error)
        gist = _COUNTED.sub("", text)
        if self._in_the_way.get(name) != gist:
            self._in_the_way[name] = gist
            where = {"application": app.application, "reason": text}
            log.warning("not written to Git", extra=where)
            self._event(app, "ImageNotUpdated", f"not written to Git: {text}", wanted.decisions)

    def _event(self, app: Observed, reason: str, text: str, key: str) -> None:
        create_event(self._cluster, event(app, reason, text, key=key, now=_now()))


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - when an Event happened
