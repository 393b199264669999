"""Pictures of made-up people with exact head poses: real input without a download.

recipe.py settings · build.py the whole folder · person.py one subject · picture.py one picture · head.py shape ·
expression.py faces they make · appearance.py skin, hair, eyes, clothes · background.py · scene.py rays
"""

from trainables.datasets.rendered_heads.recipe import RenderedHeads

__all__ = ["RenderedHeads"]
