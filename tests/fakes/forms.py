"""Forms that a client sends, read into memory.

aiohttp's `request.post()` opens a temporary file for each upload and closes none of them when the client goes
away in the middle, as one that is killed does; what then closes it is the garbage collector, with a warning.
"""

from __future__ import annotations

from aiohttp import BodyPartReader, web

Fields = dict[str, str]
Files = dict[str, tuple[str, bytes]]
"""Name and content of each file, by the name of its field."""


async def form_of(request: web.Request) -> tuple[Fields, Files]:
    """The fields and the files of a form, multipart or not."""
    if request.content_type != "multipart/form-data":
        form = await request.post()
        return {name: value for name, value in form.items() if isinstance(value, str)}, {}
    fields: Fields = {}
    files: Files = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader), "a form within a form"
        assert part.name
        content = bytes(await part.read(decode=True))
        if part.filename:
            files[part.name] = (part.filename, content)
        else:
            fields[part.name] = content.decode()
    return fields, files
