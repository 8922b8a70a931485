"""Text as YAML that parsers of every version read as the same value."""

import json
import re

_PAIR = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")
# Compiled where they are used first: most renders write no scalar.
_PLAIN = r"[A-Za-z0-9_/](?:[A-Za-z0-9_./:@+=-]*[A-Za-z0-9_./@+=-])?"
_NO_TEXT = (
    r"y|n|yes|no|on|off|true|false|null"  # YAML 1.1; in 1.2 some of them are text
    r"|[0-9][0-9_]*(?:\.[0-9_]*)?(?:e[-+]?[0-9_]*)?|0[xob][0-9a-f_]+"
    r"|[0-9][0-9_]*(?::[0-9]+)+(?:\.[0-9_]*)?"  # to the base 60
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[t ].*)?"
)


def flow(value: object) -> str:
    """Return JSON, which is YAML but for characters that JSON writes as two.

    Raises `ValueError` for numbers that JSON has not.
    """
    return _PAIR.sub(
        lambda pair: f"\\U{_code_point(pair[1], pair[2]):08x}",
        json.dumps(value, allow_nan=False),
    )


def word(value: str) -> str:
    """Return ``value`` without quotes, unless some parser might not read it as that text."""
    is_text = re.fullmatch(_PLAIN, value) and not re.fullmatch(_NO_TEXT, value, re.IGNORECASE)
    return value if is_text else flow(value)


def _code_point(high: str, low: str) -> int:
    return 0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00)
