# One image for every role: ANTIPHON_ROLES says which one a container plays.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Not `npm ci`: scripts/bootstrap.mjs says why. This image's own Node and Debian's ffmpeg stand in for the packaged ones.
RUN npm install --omit=dev --no-save --no-audit --no-fund \
  && rm -rf node_modules/node node_modules/node-linux-* node_modules/@ffmpeg-installer
COPY . .
RUN node --input-type=module --eval "const { buildWeb } = await import('/app/web/build.ts'); await buildWeb()"

FROM node:24.21.0-bookworm-slim
# openssl signs the certificates of scripts/secrets.ts; tini hands signals on and takes in orphans of ffmpeg.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates ffmpeg openssl tini \
  && rm -rf /var/lib/apt/lists/* \
  && mkdir /data && chown node:node /data
WORKDIR /app
COPY --from=build /app /app
ENV NODE_ENV=production \
  NODE_OPTIONS=--disable-warning=ExperimentalWarning \
  ANTIPHON_HOST=0.0.0.0 \
  ANTIPHON_PORT=4600 \
  ANTIPHON_DATA=/data
USER node
EXPOSE 4600
ENTRYPOINT ["tini", "--"]
# Started directly: npm would stand between the process and its signals.
CMD ["node", "scripts/start.ts"]
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 \
  CMD ["node", "infra/deploy/healthcheck.mjs", "http://127.0.0.1:4600/readyz"]
