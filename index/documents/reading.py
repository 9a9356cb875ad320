"""Documents that are not recipes one by one: books and pages as PDF, Word, HTML, Markdown or text.

`read_document`: pages → excerpts → recipes, by a language model or by headings.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import CorpusError
from core.ports import LanguageModel
from core.recipe import Recipe
from index.documents.headings import recipes_by_headings, source_of
from index.documents.page_journal import PageJournal
from index.documents.pages import Page, is_scan, pages_of
from index.documents.structuring import Excerpt, Found, ask, messages_for, verified
from index.readers.rows import RowError

_FOLLOWING_SHARE = 0.3
_MIN_LETTERS = 10


@dataclass(frozen=True, slots=True)
class DocumentOptions:
    """How a document is read.

    Attributes:
        password: of a PDF that needs one.
        title: shown as the source of its recipes; "" for the file's name.
        journal: file that keeps the model's answers over a kill; None keeps none.
        excerpt_characters: most of the text that the model is shown at once.
        answer_tokens: most tokens of an answer.
    """

    password: str = ""
    title: str = ""
    journal: Path | None = None
    excerpt_characters: int = 3000
    answer_tokens: int = 4000


@dataclass(frozen=True, slots=True)
class Estimate:
    """What reading with a model will cost at most: calls (malformed answers aside) and tokens."""

    calls: int
    prompt_tokens: int
    answer_tokens: int

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.answer_tokens + other.answer_tokens,
        )


async def read_document(
    path: Path,
    model: LanguageModel | None,
    options: DocumentOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> AsyncGenerator[Recipe | CorpusError, None]:
    """Yield the recipes of a document, each with its page as source, and what had to be left out.

    Args:
        path: a .pdf, .docx, .html, .md or text file.
        model: structures the pages; None finds recipes by headings alone.
        options: password, title, journal and sizes.
        progress: told (excerpts done, excerpts in all).

    Raises:
        CorpusError: the document cannot be read at all.
        ModelError: the model does not answer; what it answered before is in the journal.
    """
    chosen = options or DocumentOptions()
    pages = pages_of(path, password=chosen.password)
    title = chosen.title or path.stem
    for page in filter(is_scan, pages):
        yield RowError(_where(path, page.number), "is a picture without text")
    if model is None:
        for row in by_headings(path, pages, title):
            yield row
        return
    excerpts = excerpts_of(pages, chosen.excerpt_characters)
    journal = PageJournal(chosen.journal)
    for done, excerpt in enumerate(excerpts, start=1):
        try:
            answers = journal.get(model.name, excerpt)
            if answers is None:
                answers = await ask(model, excerpt, chosen.answer_tokens)
                journal.add(model.name, excerpt, answers)
        except CorpusError as exc:
            yield RowError(_where(path, excerpt.page), exc.message)
            continue
        for row in _rows(verified(answers, excerpt, source_of(title, excerpt.page)), path, excerpt.page):
            yield row
        if progress is not None:
            progress(done, len(excerpts))


def _rows(found: Iterable[Found], path: Path, page: int) -> Iterator[Recipe | CorpusError]:
    for one in found:
        if one.recipe is not None:
            yield one.recipe
        for reason in one.left_out:
            yield RowError(_where(path, page), f"left out: {reason}")


def _where(path: Path, page: int) -> str:
    return f"{path}: page {page}" if page else str(path)


def by_headings(path: Path, pages: Sequence[Page], title: str) -> Iterator[Recipe | CorpusError]:
    """The recipes of pages by their headings, or that there are none."""
    none = True
    for row in recipes_by_headings(pages, title):
        none = False
        yield row
    if none:
        yield RowError(
            str(path),
            "no recipe found by headings (a name, 用料, 做法); with a language model: python -m index import",
        )


def excerpts_of(pages: Sequence[Page], characters: int) -> list[Excerpt]:
    """Cut pages into what a model is shown at once: a page each, long pages in parts, at line ends."""
    ahead = int(characters * _FOLLOWING_SHARE)
    parts = [
        (page.number, part)
        for page in pages
        for part in _parts(page.text.strip(), characters - ahead)
        if sum(map(str.isalpha, part)) >= _MIN_LETTERS
    ]
    following = [part for _, part in parts[1:]] + [""]
    return [Excerpt(page, text, after[:ahead]) for (page, text), after in zip(parts, following, strict=True)]


def _parts(text: str, characters: int) -> Iterator[str]:
    while len(text) > characters:
        cut = text.rfind("\n", characters // 2, characters)
        cut = cut if cut > 0 else characters
        yield text[:cut]
        text = text[cut:].lstrip("\n")
    yield text


def estimate(pages: Sequence[Page], options: DocumentOptions, model_name: str) -> Estimate:
    """What `read_document` will ask of a model at most; answers in the journal cost nothing.

    A token is counted for each Chinese character and each four others. Tokenizers of Chinese models need
    0.6 to 0.8 a character, so the real cost is lower.
    """
    journal = PageJournal(options.journal)
    asked = [
        excerpt
        for excerpt in excerpts_of(pages, options.excerpt_characters)
        if journal.get(model_name, excerpt) is None
    ]
    prompts = sum(_tokens(message.content) for excerpt in asked for message in messages_for(excerpt))
    answers = sum(min(options.answer_tokens, _tokens(excerpt.text) * 3 // 2) for excerpt in asked)
    return Estimate(len(asked), prompts, answers)


def _tokens(text: str) -> int:
    others = sum(1 for character in text if character < "\x80")
    return len(text) - others + others // 4
