// Protodiff compares our .proto files with those of the newest release of the
// crate ractor_cluster, and fails if a peer of that release would understand
// something else by the same bytes:
//
//	go -C internal/tools run ./protodiff ROOT DIR
//
// DIR, relative to ROOT, has our files. It needs cargo, which fetches the crate
// into its cache; nothing else of it stays.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const crate = "ractor_cluster"

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: protodiff ROOT DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "protodiff:", err)
		os.Exit(1)
	}
}

func run(root, dir string) error {
	version, source, err := fetch()
	if err != nil {
		return err
	}
	theirs, err := load(filepath.Join(source, "src", "protocol"), ".")
	if err != nil {
		return fmt.Errorf("%s %s: %w", crate, version, err)
	}
	ours, err := load(root, dir)
	if err != nil {
		return err
	}
	report := compare(ours, theirs)
	for _, line := range report.news {
		fmt.Println("not here yet:", line)
	}
	for _, line := range report.wrong {
		fmt.Println("differs:", line)
	}
	if len(report.wrong) > 0 {
		return fmt.Errorf("%d differences from %s %s", len(report.wrong), crate, version)
	}
	fmt.Printf("%s %s: %d fields and enum values are the same, %d are not here yet\n", crate, version, report.same, len(report.news))
	return nil
}

// fetch returns the newest version of the crate, and where cargo has put it.
func fetch() (version, source string, err error) {
	dir, err := os.MkdirTemp("", "protodiff")
	if err != nil {
		return "", "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	manifest := fmt.Sprintf("[package]\nname = \"protodiff\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[dependencies]\n%s = \"*\"\n", crate)
	for name, text := range map[string]string{"Cargo.toml": manifest, "lib.rs": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return "", "", err
		}
	}
	cargo := exec.Command("cargo", "metadata", "--quiet", "--format-version", "1")
	cargo.Dir = dir
	cargo.Stderr = os.Stderr
	out, err := cargo.Output()
	if err != nil {
		return "", "", fmt.Errorf("cargo metadata: %w", err)
	}
	var metadata struct {
		Packages []struct {
			Name     string `json:"name"`
			Version  string `json:"version"`
			Manifest string `json:"manifest_path"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(out, &metadata); err != nil {
		return "", "", fmt.Errorf("cargo metadata: %w", err)
	}
	for _, p := range metadata.Packages {
		if p.Name == crate {
			return p.Version, filepath.Dir(p.Manifest), nil
		}
	}
	return "", "", fmt.Errorf("cargo metadata: no package %s", crate)
}

// load compiles the .proto files of one directory.
func load(root, dir string) ([]protoreflect.FileDescriptor, error) {
	found, err := filepath.Glob(filepath.Join(root, dir, "*.proto"))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no .proto files", filepath.Join(root, dir))
	}
	var names []string
	for _, f := range found {
		names = append(names, path.Join(dir, filepath.Base(f)))
	}
	return parse(&protocompile.SourceResolver{ImportPaths: []string{root}}, names)
}

func parse(resolver protocompile.Resolver, names []string) ([]protoreflect.FileDescriptor, error) {
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(resolver)}
	compiled, err := compiler.Compile(context.Background(), names...)
	if err != nil {
		return nil, err
	}
	var files []protoreflect.FileDescriptor
	for _, f := range compiled {
		files = append(files, f)
	}
	return files, nil
}
