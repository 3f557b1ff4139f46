# One image for every role: `docker run … run --config /etc/zknode/zknode.yaml --roles api`.
FROM node:20.20-bookworm-slim AS build
WORKDIR /opt/zknode
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY . .
RUN npm run build

FROM node:20.20-bookworm-slim
ENV NODE_ENV=production
RUN useradd --system --uid 10001 --home-dir /var/lib/zknode --create-home zknode
COPY --from=build /opt/zknode /opt/zknode
RUN ln -s /opt/zknode/cli/zknode.mjs /usr/local/bin/zknode
USER 10001
WORKDIR /var/lib/zknode
VOLUME /var/lib/zknode
EXPOSE 8123 9091 50081
ENTRYPOINT ["zknode"]
CMD ["--help"]
