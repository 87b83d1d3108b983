"""Runs a tutorial and makes a page of it.

The source is Markdown with blocks of `python`, which Jupytext reads as a notebook. Every block is run, and the page shows what it
printed. The notebook as it was run lies beside the page. A block that fails is an error.
"""

import html
import os
import re
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

LIMIT = 300
# Of the kernel only its errors.
QUIET = ["--IPKernelApp.log_level=40"]
# Tables without their shape and types.
SMALL_TABLES = {
    "POLARS_FMT_TABLE_HIDE_COLUMN_DATA_TYPES": "1",
    "POLARS_FMT_TABLE_HIDE_DATAFRAME_SHAPE_INFORMATION": "1",
}
FRAME = re.compile(r"<iframe[^>]* srcdoc=(['\"])(?P<page>.*?)\1[^>]*></iframe>", re.DOTALL)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Failed(Exception):
    """A block of a tutorial failed."""


def render(source: Path, out: Path) -> None:
    """Writes the page, the notebook and the reports that it shows into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    notebook = jupytext.read(source)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    with tempfile.TemporaryDirectory(prefix="reperio-tutorial-") as folder:
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=LIMIT, resources=resources, extra_arguments=QUIET)
        try:
            client.execute(env={**os.environ, **SMALL_TABLES})
        except CellExecutionError as error:
            raise Failed(f"{source.name}: {ESCAPES.sub('', str(error))}") from None
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                _without(folder, output)
    nbformat.write(notebook, out / f"{source.stem}.ipynb")
    page = Page(source.stem, out)
    parts = [page.cell(cell) for cell in notebook.cells]
    parts.append(f"---\n\n[Download this notebook]({source.stem}.ipynb)")
    (out / source.name).write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def _without(folder: str, output: dict) -> None:
    """Outputs do not name the folder in which they were made."""
    if "text" in output:
        output["text"] = output["text"].replace(folder + "/", "").replace(folder, ".")
    for kind, value in output.get("data", {}).items():
        if isinstance(value, str):
            output["data"][kind] = re.sub(r"/tmp/reperio-\w+/results", "...", value.replace(folder + "/", ""))


class Page:
    """A page in the making: its reports are numbered."""

    def __init__(self, name: str, out: Path) -> None:
        self._name, self._out, self._reports = name, out, 0

    def cell(self, cell: dict) -> str:
        """A cell as Markdown."""
        if cell["cell_type"] != "code":
            return cell["source"]
        parts = [f"```python\n{cell['source']}\n```"]
        streams = "".join(own["text"] for own in cell["outputs"] if own["output_type"] == "stream")
        if streams.strip():
            parts.append(_printed(streams))
        data = (own["data"] for own in cell["outputs"] if own["output_type"] in ("execute_result", "display_data"))
        parts.extend(self._shown(own) for own in data)
        return "\n\n".join(parts)

    def _shown(self, data: dict) -> str:
        if "text/html" not in data:
            return _printed(data["text/plain"])
        shown = data["text/html"]
        if found := FRAME.search(shown):
            self._reports += 1
            name = f"{self._name}-{self._reports}.html"
            (self._out / name).write_text(html.unescape(found["page"]), encoding="utf-8")
            frame = f'<iframe src="{name}" title="The page of the result" loading="lazy"></iframe>'
            shown = f'{frame}<p><a href="{name}">Open this page</a></p>'
        shown = re.sub(r"<style.*?</style>|\s*\n\s*|(?<=<td>)&quot;|&quot;(?=</td>)", "", shown, flags=re.DOTALL)
        return f'<div class="output">{shown}</div>'


def _printed(text: str) -> str:
    text = ESCAPES.sub("", text).rstrip()
    return f"```text\n{text}\n```"
