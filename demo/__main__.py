"""Index a registry, render the guestbook with its newest image, and show the difference."""

import subprocess
import sys
import tempfile
from pathlib import Path

from demo import playground
from demo.guestbook import REGISTRY, checkout, push_guestbook, push_redis
from tests.support.registry import RegistryServer

KNOWN = ("serve", "push")


def main() -> int:
    """Run the demonstration, of which nothing stays; or serve or fill a playground."""
    match sys.argv[1:]:
        case []:
            return _demonstrate()
        case ["serve", folder]:
            return playground.serve(Path(folder))
        case ["push", folder, tag]:
            return playground.push_to(Path(folder), tag)
    print("usage: python -m demo [serve FOLDER | push FOLDER TAG]", file=sys.stderr)
    return 2


def _demonstrate() -> int:
    with tempfile.TemporaryDirectory(prefix="image-cmp-demo-") as folder:
        root = Path(folder)
        storage = root / "registry"
        storage.mkdir()
        with RegistryServer(binary=REGISTRY, root=storage) as registry:
            _say(f"A registry on {registry.host} gets guestbook v1 to v4, and redis 6.0.9.")
            for number in range(1, 5):
                push_guestbook(registry.url, f"v{number}")
            push_redis(registry.url)
            repository = checkout(root / "repository", registry.host)
            return _tour(repository, f"file://{root / 'index'}", registry)


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
