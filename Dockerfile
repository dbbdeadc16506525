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
# MALLOC_: what is given back goes back to the system. glibc would keep a heap for each thread, and from the first large piece of memory that is
# freed on keep such pieces as well: half as much again as a worker holds in a long run.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1 \
    MALLOC_MMAP_THRESHOLD_=131072
WORKDIR /app
COPY . /app
# Code compiled ahead, for quick starts; written as that user, and not to be changed by it.
RUN ["node", "/app/src/compile-cache.mjs", "65532"]
USER 65532:65532
ENTRYPOINT ["node", "/app/src/mailmill.mjs"]
