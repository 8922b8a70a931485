"""The engine's options, as the environment says them."""

from pathlib import Path

import pytest

from cmp.errors import InvalidInput
from cmp.writeback.git_engine import Options
from cmp.writeback.git_message import Author, message
from cmp.writeback.git_settings import options
from cmp.writeback.git_signing import SigningKey
from cmp.writeback.git_update import Update


def test_nothing_said_is_what_is_documented() -> None:
    assert options({}) == Options()


def test_everything_said(tmp_path: Path) -> None:
    template = tmp_path / "commit.template"
    template.write_text("chore: {{.AppName}}")

    found = options(
        {
            "CMP_GIT_BATCH_WINDOW": "1m",
            "CMP_GIT_COMMITS_PER_HOUR": "7",
            "CMP_GIT_LOOP_WINDOW": "0s",
            "CMP_GIT_COMMIT_USER": "Bot",
            "CMP_GIT_COMMIT_EMAIL": "bot@git.test",
            "CMP_GIT_COMMIT_MESSAGE_PATH": str(template),
            "CMP_GIT_SKIP_CI": "true",
            "CMP_GIT_COMMIT_SIGN_OFF": "true",
            "CMP_GIT_COMMIT_SIGNING_KEY": "/keys/id",
            "CMP_GIT_COMMIT_SIGNING_METHOD": "ssh",
            "CMP_GIT_CONCURRENCY": "2",
        }
    )

    assert (found.limits.window_s, found.limits.commits, found.limits.loop_s) == (60, 7, 0)
    assert (found.style.author, found.style.skip_ci) == (Author("Bot", "bot@git.test"), True)
    assert message([Update("app", "", ())], found.style.template) == "chore: app\n"
    assert (found.signing, found.at_once) == (SigningKey("ssh", "/keys/id"), 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CMP_GIT_BATCH_WINDOW", "soon"),
        ("CMP_GIT_BATCH_WINDOW", "2h"),
        ("CMP_GIT_COMMITS_PER_HOUR", "0"),
        ("CMP_GIT_CONCURRENCY", "many"),
        ("CMP_GIT_SKIP_CI", "yes"),
        ("CMP_GIT_COMMIT_USER", "a\nb"),
        ("CMP_GIT_COMMIT_MESSAGE_PATH", "/nowhere"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        options({name: value})

    assert name in str(caught.value)
