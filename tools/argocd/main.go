// Command argocd is the part of Argo CD that the tests run: what it does is decided by
// the name it is started under, so it is to be linked under each of these names.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	cmpserver "github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/argoproj/argo-cd/v3/common"
	"github.com/spf13/cobra"
)

var roles = map[string]func() *cobra.Command{
	"argocd-application-controller": controller.NewCommand,
	"argocd-cmp-server":             cmpserver.NewCommand,
	"argocd-repo-server":            reposerver.NewCommand,
}

func main() {
	// The roles themselves do not tell, and two of the three would start.
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println(common.GetVersion().Version)
		return
	}
	name := filepath.Base(os.Args[0])
	role, known := roles[name]
	if !known {
		fmt.Fprintf(os.Stderr, "%s: no role of that name; see main.go\n", name)
		os.Exit(2)
	}
	if role().Execute() != nil {
		os.Exit(1) // cobra has said why
	}
}
