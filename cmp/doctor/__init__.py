"""COMMAND  What is wrong: with an installation, or between us and a registry."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from cmp.errors import InvalidInput

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def configure(parser: "ArgumentParser") -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "image",
        metavar="IMAGE",
        nargs="?",
        help="ask its registry, also for a tag or digest; without it, look at the installation",
    )
    parser.add_argument(
        "--kubeconfig",
        metavar="FILE",
        help="the cluster: of the installation; for an image, what holds Secrets, and "
        "registries.conf where no file is given",
    )
    parser.add_argument("--argocd-namespace", metavar="NAME", help="of Argo CD's control plane")
    image = parser.add_argument_group("of an image")
    image.add_argument("--registries", metavar="FILE", help="registries.conf, as users have it")
    image.add_argument(
        "--pull-secret", metavar="SOURCE", default="", help="as the annotation of that name"
    )
    installation = parser.add_argument_group("of an installation")
    installation.add_argument(
        "--store", metavar="URL", help="the refresher's, redis:// or rediss://"
    )
    installation.add_argument(
        "--application-namespaces",
        metavar="A,B",
        help="others with Applications (default: as image-cmp-config has it)",
    )
    installation.add_argument(
        "--checkout", metavar="DIR", help="look for left-over files in a repository's checkout"
    )
    installation.add_argument("-o", "--output", choices=("text", "json"), default="text")


def main(args: "Namespace", env: Mapping[str, str], now: datetime) -> int:
    """Look at one or the other."""
    if not args.image:
        from cmp.doctor import installation

        return installation.main(args, env, now)
    for name in ("store", "application_namespaces", "checkout"):
        if getattr(args, name):
            flag = f"--{name.replace('_', '-')}"
            raise InvalidInput(f"{flag} is for an installation; leave it or the image away")
    from cmp.doctor import image

    return image.main(args, env, now)
