"""What ``CMP_GIT_…`` says, as the engine's options.

The names after ``CMP_`` are argocd-image-updater's where it has the setting.
"""

from collections.abc import Mapping

from cmp.core.duration import parse_duration
from cmp.errors import InvalidInput, excerpt
from cmp.settings import setting
from cmp.writeback.git_engine import Options
from cmp.writeback.git_message import DEFAULT, Author, author
from cmp.writeback.git_schedule import Limits
from cmp.writeback.git_signing import SigningKey
from cmp.writeback.git_writer import Style
from cmp.writeback.go_template import Template

_HOUR_S = 3600.0
_MOST = 10_000
_LONGEST_S = 3600.0


def options(env: Mapping[str, str]) -> Options:
    """Return the options that the environment gives; raise `InvalidInput` that names one."""
    limits = Limits(
        window_s=_seconds(env, "CMP_GIT_BATCH_WINDOW", "5s"),
        commits=_number(env, "CMP_GIT_COMMITS_PER_HOUR", "60"),
        per_s=_HOUR_S,
        loop_s=_seconds(env, "CMP_GIT_LOOP_WINDOW", "15m"),
    )
    default = Author()
    try:
        who = author(
            setting(None, env, "CMP_GIT_COMMIT_USER", default.name),
            setting(None, env, "CMP_GIT_COMMIT_EMAIL", default.email),
        )
    except InvalidInput as error:
        raise error.within("CMP_GIT_COMMIT_USER, CMP_GIT_COMMIT_EMAIL") from None
    style = Style(
        author=who,
        template=_template(setting(None, env, "CMP_GIT_COMMIT_MESSAGE_PATH")),
        skip_ci=_truth(env, "CMP_GIT_SKIP_CI"),
        sign_off=_truth(env, "CMP_GIT_COMMIT_SIGN_OFF"),
    )
    key = setting(None, env, "CMP_GIT_COMMIT_SIGNING_KEY")
    method = setting(None, env, "CMP_GIT_COMMIT_SIGNING_METHOD", "openpgp")
    return Options(
        limits,
        style,
        signing=SigningKey(method, key) if key else None,
        at_once=_number(env, "CMP_GIT_CONCURRENCY", "4"),
    )


def _template(path: str) -> Template:
    if not path:
        return DEFAULT
    try:
        with open(path, encoding="utf-8") as file:
            return Template.parse(file.read())
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"cannot be read: {error}", where="CMP_GIT_COMMIT_MESSAGE_PATH"
        ) from None
    except InvalidInput as error:
        raise error.within(path) from None


def _seconds(env: Mapping[str, str], name: str, default: str) -> float:
    value = setting(None, env, name, default)
    try:
        seconds = parse_duration(value).total_seconds()
    except InvalidInput as error:
        raise InvalidInput(error.message, where=name) from None
    if not 0 <= seconds <= _LONGEST_S:
        raise InvalidInput(f"{excerpt(value)} is longer than an hour", where=name)
    return seconds


def _number(env: Mapping[str, str], name: str, default: str) -> int:
    value = setting(None, env, name, default)
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= _MOST):
        raise InvalidInput(f"not a number from 1 to {_MOST}: {excerpt(value)}", where=name)
    return int(value)


def _truth(env: Mapping[str, str], name: str) -> bool:
    value = setting(None, env, name, "false")
    if value not in ("true", "false"):
        raise InvalidInput(f"{excerpt(value)} is neither true nor false", where=name)
    return value == "true"
