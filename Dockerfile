# The worker, and the `jiegai` command for the one-shot jobs of docker-compose.yml.
FROM python:3.11.14-slim-bookworm AS build
RUN python -m venv /opt/jiegai
WORKDIR /src
COPY requirements-worker.lock ./
RUN /opt/jiegai/bin/pip install --no-cache-dir --compile --require-hashes -r requirements-worker.lock
COPY pyproject.toml worker.py ./
COPY activities activities
COPY contracts contracts
COPY domain domain
COPY plans plans
COPY runtime runtime
COPY starter starter
COPY storage storage
COPY workflows workflows
RUN /opt/jiegai/bin/pip install --no-cache-dir --compile --no-deps --no-build-isolation .

FROM python:3.11.14-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /home/jiegai jiegai
COPY --from=build /opt/jiegai /opt/jiegai
ENV PATH=/opt/jiegai/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER jiegai
WORKDIR /home/jiegai
HEALTHCHECK --interval=60s --timeout=15s --start-period=60s --retries=3 \
    CMD ["jiegai", "health", "--here"]
CMD ["python", "-P", "-m", "worker"]
