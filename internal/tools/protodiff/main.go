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
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/ractor-go/ractor/internal/tools/protos"
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
	theirs, err := protos.Compile(filepath.Join(source, "src", "protocol"), ".")
	if err != nil {
		return fmt.Errorf("%s %s: %w", crate, version, err)
	}
	ours, err := protos.Compile(root, dir)
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
