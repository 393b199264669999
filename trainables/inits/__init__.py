"""Initial weights of the trunk: where a network starts from. A source is one file and one row here."""

from collections.abc import Mapping

from trainables.inits.file import FileConfig
from trainables.inits.imagenet import ImageNetConfig
from trainables.inits.init import InitConfig, Wanted
from trainables.inits.random import RandomConfig
from trainables.inits.ssl import SslConfig
from trainables.schema import Config

__all__ = ["INITS", "FileConfig", "ImageNetConfig", "InitConfig", "RandomConfig", "SslConfig", "Wanted"]

INITS: Mapping[str, type[Config]] = {
    "random": RandomConfig,
    "imagenet": ImageNetConfig,
    "ssl": SslConfig,
    "file": FileConfig,
}
