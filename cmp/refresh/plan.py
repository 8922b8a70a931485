"""What a cycle has to do: which images of which sources, in which repositories."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from cmp.core.application import Application, Source
from cmp.core.image import Repository
from cmp.core.image_list import ImageList, ManagedImage, read_image_list
from cmp.core.keys import IMAGE_LIST, is_policy_key
from cmp.core.policy import Policy
from cmp.errors import CmpError, InvalidApplication, InvalidInput
from cmp.registry.auth.reference import Reference, allowed_from_annotation, parse


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """One source that has a policy."""

    source: Source
    annotations: Mapping[str, str]
    parameters: Mapping[str, str]
    image_list: ImageList
    problem: CmpError | None = None
    """Why the policy cannot be used; the image list is empty then."""


@dataclass(frozen=True, slots=True)
class ApplicationPlan:
    """One Application with the sources that the plugin renders, or that have a policy."""

    instance: str
    application: str
    sources: tuple[SourcePlan, ...]
    namespace: str = ""
    """Its own: the only one whose Secrets its annotations may name."""

    @property
    def has_policy(self) -> bool:
        """Tell whether its owner wants any image kept current."""
        return any(source.image_list.images or source.problem for source in self.sources)


def plan(applications: Iterable[Application], control_plane: str) -> tuple[ApplicationPlan, ...]:
    """Return what is to be done for each Application.

    One without a policy is there too: what is recorded of it may have to go. Raises
    `InvalidApplication` when two that have a policy also have one instance name.
    """
    plans: dict[str, ApplicationPlan] = {}
    for application in applications:
        sources = tuple(
            found for s in application.sources if (found := _plan_source(application, s))
        )
        instance = application.instance(control_plane)
        known = plans.get(instance)
        namespace = application.namespace or control_plane
        planned = ApplicationPlan(instance, str(application), sources, namespace)
        if known and known.has_policy and planned.has_policy:
            raise InvalidApplication(_clash(known.application, planned.application))
        if known is None or planned.has_policy:
            plans[instance] = planned
    return tuple(plans.values())


def _clash(one: str, other: str) -> str:
    if one == other:
        return f"the Application {one} is there twice; remove one of its manifests"
    return (
        f"the Applications {one} and {other} cannot be told apart; "
        "name the control plane's namespace with --argocd-namespace"
    )


def policies(plans: Iterable[ApplicationPlan]) -> dict[Repository, tuple[Policy, ...]]:
    """Return each wanted repository with the distinct policies for it."""
    found: dict[Repository, dict[Policy, None]] = {}
    for image in images(plans):
        found.setdefault(image.repository, {})[image.policy] = None
    return {repository: tuple(wanted) for repository, wanted in found.items()}


def pull_secrets(
    plans: Iterable[ApplicationPlan], report: Callable[..., object]
) -> dict[Repository, tuple[Reference, ...]]:
    """Return for each wanted repository the Secrets that annotations name, in a fixed order.

    ``report`` is told of one that cannot be used.
    """
    found: dict[Repository, dict[Reference, None]] = {}
    for plan in plans:
        for image in images([plan]):
            references = found.setdefault(image.repository, {})
            if not image.pull_secret:
                continue
            try:
                reference = allowed_from_annotation(parse(image.pull_secret), plan.namespace)
            except InvalidInput as error:
                where = f"image {image.alias}: pull-secret"
                report(error.within(where), application=plan.instance)
            else:
                references[reference] = None
    return {repository: tuple(sorted(named, key=repr)) for repository, named in found.items()}


def images(plans: Iterable[ApplicationPlan]) -> Iterable[ManagedImage]:
    """Yield every managed image of every source."""
    for application in plans:
        for source in application.sources:
            yield from source.image_list.images


def _plan_source(application: Application, source: Source) -> SourcePlan | None:
    if source not in application.policy_sources:
        return None
    annotations, problem = _annotations(application, source)
    parameters = {
        name: value
        for name, value in source.parameters.items()
        if is_policy_key(name) and isinstance(value, str)
    }
    keys = {**annotations, **parameters}
    if source.plugin is None and IMAGE_LIST not in keys:
        return None
    image_list = ImageList(())
    if problem is None:
        try:
            image_list = read_image_list(keys)
        except CmpError as error:
            problem = error
    return SourcePlan(source, annotations, parameters, image_list, problem)


def _annotations(
    application: Application, source: Source
) -> tuple[Mapping[str, str], CmpError | None]:
    """Return the annotations for a source; all of them where they cannot be told apart."""
    try:
        return application.policy(source), None
    except CmpError as error:
        return application.annotations, error
