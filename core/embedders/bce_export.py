"""BCE's models to ONNX, for processors: exact, or with 8-bit weights. Used by `python -m index export`.

The exported graph holds everything from token ids to the normalised vector or the score. int8: matrices are
quantised per output channel by onnxruntime (activations at run time), the word embeddings per row by this
module. What that changes is measured on sample texts and noted in export.json.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.devices import Placement
from core.embedders.bce_folder import EXPORT_FILE, MODEL_FILE, BceFolder, Head
from core.embedders.bce_tokens import BceTokens, Ids, padded
from core.errors import BotError, DiskFullError, ModelError, ModelRejectedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

_OPSET = 17
MAX_EXACT_DEVIATION = 1e-4
"""Of float32 between torch and onnxruntime; 1e-6 is usual."""
MAX_INT8_DEVIATION = 0.2
"""Of an int8 score, or of 1 - cosine of an int8 vector: beyond it the model is of no use."""
_COPIED = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
_QUESTIONS = ("番茄炒蛋怎么做", "红烧肉", "想吃点清淡的，有什么推荐吗？", "How do I cook Kung Pao chicken?")
_PASSAGES = (
    "番茄炒蛋：番茄、鸡蛋、葱",
    "红烧肉：五花肉、冰糖、生抽、老抽、料酒",
    "清蒸鲈鱼：鲈鱼、姜、葱、蒸鱼豉油",
    "宫保鸡丁：鸡胸肉、花生米、干辣椒。" + "鸡肉切丁，加料酒、盐和淀粉抓匀，花生炸香。" * 12,
)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What came of an export.

    Attributes:
        head: which model it was.
        size_bytes: of the ONNX file.
        deviation: the largest on the sample texts: of a score, or of 1 - cosine of a vector.
    """

    head: Head
    size_bytes: int
    deviation: float


