# One image for every Airflow process and for `dvctt` itself. It holds code only: no secret, no data, no connection.
# The base images are pinned to a release line, so that a rebuild takes their security fixes; what decides the figures
# (Python packages) is pinned to the byte by requirements/lock.txt.
FROM python:3.11-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never \
    VIRTUAL_ENV=/opt/venv

# Only for a network that has its own package mirror: --build-arg PIP_INDEX_URL=… --build-arg UV_DEFAULT_INDEX=…
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX

WORKDIR /opt/dvctt
COPY requirements/uv.txt requirements/lock.txt requirements/
# Compiled now: a read-only root could not keep it, and every process would compile Airflow anew at its start.
RUN python -m pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
    && uv venv /opt/venv \
    && uv pip sync --no-cache --compile-bytecode --require-hashes requirements/lock.txt

COPY pyproject.toml README.md ./
COPY include include
# Editable, as in a checkout: the package finds its province folders and templates beside itself in include/.
RUN uv pip install --no-cache --no-deps --no-build-isolation -e . \
    && python -m compileall -q include


FROM python:3.11-slim-bookworm

# HOME is a tmpfs: with a read-only root nothing else takes what libraries leave in a user's home.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TZ=Asia/Ho_Chi_Minh \
    HOME=/tmp \
    DO_NOT_TRACK=1 \
    GX_ANALYTICS_ENABLED=false \
    DVCTT_PROJECT=/opt/dvctt \
    DVCTT_HOME=/srv/dvctt/home \
    DVCTT_INBOX=/srv/dvctt/inbox \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/dvctt/dags

# New named volumes take owner and mode of these folders. The empty airflow.cfg keeps Airflow from writing one with
# secrets that it makes up: where the root is read-only it would not start, and elsewhere no two processes would agree.
RUN groupadd --gid 50000 dvctt \
    && useradd --uid 50000 --gid 50000 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin dvctt \
    && install -d -m 0755 /opt/airflow \
    && install -m 0644 /dev/null /opt/airflow/airflow.cfg \
    && install -d -o dvctt -g dvctt -m 0750 /opt/airflow/logs /srv/dvctt/home /srv/dvctt/inbox \
    && install -d -o dvctt -g dvctt -m 0700 /opt/airflow/auth

# The code belongs to root, so the user that runs it cannot change it.
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/dvctt /opt/dvctt
COPY dags /opt/dvctt/dags
COPY dbt_project /opt/dvctt/dbt_project
COPY expectations /opt/dvctt/expectations

# The first night of a home begins from what dbt has parsed here.
RUN python -c 'from dvctt.warehouse.transform import parse_at_setup; parse_at_setup()'

WORKDIR /srv/dvctt
USER 50000:50000

# What healthy means depends on the process; docker-compose.yml says it for each. `dvctt` alone is not a service.
HEALTHCHECK NONE

CMD ["dvctt", "--help"]
