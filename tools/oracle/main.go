// Command oracle answers what the Go libraries behind Argo CD and argocd-image-updater
// answer, so that tests can compare. Each line on stdin is a question in JSON; the answer
// is one line on stdout.
package main

import (
	"bufio"
	"bytes"
	_ "crypto/sha256" // digests of these kinds are checked, as where they are linked in
	_ "crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/distribution/reference"
	globs "github.com/gobwas/glob"
	"github.com/robfig/cron/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

const version = "1.2.0"

// question asks about one pattern (or constraint, or schedule) and any number of texts.
type question struct {
	About    string   `json:"about"`
	Pattern  string   `json:"pattern"`
	Duration string   `json:"duration"`
	Texts    []string `json:"texts"`
}

var answers = map[string]func(question) any{
	"versions":   versions,
	"constraint": constraint,
	"glob":       glob,
	"gobwas":     gobwas,
	"cron":       windows,
	"regexp":     expression,
	"reference":  references,
	"expand":     expand,
	"directory":  directory,
	"plugin":     plugin,
}

func main() {
	if len(os.Args) > 1 {
		fmt.Println("oracle", version)
		return
	}
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	for questions.More() {
		var asked question
		if err := questions.Decode(&asked); err != nil {
			fail(err)
		}
		answer, known := answers[asked.About]
		if !known {
			fail(fmt.Errorf("no answer about %q", asked.About))
		}
		// One Encode is one write: nothing is kept back while the other side waits.
		if err := json.NewEncoder(os.Stdout).Encode(answer(asked)); err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "oracle:", err)
	os.Exit(1)
}

// versions tells how each text compares to each: -1, 0 or 1, null where one is no version.
func versions(asked question) any {
	parsed := make([]*semver.Version, len(asked.Texts))
	for i, text := range asked.Texts {
		parsed[i], _ = semver.NewVersion(text)
	}
	table := make([][]*int, len(parsed))
	for i, one := range parsed {
		table[i] = make([]*int, len(parsed))
		for j, other := range parsed {
			if one != nil && other != nil {
				compared := one.Compare(other)
				table[i][j] = &compared
			}
		}
	}
	return table
}

// constraint tells of each text whether it is allowed, null for no version; null for all
// when the pattern is no constraint.
func constraint(asked question) any {
	parsed, err := semver.NewConstraint(asked.Pattern)
	if err != nil {
		return nil
	}
	allowed := make([]*bool, len(asked.Texts))
	for i, text := range asked.Texts {
		if one, err := semver.NewVersion(text); err == nil {
			allows := parsed.Check(one)
			allowed[i] = &allows
		}
	}
	return allowed
}

// glob tells which texts match; null where the pattern is found to be malformed.
func glob(asked question) any {
	matched := make([]*bool, len(asked.Texts))
	for i, text := range asked.Texts {
		if matches, err := filepath.Match(asked.Pattern, text); err == nil {
			matched[i] = &matches
		}
	}
	return matched
}

// gobwas tells which texts match, whole and without separators, as Argo CD's own settings
// have it; null when the pattern is malformed.
func gobwas(asked question) any {
	compiled, err := globs.Compile(asked.Pattern)
	if err != nil {
		return nil
	}
	matched := make([]bool, len(asked.Texts))
	for i, text := range asked.Texts {
		matched[i] = compiled.Match(text)
	}
	return matched
}

// windows tells at which times a sync window is active that begins by the schedule and takes
// the duration (argo-cd, types.go SyncWindows.active); null when one of the two is malformed.
func windows(asked question) any {
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	schedule, err := parser.Parse(asked.Pattern)
	if err != nil {
		return nil
	}
	duration, err := time.ParseDuration(asked.Duration)
	if err != nil {
		return nil
	}
	active := make([]bool, len(asked.Texts))
	for i, text := range asked.Texts {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			fail(err)
		}
		now = now.UTC()
		active[i] = schedule.Next(now.Add(-duration)).Before(now)
	}
	return active
}

