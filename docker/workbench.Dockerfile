# JupyterLab with carla_nurec_bridge, for any user id: docker build -f docker/workbench.Dockerfile .
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/carla_nurec_bridge
COPY . .
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN ./dev setup \
    && .venv/bin/pip install "jupyterlab>=4.4,<5" \
    && chmod -R a+rX .

ENV PATH=/opt/carla_nurec_bridge/.venv/bin:$PATH \
    AMENT_PREFIX_PATH=/opt/carla_nurec_bridge/.venv \
    HOME=/home/workbench \
    PYTHONDONTWRITEBYTECODE=1
RUN install -d -m 1777 /home/workbench /data

USER 1000:1000
WORKDIR /data
ENTRYPOINT ["sh", "/opt/carla_nurec_bridge/docker/workbench-entry.sh"]
