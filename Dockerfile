# The weekly job: docker run --rm -v "$PWD":/project churn-pipeline --as-of 2024-07-01
FROM python:3.12-slim AS build
WORKDIR /source
COPY requirements/lock.txt requirements/runtime.txt requirements/uv.txt requirements/
RUN python -m pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
    && uv venv /opt/churn \
    && uv pip install --no-cache --python /opt/churn/bin/python --require-hashes -r requirements/runtime.txt
COPY . .
RUN uv build --wheel --require-hashes --build-constraints requirements/lock.txt --out-dir /dist \
    && uv pip install --no-cache --no-deps --python /opt/churn/bin/python /dist/*.whl

FROM python:3.12-slim
# LightGBM needs the OpenMP library of the compiler.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 churn \
    && mkdir /project \
    && chown churn /project
COPY --from=build /opt/churn /opt/churn
ENV PATH=/opt/churn/bin:$PATH \
    MLFLOW_DISABLE_TELEMETRY=true \
    DVC_NO_ANALYTICS=true \
    DO_NOT_TRACK=true \
    OMP_WAIT_POLICY=PASSIVE \
    NUMBA_CACHE_DIR=/tmp/numba
USER 10001
# The project of `churn new`, with its params.yaml, playbooks.yaml, raw files and models.
WORKDIR /project
ENTRYPOINT ["churn", "weekly"]
CMD ["--help"]
