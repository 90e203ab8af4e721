package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/ractor-go/ractor/internal/tools/protos"
)

const theirs = `syntax = "proto3"; package auth;
message NodeFlags { uint32 version = 1; optional string why = 2; repeated uint64 ids = 3;
	enum Kind { A = 0; B = 1; } Kind kind = 4; oneof msg { NodeFlags inner = 5; } }`

func files(t *testing.T, text string) []protoreflect.FileDescriptor {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.proto"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := protos.Compile(dir, ".")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Each way to differ is found, and said.
func TestCompare(t *testing.T) {
	const head = `syntax = "proto3"; package ractor.auth; message NodeFlags { `
	const kind = `enum Kind { A = 0; B = 1; } Kind kind = 4; `
	const same = head + `uint32 version = 1; optional string why = 2; repeated uint64 ids = 3; ` + kind + `oneof msg { NodeFlags inner = 5; } `
	for what, c := range map[string]struct {
		ours, theirs string
		news, wrong  []string
	}{
		"nothing":     {same + `}`, theirs, nil, nil},
		"ours beyond": {same + `bytes go = 50001; }`, theirs, nil, nil},
		"ours taken": {
			head + `bytes go = 50001; }`, `syntax = "proto3"; package auth; message NodeFlags { bytes go = 50001; }`,
			nil, []string{"auth.NodeFlags = 50001 is ours, and taken: there it is bytes go"},
		},
		"only here": {same + `bool more = 6; }`, theirs, nil, []string{"auth.NodeFlags = 6 is here bool more, and not there"}},
		"only there": {
			head + `uint32 version = 1; optional string why = 2; repeated uint64 ids = 3; ` + kind + `}`, theirs,
			[]string{"auth.NodeFlags = 5 is oneof msg: auth.NodeFlags inner"}, nil,
		},
		"name, presence, packing, value, oneof": {
			head + `uint32 versions = 1; string why = 2; repeated uint64 ids = 3 [packed = false]; enum Kind { A = 0; C = 1; } Kind kind = 4; NodeFlags inner = 5; }`, theirs,
			nil, []string{
				"auth.NodeFlags = 1 is here uint32 versions, there uint32 version",
				"auth.NodeFlags = 2 is here string why, there optional string why",
				"auth.NodeFlags = 3 is here repeated uint64 ids, there repeated packed uint64 ids",
				"auth.NodeFlags = 5 is here auth.NodeFlags inner, there oneof msg: auth.NodeFlags inner",
				"auth.NodeFlags.Kind = 1 is here C, there B",
			},
		},
		"type": {
			`syntax = "proto3"; package ractor.auth; message NodeFlags { int32 version = 1; }`, `syntax = "proto3"; package auth; message NodeFlags { uint32 version = 1; }`,
			nil, []string{"auth.NodeFlags = 1 is here int32 version, there uint32 version"},
		},
	} {
		t.Run(what, func(t *testing.T) {
			r := compare(files(t, c.ours), files(t, c.theirs))
			if !slices.Equal(r.news, c.news) || !slices.Equal(r.wrong, c.wrong) {
				t.Errorf("news %q, wrong %q", r.news, r.wrong)
			}
		})
	}
}
