"""What DBOS logs, without its texts."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)


class _QuietHandler(logging.Handler):
    """Passes on where DBOS met trouble, without its texts: they may quote what people said."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the place and kind."""
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        level = logging.ERROR if record.levelno >= logging.ERROR else logging.DEBUG
        logger.log(level, "queue_trouble at=%s:%d error=%s", record.module, record.lineno, kind)


def silence_dbos() -> None:
    """Have DBOS log only where it met trouble, under the name of this module."""
    theirs = logging.getLogger("dbos")
    theirs.propagate = False
    if not any(isinstance(handler, _QuietHandler) for handler in theirs.handlers):
        theirs.handlers[:] = [_QuietHandler()]
