"""`index build`, `add`, `remove` and `compact`: make an index of recipe corpora, and change it."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.errors import SettingsError
from core.settings import Settings
from index.build import COOKBOOK_DIR, build_index
from index.change import add_to_index, compact_index, remove_from_index
from index.commands.common import Commands, add_index, index_of, models_of, warn
from index.manifest import Manifest
from index.progress import BuildProgressBar
from index.segment_build import BuildReport
from index.vector_stores.choice import stores_for
from index.vector_stores.ports import VectorStores

_SKIP_BAD = "leave out unreadable rows, and report them"


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
    build.add_argument("--skip-bad", action="store_true", help=_SKIP_BAD)
    build.set_defaults(run=_build)

    more = commands.add_parser("add", parents=[shared], help="add recipes to an index in use")
    more.add_argument("source", type=Path, nargs="+", help="file or folder of recipes")
    add_index(more)
    more.add_argument("--skip-bad", action="store_true", help=_SKIP_BAD)
    more.set_defaults(run=_add)

    fewer = commands.add_parser("remove", help="take recipes out of an index in use")
    fewer.add_argument("recipe", nargs="*", metavar="ID|NAME", help="recipes of that id or name")
    fewer.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="SOURCE",
        help="all recipes of a source, as answers name it",
    )
    add_index(fewer)
    fewer.set_defaults(run=_remove, embedder=None)

    merge = commands.add_parser("compact", help="merge what was added, and free what was taken out")
    add_index(merge)
    merge.set_defaults(run=_compact, embedder=None)


def _build(options: argparse.Namespace, settings: Settings) -> int:
    out: Path = options.out or settings.effective_index_dir
    corpora = [path for group in options.corpus or [] for path in group] or [COOKBOOK_DIR, *settings.corpora]
    embedder, stores = models_of(settings).embedder, stores_for(settings)
    with BuildProgressBar() as bar:
        report = build_index(
            corpora, out, embedder, stores=stores, skip_bad=options.skip_bad, progress=bar.show
        )
    _tell_skipped(report)
    summary = f"{out}: {report.recipes} recipes, {report.forms} questions"
    print(f"{summary}; {report.duplicates} duplicates and {report.bad_rows} bad rows left out")
    return 0


def _add(options: argparse.Namespace, settings: Settings) -> int:
    folder, embedder = index_of(options, settings), models_of(settings).embedder
    stores = _stores_of(folder, settings)
    with BuildProgressBar() as bar:
        report = add_to_index(
            folder, options.source, embedder, stores, skip_bad=options.skip_bad, progress=bar.show
        )
    _tell_skipped(report)
    what = f"{report.recipes} recipes added" if report.recipes else "nothing to add, the index is as it was"
    print(f"{folder}: {what}; {report.duplicates} were there already, {report.bad_rows} bad rows left out")
    return 0


def _remove(options: argparse.Namespace, settings: Settings) -> int:
    if not options.recipe and not options.source:
        raise SettingsError("remove", "say what: ids or names of recipes, or --source SOURCE")
    folder = index_of(options, settings)
    report = remove_from_index(folder, options.recipe, sources=options.source)
    for text in report.missing:
        warn("not there", text)
    for name, count in list(report.removed.items())[:20]:
        print(f"removed {name}" + (f" ({count} recipes)" if count > 1 else ""))
    print(f"{folder}: {report.recipes} recipes taken out")
    return 1 if report.missing else 0


def _compact(options: argparse.Namespace, settings: Settings) -> int:
    folder = index_of(options, settings)
    with BuildProgressBar() as bar:
        report = compact_index(folder, _stores_of(folder, settings), progress=bar.show)
    if report is None:
        print(f"{folder}: nothing to merge, it is one segment and nothing was taken out")
    else:
        print(f"{folder}: {report.recipes} recipes, {report.forms} questions in one segment")
    return 0


def _stores_of(folder: Path, settings: Settings) -> VectorStores:
    """What keeps the vectors of the index at `folder`; an index without any may get none."""
    return stores_for(settings, Manifest.read(folder).vector_store or None)


def _tell_skipped(report: BuildReport) -> None:
    for reason in report.skipped:
        warn("skipped", reason)
    if report.bad_rows > len(report.skipped):
        warn("skipped", f"{report.bad_rows - len(report.skipped)} more rows")
