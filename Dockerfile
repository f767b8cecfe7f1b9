# syntax=docker/dockerfile:1
FROM rust:1-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked && cp target/release/rollover /rollover

FROM debian:bookworm-slim
RUN useradd --system --create-home --home-dir /var/lib/rollover rollover
COPY --from=build /rollover /usr/local/bin/rollover
USER rollover
WORKDIR /var/lib/rollover
RUN mkdir data
ENV ROLLOVER_DATA=/var/lib/rollover/data
VOLUME /var/lib/rollover/data
EXPOSE 8321
ENTRYPOINT ["rollover"]
CMD ["up", "--listen", "0.0.0.0:8321"]
