"""No average: the weights are used as the last step left them."""

from __future__ import annotations

from trainables.base.schema import Config


class NoneConfig(Config):
    """The weights as the last step left them. [paper]"""

    def build(self, epochs: int) -> None:
        """Return None."""
