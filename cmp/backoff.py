"""How long to wait before something that failed is tried again."""

import random

_MOST_DOUBLINGS = 20  # 2.0 ** 1024 is no number


def pause_s(failures: int, *, first_s: float, longest_s: float) -> float:
    """Return the pause after so many failures before: twice as long each time, and jittered."""
    doubled_s: float = min(longest_s, first_s * 2 ** min(failures, _MOST_DOUBLINGS))
    return doubled_s * random.uniform(0.5, 1)  # noqa: S311 - spreads load
