"""Logs as logfmt on standard error: a constant message, the rest as fields."""

import logging
import sys

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class LogfmtFormatter(logging.Formatter):
    """``level=info msg="image chosen" application=guestbook tag=v4``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; fields are what the call gave as ``extra``."""
        fields = {"level": record.levelname.lower(), "msg": record.getMessage()}
        fields |= {name: str(v) for name, v in vars(record).items() if name not in _STANDARD}
        line = " ".join(f"{name}={_value(value)}" for name, value in fields.items())
        if record.exc_info:
            line += f" error={_value(self.formatException(record.exc_info))}"
        return line


def _value(text: str) -> str:
    if text and not any(char in text for char in ' ="\n\t\\'):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def setup(level: str) -> None:
    """Send this program's logs of ``level`` and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogfmtFormatter())
    logger = logging.getLogger("cmp")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False
