"""Which tags an owner admits: allow-tags and ignore-tags, in time linear in their length."""

from collections.abc import Callable

from cmp.core.glob import glob_to_re2
from cmp.core.policy import ANY, Policy
from cmp.errors import InvalidPolicy

Filter = Callable[[str], str]
"""Takes a tag's name; returns why it is not admitted, or nothing."""

_FORMS = "write regexp:<RE2 expression> or any"


def tag_filter(policy: Policy) -> Filter:
    """Compile the policy's filters; raise `InvalidPolicy` naming the one that is wrong."""
    allowed = allow_expression(policy.allow_tags)
    ignored = [
        (glob, expression)
        for glob in policy.ignore_tags
        if (expression := glob_to_re2(glob)) is not None
    ]
    if allowed is None and not ignored:
        return lambda _: ""
    return _compiled(allowed, ignored)


def malformed_globs(policy: Policy) -> tuple[str, ...]:
    """Return one sentence for each ignore-tags pattern that can never match.

    Not an error: argocd-image-updater passes over them in silence, so Applications that
    have one work today.
    """
    return tuple(
        f"ignore-tags: {glob!r} is not a valid pattern, so it matches no tag"
        for glob in policy.ignore_tags
        if glob_to_re2(glob) is None
    )


def allow_expression(allow_tags: str) -> str | None:
    """Return the expression in ``regexp:<expression>``, or None for ``any``."""
    if allow_tags.lower() == ANY:
        return None
    function, colon, expression = allow_tags.partition(":")
    if not colon or function.lower() != "regexp":
        raise InvalidPolicy(f"not a tag filter: {allow_tags!r}; {_FORMS}", where="allow-tags")
    return expression


def _compiled(allowed: str | None, ignored: list[tuple[str, str]]) -> Filter:
    """Match all expressions in one pass: position 0 is the allowed one, if there is one."""
    import re2

    options = re2.Options()
    options.log_errors = False
    if allowed is not None:
        try:
            re2.compile(allowed, options=options)
        except re2.error as error:
            reason = error.args[0].decode(errors="replace")
            raise InvalidPolicy(
                f"not an RE2 expression: {allowed!r}: {reason}; "
                "RE2 has no lookaround and no back-references",
                where="allow-tags",
            ) from None
    expressions = re2.Set.SearchSet(options)
    for expression in [allowed, *(expression for _, expression in ignored)]:
        if expression is not None:
            expressions.Add(expression)
    try:
        expressions.Compile()
    except re2.error:
        raise InvalidPolicy(
            "too large together to be matched; write shorter expressions",
            where="allow-tags and ignore-tags",
        ) from None
    match: Callable[[str], list[int] | None] = expressions.Match
    first_ignored = 0 if allowed is None else 1
    globs = [glob for glob, _ in ignored]
    not_allowed = f"not matched by allow-tags {allowed}"
    reasons = {index: f"ignored by {glob}" for index, glob in enumerate(globs, first_ignored)}

    def why_not(name: str) -> str:
        matched = match(name) or ()  # the binding returns None for no match
        if first_ignored and 0 not in matched:
            return not_allowed
        for index in matched:
            if index >= first_ignored:
                return reasons[index]
        return ""

    return why_not
