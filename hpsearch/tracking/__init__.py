"""MLflow as a mirror of the study: what a browser shows. Nothing is ever read back from it to decide."""

from hpsearch.tracking.tracker import Tracker, default_uri

__all__ = ["Tracker", "default_uri"]
