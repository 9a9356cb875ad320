"""`index calibrate` and `index calibrate-voice`: fit thresholds to an index and store them."""

from __future__ import annotations

import argparse

from core.settings import Settings
from index.calibrate import calibrate
from index.calibration import save_calibration
from index.commands.common import Commands, add_index, index_of, models_of
from index.retriever import HybridRetriever
from index.spoken_calibrate import calibrate_voice
from index.spoken_confidence import save_confidence
from index.spoken_index import names_in


def add(commands: Commands[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """Add the parsers of these commands."""
    fit = commands.add_parser("calibrate", parents=[shared], help="fit the refusal to an index and store it")
    add_index(fit)
    fit.set_defaults(run=_calibrate)

    voice = commands.add_parser(
        "calibrate-voice",
        parents=[shared],
        help="fit the confidence in misheard names to an index and store it",
    )
    add_index(voice)
    voice.set_defaults(run=_calibrate_voice)


def _calibrate(options: argparse.Namespace, settings: Settings) -> int:
    folder = index_of(options, settings)
    retriever = HybridRetriever.open(folder, models_of(settings).embedder, calibrated=False)
    calibration = calibrate(retriever)
    save_calibration(calibration)
    print(f"threshold {calibration.threshold}, weights {calibration.weights}")
    return 0


def _calibrate_voice(options: argparse.Namespace, settings: Settings) -> int:
    names = names_in(index_of(options, settings))
    confidence, held_out = calibrate_voice(names)
    save_confidence(confidence)
    print(f"weights {confidence.weights}\non names kept out of the fit: {held_out}")
    return 0
