# One image for the refresher, the mirror and the sidecar that renders.
#
# `make image` builds it. The program and all it needs come as wheels from build/wheels (`make
# wheels`), so nothing is fetched in here but those of PACKAGES that the base lacks. helm and
# kustomize are not in it: an init container copies them from the Argo CD image in use.

# debian:bookworm-20261005-slim, for all architectures. Its Python is the one that the tests run with;
# from 3.13 on Python refuses the certificates of many a private authority.
ARG BASE=docker.io/library/debian:bookworm-slim@sha256:7c7b2c966bc9ee8cedfeef67e0e279108992c77681fa595db4a9d65c06ccc587
# The base's Python, for which the wheels are.
ARG PYTHON=3.11


FROM ${BASE} AS system
LABEL org.opencontainers.image.title="argocd-image-cmp"
# git, with SSH and GPG: remote bases of Kustomize and Helm; write-back to Git, with signatures.
ARG PACKAGES="ca-certificates git gpg gpg-agent openssh-client python3 tini"
# 999 is argocd in Argo CD's images, whose sockets and files the sidecar shares. Nothing in here has
# to become somebody else, so no program is allowed to.
RUN { dpkg --status ${PACKAGES} >/dev/null 2>&1 \
   || { apt-get update \
     && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ${PACKAGES} \
     && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log; }; } \
 && groupadd --gid 999 argocd \
 && useradd --no-log-init --uid 999 --gid 999 --no-create-home --home-dir /home/argocd \
      --shell /usr/sbin/nologin argocd \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} +


FROM system AS program
ARG PYTHON
ENV FOLDER=/usr/local/lib/python${PYTHON}/dist-packages
COPY build/wheels /wheels
RUN python3 "$(echo /wheels/pip-*.whl)/pip" install --quiet --root-user-action=ignore \
      --no-cache-dir --no-compile --no-index --find-links /wheels \
      --target ${FOLDER} 'argocd-image-cmp[refresh]'
# What takes half the space and is never loaded: kubernetes' copy of itself for asyncio, and
# botocore's descriptions of services other than those that lead to a token of ECR.
RUN rm -r ${FOLDER}/bin ${FOLDER}/kubernetes/aio \
 && find ${FOLDER}/botocore/data -mindepth 1 -maxdepth 1 -type d \
      ! -name ecr ! -name sts ! -name sso ! -name sso-oidc ! -name signin -exec rm -r {} +
# Compiled by hash and unchecked, for a builder may set other times, and nobody can write in there.
RUN python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash ${FOLDER} \
 && python3 -I -c 'from yaml import CSafeLoader' \
 && python3 -I -m cmp --version


FROM system
ARG PYTHON
COPY --from=program /usr/local/lib/python${PYTHON}/dist-packages /usr/local/lib/python${PYTHON}/dist-packages
COPY plugin.yaml /home/argocd/cmp-server/config/plugin.yaml
# The root is to be read-only and /tmp a volume.
ENV HOME=/tmp LANG=C.UTF-8
USER 999:999
# An init, to bury what argocd-cmp-server kills.
ENTRYPOINT ["/usr/bin/tini", "--", "python3", "-I", "-m", "cmp"]
CMD ["--help"]
ARG BASE
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.description="An Argo CD config-management plugin that keeps container images current" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}"
