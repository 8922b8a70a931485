"""COMMAND  What a registry answers for an image, and what to do when it does not."""

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from cmp.core.image import Image, Repository
from cmp.core.image_list import parse_entry
from cmp.core.snapshot import Tag
from cmp.errors import CmpError, InvalidInput
from cmp.settings import setting

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from cmp.refresh.listing import RegistryAccess
    from cmp.registry.auth.keychain import Keyring
    from cmp.registry.configuration import Registries, Registry
    from cmp.registry.exchange import Exchange


def configure(parser: "ArgumentParser") -> None:
    """Declare the command's arguments."""
    parser.add_argument("image", metavar="IMAGE", help="with a tag, that one is looked at too")
    parser.add_argument("--registries", metavar="FILE", help="registries.conf, as users have it")
    parser.add_argument(
        "--pull-secret", metavar="SOURCE", default="", help="as the annotation of that name"
    )
    parser.add_argument(
        "--kubeconfig",
        metavar="FILE",
        help="the cluster that holds Secrets, and registries.conf where no file is given",
    )
    parser.add_argument(
        "--argocd-namespace", metavar="NAME", help="of Argo CD's control plane in that cluster"
    )


def main(args: "Namespace", env: Mapping[str, str], now: datetime) -> int:
    """Ask the registry and say what it says; exit status as of a pass over this image."""
    from cmp.refresh.listing import RegistryAccess
    from cmp.registry.advice import clock_skew_s, next_step
    from cmp.registry.auth.reference import parse

    repository, tag = _asked_for(args.image)
    registries, keyring = _configured(args, env)
    registry, path = registries.locate(repository)
    for line in _beginning(repository, registry, path, registries, args.pull_secret):
        _say(line)
    exchanges: list[Exchange] = []
    with RegistryAccess(keyring, lambda _, __: lambda: None, exchanges.append) as access:
        named = (parse(args.pull_secret),) if args.pull_secret else ()
        access.begin(registries, {repository: named})
        error = _ask(access, repository, tag, now)
    for exchange in exchanges:
        _say(f"  {_line(exchange)}")
    if skew_s := clock_skew_s(exchanges, now.timestamp()):
        _say(f"clock        the registry's is {skew_s:+.0f} s from here, and tokens may be refused")
    if error is None:
        _say("all is well")
        return 0
    has_credentials = bool(registry.credentials or args.pull_secret)
    _say(f"failed       {error}")
    _say(f"next         {next_step(error, registry, exchanges, has_credentials=has_credentials)}")
    return error.exit_status


def _asked_for(text: str) -> tuple[Repository, str]:
    """Return the repository and tag of a reference, or of an entry of an image-list."""
    try:
        image = Image.parse(text)
    except InvalidInput:
        return parse_entry(text)[1], ""
    return image.repository, image.tag or ""


def _configured(args: "Namespace", env: Mapping[str, str]) -> "tuple[Registries, Keyring]":
    from cmp.refresh.registries import from_config_map, from_file, secrets_of
    from cmp.registry.auth.keychain import Keyring

    file = setting(args.registries, env, "CMP_REGISTRIES")
    kubeconfig = setting(args.kubeconfig, env, "KUBECONFIG")
    in_cluster = kubeconfig or "KUBERNETES_SERVICE_HOST" in env
    if not in_cluster:
        return from_file(file)(), Keyring(env)
    from cmp.refresh.cluster import connect

    cluster, own = connect(kubeconfig)
    namespace = setting(args.argocd_namespace, env, "CMP_ARGOCD_NAMESPACE", own)
    if not file and not namespace:
        raise InvalidInput(
            "the namespace of Argo CD's control plane is not known; name it with "
            "--argocd-namespace, or give registries.conf with --registries"
        )
    read = from_file(file) if file else from_config_map(cluster, namespace)
    return read(), Keyring(env, secrets_of(cluster))


def _beginning(
    repository: Repository,
    registry: "Registry",
    path: str,
    registries: "Registries",
    pull_secret: str,
) -> Iterator[str]:
    from cmp.registry.auth.keychain import described
    from cmp.registry.auth.reference import parse

    yield f"image        {repository}"
    if registry in registries.entries:
        yield f"registry     {registry.name}: the entry of registries.conf with {_place(registry)}"
    else:
        yield f"registry     {registry.name}: no entry of registries.conf is for it"
    yield f"asked at     {registry.api_url}/v2/{path}"
    if pull_secret:
        yield f"credentials  {described(parse(pull_secret))}, then what registries.conf says"
    elif registry.credentials:
        yield f"credentials  {described(parse(registry.credentials))}, of registries.conf"
    else:
        yield "credentials  none in registries.conf; those of this pod, if its registry knows any"


def _place(registry: "Registry") -> str:
    if registry.prefix:
        return f"the longest prefix it begins with, {registry.prefix}"
    return "default: true" if registry.is_default else "no prefix, which is the default"


def _ask(
    access: "RegistryAccess", repository: Repository, tag: str, now: datetime
) -> CmpError | None:
    """Ask for the list, and for a tag; return what went wrong."""
    from cmp.refresh.questions import Question

    listing = access.list_all({repository: None})[repository]
    if isinstance(listing, CmpError):
        return listing
    names = listing.names or ()
    etags = "with" if all(etag for _, etag in listing.pages) else "without"
    _say(f"listed       {len(names)} tags on {len(listing.pages)} pages, {etags} entity tags")
    if not tag:
        return None
    question = Question(repository, tag, is_winner=True)
    found = access.answer_all({question: Tag(tag)}, now)[question]
    if isinstance(found, CmpError):
        return found
    _say(f"tag          {tag} names {found.digest}{_kind(found)}")
    return None


def _kind(tag: Tag) -> str:
    return f", {tag.why_no_image}: it is never chosen" if tag.why_no_image else ""


def _line(exchange: "Exchange") -> str:
    said = f"  {exchange.said}" if exchange.said else ""
    status = exchange.status or "---"
    return f"{exchange.method:<4} {exchange.url}  {status}  {exchange.time_s * 1000:.0f} ms{said}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
