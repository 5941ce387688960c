# Baton's API and worker, one image: `node src/api/server.ts` (default) and `node worker.ts`; with what an operator
# runs beside them: `node scripts/baton.ts admin init`, `node scripts/migrate.ts`, `node scripts/reseal.ts`.
# Debian, because the engine's native client needs glibc.

ARG NODE_IMAGE=node:24-bookworm-slim
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --workspaces=false --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts/build-workflow-bundle.ts scripts/
COPY src src
RUN node scripts/build-workflow-bundle.ts dist/workflow-bundle.js

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional packages are what only development needs: embedded PostgreSQL, Node itself, a bundler.
RUN npm ci --workspaces=false --omit=dev --omit=optional --no-audit --no-fund

FROM ${NODE_IMAGE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o node -g node /var/lib/baton/assets /var/lib/baton/checkpoints
WORKDIR /app
ENV NODE_ENV=production \
    BATON_ASSETS_DIR=/var/lib/baton/assets \
    BATON_WORKFLOW_BUNDLE=/app/dist/workflow-bundle.js
COPY package.json worker.ts ./
COPY --from=packages /app/node_modules node_modules
COPY src src
COPY scripts/migrate.ts scripts/worker-health.ts scripts/baton.ts scripts/reseal.ts scripts/
COPY scripts/baton scripts/baton
COPY scripts/reseal scripts/reseal
# The command line looks for the database of a local stack when DATABASE_URL names none.
COPY scripts/local/ports.ts scripts/local/postgres-files.ts scripts/local/
COPY --from=build /app/dist dist
USER node
VOLUME /var/lib/baton/assets
EXPOSE 8400
CMD ["node", "src/api/server.ts"]
