"""Rendered images of made-up people with exact head poses: real input without a download.

- `recipe.py` settings, `subjects.py` who is rendered, `build.py` the whole folder
- `person.py` one subject, `image.py` one image of them
- `head.py` shape, `expression.py` faces they make, `scene.py` rays
- `appearance.py` skin, eyes, clothes; `hair.py`, `glasses.py`, `background.py`; `paint.py` colours and noise
"""

from trainables.data.datasets.rendered_heads.recipe import RenderedHeads

__all__ = ["RenderedHeads"]
