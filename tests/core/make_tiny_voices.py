"""Makes the tiny voices in data/: sherpa-onnx's real layouts and metadata around a graph that hums.

Run as: python tests/core/make_tiny_voices.py (needs `pip install onnx`; the results are committed)

Each token lasts 0.1 s / speed at a level of its id / 100 (speaker 1: half of that), so a test can tell from
the samples what was said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx  # type: ignore[import-not-found, unused-ignore]
from onnx import TensorProto, helper, numpy_helper  # type: ignore[import-not-found, unused-ignore]

FOLDER = Path(__file__).with_name("data")
SAMPLE_RATE_HZ = 8000
SAMPLES_A_TOKEN = 800
MARKS = [",", "."]
SYLLABLES = ["ni3", "hao3", "er4", "ke4"]
LEXICON = {"你": "ni3", "好": "hao3", "二": "er4", "两": "er4", "克": "ke4"}
TOKENS = ["_", *MARKS, *SYLLABLES]


def constant(name: str, value: np.ndarray[Any, Any]) -> Any:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value, name))


def hum(tokens: str, slowness: str, quietness: str) -> list[Any]:
    """From token ids to `y`: float32 [1, 1, samples]."""
    make = helper.make_node
    return [
        constant("hundred", np.array(100, np.float32)),
        constant("length", np.array([SAMPLES_A_TOKEN], np.float32)),
        constant("ones", np.array([1, 1], np.int64)),
        constant("last", np.array([2], np.int64)),
        constant("flat", np.array([1, 1, -1], np.int64)),
        make("Cast", [tokens], ["ids"], to=TensorProto.FLOAT),
        make("Div", ["ids", "hundred"], ["loud"]),
        make("Div", ["loud", quietness], ["levels"]),
        make("Unsqueeze", ["levels", "last"], ["column"]),
        make("Mul", ["length", slowness], ["stretched"]),
        make("Cast", ["stretched"], ["samples"], to=TensorProto.INT64),
        make("Concat", ["ones", "samples"], ["shape"], axis=0),
        make("Expand", ["column", "shape"], ["rows"]),
        make("Reshape", ["rows", "flat"], ["y"]),
    ]


def save(
    path: Path, nodes: list[Any], inputs: dict[str, tuple[int, list[int | None]]], **metadata: object
) -> None:
    graph = helper.make_graph(
        nodes,
        "hum",
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {key: str(value) for key, value in metadata.items()})
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_words(folder: Path, lexicon: str, tokens: list[str], said: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    lines = [f"{token} {number}\n" for number, token in enumerate(tokens)]
    (folder / "tokens.txt").write_text("".join(lines), encoding="utf-8")
    (folder / lexicon).write_text("".join(f"{word} {how}\n" for word, how in said.items()), encoding="utf-8")


def make_vits() -> None:
    folder = FOLDER / "tiny_vits"
    write_words(folder, "lexicon.txt", TOKENS, LEXICON)
    scalar: tuple[int, list[int | None]] = (TensorProto.FLOAT, [1])
    one = constant("one", np.array(1, np.int64))
    nodes = [
        one,
        helper.make_node("Add", ["sid", "one"], ["turn"]),
        helper.make_node("Cast", ["turn"], ["quietness"], to=TensorProto.FLOAT),
        *hum("x", "length_scale", "quietness"),
    ]
    inputs: dict[str, tuple[int, list[int | None]]] = {
        "x": (TensorProto.INT64, [1, None]),
        "x_length": (TensorProto.INT64, [1]),
        "noise_scale": scalar,
        "length_scale": scalar,
        "noise_scale_w": scalar,
        "sid": (TensorProto.INT64, [1]),
    }
    save(
        folder / "model.onnx",
        nodes,
        inputs,
        model_type="vits",
        comment="a hum",
        language="Chinese",
        sample_rate=SAMPLE_RATE_HZ,
        n_speakers=2,
        add_blank=0,
        punctuation=" ".join(MARKS),
    )


def make_kokoro() -> None:
    folder = FOLDER / "tiny_kokoro"
    spelled = {word: " ".join(how) for word, how in LEXICON.items()}
    tokens = [
        "$",
        ";",
        ":",
        ",",
        ".",
        "!",
        "?",
        "—",
        "…",
        '"',
        "(",
        ")",
        " ",
        *sorted({*"".join(LEXICON.values())}),
    ]
    write_words(folder, "lexicon-zh.txt", tokens, spelled)
    (folder / "lexicon-us-en.txt").write_text("ok o k\n", encoding="utf-8")
    np.concatenate([np.full((64, 2), 1, "<f4"), np.full((64, 2), 2, "<f4")]).tofile(folder / "voices.bin")
    nodes = [
        constant("first", np.array([0], np.int64)),
        constant("unit", np.array(1, np.float32)),
        helper.make_node("Gather", ["style", "first"], ["quiet"], axis=1),
        helper.make_node("Div", ["unit", "speed"], ["slowness"]),
        *hum("tokens", "slowness", "quiet"),
    ]
    inputs: dict[str, tuple[int, list[int | None]]] = {
        "tokens": (TensorProto.INT64, [1, None]),
        "style": (TensorProto.FLOAT, [1, 2]),
        "speed": (TensorProto.FLOAT, [1]),
    }
    save(
        folder / "model.onnx",
        nodes,
        inputs,
        model_type="kokoro",
        language="multi-lang",
        has_espeak=1,
        sample_rate=SAMPLE_RATE_HZ,
        version=2,
        voice="en-us",
        n_speakers=2,
        style_dim="64,1,2",
        speaker_names="one,two",
    )


if __name__ == "__main__":
    make_vits()
    make_kokoro()
