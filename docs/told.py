"""Writes into the pages what commands print: each block of a page is what its command printed, run in page order.

python docs/told.py forks game              # these pages; without a name all that have such blocks

In a page: `<!-- out: ganatomy fork ... -->`, a text block, `<!-- end of out -->` (with `err:` what is said on stderr of
answers, without progress), and `<!-- picture: runs/.../figure.svg -->` before the image that shows it.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
BLOCK = re.compile(r"(<!-- (out|err|quiet): (.*?) -->\n)(?:```text\n.*?```\n<!-- end of out -->\n)?", re.DOTALL)
PICTURE = re.compile(r"<!-- picture: (.*?) -->\n!\[.*?\]\((.*?)\)")
PROGRESS = re.compile(r"(round|base runs:|seeds:|run |\S+: \d+ of \d+|reached )")


def main(names: list[str]) -> None:
    for page in [DOCS / f"{name}.md" for name in names] or sorted(DOCS.glob("*.md")):
        text = page.read_text("utf-8")
        if not BLOCK.search(text):
            continue
        with tempfile.TemporaryDirectory() as folder:
            text = BLOCK.sub(lambda match: match[1] + printed(match[2], match[3], Path(folder)), text)
            for source, target in PICTURE.findall(text):
                shutil.copyfile(Path(folder) / source, DOCS / target)
        page.write_text(text, "utf-8")


def printed(what: str, command: str, folder: Path) -> str:
    """The block; nothing of a quiet command."""
    print(command, flush=True)
    words = shlex.split(command)
    line = [sys.executable, "-m", *words]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stderr}")
    if what == "quiet":
        return ""
    lines = done.stdout.splitlines() if what == "out" else done.stderr.splitlines()
    kept = [folded(line) for line in lines if line.strip() and not PROGRESS.match(line) and not is_file(folder, line)]
    return "```text\n" + "\n".join(kept) + "\n```\n<!-- end of out -->\n"


def is_file(folder: Path, line: str) -> bool:
    """Whether it is the name of something that was written."""
    return len(line) < 200 and (folder / line).exists()


def folded(line: str, width: int = 120) -> str:
    """Long sentences over several lines; tables stay as they are."""
    if len(line) <= width or "  " in line:
        return line
    parts, last = [], ""
    for word in line.split(" "):
        if len(last) + len(word) >= width:
            parts.append(last)
            last = ""
        last = f"{last} {word}".lstrip()
    return "\n  ".join([*parts, last])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
