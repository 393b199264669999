"""The script that draws Vega-Lite charts: Vega with all it needs, so that a page loads nothing."""

from __future__ import annotations

import contextlib
import os
from functools import cache
from importlib.metadata import version
from pathlib import Path

from markupsafe import Markup

from trainables.base.atomic import in_one_step

SNIPPET = "window.vegaEmbed = vegaEmbed;"


@cache
def vega_script() -> Markup:
    """Return the script, about 0.9 MB.

    Bundling it takes seconds, so that it is kept in the user's cache folder, where one can be written.
    """
    import vl_convert

    kept = _cache_folder() / f"vega-{version('vl-convert-python')}.js"
    try:
        script = kept.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        script = vl_convert.javascript_bundle(SNIPPET)
        with contextlib.suppress(OSError), in_one_step(kept, len(script)) as draft:
            draft.write_text(script, encoding="utf-8")
    if "</script" in script.lower():
        raise ValueError("vl-convert's bundle would end the page's script element")
    return Markup(script)  # noqa: S704  the library's own text, from this user's folder


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hpsearch"
