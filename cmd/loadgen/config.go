package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ractor-go/ractor/sched"
	"go.yaml.in/yaml/v3"
)

// readConfig reads a sched.Config from a YAML file. Its errors begin with the
// file's name and, where one is to blame, the line.
func readConfig(file string) (sched.Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return sched.Config{}, err
	}
	return parseConfig(filepath.Base(file), text)
}

// parseConfig is readConfig for a text that is there already.
func parseConfig(name string, text []byte) (sched.Config, error) {
	var cfg sched.Config
	complain := func(line int, format string, args ...any) (sched.Config, error) {
		return sched.Config{}, fmt.Errorf("%s:%d: %s", name, line, fmt.Sprintf(format, args...))
	}

	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	var document yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return cfg, nil // nothing set: all defaults
	case err != nil:
		line, what := yamlError(err)
		return complain(line, "not YAML: %s", what)
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		return complain(second.Line, "a second document: want one")
	} else if !errors.Is(err, io.EOF) {
		line, what := yamlError(err)
		return complain(line, "not YAML: %s", what)
	}

	if len(document.Content) != 1 {
		return cfg, nil
	}
	top := document.Content[0]
	if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
		return cfg, nil
	}
	if top.Kind != yaml.MappingNode {
		return complain(top.Line, "want settings, one %q a line", "name: value")
	}
	fields := configFields()
	seen := map[string]int{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return complain(key.Line, "a key that is not a word")
		}
		index, known := fields[key.Value]
		if !known {
			return complain(key.Line, "unknown key %q%s", key.Value, didYouMean(key.Value, configKeys()))
		}
		if first, twice := seen[key.Value]; twice {
			return complain(key.Line, "key %q is there already, in line %d", key.Value, first)
		}
		seen[key.Value] = key.Line
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		field := reflect.ValueOf(&cfg).Elem().Field(index)
		if err := setField(field, value); err != nil {
			return complain(key.Line, "%s %v", key.Value, err)
		}
		var alone sched.Config // so that an error is this field's own
		reflect.ValueOf(&alone).Elem().Field(index).Set(field)
		if _, err := alone.Resolve(); err != nil {
			return complain(key.Line, "%s: %v", key.Value, err)
		}
	}
	if _, err := cfg.Resolve(); err != nil {
		return sched.Config{}, fmt.Errorf("%s: %w", name, err)
	}
	return cfg, nil
}

// setField sets one field of the Config from a scalar.
func setField(field reflect.Value, value *yaml.Node) error {
	if value.Kind != yaml.ScalarNode {
		return errors.New("has more than one value")
	}
	if value.Tag == "!!null" {
		return errors.New("has no value (leave the line out for the default)")
	}
	if field.Type() == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(value.Value)
		if err != nil {
			return fmt.Errorf("is %q: want a duration with its unit, such as 2ms", value.Value)
		}
		if d <= 0 {
			return fmt.Errorf("is %s: want a positive duration (leave it out for the default)", value.Value)
		}
		field.SetInt(int64(d))
		return nil
	}
	n, err := strconv.ParseInt(value.Value, 0, strconv.IntSize)
	if err != nil || value.Tag != "!!int" {
		return fmt.Errorf("is %q: want a whole number", value.Value)
	}
	if n <= 0 {
		return fmt.Errorf("is %s: want a positive number (leave it out for the default)", value.Value)
	}
	field.SetInt(n)
	return nil
}

// configFields maps the keys of the file to the fields of sched.Config.
func configFields() map[string]int {
	fields := map[string]int{}
	t := reflect.TypeFor[sched.Config]()
	for i := range t.NumField() {
		if key, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); key != "" && key != "-" {
			fields[key] = i
		}
	}
	return fields
}

// configKeys are the keys of the file, in the order of the fields.
func configKeys() []string {
	keys := make([]string, reflect.TypeFor[sched.Config]().NumField())
	for key, i := range configFields() {
		keys[i] = key
	}
	known := keys[:0]
	for _, key := range keys {
		if key != "" {
			known = append(known, key)
		}
	}
	return known
}

var yamlLine = regexp.MustCompile(`^yaml: (?:(?:line|offset) (\d+): )?`)

// yamlError takes the line out of an error of the yaml package.
func yamlError(err error) (line int, what string) {
	text := err.Error()
	match := yamlLine.FindStringSubmatch(text)
	if match == nil {
		return 1, text
	}
	line = 1
	if n, err := strconv.Atoi(match[1]); err == nil {
		line = n
	}
	return line, strings.TrimPrefix(text, match[0])
}
