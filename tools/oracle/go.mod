module argocd-image-cmp/tools/oracle

go 1.26.8

require (
	github.com/Masterminds/semver/v3 v3.4.0
	github.com/distribution/reference v0.6.0
)

require github.com/opencontainers/go-digest v1.0.0 // indirect
