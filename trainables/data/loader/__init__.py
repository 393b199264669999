"""The loader of prepared datasets: a DALI pipeline that executes the plan of an epoch."""

from trainables.data.loader.loader import Batch, Loader, LoaderPool, unsaid

__all__ = ["Batch", "Loader", "LoaderPool", "unsaid"]
