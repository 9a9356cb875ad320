"""Makes a sherpa-onnx folder from a funasr Paraformer folder.

The graph is funasr's own export (`funasr.models.paraformer.export_meta`); the metadata are those that
sherpa-onnx's `offline-paraformer-model.cc` reads.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

from core.errors import ModelRejectedError, SettingsError
from core.speech.funasr_folder import (
    INSTALL_HINT,
    RECOGNITION,
    FunAsrFolder,
    read_funasr_folder,
    read_normalization,
)
from core.speech.funasr_recognizer import load_model, torch_state
from core.speech.sherpa_recognizer import MODEL_FILES, TOKENS_FILE

_OPSET = 14
"""What funasr exports with."""
_EXPORTED = frozenset({"Paraformer", "BiCifParaformer"})
_TRACED = "traced.onnx"
_THREADS = 2


def export_paraformer(folder: Path, out: Path, *, quantize: bool) -> None:
    """Write model.onnx (quantised: model.int8.onnx) and tokens.txt; all of them or nothing.

    Args:
        folder: a funasr folder with `model: Paraformer` or BiCifParaformer.
        out: a folder that does not exist yet, or is empty.
        quantize: store the weights of matrix products in 8 bits: a quarter of the size.

    Raises:
        SettingsError: `folder` is not such a folder, or `out` is in use.
        ModelRejectedError: funasr or onnx is not installed, or the model cannot be exported.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingsError("out", f"{out} exists already; name a new folder")
    source = read_funasr_folder(folder, "folder", RECOGNITION)
    if source.model not in _EXPORTED:
        raise source.folder.fault(
            f"config.yaml names {source.model}; sherpa-onnx runs {' and '.join(sorted(_EXPORTED))} only"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as parent:
        made = Path(parent) / "made"
        made.mkdir()
        try:
            model = load_model(source, threads=_THREADS)
            _write_model(model.module, model.options, made / _TRACED)
            _finish(made, _metadata(source), quantize=quantize)
        except (SettingsError, ModelRejectedError):
            raise
        except ImportError as exc:
            raise ModelRejectedError(f"exporting needs funasr and onnx: {INSTALL_HINT}") from exc
        except Exception as exc:
            raise ModelRejectedError(
                f"the model in {source.folder.path} cannot be exported: {type(exc).__name__}"
            ) from exc
        _write_tokens(source, made / TOKENS_FILE)
        shutil.copymode(out.parent, made)
        if out.exists():
            out.rmdir()
        made.rename(out)


def _write_model(module: Any, options: dict[str, Any], path: Path) -> None:
    """Trace the model into an ONNX file."""
    import torch

    with torch_state(_THREADS), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of every Python branch in funasr's code
        arguments = {name: value for name, value in options.items() if name != "model"}
        exported = module.export(**arguments, type="onnx")
        exported.eval()
        torch.onnx.export(
            exported,
            exported.export_dummy_inputs(),
            str(path),
            opset_version=_OPSET,
            input_names=exported.export_input_names(),
            output_names=exported.export_output_names(),
            dynamic_axes=exported.export_dynamic_axes(),
            do_constant_folding=True,
            dynamo=False,  # the newer exporter fixes the length of the sound
        )


def _metadata(source: FunAsrFolder) -> dict[str, str]:
    shift, scale = read_normalization(source.folder.text("am.mvn"))
    frontend = source.arguments["frontend_conf"]
    return {
        "model_type": "paraformer",
        "vocab_size": str(len(source.folder.json("tokens.json"))),
        "lfr_window_size": str(frontend.get("lfr_m", 1)),
        "lfr_window_shift": str(frontend.get("lfr_n", 1)),
        "neg_mean": ",".join(map(str, shift)),
        "inv_stddev": ",".join(map(str, scale)),
    }


def _finish(made: Path, metadata: dict[str, str], *, quantize: bool) -> None:
    """Give the traced file its metadata and its final name."""
    import onnx

    quantized_name, plain_name = MODEL_FILES
    model = onnx.load(str(made / _TRACED))
    (made / _TRACED).unlink()
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, str(made / plain_name))
    if quantize:
        from onnxruntime.quantization import QuantType, quantize_dynamic

        # As sherpa-onnx's own export does: matrix products only, unsigned.
        quantize_dynamic(
            model_input=str(made / plain_name),
            model_output=str(made / quantized_name),
            op_types_to_quantize=["MatMul"],
            weight_type=QuantType.QUInt8,
        )
        (made / plain_name).unlink()


def _write_tokens(source: FunAsrFolder, path: Path) -> None:
    tokens = source.folder.json("tokens.json")
    lines = [f"{token} {number}\n" for number, token in enumerate(tokens)]
    path.write_text("".join(lines), encoding="utf-8", newline="\n")
