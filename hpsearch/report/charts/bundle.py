"""The script that draws Vega-Lite charts: Vega with all it needs, so that a page loads nothing."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup


@cache
def vega_script() -> Markup:
    """Return the script, about 0.9 MB; bundling takes seconds, so a process does it once."""
    import vl_convert

    script: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    if "</script" in script.lower():
        raise ValueError("vl-convert's bundle would end the page's script element")
    return Markup(script)  # noqa: S704  the library's own text, from this machine
