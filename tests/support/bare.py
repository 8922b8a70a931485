"""A bare repository that others push to, and what is in it."""

from collections.abc import Mapping
from pathlib import Path

from tests.support.cli import run
from tests.support.git import AUTHOR, commit_all, git


class Bare:
    """A bare repository, with a branch main of the given files."""

    def __init__(self, path: Path, files: Mapping[str, str | bytes]) -> None:
        self.path = path
        work = path.with_name(f"{path.name}.work")
        for name, content in files.items():
            file = work / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.work = work
        commit_all(work, "first")
        path.parent.mkdir(parents=True, exist_ok=True)
        git(work, "init", "--quiet", "--bare", "--initial-branch=main", str(path))
        git(path, "config", "uploadpack.allowFilter", "true")
        git(path, "config", "http.receivepack", "true")
        git(work, "push", "--quiet", str(path), "main")

    @property
    def file_url(self) -> str:
        return self.path.as_uri()

    def show(self, path: str, branch: str = "main") -> bytes:
        """Return a file's content, as its branch has it."""
        return git(self.path, "show", f"{branch}:{path}").encode()

    def files(self, branch: str = "main") -> list[str]:
        return git(self.path, "ls-tree", "-r", "--name-only", branch).splitlines()

    def count(self, line: str, branch: str = "main") -> int:
        """Return how many files have a text in them."""
        argv = ["git", "grep", "--files-with-matches", "--fixed-strings", "-e", line, branch]
        return len(run(argv, self.path, measured=False).stdout.splitlines())

    def tip(self, branch: str = "main") -> str:
        return git(self.path, "rev-parse", f"refs/heads/{branch}").strip()

    def log(self, form: str = "%s", branch: str = "main") -> list[str]:
        return git(self.path, "log", f"--format={form}", branch, "--").splitlines()

    def has(self, branch: str) -> bool:
        argv = ["git", "show-ref", "--verify", "--quiet", f"refs/heads/{branch}"]
        return run(argv, self.path, measured=False).returncode == 0

    def commit(self, path: str, content: str | None, branch: str = "main") -> None:
        """Push a commit as somebody else would; None removes the file."""
        self._check_out(branch)
        (self.work / path).parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            (self.work / path).unlink()
        else:
            (self.work / path).write_text(content)
        commit_all(self.work, f"other: {path}")
        self._push(branch)

    def revert(self, branch: str = "main") -> None:
        """Push a commit that takes back the last one, as a person would."""
        self._check_out(branch)
        git(self.work, *AUTHOR, "revert", "--no-edit", "HEAD")
        self._push(branch)

    def _check_out(self, branch: str) -> None:
        git(self.work, "fetch", "--quiet", str(self.path), branch)
        git(self.work, "checkout", "--quiet", "--detach", "FETCH_HEAD")

    def _push(self, branch: str) -> None:
        git(self.work, "push", "--quiet", str(self.path), f"HEAD:refs/heads/{branch}")

    def hook(self, name: str, script: str) -> None:
        file = self.path / "hooks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
