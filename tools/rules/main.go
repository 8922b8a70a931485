// Command rules answers what Prometheus and Argo CD's notifications make of the alerts,
// dashboards and triggers that we ship, so that tests can tell whether they work. Each line on
// stdin is a question in JSON; the answer is one line on stdout.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/template"

	"github.com/expr-lang/expr"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

const version = "1.0.0"

// question asks about any number of texts; variables are for those that are evaluated.
type question struct {
	About     string         `json:"about"`
	Texts     []string       `json:"texts"`
	Variables map[string]any `json:"variables"`
}

// answer is about one text: what it comes to, or what is wrong with it.
type answer struct {
	Value any    `json:"value"`
	Error string `json:"error"`
}

var answers = map[string]func(string, map[string]any) (any, error){
	"rules":    rules,
	"promql":   selectors,
	"trigger":  trigger,
	"template": filled,
}

func main() {
	if len(os.Args) > 1 {
		fmt.Println("rules", version)
		return
	}
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	for questions.More() {
		var asked question
		if err := questions.Decode(&asked); err != nil {
			fail(err)
		}
		about, known := answers[asked.About]
		if !known {
			fail(fmt.Errorf("no answer about %q", asked.About))
		}
		said := make([]answer, len(asked.Texts))
		for i, text := range asked.Texts {
			value, err := about(text, asked.Variables)
			if said[i].Value = value; err != nil {
				said[i].Error = err.Error()
			}
		}
		if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "rules:", err)
	os.Exit(1)
}

// rules reads a rules file as Prometheus and promtool do, and returns its expressions.
func rules(text string, _ map[string]any) (any, error) {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	found, errs := rulefmt.Parse(
		[]byte(text), false, model.UTF8Validation, parser.NewParser(parser.Options{}), quiet,
	)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	expressions := []string{}
	for _, group := range found.Groups {
		for _, rule := range group.Rules {
			expressions = append(expressions, rule.Expr)
		}
	}
	return expressions, nil
}

// selector is what an expression asks of one metric.
type selector struct {
	Metric string            `json:"metric"`
	Labels map[string]string `json:"labels"`
}

// asked is all that an expression says of metrics: which, and by which labels it groups them.
type asked struct {
	Selectors []selector `json:"selectors"`
	Grouping  []string   `json:"grouping"`
}

// selectors parses a PromQL expression, and returns what it asks of which metrics.
func selectors(text string, _ map[string]any) (any, error) {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		return nil, err
	}
	found := asked{Selectors: []selector{}, Grouping: []string{}}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		switch one := node.(type) {
		case *parser.VectorSelector:
			labels := map[string]string{}
			for _, matcher := range one.LabelMatchers {
				if matcher.Name != "__name__" {
					labels[matcher.Name] = matcher.Value
				}
			}
			found.Selectors = append(found.Selectors, selector{one.Name, labels})
		case *parser.AggregateExpr:
			found.Grouping = append(found.Grouping, one.Grouping...)
		}
		return nil
	})
	return found, nil
}

// trigger evaluates an expression as Argo CD's notifications do (notifications-engine,
// pkg/triggers: compiled without an environment, then run).
func trigger(text string, variables map[string]any) (any, error) {
	program, err := expr.Compile(text)
	if err != nil {
		return nil, err
	}
	return expr.Run(program, variables)
}

// filled executes a template as Argo CD's notifications do (notifications-engine,
// pkg/services), without the functions of sprig.
func filled(text string, variables map[string]any) (any, error) {
	parsed, err := template.New("").Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	if err := parsed.Execute(&out, variables); err != nil {
		return nil, err
	}
	return out.String(), nil
}
