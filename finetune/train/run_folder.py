"""The folder of one training: what it was made from, how far it is, and what came out.

`run.json` says what decides the result (settings, base, data) and with which versions; a training goes on
only where that is the same. A checkpoint is written beside its place, forced to disk and then moved there:
a kill at any moment leaves only whole ones.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelRejectedError
from core.model_files import read_json
from core.whole_file import whole_file
from finetune.errors import TrainingError

_RUN, _STATE, _RESULT = "run.json", "state.json", "result.json"
_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "safetensors", "tokenizers", "numpy")


@dataclass(slots=True)
class State:
    """How far a training is; written with each checkpoint.

    Attributes:
        step: finished.
        tokens: learned so far, the learned ones of each row.
        seconds: spent on steps, all lives of the training together.
        before: the held-out loss before the first step; None without held-out conversations.
        best: the lowest held-out loss so far.
        best_step: when that was.
        worse_checks: since then.
    """

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    before: float | None = None
    best: float | None = None
    best_step: int = 0
    worse_checks: int = 0


@dataclass(frozen=True)
class RunFolder:
    """The folder at `path`."""

    path: Path

    @property
    def curve(self) -> Path:
        """CSV of all steps."""
        return self.path / "curve.csv"

    @property
    def checkpoints(self) -> Path:
        """Where they are."""
        return self.path / "checkpoints"

    @property
    def result(self) -> dict[str, Any] | None:
        """What came out; None while there is something left to do."""
        return read_json(self.path / _RESULT) if (self.path / _RESULT).exists() else None

    def begin(self, decided_by: dict[str, Any], noted: dict[str, Any]) -> None:
        """Make the folder, or see that it is the same training's.

        Args:
            decided_by: what decides the result; compared with that of an earlier life.
            noted: what else is worth knowing.

        Raises:
            TrainingError: the folder holds something else.
        """
        decided_by = json.loads(json.dumps(decided_by))
        if (self.path / _RUN).exists():
            self._compare(read_json(self.path / _RUN).get("decided_by", {}), decided_by)
            return
        others = {"lessons"}
        if self.path.exists() and any(file.name not in others for file in self.path.iterdir()):
            raise TrainingError(f"{self.path} holds something else: name a new folder, or delete this one")
        self.path.mkdir(parents=True, exist_ok=True)
        run = {"decided_by": decided_by, "noted": noted | {"versions": _versions()}}
        _write_json(self.path / _RUN, run)

    def _compare(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        flat_before, flat_now = _flat(before), _flat(now)
        for name in sorted(flat_before.keys() | flat_now.keys()):
            if flat_before.get(name) != flat_now.get(name):
                raise TrainingError(
                    f"{self.path} was begun with another {name} ({_shown(flat_before.get(name))}, now "
                    f"{_shown(flat_now.get(name))}): give the same, or another folder"
                )

    def last_checkpoint(self) -> tuple[Path, State] | None:
        """The latest one that is whole."""
        for folder in reversed(self._whole_checkpoints()):
            try:
                return folder, State(**read_json(folder / _STATE))
            except (ModelRejectedError, TypeError):
                continue
        return None

    def checkpoint_of(self, step: int) -> Path:
        """The folder of the checkpoint of a step."""
        return self.checkpoints / f"step-{step:07d}"

    def begin_checkpoint(self) -> Path:
        """An empty folder to write a checkpoint into; what a kill left behind is gone."""
        unfinished = self.checkpoints / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        return unfinished

    def finish_checkpoint(self, unfinished: Path, state: State, keep: int) -> None:
        """Move a written checkpoint to its place, and delete those that are not needed any more."""
        _write_json(unfinished / _STATE, asdict(state))
        for file in unfinished.rglob("*"):
            if file.is_file():
                with file.open("rb+") as opened:
                    os.fsync(opened.fileno())
        place = self.checkpoint_of(state.step)
        shutil.rmtree(place, ignore_errors=True)
        unfinished.replace(place)
        for old in self._whole_checkpoints()[:-keep]:
            if old != self.checkpoint_of(state.best_step):
                shutil.rmtree(old)

    def finish(self, result: dict[str, Any], name: str, write: Callable[[Path], None]) -> Path:
        """Write what came out to the folder `name`, and that the training is done."""
        unfinished, place = self.path / f"{name}.part", self.path / name
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        write(unfinished)
        shutil.rmtree(place, ignore_errors=True)
        unfinished.replace(place)
        _write_json(self.path / _RESULT, result)
        return place

    def _whole_checkpoints(self) -> list[Path]:
        return sorted(folder for folder in self.checkpoints.glob("step-*") if (folder / _STATE).is_file())


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in data.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}…"


def _write_json(path: Path, data: dict[str, Any]) -> None:
    with whole_file(path) as unfinished:
        unfinished.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")