// expression tells which texts contain a match; null when the pattern does not compile.
func expression(asked question) any {
	compiled, err := regexp.Compile(asked.Pattern)
	if err != nil {
		return nil
	}
	matched := make([]bool, len(asked.Texts))
	for i, text := range asked.Texts {
		matched[i] = compiled.MatchString(text)
	}
	return matched
}

type parts struct {
	Domain string `json:"domain"`
	Path   string `json:"path"`
	Tag    string `json:"tag"`
	Digest string `json:"digest"`
}

// references takes each text apart; null where it is no reference.
func references(asked question) any {
	found := make([]*parts, len(asked.Texts))
	for i, text := range asked.Texts {
		named, err := reference.ParseNormalizedNamed(text)
		if err != nil {
			continue
		}
		found[i] = &parts{Domain: reference.Domain(named), Path: reference.Path(named)}
		if tagged, is := named.(reference.Tagged); is {
			found[i].Tag = tagged.Tag()
		}
		if digested, is := named.(reference.Digested); is {
			found[i].Digest = digested.Digest().String()
		}
	}
	return found
}

// expand substitutes as Argo CD does (types.go, Envsubst): `$$` is a dollar, and here every
// other variable becomes its name between brackets.
func expand(asked question) any {
	expanded := make([]string, len(asked.Texts))
	for i, text := range asked.Texts {
		expanded[i] = os.Expand(text, func(name string) string {
			if name == "$" {
				return "$"
			}
			return "[" + name + "]"
		})
	}
	return expanded
}

// objects are JSON, as repo-server hands them on.
type objects struct {
	Objects []string `json:"objects"`
	Error   string   `json:"error"`
}

// directory reads each text as Argo CD reads a YAML file of a plain directory (argo-cd,
// reposerver/repository, splitYAMLOrJSON): the objects up to the first error.
func directory(asked question) any {
	found := make([]objects, len(asked.Texts))
	for i, text := range asked.Texts {
		decoder := kubeyaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(text)), 4096)
		for {
			object := &unstructured.Unstructured{}
			if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				found[i].Error = err.Error()
				break
			}
			if object != nil {
				found[i].add(object)
			}
		}
	}
	return found
}

// plugin reads each text as Argo CD reads what a plugin prints: cmp-server takes the last line
// end away and splits it, repo-server parses each part again (gitops-engine, kube.SplitYAML).
func plugin(asked question) any {
	found := make([]objects, len(asked.Texts))
	for i, text := range asked.Texts {
		parts, err := split([]byte(strings.TrimSuffix(text, "\n")))
		for _, part := range parts {
			again, splitErr := split([]byte(part))
			err = errors.Join(err, splitErr)
			for _, one := range again {
				object := &unstructured.Unstructured{}
				if unmarshalErr := yaml.Unmarshal([]byte(one), object); unmarshalErr != nil {
					err = errors.Join(err, unmarshalErr)
					continue
				}
				found[i].add(object)
			}
		}
		if err != nil {
			found[i].Error = err.Error()
		}
	}
	return found
}

func split(text []byte) ([]string, error) {
	decoder := kubeyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	var parts []string
	for {
		part := runtime.RawExtension{}
		if err := decoder.Decode(&part); errors.Is(err, io.EOF) {
			return parts, nil
		} else if err != nil {
			return parts, err
		}
		part.Raw = bytes.TrimSpace(part.Raw)
		if len(part.Raw) != 0 && !bytes.Equal(part.Raw, []byte("null")) {
			parts = append(parts, string(part.Raw))
		}
	}
}

func (o *objects) add(object *unstructured.Unstructured) {
	text, err := json.Marshal(object.Object)
	if err != nil {
		o.Error = err.Error()
		return
	}
	o.Objects = append(o.Objects, string(text))
}
