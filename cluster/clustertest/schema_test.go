package clustertest_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/cluster/clustertest"
	"github.com/ractor-go/ractor/rpc"
)

// recorder is a test that fails without failing.
type recorder struct {
	testing.TB
	failed, logged string
}

func (r *recorder) Helper()      {}
func (r *recorder) Name() string { return "TestSchema" }

func (r *recorder) Fatal(args ...any) {
	r.failed = fmt.Sprint(args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) { r.Fatal(fmt.Sprintf(format, args...)) }
func (r *recorder) Logf(format string, args ...any)   { r.logged = fmt.Sprintf(format, args...) }

// check is CheckSchema, and what it said.
func check(c cluster.Codec, file string) *recorder {
	r := new(recorder)
	done := make(chan struct{})
	go func() {
		defer close(done)
		clustertest.CheckSchema(r, c, file)
	}()
	<-done
	return r
}

type msg interface{ isMsg() }

type (
	hey      struct{ Text string }
	heyOther struct{ Words string }
	heyMore  struct {
		Text  string
		Times uint32
	}
	ping struct {
		Text  string
		Reply rpc.Reply[string]
	}
	pingOther struct {
		Text  string
		Reply rpc.Reply[bool]
	}
)

func (hey) isMsg()       {}
func (heyOther) isMsg()  {}
func (heyMore) isMsg()   {}
func (ping) isMsg()      {}
func (pingOther) isMsg() {}

func set(t *testing.T, value string) {
	t.Helper()
	require.NoError(t, flag.Set("cluster.update", value))
}

// Wire reference 7.4: adding variants is compatible, renaming them or changing
// their fields is not.
func TestCheckSchema(t *testing.T) {
	file := filepath.Join(t.TempDir(), "testdata", "msg.schema")
	golden := cluster.Enum[msg](cluster.VariantOf[hey]("Hey"), cluster.VariantOf[ping]("Ping"))

	r := check(golden, file)
	require.Contains(t, r.failed, "there is no schema yet that Enum of clustertest_test.msg could be compared with: write "+file)
	require.Contains(t, r.failed, "go test -run '^TestSchema$' -cluster.update")
	set(t, "true")
	require.Zero(t, *check(golden, file))
	set(t, "false")

	for name, c := range map[string]struct {
		codec cluster.Codec
		want  string // "": it is well
		log   string
	}{
		"the same":      {golden, "", ""},
		"another order": {cluster.Enum[msg](cluster.VariantOf[ping]("Ping"), cluster.VariantOf[hey]("Hey")), "", ""},
		"a new name of a field": {
			cluster.Enum[msg](cluster.VariantOf[heyOther]("Hey"), cluster.VariantOf[ping]("Ping")), "", "",
		},
		"a new variant": {
			cluster.Enum[msg](cluster.VariantOf[hey]("Hey"), cluster.VariantOf[ping]("Ping"), cluster.VariantOf[heyMore]("HeyMore")),
			"", "Enum of clustertest_test.msg has grown; record it with -cluster.update:\n\tcast HeyMore(String, u32)",
		},
		"a variant renamed": {
			cluster.Enum[msg](cluster.VariantOf[hey]("Hi"), cluster.VariantOf[ping]("Ping")),
			"has\n\tcast Hey(String)\nwhich is gone; new is\n\tcast Hi(String)\nKeep what was there", "",
		},
		"a variant gone": {cluster.Enum[msg](cluster.VariantOf[hey]("Hey")), "has\n\tcall Ping(String) -> String\nwhich is gone; new is\n\tnothing", ""},
		"a field more": {
			cluster.Enum[msg](cluster.VariantOf[heyMore]("Hey"), cluster.VariantOf[ping]("Ping")),
			"give a variant with other fields a new name", "",
		},
		"another answer": {
			cluster.Enum[msg](cluster.VariantOf[hey]("Hey"), cluster.VariantOf[pingOther]("Ping")),
			"new is\n\tcall Ping(String) -> bool", "",
		},
		"of no use": {cluster.Enum[msg](), "it has no variants", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := check(c.codec, file)
			require.Equal(t, c.want == "", r.failed == "", "%s", r.failed)
			require.Contains(t, r.failed, c.want)
			require.Equal(t, c.log, strings.TrimSpace(r.logged))
		})
	}

	require.Contains(t, check(golden, filepath.Dir(file)).failed, "is a directory")
	set(t, "true")
	require.NotEmpty(t, check(golden, filepath.Dir(file)).failed)
	require.NotEmpty(t, check(golden, filepath.Join(file, "x")).failed)
	set(t, "false")
}

// CBOR: fields count by their names, and may be added.
func TestCheckCBORSchema(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hey.schema")
	set(t, "true")
	require.Zero(t, *check(cluster.CBOR[hey]("hey"), file))
	set(t, "false")
	r := check(cluster.CBOR[heyMore]("hey"), file)
	require.Empty(t, r.failed)
	require.Contains(t, r.logged, "hey.Times uint32")
	require.Contains(t, check(cluster.CBOR[heyOther]("hey"), file).failed, "hey.Text string\nwhich is gone; new is\n\they.Words string")
}
