"""Index a registry, render the guestbook with its newest image, and show the difference."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.images import push_image
from tests.support.registry import RegistryServer

HERE = Path(__file__).resolve().parent.parent
PLACEHOLDER = "registry.test"
GUESTBOOK = "haoshuwei24/guestbook"


def main() -> int:
    """Run the demonstration; nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix="image-cmp-demo-") as folder:
        root = Path(folder)
        storage = root / "registry"
        storage.mkdir()
        binary = HERE / ".tools" / "bin" / "registry"
        with RegistryServer(binary=binary, root=storage) as registry:
            _say(f"A registry on {registry.host} gets guestbook v1 to v4, and redis 6.0.9.")
            for number in range(1, 5):
                created = f"2026-01-0{number}T00:00:00Z"
                push_image(registry.url, GUESTBOOK, f"v{number}", created=created)
            push_image(registry.url, "library/redis", "6.0.9")
            repository = _checkout(root / "repository", registry.host)
            return _tour(repository, f"file://{root / 'index'}", registry)


def _checkout(folder: Path, host: str) -> Path:
    """Copy the example, with the registry that is running in the place of the made-up one."""
    shutil.copytree(HERE / "examples" / "guestbook", folder)
    for file in folder.rglob("*.yaml"):
        file.write_text(file.read_text().replace(PLACEHOLDER, host))
    (folder / "registries.conf").write_text(
        f"registries:\n- name: demo\n  prefix: {host}\n  api_url: http://{host}\n"
    )
    return folder


def _tour(repository: Path, index: str, registry: RegistryServer) -> int:
    _say("The refresher lists the registry, decides, and writes the index.")
    files = ["--applications", ".", "--registries", "registries.conf"]
    _cmp(repository, "refresh", "--once", *files, "--store", index)
    registry.stop()
    _say("The registry is stopped. What Git says (v1) against what is rendered: the Helm chart,")
    diff = ["--index", index, "--diff"]
    _cmp(repository, "render", "--application", "application.yaml", *diff)
    _say("the same through Kustomize,")
    _cmp(repository, "render", "--application", "application-kustomize.yaml", *diff)
    _say("and why.")
    _cmp(repository, "explain", "guestbook", "--index", index)
    return 0


def _say(text: str) -> None:
    print(f"\n\033[1m# {text}\033[0m" if sys.stdout.isatty() else f"\n# {text}", flush=True)


def _cmp(repository: Path, *arguments: str) -> None:
    shown = " ".join(argument.replace(str(repository.parent), "…") for argument in arguments)
    print(f"$ python -I -m cmp {shown}", flush=True)
    subprocess.run([sys.executable, "-I", "-m", "cmp", *arguments], cwd=repository, check=True)


if __name__ == "__main__":
    sys.exit(main())
