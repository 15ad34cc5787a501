# Environments served over MCP, as an unprivileged user, with the episodes in a volume:
#   docker build -t toolworld .
#   docker run -e TOOLWORLD_TOKEN=choose-one -p 8765:8765 -v episodes:/data toolworld

FROM python:3.13-slim AS build
COPY . /src
WORKDIR /src
RUN python -m venv /opt/toolworld
RUN /opt/toolworld/bin/pip install --no-cache-dir --disable-pip-version-check -c requirements.lock ".[postgres,otel]"

FROM python:3.13-slim
COPY --from=build /opt/toolworld /opt/toolworld
RUN mkdir -p /data && chown 10001:10001 /data
USER 10001:10001
WORKDIR /data
ENV PATH=/opt/toolworld/bin:$PATH HOME=/data
VOLUME /data
EXPOSE 8765
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["/opt/toolworld/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8765/healthz', timeout=4)"]
ENTRYPOINT ["/opt/toolworld/bin/toolworld"]
CMD ["serve", "library", "--http", "0.0.0.0:8765", "--store", "/data/episodes.sqlite"]
