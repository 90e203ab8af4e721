package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ractor-go/ractor/sched"
	"github.com/stretchr/testify/require"
)

func TestConfigTakesEveryField(t *testing.T) {
	var text strings.Builder
	var want sched.Config
	fields := reflect.ValueOf(&want).Elem()
	for i, key := range configKeys() {
		field := fields.Field(configFields()[key])
		if field.Type() == reflect.TypeFor[time.Duration]() {
			field.SetInt(int64(i+1) * int64(time.Millisecond))
			fmt.Fprintf(&text, "%s: %dms # as a duration\n", key, i+1)
			continue
		}
		value := int64(1) << (i + 4) // a power of two suits every field
		field.SetInt(value)
		fmt.Fprintf(&text, "%s: %d\n", key, value)
	}
	got, err := parseConfig("all.yml", []byte(text.String()))
	require.NoError(t, err)
	require.Equal(t, want, got)

	for i := range fields.NumField() { // none is forgotten but the hook and the driver
		if fields.Field(i).IsZero() {
			require.Contains(t, []reflect.Kind{reflect.Func, reflect.Interface}, fields.Field(i).Kind(), fields.Type().Field(i).Name)
		}
	}
}

func TestConfigWithNothingIsTheDefault(t *testing.T) {
	for _, text := range []string{"", "\n\n", "# all defaults\n", "---\n", "{}", "~"} {
		got, err := parseConfig("empty.yml", []byte(text))
		require.NoError(t, err, text)
		require.Equal(t, sched.Config{}, got, text)
	}
}

func TestConfigErrorsNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"workers: 2\nslice: 2ms\nbudgett: 3\n": `bench.yml:3: unknown key "budgett" (did you mean "budget"?)`,
		"\nbudget: 0\n":                        `bench.yml:2: budget is 0: want a positive number (leave it out for the default)`,
		"budget: -4\n":                         `bench.yml:1: budget is -4: want a positive number (leave it out for the default)`,
		"tick: 0s\n":                           `bench.yml:1: tick is 0s: want a positive duration (leave it out for the default)`,
		"tick: -2ms\n":                         `bench.yml:1: tick is -2ms: want a positive duration (leave it out for the default)`,
		"tick: 5\n":                            `bench.yml:1: tick is "5": want a duration with its unit, such as 2ms`,
		"budget: many\n":                       `bench.yml:1: budget is "many": want a whole number`,
		"budget: 1.5\n":                        `bench.yml:1: budget is "1.5": want a whole number`,
		"budget: \"64\"\n":                     `bench.yml:1: budget is "64": want a whole number`,
		"budget: 99999999999999999999\n":       `bench.yml:1: budget is "99999999999999999999": want a whole number`,
		"budget: [1, 2]\n":                     `bench.yml:1: budget has more than one value`,
		"budget: {a: 1}\n":                     `bench.yml:1: budget has more than one value`,
		"budget:\n":                            `bench.yml:1: budget has no value (leave the line out for the default)`,
		"budget: 4\ntick: 1ms\nbudget: 5\n":    `bench.yml:3: key "budget" is there already, in line 1`,
		"budget: 4\nqueue_size: 100\n":         `bench.yml:2: queue_size: sched: Config.QueueSize is 100`,
		"on_event: 1\n":                        `bench.yml:1: unknown key "on_event"`,
		"? [a]\n: 1\n":                         `bench.yml:1: a key that is not a word`,
		"- budget\n":                           `bench.yml:1: want settings`,
		"budget\n":                             `bench.yml:1: want settings`,
		"budget: 4\n---\nbudget: 5\n":          `bench.yml:2: a second document`,
		"budget: 4\n  tick: 1ms\n":             `bench.yml:2: not YAML: `,
		"budget: 4\ntick: \"1ms\n":             `bench.yml:2: not YAML: `,
		"\tbudget: 4\n":                        `bench.yml:1: not YAML: `,
		"budget: 4\n\x00":                      `not YAML: `,
		"a: &a\n  *a\n":                        `bench.yml:`,
	} {
		_, err := parseConfig("bench.yml", []byte(text))
		require.ErrorContains(t, err, want, "%q", text)
		require.NotContains(t, err.Error(), "\n", "%q", text)
	}
}

func TestConfigFileByFlag(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bench.yml")
	require.NoError(t, os.WriteFile(file, []byte("workers: 3\nbudget: 7\n"), 0o600))
	a := runArguments{Config: file}
	cfg, err := a.schedConfig()
	require.NoError(t, err)
	require.Equal(t, 3, cfg.Workers)
	require.Equal(t, 7, cfg.Budget)
	require.Positive(t, cfg.QueueSize, "resolved")

	a.Workers = some(5, true)
	cfg, err = a.schedConfig()
	require.NoError(t, err)
	require.Equal(t, 5, cfg.Workers, "the flag goes before the file")

	require.NoError(t, os.WriteFile(file, []byte("workers: 3\nbuget: 7\n"), 0o600))
	code, _, words := loadgen(t, "run", "pingpong", "--config", file)
	require.Equal(t, exitUsage, code)
	require.Contains(t, words, `bench.yml:2: unknown key "buget" (did you mean "budget"?)`)

	code, _, words = loadgen(t, "run", "pingpong", "--config", file+".not")
	require.Equal(t, exitUsage, code)
	require.Contains(t, words, "bench.yml.not")
}

// FuzzConfig: no text makes the parser panic, each error names the file and a
// line of it, or a field, and what is accepted the scheduler takes.
func FuzzConfig(f *testing.F) {
	for _, text := range []string{
		"", "budget: 4\nslice: 2ms\n", "budget: 0", "a: *b", "a: &a [*a]", "<<: {budget: 4}", "budget: !!int 4",
		"? {}\n:", "---\n...\n---", "budget: 0x10", "queue_size: 100", "%YAML 9.9\n---\nbudget: 4", "budget: &x 4\ntick: *x\n",
		"budget: 1\nbudget: 2\n", "tick: 1h\nslice: 1ns\nstall_after: 1ns", "{budget: 4, tick: 1ms}", "on_event: 1", "\"budget\": '4'", "\xff\xfe", "budget: !!binary AA==",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg, err := parseConfig("fuzz.yml", text)
		if err == nil {
			_, err = cfg.Resolve()
			require.NoError(t, err)
			return
		}
		require.Equal(t, sched.Config{}, cfg)
		where := regexp.MustCompile(`^fuzz\.yml:(?:(\d+):)? `).FindStringSubmatch(err.Error())
		require.NotNil(t, where, err.Error())
		if where[1] == "" {
			require.Regexp(t, `Config\.[A-Z]`, err.Error(), "the field, where no line is to blame alone")
			return
		}
		line, err := strconv.Atoi(where[1])
		require.NoError(t, err)
		require.Positive(t, line)
		require.LessOrEqual(t, line, len(text)+1, "there are no more lines")
	})
}
