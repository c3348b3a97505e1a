# Node builds the pages, Go a static binary with them inside; the image holds that binary and the certificates of the
# world's authorities, for stores that are reached by TLS.
FROM node:22-slim AS pages
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY frontend .
RUN npm run build

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=pages /src/frontend/dist frontend/dist
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X chat/cmd.version=$VERSION" -o /chat .

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /chat /chat
USER 65532:65532
ENTRYPOINT ["/chat"]
