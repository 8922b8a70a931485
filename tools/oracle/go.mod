module argocd-image-cmp/tools/oracle

go 1.26.8

require (
	github.com/Masterminds/semver/v3 v3.4.0
	github.com/distribution/reference v0.6.0
	github.com/gobwas/glob v1.0.0
	github.com/robfig/cron/v3 v3.0.2-0.20210106135023-bc59245fe10e
)

require github.com/opencontainers/go-digest v1.0.0 // indirect
