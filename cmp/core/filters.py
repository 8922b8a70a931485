"""Which tags an owner admits: allow-tags and ignore-tags, in time linear in their length."""

from collections.abc import Callable
from typing import NamedTuple

from cmp.core.glob import glob_to_re2
from cmp.core.patterns import Expression
from cmp.core.policy import ANY, Policy
from cmp.core.reasons import ADMITTED, Reason
from cmp.errors import InvalidPolicy, quoted

Filter = Callable[[str], Reason]
"""Takes a tag's name; returns why it is not admitted, or `ADMITTED`."""

_FORMS = "write regexp:<RE2 expression> or any"


# What signing and attesting leave beside an image: cosign's names, and the referrers' tags of
# the distribution specification ("Referrers Tag Schema").
_NO_IMAGE = r"\Asha256-[0-9a-f]{64}(?:\.[a-z]+)?\z|\.(?:sig|att|sbom)\z"


class _Rule(NamedTuple):
    """An expression, and why a tag that it matches is no candidate."""

    expression: str
    reason: Reason


def tag_filter(policy: Policy) -> Filter:
    """Compile the policy's filters; raise `InvalidPolicy` naming the one that is wrong."""
    allowed = allow_expression(policy.allow_tags)
    rules = [
        _Rule(_NO_IMAGE, Reason("a signature, an attestation or the like", "kind")),
        *_denied(policy.deny_tags),
        *_globs(policy.ignore_tags, "ignored by", "ignore-tags"),
    ]
    return _compiled(allowed, rules)


def _denied(deny_tags: str) -> list[_Rule]:
    if deny_tags.lower().startswith("regexp:"):
        expression = deny_tags.partition(":")[2]
        Expression.compile(expression, where="deny-tags")
        return [_Rule(expression, Reason(f"denied by {expression}", "deny-tags"))]
    globs = tuple(glob.strip() for glob in deny_tags.split(","))
    for glob in globs:
        if glob_to_re2(glob) is None:
            start = deny_tags.find(glob)
            raise InvalidPolicy(
                f"not a glob: {quoted(glob)}; it would deny no tag", where="deny-tags"
            ).marked(deny_tags, start, start + len(glob))
    return _globs(globs, "denied by", "deny-tags")


def _globs(globs: tuple[str, ...], why: str, key: str) -> list[_Rule]:
    found = ((glob, glob_to_re2(glob)) for glob in globs if glob)
    return [
        _Rule(expression, Reason(f"{why} {glob}", key)) for glob, expression in found if expression
    ]


def malformed_globs(policy: Policy) -> tuple[str, ...]:
    """Return one sentence for each ignore-tags pattern that can never match.

    Not an error: argocd-image-updater passes over them in silence, so Applications that
    have one work today.
    """
    return tuple(
        f"ignore-tags: {quoted(glob)} is not a valid pattern, so it matches no tag"
        for glob in policy.ignore_tags
        if glob_to_re2(glob) is None
    )


def allow_expression(allow_tags: str) -> str | None:
    """Return the expression in ``regexp:<expression>``, or None for ``any``."""
    if allow_tags.lower() == ANY:
        return None
    function, colon, expression = allow_tags.partition(":")
    if not colon or function.lower() != "regexp":
        raise InvalidPolicy(f"not a tag filter: {quoted(allow_tags)}; {_FORMS}", where="allow-tags")
    return expression


def _compiled(allowed: str | None, rules: list[_Rule]) -> Filter:
    """Match all expressions in one pass: position 0 is the allowed one, if there is one."""
    import re2

    if allowed is not None:
        Expression.compile(allowed, where="allow-tags")
    options = re2.Options()
    options.log_errors = False
    expressions = re2.Set.SearchSet(options)
    for expression in [allowed, *(rule.expression for rule in rules)]:
        if expression is not None:
            expressions.Add(expression)
    try:
        expressions.Compile()
    except re2.error:
        raise InvalidPolicy(
            "too large together to be matched; write shorter expressions",
            where="allow-tags, deny-tags and ignore-tags",
        ) from None
    match: Callable[[str], list[int] | None] = expressions.Match
    first = 0 if allowed is None else 1
    not_allowed = Reason(f"not matched by allow-tags {allowed}", "allow-tags")
    reasons = {index: rule.reason for index, rule in enumerate(rules, first)}

    def why_not(name: str) -> Reason:
        matched = match(name) or ()  # the binding returns None for no match
        if first and 0 not in matched:
            return not_allowed
        rule = min((index for index in matched if index >= first), default=None)  # in no order
        return ADMITTED if rule is None else reasons[rule]

    return why_not