def export(source: Path, out: Path, *, int8: bool, report: Callable[[str], None]) -> ExportReport:
    """Export the model in `source` to the folder `out`, which then is a model's folder itself.

    `out` appears when everything in it is right, and takes the place of an earlier export.

    Raises:
        ModelRejectedError: `source` is no model of BCE's, or a library is missing.
        ModelError: the exported model does not compute the same.
        DiskFullError: there is no room; `out` is as it was.
    """
    folder = _source(source)
    if out.exists() and not (out / EXPORT_FILE).is_file():
        raise ModelRejectedError(f"{out} is there already and is no export; choose another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        with _errors_of_libraries(out):
            result = _exported(folder, work, int8, report)
            _switch(work, out)
        return result
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _source(path: Path) -> BceFolder:
    head = BceFolder(path).head if path.is_dir() else "embedding"
    folder = BceFolder.open(path, head)
    if folder.has_onnx:
        raise ModelRejectedError(f"{path} is an export already")
    return folder


def _exported(folder: BceFolder, work: Path, int8: bool, report: Callable[[str], None]) -> ExportReport:
    from core.embedders.bce_onnx import OnnxEncoder
    from core.embedders.bce_torch import TorchEncoder, load_module

    report(f"loading {folder.path.name} ({folder.head})")
    placement = Placement("cpu", "float32")
    module = load_module(folder, placement)
    ids, mask = _samples(folder)
    expected = TorchEncoder(module, placement)(ids, mask)
    report(f"writing {MODEL_FILE}{' in int8' if int8 else ''}")
    _write_onnx(module, work / MODEL_FILE, ids, mask, int8)
    for name in _COPIED:
        if (folder.path / name).is_file():
            shutil.copyfile(folder.path / name, work / name)
    notes: dict[str, Any] = {"head": folder.head, "revision": folder.revision, "int8": int8}
    (work / EXPORT_FILE).write_text(json.dumps(notes), encoding="utf-8")
    report("comparing with torch")
    deviation = deviation_of(expected, OnnxEncoder(BceFolder(work))(ids, mask))
    bound = MAX_INT8_DEVIATION if int8 else MAX_EXACT_DEVIATION
    if not deviation <= bound:
        raise ModelError(f"{folder.path.name}: the export is {deviation:.2g} off, more than {bound:g}")
    notes["deviation"] = deviation
    (work / EXPORT_FILE).write_text(json.dumps(notes, indent=1), encoding="utf-8")
    return ExportReport(folder.head, (work / MODEL_FILE).stat().st_size, deviation)


def deviation_of(expected: NDArray[np.float32], actual: NDArray[np.float32]) -> float:
    """The largest difference of scores, or of 1 - cosine of unit vectors; NaN when one is none."""
    if expected.ndim == 1:
        return float(np.abs(expected - actual).max())
    return float(np.abs(1 - (expected * actual).sum(axis=1)).max())


def _samples(folder: BceFolder) -> tuple[Ids, Ids]:
    """Texts or pairs of several lengths, padded."""
    tokens = BceTokens(folder)
    if folder.head == "embedding":
        rows = [tokens.text(text) for text in _QUESTIONS + _PASSAGES]
    else:
        rows = [
            pair for query in _QUESTIONS for passage in _PASSAGES for pair in tokens.pairs(query, passage)
        ]
    return padded(rows, tokens.pad)


def _write_onnx(module: torch.nn.Module, path: Path, ids: Ids, mask: Ids, int8: bool) -> None:
    import torch

    from core.embedders.bce_onnx import INPUTS, OUTPUT

    if int8:
        _quantise_words(module)
    target = path.with_suffix(".plain") if int8 else path
    axes = {name: {0: "rows", 1: "width"} for name in INPUTS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing; the comparison afterwards decides
        torch.onnx.export(
            module,
            (torch.from_numpy(ids), torch.from_numpy(mask)),
            str(target),
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_axes={**axes, OUTPUT: {0: "rows"}},
            opset_version=_OPSET,
            dynamo=False,
        )
        if int8:
            _quantise_matrices(target, path)
            target.unlink()


def _quantise_words(module: Any) -> None:
    """Put 8-bit word embeddings, with a scale a row, in the place of the module's."""
    import torch

    class QuantisedWords(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def __init__(self, weight: torch.Tensor) -> None:
            super().__init__()
            scale = weight.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
            self.register_buffer("scale", scale)
            self.register_buffer("rows", torch.round(weight / scale).to(torch.int8))

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            rows = torch.nn.functional.embedding(ids, self.rows)
            return rows.float() * torch.nn.functional.embedding(ids, self.scale)

    model = getattr(module.model, "roberta", module.model)
    model.embeddings.word_embeddings = QuantisedWords(model.embeddings.word_embeddings.weight.detach())


def _quantise_matrices(source: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # 7 bits: processors without VNNI add two products in 16 bits, which 8-bit weights can overflow.
    with _without_advice():
        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )


@contextmanager
def _without_advice() -> Iterator[None]:
    """The quantiser advises, on the root logger, to prepare models in a way that changes nothing here."""
    root = logging.getLogger()
    root.addFilter(_is_no_advice)
    try:
        yield
    finally:
        root.removeFilter(_is_no_advice)


def _is_no_advice(record: logging.LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()


def _switch(work: Path, out: Path) -> None:
    work.chmod(0o755)  # temporary folders are private
    if out.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        out.rename(old / "old")
        work.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    else:
        work.rename(out)


@contextmanager
def _errors_of_libraries(out: Path) -> Iterator[None]:
    try:
        yield
    except BotError:
        raise
    except ImportError as exc:
        raise ModelRejectedError(f"{exc.name} is not installed; run `make setup-models`") from exc
    except OSError as exc:
        raise DiskFullError(f"{out}: cannot be written ({os.strerror(exc.errno or 0)})") from exc
    except Exception as exc:
        raise ModelError(f"the export failed ({type(exc).__name__}: {str(exc)[:200]})") from exc
