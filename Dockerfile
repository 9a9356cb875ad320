# The bot on its embedded default: docker build -t shishen . && docker run -p 127.0.0.1:8080:8080 -v shishen:/data shishen
# With the model libraries (about 2.7 GB more): docker build --build-arg REQUIREMENTS=requirements-models.txt …
# With Chroma and Qdrant: --build-arg REQUIREMENTS=requirements-stores.txt
FROM python:3.12-slim

ARG REQUIREMENTS=requirements.txt
WORKDIR /app
COPY constraints.txt requirements.txt requirements-models.txt requirements-stores.txt ./
RUN pip install --no-cache-dir -c constraints.txt -r "$REQUIREMENTS"
COPY bot bot
COPY core core
COPY finetune finetune
COPY handlers handlers
COPY index index
COPY storage storage

RUN useradd --create-home cook && mkdir /data && chown cook /data
USER cook
VOLUME /data
# 0.0.0.0 is the container's own network; which address of the computer it gets is said by `-p`.
ENV DATA_DIR=/data WEB_HOST=0.0.0.0 PYTHONUNBUFFERED=1
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
CMD ["python", "-m", "bot", "run"]
