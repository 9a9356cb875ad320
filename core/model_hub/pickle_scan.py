"""Which PyTorch checkpoints hold numbers only.

A checkpoint is a pickle, and a pickle may name any function to call. The backends load with
`weights_only=True`, which refuses that; this looks earlier, when a file arrives, so that such a file never
counts as a model. It reads opcodes (`pickletools`) and runs none. Allowed is what
`torch/_weights_only_unpickler.py` allows for tensors, and only by the opcode that `torch.save` writes
(GLOBAL): a name that is put together on the stack is refused unseen.
"""

from __future__ import annotations

import pickletools
import re
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO

_CHECKPOINTS = ("*.pt", "*.pth", "*.ckpt", "*pytorch_model*.bin")
"""Other .bin files (CTranslate2's, Kokoro's voices) are no pickles and are never read as such."""
_ALLOWED = re.compile(
    r"collections\.OrderedDict"
    r"|torch\.(?:Size|device|(?:Untyped|BFloat16|Bool|Byte|Char|Double|Float|Half|Int|Long|Short)Storage)"
    r"|torch\.storage\.(?:Untyped|Typed)Storage"
    r"|torch\.(?:bfloat16|bool|float16|float32|float64|u?int8|int16|int32|int64)"
    r"|torch\._utils\.(?:_rebuild_tensor|_rebuild_tensor_v2|_rebuild_parameter)"
    r"|torch\.nn\.parameter\.Parameter"
    r"|_codecs\.encode"
)
_NAMING_OPCODES = frozenset({"STACK_GLOBAL", "INST", "OBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4"})
_MAX_PICKLE_BYTES = 256 * 1024 * 1024
_LEGACY_PICKLES = 5
"""Before PyTorch 1.6: magic number, protocol, system, data, names of storages, then the numbers."""


def is_checkpoint(path: str) -> bool:
    """Whether a file of this name is read by PyTorch's unpickler."""
    name = PurePosixPath(path).name
    return any(fnmatchcase(name, pattern) for pattern in _CHECKPOINTS)


def fault_of_checkpoint(path: Path) -> str:
    """What is wrong with a PyTorch file, in a few words; "" when it holds numbers only."""
    try:
        with path.open("rb") as file:
            start = file.read(2)
            file.seek(0)
            if start == b"PK":
                return _fault_of_archive(file)
            if start[:1] == b"\x80":
                return next(filter(None, (_fault_of_pickle(file) for _ in range(_LEGACY_PICKLES))), "")
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, UnicodeError, ValueError):
        return "is damaged, or no PyTorch file"
    return "is no PyTorch file"


def _fault_of_archive(file: IO[bytes]) -> str:
    with zipfile.ZipFile(file) as archive:
        names = [entry.filename for entry in archive.infolist()]
        pickles = [entry for entry in archive.infolist() if entry.filename.endswith(".pkl")]
        if len(set(names)) < len(names):
            return "holds two entries of one name"
        if any("code" in PurePosixPath(name).parts for name in names):
            return "is TorchScript: it carries code"
        if not any(PurePosixPath(name).name == "data.pkl" for name in names):
            return "is a zip file, but no PyTorch file"
        for entry in pickles:
            if entry.file_size > _MAX_PICKLE_BYTES:
                return "holds a pickle that is too large to be a list of tensors"
            with archive.open(entry) as pickled:
                if fault := _fault_of_pickle(pickled):
                    return fault
    return ""


def _fault_of_pickle(file: IO[bytes]) -> str:
    """What is wrong with the next pickle of a file, which is read up to its end."""
    for opcode, argument, _position in pickletools.genops(file):
        if opcode.name in _NAMING_OPCODES:
            return f"carries code: its pickle uses {opcode.name}"
        if opcode.name == "GLOBAL":
            named = ".".join(str(argument).split(" ", 1))
            if not _ALLOWED.fullmatch(named):
                return f"carries code: its pickle calls {_shown(named)}"
    return ""


def _shown(name: str) -> str:
    return re.sub(r"[^\w.]", "?", name, flags=re.ASCII)[:80]
