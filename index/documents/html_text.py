"""The text of a web page, a line a block, headings marked as in Markdown."""

from __future__ import annotations

from html.parser import HTMLParser

_HIDDEN = {"script", "style", "noscript", "template", "svg", "nav", "footer", "iframe"}
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_BLOCKS = _HEADINGS | {
    *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figure", "form", "header"),
    *("hr", "li", "main", "ol", "p", "pre", "section", "table", "td", "th", "title", "tr", "ul"),
}
_VOID = frozenset({"br", "hr"})


class _TextParser(HTMLParser):
    """Collects visible text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._line: list[str] = []
        self._heading = ""
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        if tag in _HIDDEN:
            self._hidden.append(tag)
        if tag in _BLOCKS:
            self.end_line()
            self._heading = "#" * int(tag[1]) + " " if tag in _HEADINGS else ""

    def handle_endtag(self, tag: str) -> None:
        if self._hidden and tag == self._hidden[-1]:
            self._hidden.pop()
        if tag in _BLOCKS - _VOID:
            self.end_line()
            self._heading = ""

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._line.append(data)

    def end_line(self) -> None:
        """Finish the line under way."""
        text = " ".join("".join(self._line).split())
        self._line.clear()
        if text:
            self.lines.append(self._heading + text)


def text_of_html(page: str) -> str:
    """The visible text of `page`; never raises on broken markup."""
    parser = _TextParser()
    parser.feed(page)
    parser.close()
    parser.end_line()
    return "\n".join(parser.lines)
