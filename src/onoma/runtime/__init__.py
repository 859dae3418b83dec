"""Room 6: load a bundle and tag text with it; never torch."""

from onoma.runtime.loading import DEFAULT, find, installed, load
from onoma.runtime.manifest import Manifest
from onoma.runtime.tagger import Tagger

__all__ = ["DEFAULT", "Manifest", "Tagger", "find", "installed", "load"]
