"""Importing lark-oapi's long connection without the rest of lark-oapi.

Python runs a package before any of its modules, and `lark_oapi` then loads the classes of every API of the
platform: 2.4 s of CPU and 150 MB, for a bot that speaks REST by itself. So while the connection's modules are
imported, placeholders stand for the package and for the dispatcher of events, which the connection's module
only names in annotations. Measured with lark-oapi 1.7.5: 0.3 s and 22 MB are left.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_PACKAGE = "lark_oapi"
_DISPATCHER = "lark_oapi.event.dispatcher_handler"


@contextmanager
def without_the_rest() -> Iterator[None]:
    """While this is open, modules of lark-oapi are imported alone; afterwards `import lark_oapi` is as ever.

    For one thread at a time. Where the whole package is loaded already, nothing is different.
    """
    if _PACKAGE in sys.modules:
        yield
        return
    package, dispatcher = _empty_package(), ModuleType(_DISPATCHER)
    dispatcher.__dict__["EventDispatcherHandler"] = object
    sys.modules.update({_PACKAGE: package, _DISPATCHER: dispatcher})
    try:
        yield
    finally:
        del sys.modules[_PACKAGE], sys.modules[_DISPATCHER]


def _empty_package() -> ModuleType:
    """The package with nothing in it but the way to its modules."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {_PACKAGE!r}", name=_PACKAGE)
    return importlib.util.module_from_spec(spec)
