"""Room 2: tag schemes as tables, entities to tags and back, decoding and span confidence."""

from onoma.tagging.tagset import TagSet

__all__ = ["TagSet"]
