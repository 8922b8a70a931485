"""COMMAND  What is wrong: with an installation, an Application, or an image's registry."""

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
        metavar="IMAGE|APP",
        nargs="?",
        help="ask the registry of an image, also for a tag or digest, or of all images of an "
        "Application; without it, look at the installation",
    )
    parser.add_argument(
        "--kubeconfig",
        metavar="FILE",
        help="the cluster: of the installation; for an image, what holds Secrets, and "
        "registries.conf where no file is given",
    )
    parser.add_argument("--argocd-namespace", metavar="NAME", help="of Argo CD's control plane")
    image = parser.add_argument_group("of an image or an Application")
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
    flags = [
        name for name in ("store", "application_namespaces", "checkout") if getattr(args, name)
    ]
    flags += ["output"] if args.output != "text" else []
    if flags:
        flag = f"--{flags[0].replace('_', '-')}"
        raise InvalidInput(f"{flag} is for an installation; leave out {args.image}, or the flag")
    from cmp.doctor import application, image

    found = application.find(args, env)
    return application.main(args, env, now, found) if found else image.main(args, env, now)
