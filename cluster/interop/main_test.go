//go:build interop

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/internal/leaks"
)

// program is the path of the peer.
var program string

func TestMain(m *testing.M) {
	if addr := os.Getenv(child); addr != "" {
		if err := runChild(addr); err != nil {
			fmt.Fprintln(os.Stderr, "a node of the test:", err)
			os.Exit(1)
		}
		return
	}
	var err error
	if program, err = build(); err != nil {
		fmt.Fprintln(os.Stderr, "the ractor_cluster peer:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, leaks.Ants()...)
}

// build makes sure that there is a peer: one that is given, or one that cargo makes
// in the user's cache, where the next run finds it.
func build() (string, error) {
	if given := os.Getenv("RACTOR_PEER"); given != "" {
		_, err := os.Stat(given)
		return given, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	target := filepath.Join(cache, "ractor-ci", "peer")
	cargo := exec.Command("cargo", "build", "--release", "--quiet", "--manifest-path", "peer/Cargo.toml", "--target-dir", target)
	cargo.Stderr = os.Stderr
	if err := cargo.Run(); err != nil {
		return "", fmt.Errorf("%v: %w", cargo, err)
	}
	return filepath.Join(target, "release", "peer"), nil
}
