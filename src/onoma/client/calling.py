"""The clients: `Client` for threads, `AsyncClient` for coroutines; what they say is in `exchange`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import httpx

from onoma.client.exchange import AGAIN, Settings, answers, error_of, parts, pauses, payload
from onoma.errors import DownError, InputError, NotFoundError, OnomaError, nearest
from onoma.runtime.texts import Text, checked_texts
from onoma.text import Document

__all__ = ["AsyncClient", "Client"]

PATH = "/v1/entities"


class Client:
    """An `Annotate` that asks a service; many threads may use one at once.

    ::

        from onoma.client import Client, Settings

        with Client("http://127.0.0.1:8000", settings=Settings(threshold=0.5)) as tag:
            [document] = tag(["Ada Lovelace was born in London."])
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        key: str | None = None,
        settings: Settings | None = None,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """``key`` is an API key or a bearer token, ``timeout`` in seconds for each request."""
        self.settings = settings or Settings()
        self._http = httpx.Client(base_url=url, headers=_headers(key), timeout=timeout, transport=transport)
        self._model: Mapping[str, Any] | None = None

    def __call__(self, texts: Sequence[Text]) -> list[Document]:
        """Each text with its entities, in order.

        Raises `InputError` naming the position of what is no text, `DownError` where no service answers,
        and otherwise the error that the service tells of.
        """
        found: list[Document] = []
        for part in parts(checked_texts(texts), self.settings):
            found += answers(part, self._post(payload(part, self.settings)))
        return found

    def models(self) -> list[dict[str, Any]]:
        """The taggers that may be asked for by name, the one that answers by default first."""
        models: list[dict[str, Any]] = self._get("/v1/models")["models"]
        return models

    @property
    def name(self) -> str:
        """The name of the tagger that is asked."""
        return str(self._told["name"])

    @property
    def version(self) -> str:
        """Its version, as it was when first asked for."""
        return str(self._told["version"])

    @property
    def labels(self) -> list[str]:
        """The labels it knows."""
        return list(self._told["labels"])

    @property
    def _told(self) -> Mapping[str, Any]:
        if self._model is None:
            self._model = _chosen(self.models(), self.settings.model)
        return self._model

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _get(self, path: str) -> Any:
        with _as_ours(self._http.base_url):
            return _content(self._http.get(path))

    def _post(self, body: Mapping[str, Any]) -> Any:
        for pause in (*pauses(self.settings), None):
            try:
                with _as_ours(self._http.base_url):
                    return _content(self._http.post(PATH, json=body))
            except OnomaError as error:
                time.sleep(_pause(error, pause, self.settings))
        raise AssertionError("the last try answers or raises")


class AsyncClient:
    """The same for coroutines, which asks for several parts at once.

    ::

        async with AsyncClient("http://127.0.0.1:8000") as tag:
            [document] = await tag(["Ada Lovelace was born in London."])
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        key: str | None = None,
        settings: Settings | None = None,
        timeout: float = 30.0,
        at_once: int = 4,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """As `Client`; of one call's texts at most ``at_once`` requests are under way."""
        self.settings = settings or Settings()
        self._http = httpx.AsyncClient(
            base_url=url, headers=_headers(key), timeout=timeout, transport=transport
        )
        self._turn = asyncio.Semaphore(at_once)

    async def __call__(self, texts: Sequence[Text]) -> list[Document]:
        """Each text with its entities, in order; raises what `Client` raises."""
        made = list(parts(checked_texts(texts), self.settings))
        found = await asyncio.gather(*map(self._part, made))
        return [document for part in found for document in part]

    async def models(self) -> list[dict[str, Any]]:
        """The taggers that may be asked for by name, the one that answers by default first."""
        with _as_ours(self._http.base_url):
            models: list[dict[str, Any]] = _content(await self._http.get("/v1/models"))["models"]
        return models

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _part(self, part: Sequence[Document]) -> list[Document]:
        async with self._turn:
            return answers(part, await self._post(payload(part, self.settings)))

    async def _post(self, body: Mapping[str, Any]) -> Any:
        for pause in (*pauses(self.settings), None):
            try:
                with _as_ours(self._http.base_url):
                    return _content(await self._http.post(PATH, json=body))
            except OnomaError as error:
                await asyncio.sleep(_pause(error, pause, self.settings))
        raise AssertionError("the last try answers or raises")


def _headers(key: str | None) -> dict[str, str]:
    return {} if key is None else {"authorization": f"Bearer {key}"}


@contextmanager
def _as_ours(url: httpx.URL) -> Iterator[None]:
    """What httpx raises, as errors of ours."""
    try:
        yield
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise InputError(f"{url} is no address of a service: {error}") from error
    except httpx.TransportError as error:
        raise DownError(f"no service answers at {url}: {error or type(error).__name__}") from error


def _chosen(models: Sequence[Mapping[str, Any]], name: str | None) -> Mapping[str, Any]:
    """What is told of the tagger that ``name`` names, or of the one that answers by default."""
    known = {model["name"]: model for model in models}
    if name is not None and name not in known:
        raise NotFoundError(f"there is no tagger called {name!r}; {nearest(name, known)}")
    return models[0] if name is None else known[name]


def _content(response: httpx.Response) -> Any:
    """What was answered; raises the error that a response tells of."""
    try:
        content = response.json()
    except ValueError:
        content = None
    if response.is_success and content is not None:
        return content
    raise error_of(response.status_code, response.headers, content)


def _pause(error: OnomaError, pause: float | None, settings: Settings) -> float:
    """Seconds until the next try; raises ``error`` where another would be of no use, or was the last."""
    if pause is None or error.http_status not in AGAIN:
        raise error
    told = getattr(error, "retry_after", None)
    return pause if told is None else min(float(told), settings.patience)
