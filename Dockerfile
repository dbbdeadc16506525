# The image of workers and of the operator. Its context is made by `npm run build -- --context DIR`, which leaves nothing
# to fetch here:
#
#   npm run build -- --context build/image
#   docker build -f Dockerfile -t registry.example.com/mailmill:0.2.0 build/image
#
# The base needs Node 24 on its PATH, /tmp and the public certificate authorities; nothing else, no shell.
ARG BASE_IMAGE=docker.io/library/node:24-bookworm-slim
FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="mailmill" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY . /app
# Code compiled ahead, for quick starts; written as that user, and not to be changed by it.
RUN ["node", "/app/src/compile-cache.mjs", "65532"]
USER 65532:65532
ENTRYPOINT ["node", "/app/src/mailmill.mjs"]
