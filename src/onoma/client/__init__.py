"""A small client for ``onoma serve``: what is asked for over HTTP is an `Annotate` like any other."""

from onoma.client.calling import AsyncClient, Client
from onoma.client.exchange import Settings

__all__ = ["AsyncClient", "Client", "Settings"]
