"""What mkdocs needs to show pages that lie outside `docs/`, and links between them.

In the repository those pages lie beside what they describe, and their links lead through the
repository, so that they work there as well.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
# Page of the site -> page of the repository.
OUTSIDE = {
    "CHANGELOG.md": "CHANGELOG.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "SECURITY.md": "SECURITY.md",
    "benchmarks.md": "benchmarks/README.md",
    "direction-files.md": "directions/README.md",
    "examples.md": "examples/README.md",
    "nano.md": "musicrfm/nano/weights/README.md",
    "index.md": "README.md",
}
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def on_files(files, config):
    for page, source in OUTSIDE.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text("utf-8")))
    return files


def on_page_markdown(markdown, page, config, files):
    """The same page with links as the site has them; what is not on the site becomes its name."""
    here = page.file.src_uri
    source = OUTSIDE.get(here, f"docs/{here}")
    pages = {there: one for one, there in OUTSIDE.items()}

    def moved(link: re.Match) -> str:
        image, words, to = link.groups()
        target, hash_, part = to.partition("#")
        if "://" in to or not target:
            return link[0]
        there = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        uri = pages.get(there, there.removeprefix("docs/") if there.startswith("docs/") else None)
        if uri is None or files.get_file_from_path(uri) is None:
            if not (ROOT / there).exists():
                return link[0]  # mkdocs says what is wrong with it
            return words if there in words else f"{words} (`{there}`)"
        new = os.path.relpath(uri, posixpath.dirname(here) or ".").replace(os.sep, "/")
        return f"{image}[{words}]({new}{hash_}{part})"

    if markdown.startswith("---\n"):  # a model card's own settings
        markdown = markdown.split("\n---\n", 1)[1]
    return _LINK.sub(moved, markdown)
