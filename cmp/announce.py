"""COMMAND  What Argo CD's Parameters tab offers for a source, with the images it has now.

Argo CD starts it as it starts `render`, with less: the Application's name, its source and its
parameters (argo-cd, reposerver/repository: populatePluginAppDetails). A tab that shows a problem
helps more than one that fails, so whatever is wrong is said in a title, and the status is 0.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from cmp.choose import choose
from cmp.core.announcement import Now, announce
from cmp.core.keys import IMAGE_LOCK, is_policy_key
from cmp.errors import CmpError, EdgeFailed
from cmp.index import open_reader
from cmp.settings import DEFAULT_INDEX, RenderRequest, setting

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping
    from datetime import datetime

    from cmp.choose import Outcome
    from cmp.core.announcement import Announcement

# What is wrong with the index is the operator's: names of others may be in it.
_NO_INDEX = "which images it has cannot be told now; the log of the plugin's sidecar says why"
_NONE_YET = "no image of it is known yet; write alias=image:constraint to have one kept current"


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--index", metavar="URL", help=f"the index (default: {DEFAULT_INDEX})")


def main(args: Namespace, env: Mapping[str, str], now: datetime) -> int:
    """Print the announcement; say on standard error what is wrong."""
    import json

    url = setting(getattr(args, "index", None), env, "CMP_INDEX", DEFAULT_INDEX)
    lines = [json.dumps(row.as_json()) for row in _announced(env, url, now)]
    sys.stdout.write("[" + ",\n ".join(lines) + "]\n")
    return 0


def _announced(env: Mapping[str, str], url: str, now: datetime) -> list[Announcement]:
    keys: Mapping[str, str] = {}
    try:
        request = RenderRequest.from_environment(env)
        keys = {
            name: value
            for name, value in request.parameters.items()
            if isinstance(value, str) and is_policy_key(name)
        }
        chosen = choose(request, os.getcwd(), open_reader(url, env), now)
    except EdgeFailed as error:
        _tell(str(error.within(f"index {url}")))
        return announce(keys, (), _NO_INDEX)
    except CmpError as error:
        _tell(str(error))
        return announce(keys, (), str(error))
    except Exception:  # noqa: BLE001 - a mistake of ours must not close the tab
        import traceback

        _tell(traceback.format_exc())
        return announce(keys, (), _NO_INDEX)
    as_of = f"as of {now:%Y-%m-%d %H:%M} UTC"  # Argo CD may show it a day later
    images = [Now(o.image, o.choice, f"{_said(o)} ({as_of})") for o in chosen.outcomes]
    return announce(chosen.keys, images, "" if images else _NONE_YET)


def _said(outcome: Outcome) -> str:
    """Return what the image is and why, and what writing into the field would do."""
    alias, choice, why = outcome.image.alias, outcome.choice, outcome.why
    if outcome.notes:
        said = outcome.notes[0].removeprefix(f"image {alias}: ")
    else:
        since = f" since {outcome.since:%Y-%m-%d %H:%M} UTC" if outcome.since else ""
        said = f"{choice.tag or choice.digest if choice else 'as in Git'}{since}, {why}"
    if outcome.by:
        return f"{said}. It stays until `release`, whatever is written here"
    if outcome.image.policy.pin or why == f"as {IMAGE_LOCK} says":
        return said
    return f"{said}. Not pinned; write a tag to pin it"


def _tell(what: str) -> None:
    print(f"error: {what}", file=sys.stderr)  # noqa: T201 - for the sidecar's log
