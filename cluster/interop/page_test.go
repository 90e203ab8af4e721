//go:build interop

package interop

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The two programs of docs/cluster.md, one in Rust and one in Go, build, and speak to
// each other as the page says.
func TestPage(t *testing.T) {
	if _, err := exec.LookPath("cargo"); err != nil {
		t.Skip("the page's Rust program cannot be built: there is no cargo here")
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "cluster.md"))
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```toml\n(.*?)```.*?```rust\n(.*?)```.*?```go\n(.*?)```.*?```console\n(.*?)```").FindSubmatch(page)
	require.Len(t, blocks, 5)

	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "src"), 0o700))
	for name, text := range map[string][]byte{"Cargo.toml": blocks[1], "src/main.rs": blocks[2], "main.go": blocks[3]} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	target := filepath.Join(cache, "ractor-ci", "greeter")
	run(t, "cargo", "build", "--release", "--quiet", "--manifest-path", filepath.Join(dir, "Cargo.toml"), "--target-dir", target)
	run(t, "go", "build", "-o", filepath.Join(dir, "guest"), filepath.Join(dir, "main.go"))

	greeter := exec.Command(filepath.Join(target, "release", "greeter"))
	require.NoError(t, greeter.Start())
	t.Cleanup(func() {
		_ = greeter.Process.Kill()
		_ = greeter.Wait()
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", "localhost:4697")
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, patience, 10*time.Millisecond, "the Rust program does not listen")
	require.Equal(t, string(blocks[4]), run(t, filepath.Join(dir, "guest")))
}

// run runs a program and returns what it prints.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	require.NoError(t, err, "%s: %s", name, out)
	return string(out)
}
