"""What a registry answers for an image, and what to do when it does not."""

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
    from argparse import Namespace

    from cmp.refresh.listing import RegistryAccess
    from cmp.registry.auth.keychain import Keyring
    from cmp.registry.auth.reference import Reference
    from cmp.registry.client import Listing
    from cmp.registry.configuration import Registries, Registry
    from cmp.registry.exchange import Exchange


def main(args: "Namespace", env: Mapping[str, str], now: datetime) -> int:
    """Ask the registry and say what it says; exit status as of a pass over this image."""
    from cmp.refresh.listing import RegistryAccess
    from cmp.registry.advice import Attempt, clock_of, next_step

    repository, reference = _asked_for(args.image)
    pull_secret = _parsed(args.pull_secret, "--pull-secret")
    registries, keyring = _configured(args, env)
    registry, path = registries.locate(repository)
    sources = tuple(_sources(registry, pull_secret))
    for label, text in _place(repository, registries, registry, path):
        _say(label, text)
    for source, why in sources:
        _say("credentials", f"{source}, {why}" if source else why)
    if pull_secret and (complaint := _why_not(pull_secret, registry, path, keyring)):
        _say("note", f"{complaint}; it is passed over")
    exchanges: list[Exchange] = []

    def note(exchange: "Exchange") -> None:
        exchanges.append(exchange)
        _say("request" if len(exchanges) == 1 else "", _line(exchange))
        if exchange.status and exchange.said:
            _say("challenge", exchange.said)

    with RegistryAccess(keyring, lambda _, __: lambda: None, note) as access:
        access.begin(registries, {repository: (pull_secret,) if pull_secret else ()})
        error = _ask(access, repository, reference, now)
    skew_s, clock = clock_of(exchanges, now.timestamp())
    if clock:
        _say("clock", clock)
    if error is None:
        _say("result", "all is well")
        return 0
    used = " and ".join(source for source, _ in sources if source)
    attempt = Attempt(registry, exchanges, registry in registries.entries, used, skew_s)
    _say("failed", str(error))
    _say("next", next_step(error, attempt))
    return error.exit_status


def _asked_for(text: str) -> tuple[Repository, str]:
    """Return the repository, and tag or digest, of a reference or an entry of an image-list."""
    try:
        image = Image.parse(text)
    except InvalidInput:
        return parse_entry(text)[1], ""
    return image.repository, image.tag or image.digest or ""


def _parsed(written: str, where: str) -> "Reference | None":
    from cmp.registry.auth.reference import parse

    try:
        return parse(written) if written else None
    except InvalidInput as error:
        raise error.within(where) from None


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


Lines = Iterator[tuple[str, str]]
"""Each a label and a text."""


def _place(
    repository: Repository, registries: "Registries", registry: "Registry", path: str
) -> Lines:
    """Yield which registry it is, why, and how it is asked."""
    from cmp.registry.registry import ScanAs, is_under

    entries: list[Registry | ScanAs] = [*registries.entries, *registries.listed_elsewhere]
    around = [entry for entry in entries if is_under(str(repository), entry.prefix)]
    closest = max(around, key=lambda entry: len(entry.prefix), default=None)
    yield "image", str(repository)
    if isinstance(closest, ScanAs):
        yield "listed as", f"{closest.listed(repository)}: scan_as of the entry {closest.name}"
    if registry not in registries.entries:
        yield "registry", f"{registry.name}: no entry of registries.conf is for it"
    elif registry in around or isinstance(closest, ScanAs):
        yield "registry", f"{registry.name}: the entry with the longest prefix, {registry.prefix}"
    else:
        why = "default: true" if registry.is_default else "no prefix"
        yield "registry", f"{registry.name}: the entry for what is under no prefix, with {why}"
    yield "asked at", f"{registry.api_url}/v2/{path}"
    if registry.insecure or registry.ca:
        given = "the system's authorities, and those of ca_file and ca_data"
        yield "trusts", "any certificate: insecure: true" if registry.insecure else given
    for note in registries.notes:
        yield "note", note


def _sources(registry: "Registry", pull_secret: "Reference | None") -> Lines:
    """Yield each source of credentials, in the order in which they are tried, and why it is one.

    What is no source is the reason alone.
    """
    from cmp.registry.auth.keychain import described
    from cmp.registry.auth.reference import Script, Variable, is_for

    host = registry.host
    is_used = pull_secret is not None and is_for(pull_secret, host)
    if pull_secret is not None and is_used:
        is_secret = not isinstance(pull_secret, Script | Variable)
        limit = "" if is_secret else "; an annotation may name Secrets only"
        yield described(pull_secret), f"as pull-secret says{limit}"
    elif pull_secret is not None:
        yield "", f"{described(pull_secret)} is for {pull_secret.registry} alone, and passed over"
    own = _parsed(registry.credentials, f"registry {registry.name}: credentials")
    if own is not None:
        yield described(own), f"of the entry {registry.name}"
    elif _is_native(host):
        yield "this process's own identity", f"which {host} may know"
    elif not is_used:
        yield "", "none: registries.conf has none for it, and there is no pull-secret"


def _why_not(
    reference: "Reference", registry: "Registry", path: str, keyring: "Keyring"
) -> CmpError | None:
    """Return why a pull-secret gives no credential: nobody says so where the next one serves."""
    from cmp.registry.auth.keychain import Wanted
    from cmp.registry.auth.reference import is_for

    host = registry.host
    wanted = Wanted(reference, host, registry.api_url, where="pull-secret", annotated=True)
    try:
        if is_for(reference, host):
            wanted.keychain(keyring).credential(path)
    except CmpError as error:
        return error
    return None


def _is_native(host: str) -> bool:
    """Tell whether the registry may know the identity of a pod."""
    from importlib import import_module

    from cmp.registry.auth.keychain import NATIVE

    return any(import_module(name).serves(host) for name in NATIVE)


def _ask(
    access: "RegistryAccess", repository: Repository, reference: str, now: datetime
) -> CmpError | None:
    """Ask for the list, and for a tag or digest; return what went wrong."""
    from cmp.refresh.questions import Question

    listing = access.list_all({repository: None})[repository]
    if isinstance(listing, CmpError):
        return listing
    _say("listed", _listed(listing))
    if not reference:
        return None
    question = Question(repository, reference, is_winner=True)
    found = access.answer_all({question: Tag(reference)}, now)[question]
    if isinstance(found, CmpError):
        return found
    kind = f", {found.why_no_image}: it is never chosen" if found.why_no_image else ""
    _say("tag", f"{reference} names {found.digest}{kind}")
    return None


def _listed(listing: "Listing") -> str:
    names, pages = len(listing.names or ()), len(listing.pages)
    etags = "with" if all(etag for _, etag in listing.pages) else "without"
    return f"{_count(names, 'tag')} on {_count(pages, 'page')}, {etags} entity tags"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _line(exchange: "Exchange") -> str:
    asked, time_ms = f"{exchange.method:<4} {exchange.url}", exchange.time_s * 1000
    return f"{asked}  {exchange.status or exchange.said}  {time_ms:.0f} ms"


def _say(label: str, text: str) -> None:
    """Print at once, for one may have to wait; what a server says cannot steer a terminal."""
    shown = "".join(char if char.isprintable() else "?" for char in text)
    sys.stdout.write(f"{label:<12} {shown}\n")
    sys.stdout.flush()
