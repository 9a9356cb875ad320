"""`index build`: make an index of recipe corpora."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.settings import Settings
from index.build import COOKBOOK_DIR, build_index
from index.commands.common import Commands, models_of, warn
from index.progress import BuildProgressBar
from index.segment_build import BuildReport


def add(commands: Commands[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """Add the parsers of these commands."""
    build = commands.add_parser("build", parents=[shared], help="build an index from recipe corpora")
    build.add_argument(
        "--corpus",
        type=Path,
        action="append",
        nargs="+",
        metavar="PATH",
        help="file or folder of recipes, may be repeated; default: the shipped cookbook and CORPORA",
    )
    build.add_argument("--out", type=Path, metavar="DIR", help="default: INDEX_DIR or DATA_DIR/index")
    build.add_argument("--skip-bad", action="store_true", help="leave out unreadable rows, and report them")
    build.set_defaults(run=_build)


def _build(options: argparse.Namespace, settings: Settings) -> int:
    out: Path = options.out or settings.effective_index_dir
    corpora = [path for group in options.corpus or [] for path in group] or [COOKBOOK_DIR, *settings.corpora]
    embedder = models_of(settings).embedder
    with BuildProgressBar() as bar:
        report = build_index(corpora, out, embedder, skip_bad=options.skip_bad, progress=bar.show)
    _tell_skipped(report)
    summary = f"{out}: {report.recipes} recipes, {report.forms} questions"
    print(f"{summary}; {report.duplicates} duplicates and {report.bad_rows} bad rows left out")
    return 0


def _tell_skipped(report: BuildReport) -> None:
    for reason in report.skipped:
        warn("skipped", reason)
    if report.bad_rows > len(report.skipped):
        warn("skipped", f"{report.bad_rows - len(report.skipped)} more rows")
