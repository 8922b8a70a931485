"""A Git repository on disk, made with git itself."""

import os
from pathlib import Path

from tests.support.cli import run

_NOBODYS = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
AUTHOR = ("-c", "user.name=tests", "-c", "user.email=tests@git.test")


def commit_all(folder: Path, message: str) -> str:
    """Commit all there is in ``folder``, from now on a repository; return the commit's id."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, *AUTHOR, "commit", "--quiet", f"--message={message}")
    return git(folder, "rev-parse", "HEAD").strip()


def git(folder: Path, *arguments: str) -> str:
    """Run git in ``folder``, with nobody's configuration; return what it prints."""
    done = run(["git", *arguments], folder, _NOBODYS, measured=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
