# The image of every role: `gateway serve` by default, other commands for workers, clock and listeners (docker-compose.yml).
# No package of the distribution is needed, no shell at run time, nothing is written outside /var/lib/satupintu and /tmp.
FROM python:3.11-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /srv
COPY requirements.lock ./
RUN pip install --no-cache-dir uv==0.13.9 \
 && uv venv --python /usr/local/bin/python /opt/satupintu \
 && uv pip install --no-cache --python /opt/satupintu/bin/python --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY channels channels
COPY gateway gateway
COPY workers workers
RUN uv pip install --no-cache --python /opt/satupintu/bin/python --no-deps .

# `docker compose run --rm backup`: pg_dump must be of the server's version, so this one image grows out of the server's.
FROM postgres:17-bookworm AS backup
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv
COPY requirements.lock pyproject.toml README.md LICENSE ./
COPY config config
COPY channels channels
COPY gateway gateway
COPY workers workers
RUN python3 -m venv /opt/satupintu \
 && /opt/satupintu/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
 && /opt/satupintu/bin/pip install --no-cache-dir --no-deps .
ENV PATH=/opt/satupintu/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /var/lib/satupintu
USER 10001:10001
ENTRYPOINT []
CMD ["gateway", "backup", "--to", "/backups", "--keep", "35d"]

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Satu Pintu" \
      org.opencontainers.image.description="One door for citizens' complaints, to SP4N-LAPOR! and the responsible agency, and back" \
      org.opencontainers.image.licenses="EUPL-1.2"
COPY --from=build /opt/satupintu /opt/satupintu
# Named volumes take owner and mode from here at their first use.
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/satupintu /var/lib/satupintu/spool /var/lib/satupintu/attachments \
    /var/lib/satupintu/models
ENV PATH=/opt/satupintu/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /var/lib/satupintu
USER 10001:10001
EXPOSE 8080
# Lives, not ready: a database that is away is no reason to restart a process that spools.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
CMD ["gateway", "serve"]
