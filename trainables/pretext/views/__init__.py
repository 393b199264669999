"""Views: which images of a batch the pose and the pretext task learn from. A view is one file and one row."""

from trainables.base.table import Table
from trainables.pretext.views.multi_scale import MultiScaleConfig
from trainables.pretext.views.shared import SharedConfig
from trainables.pretext.views.split import SplitConfig
from trainables.pretext.views.two import TwoConfig
from trainables.pretext.views.view import View, ViewConfig, Views

__all__ = [
    "VIEWS",
    "MultiScaleConfig",
    "SharedConfig",
    "SplitConfig",
    "TwoConfig",
    "View",
    "ViewConfig",
    "Views",
]

VIEWS = Table[ViewConfig](
    "views", {"shared": SharedConfig, "split": SplitConfig, "two": TwoConfig, "multi_scale": MultiScaleConfig}
)
