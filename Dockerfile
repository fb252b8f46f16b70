# An image that contains only one static binary, with the web client inside.
#
#   docker build -t chillin .
#   docker run -p 5000:5000 -v chillin:/data chillin     # SQLite and files in /data

FROM node:22-alpine AS web
WORKDIR /src/web
# Dependencies change rarely, so they have their own layer.
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/web/dist ./web/dist
ENV CGO_ENABLED=0
# "make image" passes both; the image has no git checkout to read them from.
ARG VERSION=
ARG COMMIT=
RUN go build -trimpath -buildvcs=false -ldflags "-s -w -X github.com/chillin-chat/chillin/internal/version.version=$VERSION -X github.com/chillin-chat/chillin/internal/version.commit=$COMMIT" \
    -o /out/chillin ./cmd/chillin && mkdir /out/data

FROM gcr.io/distroless/static:nonroot
COPY --from=build /out/chillin /chillin
# User 65532 is nonroot. A volume mounted here inherits the owner.
COPY --from=build --chown=65532:65532 /out/data /data
ARG VERSION=
ARG COMMIT=
LABEL org.opencontainers.image.title="Chillin" \
      org.opencontainers.image.description="A chat server that you host yourself" \
      org.opencontainers.image.source="https://github.com/chillin-chat/chillin" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT"
ENV DATA_DIR=/data
USER 65532:65532
VOLUME /data
EXPOSE 5000
# A node is not ready while it migrates the schema, which is not a failure: failures before
# the first success are ignored. A node that cannot start exits by itself.
HEALTHCHECK --interval=5s --timeout=4s --start-period=30m --retries=3 CMD ["/chillin", "health"]
# The node drains; allow 40 s, as docker-compose.yml does (stop_grace_period).
STOPSIGNAL SIGTERM
ENTRYPOINT ["/chillin"]
