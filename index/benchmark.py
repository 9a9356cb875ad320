"""How well search finds, in one run (`python -m index benchmark`).

Four sections: the figures of each kind of query with refusal, the calibration curve, rivals side by side,
and the search with each part off in turn. Queries are encoded once and remembered: all searches are timed
with the query already encoded, and encoding is reported apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.ports import Embedder
from index.benchmarking.ablation import variants
from index.benchmarking.dialogues import Search
from index.benchmarking.encoding import RememberingEmbedder
from index.benchmarking.reliability import reliability
from index.benchmarking.rivals import rivals
from index.evaluate import LabelledQuery, Outcome, figures_of, outcomes_of, refusal_of, search_of
from index.retriever import HybridRetriever
from index.second_stage import SecondStage

SECTIONS = ("figures", "systems", "ablation")
OURS = "ours"

Files = Mapping[str, Sequence[LabelledQuery]]
"""From a kind of query to its queries."""


def run(
    folder: Path,
    files: Files,
    embedder: Embedder | None,
    second_stage: SecondStage | None = None,
    sections: Sequence[str] = SECTIONS,
) -> dict[str, Any]:
    """Measure the index at `folder`, which is searched with `embedder` and `second_stage`.

    Raises:
        SettingsError: rank_bm25 is not installed, and the systems are to be compared.
    """
    remembering = RememberingEmbedder(embedder) if embedder is not None else None
    retriever = HybridRetriever.open(folder, remembering, second_stage=second_stage)
    retriever.warm_up()  # models load on first use; that is not a query's latency
    results: dict[str, Any] = {"searched": retriever.describe(), "resident_mb": resident_megabytes()}
    ours = search_of(retriever)
    if remembering is not None:
        remembering.milliseconds.clear()
        for queries in files.values():
            outcomes_of(ours, queries)  # encodes what is asked, as we and as others put it
            for query in queries:
                remembering.embed([query.query], input_type="query")
        results["encode_ms"] = _percentiles(remembering.milliseconds)
    if "figures" in sections:
        results |= _figures(ours, files)
    if "systems" in sections:
        results["systems"] = compare({OURS: ours} | rivals(folder, remembering), files)
    if "ablation" in sections:
        results["ablation"] = _ablation(folder, files, remembering, second_stage)
    return results


def _figures(ours: Search, files: Files) -> dict[str, Any]:
    outcomes = {stem: outcomes_of(ours, queries) for stem, queries in files.items()}
    everything = [outcome for group in outcomes.values() for outcome in group]
    scored = [outcome for outcome in everything if not outcome.by_structure and not outcome.query.before]
    return {
        "figures": {stem: figures_of(group) for stem, group in outcomes.items()},
        "refusal": refusal_of(everything),
        "calibration": reliability(scored),
    }


def compare(systems: Mapping[str, Search], files: Files) -> dict[str, dict[str, Any]]:
    """Every system on every file that has answers; each gets the query as it was typed.

    `p50_of_ours` is a system's time divided by that of the first system in the same run.
    """
    results: dict[str, dict[str, Any]] = {}
    for stem, queries in files.items():
        answerable = [query for query in queries if query.is_answerable]
        if not answerable:
            continue
        row = {
            name: figures_of(outcomes_of(search, answerable if name == OURS else _last_turns(answerable)))
            for name, search in systems.items()
        }
        reference = next(iter(row.values()))["latency_ms"]["p50"]
        for figures in row.values():
            figures["p50_of_ours"] = round(figures["latency_ms"]["p50"] / max(reference, 1e-9), 2)
        results[stem] = row
    return results


def _ablation(
    folder: Path, files: Files, embedder: Embedder | None, second_stage: SecondStage | None
) -> dict[str, dict[str, Any]]:
    """The part that is off → `files` (figures of each), `refusal` over all of them."""
    results: dict[str, dict[str, Any]] = {}
    for variant in variants(folder, embedder, second_stage):
        with variant.taken_out:
            outcomes: dict[str, list[Outcome]] = {
                stem: outcomes_of(variant.search, queries if variant.follows_up else _last_turns(queries))
                for stem, queries in files.items()
            }
        results[variant.name] = {
            "files": {stem: figures_of(group) for stem, group in outcomes.items()},
            "refusal": refusal_of([outcome for group in outcomes.values() for outcome in group]),
        }
    return results


def _last_turns(queries: Sequence[LabelledQuery]) -> list[LabelledQuery]:
    return [replace(query, before=()) for query in queries]


def _percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    if not milliseconds:
        return {}
    return {f"p{p}": round(float(np.percentile(milliseconds, p)), 2) for p in (50, 99)}


def resident_megabytes() -> float | None:
    """Resident memory of this process, where the system tells it (Linux)."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return None
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return round(int(kilobytes) / 1024, 1)
