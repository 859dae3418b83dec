# syntax=docker/dockerfile:1
#
# The service, without torch and without a compiler.
#
#   docker build --tag onoma .
#   docker run --rm --volume onoma-keys:/etc/onoma/keys onoma keys add website --role reader
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#     --volume onoma-keys:/etc/onoma/keys:ro --publish 127.0.0.1:8000:8000 onoma
#
# PYTHON: the Python of both stages.   EXTRAS: what is installed besides, as serve,cache,trace.

ARG PYTHON=3.12

FROM python:${PYTHON}-slim-bookworm AS build
# Debian keeps one version of a package, so a pinned one cannot be had for long:
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/onoma
ENV PATH=/opt/onoma/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
ARG EXTRAS=serve,cache
WORKDIR /build
# what it needs, as long as that does not change, stays a layer of its own
COPY deploy/constraints.txt deploy/constraints.txt
RUN pip install --requirement deploy/constraints.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY src src
RUN pip install --constraint deploy/constraints.txt ".[${EXTRAS}]" \
 && pip uninstall --yes pip

FROM python:${PYTHON}-slim-bookworm
# as process 1 it hands signals on, from the first moment, and buries what is left of workers' children
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 onoma \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin onoma \
 && install --directory --owner 10001 --group 10001 --mode 0700 /etc/onoma/keys /var/lib/onoma
COPY --from=build /opt/onoma /opt/onoma
ENV PATH=/opt/onoma/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ONOMA_KEYS=/etc/onoma/keys/keys.json
# a number, so that Kubernetes can see that it is not root
USER 10001:10001
WORKDIR /var/lib/onoma
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
ENTRYPOINT ["tini", "--", "onoma"]
CMD ["serve", "--host", "0.0.0.0", "--log-json"]
