"""MLflow as a mirror of the study: what a browser shows. Nothing is ever read back from it to decide."""

from hpsearch.tracking.tracker import PATIENCE_S, Tracker, default_uri
from hpsearch.tracking.views import TABLE_VIEW

__all__ = ["PATIENCE_S", "TABLE_VIEW", "Tracker", "default_uri"]
