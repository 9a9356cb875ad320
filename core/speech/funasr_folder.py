"""Folders of funasr models, read by us: what `AutoModel` builds a model from, and nothing else.

Left to itself, `AutoModel` takes any key of config.yaml and configuration.json for an argument of its own
(code to import, requirements to install, another model to fetch, files elsewhere) and fills what model.pt
lacks with random weights. Given `model_conf`, it reads neither file and asks no hub
(`AutoModel.build_model`, funasr 1.4.16).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from core.errors import ModelRejectedError, SettingsError
from core.model_folder import ModelFolder

INSTALL_HINT = "make setup-models"
HOTWORD_MODELS = frozenset({"SeacoParaformer", "ContextualParaformer"})

_PARTS = frozenset(
    {
        "BiCifParaformer", "CTTransformer", "CharTokenizer", "CifPredictor", "CifPredictorV2",
        "CifPredictorV3", "ContextualParaformer", "ContextualParaformerDecoder", "FSMN", "FsmnVADStreaming",
        "Paraformer", "ParaformerSANMDecoder", "SANMEncoder", "SeacoParaformer", "WavFrontend",
        "WavFrontendOnline",
    }
)  # fmt: skip
"""What the published Paraformer, FSMN-VAD and CT-Transformer models are made of."""
_ROLES = ("encoder", "decoder", "predictor", "seaco_decoder", "frontend", "tokenizer")
_TOKENIZER_OPTIONS = frozenset(
    {"unk_symbol", "space_symbol", "split_with_space", "remove_non_linguistic_symbols"}
)


@dataclass(frozen=True, slots=True)
class ModelKind:
    """A kind of folder that a setting may name.

    Attributes:
        title: what people call it.
        models: the values of `model:` in its config.yaml.
        files: what it must hold.
    """

    title: str
    models: frozenset[str]
    files: tuple[str, ...]


RECOGNITION = ModelKind(
    "Paraformer model",
    frozenset({"Paraformer", "BiCifParaformer", "SeacoParaformer", "ContextualParaformer"}),
    ("config.yaml", "model.pt", "tokens.json", "am.mvn"),
)
VOICE_ACTIVITY = ModelKind(
    "FSMN-VAD model", frozenset({"FsmnVADStreaming"}), ("config.yaml", "model.pt", "am.mvn")
)
PUNCTUATION = ModelKind(
    "CT-Transformer model", frozenset({"CTTransformer"}), ("config.yaml", "model.pt", "tokens.json")
)


@dataclass(frozen=True, slots=True)
class FunAsrFolder:
    """A folder that was looked at and found whole.

    Attributes:
        folder: where it is.
        model: its `model:`.
        arguments: what `AutoModel.build_model` builds it from, weights left out.
    """

    folder: ModelFolder
    model: str
    arguments: dict[str, Any]

    @property
    def weights(self) -> Path:
        """The file of its weights."""
        return self.folder.path / "model.pt"


def read_funasr_folder(value: str | Path, setting: str, kind: ModelKind) -> FunAsrFolder:
    """Look at the folder that `setting` names.

    Raises:
        SettingsError: it is missing, incomplete, damaged, or not of this kind; the files are named.
        ModelRejectedError: the library that reads its config.yaml is not installed.
    """
    folder = ModelFolder.opened(value, setting)
    folder.require(kind.files, kind.title)
    config = _config_of(folder)
    model = str(config.get("model"))
    if model not in kind.models:
        raise folder.fault(
            f"no {kind.title}: config.yaml in {folder.path} names another one; known are"
            f" {', '.join(sorted(kind.models))}"
        )
    if model in HOTWORD_MODELS:
        folder.require(["seg_dict"], kind.title)
    folder.require_checkpoint("model.pt")
    arguments = _arguments(folder, config, kind)
    return FunAsrFolder(folder, model, arguments)


def _config_of(folder: ModelFolder) -> Mapping[str, Any]:
    try:
        import yaml  # comes with funasr
    except ImportError as exc:
        raise ModelRejectedError(f"STT_BACKEND=paraformer needs funasr: {INSTALL_HINT}") from exc
    try:
        config = yaml.safe_load(folder.text("config.yaml"))
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        raise folder.fault(f"config.yaml in {folder.path} is damaged: it is not plain YAML") from exc
    if not isinstance(config, dict):
        raise folder.fault(f"config.yaml in {folder.path} is damaged: it holds no settings")
    return config


def _arguments(folder: ModelFolder, config: Mapping[str, Any], kind: ModelKind) -> dict[str, Any]:
    arguments: dict[str, Any] = {"model": config["model"], "model_conf": _options(folder, config, "model")}
    for role in _ROLES:
        part = config.get(role)
        if part is None:
            continue
        if not isinstance(part, str) or part not in _PARTS:
            raise folder.fault(f"config.yaml in {folder.path} has an unknown {role}: not a {kind.title}")
        arguments[role] = part
        arguments[f"{role}_conf"] = _options(folder, config, role)
    if "ctc_conf" in config:
        arguments["ctc_conf"] = _options(folder, config, "ctc")
    if "tokens.json" in kind.files:
        _check_tokens(folder)
        options = arguments.get("tokenizer_conf", {})
        arguments["tokenizer"] = "CharTokenizer"
        arguments["tokenizer_conf"] = {k: v for k, v in options.items() if k in _TOKENIZER_OPTIONS}
        arguments["tokenizer_conf"]["token_list"] = str(folder.path / "tokens.json")
        if kind is RECOGNITION and (folder.path / "seg_dict").is_file():
            arguments["tokenizer_conf"]["seg_dict"] = str(folder.path / "seg_dict")
    if "am.mvn" in kind.files:
        _check_frontend(folder, arguments)
    if kind is PUNCTUATION and (folder.path / "jieba_usr_dict").is_file():
        arguments["jieba_usr_dict"] = str(folder.path / "jieba_usr_dict")
    return arguments


def _options(folder: ModelFolder, config: Mapping[str, Any], role: str) -> dict[str, Any]:
    options = config.get(f"{role}_conf") or {}
    if not isinstance(options, dict):
        raise folder.fault(f"config.yaml in {folder.path} is damaged: {role}_conf is no list of options")
    return {str(name): value for name, value in options.items()}


def _check_tokens(folder: ModelFolder) -> None:
    tokens = folder.json("tokens.json")
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise folder.fault(f"tokens.json in {folder.path} is damaged: it is no list of words")
    if "<unk>" not in tokens:
        raise folder.fault(f"tokens.json in {folder.path} lacks <unk>")


def _check_frontend(folder: ModelFolder, arguments: dict[str, Any]) -> None:
    if "frontend" not in arguments:
        raise folder.fault(f"config.yaml in {folder.path} names no frontend")
    options = arguments["frontend_conf"]
    if options.get("fs", 16_000) != 16_000:
        raise folder.fault(f"the model in {folder.path} was not made for 16 kHz")
    options["cmvn_file"] = str(folder.path / "am.mvn")
    # The default of 1.0 adds noise: the same recording would not give the same words twice.
    options["dither"] = 0.0
    mels, frames = options.get("n_mels", 80), options.get("lfr_m", 1)
    if not isinstance(mels, int) or not isinstance(frames, int):
        raise folder.fault(f"config.yaml in {folder.path} is damaged: frontend_conf holds no numbers")
    try:
        lengths = [len(numbers) for numbers in read_normalization(folder.text("am.mvn"))]
    except ValueError as exc:
        raise folder.fault(f"am.mvn in {folder.path} is damaged") from exc
    if lengths != [mels * frames] * 2:
        raise folder.fault(f"am.mvn in {folder.path} is damaged or of another model")


def read_normalization(text: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """What is added to features and what they are multiplied by then, of Kaldi's text format.

    Raises:
        ValueError: it is something else.
    """
    lines = text.splitlines()
    found: dict[str, tuple[float, ...]] = {}
    for line, following in pairwise(lines):
        name = line.split()[0] if line.split() else ""
        if name in {"<AddShift>", "<Rescale>"}:
            numbers = following.split()  # <LearnRateCoef> 0 [ … ]
            found[name] = tuple(float(number) for number in numbers[3:-1])
    if len(found) != 2:
        raise ValueError("neither shift nor scale")
    return found["<AddShift>"], found["<Rescale>"]


def settings_fault(folder: ModelFolder, covered: float) -> SettingsError:
    """What to say when model.pt fills only `covered` (in [0, 1]) of the model."""
    return folder.fault(
        f"model.pt in {folder.path} holds {covered:.0%} of what its config.yaml describes: they belong to"
        " different models"
    )
