"""Mirrors studies into MLflow, to look at in a browser; no decision ever reads anything back from it."""

from hpsearch.tracking.location import default_uri, relocate, tracking_uri
from hpsearch.tracking.tracker import PATIENCE_S, Tracker
from hpsearch.tracking.views import CHART_VIEW, TABLE_VIEW

__all__ = [
    "CHART_VIEW",
    "PATIENCE_S",
    "TABLE_VIEW",
    "Tracker",
    "default_uri",
    "relocate",
    "tracking_uri",
]
