"""JSON that YAML parsers read as the same value."""

import json
import re

_PAIR = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")


def flow(value: object) -> str:
    """Return JSON, which is YAML but for characters that JSON writes as two.

    Raises `ValueError` for numbers that JSON has not.
    """
    return _PAIR.sub(
        lambda pair: f"\\U{_code_point(pair[1], pair[2]):08x}",
        json.dumps(value, allow_nan=False),
    )


def _code_point(high: str, low: str) -> int:
    return 0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00)
