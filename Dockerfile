# newswatch in a container. Its configuration, archive and state are the volumes:
#
#   docker build -t newswatch .
#   docker run -d --name newswatch --read-only -v newswatch:/var/lib/newswatch \
#     -v ./config:/etc/newswatch:ro newswatch
#
# Its loopback is its own. For a Prometheus beside it on a network of docker, add
#
#     -e NEWSWATCH__METRICS__LISTEN=0.0.0.0:9464 -e NEWSWATCH__METRICS__BEYOND_LOOPBACK=true

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
 && apt-get install --no-install-recommends --yes gcc libc6-dev make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY benches benches
COPY config config
COPY src src
RUN cargo build --release --locked --bin newswatch

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install --no-install-recommends --yes ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 newswatch \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/newswatch --no-create-home \
      --shell /usr/sbin/nologin newswatch \
 && install --directory --owner 10001 --group 10001 --mode 0750 /var/lib/newswatch
COPY --from=build /src/target/release/newswatch /usr/bin/newswatch
COPY config /etc/newswatch
# By number, so that it can be seen from outside that this is not root.
USER 10001:10001
WORKDIR /var/lib/newswatch
VOLUME ["/var/lib/newswatch"]
# Standard error is the log. SIGTERM lets what is in flight land, then ends.
STOPSIGNAL SIGTERM
# The state is written at least once a poll; a daemon that stands still is not healthy.
HEALTHCHECK --interval=5m --timeout=30s --start-period=1m \
  CMD ["newswatch", "--config", "/etc/newswatch", "status", "--check"]
ENTRYPOINT ["newswatch", "--config", "/etc/newswatch"]
CMD ["run"]
