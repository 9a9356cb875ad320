"""What is in the folder of a sherpa-onnx voice: which family of models, and its files.

Layouts: https://k2-fsa.github.io/sherpa/onnx/tts/pretrained_models/. Since sherpa-onnx 2.0 there is no
espeak-ng in it any more, so a voice for Mandarin needs its lexicon.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import SettingsError
from core.model_folder import ModelFolder

_SETTING = "TTS_MODEL"
_KIND = "sherpa-onnx voice"
_VOCODERS = ("vocos", "hifigan")
_QUANTISED = ".int8.onnx"


@dataclass(frozen=True, slots=True)
class SherpaVoice:
    """A voice that looks complete.

    Attributes:
        name: of the folder.
        family: "vits" (MeloTTS, AISHELL-3 …), "matcha" or "kokoro".
        files: keyword arguments of sherpa-onnx's configuration of that family.
        rule_fsts: text rules that come with the voice (heteronyms, dates), comma-separated.
    """

    name: str
    family: str
    files: dict[str, str]
    rule_fsts: str = ""


def voice_in(value: str) -> SherpaVoice:
    """Look at the folder that TTS_MODEL names.

    Raises:
        SettingsError: it is missing, incomplete, or more than one voice; the message names the files.
    """
    folder = ModelFolder.opened(value, _SETTING)
    if "," in str(folder.path):
        raise SettingsError(_SETTING, "must not contain a comma: sherpa-onnx takes it for two folders")
    models = sorted(folder.path.glob("*.onnx"))
    vocoders = [path for path in models if path.name.startswith(_VOCODERS)]
    acoustic = _one_of(folder, [path for path in models if path not in vocoders])
    rules = ",".join(str(path) for path in sorted(folder.path.glob("*.fst")))
    lexicon = _lexicon(folder)
    folder.require([acoustic.name, "tokens.txt", *(path.name for path in lexicon)], _KIND)
    folder.text("tokens.txt")
    files = {
        "tokens": str(folder.path / "tokens.txt"),
        "lexicon": ",".join(str(path) for path in lexicon),
    }
    if (folder.path / "voices.bin").exists():
        folder.require(["voices.bin"], _KIND)
        files |= {"model": str(acoustic), "voices": str(folder.path / "voices.bin")}
        return SherpaVoice(folder.path.name, "kokoro", files, rules)
    if vocoders:
        folder.require([vocoders[0].name], _KIND)
        files |= {"acoustic_model": str(acoustic), "vocoder": str(vocoders[0])}
        return SherpaVoice(folder.path.name, "matcha", files, rules)
    if acoustic.name.startswith("model-steps-"):
        raise folder.fault(
            f"{folder.path} is a Matcha voice without its vocoder: put a vocos-*.onnx beside it"
        )
    return SherpaVoice(folder.path.name, "vits", {**files, "model": str(acoustic)}, rules)


def _one_of(folder: ModelFolder, models: list[Path]) -> Path:
    """The model; where it is there in two forms, the quantised one, which is the smaller."""
    if (
        len(models) == 2
        and len({path.name.removesuffix(_QUANTISED).removesuffix(".onnx") for path in models}) == 1
    ):
        return next(path for path in models if path.name.endswith(_QUANTISED))
    if len(models) != 1:
        names = ", ".join(path.name for path in models[:5]) or "none"
        raise folder.fault(f"{folder.path} must hold one model (*.onnx), has: {names}")
    return models[0]


def _lexicon(folder: ModelFolder) -> list[Path]:
    """The lexicon, or those of a voice for two languages; Mandarin must be among them."""
    several = [
        path for name in ("lexicon-us-en.txt", "lexicon-zh.txt") if (path := folder.path / name).exists()
    ]
    if folder.path / "lexicon-zh.txt" in several:
        return several
    return [folder.path / "lexicon.txt"]
