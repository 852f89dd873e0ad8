# Wheels are built with a compiler in one stage and installed without one in the next; neither is in the image.

FROM python:3.12.12-slim-bookworm AS wheels

# durable_rules comes as C source.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# Every package has to have one of the hashes in the lock. setuptools comes first, since durable_rules is built with it.
COPY requirements.lock .
# hadolint ignore=DL3013
RUN sed -n '/^setuptools==/,/# via/p' requirements.lock > first.lock \
    && python -m pip install --require-hashes -r first.lock \
    && python -m pip wheel --require-hashes --no-build-isolation --wheel-dir /wheels -r requirements.lock \
    && python -m pip install --no-index --find-links /wheels hatchling

COPY . .
RUN python -m pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /wheels .

# Out of all wheels, those that the program itself and its traces need, and no other: tools for tests and builds stay behind.
RUN python -m venv /opt/tocsin \
    && /opt/tocsin/bin/pip install --no-index --find-links /wheels "tocsin[tracing]" \
    && /opt/tocsin/bin/pip check \
    && /opt/tocsin/bin/pip uninstall --yes pip


FROM python:3.12.12-slim-bookworm

RUN groupadd --system --gid 10001 tocsin \
    && useradd --system --uid 10001 --gid tocsin --no-create-home --home-dir /data --shell /usr/sbin/nologin tocsin \
    && install --directory --owner tocsin --group tocsin --mode 0700 /data

COPY --from=wheels /opt/tocsin /opt/tocsin

ENV PATH=/opt/tocsin/bin:$PATH PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data

# Rules are in force: `up` keeps this file in --data, `engine` in --health. Whether events are decided in time, the
# group's lag tells.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import json; json.load(open('/data/health.json'))"]

ENTRYPOINT ["tocsin"]
CMD ["--help"]
