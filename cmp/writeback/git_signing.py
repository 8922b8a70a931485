"""Signing commits with GPG or SSH, as git itself does; keys come from files."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from cmp.errors import InvalidInput, ToolFailed
from cmp.writeback.git_login import configured

METHODS = ("openpgp", "ssh")
_TIMEOUT_S = 30
_FINGERPRINT = re.compile(r"^fpr:+([0-9A-F]+):", re.MULTILINE)


class SigningKey(NamedTuple):
    """What a person gives: the kind, and the file that holds the private key."""

    method: str
    file: str


class Signing(NamedTuple):
    """How git is told to sign."""

    env: Mapping[str, str]
    home: str = ""
    """GnuPG's own folder; its agent ends with `end`."""

    def end(self) -> None:
        """End what GnuPG has started, and forget the key."""
        if self.home:
            with suppress(OSError, subprocess.SubprocessError):
                _gpg(self.home, "gpgconf", "--kill", "all")
            shutil.rmtree(self.home, ignore_errors=True)


def prepared(key: SigningKey, folder: str, path: str) -> Signing:
    """Put a key where git finds it, in a private ``folder``; raise `InvalidInput` for none."""
    if key.method not in METHODS:
        raise InvalidInput(
            f"no way to sign: {key.method!r}; use one of: {', '.join(METHODS)}",
            where="CMP_GIT_COMMIT_SIGNING_METHOD",
        )
    try:
        with open(key.file, encoding="utf-8") as file:
            content = file.read()
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"cannot be read: {error}", where="CMP_GIT_COMMIT_SIGNING_KEY"
        ) from error
    if key.method == "ssh":
        # ssh-keygen takes no key that others can read, and a mounted Secret may be such.
        private = os.path.join(folder, "signing-key")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(private, flags, 0o600), "w") as file:
            file.write(content.rstrip("\n") + "\n")
        return Signing(configured([("gpg.format", "ssh"), ("user.signingKey", private)]))
    home = os.path.join(folder, "gpg")
    os.makedirs(home, mode=0o700, exist_ok=True)
    signing = Signing({}, home)
    try:
        _gpg(home, "gpg", "--batch", "--quiet", "--import", stdin=content)
        fingerprint = _fingerprint(home)
    except BaseException:
        signing.end()
        raise
    settings = configured([("gpg.format", "openpgp"), ("user.signingKey", fingerprint)])
    return Signing({**settings, "GNUPGHOME": home, "PATH": path}, home)


def _fingerprint(home: str) -> str:
    listed = _gpg(home, "gpg", "--batch", "--with-colons", "--list-secret-keys")
    found = _FINGERPRINT.search(listed)
    if found is None:
        raise InvalidInput("holds no private key", where="CMP_GIT_COMMIT_SIGNING_KEY")
    return found[1]


def _gpg(home: str, *argv: str, stdin: str = "") -> str:
    try:
        done = subprocess.run(
            argv,
            env={"PATH": os.defpath, "GNUPGHOME": home, "HOME": home, "LC_ALL": "C"},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolFailed(f"{argv[0]} could not be run; it is needed to sign commits") from error
    if done.returncode:
        raise InvalidInput(
            f"GnuPG does not take it: {done.stderr.strip().splitlines()[-1:]}",
            where="CMP_GIT_COMMIT_SIGNING_KEY",
        )
    return done.stdout
