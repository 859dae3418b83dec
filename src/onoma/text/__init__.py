"""Room 1: documents, tokens with exact offsets, sentences, and windows over long text."""

from onoma.text.document import Annotate, Coverage, Document, Entity, Token

__all__ = ["Annotate", "Coverage", "Document", "Entity", "Token"]
